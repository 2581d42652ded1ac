"""Forecast what more sentences of the target would bring."""
from typing import Optional

from scripts.evaluation.forecast import (
    FEWEST_SIZES,
    REACH,
    SHARES,
    Forecast,
    forecast,
)
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.captions import nothing_to_show
from scripts.reporting.tables.intervals import NOT_DETERMINED, PERCENT, TOO_FEW, interval_text, sentences_text


def table_forecast(results: Results) -> Table:
    """RETURNS (Table): The forecast for twice the sentences, and the sentences needed to come close to the plateau."""
    shares = tuple(f"{100 * share:.0f} % of plateau" for share in SHARES)
    columns = ("target", "pretrain", "type", "sizes", "runs", "sentences", "F1", "twice the sentences")
    columns += ("predicted F1", "plateau", *shares, "why not determined")
    rows = tuple(
        (target, results.label(setup), entity_type, *_forecast_cells(results, target, setup, entity_type))
        for target, setup, entity_type in results.learning_curves()
    )
    caption = "Inverse power laws (Figueroa et al. 2012) fitted to each curve, and their forecasts for more sentences."
    terms = (
        ("law", "F1 = plateau - scale * sentences ** -exponent."),
        ("a (b to c)", f"Median and {PERCENT} interval of the laws that are probable given the runs."),
        ("sentences, F1", "The largest sample, and the mean F1 over its seeds, in percent."),
        ("predicted F1", "F1 of one run with twice as many sentences."),
        ("plateau", "F1 with infinitely many sentences."),
        ("95 % of plateau", f"Sentences needed for it; beyond: more than {REACH} times the largest sample."),
        (NOT_DETERMINED, f"A law needs {FEWEST_SIZES} sizes, and a plateau needs a curve that bends toward it."),
        (
            "assumptions",
            "Noise is normal and independent between runs, and its variance falls with the sentences; a "
            "priori, it is about one point at the largest size. Exponents are around 0.55, 80 % of them from 0.29 to "
            "1.04. If a curve doesn't follow such a law, or the runs aren't independent, the intervals are too narrow.",
        ),
    )
    title = "Forecast. What more sentences would bring"
    return Table("forecast", title, caption + nothing_to_show("few-shot run", rows), columns, rows, terms)


def _forecast_cells(results: Results, target: str, setup: Setup, entity_type: str) -> tuple[Cell, ...]:
    curve = results.curve(target, setup, entity_type)
    runs = sum(len(spread.values) for _, spread in curve.points)
    largest, now = curve.points[-1]
    found = forecast(curve)
    predicted = interval_text(found.twice.f1) if found else NOT_DETERMINED
    return (len(curve.points), runs, largest, now, 2 * largest, predicted, *_plateau_cells(found, REACH * largest))


def _plateau_cells(found: Optional[Forecast], reach: int) -> tuple[Cell, ...]:
    problem = found.problem if found else TOO_FEW
    if found is None or problem:
        return (*[NOT_DETERMINED] * (1 + len(SHARES)), problem)
    return (interval_text(found.plateau), *(sentences_text(needed, reach) for _, needed in found.needed), None)
