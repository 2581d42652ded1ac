"""Find the best method of choosing sentences, and what it costs."""
from dataclasses import dataclass
from typing import Optional, Sequence

from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results
from scripts.reporting.selections import WORDS, SelectionCurve, mean_over_sizes, random_of, selection_curves


@dataclass(frozen=True)
class BestSelection:
    """The best method compared with random samples, on average over the sample sizes that both have.

    name (str): The method.
    start (str): What its models start from.
    sizes (tuple[int, ...]): The sample sizes, in sentences.
    f1 (float): Mean F1 with the method, in percent, as printed.
    at_random (float): Mean F1 with as many random sentences, as printed.
    at_random_by_words (Optional[float]): Mean F1 with random samples of as many words; None if none were run.
    more_words (Optional[float]): How many percent more words its samples have than random ones; None if not known.
    seeds (int): How many seeds the means are over.
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
        """RETURNS (float): Gain over as many random sentences in points of F1, between the rounded figures."""
        return self.f1 - self.at_random


def best_selection(results: Results, target: str, model: str) -> Optional[BestSelection]:
    """Compare the best method with random samples.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    RETURNS (Optional[BestSelection]): None if all samples are plain random ones.
    """
    curves = selection_curves(results)
    own = [curve for curve in curves if curve.target == target and curve.setup.model == model]
    scores = [(curve, _against_random(curve, random_of(curves, curve))) for curve in own if curve.choice.is_method]
    known = [(curve, score) for curve, score in scores if score is not None]
    if not known:
        return None
    best, (f1, at_random) = max(known, key=lambda pair: pair[1][0])
    other, by_words = (random_of(curves, best, words_of) for words_of in ("", best.choice.selection))
    sizes = _common_sizes(best, other)
    equal_words = _against_random(best, by_words)
    return BestSelection(
        *(best.choice.name, results.label(best.setup), tuple(sizes), round(f1, 1), round(at_random, 1)),
        at_random_by_words=equal_words[1] if equal_words else None,
        more_words=_more_words(best, other, sizes),
        seeds=len({run.coordinates.seed for run in best.runs}),
    )


def _against_random(curve: SelectionCurve, other: Optional[SelectionCurve]) -> Optional[tuple[float, float]]:
    """RETURNS (Optional[tuple[float, float]]): Mean F1 of a method and of random samples, over their common sizes."""
    sizes = _common_sizes(curve, other)
    if other is None or not sizes:
        return None
    return mean_over_sizes(curve, MICRO, sizes), mean_over_sizes(other, MICRO, sizes)


def _common_sizes(curve: SelectionCurve, other: Optional[SelectionCurve]) -> list[int]:
    return [size for size in curve.f1(MICRO).sizes if other and size in other.f1(MICRO).sizes]


def _more_words(best: SelectionCurve, other: Optional[SelectionCurve], sizes: Sequence[int]) -> Optional[float]:
    costs = [(best.cost(size, WORDS), other.cost(size, WORDS)) for size in sizes] if other else []
    known = [(one.mean, two.mean) for one, two in costs if one and two]
    return 100 * (sum(one for one, _ in known) / sum(two for _, two in known) - 1) if known else None
