"""From a spaCy config and a run's settings to the resolved config that trains the run."""
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from spacy.util import load_config
from thinc.api import Config

from scripts.base.errors import ProjectError
from scripts.experiments.settings import Frozen, Training

WARM_UP = 0.1
# The component that holds the encoder, in the configs that have one.
ENCODER = "transformer"
# A fresh head must not start as the one that the source's encoder was trained against, so seeds of
# trainings on samples are kept apart from those of whole training parts.
SAMPLE_SEED_OFFSET = 1000


@dataclass(frozen=True)
class TrainingJob:
    """All that decides one training.

    template (Path): The spaCy config of the model.
    encoder (Path): Folder of the encoder.
    tokenizer (Path): Folder of the blank pipeline whose tokenizer the pipeline takes.
    train (tuple[Path, ...]): DocBin files to train on.
    entity_types (tuple[str, ...]): What the head looks for, whatever the sentences hold.
    n_sentences (int): How many sentences these hold, or the sample size.
    training (Training): Epochs, batch size and rates.
    seed (int): Seed of the training.
    frozen (str): What of the encoder stays as it is: `nothing`, its `word_embeddings`, or the whole `encoder`.
    lower_case (bool): Whether the encoder's tokenizer lower-cases, where it has that choice; None as its files say.
    precision (str): What the encoder computes in: `float32` or `bfloat16`.
    limit (int): Sample size; None for all sentences.
    extra_updates (int): Updates beyond those that epochs and floor give.
    sample_seed (int): Seed of the sample.
    source (Path): Folder of the source model; None without pretraining.
    transfer (str): `full`, `encoder` or `none`.
    without (tuple[Path, ...]): DocBin files whose sentences are left out of the training.
    without_kinds (tuple[str, ...]): Which duplicates of these: `exact`, `near` or both.
    """

    template: Path
    encoder: Path
    tokenizer: Path
    train: tuple[Path, ...]
    entity_types: tuple[str, ...]
    n_sentences: int
    training: Training
    seed: int
    frozen: Frozen = "word_embeddings"
    lower_case: Optional[bool] = None
    precision: str = "float32"
    limit: Optional[int] = None
    extra_updates: int = 0
    sample_seed: int = 0
    source: Optional[Path] = None
    transfer: str = "none"
    without: tuple[Path, ...] = ()
    without_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Length:
    """How long a training is.

    updates (int): Updates in all.
    epochs (int): Passes over the data that are begun.
    warm_up (int): Updates during which the rates rise.
    """

    updates: int
    epochs: int
    warm_up: int


def training_length(n_sentences: int, training: Training, extra_updates: int = 0) -> Length:
    """The real number of updates, from which the schedule follows (DESIGN: Schedule; paper protocol B7, B8).

    n_sentences (int): Training sentences.
    training (Training): Epochs, floor on updates and batch size.
    extra_updates (int): Updates beyond these.
    RETURNS (Length): At least two updates, since spaCy reads a last step of 0 as no limit.
    """
    per_epoch = math.ceil(n_sentences / training.batch_size)
    updates = max(2, training.min_updates, round(training.epochs * per_epoch)) + extra_updates
    return Length(updates, math.ceil(updates / per_epoch), round(WARM_UP * updates))


def resolve_config(job: TrainingJob) -> Config:
    """Fill a model's spaCy config for one training.

    job (TrainingJob): The training.
    RETURNS (Config): A config that `spacy train` takes as it is.
    RAISES (ProjectError): If there is no config of that name, or it lacks a section that a run has to fill.
    """
    template = _load(job.template, {})
    if job.transfer == "encoder" and ENCODER not in template["components"]:
        raise ProjectError("transfer 'encoder', but the model has no encoder", where=job.template, remedy="take 'full'")
    settings = {**_path_settings(job), **_training_settings(job), **_schedules(job, template)}
    if ENCODER in template["components"]:
        settings |= _encoder_settings(job)
    config = _load(job.template, settings)
    if job.transfer == "full":
        for name in config["nlp"]["pipeline"]:
            config["components"][name] = {"source": "${paths.source}"}
    return config


def has_encoder(template: Path) -> bool:
    """RETURNS (bool): Whether the models of a spaCy config have an encoder."""
    return ENCODER in _load(template, {})["components"]


def head_of(template: Config) -> str:
    """RETURNS (str): The component that finds the entities: the one whose entity types the config fixes."""
    return next(iter(template["initialize"]["components"]))


def _types_key(template: Config, head: str) -> str:
    """RETURNS (str): Where the entity types stand: a list, or what a function makes the head's own labels of."""
    key = f"initialize.components.{head}.labels"
    labels = template["initialize"]["components"][head].get("labels")
    return f"{key}.entity_types" if isinstance(labels, dict) else key


def _load(template: Path, settings: dict[str, object]) -> Config:
    if not template.is_file():
        raise ProjectError("no such model config", where=template, remedy="models are the .cfg files in configs/")
    try:
        return load_config(template, overrides=settings)
    except ValueError as error:
        raise ProjectError(" ".join(str(error).split()), where=template) from None


def _path_settings(job: TrainingJob) -> dict[str, object]:
    source = str(job.source) if job.source else None
    return {
        "paths.tokenizer": str(job.tokenizer),
        "paths.train": [str(path) for path in job.train],
        "paths.source": source if job.transfer == "full" else None,
    }


def _encoder_settings(job: TrainingJob) -> dict[str, object]:
    """RETURNS (dict): What only a model with an encoder has."""
    is_told = job.lower_case is not None
    return {
        "paths.encoder": str(job.encoder),
        "paths.init_tok2vec": str(job.source / ENCODER / "model") if job.transfer == "encoder" else None,
        f"components.{ENCODER}.model.training_precision": job.precision,
        **({f"components.{ENCODER}.model.tokenizer_config.do_lower_case": job.lower_case} if is_told else {}),
        "initialize.after_init.frozen": job.frozen,
    }


def _training_settings(job: TrainingJob) -> dict[str, object]:
    length = training_length(job.n_sentences, job.training, job.extra_updates)
    return {
        "system.seed": job.seed,
        "corpora.train.limit": job.limit,
        "corpora.train.seed": job.sample_seed,
        "corpora.train.entity_types": sorted(job.entity_types),
        "corpora.train.without": [str(path) for path in job.without],
        "corpora.train.without_kinds": list(job.without_kinds),
        "training.batcher.size": job.training.batch_size,
        "training.max_epochs": length.epochs,
        # spaCy counts steps from 0 and stops behind this one.
        "training.max_steps": length.updates - 1,
    }


def _schedules(job: TrainingJob, template: Config) -> dict[str, object]:
    """RETURNS (dict): Entity types and rates, of a head that may have a rate of its own."""
    length, head = training_length(job.n_sentences, job.training, job.extra_updates), head_of(template)
    rates = {"training.optimizer.learn_rate": job.training.learn_rate}
    if "component_rates" in template["training"]["optimizer"]:
        rates[f"training.optimizer.component_rates.{head}"] = job.training.head_learn_rate
    settings: dict[str, object] = {_types_key(template, head): sorted(job.entity_types)}
    for schedule, rate in rates.items():
        settings[f"{schedule}.initial_rate"] = rate
        settings[f"{schedule}.warmup_steps"] = length.warm_up
        settings[f"{schedule}.total_steps"] = length.updates
    return settings
