"""Create Table 3 of the paper: training on a source, and testing on an unseen target."""
from scripts.reporting.formats import Table
from scripts.reporting.paper_counterparts import if_compared, paper_zero_shot
from scripts.reporting.results import Results
from scripts.reporting.tables.captions import beside_paper, missing_runs
from scripts.reporting.tables.score_cells import BESIDE_F1, how_to_read, score_cells, score_columns
from scripts.results.kinds import ZERO_SHOT

CORRECTED = (
    " In rows with RU EHR, the paper also exchanges source and target. They are the right way round here, and "
    "`paper's row` says how they were printed."
)


def table3_zero_shot(results: Results) -> Table:
    """RETURNS (Table): Table 3 of the paper: training on a source, and testing on an unseen target."""
    rows = []
    for setup in results.setups(ZERO_SHOT):
        for target in results.corpus_names:
            runs = results.of(ZERO_SHOT, target=target, **vars(setup))
            if runs:
                paper = paper_zero_shot(results, setup, target)
                cells = score_cells(results, runs, {name: found.f1 for name, found in paper.items()})
                note = next((found.note for found in paper.values()), None)
                row = (setup.name, target, setup.model, *cells)
                rows.append((*row, *if_compared(results, note or None)))
    caption = "Trained on the source, tested on the target without any of its sentences."
    caption += how_to_read(results, ZERO_SHOT) + beside_paper(results, BESIDE_F1 + CORRECTED)
    caption += missing_runs(results, ZERO_SHOT)
    columns = ("source", "target", "model", *score_columns(results), *if_compared(results, "paper's row"))
    return Table("table3_zero_shot", "Table 3. Zero-shot results", caption, columns, tuple(rows))
