"""Find the best method of choosing sentences, and what it costs."""
import statistics
from dataclasses import dataclass
from typing import Optional, Sequence

from scripts.evaluation.curves import Curve, curves_in_common, in_common
from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results
from scripts.reporting.selections import WORDS, SelectionCurve, random_of, selection_curves


@dataclass(frozen=True)
class BestSelection:
    """The best method compared with random samples, on average over the sample sizes that all methods have.

    name (str): The method.
    start (str): What its models start from.
    sizes (tuple[int, ...]): The sample sizes, in sentences.
    f1 (float): Mean F1 with the method, in percent.
    at_random (float): Mean F1 with as many random sentences, in percent.
    at_random_by_words (Optional[float]): Mean F1 with random samples of as many words; None if not all sizes and
        seeds were run.
    more_words (Optional[float]): How many percent more words its samples have than random ones; None if not known.
    seeds (int): How many seeds the means are over, which are those of both the method and the random samples.
    """

    name: str
    start: str
    sizes: tuple[int, ...]
    f1: float
    at_random: float
    at_random_by_words: Optional[float]
    more_words: Optional[float]
    seeds: int

    @property
    def gain(self) -> float:
        """RETURNS (float): Gain over as many random sentences in points of F1; only the difference is rounded."""
        return round(self.f1 - self.at_random, 1)


@dataclass(frozen=True)
class _Compared:
    """A method and random samples with as many sentences.

    method (SelectionCurve): The curve of the method.
    other (SelectionCurve): The random curve.
    own (Curve): F1 with the method, at the sizes and seeds that both have.
    at_random (Curve): F1 with the random samples, at the same.
    """

    method: SelectionCurve
    other: SelectionCurve
    own: Curve
    at_random: Curve


def best_selection(results: Results, target: str, model: str) -> Optional[BestSelection]:
    """Compare the best method with random samples.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    RETURNS (Optional[BestSelection]): None if all samples are plain random ones, or if the methods have no sample size
        in common with each other and with random samples.
    """
    curves = selection_curves(results)
    compared = [one for one in _compared(curves) if (one.method.target, one.method.setup.model) == (target, model)]
    sizes = sorted(set.intersection(*(set(one.own.sizes) for one in compared))) if compared else []
    if not sizes:
        return None
    best = max(compared, key=lambda one: _mean(one.own, sizes))
    f1, at_random = (_mean(curve, sizes) for curve in (best.own, best.at_random))
    return BestSelection(
        *(best.method.choice.name, results.label(best.method.setup), tuple(sizes), f1, at_random),
        at_random_by_words=_at_random_by_words(curves, best, sizes),
        more_words=_more_words(best, sizes),
        seeds=len({seed for size, point in best.own.points if size in sizes for seed, _ in point.values}),
    )


def _compared(curves: Sequence[SelectionCurve]) -> list[_Compared]:
    compared = [
        _Compared(curve, other, *curves_in_common(curve.f1(MICRO), other.f1(MICRO)))
        for curve in curves
        if curve.choice.is_method and (other := random_of(curves, curve))
    ]
    return [one for one in compared if one.own.points]


def _mean(curve: Curve, sizes: Sequence[int]) -> float:
    """RETURNS (float): Mean over sample sizes of the mean F1 at each, in percent."""
    return statistics.fmean(point.mean for size, point in curve.points if size in sizes)


def _at_random_by_words(curves: Sequence[SelectionCurve], best: _Compared, sizes: Sequence[int]) -> Optional[float]:
    other = random_of(curves, best.method, best.method.choice.selection)
    own, by_words = curves_in_common(best.own, other.f1(MICRO)) if other else (Curve(()), Curve(()))
    return _mean(by_words, sizes) if all(own.at(size) == best.own.at(size) for size in sizes) else None


def _more_words(best: _Compared, sizes: Sequence[int]) -> Optional[float]:
    costs = [(best.method.cost(size, WORDS), best.other.cost(size, WORDS)) for size in sizes]
    known = [in_common(one, two) for one, two in costs if one and two]
    return 100 * (sum(one.mean for one, _ in known) / sum(two.mean for _, two in known) - 1) if known else None
