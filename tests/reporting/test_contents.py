"""Test which tables a report has, whatever runs there are."""
import inspect
from importlib import import_module
from pathlib import Path

from scripts.report import NOT_ALWAYS_MADE
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


# Tables that `plan` and `search` print, and those that come from other files than the runs.
MADE_ELSEWHERE = {"plan", "search", "calibration", "error_examples"}
OF_A_SHIPPED_PIPELINE = {"shipped"}
ON_CHOSEN_SAMPLES = {"selection", "selection_needed", "selection_significance"}


def modules_with_a_table():
    """The modules of tables that define one."""
    for path in Path(tables.__file__).parent.glob("*.py"):
        module = import_module(f"{tables.__name__}.{path.stem}")
        functions = inspect.getmembers(module, inspect.isfunction)
        if any(name.startswith("table") and made.__module__ == module.__name__ for name, made in functions):
            yield path.stem


def test_every_table_is_listed_and_found_by_its_name(compared):
    made = {table.name for table in paper_tables(compared) + further_tables(compared)}
    assert made | ON_CHOSEN_SAMPLES | OF_A_SHIPPED_PIPELINE | MADE_ELSEWHERE == set(modules_with_a_table())


def test_what_describe_prints_is_in_the_report(compared):
    described = {make_table(Corpora()).name for make_table in CORPORA_TABLES}
    assert described <= {table.name for table in paper_tables(compared)}


def test_a_table_that_some_reports_lack_is_deleted_with_an_older_report(compared, read_made_up):
    single = read_made_up([found_run("zero-shot", 10, ("en_ugt",), 0)])
    some, others = ({table.name for table in paper_tables(one) + further_tables(one)} for one in (compared, single))
    assert (some ^ others) | ON_CHOSEN_SAMPLES | OF_A_SHIPPED_PIPELINE <= set(NOT_ALWAYS_MADE)
