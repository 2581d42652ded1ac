"""Tell in a sentence which way of choosing sentences serves best, and what it costs."""
from typing import Optional, Sequence

from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results
from scripts.reporting.selections import WORDS, SelectionCurve, mean_over_sizes, random_of, selection_curves


def best_selection(results: Results, target: str, model: str) -> tuple[str, ...]:
    """Hold the best method against random samples, on average over the sample sizes that both have.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    RETURNS (tuple[str, ...]): One sentence; none where all samples are plain random ones.
    """
    curves = selection_curves(results)
    own = [curve for curve in curves if curve.target == target and curve.setup.model == model]
    scores = [(curve, _against_random(curve, random_of(curves, curve))) for curve in own if curve.choice.is_method]
    known = [(curve, score) for curve, score in scores if score is not None]
    if not known:
        return ()
    best, score = max(known, key=lambda pair: pair[1][0])
    return (_sentence(results, curves, best, *score),)


def _against_random(curve: SelectionCurve, other: Optional[SelectionCurve]) -> Optional[tuple[float, float]]:
    """RETURNS (Optional[tuple[float, float]]): Mean F1 of a method and of random samples over the sizes of both."""
    sizes = _common_sizes(curve, other)
    if other is None or not sizes:
        return None
    return mean_over_sizes(curve, MICRO, sizes), mean_over_sizes(other, MICRO, sizes)


def _common_sizes(curve: SelectionCurve, other: Optional[SelectionCurve]) -> list[int]:
    return [size for size in curve.f1(MICRO).sizes if other and size in other.f1(MICRO).sizes]


def _sentence(
    results: Results, curves: Sequence[SelectionCurve], best: SelectionCurve, own: float, at_random: float
) -> str:
    other, by_words = (random_of(curves, best, words_of) for words_of in ("", best.choice.selection))
    sizes = _common_sizes(best, other)
    span = f"at {sizes[0]} sentences" if len(sizes) == 1 else f"on average over {sizes[0]} to {sizes[-1]} sentences"
    # Of the figures as printed, so that they add up for the reader.
    gain = round(own, 1) - round(at_random, 1)
    head = f"{best.target} from {results.label(best.setup)}"
    seeds = len({run.coordinates.seed for run in best.runs})
    over = f"mean of {seeds} seeds" if seeds > 1 else "from a single seed, so that chance is not measured"
    scores = f"({own:.1f} against {at_random:.1f}, {over})"
    told = (
        f"Of the ways to choose sentences, {best.choice.name} serves best ({head}): {span} +{gain:.1f} F1 over as many "
        f"random ones {scores}"
        if gain > 0
        else f"No way to choose sentences beats chance ({head}): {best.choice.name} comes nearest {span} {scores}"
    )
    return told + _words(best, other, sizes) + _equal_words(best, by_words) + "."


def _words(best: SelectionCurve, other: Optional[SelectionCurve], sizes: Sequence[int]) -> str:
    costs = [(best.cost(size, WORDS), other.cost(size, WORDS)) for size in sizes] if other else []
    known = [(one.mean, two.mean) for one, two in costs if one and two]
    if not known:
        return ""
    more = 100 * (sum(one for one, _ in known) / sum(two for _, two in known) - 1)
    return f", with {abs(more):.0f} % {'more' if more >= 0 else 'fewer'} words"


def _equal_words(best: SelectionCurve, by_words: Optional[SelectionCurve]) -> str:
    scores = _against_random(best, by_words)
    return f"; random ones with as many words have {scores[1]:.1f}" if scores else ""
