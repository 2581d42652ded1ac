"""Lay out what each source gains at a few sample sizes, and whether that is significant (RQ2)."""
from dataclasses import dataclass
from typing import Optional, Sequence

from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table

SIZES_SHOWN = 5
BETTER, WORSE, NOT_SHOWN, NOT_TESTED = "better", "worse", "not shown", "not tested"


@dataclass(frozen=True)
class GainCell:
    """A difference in F1, and the result of the tests.

    difference (float): In points.
    verdict (str): `better` or `worse` if a test shows it, `not shown`, or `not tested`.
    shown_over (str): What the tests that show it generalize over: `seeds`, `documents` or `seeds and documents`.
    """

    difference: float
    verdict: str
    shown_over: str = ""


@dataclass(frozen=True)
class GainGrid:
    """The differences of all entity types together.

    sizes (tuple[int, ...]): The columns, in sentences.
    rows (tuple): (target, what is compared, a cell or None for each size) triples.
    is_thinned (bool): Whether more sizes were run than are shown.
    """

    sizes: tuple[int, ...]
    rows: tuple[tuple[str, str, tuple[Optional[GainCell], ...]], ...]
    is_thinned: bool

    @property
    def has_untested(self) -> bool:
        """RETURNS (bool): Whether any difference could not be tested."""
        return any(cell.verdict == NOT_TESTED for *_, cells in self.rows for cell in cells if cell)


def gain_grid(significance: Table) -> GainGrid:
    """Lay out a table of significance by target, comparison and size.

    significance (Table): The table for sources or for selections.
    RETURNS (GainGrid): A few of its sizes, all entity types together.
    """
    records = [dict(zip(significance.columns, row, strict=True)) for row in significance.rows]
    records = [record for record in records if record["type"] == MICRO]
    sizes = sorted({int(str(record["size"])) for record in records})
    shown = a_few(sizes)
    places = {(record["target"], record["comparison"], record["size"]): _cell(record) for record in records}
    heads = dict.fromkeys((str(record["target"]), str(record["comparison"])) for record in records)
    rows = tuple((*head, tuple(places.get((*head, size)) for size in shown)) for head in heads)
    return GainGrid(tuple(shown), rows, len(shown) < len(sizes))


def _cell(record: dict[str, Cell]) -> GainCell:
    difference, verdict = record["difference in F1"], str(record["verdict"])
    assert isinstance(difference, float)
    for name in (BETTER, WORSE):
        if verdict.startswith(f"{name} over "):
            return GainCell(difference, name, verdict.removeprefix(f"{name} over "))
    return GainCell(difference, NOT_TESTED if verdict == NOT_TESTED else NOT_SHOWN)


def a_few(sizes: Sequence[int]) -> list[int]:
    """RETURNS (list[int]): Up to five of the sizes: the first, the last, and three at even steps in between."""
    if len(sizes) <= SIZES_SHOWN:
        return [*sizes]
    return [sizes[round(step * (len(sizes) - 1) / (SIZES_SHOWN - 1))] for step in range(SIZES_SHOWN)]
