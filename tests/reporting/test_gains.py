"""Test the small table of significance, whose cells are those of the large one at a few sizes."""
import pytest

from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Table
from scripts.reporting.gains import GainCell, a_few, gain_grid
from scripts.reporting.tables.significance import COLUMNS, table_significance


def significance(*rows):
    """A table of significance from (size, type, comparison, difference, verdict) rows."""
    cells = [("ru_ugt", size, kind, name, gain, *[None] * 7, verdict) for size, kind, name, gain, verdict in rows]
    return Table("significance", "Significance", "How to read it.", COLUMNS, tuple(cells))


def test_verdicts_become_marks():
    verdicts = {
        "better over seeds and documents": ("better", "seeds and documents"),
        "better over documents": ("better", "documents"),
        "worse over seeds": ("worse", "seeds"),
        "no difference shown over seeds or documents": ("not shown", ""),
        "not tested": ("not tested", ""),
    }
    for verdict, (name, unit) in verdicts.items():
        grid = gain_grid(significance((50, MICRO, "a against b", 1.5, verdict)))
        assert grid.rows == (("ru_ugt", "a against b", (GainCell(1.5, name, unit),)),)


def test_rows_are_comparisons_and_columns_sizes():
    grid = gain_grid(
        significance(
            (50, MICRO, "a against b", 1.0, "not tested"),
            (100, MICRO, "a against b", 2.0, "not tested"),
            (100, MICRO, "c against b", 3.0, "not tested"),
            (100, "Drug", "c against b", 9.0, "not tested"),
        )
    )
    assert grid.sizes == (50, 100) and not grid.is_thinned
    found = [[cell and cell.difference for cell in cells] for _, _, cells in grid.rows]
    assert found == [[1.0, 2.0], [None, 3.0]]


def test_every_verdict_that_the_table_gives_is_understood(results):
    table = table_significance(results, results.document_counts)
    grid = gain_grid(table)
    assert len(grid.rows) == 6 and grid.sizes == (25, 50, 100, 150)
    assert all(cell.verdict in ("better", "worse", "not shown") for *_, cells in grid.rows for cell in cells)


@pytest.mark.parametrize(
    "sizes, told",
    [([50, 100], [50, 100]), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), (range(50, 2001, 50), [50, 550, 1050, 1500, 2000])],
)
def test_of_many_sizes_a_few_are_told(sizes, told):
    assert a_few([*sizes]) == told
    many = significance(*((size, MICRO, "a against b", 1.0, "not tested") for size in sizes))
    assert gain_grid(many).sizes == tuple(told) and gain_grid(many).is_thinned == (len(told) < len(sizes))
