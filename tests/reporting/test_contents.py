"""What stands in a report: every table by its name, from whatever runs there are."""
from pathlib import Path

from scripts.reporting import tables
from scripts.reporting.contents import CORPORA_TABLES, further_tables, paper_tables
from scripts.results.corpora import Corpora
from tests.reporting.made_up import found_run


def test_tables_can_be_made_from_a_single_run(read_made_up):
    results = read_made_up([found_run("zero-shot", 10, ("en_ugt",), 0)])
    for table in paper_tables(results) + further_tables(results):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert table.caption


def test_without_a_description_the_tables_say_so():
    for make_table in CORPORA_TABLES:
        table = make_table(Corpora())
        assert table.rows == () and "Nothing to show" in table.caption


def test_every_table_is_found_by_its_name(compared):
    modules = {path.stem for path in Path(tables.__file__).parent.glob("*.py")}
    made = {table.name for table in paper_tables(compared) + further_tables(compared)}
    assert len(made) == 19
    assert made < modules
