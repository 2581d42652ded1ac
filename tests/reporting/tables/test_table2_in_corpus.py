"""Test Table 2: scores and seeds of each type, the paper's figures, and missing runs."""
import pytest

from scripts.evaluation.curves import Spread
from scripts.reporting.tables.table2_in_corpus import table2_in_corpus
from tests.reporting.made_up import beside_paper, column, found_run, make_run


def test_table2_gives_each_types_scores_and_each_seed(read_made_up):
    table = table2_in_corpus(read_made_up([found_run("in-corpus", 120, seed=0), found_run("in-corpus", 200, seed=1)]))
    row = dict(zip(table.columns, next(row for row in table.rows if row[0] == "ru_ugt"), strict=True))
    assert row["Drug F1"] == Spread(((0, 75.0), (1, 100.0)))
    assert row["Disease R"] == Spread(((0, 60.0), (1, 100.0)))
    assert row["micro F1"].mean == 87.5
    assert row["seeds: F1 of Drug / Disease / micro"] == "0: 75.00 / 75.00 / 75.00; 1: 100.00 / 100.00 / 100.00"


def test_table2_names_the_corpora_that_were_not_run(read_made_up):
    missing = [make_run("in-corpus", name, 0) for name in ("en_ugt", "en_ehr", "ru_ehr")]
    table = table2_in_corpus(read_made_up([found_run("in-corpus", 120)], missing))
    assert "3 runs missing (in-corpus: en_ugt, seed 0; en_ehr, seed 0; ru_ehr, seed 0)" in table.caption


def test_table2_holds_f1_against_the_papers(read_made_up):
    runs = [found_run("in-corpus", 120, seed=0), found_run("in-corpus", 200, seed=1)]
    table = table2_in_corpus(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR"}))
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["Drug paper F1"], row["Drug deviation"]) == (60.45, pytest.approx(27.05))
    assert (row["Disease paper F1"], row["Disease deviation"]) == (49.35, pytest.approx(38.15))
    assert "micro paper F1" not in row
    assert "(ru_ugt: RU UGT, ru_ehr: RU EHR)" in table.caption
    assert "precision and recall are exchanged in print" in table.caption


def test_table2_leaves_the_paper_out_where_it_has_no_such_row(read_made_up):
    results = read_made_up([found_run("in-corpus", 120)])
    other = table2_in_corpus(beside_paper(results, {"en_ehr": "EN EHR"}))
    assert column(other, "Drug paper F1") == column(other, "Drug deviation") == [None]
    for without in (beside_paper(results, {}), results):
        table = table2_in_corpus(without)
        assert not any("paper" in name or "deviation" in name for name in table.columns)
        assert "paper" not in table.caption
