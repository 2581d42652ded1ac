"""Test whether two systems differ: over seeds, over test documents, and with intervals."""
import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Callable, Collection, Iterator, Literal, Mapping, Optional, Sequence

import numpy

from scripts.base.errors import ProjectError
from scripts.evaluation.curves import TOLERANCE, Spread
from scripts.evaluation.scores import MentionKey, check_same_length, score_mentions

WELCH, PAIRED = "Welch t-test", "paired t-test"
RANDOMISATION, BOOTSTRAP = "randomisation", "bootstrap"
RESAMPLES = 10_000
SIGNIFICANT = 0.05
CONFIDENCE = 0.95
# Resamples that are held at a time, for test parts of thousands of documents.
CHUNK = 1_000


@dataclass(frozen=True)
class DocumentCounts:
    """What a system found and missed, document by document.

    documents (tuple[str, ...]): Ids of the test documents.
    counts (Mapping[str, numpy.ndarray]): By entity type, and under "micro" all of them together: (documents, 3) whole
        numbers, the tp, fp and fn of each document in the order of the ids.
    """

    documents: tuple[str, ...]
    counts: Mapping[str, numpy.ndarray]


@dataclass(frozen=True)
class Comparison:
    """How one system differs from another in F1.

    unit (str): What the p values generalise over: seeds or documents.
    n (int): How many of them both systems have.
    difference (float): F1 of the one minus F1 of the other, in points; with several seeds, of their means.
    p_values (Mapping[str, float]): Two-tailed, by name of the test; a test that is not defined is left out.
    interval (Optional[tuple[float, float]]): 95 % interval of the difference, in points; None where not estimated.
    corrected (Mapping[str, float]): The p values after `correct`; empty before.
    """

    unit: Literal["seeds", "documents"]
    n: int
    difference: float
    p_values: Mapping[str, float]
    interval: Optional[tuple[float, float]] = None
    corrected: Mapping[str, float] = field(default_factory=dict)


# Over seeds


def welch_t_test(one: Spread, other: Spread) -> Optional[float]:
    """Welch's t-test of two means over seeds (Welch 1947; scipy's `ttest_ind`, variances not taken as equal).

    Null hypothesis: both systems have the same mean F1 over all seeds that could have been drawn.
    one (Spread): F1 over seeds, in percent.
    other (Spread): F1 over seeds, which need not be the same.
    RETURNS (Optional[float]): The two-tailed p value; None where either has fewer than two seeds, or neither varies.
    """
    # The report alone tests; `scipy.stats` takes a second to import.
    from scipy.stats import ttest_ind

    first, second = _values(one), _values(other)
    if min(len(first), len(second)) < 2 or max(numpy.ptp(first), numpy.ptp(second)) <= TOLERANCE:
        return None
    return _p_value(lambda: ttest_ind(first, second, equal_var=False))


def paired_t_test(one: Spread, other: Spread) -> Optional[float]:
    """The paired t-test over seeds (Student 1908; scipy's `ttest_rel`): a seed draws the same sample for both systems.

    Null hypothesis: the mean difference in F1, over all seeds that could have been drawn, is 0.
    one (Spread): F1 over seeds, in percent.
    other (Spread): F1 over seeds; seeds that only one of them has are left out.
    RETURNS (Optional[float]): The two-tailed p value; None for fewer than two seeds in common, or where every seed has
        the same difference.
    """
    from scipy.stats import ttest_rel

    first, second = (_values(spread) for spread in in_common(one, other))
    if len(first) < 2 or numpy.ptp(first - second) <= TOLERANCE:
        return None
    return _p_value(lambda: ttest_rel(first, second))


def in_common(one: Spread, other: Spread) -> tuple[Spread, Spread]:
    """RETURNS (tuple[Spread, Spread]): Both spreads with those seeds only that both have; there may be none."""
    seeds = dict(one.values).keys() & dict(other.values).keys()
    first, second = (tuple(pair for pair in spread.values if pair[0] in seeds) for spread in (one, other))
    return Spread(first), Spread(second)


def compare_seeds(one: Spread, other: Spread) -> Optional[Comparison]:
    """Compare two systems over the seeds that both have.

    one (Spread): F1 over seeds, in percent.
    other (Spread): F1 over seeds, in percent.
    RETURNS (Optional[Comparison]): The difference of their means, and both t-tests; None without a seed in common.
    """
    first, second = in_common(one, other)
    if not first.values:
        return None
    p_values = _defined({PAIRED: paired_t_test(first, second), WELCH: welch_t_test(first, second)})
    return Comparison("seeds", len(first.values), first.mean - second.mean, p_values)


def _values(spread: Spread) -> numpy.ndarray:
    return numpy.array([value for _, value in spread.values])


def _p_value(test: Callable) -> float:
    # scipy warns where seeds hardly vary; the p value is then as good as 0 all the same.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(test().pvalue)


def _defined(p_values: Mapping[str, Optional[float]]) -> dict[str, float]:
    return {test: p_value for test, p_value in p_values.items() if p_value is not None}


# Over documents


def count_documents(
    documents: Sequence[str],
    gold: Sequence[Collection[MentionKey]],
    predicted: Sequence[Collection[MentionKey]],
    types: Sequence[str],
) -> DocumentCounts:
    """Count exact matches of each document by itself.

    documents (Sequence[str]): Ids, one for each document.
    gold (Sequence[Collection]): For each document its (start, end, type) mentions.
    predicted (Sequence[Collection]): The same documents, in the same order.
    types (Sequence[str]): Entity types to score.
    RETURNS (DocumentCounts): By type, and "micro".
    RAISES (ProjectError): If the two sides do not have the same number of documents.
    """
    check_same_length(gold, predicted, "documents")
    per_document = zip(documents, gold, predicted, strict=True)
    scores = [score_mentions([expected], [given], types) for _, expected, given in per_document]
    names = score_mentions([], [], types)
    rows = {name: [(score[name].tp, score[name].fp, score[name].fn) for score in scores] for name in names}
    return DocumentCounts(
        tuple(documents), {name: numpy.array(counts, dtype=int).reshape(-1, 3) for name, counts in rows.items()}
    )


def stack_seeds(runs: Sequence[DocumentCounts], entity_type: str) -> numpy.ndarray:
    """Put the counts of runs that differ in their seeds only side by side.

    runs (Sequence[DocumentCounts]): One per seed, one at least.
    entity_type (str): An entity type, or "micro".
    RETURNS (numpy.ndarray): (seeds, documents, 3) tp, fp and fn.
    RAISES (ProjectError): If they were not tested on the same documents.
    """
    if len({run.documents for run in runs}) > 1:
        remedy = "start the experiment again: runs whose test part has changed are repeated"
        raise ProjectError("cannot compare runs that were tested on different documents", remedy=remedy)
    return numpy.stack([run.counts[entity_type] for run in runs])


def mean_f1(counts: numpy.ndarray) -> float:
    """RETURNS (float): Mean over seeds of the F1 of all documents, in percent, of (seeds, documents, 3) counts."""
    return float(_f1s(_sizes(counts).sum(axis=1)[None])[0])


def randomisation_test(
    one: numpy.ndarray, other: numpy.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Optional[float]:
    """Approximate randomisation over test documents (Noreen 1989; Yeh 2000).

    Null hypothesis: it does not matter for F1 which system a document's output comes from. In every resample each
    document's outputs change sides or stay, by the toss of a coin, in the runs of all seeds alike; the statistic is the
    absolute difference of the mean F1 over seeds. Seeds are taken as they are: nothing is said of other ones.
    one (numpy.ndarray): (seeds, documents, 3) tp, fp and fn of a system.
    other (numpy.ndarray): (seeds, documents, 3) of the other on the same documents, seed by seed.
    resamples (int): How many, n.
    seed (int): Of the coins.
    RETURNS (Optional[float]): The two-tailed p value, (1 + k) / (1 + n), where k resamples differ at least as much as
        the systems do; None for fewer than two documents.
    RAISES (ProjectError): If the two do not have the same documents or seeds.
    """
    if _n_documents(one, other) < 2:
        return None
    first, second = _sizes(one), _sizes(other)
    difference = mean_f1(one) - mean_f1(other)
    extreme = 0
    for swapped in _chunks(_coins(first.shape[1], resamples, seed)):
        exchanged = _resample(swapped, first - second)
        f1s = _f1s(first.sum(axis=1) - exchanged), _f1s(second.sum(axis=1) + exchanged)
        extreme += int((abs(f1s[0] - f1s[1]) >= abs(difference) - TOLERANCE).sum())
    return (1 + extreme) / (1 + resamples)


def bootstrap_differences(
    one: numpy.ndarray, other: numpy.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Optional[numpy.ndarray]:
    """Draw test documents again and again, with replacement (paired bootstrap; Berg-Kirkpatrick et al. 2012).

    A resample of documents is the same for both systems and for the runs of all seeds.
    one (numpy.ndarray): (seeds, documents, 3) tp, fp and fn of a system.
    other (numpy.ndarray): (seeds, documents, 3) of the other on the same documents, seed by seed.
    resamples (int): How many.
    seed (int): Of the drawing.
    RETURNS (Optional[numpy.ndarray]): (resamples,) differences of the mean F1 over seeds, in points; None for fewer
        than two documents.
    RAISES (ProjectError): If the two do not have the same documents or seeds.
    """
    if _n_documents(one, other) < 2:
        return None
    first, second = _sizes(one), _sizes(other)
    chunks = _chunks(_draws(first.shape[1], resamples, seed))
    return numpy.concatenate([_f1s(_resample(drawn, first)) - _f1s(_resample(drawn, second)) for drawn in chunks])


def bootstrap_p_value(difference: float, resampled: numpy.ndarray) -> float:
    """The paired bootstrap test over test documents (Berg-Kirkpatrick et al. 2012, there one-tailed).

    Null hypothesis: over all documents that could have been drawn the systems have the same F1. The differences of the
    resamples, moved so that their centre is 0, stand for what chance alone would give.
    difference (float): Of the two systems, in points of F1.
    resampled (numpy.ndarray): (resamples,) the n differences of `bootstrap_differences`.
    RETURNS (float): The two-tailed p value, (1 + k) / (1 + n), where k resamples are at least as far from the
        difference as that is from 0.
    """
    extreme = int((abs(resampled - difference) >= abs(difference) - TOLERANCE).sum())
    return (1 + extreme) / (1 + len(resampled))


def bootstrap_interval(resampled: numpy.ndarray) -> tuple[float, float]:
    """RETURNS (tuple[float, float]): The 95 % interval of `bootstrap_differences`, by percentiles, in points of F1."""
    low, high = numpy.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def compare_documents(
    one: numpy.ndarray, other: numpy.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """Compare two systems over the test documents.

    one (numpy.ndarray): (seeds, documents, 3) tp, fp and fn of a system.
    other (numpy.ndarray): (seeds, documents, 3) of the other on the same documents, seed by seed.
    resamples (int): How many, for either test.
    seed (int): Of the resamples.
    RETURNS (Comparison): With randomisation, bootstrap and its interval; without them for fewer than two documents.
    RAISES (ProjectError): If the two do not have the same documents or seeds.
    """
    n_documents, difference = _n_documents(one, other), mean_f1(one) - mean_f1(other)
    resampled = bootstrap_differences(one, other, resamples, seed)
    if resampled is None:
        return Comparison("documents", n_documents, difference, {})
    p_values = {
        RANDOMISATION: randomisation_test(one, other, resamples, seed),
        BOOTSTRAP: bootstrap_p_value(difference, resampled),
    }
    return Comparison("documents", n_documents, difference, _defined(p_values), bootstrap_interval(resampled))


def _n_documents(one: numpy.ndarray, other: numpy.ndarray) -> int:
    if one.shape != other.shape:
        raise ProjectError(
            f"cannot compare {one.shape[0]} seeds on {one.shape[1]} documents "
            f"with {other.shape[0]} seeds on {other.shape[1]} documents"
        )
    return one.shape[1]


def _sizes(counts: numpy.ndarray) -> numpy.ndarray:
    """What F1 is made of, (seeds, documents, 2): mentions found, and mentions of gold and prediction together."""
    found = counts[..., 0]
    return numpy.stack([found, 2 * found + counts[..., 1] + counts[..., 2]], axis=-1)


def _f1s(sums: numpy.ndarray) -> numpy.ndarray:
    """Mean F1 over seeds in percent, of (resamples, seeds, 2) sums over documents; 0 where there is no mention."""
    found, all_mentions = sums[..., 0].astype(float), sums[..., 1].astype(float)
    return (200 * found / numpy.where(all_mentions > 0, all_mentions, 1)).mean(axis=-1)


def _resample(weights: numpy.ndarray, sizes: numpy.ndarray) -> numpy.ndarray:
    """Sums over documents, (resamples, seeds, 2), each document taken as often as a row of weights says."""
    # A product of matrices; whole numbers below 2 ** 24 are exact in single precision.
    n_seeds, n_documents, _ = sizes.shape
    columns = sizes.transpose(1, 0, 2).reshape(n_documents, -1).astype("float32")
    return (weights.astype("float32") @ columns).reshape(len(weights), n_seeds, 2)


def _chunks(weights: numpy.ndarray) -> Iterator[numpy.ndarray]:
    return (weights[start : start + CHUNK] for start in range(0, len(weights), CHUNK))


# The same for all comparisons on a target, which may be thousands.
@lru_cache(maxsize=2)
def _coins(n_documents: int, resamples: int, seed: int) -> numpy.ndarray:
    return numpy.random.default_rng(seed).integers(2, size=(resamples, n_documents), dtype="uint8")


@lru_cache(maxsize=2)
def _draws(n_documents: int, resamples: int, seed: int) -> numpy.ndarray:
    random = numpy.random.default_rng(seed)
    weights = numpy.empty((resamples, n_documents), dtype="uint16")
    for rows in _chunks(weights):
        # A place of its own for each document of each row, so that all rows are counted in one go.
        places = random.integers(n_documents, size=rows.shape) + n_documents * numpy.arange(len(rows))[:, None]
        rows[:] = numpy.bincount(places.ravel(), minlength=rows.size).reshape(rows.shape)
    return weights


# Many comparisons


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for their number (Holm 1979): the chance of any false alarm among them stays at the level.

    p_values (Sequence[float]): Of one family of comparisons, which may depend on each other in any way.
    RETURNS (list[float]): Corrected p values, in the same order, 1 at most.
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = highest
    return corrected


def correct(family: Sequence[Comparison]) -> list[Comparison]:
    """Correct the p values of a family of comparisons by Holm's method, each test by itself.

    family (Sequence[Comparison]): What is read together; where a test is not defined, it does not count.
    RETURNS (list[Comparison]): The same with `corrected`, in the same order.
    """
    corrected: list[dict[str, float]] = [{} for _ in family]
    for test in dict.fromkeys(test for comparison in family for test in comparison.p_values):
        positions = [position for position, comparison in enumerate(family) if test in comparison.p_values]
        p_values = holm([family[position].p_values[test] for position in positions])
        for position, p_value in zip(positions, p_values, strict=True):
            corrected[position][test] = p_value
    return [replace(comparison, corrected=own) for comparison, own in zip(family, corrected, strict=True)]


def resamples_for(comparisons: int) -> int:
    """RETURNS (int): Resamples so many that the smallest p value possible, corrected for as many, is below 0.05."""
    return max(RESAMPLES, round(2 * comparisons / SIGNIFICANT))
