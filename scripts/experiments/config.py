"""Fill a model's spaCy config for one training."""
import configparser
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

from spacy.util import is_package, load_config
from thinc.api import Config, ConfigValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, hash_file, hash_files
from scripts.experiments.job import Template, TrainingJob
from scripts.experiments.settings import OWN_CONFIGS
from scripts.ner.bio_ner import FACTORY, FACTORY_V1
from scripts.ner.known_keys import check_known_keys
from scripts.results.kinds import ENCODER_ONLY, FULL

# The component that holds the encoder, in the configs that have one.
ENCODER = "transformer"
# The factories of the heads for which a type that was not annotated is unknown, not absent.
MASKING_HEADS = (FACTORY_V1, FACTORY)
SECTIONS = ("paths", "system", "nlp", "components", "corpora", "training", "initialize")
# Of [paths], what every run fills in; whatever else stands there is read as it is.
FILLED = ("encoder", "tokenizer", "train", "source", "init_tok2vec")
# Characters of what spaCy says of a wrong config: some of its messages hold all of it.
LONGEST_REASON = 300
NO_CONFIG = "models are the .cfg files in configs/"


def find_template(configs: Path, model: str) -> Path:
    """RETURNS (Path): A model's spaCy config, from the folder given or else from the project's own."""
    candidates = [folder / f"{model}.cfg" for folder in (configs, OWN_CONFIGS)]
    for path in candidates:
        if path.is_file():
            return path
    raise ProjectError(f"no config for model '{model}'", where=candidates[0], remedy=NO_CONFIG)


def read_template(path: Path) -> Template:
    """Identify a model's spaCy config.

    path (Path): Its file.
    RETURNS (Template): With the hashes of the file and of the word vectors that it names.
    RAISES (ProjectError): If the file is absent or wrong, or a number in it is none that a training could use.
    """
    config = load_template(path)
    try:
        settings = config.interpolate()
    except (ValueError, configparser.Error) as error:
        raise ProjectError(explain_config_error(error), where=path) from None
    _check_numbers(settings, path)
    return Template(path, hash_file(path), _hash_named_files(settings))


def named_files(path: Path) -> list[Path]:
    """RETURNS (list[Path]): The files and folders that a model's spaCy config names, such as word vectors, beside those
    that a run fills in."""
    return [Path(place) for place in _named_places(load_template(path).interpolate()) if Path(place).exists()]


def _named_places(settings: Config) -> list[str]:
    filled = [place for name in FILLED for place in _strings(settings["paths"].get(name))]
    named = [*_strings(settings["paths"]), *_strings(settings["initialize"])]
    return [place for place in dict.fromkeys(named) if place not in filled]


def _hash_named_files(settings: Config) -> str:
    """RETURNS (str): One hash over what a config names, packages such as word vectors included; empty without any."""
    found = sorted(sha256 for sha256 in map(_hash_place, _named_places(settings)) if sha256)
    return hash_data(found) if found else ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _hash_place(place: str) -> str:
    """RETURNS (str): Hash of a file, a folder or a package's version; empty if it is none of these."""
    path = Path(place)
    if path.is_dir():
        return hash_files([file for file in path.rglob("*") if file.is_file()], path)
    if path.is_file():
        return hash_file(path)
    return f"{place} {version(place)}" if is_package(place) else ""


def resolve_config(job: TrainingJob, source: Optional[Path] = None) -> Config:
    """Fill a model's spaCy config for one training.

    job (TrainingJob): The training.
    source (Optional[Path]): Folder of the pipeline that it starts from, if it starts from one.
    RETURNS (Config): A config that `spacy train` takes as it is.
    RAISES (ProjectError): If there is no config of that name, or it lacks a section that a run has to fill.
    """
    path = job.template.path
    template = load_template(path)
    if job.transfer == ENCODER_ONLY and ENCODER not in template["components"]:
        raise ProjectError("transfer 'encoder', but the model has no encoder", where=path, remedy="take 'full'")
    settings = {**_path_settings(job, source), **_training_settings(job), **_schedules(job, template)}
    if job.encoder:
        settings |= {**_encoder_settings(job, job.encoder.path, source), **_factory_settings(template)}
    config = load_template(path, settings)
    if job.transfer == FULL:
        for name in config["nlp"]["pipeline"]:
            config["components"][name] = {"source": "${paths.source}"}
    return config


def has_encoder(template: Path) -> bool:
    """RETURNS (bool): Whether the models of a spaCy config have an encoder."""
    return ENCODER in load_template(template)["components"]


def leaves_types_out(template: Path) -> bool:
    """RETURNS (bool): Whether the head of a spaCy config learns nothing of types that a corpus doesn't annotate."""
    config = load_template(template)
    return config["components"][head_of(config)]["factory"] in MASKING_HEADS


def head_of(template: Config) -> str:
    """RETURNS (str): The component that finds the entities: the one whose entity types the config fixes."""
    return next(iter(template["initialize"]["components"]))


def _types_key(template: Config, head: str) -> str:
    """RETURNS (str): Where the entity types stand: a list, or what a function makes the head's own labels of."""
    key = f"initialize.components.{head}.labels"
    labels = template["initialize"]["components"][head].get("labels")
    return f"{key}.entity_types" if isinstance(labels, dict) else key


def load_template(path: Path, settings: Optional[dict[str, Any]] = None) -> Config:
    """Load a model's spaCy config.

    path (Path): Its file.
    settings (Optional[dict]): What takes the place of its values, by dotted key.
    RETURNS (Config): The config.
    RAISES (ProjectError): If the file is absent or wrong, or has a key that spaCy would ignore.
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
    """Say what spaCy finds wrong in a config without the config itself, which ends its own messages.

    error (Exception): What loading or resolving the config raised.
    RETURNS (str): One line.
    """
    if isinstance(error, ConfigValidationError) and error.errors:
        first, *_ = error.errors
        key = ".".join(filter(None, (error.parent, *map(str, first.get("loc", ())))))
        return f"key '{key}': {first.get('msg', error.title)}"
    return " ".join(str(error).split())[:LONGEST_REASON]


def _check_numbers(config: Mapping[str, Any], where: Path, above: str = "") -> None:
    """spaCy takes any number, and a training that one ruins ends hours later or not at all."""
    for name, value in config.items():
        key = f"{above}{name}"
        if isinstance(value, dict):
            _check_numbers(value, where, f"{key}.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ProjectError(f"key '{key}' is {value}", where=where, remedy="give a finite number")
        elif "dropout" in name and value is not None and not (isinstance(value, (int, float)) and 0 <= value < 1):
            raise ProjectError(f"key '{key}' is {value!r}", where=where, remedy="give 0 or more, and less than 1")


def _path_settings(job: TrainingJob, source: Optional[Path]) -> dict[str, object]:
    return {
        "paths.tokenizer": str(job.tokenizer.path),
        "paths.train": [str(part.path) for part in job.train],
        "paths.source": str(source) if job.transfer == FULL else None,
    }


def _encoder_settings(job: TrainingJob, encoder: Path, source: Optional[Path]) -> dict[str, object]:
    """RETURNS (dict): What only a model with an encoder has."""
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
    """RETURNS (Path): The file with the weights of a pipeline's encoder, which spaCy hands to `from_bytes`."""
    from scripts.ner.sentence_transformer import WEIGHTS

    weights = pipeline / ENCODER / WEIGHTS
    return weights if weights.is_file() else pipeline / ENCODER / "model"


def _factory_settings(template: Config) -> dict[str, object]:
    """RETURNS (dict): What has a trained encoder written so that it takes little memory to load. It is told here, and
    not in the templates, since it changes no weight and theirs are all part of the fingerprint."""
    from scripts.ner.training import MAPPED_TRANSFORMER

    is_spacys_own = template["components"][ENCODER].get("factory") == "transformer"
    return {f"components.{ENCODER}.factory": MAPPED_TRANSFORMER} if is_spacys_own else {}


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
        # spaCy counts steps from 0 and stops behind this one.
        "training.max_steps": length.updates - 1,
    }


def _sample_settings(job: TrainingJob) -> dict[str, object]:
    """RETURNS (dict): Which sentences the reader gives."""
    drawn: dict[str, object] = {"corpora.train.limit": job.limit, "corpora.train.seed": job.sample_seed}
    if job.selection is None:
        return drawn
    assert job.numbers is not None
    return {**drawn, "corpora.train.limit": None, "corpora.train.numbers": list(job.numbers)}


def _schedules(job: TrainingJob, template: Config) -> dict[str, object]:
    """RETURNS (dict): Entity types and rates, of a head that may have a rate of its own."""
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
