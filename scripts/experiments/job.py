"""Describe a training once: its length, passes, sentences, fingerprint and record all follow from the job's fields."""
import math
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from pydantic import BaseModel

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_data, hash_file
from scripts.corpora.parts import Part, Sentence, read_sentences, sample
from scripts.encoders.record import EncoderRecord
from scripts.experiments.settings import Duplicate, Frozen, Training
from scripts.results.kinds import NO_TRANSFER, Transfer

# Raise it by hand when the same job would give other weights, as with a mended loss; a change of wording is none. Every
# finished run is then trained again, and the user is told.
TRAINING_VERSION = 1
# The same for what is made of a trained pipeline: predictions and scores.
SCORING_VERSION = 1
# And of how sentences are chosen: samples that a model has chosen, and what follows from them.
SELECTION_VERSION = 1

WARM_UP = 0.1
# A fresh head must not start as the one that the source's encoder was trained against, so seeds of
# trainings on samples are kept apart from those of whole training parts.
SAMPLE_SEED_OFFSET = 1000


@dataclass(frozen=True)
class Template:
    """The spaCy config of a model.

    path (Path): Its file.
    sha256 (str): Hash of the file.
    named_files (str): Hash of the files that it names, such as word vectors; empty if it names none.
    """

    path: Path
    sha256: str
    named_files: str = ""


@dataclass(frozen=True)
class Tokenizer:
    """The blank pipeline whose tokenizer all pipelines have.

    path (Path): Its folder.
    sha256 (str): Hash of the tokenizer in it.
    """

    path: Path
    sha256: str


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


@dataclass(frozen=True)
class Selection:
    """What decides a sample that is not a plain random one, before its sentences are known.

    method (str): How its sentences are chosen: a name out of `scripts.annotation.methods`.
    before (str): Fingerprint of the training whose model has chosen the last of them; empty if none had a part in it.
    words_of (str): Fingerprint of the training whose sample has as many words; empty if that does not matter.
    version (int): Of the methods.
    """

    method: str
    before: str = ""
    words_of: str = ""
    version: int = SELECTION_VERSION


@dataclass(frozen=True)
class TrainingJob:
    """All that decides one training.

    template (Template): The spaCy config of the model.
    encoder (Optional[EncoderRecord]): What the model starts from; None if its config has no encoder.
    tokenizer (Tokenizer): The tokenizer of the pipeline.
    train (tuple[Part, ...]): What it is trained on.
    entity_types (tuple[str, ...]): What the head looks for, whatever the sentences hold.
    training (Training): Epochs, batch size and rates.
    seed (int): Seed of the training.
    threads (int): CPU threads, which change the last digits.
    frozen (str): What of the encoder stays as it is: `nothing`, its `word_embeddings`, or the whole `encoder`.
    lower_case (Optional[bool]): Whether the encoder's tokenizer lower-cases, where it has that choice; None as its
        files say.
    precision (str): What the encoder computes in: `float32` or `bfloat16`.
    limit (Optional[int]): Sample size in sentences, or the most sentences; None for all.
    sample_seed (int): Seed of the sample.
    extra_updates (int): Updates beyond those that epochs and floor give.
    source (Optional[TrainingJob]): The training that this one starts from; None without pretraining.
    transfer (str): What it takes over of the source: `full`, `encoder` or `none`.
    without (tuple[Part, ...]): Parts whose sentences are left out of the training.
    without_kinds (tuple[str, ...]): Which duplicates of these: `exact`, `near` or both.
    selection (Optional[Selection]): How its sentences are chosen; None for `limit` sentences at random.
    numbers (Optional[tuple[int, ...]]): The sentences that were chosen so, by their numbers in the training parts, in
        this order; None as long as they are not known.
    """

    template: Template
    encoder: Optional[EncoderRecord]
    tokenizer: Tokenizer
    train: tuple[Part, ...]
    entity_types: tuple[str, ...]
    training: Training
    seed: int
    threads: int = 1
    frozen: Frozen = "word_embeddings"
    lower_case: Optional[bool] = None
    precision: str = "float32"
    limit: Optional[int] = None
    sample_seed: int = 0
    extra_updates: int = 0
    source: Optional["TrainingJob"] = None
    transfer: Transfer = NO_TRANSFER
    without: tuple[Part, ...] = ()
    without_kinds: tuple[Duplicate, ...] = ()
    selection: Optional[Selection] = None
    numbers: Optional[tuple[int, ...]] = None

    @cached_property
    def n_sentences(self) -> int:
        """RETURNS (int): How many sentences it is trained on; as long as those chosen are not known, `limit` of them.
        """
        if self.numbers is not None:
            return len(self.numbers)
        there = len(self._all_sentences()) if self.without else sum(part.sentences for part in self.train)
        return there if self.limit is None else min(there, self.limit)

    def sentences(self) -> list[Sentence]:
        """RETURNS (list[Sentence]): The sentences it is trained on, in the order in which the reader gives them."""
        there = self._all_sentences()
        if self.selection is None:
            return [there[number] for number in sample(len(there), self.limit, self.sample_seed)]
        assert self.numbers is not None
        return [there[number] for number in self.numbers]

    @cached_property
    def length(self) -> Length:
        """RETURNS (Length): Its updates, epochs and warm-up."""
        return training_length(self.n_sentences, self.training, self.extra_updates)

    @property
    def passes(self) -> int:
        """RETURNS (int): Sentences that it passes through the network, each epoch anew; those of its source not."""
        return self.passes_after(self.length.updates)

    def passes_after(self, updates: int) -> int:
        """RETURNS (int): Sentences passed after so many updates; the last batch of an epoch may be a small one."""
        per_epoch = math.ceil(self.n_sentences / self.training.batch_size)
        epochs, rest = divmod(updates, per_epoch)
        # Batches come in random order, so that where in an epoch the small one stands is not known.
        return epochs * self.n_sentences + min(rest * self.training.batch_size, self.n_sentences)

    @property
    def updates_in_all(self) -> int:
        """RETURNS (int): Its updates, and those of the trainings that it starts from."""
        return self.length.updates + (self.source.updates_in_all if self.source else 0)

    @cached_property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of all that decides the weights."""
        return hash_data({"version": TRAINING_VERSION, "job": decisive(self)})

    @property
    def record(self) -> dict[str, Any]:
        """RETURNS (dict): Its settings, as a run's file holds them; the run's config has the rest."""
        return {
            "training": self.training.model_dump(),
            "training_seed": self.seed,
            "limit": self.limit,
            "frozen": self.frozen,
            "lower_case": self.lower_case,
            "precision": self.precision,
            "drop_shared_sentences": list(self.without_kinds),
            "entity_types": list(self.entity_types),
            "encoder": _named(self.encoder),
            "source": self.source.record if self.source else None,
            **({"selection": asdict(self.selection)} if self.selection else {}),
        }

    def check_files(self) -> None:
        """RAISES (ProjectError): If a file that it reads has changed since, as when somebody converts meanwhile."""
        check_unchanged(self.template.path, self.template.sha256)
        for part in (*self.train, *self.without):
            check_unchanged(part.path, part.sha256)

    def _all_sentences(self) -> list[Sentence]:
        return _sentences_of(self.train, self.without, self.without_kinds)


# Every run of a curve asks for those of its source; finding duplicates takes seconds.
@lru_cache(maxsize=8)
def _sentences_of(train: tuple[Part, ...], without: tuple[Part, ...], kinds: tuple[str, ...]) -> list[Sentence]:
    paths, unwanted = ([str(part.path) for part in parts] for parts in (train, without))
    return read_sentences(paths, unwanted, kinds)


_hash_once = cache_by_file(hash_file)


def check_unchanged(path: Path, sha256: str) -> None:
    """Check that a file is still the one that the experiment was opened with, right before it is read.

    path (Path): The file.
    sha256 (str): Its hash at that time.
    RAISES (ProjectError): If it is gone or another one.
    """
    if not path.is_file() or _hash_once(path) != sha256:
        remedy = "start the command again: finished runs are kept"
        raise ProjectError("changed while the experiment was running", where=path, remedy=remedy)


# What says how a thing is called or where it lies, not what it is: it does not count for a fingerprint. Of each, the
# hash of its content does. Nor does what follows from other fields.
NOT_DECISIVE: Mapping[type, frozenset[str]] = {
    Template: frozenset({"path"}),
    Tokenizer: frozenset({"path"}),
    Part: frozenset({"path", "sentences"}),
    EncoderRecord: frozenset(field.name for field in fields(EncoderRecord)) - {"sha256"},
    TrainingJob: frozenset({"numbers"}),
}
# Fields that came later count only where they are set: what was on record before is still that of today.
ADDED_LATER: Mapping[type, frozenset[str]] = {TrainingJob: frozenset({"selection"})}


def _named(encoder: Optional[EncoderRecord]) -> dict[str, str]:
    """RETURNS (dict[str, str]): What is told of an encoder, without where it lies on this machine; empty for none."""
    aside = ("path", "requested")
    return {key: str(value) for key, value in asdict(encoder).items() if key not in aside} if encoder else {}


def decisive(value: Any) -> Any:
    """Lay out what decides a training or a test as plain data, for its fingerprint.

    Every field counts unless it stands in `NOT_DECISIVE`, so that a new one cannot be forgotten.

    value (Any): A data class, settings, a tuple of such, or plain data.
    RETURNS (Any): Plain data.
    RAISES (TypeError): If it holds anything else, such as a path, which says nothing about what lies there.
    """
    if is_dataclass(value):
        aside, later = (names.get(type(value), frozenset()) for names in (NOT_DECISIVE, ADDED_LATER))
        held = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in aside}
        return {name: decisive(own) for name, own in held.items() if own is not None or name not in later}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (tuple, list)):
        return [decisive(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} can't be part of a fingerprint")


def training_length(n_sentences: int, training: Training, extra_updates: int = 0) -> Length:
    """Count the real number of updates, from which the schedule follows (paper protocol B7, B8).

    n_sentences (int): Training sentences.
    training (Training): Epochs, floor on updates and batch size.
    extra_updates (int): Updates beyond these.
    RETURNS (Length): At least two updates, since spaCy reads a last step of 0 as no limit.
    """
    per_epoch = math.ceil(n_sentences / training.batch_size)
    updates = max(2, training.min_updates, round(training.epochs * per_epoch)) + extra_updates
    return Length(updates, math.ceil(updates / per_epoch), round(WARM_UP * updates))


def distinct(jobs: Sequence[TrainingJob]) -> list[TrainingJob]:
    """RETURNS (list[TrainingJob]): The trainings that jobs need, each once, sources before what starts from them."""
    found: dict[str, TrainingJob] = {}
    for job in jobs:
        chain: list[TrainingJob] = []
        step: Optional[TrainingJob] = job
        while step:
            chain.insert(0, step)
            step = step.source
        found.update({one.fingerprint: one for one in chain if one.fingerprint not in found})
    return list(found.values())
