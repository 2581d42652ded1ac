"""Count the mentions of the test parts by kind of error."""

from scripts.evaluation.errors import KINDS, ErrorCounts
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.results.kinds import COMPARED, FEW_SHOT

# Headings of the kinds of error, which must differ from the heading of the entity type.
KIND_HEADINGS = ("correct", "wrong boundaries", "wrong type", "wrong boundaries and type", "missed", "spurious")
CAPTION = (
    "Mentions of the test parts by kind of error, summed over the seeds. Few-shot runs: those at the largest sample "
    "size."
)
TERMS = (
    (
        "correct to spurious",
        "Each mention counts once: a gold mention is paired with the predicted one that overlaps it most.",
    ),
    ("wrong type", "Counted under the type of the gold mention."),
    ("seen", "The same words, in any case, are also a mention of the type in the training sentences."),
    ("recall", "Exact match, in percent."),
)


def table_errors(results: Results) -> Table:
    """RETURNS (Table): The mentions of the test parts by kind of error, and recall on mentions seen in training."""
    columns = ("runs", "target", "pretrain", "size", "type", "seeds", *KIND_HEADINGS)
    columns += ("seen mentions", "recall of seen", "unseen mentions", "recall of unseen")
    rows = [
        row
        for kind in COMPARED
        for target in results.corpus_names
        for setup in results.setups(kind, target=target)
        for row in _error_rows(results, kind, target, setup)
    ]
    caption = CAPTION + ("" if rows else " Nothing to show: no run has recorded its errors.")
    return Table("errors", "Errors by kind", caption, columns, tuple(rows), TERMS)


def _error_rows(results: Results, kind: str, target: str, setup: Setup) -> list[tuple[Cell, ...]]:
    size = max((run.coordinates.size or 0 for run in results.of(kind, target=target)), default=0) or None
    runs = [
        run
        for run in results.of(kind, target=target, **vars(setup))
        if kind != FEW_SHOT or run.coordinates.size == size
    ]
    rows = []
    for entity_type in results.types:
        known = [run for run in runs if entity_type in run.errors]
        if known:
            errors = sum((run.errors[entity_type] for run in known), ErrorCounts())
            seeds = len({run.coordinates.seed for run in known})
            rows.append((kind, target, results.label(setup), size, entity_type, seeds, *_error_cells(errors)))
    return rows


def _error_cells(errors: ErrorCounts) -> tuple[Cell, ...]:
    seen, unseen = errors.seen, errors.unseen
    return (*(errors.kinds[kind] for kind in KINDS), seen.total, seen.recall, unseen.total, unseen.recall)
