"""Describe how the numbers of a report were produced, what that took, and how large the test parts are."""
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Iterable, Mapping, Sequence

from scripts.reporting.decision import SMALL_TEST_SET
from scripts.reporting.results import Results
from scripts.results.kinds import FEW_SHOT
from scripts.results.runs import RunResult


@dataclass(frozen=True)
class PartTested:
    """The size of a test part, and whether single mentions matter to its F1.

    corpus (str): Name of the corpus.
    sentences (int): Sentences that were tested.
    mentions (Mapping[str, int]): Gold mentions by entity type.
    small (tuple[str, ...]): Entity types with fewer than 100 of them.
    lost (int): Mentions that the scores on tokens miss: lost to tokenization, truncation or the sentence splitter.
    """

    corpus: str
    sentences: int
    mentions: Mapping[str, int]
    small: tuple[str, ...]
    lost: int


@dataclass(frozen=True)
class Making:
    """How the numbers were produced.

    encoder (str): Name of the encoder; empty if it isn't in the settings.
    models (tuple[str, ...]): Names of the spaCy configs.
    devices (tuple[str, ...]): Devices that the runs were trained on.
    threads (tuple[int, ...]): Threads per run.
    versions (tuple[str, ...]): Such as `spacy 3.8.0`; several where runs differ.
    kinds (Mapping[str, int]): Number of runs by kind.
    seeds (Mapping[str, str]): Seeds by kind.
    updates (Mapping[str, str]): Updates of a training by kind, such as `40` or `452 to 534`.
    hours (float): Wall-clock hours of all training, and of predicting in all runs.
    """

    encoder: str
    models: tuple[str, ...]
    devices: tuple[str, ...]
    threads: tuple[int, ...]
    versions: tuple[str, ...]
    kinds: Mapping[str, int]
    seeds: Mapping[str, str]
    updates: Mapping[str, str]
    hours: float


def parts_tested(results: Results) -> list[PartTested]:
    """RETURNS (list[PartTested]): The size of every test part that a run was scored on."""
    parts = []
    for corpus in results.corpus_names:
        tests = [run for run in results.runs if run.coordinates.target == corpus]
        # A source that doesn't annotate a type may have no model for it.
        run = max(tests, key=lambda run: len(run.scores.characters), default=None)
        if run is None:
            continue
        mentions = {name: run.scores.characters[name].gold for name in results.types if name in run.scores.characters}
        seen = sum(run.scores.tokens[name].gold for name in mentions)
        small = tuple(name for name, count in mentions.items() if count < SMALL_TEST_SET)
        parts.append(PartTested(corpus, run.sentences.get("test", 0), mentions, small, sum(mentions.values()) - seen))
    return parts


def making(results: Results) -> Making:
    """RETURNS (Making): How the numbers were produced, as far as the run files say."""
    runs = (*results.runs, *results.chosen)
    kinds = Counter(run.coordinates.kind for run in runs)
    return Making(
        encoder=", ".join(sorted({name for run in runs if (name := encoder_name(run.settings))})),
        models=tuple(sorted({run.coordinates.model for run in runs})),
        devices=tuple(sorted({run.device for run in runs})),
        threads=tuple(sorted({run.coordinates.threads for run in runs})),
        versions=tuple(sorted({f"{name} {version}" for run in runs for name, version in run.versions.items()})),
        kinds=dict(sorted(kinds.items())),
        seeds={
            kind: _listed({run.coordinates.seed for run in runs if run.coordinates.kind == kind})
            for kind in sorted(kinds)
        },
        updates={kind: _span([run.updates for run in runs if run.coordinates.kind == kind]) for kind in sorted(kinds)},
        hours=hours_of((*runs, *results.failed)),
    )


def hours_of(runs: Sequence[RunResult]) -> float:
    """RETURNS (float): Wall-clock hours of every training, counted once, and of predicting in all runs."""
    return (training_seconds(runs) + sum(run.seconds.get("predict", 0.0) for run in runs)) / 3600


def training_seconds(runs: Iterable[RunResult]) -> float:
    """Add up the time of every training once. Several runs may record it, since a source model is tested repeatedly.

    runs (Iterable[RunResult]): Runs of any kind.
    RETURNS (float): Wall-clock seconds.
    """
    return sum({_training_of(run): run.seconds.get("train", 0.0) for run in runs}.values())


def _training_of(run: RunResult) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): What distinguishes a training from all others."""
    if run.training or run.coordinates.kind == FEW_SHOT:
        return (run.training or run.fingerprint,)
    # The file doesn't name its training. The run's own fingerprint would count a model once per corpus tested on.
    at = run.coordinates
    sources, settings = at.sources or (at.target,), json.dumps(run.settings, sort_keys=True, default=str)
    return (at.model, str(at.in_sequence), settings, *sources)


def encoder_name(settings: Mapping[str, Any]) -> str:
    """RETURNS (str): The encoder and its revision from a run's settings; only the last part of a folder."""
    encoder = settings.get("encoder") or {}
    path = PurePath(encoder.get("name", ""))
    name = path.name if path.is_absolute() else str(encoder.get("name", ""))
    revision = str(encoder.get("revision", ""))
    return f"{name} ({revision})" if name and revision else name


def _listed(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
