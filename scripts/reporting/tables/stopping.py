"""Forecast after each round what the next sentences will bring, and whether it is time to stop."""
from typing import Optional

from scripts.evaluation.curves import Curve
from scripts.evaluation.forecast import FEWEST_SIZES, REACH, SHARES, Forecast, Interval, forecast, predict
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results
from scripts.reporting.selections import all_curves
from scripts.reporting.tables.captions import nothing_to_show
from scripts.reporting.tables.intervals import NOT_DETERMINED, PERCENT, interval_text, sentences_text

MORE = 100
ENOUGH = SHARES[-1]


def table_stopping(results: Results) -> Table:
    """RETURNS (Table): For each curve and size, the forecast for `MORE` more sentences, made at that size."""
    enough = f"{100 * ENOUGH:.0f} % of plateau"
    columns = ("target", "pretrain", "selection", "sentences", "F1", f"F1 with {MORE} more", "gain", enough, "reached")
    rows = tuple(
        (curve.target, results.label(curve.setup), curve.choice.name, *cells)
        for curve in all_curves(results)
        if not curve.choice.words_of
        for cells in _rounds(curve.f1(MICRO))
    )
    caption = "The forecast made at each size from the sizes up to it, for all entity types together."
    terms = (
        ("F1", "Mean over the seeds."),
        (f"F1 with {MORE} more", f"F1 of one run with {MORE} more sentences: median and {PERCENT} interval."),
        ("gain", "That median minus F1."),
        (enough, "Sentences needed for it."),
        ("reached", "Maybe: from the lower end of that interval; probably: from its median; yes: from its upper end."),
        (NOT_DETERMINED, f"The curve does not bend yet. The first sizes are left out: a law needs {FEWEST_SIZES}."),
        ("chosen samples", "Not random, so the laws may predict the bend of their curves less well."),
    )
    title = "When to stop. What the next sentences would bring"
    caption += nothing_to_show(f"curve of {FEWEST_SIZES} sizes", rows)
    return Table("stopping", title, caption, columns, rows, terms)


def _rounds(curve: Curve) -> list[tuple[Cell, ...]]:
    seen = [Curve(curve.points[:number]) for number in range(FEWEST_SIZES, len(curve.points) + 1)]
    return [_cells(one) for one in seen]


def _cells(curve: Curve) -> tuple[Cell, ...]:
    size, now = curve.points[-1]
    (later,) = predict(curve, (size + MORE,))
    needed = needed_for_enough(forecast(curve))
    return (
        *(size, now, interval_text(later.f1), later.f1.value - now.mean),
        *(sentences_text(needed, REACH * size) if needed else NOT_DETERMINED, reached(size, needed)),
    )


def needed_for_enough(found: Optional[Forecast]) -> Optional[Interval]:
    """RETURNS (Optional[Interval]): The sentences needed for 99 % of the plateau; None if not known."""
    return dict(found.needed).get(ENOUGH) if found else None


def reached(size: int, needed: Optional[Interval]) -> str:
    """RETURNS (str): Whether that many sentences are enough: no, maybe, probably, yes or `not determined`."""
    if needed is None:
        return NOT_DETERMINED
    bounds = {"yes": needed.high, "probably": needed.value, "maybe": needed.low}
    return next((name for name, sentences in bounds.items() if size >= sentences), "no")
