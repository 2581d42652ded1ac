"""Describe a training: its length, its sentences, its fingerprint and its record follow from the fields of the job."""
import math
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from pydantic import BaseModel

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_data, hash_file
from scripts.corpora.parts import Part, Sentence, read_sentences, sample
from scripts.encoders.folder import hash_folder
from scripts.encoders.record import EncoderRecord
from scripts.experiments.settings import Duplicate, Frozen, Training
from scripts.results.kinds import NO_TRANSFER, Transfer

# Increase this when the same job would produce different weights, for instance after a fix to the loss. Rewording
# doesn't count. Every finished run is then trained again, with a warning.
TRAINING_VERSION = 1
# The same for what is computed with a trained pipeline: predictions and scores.
SCORING_VERSION = 1
# The same for the selection of sentences: samples selected by a model, and everything that depends on them.
SELECTION_VERSION = 1

WARM_UP = 0.1
# A fresh head must not start from the same random numbers as the head the source's encoder was trained with, so
# trainings on samples use different seeds from trainings on whole training parts.
SAMPLE_SEED_OFFSET = 1000


@dataclass(frozen=True)
class Template:
    """The spaCy config of a model.

    path (Path): The file.
    sha256 (str): Hash of the file.
    named_files (str): Hash of the files that the config refers to, such as word vectors. Empty if there are none.
    """

    path: Path
    sha256: str
    named_files: str = ""


@dataclass(frozen=True)
class Tokenizer:
    """The blank pipeline with the tokenizer that all pipelines use.

    path (Path): Folder of the pipeline.
    sha256 (str): Hash of its tokenizer.
    """

    path: Path
    sha256: str


@dataclass(frozen=True)
class Length:
    """The length of a training.

    updates (int): Total number of updates.
    epochs (int): Passes over the data, including the last one if it is cut short.
    warm_up (int): Updates during which the learning rates rise.
    """

    updates: int
    epochs: int
    warm_up: int


@dataclass(frozen=True)
class Selection:
    """Everything that determines a sample that isn't a plain random one, before its sentences are known.

    method (str): How its sentences are selected: a name from `scripts.annotation.methods`.
    before (str): Fingerprint of the training of the model that selected the last sentences. Empty if no model did.
    words_of (str): Fingerprint of the training with a sample of the same number of words. Empty if any number will do.
    version (int): Version of the methods.
    """

    method: str
    before: str = ""
    words_of: str = ""
    version: int = SELECTION_VERSION


@dataclass(frozen=True)
class TrainingJob:
    """Everything that determines the outcome of a training.

    template (Template): The spaCy config of the model.
    encoder (Optional[EncoderRecord]): The encoder to start from, or None if the config has no encoder.
    tokenizer (Tokenizer): The tokenizer of the pipeline.
    train (tuple[Part, ...]): The parts to train on.
    entity_types (tuple[str, ...]): The types that the head predicts, whether or not they occur in the sentences.
    training (Training): Epochs, batch size and learning rates.
    seed (int): Seed of the training.
    threads (int): CPU threads, which affect the last digits.
    frozen (str): The part of the encoder that isn't trained: `nothing`, its `word_embeddings`, or the whole `encoder`.
    lower_case (Optional[bool]): Whether the encoder's tokenizer lower-cases, if it has that option. None to use the
        setting in the encoder's files.
    precision (str): Precision of the encoder: `float32` or `bfloat16`.
    limit (Optional[int]): Sample size, or the maximum number of sentences. None for all.
    sample_seed (int): Seed of the sample.
    extra_updates (int): Updates in addition to those of `training`.
    source (Optional[TrainingJob]): The training of the model to start from. None without pretraining.
    transfer (str): The part of the source model to start from: `full`, `encoder` or `none`.
    without (tuple[Part, ...]): Parts with sentences to leave out of the training data.
    without_kinds (tuple[str, ...]): The kinds of duplicates to leave out: `exact`, `near` or both.
    selection (Optional[Selection]): How the sentences are selected. None for `limit` sentences at random.
    numbers (Optional[tuple[int, ...]]): The selected sentences, as their numbers in the training parts, in this order.
        None until they are known.
    fold_capitals (Optional[bool]): Whether the encoder reads sentences in capitals or title case as if they were in
        lower case. None if it doesn't.
    own_start (Optional[bool]): Whether the weights depend on this seed only. In earlier versions, some weights of some
        models were those of the first training in the same process. None for trainings that never had this problem.
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
    fold_capitals: Optional[bool] = None
    own_start: Optional[bool] = None

    @cached_property
    def n_sentences(self) -> int:
        """RETURNS (int): Number of training sentences. Until the selected ones are known, this is `limit`."""
        if self.numbers is not None:
            return len(self.numbers)
        there = len(self._all_sentences()) if self.without else sum(part.sentences for part in self.train)
        return there if self.limit is None else min(there, self.limit)

    def sentences(self) -> list[Sentence]:
        """RETURNS (list[Sentence]): The training sentences, in the order of the reader."""
        there = self._all_sentences()
        if self.selection is None:
            return [there[number] for number in sample(len(there), self.limit, self.sample_seed)]
        assert self.numbers is not None
        return [there[number] for number in self.numbers]

    @cached_property
    def length(self) -> Length:
        """RETURNS (Length): Updates, epochs and warm-up."""
        return training_length(self.n_sentences, self.training, self.extra_updates)

    @property
    def passes(self) -> int:
        """RETURNS (int): Sentences passed through the network, counted once per epoch. Excludes the source's."""
        return self.passes_after(self.length.updates)

    def passes_after(self, updates: int) -> int:
        """RETURNS (int): Sentences passed through the network after a number of updates."""
        per_epoch = math.ceil(self.n_sentences / self.training.batch_size)
        epochs, rest = divmod(updates, per_epoch)
        # The last batch of an epoch may be smaller. Batches come in random order, so its position isn't known.
        return epochs * self.n_sentences + min(rest * self.training.batch_size, self.n_sentences)

    @property
    def updates_in_all(self) -> int:
        """RETURNS (int): Updates of this training and of the trainings it starts from."""
        return self.length.updates + (self.source.updates_in_all if self.source else 0)

    @cached_property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of everything that determines the weights."""
        return hash_data({"version": TRAINING_VERSION, "job": decisive(self)})

    @property
    def record(self) -> dict[str, Any]:
        """RETURNS (dict): The settings, as stored in a run's file. The run's config has the others."""
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
            **({"fold_capitals": True} if self.fold_capitals else {}),
        }

    def check_files(self) -> None:
        """RAISES (ProjectError): If an input file has changed, for instance because its corpus was converted again."""
        check_unchanged(self.template.path, self.template.sha256)
        check_unchanged(self.tokenizer.path / "tokenizer", self.tokenizer.sha256)
        if self.encoder:
            check_unchanged(self.encoder.path, self.encoder.sha256)
        for part in (*self.train, *self.without):
            check_unchanged(part.path, part.sha256)

    def _all_sentences(self) -> list[Sentence]:
        return _sentences_of(self.train, self.without, self.without_kinds)


# Every run of a learning curve needs those of its source, and finding duplicates takes seconds.
@lru_cache(maxsize=8)
def _sentences_of(train: tuple[Part, ...], without: tuple[Part, ...], kinds: tuple[str, ...]) -> list[Sentence]:
    paths, unwanted = ([str(part.path) for part in parts] for parts in (train, without))
    return read_sentences(paths, unwanted, kinds)


hash_once = cache_by_file(hash_file)
CHANGED = "changed while the experiment was running"
START_AGAIN = "start the command again: finished runs are kept"


def check_unchanged(path: Path, sha256: str) -> None:
    """Check that a file hasn't changed since the experiment was opened. Call this right before reading it.

    path (Path): The file, or the folder of an encoder.
    sha256 (str): Its hash at that time.
    RAISES (ProjectError): If it was changed or deleted.
    """
    hash_now = hash_folder if path.is_dir() else hash_once
    if not path.exists() or hash_now(path) != sha256:
        raise ProjectError(CHANGED, where=path, remedy=START_AGAIN)


# Fields that don't count for a fingerprint: names and locations (the hash of the contents counts instead), and fields
# that follow from others.
NOT_DECISIVE: Mapping[type, frozenset[str]] = {
    Template: frozenset({"path"}),
    Tokenizer: frozenset({"path"}),
    Part: frozenset({"path", "sentences"}),
    EncoderRecord: frozenset(field.name for field in fields(EncoderRecord)) - {"sha256"},
    TrainingJob: frozenset({"numbers"}),
}
# Fields added in a later version count only if they are set, so that older fingerprints stay valid.
ADDED_LATER: Mapping[type, frozenset[str]] = {TrainingJob: frozenset({"selection", "fold_capitals", "own_start"})}


def _named(encoder: Optional[EncoderRecord]) -> dict[str, str]:
    """RETURNS (dict[str, str]): Metadata of an encoder, without its location. Empty if there is none."""
    aside = ("path", "requested")
    return {key: str(value) for key, value in asdict(encoder).items() if key not in aside} if encoder else {}


def decisive(value: Any) -> Any:
    """Convert everything that determines a training or a test to plain data, for its fingerprint.

    Every field counts unless it is listed in `NOT_DECISIVE`, so a new one can't be forgotten.

    value (Any): A data class, settings, a tuple of these, or plain data.
    RETURNS (Any): Plain data.
    RAISES (TypeError): If it has anything else, such as a path, which says nothing about the file's contents.
    """
    if is_dataclass(value):
        aside, later = (names.get(type(value), frozenset()) for names in (NOT_DECISIVE, ADDED_LATER))
        held = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in aside}
        return {name: decisive(own) for name, own in held.items() if own is not None or name not in later}
    if isinstance(value, BaseModel):
        later = ADDED_LATER.get(type(value), frozenset())
        dumped = value.model_dump(mode="json")
        return {name: own for name, own in dumped.items() if own is not None or name not in later}
    if isinstance(value, (tuple, list)):
        return [decisive(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} can't be part of a fingerprint")


def training_length(n_sentences: int, training: Training, extra_updates: int = 0) -> Length:
    """Compute the number of updates, which determines the learning rate schedule (paper protocol B7, B8).

    n_sentences (int): Number of training sentences.
    training (Training): Epochs, minimum number of updates and batch size.
    extra_updates (int): Updates in addition to these.
    RETURNS (Length): The length. At least two updates, because spaCy reads a last step of 0 as no limit.
    """
    per_epoch = math.ceil(n_sentences / training.batch_size)
    updates = max(2, training.min_updates, round(training.epochs * per_epoch)) + extra_updates
    return Length(updates, math.ceil(updates / per_epoch), round(WARM_UP * updates))


def distinct(jobs: Sequence[TrainingJob]) -> list[TrainingJob]:
    """RETURNS (list[TrainingJob]): The distinct trainings that jobs need. A source comes before its dependents."""
    found: dict[str, TrainingJob] = {}
    for job in jobs:
        chain: list[TrainingJob] = []
        step: Optional[TrainingJob] = job
        while step:
            chain.insert(0, step)
            step = step.source
        found.update({one.fingerprint: one for one in chain if one.fingerprint not in found})
    return list(found.values())
