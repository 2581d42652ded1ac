"""Fill a model's spaCy config for one training."""
import configparser
import math
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

from spacy.util import is_package, load_config
from thinc.api import Config, ConfigValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_data, hash_file
from scripts.base.settings import shorten
from scripts.encoders.folder import hash_files_once
from scripts.experiments.job import CHANGED, START_AGAIN, Template, TrainingJob, hash_once
from scripts.experiments.settings import OWN_CONFIGS
from scripts.ner.bio_ner import FACTORY, FACTORY_V1
from scripts.ner.known_keys import check_known_keys
from scripts.results.kinds import ENCODER_ONLY, FULL, Transfer

# The name of the encoder's component, in configs that have one.
ENCODER = "transformer"
# Factories of the heads that treat a type that isn't annotated as unknown, not as absent.
MASKING_HEADS = (FACTORY_V1, FACTORY)
SECTIONS = ("paths", "system", "nlp", "components", "corpora", "training", "initialize")
# The values of [paths] that every run fills in. All others are used as they are.
FILLED = ("encoder", "tokenizer", "train", "source", "init_tok2vec")
# Where a config has to refer to what every run fills in: a value in its place would be used in all runs, whatever their
# settings. The second ones are for configs with an encoder.
REFERENCES = {
    "corpora.train.path": "${paths.train}",
    "training.seed": "${system.seed}",
    "initialize.before_init.tokenizer": "${paths.tokenizer}",
}
ENCODER_REFERENCES = {
    f"components.{ENCODER}.model.name": "${paths.encoder}",
    "initialize.init_tok2vec": "${paths.init_tok2vec}",
}
# In characters. Some of spaCy's messages about an invalid config include the whole config.
LONGEST_REASON = 300
NO_CONFIG = "models are the .cfg files in configs/"


def find_template(configs: Path, model: str) -> Path:
    """RETURNS (Path): A model's spaCy config, from the given folder or the project's own."""
    candidates = [folder / f"{model}.cfg" for folder in (configs, OWN_CONFIGS)]
    for path in candidates:
        if path.is_file():
            return path
    raise ProjectError(f"no config for model '{model}'", where=candidates[0], remedy=NO_CONFIG)


def read_template(path: Path) -> Template:
    """Check and hash a model's spaCy config.

    path (Path): The config file.
    RETURNS (Template): The config, with hashes of the file and of the word vectors it refers to.
    RAISES (ProjectError): If the file is missing or invalid, doesn't refer to what a run fills in, or has a number that
        no training could use.
    """
    config = load_template(path)
    _check_references(config, path)
    try:
        settings = config.interpolate()
    except (ValueError, configparser.Error) as error:
        raise ProjectError(explain_config_error(error), where=path) from None
    _check_numbers(settings, path)
    return Template(path, hash_file(path), _hash_named_files(settings))


def _check_references(config: Config, where: Path) -> None:
    for key, reference in {**REFERENCES, **(ENCODER_REFERENCES if ENCODER in config["components"] else {})}.items():
        value: Any = config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        # Two spellings of the same reference.
        if str(value).replace(":", ".") != reference:
            remedy = f"write {reference}, which every run fills in"
            raise ProjectError(f"key '{key}' is {shorten(repr(value))}", where=where, remedy=remedy)


def named_files(path: Path) -> list[Path]:
    """RETURNS (list[Path]): The files and folders that a model's spaCy config refers to, such as word vectors, without
    those that a run fills in."""
    return [Path(place) for place in _named_places(load_template(path).interpolate()) if os.path.exists(place)]


def check_named_files(template: Template) -> None:
    """RAISES (ProjectError): If files that a model's spaCy config refers to have changed since it was read."""
    if _hash_named_files(load_template(template.path).interpolate()) != template.named_files:
        raise ProjectError(f"the files that it refers to {CHANGED}", where=template.path, remedy=START_AGAIN)


def _named_places(settings: Config) -> list[str]:
    filled = [place for name in FILLED for place in _strings(settings["paths"].get(name))]
    # Most texts in components are names, which a folder or a package may have by chance.
    sources = [component["source"] for component in settings["components"].values() if "source" in component]
    files = [text for text in _strings(settings["components"]) if os.path.isfile(text) or _is_folder(text)]
    named = [*_strings(settings["paths"]), *_strings(settings["initialize"]), *sources, *files]
    # The path of an empty text would be this folder.
    return [place for place in dict.fromkeys(named) if place and place not in filled]


def _is_folder(text: str) -> bool:
    # Not "/" itself, which is a character that sentences or tokens may end at.
    return "/" in text and text.strip("./") != "" and os.path.isdir(text)


def _hash_named_files(settings: Config) -> str:
    """RETURNS (str): Hash of everything a config refers to, including packages of word vectors. Empty if nothing."""
    found = sorted(sha256 for sha256 in map(_hash_place, _named_places(settings)) if sha256)
    return hash_data(found) if found else ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _hash_place(place: str) -> str:
    """RETURNS (str): Hash of a file, a folder or a package's version. Empty for anything else."""
    path = Path(place)
    # Not methods of the path, which raise an error if a text is longer than a path may be.
    if os.path.isdir(place):
        # Word vectors may have gigabytes, and are checked before every training.
        return hash_files_once(sorted(file for file in path.rglob("*") if file.is_file()), path)
    if os.path.isfile(place):
        return hash_once(path)
    return f"{place} {version(place)}" if is_package(place) else ""


# Name of this project's encoder architecture, without its version.
OWN_TRANSFORMER = "interlingual.SentenceTransformer."
# Architectures whose weights are read from files, or drawn by every `nlp.initialize`. PyTorch's own layers draw theirs
# when they are created, and spaCy's parser only draws those that it doesn't have yet.
DRAWN_BY_INITIALIZE = (
    OWN_TRANSFORMER,
    "spacy-transformers.TransformerListener.",
    "interlingual.BioTagger.",
    "interlingual.CrfTagger.",
)


def resolve_config(job: TrainingJob, source: Optional[Path] = None) -> Config:
    """Fill a model's spaCy config for one training.

    job (TrainingJob): The training.
    source (Optional[Path]): Folder of the pipeline to start from, if any.
    RETURNS (Config): A config that `spacy train` accepts as it is.
    RAISES (ProjectError): If the config is missing, or lacks a section that a run has to fill in.
    """
    path = job.template.path
    template = load_template(path)
    settings = {**_path_settings(job, source), **_training_settings(job), **_schedules(job, template)}
    if job.encoder:
        settings |= {**_encoder_settings(job, job.encoder.path, source), **_factory_settings(template)}
        settings |= _folding_settings(job)
    config = load_template(path, settings)
    if job.transfer == FULL:
        for name in config["nlp"]["pipeline"]:
            config["components"][name] = {"source": "${paths.source}"}
    return config


def has_encoder(template: Path) -> bool:
    """RETURNS (bool): Whether a spaCy config has an encoder."""
    return ENCODER in load_template(template)["components"]


def has_head_rate(template: Path) -> bool:
    """RETURNS (bool): Whether the head of a spaCy config has a learning rate of its own."""
    return "component_rates" in load_template(template)["training"]["optimizer"]


def leaves_types_out(template: Path) -> bool:
    """RETURNS (bool): Whether the head of a spaCy config ignores types that a corpus doesn't annotate."""
    config = load_template(template)
    return config["components"][head_of(config)]["factory"] in MASKING_HEADS


def is_drawn_by_initialize(config: Config) -> bool:
    """RETURNS (bool): Whether `nlp.initialize` draws all weights of a pipeline that are read neither from a source nor
    from files."""
    fresh = [component for component in config["components"].values() if "source" not in component]
    found = [list(_architectures(component.get("model", {}))) for component in fresh]
    return all(names and all(name.startswith(DRAWN_BY_INITIALIZE) for name in names) for names in found)


def _architectures(model: Mapping[str, Any]) -> Iterator[str]:
    for key, value in model.items():
        if key == "@architectures":
            yield value
        elif isinstance(value, dict):
            yield from _architectures(value)


@cache_by_file
def _has_own_start(template: Path) -> bool:
    return not is_drawn_by_initialize(load_template(template))


def own_start(template: Path, transfer: Transfer) -> Optional[bool]:
    """RETURNS (Optional[bool]): `TrainingJob.own_start` of a training that follows others in the same process."""
    return True if transfer != FULL and _has_own_start(template) else None


def head_of(template: Config) -> str:
    """RETURNS (str): The component that predicts the entities: the one with entity types in the config."""
    return next(iter(template["initialize"]["components"]))


def _types_key(template: Config, head: str) -> str:
    """RETURNS (str): Key of the entity types: a list, or an argument of the function that makes the labels."""
    key = f"initialize.components.{head}.labels"
    labels = template["initialize"]["components"][head].get("labels")
    return f"{key}.entity_types" if isinstance(labels, dict) else key


def load_template(path: Path, settings: Optional[dict[str, Any]] = None) -> Config:
    """Load a model's spaCy config.

    path (Path): The config file.
    settings (Optional[dict]): Values to override, by dotted key.
    RETURNS (Config): The config.
    RAISES (ProjectError): If the file is missing or invalid, or has a key that spaCy would ignore.
    """
    if not path.is_file():
        raise ProjectError("no such model config", where=path, remedy=NO_CONFIG)
    try:
        config = load_config(path, overrides=settings or {})
    except (ValueError, configparser.Error) as error:
        raise ProjectError(explain_config_error(error), where=path) from None
    for section in SECTIONS:
        if section not in config:
            raise ProjectError(f"missing section [{section}]", where=path, remedy="start from a .cfg file in configs/")
    check_known_keys(config, path)
    return config


def explain_config_error(error: Exception) -> str:
    """Explain what spaCy finds wrong in a config. Leave out the config itself, which spaCy appends to its messages.

    error (Exception): The error from loading or resolving the config.
    RETURNS (str): One line.
    """
    if isinstance(error, ConfigValidationError) and error.errors:
        first, *_ = error.errors
        key = ".".join(filter(None, (error.parent, *map(str, first.get("loc", ())))))
        return f"key '{key}': {first.get('msg', error.title)}"
    return " ".join(str(error).split())[:LONGEST_REASON]


def _check_numbers(config: Mapping[str, Any], where: Path, above: str = "") -> None:
    """Check the numbers of a config. spaCy accepts any, and the training would fail hours later or never end."""
    for name, value in config.items():
        key = f"{above}{name}"
        if isinstance(value, dict):
            _check_numbers(value, where, f"{key}.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ProjectError(f"key '{key}' is {value}", where=where, remedy="use a finite number")
        elif "dropout" in name and value is not None and not (isinstance(value, (int, float)) and 0 <= value < 1):
            raise ProjectError(f"key '{key}' is {value!r}", where=where, remedy="use a number from 0 to below 1")


def _path_settings(job: TrainingJob, source: Optional[Path]) -> dict[str, object]:
    return {
        "paths.tokenizer": str(job.tokenizer.path),
        "paths.train": [str(part.path) for part in job.train],
        "paths.source": str(source) if job.transfer == FULL else None,
    }


def _encoder_settings(job: TrainingJob, encoder: Path, source: Optional[Path]) -> dict[str, object]:
    """RETURNS (dict): The settings of models with an encoder."""
    casing = {} if job.lower_case is None else {"do_lower_case": job.lower_case}
    tokenizer = f"components.{ENCODER}.model.tokenizer_config"
    return {
        "paths.encoder": str(encoder),
        "paths.init_tok2vec": str(_weights_of(source)) if source and job.transfer == ENCODER_ONLY else None,
        f"components.{ENCODER}.model.training_precision": job.precision,
        **{f"{tokenizer}.{key}": value for key, value in casing.items()},
        "initialize.after_init.frozen": job.frozen,
    }


def _weights_of(pipeline: Path) -> Path:
    """RETURNS (Path): The file with the weights of a pipeline's encoder, which spaCy passes to `from_bytes`."""
    from scripts.ner.sentence_transformer import WEIGHTS

    weights = pipeline / ENCODER / WEIGHTS
    return weights if weights.is_file() else pipeline / ENCODER / "model"


def _factory_settings(template: Config) -> dict[str, object]:
    """RETURNS (dict): The factory of an encoder that needs little memory to load. Set here, not in templates, because
    it changes no weights, and all text of a template counts for the fingerprint."""
    from scripts.ner.training import MAPPED_TRANSFORMER

    is_spacys_own = template["components"][ENCODER].get("factory") == "transformer"
    return {f"components.{ENCODER}.factory": MAPPED_TRANSFORMER} if is_spacys_own else {}


@cache_by_file
def can_fold(template: Path) -> bool:
    """RETURNS (bool): Whether a model has an encoder that can read sentences in capitals in lower case."""
    encoder = load_template(template).get("components", {}).get(ENCODER, {})
    return str(encoder.get("model", {}).get("@architectures", "")).startswith(OWN_TRANSFORMER)


def _folding_settings(job: TrainingJob) -> dict[str, object]:
    """RETURNS (dict): Settings to read sentences in capitals in lower case, if the job says so."""
    model = f"components.{ENCODER}.model"
    if not job.fold_capitals:
        return {}
    return {f"{model}.@architectures": f"{OWN_TRANSFORMER}v4", f"{model}.fold_capitals": True}


def _training_settings(job: TrainingJob) -> dict[str, object]:
    length = job.length
    return {
        "system.seed": job.seed,
        **_sample_settings(job),
        "corpora.train.entity_types": sorted(job.entity_types),
        "corpora.train.without": [str(part.path) for part in job.without],
        "corpora.train.without_kinds": list(job.without_kinds),
        "training.batcher.size": job.training.batch_size,
        "training.max_epochs": length.epochs,
        # spaCy counts steps from 0 and stops after this one.
        "training.max_steps": length.updates - 1,
    }


def _sample_settings(job: TrainingJob) -> dict[str, object]:
    """RETURNS (dict): The sentences that the reader provides."""
    drawn: dict[str, object] = {"corpora.train.limit": job.limit, "corpora.train.seed": job.sample_seed}
    if job.selection is None:
        return drawn
    assert job.numbers is not None
    return {**drawn, "corpora.train.limit": None, "corpora.train.numbers": list(job.numbers)}


def _schedules(job: TrainingJob, template: Config) -> dict[str, object]:
    """RETURNS (dict): Entity types and learning rates. The head may have a rate of its own."""
    length, head = job.length, head_of(template)
    rates = {"training.optimizer.learn_rate": job.training.learn_rate}
    if "component_rates" in template["training"]["optimizer"]:
        rates[f"training.optimizer.component_rates.{head}"] = job.training.head_learn_rate
    settings: dict[str, object] = {_types_key(template, head): sorted(job.entity_types)}
    for schedule, rate in rates.items():
        settings[f"{schedule}.initial_rate"] = rate
        settings[f"{schedule}.warmup_steps"] = length.warm_up
        settings[f"{schedule}.total_steps"] = length.updates
    return settings
