"""Find how many sentences, words and edits each selection needs to come close to the full F1."""
from scripts.evaluation.curves import sentences_needed
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results
from scripts.reporting.selections import COSTS, SelectionCurve, selection_curves
from scripts.reporting.tables.captions import missing_chosen
from scripts.reporting.tables.table5_sentences_needed import not_reached

SHARES = (0.95, 0.97, 0.99)


def table_selection_needed(results: Results) -> Table:
    """RETURNS (Table): The cost of the smallest samples of each selection that reach shares of the full F1."""
    columns = ("target", "pretrain", "type", "full F1", "share", "selection", "size", *COSTS)
    curves = selection_curves(results)
    groups = dict.fromkeys((curve.target, curve.setup) for curve in curves)
    rows = tuple(
        _row(results, curve, entity_type, share)
        for group in groups
        for entity_type in (*results.types, MICRO)
        for share in SHARES
        for curve in curves
        if (curve.target, curve.setup) == group and curve.f1(entity_type).points
    )
    caption = (
        "The smallest sample size whose mean F1 reaches this share of the full F1, and the cost of samples of that "
        "size, as a mean over the seeds. Full F1: training on the whole training part without pretraining. Sizes are "
        "those that were run, without interpolation."
    )
    title = "Sentences, words and edits needed, by selection"
    return Table("selection_needed", title, caption + missing_chosen(results), columns, rows)


def _row(results: Results, curve: SelectionCurve, entity_type: str, share: float) -> tuple[Cell, ...]:
    full = results.full(curve.target, curve.setup.model, entity_type)
    head = (curve.target, results.label(curve.setup), entity_type, full, f"{100 * share:.0f} %", curve.choice.name)
    need = sentences_needed(curve.f1(entity_type), full.mean, share) if full else None
    if need is None:
        return (*head, "unknown (in-corpus run missing)", None, None, None)
    if need.first is None:
        return (*head, not_reached(need), None, None, None)
    return (*head, need.first, *(curve.cost(need.first, what) for what in COSTS))
