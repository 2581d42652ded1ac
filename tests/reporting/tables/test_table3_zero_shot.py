"""Test Table 3: every pair, and the paper's corrected rows."""
import pytest

from scripts.reporting.tables.table3_zero_shot import table3_zero_shot
from tests.reporting.made_up import beside_paper, column


def test_table3_has_a_row_for_every_pair(results):
    table = table3_zero_shot(results)
    pairs = list(zip(column(table, "source"), column(table, "target"), strict=True))
    assert len(pairs) == len(set(pairs)) == 12
    assert all(source != target for source, target in pairs)


def test_table3_holds_f1_against_the_papers_corrected_row(results):
    table = table3_zero_shot(beside_paper(results, {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR", "en_ugt": "EN UGT"}))
    rows = {row[:2]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    row = rows["ru_ugt", "ru_ehr"]
    assert (row["Drug paper F1"], row["Disease paper F1"]) == (17.95, 30.86)
    assert row["Drug deviation"] == pytest.approx(row["Drug F1"].mean - 17.95)
    assert row["paper's row"] == "printed as RU EHR to RU UGT"
    assert (rows["en_ugt", "ru_ugt"]["Disease paper F1"], rows["en_ugt", "ru_ugt"]["paper's row"]) == (24.12, None)
    assert rows["en_ehr", "ru_ugt"]["Drug paper F1"] is rows["en_ehr", "ru_ugt"]["Drug deviation"] is None
    assert "They are the right way round here" in table.caption
