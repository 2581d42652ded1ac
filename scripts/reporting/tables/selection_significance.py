"""Test whether chosen sentences beat as many random ones, and random ones with as many words."""
from typing import Callable, Optional

from scripts.evaluation.scores import MICRO, defined_score
from scripts.evaluation.significance import DocumentCounts
from scripts.reporting.formats import Table
from scripts.reporting.results import Results
from scripts.reporting.selections import SelectionCurve, random_of, selection_curves
from scripts.reporting.tables.captions import missing_chosen
from scripts.reporting.tables.significance import COLUMNS, PairedRuns, significance_rows
from scripts.results.runs import RunResult


def table_selection_significance(
    results: Results, document_counts: Callable[[RunResult], Optional[DocumentCounts]]
) -> Table:
    """Test whether chosen sentences beat random ones, at each sample size.

    results (Results): The experiment.
    document_counts (Callable): Gives a run's counts by test document; None where they are not known.
    RETURNS (Table): A row for each target, entity type, method, opponent and size.
    """
    curves = selection_curves(results)
    counts = {run.run: document_counts(run) for curve in curves for run in curve.runs}
    rows = [
        row
        for target in dict.fromkeys(curve.target for curve in curves)
        for entity_type in (*results.types, MICRO)
        for row in significance_rows(target, entity_type, _paired(results, curves, target, entity_type), counts)
    ]
    caption = (
        "Each method against random samples with as many sentences and, if available, as many words. A first sample "
        "that no model chose is left out. Tests, intervals and verdicts are as in the table of sources, corrected for "
        "all comparisons of one target and one type."
    )
    title = "Significance: do chosen sentences help?"
    return Table("selection_significance", title, caption + missing_chosen(results), COLUMNS, tuple(rows))


def _paired(results: Results, curves: list[SelectionCurve], target: str, entity_type: str) -> list[PairedRuns]:
    compared = []
    for curve in (curve for curve in curves if curve.target == target and curve.choice.is_method):
        for words_of in ("", curve.choice.selection):
            other = random_of(curves, curve, words_of)
            for size in curve.sizes if other else []:
                assert other
                pairs = _pairs(curve.at(size), other.at(size), entity_type)
                name = f"{curve.choice.name} against {other.choice.name} ({results.label(curve.setup)})"
                compared += [PairedRuns(size, name, pairs)] if pairs else []
    return compared


def _pairs(
    runs: list[RunResult], others: list[RunResult], entity_type: str
) -> tuple[tuple[RunResult, RunResult], ...]:
    by_seed = {run.coordinates.seed: run for run in others}
    both = [(run, by_seed[run.coordinates.seed]) for run in runs if run.coordinates.seed in by_seed]
    both = [(run, other) for run, other in both if not run.training or run.training != other.training]
    return tuple(pair for pair in both if all(defined_score(run.scores.tokens, entity_type) for run in pair))
