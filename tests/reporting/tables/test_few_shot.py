"""Test the table of every point of Figure 1, with each seed."""
import pytest

from scripts.reporting.tables.few_shot import table_few_shot
from tests.reporting.made_up import column, found_run, make_run


def test_few_shot_has_every_point_with_each_seed(read_made_up):
    runs = [found_run("few-shot", tp, ("en_ugt",), 25, seed) for seed, tp in enumerate((120, 200))]
    table = table_few_shot(read_made_up(runs))
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert [row[key] for key in ("target", "source", "type", "size")] == ["ru_ugt", "en_ugt", "Drug", 25]
    assert (row["mean F1"], row["seeds"], row["F1 by seed"]) == (87.5, 2, "0: 75.00; 1: 100.00")
    assert row["sd"] == pytest.approx(12.5 * 2**0.5)
    assert column(table, "type") == ["Drug", "Disease", "micro"]


def test_sources_in_sequence_are_told_from_sources_together(read_made_up):
    runs = [
        make_run("few-shot", "ru_ugt", 50, ("en_ugt", "ru_ehr"), 25, in_sequence=in_sequence)
        for in_sequence in (False, True)
    ]
    table = table_few_shot(read_made_up(runs))
    assert column(table, "source")[::3] == ["en_ugt + ru_ehr", "en_ugt then ru_ehr"]
