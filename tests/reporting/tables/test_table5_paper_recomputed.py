"""Test the paper's Table 5 as recomputed from its Figure 1."""
from dataclasses import replace

from scripts.reporting.tables.table5_paper_recomputed import table5_paper_recomputed


def test_table5_of_the_paper_shows_every_cell_twice_and_why_six_differ(compared):
    table = table5_paper_recomputed(compared.paper)
    rows = {row[:3]: row[3:] for row in table.rows}
    assert len(rows) == 18
    assert rows["EN UGT", "Drug", "best"] == (500, 500, "EN EHR", "RU UGT", None)
    assert rows["RU UGT", "Drug", "worst"][:4] == (650, 700, "RU EHR or EN UGT+RU EHR", "EN EHR")
    assert rows["RU EHR", "Disease", "worst"] == (1850, 1850, "RU UGT", "EN EHR, EN UGT", None)
    assert rows["RU EHR", "Drug", "none"][:4] == (1500, 1350, "No pretrain", None)
    assert {key for key, row in rows.items() if row[0] != row[1]} == {key for key, row in rows.items() if row[-1]}
    assert table.caption.startswith("12 of 18 cells agree.")
    assert [row[0] for row in table.rows] == ["EN UGT"] * 6 + ["RU UGT"] * 6 + ["RU EHR"] * 6


def test_a_cell_that_no_curve_reaches_is_never(compared):
    others = {key: curve for key, curve in compared.paper.figure1.items() if key != ("RU EHR", "Disease", "RU UGT")}
    rows = {row[:3]: row[3:] for row in table5_paper_recomputed(replace(compared.paper, figure1=others)).rows}
    assert rows["RU EHR", "Disease", "best"] == (1850, "not reached", "", "EN EHR, EN UGT", None)
