"""Tell after each round what the next sentences are expected to bring, and whether it is time to stop."""
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
    """RETURNS (Table): For each curve and size what so many more sentences would bring, as known at that size."""
    enough = f"{100 * ENOUGH:.0f} % of plateau"
    columns = ("target", "pretrain", "selection", "sentences", "F1", f"F1 with {MORE} more", "gain", enough, "reached")
    rows = tuple(
        (curve.target, results.label(curve.setup), curve.choice.name, *cells)
        for curve in all_curves(results)
        if not curve.choice.words_of
        for cells in _rounds(curve.f1(MICRO))
    )
    caption = "What the forecast says at each size, made of the sizes up to it; all entity types together."
    terms = (
        ("F1", "Mean over the seeds."),
        (f"F1 with {MORE} more", f"Of one run with {MORE} sentences more: median, and {PERCENT} interval."),
        ("gain", "Difference of the medians."),
        (enough, "Sentences that it takes."),
        ("reached", "Maybe: from the lower end of that interval on; probably: its median; yes: its upper end."),
        (NOT_DETERMINED, f"The curve does not bend yet. The first sizes are left out: a law needs {FEWEST_SIZES}."),
        ("chosen samples", "Hold other sentences than random ones, so that the laws may foresee their bend less well."),
    )
    title = "When to stop. What the next sentences would bring"
    caption += nothing_to_show(f"curve of {FEWEST_SIZES} sizes", rows)
    return Table("stopping", title, caption, columns, rows, terms)


def _rounds(curve: Curve) -> list[tuple[Cell, ...]]:
    seen = [Curve(curve.points[:number]) for number in range(FEWEST_SIZES, len(curve.points) + 1)]
    return [_cells(one) for one in seen]


def _cells(curve: Curve) -> tuple[Cell, ...]:
    size, now = curve.points[-1]
    here, later = predict(curve, (size, size + MORE))
    needed = needed_for_enough(forecast(curve))
    return (
        *(size, now, interval_text(later.f1), later.f1.value - here.f1.value),
        *(sentences_text(needed, REACH * size) if needed else NOT_DETERMINED, reached(size, needed)),
    )


def needed_for_enough(found: Optional[Forecast]) -> Optional[Interval]:
    """RETURNS (Optional[Interval]): The sentences that 99 % of the plateau takes; None if that can't be told."""
    return dict(found.needed).get(ENOUGH) if found else None


def reached(size: int, needed: Optional[Interval]) -> str:
    """RETURNS (str): Whether so many sentences are enough: no, maybe, probably or yes; else that it can't be told."""
    if needed is None:
        return NOT_DETERMINED
    borders = {"yes": needed.high, "probably": needed.value, "maybe": needed.low}
    return next((name for name, sentences in borders.items() if size >= sentences), "no")
