"""Create Table 2 of the paper: training and testing on the same corpus."""
from scripts.reporting.formats import Table
from scripts.reporting.paper_counterparts import paper_in_corpus
from scripts.reporting.results import Results
from scripts.reporting.tables.captions import beside_paper, missing_runs
from scripts.reporting.tables.score_cells import BESIDE_F1, how_to_read, score_cells, score_columns
from scripts.results.kinds import IN_CORPUS


def table2_in_corpus(results: Results) -> Table:
    """RETURNS (Table): Table 2 of the paper: training and testing on the same corpus."""
    rows = []
    for target in results.corpus_names:
        for setup in results.setups(IN_CORPUS, target=target):
            runs = results.of(IN_CORPUS, target=target, **vars(setup))
            paper = paper_in_corpus(results, target, setup.model)
            rows.append((target, setup.model, *score_cells(results, runs, paper)))
    caption = "Trained on the whole training part of a corpus, tested on its test part."
    caption += how_to_read(results, IN_CORPUS) + beside_paper(results, BESIDE_F1) + missing_runs(results, IN_CORPUS)
    columns = ("corpus", "model", *score_columns(results))
    return Table("table2_in_corpus", "Table 2. In-corpus results", caption, columns, tuple(rows))
