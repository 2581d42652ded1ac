"""List every point of the learning curves by selection: what each sample takes, and what it brings."""
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Table
from scripts.reporting.results import Results
from scripts.reporting.selections import COSTS, selection_curves
from scripts.reporting.tables.captions import missing_chosen
from scripts.reporting.tables.score_cells import by_seed

EDITS_DEFINED = (
    "Edits: what an annotator adds, removes or moves who in each round corrects the mentions that the model of the "
    "round before has marked in the sentences that are added, all rounds together. A mention with other borders or "
    "another type is one edit, and so is one that is missing or too many; in a first round without a model that marks "
    "anything, every mention is one."
)


def table_selection(results: Results) -> Table:
    """RETURNS (Table): F1 at each size of each curve by selection, with the sentences, words and edits of its samples.
    """
    columns = ("target", "pretrain", "selection", "type", "size", *COSTS, "F1", "seeds", "F1 by seed")
    rows = [
        (curve.target, results.label(curve.setup), curve.choice.name, entity_type, size)
        + tuple(curve.cost(size, what) for what in COSTS)
        + (point, len(point.values), by_seed([point]))
        for curve in selection_curves(results)
        for entity_type in (*results.types, MICRO)
        for size, point in curve.f1(entity_type).points
    ]
    caption = (
        "Selection: how the sentences of the sample were chosen. The model after one size chooses, by a method, the "
        "sentences that are added for the next; the first ones are chosen by the source's model, or at random without "
        "a source and with a fresh head. All are of the training part, and each model starts from the source again. "
        "Random, as many words as a method: a random sample that stops at the words of that method's sample of this "
        f"size. Words: tokens that are no white space. {EDITS_DEFINED} Mean ± sample standard deviation over the seeds."
    )
    return Table("selection", "Learning curves by selection", caption + missing_chosen(results), columns, tuple(rows))
