"""Compare the candidates of a search for settings with the base, and find the winner of each sample size."""
import statistics
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from scripts.evaluation.curves import Spread

BASE = "base"


@dataclass(frozen=True)
class SearchResult:
    """What one run of a search scored.

    candidate (str): `base`, or the one setting that differs from it, such as `learn_rate: 0.0004`.
    corpus (str): The corpus whose training part was searched on.
    size (Optional[int]): Training sentences; None for all that are not held out.
    seed (int): Seed of the sample and of the training.
    f1 (float): Micro F1 by exact match on the development documents, in percent.
    """

    candidate: str
    corpus: str
    size: Optional[int]
    seed: int
    f1: float


@dataclass(frozen=True)
class Comparison:
    """A candidate beside the base, at one sample size.

    candidate (str): See `SearchResult`.
    size (Optional[int]): See `SearchResult`.
    by_corpus (Mapping[str, Spread]): F1 over the seeds, in percent.
    mean (float): Mean of these over the corpora.
    difference (float): This mean minus the base's.
    better (int): How many runs score higher than the base's run of the same corpus and seed.
    runs (int): Of how many.
    is_winner (bool): Whether no candidate has a higher mean; among equals the first, and the base is before all.
    """

    candidate: str
    size: Optional[int]
    by_corpus: Mapping[str, Spread]
    mean: float
    difference: float
    better: int
    runs: int
    is_winner: bool


def compare_candidates(results: Sequence[SearchResult]) -> list[Comparison]:
    """Hold every candidate against the base.

    results (Sequence[SearchResult]): Every candidate on the same corpora, sizes and seeds, the base first.
    RETURNS (list[Comparison]): By size, and within a size in the order of the candidates.
    """
    sizes = dict.fromkeys(result.size for result in results)
    return [
        comparison
        for size in sizes
        for comparison in _compare_at([result for result in results if result.size == size])
    ]


def _compare_at(results: Sequence[SearchResult]) -> list[Comparison]:
    """RETURNS (list[Comparison]): The candidates at one size."""
    names = dict.fromkeys(result.candidate for result in results)
    runs = {name: [result for result in results if result.candidate == name] for name in names}
    spreads = {name: _spreads(runs[name]) for name in names}
    means = {name: statistics.fmean(spread.mean for spread in spreads[name].values()) for name in names}
    # `max` keeps the first among equals.
    winner = max(names, key=lambda name: means[name])
    return [
        Comparison(
            candidate=name,
            size=results[0].size,
            by_corpus=spreads[name],
            mean=means[name],
            difference=means[name] - means[BASE],
            better=_count_better(runs[name], runs[BASE]),
            runs=len(runs[name]),
            is_winner=name == winner,
        )
        for name in names
    ]


def _spreads(results: Sequence[SearchResult]) -> dict[str, Spread]:
    corpora = dict.fromkeys(result.corpus for result in results)
    return {
        name: Spread(tuple((result.seed, result.f1) for result in results if result.corpus == name))
        for name in corpora
    }


def _count_better(results: Sequence[SearchResult], base: Sequence[SearchResult]) -> int:
    beside = {(result.corpus, result.seed): result.f1 for result in base}
    return sum(result.f1 > beside[result.corpus, result.seed] for result in results)
