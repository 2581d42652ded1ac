"""Compare forecasts with held-out runs."""
from itertools import groupby
from typing import Iterable, Sequence

from scripts.evaluation.forecast import (
    BackTest,
    back_test,
    half_of,
    summarize,
)
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.intervals import PERCENT, TOO_FEW, interval_text

# The paper's curves are fitted up to here, and compared with its runs at twice that and at its largest size.
PAPER_FITTED_UP_TO = 500
PAPER_HELD_OUT = (1000, 1950)


def table_forecast_back_test(results: Results) -> Table:
    """RETURNS (Table): Predictions for held-out sizes, next to the measured F1."""
    columns = ("target", "pretrain", "type", "fitted up to", "sentences", "curves", "measured F1", "predicted F1")
    columns += ("error", "absolute error", "% within interval", "naive error", "naive absolute error")
    tests = [
        (target, results.label(setup), entity_type, test)
        for target, setup, entity_type in results.learning_curves()
        for test in _back_test(results, target, setup, entity_type)
    ]
    rows = [_test_row(*names, test) for *names, test in tests]
    rows += _summary_rows("all", [test for _, _, entity_type, test in tests if entity_type != MICRO])
    caption = "Power laws fitted to the sizes up to half of the largest, compared with the runs at larger sizes."
    terms = (
        ("error", "Predicted minus measured mean F1, in points."),
        ("naive error", "The same, with the last F1 of the fit as the prediction."),
        ("% within interval", f"Share of the runs within the {PERCENT} interval. It should be about {PERCENT}."),
        ("all", "Means over the curves of the entity types."),
    )
    caption += "" if tests else f" There is no row for this experiment: {TOO_FEW} up to half of the largest size."
    paper = _paper_rows(results)
    caption += _how_chosen() if paper else ""
    title = "Forecast, compared with held-out runs"
    return Table("forecast_back_test", title, caption, columns, (*rows, *paper), terms)


def _back_test(results: Results, target: str, setup: Setup, entity_type: str) -> tuple[BackTest, ...]:
    curve = results.curve(target, setup, entity_type)
    return back_test(curve, half_of(curve))


def _test_row(target: str, pretrain: str, entity_type: str, test: BackTest) -> tuple[Cell, ...]:
    predicted = interval_text(test.prediction.f1)
    return (
        *(target, pretrain, entity_type, test.fitted_up_to, test.prediction.size, 1, test.measured, predicted),
        *(test.error, abs(test.error), 100 * test.covered, test.naive_error, abs(test.naive_error)),
    )


def _summary_rows(name: str, tests: Iterable[BackTest]) -> list[tuple[Cell, ...]]:
    by_sizes = sorted(tests, key=_sizes_of)
    return [_summary_row(name, *sizes, list(group)) for sizes, group in groupby(by_sizes, key=_sizes_of)]


def _sizes_of(test: BackTest) -> tuple[int, int]:
    return test.fitted_up_to, test.prediction.size


def _summary_row(name: str, fitted_up_to: int, size: int, tests: Sequence[BackTest]) -> tuple[Cell, ...]:
    summary = summarize(tests)
    return (
        *(name, None, None, fitted_up_to, size, summary.tests, None, None, summary.error, summary.absolute_error),
        *(100 * summary.covered, summary.naive_error, summary.naive_absolute_error),
    )


def _paper_rows(results: Results) -> list[tuple[Cell, ...]]:
    curves = results.paper.figure1 if results.paper else {}
    tests = [
        (target, test)
        for (target, _, _), curve in curves.items()
        for test in back_test(curve.trained, PAPER_FITTED_UP_TO)
        if test.prediction.size in PAPER_HELD_OUT
    ]
    rows = []
    for target in dict.fromkeys(target for target, _ in tests):
        rows += _summary_rows(f"paper: {target}", [test for name, test in tests if name == target])
    return rows + _summary_rows("paper: all", [test for _, test in tests])


def _how_chosen() -> str:
    sizes = " and ".join(str(size) for size in PAPER_HELD_OUT)
    return (
        f" The paper's rows: its curves of Figure 1, one run per size, fitted up to {PAPER_FITTED_UP_TO} sentences and "
        f"compared with {sizes}. The priors of exponents and noise were chosen by looking at these curves, including "
        "their far ends, so this is not an independent test."
    )
