"""List every point of the learning curves by selection: what each sample costs, and its F1."""
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Table
from scripts.reporting.results import Results
from scripts.reporting.selections import COSTS, selection_curves
from scripts.reporting.tables.captions import missing_chosen
from scripts.reporting.tables.score_cells import by_seed

EDITS_DEFINED = (
    "Edits: changes by an annotator who corrects, in each round, the mentions predicted in the new sentences by the "
    "model of the round before, summed over the rounds. A mention with wrong boundaries or type is one edit, and so is "
    "one that is missed or spurious. In a first round without a model that predicts anything, every mention is one "
    "edit."
)


def table_selection(results: Results) -> Table:
    """RETURNS (Table): F1 at each size of each curve by selection, with the sentences, words and edits it takes."""
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
        "Selection: how the sentences of the sample were chosen. With a method, the model trained at one size chooses "
        "the sentences to add for the next. The first ones are chosen by the source's model, or at random without "
        "a source or with a fresh head. All are from the training part, and each model starts from the source again. "
        "Random, as many words as a method: a random sample that stops at the word count of that method's sample of "
        f"this size. Words: tokens except whitespace. {EDITS_DEFINED} Mean ± sample standard deviation over the seeds."
    )
    return Table("selection", "Learning curves by selection", caption + missing_chosen(results), columns, tuple(rows))
