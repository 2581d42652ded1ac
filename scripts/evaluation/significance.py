"""Test whether two systems differ, over seeds and over test documents, and estimate intervals."""
import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Callable, Collection, Iterator, Literal, Mapping, Optional, Sequence

import numpy

from scripts.base.errors import ProjectError
from scripts.evaluation.curves import TOLERANCE, Spread, in_common
from scripts.evaluation.scores import MentionKey, check_same_length, score_mentions

WELCH, PAIRED = "Welch t-test", "paired t-test"
RANDOMIZATION, BOOTSTRAP = "randomization", "bootstrap"
RESAMPLES = 10_000
SIGNIFICANT = 0.05
CONFIDENCE = 0.95
# The most resamples in memory at a time, for test parts with thousands of documents.
CHUNK = 1_000


@dataclass(frozen=True)
class DocumentCounts:
    """A system's counts for each document.

    documents (tuple[str, ...]): Ids of the test documents.
    counts (Mapping[str, numpy.ndarray]): Per entity type, and for all types under "micro": (documents, 3) integers, the
        tp, fp and fn of each document in the order of the ids.
    """

    documents: tuple[str, ...]
    counts: Mapping[str, numpy.ndarray]


@dataclass(frozen=True)
class Comparison:
    """How one system differs from another in F1.

    unit (str): The unit that the p values generalize over: seeds or documents.
    n (int): Number of units that both systems have.
    difference (float): Difference in F1, in points. With several seeds, the difference of the means.
    p_values (Mapping[str, float]): Two-tailed p values by name of the test. Undefined ones are left out.
    interval (Optional[tuple[float, float]]): 95 % interval of the difference, in points. None if not estimated.
    corrected (Mapping[str, float]): The p values corrected by `correct`. Empty before that.
    """

    unit: Literal["seeds", "documents"]
    n: int
    difference: float
    p_values: Mapping[str, float]
    interval: Optional[tuple[float, float]] = None
    corrected: Mapping[str, float] = field(default_factory=dict)


# Over seeds


def welch_t_test(one: Spread, other: Spread) -> Optional[float]:
    """Compute Welch's t-test of two means over seeds (Welch 1947; scipy's `ttest_ind` with unequal variances).

    Null hypothesis: both systems have the same mean F1 over all possible seeds.

    one (Spread): F1 over seeds, in percent.
    other (Spread): F1 over seeds, which may differ from the first ones.
    RETURNS (Optional[float]): The two-tailed p value. None if either has fewer than two seeds, or if neither varies.
    """
    # Only the report needs `scipy.stats`, which takes a second to import.
    from scipy.stats import ttest_ind

    first, second = _values(one), _values(other)
    if min(len(first), len(second)) < 2 or max(numpy.ptp(first), numpy.ptp(second)) <= TOLERANCE:
        return None
    return _p_value(lambda: ttest_ind(first, second, equal_var=False))


def paired_t_test(one: Spread, other: Spread) -> Optional[float]:
    """Compute the paired t-test over seeds (Student 1908; scipy's `ttest_rel`). A seed draws the same sample for both.

    Null hypothesis: the mean difference in F1 over all possible seeds is 0.

    one (Spread): F1 over seeds, in percent.
    other (Spread): F1 over seeds. Seeds that only one of them has are left out.
    RETURNS (Optional[float]): The two-tailed p value. None if there are fewer than two common seeds, or if every seed
        has the same difference.
    """
    from scipy.stats import ttest_rel

    first, second = (_values(spread) for spread in in_common(one, other))
    if len(first) < 2 or numpy.ptp(first - second) <= TOLERANCE:
        return None
    return _p_value(lambda: ttest_rel(first, second))


def compare_seeds(one: Spread, other: Spread) -> Optional[Comparison]:
    """Compare two systems over their common seeds.

    one (Spread): F1 over seeds, in percent.
    other (Spread): F1 over seeds, in percent.
    RETURNS (Optional[Comparison]): The difference of the means and both t-tests, or None without common seeds.
    """
    first, second = in_common(one, other)
    if not first.values:
        return None
    p_values = _defined({PAIRED: paired_t_test(first, second), WELCH: welch_t_test(first, second)})
    return Comparison("seeds", len(first.values), first.mean - second.mean, p_values)


def _values(spread: Spread) -> numpy.ndarray:
    return numpy.array([value for _, value in spread.values])


def _p_value(test: Callable) -> float:
    # scipy warns if seeds hardly vary, but the p value of practically 0 is still right.
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
    """Count exact matches separately for each document.

    documents (Sequence[str]): Ids of the documents.
    gold (Sequence[Collection]): (start, end, type) mentions of each document.
    predicted (Sequence[Collection]): The predicted mentions of each document.
    types (Sequence[str]): Entity types to score.
    RETURNS (DocumentCounts): The counts per type, and for "micro".
    RAISES (ProjectError): If gold and predictions differ in their number of documents.
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
    """Stack the counts of runs that only differ in their seeds.

    runs (Sequence[DocumentCounts]): One per seed. At least one.
    entity_type (str): An entity type, or "micro".
    RETURNS (numpy.ndarray): (seeds, documents, 3) tp, fp and fn.
    RAISES (ProjectError): If the runs were not tested on the same documents.
    """
    if len({run.documents for run in runs}) > 1:
        remedy = "start the experiment again: runs whose test part has changed are repeated"
        raise ProjectError("can't compare runs that were tested on different documents", remedy=remedy)
    return numpy.stack([run.counts[entity_type] for run in runs])


def mean_f1(counts: numpy.ndarray) -> float:
    """RETURNS (float): Mean over seeds of the F1 over all documents, in percent, for (seeds, documents, 3) counts."""
    return float(_f1s(_sizes(counts).sum(axis=1)[None])[0])


def randomization_test(
    one: numpy.ndarray, other: numpy.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Optional[float]:
    """Compute an approximate randomization test over test documents (Noreen 1989; Yeh 2000).

    Null hypothesis: it doesn't matter for F1 which system a document's output comes from. In every resample, a coin is
    tossed for each document to decide whether the two systems swap their outputs, in the runs of all seeds. The
    statistic is the absolute difference of the mean F1 over seeds. The test doesn't generalize to other seeds.

    one (numpy.ndarray): (seeds, documents, 3) tp, fp and fn of a system.
    other (numpy.ndarray): (seeds, documents, 3) of the other system, with the same seeds and documents.
    resamples (int): Number of resamples, n.
    seed (int): Seed of the coin tosses.
    RETURNS (Optional[float]): The two-tailed p value (1 + k) / (1 + n), where k is the number of resamples with a
        difference at least as large. None if there are fewer than two documents.
    RAISES (ProjectError): If the systems don't have the same number of documents and seeds.
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
    """Resample test documents with replacement (paired bootstrap; Berg-Kirkpatrick et al. 2012).

    Both systems and the runs of all seeds use the same resampled documents.

    one (numpy.ndarray): (seeds, documents, 3) tp, fp and fn of a system.
    other (numpy.ndarray): (seeds, documents, 3) of the other system, with the same seeds and documents.
    resamples (int): Number of resamples.
    seed (int): Seed of the draws.
    RETURNS (Optional[numpy.ndarray]): (resamples,) differences of the mean F1 over seeds, in points. None if there are
        fewer than two documents.
    RAISES (ProjectError): If the systems don't have the same number of documents and seeds.
    """
    if _n_documents(one, other) < 2:
        return None
    first, second = _sizes(one), _sizes(other)
    chunks = _chunks(_draws(first.shape[1], resamples, seed))
    return numpy.concatenate([_f1s(_resample(drawn, first)) - _f1s(_resample(drawn, second)) for drawn in chunks])


def bootstrap_p_value(difference: float, resampled: numpy.ndarray) -> float:
    """Compute a paired bootstrap test over test documents (Berg-Kirkpatrick et al. 2012, two-tailed here).

    Null hypothesis: the systems have the same F1 over all possible documents. The differences of the resamples, shifted
    to a center of 0, represent the differences expected by chance.

    difference (float): Difference between the systems, in points of F1.
    resampled (numpy.ndarray): (resamples,) the n differences of `bootstrap_differences`.
    RETURNS (float): The two-tailed p value (1 + k) / (1 + n), where k is the number of resamples at least as far from
        the difference as the difference is from 0.
    """
    extreme = int((abs(resampled - difference) >= abs(difference) - TOLERANCE).sum())
    return (1 + extreme) / (1 + len(resampled))


def bootstrap_interval(resampled: numpy.ndarray) -> tuple[float, float]:
    """RETURNS (tuple[float, float]): The 95 % percentile interval of `bootstrap_differences`, in points of F1."""
    low, high = numpy.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def compare_documents(
    one: numpy.ndarray, other: numpy.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """Compare two systems over the test documents.

    one (numpy.ndarray): (seeds, documents, 3) tp, fp and fn of a system.
    other (numpy.ndarray): (seeds, documents, 3) of the other system, with the same seeds and documents.
    resamples (int): Number of resamples for each test.
    seed (int): Seed of the resamples.
    RETURNS (Comparison): The difference, with both tests and the bootstrap interval if there are two or more documents.
    RAISES (ProjectError): If the systems don't have the same number of documents and seeds.
    """
    n_documents, difference = _n_documents(one, other), mean_f1(one) - mean_f1(other)
    resampled = bootstrap_differences(one, other, resamples, seed)
    if resampled is None:
        return Comparison("documents", n_documents, difference, {})
    p_values = {
        RANDOMIZATION: randomization_test(one, other, resamples, seed),
        BOOTSTRAP: bootstrap_p_value(difference, resampled),
    }
    return Comparison("documents", n_documents, difference, _defined(p_values), bootstrap_interval(resampled))


def _n_documents(one: numpy.ndarray, other: numpy.ndarray) -> int:
    if one.shape != other.shape:
        raise ProjectError(
            f"can't compare {one.shape[0]} seeds on {one.shape[1]} documents "
            f"with {other.shape[0]} seeds on {other.shape[1]} documents"
        )
    return one.shape[1]


def _sizes(counts: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (seeds, documents, 2): mentions found, and the sum of gold and predicted mentions."""
    found = counts[..., 0]
    return numpy.stack([found, 2 * found + counts[..., 1] + counts[..., 2]], axis=-1)


def _f1s(sums: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (resamples,) mean F1 over seeds in percent, for (resamples, seeds, 2) sums over
    documents. 0 if there are no mentions."""
    found, all_mentions = sums[..., 0].astype(float), sums[..., 1].astype(float)
    return (200 * found / numpy.where(all_mentions > 0, all_mentions, 1)).mean(axis=-1)


def _resample(weights: numpy.ndarray, sizes: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (resamples, seeds, 2) sums over documents, each counted as often as its weight says."""
    # A matrix product. Integers below 2 ** 24 are exact in single precision.
    n_seeds, n_documents, _ = sizes.shape
    columns = sizes.transpose(1, 0, 2).reshape(n_documents, -1).astype("float32")
    return (weights.astype("float32") @ columns).reshape(len(weights), n_seeds, 2)


def _chunks(weights: numpy.ndarray) -> Iterator[numpy.ndarray]:
    return (weights[start : start + CHUNK] for start in range(0, len(weights), CHUNK))


# The thousands of comparisons that a target may have use the same resamples.
@lru_cache(maxsize=2)
def _coins(n_documents: int, resamples: int, seed: int) -> numpy.ndarray:
    return numpy.random.default_rng(seed).integers(2, size=(resamples, n_documents), dtype="uint8")


@lru_cache(maxsize=2)
def _draws(n_documents: int, resamples: int, seed: int) -> numpy.ndarray:
    random = numpy.random.default_rng(seed)
    weights = numpy.empty((resamples, n_documents), dtype="uint16")
    for rows in _chunks(weights):
        # Separate positions for the documents of each row, so that all rows are counted in one call.
        places = random.integers(n_documents, size=rows.shape) + n_documents * numpy.arange(len(rows))[:, None]
        rows[:] = numpy.bincount(places.ravel(), minlength=rows.size).reshape(rows.shape)
    return weights


# Many comparisons


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for multiple comparisons (Holm 1979), to control the chance of any false positive among them.

    p_values (Sequence[float]): The p values of one family of comparisons, which may depend on each other.
    RETURNS (list[float]): Corrected p values, in the same order. At most 1.
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = highest
    return corrected


def correct(family: Sequence[Comparison]) -> list[Comparison]:
    """Correct the p values of a family of comparisons by Holm's method, separately for each test.

    family (Sequence[Comparison]): Comparisons that are interpreted together. Undefined tests don't count.
    RETURNS (list[Comparison]): The same comparisons with `corrected`, in the same order.
    """
    corrected: list[dict[str, float]] = [{} for _ in family]
    for test in dict.fromkeys(test for comparison in family for test in comparison.p_values):
        positions = [position for position, comparison in enumerate(family) if test in comparison.p_values]
        p_values = holm([family[position].p_values[test] for position in positions])
        for position, p_value in zip(positions, p_values, strict=True):
            corrected[position][test] = p_value
    return [replace(comparison, corrected=own) for comparison, own in zip(family, corrected, strict=True)]


def resamples_for(comparisons: int) -> int:
    """RETURNS (int): Number of resamples with which the smallest possible p value is below 0.05 after correction for
    this number of comparisons."""
    return max(RESAMPLES, round(2 * comparisons / SIGNIFICANT))
