"""Test cells and tables as text, CSV and Markdown."""
import csv
import io
from dataclasses import replace

import pytest

from scripts.evaluation.curves import spread_of
from scripts.reporting.formats import PValue, Table, format_cell, is_number_column, number_of, to_csv, to_markdown
from scripts.reporting.page import page_table

TABLE = Table(
    "table",
    "Table 0. A | B",
    "How to read it.",
    ("corpus", "F1", "seeds"),
    (("ru|ugt", spread_of({0: 60.0, 1: 61.0}), 2), ("a, b", None, 0), ("c", spread_of({0: 50.0}), 1)),
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "–"),
        (3, "3"),
        (2.0, "2.00"),
        ("never", "never"),
        (spread_of({0: 61.234}), "61.23"),
        (spread_of({0: 60.0, 1: 61.0}), "60.50 ± 0.71"),
    ],
)
def test_cells_as_people_read_them(cell, text):
    assert format_cell(cell) == text


def test_csv_has_mean_and_deviation_in_columns_of_their_own():
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows == [
        ["corpus", "F1", "F1 sd", "seeds"],
        ["ru|ugt", "60.5", "0.7071", "2"],
        ["a, b", "", "", "0"],
        ["c", "50.0", "", "1"],
    ]


def test_markdown_escapes_and_aligns():
    lines = to_markdown(TABLE).splitlines()
    assert lines[2:6] == [
        "| corpus | F1 | seeds |",
        "| :-- | --: | --: |",
        "| ru\\|ugt | 60.50 ± 0.71 | 2 |",
        "| a, b | – | 0 |",
    ]
    assert lines[-1] == "How to read it."


def test_markdown_says_what_terms_mean():
    lines = to_markdown(replace(TABLE, terms=(("seeds", "How many."),))).splitlines()
    assert lines[-3:] == ["How to read it.", "", "- *seeds*: How many."]


def test_a_column_with_a_number_is_a_number_column():
    assert [is_number_column(TABLE, column) for column in range(3)] == [False, True, True]


@pytest.mark.parametrize("text", ["=1+2", "+1+1", "-x", "@SUM(A1)", "\tx", "\nx", "＝1+2", "-1.5 to x"])
def test_no_cell_of_a_csv_file_is_a_formula(text):
    table = Table("table", "Table 0", "How to read it.", (text, "F1"), ((text, -3), (text, -0.5)))
    header, *rows = csv.reader(io.StringIO(to_csv(table), newline=""))
    assert header == [f"'{text}", "F1"] and rows == [[f"'{text}", "-3"], [f"'{text}", "-0.5"]]


@pytest.mark.parametrize("text", ["+0.031", "-0.012", "-1.59 to 11.58", "-3.54 to -0.2", "+1.5 to +3"])
def test_numbers_with_their_signs_are_no_formulas(text):
    assert to_csv(Table("table", "Table 0", "How to read it.", ("difference",), ((text,),))) == f"difference\n{text}\n"


def test_a_p_value_is_a_number_however_small():
    cells = [PValue(1 / 10_001), PValue(0.0001), PValue(0.04781), PValue(1.0)]
    assert [format_cell(cell) for cell in cells] == ["< 0.0001", "0.0001", "0.0478", "1.0000"]
    assert sorted(cells, key=number_of) == cells
    table = Table("table", "Table 0", "How to read it.", ("p",), tuple((cell,) for cell in cells))
    assert to_csv(table).splitlines()[1:] == ["9.999e-05", "0.0001", "0.04781", "1"]
    assert is_number_column(table, 0) and page_table(table).rows[0][1][0].number == 1 / 10_001


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (None, None),
        (3, 3.0),
        (spread_of({0: 60.0, 1: 61.0}), 60.5),
        ("74.1 (70.2 to 78.0)", 74.1),
        ("-1.20 to 3.40", -1.2),
        ("16.6 % of 301", 16.6),
        ("+0.031", 0.031),
        ("0: 75.00 / 80.00", None),
        ("3 of 4", None),
        ("not reached (max 91 % at 150)", None),
    ],
)
def test_cells_are_sorted_by_the_number_that_they_begin_with(cell, number):
    assert number_of(cell) == number
