"""Compare the candidates of a settings search with the base, and find the winner for each sample size."""
import statistics
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from scripts.evaluation.curves import Spread

BASE = "base"


@dataclass(frozen=True)
class SearchResult:
    """The score of one run of a search.

    candidate (str): `base`, or the setting that differs from it, such as `learn_rate: 0.0004`.
    corpus (str): The corpus that was used for the search. Only its training part is read.
    size (Optional[int]): Number of training sentences, or None for all that are not held out.
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
    """A candidate compared with the base, at one sample size.

    candidate (str): See `SearchResult`.
    size (Optional[int]): See `SearchResult`.
    by_corpus (Mapping[str, Spread]): F1 over the seeds of each corpus, in percent.
    mean (float): Mean F1 over the corpora.
    difference (float): This mean minus the base's.
    better (int): Number of runs with a higher score than the base's run with the same corpus and seed.
    runs (int): Number of runs.
    is_winner (bool): Whether the candidate has the highest mean. Ties go to the base, then to the first candidate.
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
    """Compare every candidate with the base.

    results (Sequence[SearchResult]): Every candidate on the same corpora, sizes and seeds, with the base first.
    RETURNS (list[Comparison]): The comparisons by size, and within a size in the order of the candidates.
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
