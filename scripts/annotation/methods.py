"""Select the sentences to annotate next.

Liu and Wong (JAMIA 2024) simulate an annotator who corrects a model's predictions, and count the edits. Sentences that
differ from each other work best at first, and sentences that the model is uncertain about once it is nearly as good as
with all data. Their method, CNBSE, starts with clusters of sentence vectors (Sentence-BERT), and continues with the
entropy of the n best tag sequences. `schedule` follows that order, but is otherwise simpler: the vectors come from the
pipeline's own encoder, `diversity` seeds clusters without moving their centers, the entropy is the sum over tokens
(for a softmax, where tags are independent, this is the entropy of all tag sequences), and the switch is at a fixed
number of sentences. We don't know when CNBSE switches, because we only had the abstract of the paper.

Chen et al. (BMC Medical Informatics and Decision Making 2017) had nurses annotate. Active learning saved sentences,
but longer sentences took more time, which canceled part of the gain. This is why a budget can be in words, and why
`uncertainty_mean` doesn't prefer long sentences.
"""
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Callable, Iterable, Iterator, Mapping, Optional, Sequence

import numpy

from scripts.annotation.pool import Pool
from scripts.base.errors import ProjectError

# The method that the others are compared with.
RANDOM = "random"
# The default method of `weasel run suggest`.
DEFAULT_METHOD = "expected_mentions"
# The number of annotated sentences at which `schedule` switches from diversity to uncertainty.
DIVERSE_SENTENCES = 100
# As in scikit-learn's k-means++, use the best of several drawn sentences. There, the number grows with the clusters.
DRAWN_AT_ONCE = 8
# The number of annotated sentences to compare with all others at once, which limits the memory for the distances.
CENTERS_AT_ONCE = 64


@dataclass(frozen=True)
class Budget:
    """How much to annotate: either a number of sentences or of words.

    sentences (Optional[int]): Number of sentences.
    words (Optional[int]): Number of words. The last sentence may exceed it.
    RAISES (ProjectError): If neither or both are given, or the number isn't above 0.
    """

    sentences: Optional[int] = None
    words: Optional[int] = None

    def __post_init__(self) -> None:
        if (self.sentences is None) == (self.words is None):
            raise ProjectError(
                "both options are set" if self.words else "neither option is set",
                where="--sentences, --words",
                remedy="use one of them, such as --sentences 50",
            )
        option, value = ("--words", self.words) if self.sentences is None else ("--sentences", self.sentences)
        if value is None or value < 1:
            raise ProjectError(f"{option} must be at least 1 (got {value})")


@dataclass(frozen=True)
class Annotated:
    """What is annotated already.

    rows (numpy.ndarray): The rows of a pool that can't be selected.
    sentences (int): Number of annotated sentences. These may be in other texts, and many rows may resemble one of them.
    """

    rows: numpy.ndarray
    sentences: int


# Takes a pool, the candidate rows (in random order), what is annotated and a random number generator, and returns the
# candidates in the order of selection.
Order = Callable[[Pool, numpy.ndarray, Annotated, numpy.random.Generator], Iterable[int]]


@dataclass(frozen=True)
class Method:
    """A method to select sentences.

    name (str): The method's name.
    order (Order): Function that puts the rows of a pool in order.
    needs_probabilities (bool): Whether it needs probabilities, which only `bio_ner` has.
    needs_vectors (bool): Whether it needs sentence vectors.
    """

    name: str
    order: Order
    needs_probabilities: bool = False
    needs_vectors: bool = False

    @property
    def needs_model(self) -> bool:
        """RETURNS (bool): Whether the selection depends on a pipeline."""
        return self.needs_probabilities or self.needs_vectors


def choose(method: str, pool: Pool, budget: Budget, seed: int, annotated: Sequence[int] = ()) -> list[int]:
    """Select sentences. Sentences without words are never selected.

    method (str): A name from `METHODS`.
    pool (Pool): The features of the sentences.
    budget (Budget): How much to select.
    seed (int): Seed of the selection, including the order of ties.
    annotated (Sequence[int]): Rows that are already annotated and can't be selected.
    RETURNS (list[int]): Row numbers in the order of selection. Fewer than the budget if there are no more.
    RAISES (ProjectError): If there is no such method, or the pool lacks the features it needs.
    """
    return list(within(budget, pool.words, in_order_of_choice(method, pool, seed, annotated)))


def in_order_of_choice(
    method: str, pool: Pool, seed: int, annotated: Sequence[int] = (), sentences: Optional[int] = None
) -> Iterable[int]:
    """Put all sentences in the order of selection. For the other arguments, see `choose`.

    sentences (Optional[int]): Number of annotated sentences, if it isn't the number of annotated rows.
    RETURNS (Iterable[int]): Row numbers. `diversity` computes them lazily, one by one.
    """
    way = find_method(method)
    _check_needs(way, pool)
    random = numpy.random.default_rng(seed)
    order = random.permutation(len(pool))
    there = numpy.unique(numpy.asarray(annotated, dtype=int))
    candidates = order[(pool.words[order] > 0) & ~numpy.isin(order, there)]
    return way.order(pool, candidates, Annotated(there, len(there) if sentences is None else sentences), random)


def find_method(name: str) -> Method:
    """RETURNS (Method): The method of that name.

    RAISES (ProjectError): If there is no such method.
    """
    if name not in METHODS:
        remedy = f"use {', '.join(METHODS)}"
        raise ProjectError(f"unknown selection method '{name}'", where="--method", remedy=remedy)
    return METHODS[name]


def methods_for_any_pipeline() -> str:
    """RETURNS (str): The methods that work without probabilities, for remedies."""
    return " or ".join(f"`{name}`" for name, method in METHODS.items() if not method.needs_probabilities)


def within(budget: Budget, words: numpy.ndarray, rows: Iterable[int]) -> Iterator[int]:
    """YIELDS (int): The first rows, up to the budget. No more rows are computed than needed."""
    if budget.sentences is not None:
        yield from map(int, islice(rows, budget.sentences))
        return
    left = budget.words or 0
    for row in rows:
        yield int(row)
        left -= int(words[row])
        if left <= 0:
            return


def _check_needs(method: Method, pool: Pool) -> None:
    if method.needs_probabilities and numpy.isnan(pool.entropy).any():
        lacking = "probabilities"
    elif method.needs_vectors and pool.vectors is None:
        lacking = "vectors"
    else:
        return
    raise ProjectError(
        f"{method.name} needs {lacking}, but the sentences have none", where="--method", remedy="use random"
    )


# Orders


def _at_random(
    pool: Pool, candidates: numpy.ndarray, annotated: Annotated, random: numpy.random.Generator
) -> Iterable[int]:
    return candidates


def _by(measure: Callable[[Pool], numpy.ndarray]) -> Order:
    """RETURNS (Order): Rows in descending order of a value. Ties keep the random order of the candidates."""

    def order(
        pool: Pool, candidates: numpy.ndarray, annotated: Annotated, random: numpy.random.Generator
    ) -> Iterable[int]:
        return candidates[numpy.argsort(-measure(pool)[candidates], kind="stable")]

    return order


def _mean_entropy(pool: Pool) -> numpy.ndarray:
    return pool.entropy / numpy.maximum(pool.words, 1)


def _diverse(
    pool: Pool, candidates: numpy.ndarray, annotated: Annotated, random: numpy.random.Generator
) -> Iterator[int]:
    """Select sentences that represent many others and are far from all selected or annotated ones.

    This is greedy k-means++ (Arthur and Vassilvitskii 2007): draw several sentences by their squared distance to the
    nearest selected one, then select the one that minimizes the distances of all others. Unlike farthest-first
    traversal, it rarely selects outliers. The time per selected sentence is linear in the number of sentences.
    """
    if pool.vectors is None or not len(candidates):
        return
    vectors = pool.vectors[candidates]
    # Squared distance to the nearest selected one. The maximum is 4, because vectors have length 1.
    far = numpy.full(len(candidates), 4.0, dtype="float32")
    for start in range(0, len(annotated.rows), CENTERS_AT_ONCE):
        there = pool.vectors[annotated.rows[start : start + CENTERS_AT_ONCE]]
        far = numpy.minimum(far, _squared_distances(vectors, there).min(axis=1))
    left = numpy.ones(len(candidates), dtype=bool)
    for _ in range(len(candidates)):
        drawn = _draw(numpy.where(left, far, 0.0), left, random)
        distances = numpy.minimum(far[:, None], _squared_distances(vectors, vectors[drawn]))
        best = int(distances.sum(axis=0, dtype="float64").argmin())
        far = distances[:, best].copy()
        left[drawn[best]] = False
        yield int(candidates[drawn[best]])


def _draw(weights: numpy.ndarray, left: numpy.ndarray, random: numpy.random.Generator) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Indices drawn by weight. If all weights are 0, the first remaining one."""
    sums = weights.cumsum(dtype="float64")
    if sums[-1] <= 0:
        return numpy.flatnonzero(left)[:1]
    places = numpy.searchsorted(sums, random.random(DRAWN_AT_ONCE) * sums[-1], side="right")
    return numpy.unique(numpy.minimum(places, numpy.flatnonzero(weights)[-1]))


def _squared_distances(vectors: numpy.ndarray, centers: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (vectors, centers) of float32, at least 0."""
    return numpy.maximum(2.0 - 2.0 * (vectors @ centers.T), 0.0)


def _scheduled(
    pool: Pool, candidates: numpy.ndarray, annotated: Annotated, random: numpy.random.Generator
) -> Iterator[int]:
    """Select diverse sentences until enough are annotated, then uncertain ones."""
    first = max(0, DIVERSE_SENTENCES - annotated.sentences)
    chosen: set[int] = set()
    for row in islice(_diverse(pool, candidates, annotated, random), first):
        chosen.add(row)
        yield row
    uncertain = _by(lambda pool: pool.entropy)(pool, candidates, annotated, random)
    yield from (row for row in uncertain if row not in chosen)


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            Method(RANDOM, _at_random),
            Method("expected_mentions", _by(lambda pool: pool.expected_mentions), needs_probabilities=True),
            Method("uncertainty", _by(lambda pool: pool.entropy), needs_probabilities=True),
            Method("uncertainty_mean", _by(_mean_entropy), needs_probabilities=True),
            Method("least_confident", _by(lambda pool: pool.least_confident), needs_probabilities=True),
            Method("diversity", _diverse, needs_vectors=True),
            Method("schedule", _scheduled, needs_probabilities=True, needs_vectors=True),
        )
    }
)
