"""Define tables, and write them as CSV and Markdown."""
import csv
import io
import re
from dataclasses import dataclass
from typing import Optional, Sequence, Union

from scripts.evaluation.curves import Spread


@dataclass(frozen=True)
class PValue:
    """A p value, which needs more decimals than other numbers.

    value (float): The p value, above 0 and at most 1.
    """

    value: float


Cell = Union[str, int, float, Spread, PValue, None]
NOTHING = "–"
# Such as `74.1 (70.2 to 78.0)` or `+0.031`, but no `0: 75.00; 1: 70.00` and no `3 of 4`.
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?=$| \(| to | %)")
# A number with its sign or an interval, such as `-1.59 to 11.58`, which are harmless.
SIGNED = re.compile(r"[+-]\d+(?:\.\d+)?(?: to [+-]?\d+(?:\.\d+)?)?")
SMALLEST_P = 0.0001
# Spreadsheets read a cell that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Table:
    """A table, independent of the format it is written in.

    name (str): Stem of its files.
    title (str): Begins with the table's name in the paper.
    caption (str): What it shows, and what is missing.
    columns (tuple[str, ...]): Headings.
    rows (tuple): Cells in the order of the columns; None is a missing value.
    terms (tuple): (term, meaning) pairs that explain columns.
    """

    name: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    terms: tuple[tuple[str, str], ...] = ()


def format_cell(cell: Cell) -> str:
    """RETURNS (str): A cell as readers see it: two decimals, or four of a p value, and mean ± sd if there are several
    seeds."""
    if cell is None:
        return NOTHING
    if isinstance(cell, PValue):
        return f"{cell.value:.4f}" if cell.value >= SMALLEST_P else f"< {SMALLEST_P}"
    if isinstance(cell, Spread):
        return f"{cell.mean:.2f}" if cell.sd is None else f"{cell.mean:.2f} ± {cell.sd:.2f}"
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def number_of(cell: Cell) -> Optional[float]:
    """RETURNS (Optional[float]): The number that a cell is sorted by: its value, its mean, or the number its text
    begins with. None for other text and for a missing value."""
    if isinstance(cell, Spread):
        return cell.mean
    if isinstance(cell, PValue):
        return cell.value
    if isinstance(cell, str):
        found = NUMBER.match(cell)
        return float(found[0]) if found else None
    return None if cell is None else float(cell)


def to_csv(table: Table) -> str:
    """RETURNS (str): The table as CSV; mean and standard deviation have columns of their own."""
    spreads = [any(isinstance(row[position], Spread) for row in table.rows) for position in range(len(table.columns))]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = zip(map(_as_text, table.columns), spreads, strict=True)
    writer.writerow(sum(([name, f"{name} sd"] if is_spread else [name] for name, is_spread in columns), []))
    for row in table.rows:
        writer.writerow(sum((_csv_cells(cell, is_spread) for cell, is_spread in zip(row, spreads, strict=True)), []))
    return stream.getvalue()


def to_markdown(table: Table) -> str:
    """RETURNS (str): The table as Markdown, below its title and above its caption and terms."""
    lines = [f"**{table.title}**", "", _markdown_row(table.columns)]
    lines.append(
        _markdown_row(["--:" if is_number_column(table, column) else ":--" for column in range(len(table.columns))])
    )
    lines += [_markdown_row([format_cell(cell) for cell in row]) for row in table.rows]
    terms = [f"- *{term}*: {meaning}" for term, meaning in table.terms]
    return "\n".join([*lines, "", table.caption, *(["", *terms] if terms else []), ""])


def is_number_column(table: Table, column: int) -> bool:
    """RETURNS (bool): Whether a column holds at least one number, so that it is aligned to the right."""
    return any(isinstance(row[column], (int, float, Spread, PValue)) for row in table.rows)


def _csv_cells(cell: Cell, is_spread: bool) -> list[Cell]:
    if isinstance(cell, Spread):
        return [round(cell.mean, 4), None if cell.sd is None else round(cell.sd, 4)]
    if isinstance(cell, PValue):
        # Significant digits, so that none becomes 0.
        cell = f"{cell.value:.4g}"
    value = round(cell, 4) if isinstance(cell, float) else _as_text(cell) if isinstance(cell, str) else cell
    return [value, None] if is_spread else [value]


def _as_text(text: str) -> str:
    """RETURNS (str): Text that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(FORMULA) and not SIGNED.fullmatch(text) else text


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
