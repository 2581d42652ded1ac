"""Choose the sentences to annotate next.

Liu and Wong (JAMIA 2024) let a simulated annotator correct what a model finds, and count edits: sentences that differ
from each other serve best at first, those that the model is unsure of when little is missing. Their CNBSE starts with
clusters of sentence vectors (Sentence-BERT) and goes on with the entropy of the n best sequences of tags. `schedule`
follows that order; the rest is simpler here. The vectors are those of the pipeline's own encoder, `diversity` seeds
clusters without moving their centres, the entropy is the sum over tokens (for a softmax, whose tags are independent,
just that of the sequences, with n as large as can be), and the change comes at a fixed number of sentences. When theirs
comes is not known here: of their paper only the abstract was at hand.

Chen et al. (BMC Medical Informatics and Decision Making 2017) had nurses annotate: what is saved in sentences is partly
lost again in the time that the longer ones take. So a budget may be one of words, and `uncertainty_mean` does not
prefer long sentences.
"""
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Callable, Iterable, Iterator, Mapping, Optional, Sequence

import numpy

from scripts.annotation.pool import Pool
from scripts.base.errors import ProjectError

# The one method that no model has a part in.
RANDOM = "random"
# The method of `weasel run suggest`, unless it is told another.
DEFAULT_METHOD = "expected_mentions"
# `schedule` turns from diversity to uncertainty when so many sentences are annotated.
DIVERSE_SENTENCES = 100
# As in scikit-learn's k-means++ the best of several drawn sentences is taken; there the number grows with the clusters.
DRAWN_AT_ONCE = 8
# Annotated sentences that all others are compared with at once: the distances take memory.
CENTRES_AT_ONCE = 64


@dataclass(frozen=True)
class Budget:
    """How much is to be annotated. One of the two is given.

    sentences (Optional[int]): So many sentences.
    words (Optional[int]): Sentences until they hold so many words; the last one may go beyond.
    RAISES (ProjectError): If none or both are given, or not a number above 0.
    """

    sentences: Optional[int] = None
    words: Optional[int] = None

    def __post_init__(self) -> None:
        if (self.sentences is None) == (self.words is None):
            raise ProjectError(
                "give a number of sentences or a number of words, and not both" if self.words else "there is no budget",
                where="--sentences, --words",
                remedy="give one of them, such as --sentences 50",
            )
        option, value = ("--words", self.words) if self.sentences is None else ("--sentences", self.sentences)
        if value is None or value < 1:
            raise ProjectError(f"{value} is nothing to annotate", where=option, remedy="give a number above 0")


# Takes a pool, the rows that may be chosen (in random order), those that are annotated, and a source of random numbers,
# and gives the rows in the order of choice.
Order = Callable[[Pool, numpy.ndarray, numpy.ndarray, numpy.random.Generator], Iterable[int]]


@dataclass(frozen=True)
class Method:
    """A way to choose sentences.

    name (str): Its name.
    order (Order): Puts the rows of a pool in order.
    needs_probabilities (bool): Whether it needs what only `bio_ner` gives.
    needs_vectors (bool): Whether it needs the sentences' vectors.
    """

    name: str
    order: Order
    needs_probabilities: bool = False
    needs_vectors: bool = False


def choose(method: str, pool: Pool, budget: Budget, seed: int, annotated: Sequence[int] = ()) -> list[int]:
    """Choose sentences. A sentence without words is never chosen.

    method (str): A name out of `METHODS`.
    pool (Pool): What is known of the sentences.
    budget (Budget): How much to choose.
    seed (int): The same seed chooses the same sentences; it decides between equals, too.
    annotated (Sequence[int]): Rows that are annotated already, which are not chosen.
    RETURNS (list[int]): Row numbers in the order of choice; fewer than the budget allows where there are no more.
    RAISES (ProjectError): If there is no such method, or the pool lacks what it needs.
    """
    return list(within(budget, pool.words, in_order_of_choice(method, pool, seed, annotated)))


def in_order_of_choice(method: str, pool: Pool, seed: int, annotated: Sequence[int] = ()) -> Iterable[int]:
    """Put all sentences in the order in which they would be chosen; for the arguments see `choose`.

    RETURNS (Iterable[int]): Row numbers. Those of `diversity` are found one by one, each as it is asked for.
    """
    way = find_method(method)
    _check_needs(way, pool)
    random = numpy.random.default_rng(seed)
    order = random.permutation(len(pool))
    there = numpy.unique(numpy.asarray(annotated, dtype=int))
    candidates = order[(pool.words[order] > 0) & ~numpy.isin(order, there)]
    return way.order(pool, candidates, there, random)


def find_method(name: str) -> Method:
    """RETURNS (Method): The method of that name.

    RAISES (ProjectError): If there is none.
    """
    if name not in METHODS:
        raise ProjectError(
            f"there is no method '{name}' to choose sentences by", where="method", remedy=f"use {', '.join(METHODS)}"
        )
    return METHODS[name]


def within(budget: Budget, words: numpy.ndarray, rows: Iterable[int]) -> Iterator[int]:
    """YIELDS (int): The first of the rows, up to the budget; no more rows are asked for than that."""
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
        f"{method.name} chooses by {lacking}, and the sentences were read without", where="method", remedy="use random"
    )


# Orders


def _at_random(
    pool: Pool, candidates: numpy.ndarray, annotated: numpy.ndarray, random: numpy.random.Generator
) -> Iterable[int]:
    return candidates


def _by(measure: Callable[[Pool], numpy.ndarray]) -> Order:
    """RETURNS (Order): Rows with the largest values first; candidates come in random order, which equals keep."""

    def order(
        pool: Pool, candidates: numpy.ndarray, annotated: numpy.ndarray, random: numpy.random.Generator
    ) -> Iterable[int]:
        return candidates[numpy.argsort(-measure(pool)[candidates], kind="stable")]

    return order


def _mean_entropy(pool: Pool) -> numpy.ndarray:
    return pool.entropy / numpy.maximum(pool.words, 1)


def _diverse(
    pool: Pool, candidates: numpy.ndarray, annotated: numpy.ndarray, random: numpy.random.Generator
) -> Iterator[int]:
    """Choose sentences that stand for many others which no chosen or annotated one is near to.

    Greedy k-means++ (Arthur and Vassilvitskii 2007): of some sentences, drawn by their squared distance to the nearest
    chosen one, the one that brings all others nearest. So a sentence that is like no other is rarely chosen, unlike in
    farthest-first traversal. Time is linear in the sentences for each that is chosen.
    """
    if pool.vectors is None or not len(candidates):
        return
    vectors = pool.vectors[candidates]
    # Squared distance to the nearest chosen one, of vectors of length 1; 4 is the largest that there is.
    far = numpy.full(len(candidates), 4.0, dtype="float32")
    for start in range(0, len(annotated), CENTRES_AT_ONCE):
        there = pool.vectors[annotated[start : start + CENTRES_AT_ONCE]]
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
    """RETURNS (numpy.ndarray): Places drawn by their weights; the first that are left where all weights are 0."""
    sums = weights.cumsum(dtype="float64")
    if sums[-1] <= 0:
        return numpy.flatnonzero(left)[:1]
    places = numpy.searchsorted(sums, random.random(DRAWN_AT_ONCE) * sums[-1], side="right")
    return numpy.unique(numpy.minimum(places, numpy.flatnonzero(weights)[-1]))


def _squared_distances(vectors: numpy.ndarray, centres: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (vectors, centres) of float32; no less than 0."""
    return numpy.maximum(2.0 - 2.0 * (vectors @ centres.T), 0.0)


def _scheduled(
    pool: Pool, candidates: numpy.ndarray, annotated: numpy.ndarray, random: numpy.random.Generator
) -> Iterator[int]:
    """Choose diverse sentences until enough are annotated, and then uncertain ones."""
    first = max(0, DIVERSE_SENTENCES - len(annotated))
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
