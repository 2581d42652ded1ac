"""An experiment's folder of results in, validated and frozen data classes out."""
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Mapping, Optional, Type, TypeVar, get_args

import numpy
from pydantic import TypeAdapter, ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import read_json, read_zipped_json
from scripts.evaluation.errors import ErrorCounts
from scripts.evaluation.partial import MatchScore
from scripts.evaluation.scores import MICRO, Score
from scripts.evaluation.significance import DocumentCounts

Kind = Literal["in-corpus", "zero-shot", "few-shot", "shipped"]
Read = TypeVar("Read")


@dataclass(frozen=True)
class Coordinates:
    """Which run of an experiment this is.

    experiment (str): Name of the experiment.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    model (str): Name of the spaCy config, such as `softmax`.
    transfer (str): What is taken over from the source model: none, full (encoder and head) or encoder.
    sources (tuple[str, ...]): Corpora that it was pretrained on, together; empty is no pretrain.
    target (str): The corpus whose test part is scored.
    size (Optional[int]): Training sentences of the target; 0 is zero-shot, None the whole training part.
    seed (int): Seed of the sample and of the training.
    threads (int): Threads of the training, which change the numbers in the last digits.
    in_sequence (bool): Whether it was pretrained on its sources one after the other, instead of on all together.
    extra_updates (int): Updates beyond those of its sample: a run without pretraining gets as many as the pretraining
        of a source had, to have as many in all (the compute-matched control).
    entity_type (Optional[str]): The one type that it was trained for; None for all of them jointly.
    """

    experiment: str
    kind: Kind
    model: str
    transfer: Literal["none", "full", "encoder"]
    sources: tuple[str, ...]
    target: str
    size: Optional[int]
    seed: int
    threads: int
    in_sequence: bool = False
    extra_updates: int = 0
    entity_type: Optional[str] = None


@dataclass(frozen=True)
class PlannedRun:
    """A run that belongs to an experiment, finished or not.

    coordinates (Coordinates): Which run it is.
    fingerprint (str): Hash of the settings and data that it is to be made with.
    """

    coordinates: Coordinates
    fingerprint: str


@dataclass(frozen=True)
class RunScores:
    """Scores by entity type, and "micro".

    tokens (Mapping[str, Score]): On tokens, as the CoNLL script counts: the numbers of record.
    characters (Mapping[str, Score]): Against the original offsets; what alignment, truncation or the sentence
        splitter lost is missed.
    """

    tokens: Mapping[str, Score]
    characters: Mapping[str, Score]


@dataclass(frozen=True)
class RunResult:
    """What one run left behind; see `Coordinates` and `RunScores`.

    run (str): The run's id, also the name of its file.
    settings (Mapping): Its resolved settings.
    fingerprint (str): Hash of what it depends on.
    versions (Mapping[str, str]): Versions of the libraries.
    device (str): `cpu`, or the name of the GPU.
    seconds (Mapping[str, float]): Wall-clock time of `train` and `predict`.
    updates (int): Optimiser steps.
    sentences (Mapping[str, int]): Sentences of `train` and `test`.
    source_updates (int): Optimiser steps of the source model before; 0 without pretraining.
    source_tests (Mapping[str, Mapping[str, Score]]): Scores on the test part of each source, on tokens: of a zero-shot
        run before any training on the target, of a few-shot run after it.
    first_sentences (Mapping[str, Score]): Of a zero-shot run: scores on the first sentences of the target's sample.
    errors (Mapping[str, ErrorCounts]): Errors by kind, for each entity type; read from the run's analysis.
    matches (Mapping[str, Mapping[str, MatchScore]]): Scores by kind of match and type; read from the analysis too.
    """

    run: str
    coordinates: Coordinates
    settings: Mapping[str, Any]
    fingerprint: str
    versions: Mapping[str, str]
    device: str
    seconds: Mapping[str, float]
    updates: int
    sentences: Mapping[str, int]
    scores: RunScores
    source_updates: int = 0
    source_tests: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    first_sentences: Mapping[str, Score] = field(default_factory=dict)
    errors: Mapping[str, ErrorCounts] = field(default_factory=dict)
    matches: Mapping[str, Mapping[str, MatchScore]] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperCorpus:
    """The paper's own figures of a corpus, as its Table 1 prints them.

    name (str): Such as `RU EHR`.
    documents (int): Number of documents.
    sentences (int): Number of sentences, by untrained Punkt.
    mentions (Mapping[str, int]): Mentions of each entity type.
    sentences_per_document (float): Mean length of a document, in sentences.
    tokens_per_sentence (float): Mean length of a sentence, in tokens.
    mention_length (Mapping[str, float]): Mean length of a mention of each type, in tokens.
    """

    name: str
    documents: int
    sentences: int
    mentions: Mapping[str, int]
    sentences_per_document: float
    tokens_per_sentence: float
    mention_length: Mapping[str, float]


@dataclass(frozen=True)
class Corpus:
    """What a corpus is made of (paper, Table 1).

    documents (int): Number of documents with text.
    sentences (int): Number of sentences.
    sentences_by_punkt (int): The same by the paper's splitter.
    mentions (Mapping[str, int]): Mentions as read of each entity type.
    subtypes (Mapping[str, int]): The same by the corpus's own label.
    labels (Mapping[str, str]): The entity type of each of these labels.
    sentences_per_document (float): Mean length of a document, in sentences.
    tokens_per_sentence (float): Mean length of a sentence, in tokens.
    mention_length (Mapping[str, float]): Mean length of a mention of each type, in tokens.
    splits (Mapping): Counts of each part.
    paper (Optional[PaperCorpus]): The paper's figures of the corpus that this one is or stands in for.
    """

    language: str
    domain: str
    documents: int
    sentences: int
    sentences_by_punkt: int
    mentions: Mapping[str, int]
    subtypes: Mapping[str, int]
    labels: Mapping[str, str]
    sentences_per_document: float
    tokens_per_sentence: float
    mention_length: Mapping[str, float]
    splits: Mapping[str, Mapping[str, Any]]
    paper: Optional[PaperCorpus] = None


@dataclass(frozen=True)
class VocabularyOverlap:
    """How many word pieces of their mentions two corpora share (paper, Table 4).

    unique_a (int): Different word pieces in the mentions of corpus a.
    shared (int): Those that are also in corpus b.
    percent_a (float): `shared` in percent of `unique_a`.
    paper (Optional[VocabularyOverlap]): The paper's own figures, its corpora in the same order.
    """

    corpus_a: str
    corpus_b: str
    type: str
    unique_a: int
    unique_b: int
    shared: int
    percent_a: float
    percent_b: float
    paper: Optional["VocabularyOverlap"] = None


@dataclass(frozen=True)
class SharedSentences:
    """How many sentences of a source's training part also stand in a target's test part.

    sentences (int): Sentences of the training part.
    exact (int): Those with the same words.
    near (int): Those with nearly the same words.
    """

    source: str
    target: str
    sentences: int
    exact: int
    near: int


@dataclass(frozen=True)
class Corpora:
    """The corpora of an experiment by name, and how they overlap; empty where their file is absent.

    tokenizer (str): Whose word pieces were counted.
    """

    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    vocabulary_overlap: tuple[VocabularyOverlap, ...] = ()
    shared_sentences: tuple[SharedSentences, ...] = ()
    tokenizer: str = ""

    def training_sentences(self, name: str) -> Optional[int]:
        """RETURNS (Optional[int]): Sentences in the training part of a corpus; None if not known."""
        corpus = self.corpora.get(name)
        return corpus.splits.get("train", {}).get("sentences") if corpus else None


def read_plan(folder: Path) -> dict[str, PlannedRun]:
    """Read which runs belong to an experiment.

    folder (Path): The experiment's folder of results, with a `KIND.json` for each kind of run that was begun.
    RETURNS (dict[str, PlannedRun]): By id; empty if none was begun.
    RAISES (ProjectError): If a file is damaged.
    """
    remedy = "delete the file and start the experiment again: finished runs are kept"
    plan: dict[str, PlannedRun] = {}
    for kind in get_args(Kind):
        if (folder / f"{kind}.json").is_file():
            plan.update(_read(folder / f"{kind}.json", dict[str, PlannedRun], remedy))
    return plan


def analysis_file(runs: Path, run: str) -> Path:
    """RETURNS (Path): Where the analysis of a run stands, below the folder of runs."""
    return runs.parent / "analysis" / f"{run}.json.gz"


def read_document_counts(runs: Path, run: RunResult) -> Optional[DocumentCounts]:
    """Read what a run found in each document.

    runs (Path): The folder of runs.
    run (RunResult): The run.
    RETURNS (Optional[DocumentCounts]): None if the run has not been analysed, or has been made anew since.
    RAISES (ProjectError): If the file is damaged.
    """
    analysis = _read_analysis(runs, run)
    if not analysis:
        return None
    counts = {name: numpy.array(own, dtype=int).reshape(-1, 3) for name, own in analysis["counts"].items()}
    return DocumentCounts(tuple(analysis["documents"]), counts)


def with_analysis(runs: Path, run: RunResult) -> RunResult:
    """RETURNS (RunResult): The run with its errors and kinds of match, where it has been analysed."""
    analysis = _read_analysis(runs, run)
    if not analysis:
        return run
    parts = {
        "errors": TypeAdapter(dict[str, ErrorCounts]).validate_python(analysis["errors"]),
        "matches": TypeAdapter(dict[str, dict[str, MatchScore]]).validate_python(analysis["matches"]),
    }
    return replace(run, **parts)


def _read_analysis(runs: Path, run: RunResult) -> dict[str, Any]:
    path = analysis_file(runs, run.run)
    analysis = read_zipped_json(path) if path.is_file() else {}
    return analysis if analysis.get("fingerprint") == run.fingerprint else {}


def read_runs(folder: Path) -> list[RunResult]:
    """Read the finished runs of an experiment.

    folder (Path): Holds one JSON file per run.
    RETURNS (list[RunResult]): Sorted by id; empty if there is none.
    RAISES (ProjectError): If a file is damaged.
    """
    return [read_run(path) for path in sorted(folder.glob("*.json"))]


def read_run(path: Path) -> RunResult:
    """Read the result of one run.

    path (Path): Its JSON file.
    RETURNS (RunResult): The validated result.
    RAISES (ProjectError): If the file is absent or damaged.
    """
    result = _read(path, RunResult, "delete the file and start the experiment again: only this run is repeated")
    if MICRO not in result.scores.tokens or set(result.scores.tokens) != set(result.scores.characters):
        raise ProjectError(
            f"damaged run file (scores of tokens and characters need '{MICRO}' and the same entity types)",
            where=path,
            remedy="delete the file and start the experiment again",
        )
    return result


def read_corpora(path: Path) -> Corpora:
    """Read the statistics of an experiment's corpora.

    path (Path): The file `corpora.json`.
    RETURNS (Corpora): Statistics; empty if there is no such file.
    RAISES (ProjectError): If the file is damaged.
    """
    return _read(path, Corpora, "delete the file and start the experiment again") if path.is_file() else Corpora()


def _read(path: Path, shape: Type[Read], remedy: str) -> Read:
    try:
        return TypeAdapter(shape).validate_python(read_json(path))
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join(str(part) for part in mistake["loc"]) or "file"
        raise ProjectError(f"damaged file, key '{key}': {mistake['msg']}", where=path, remedy=remedy) from None
