"""Show the candidates of a search, and name its winners."""
from typing import Optional, Sequence

from scripts.evaluation.search import BASE, Comparison
from scripts.reporting.formats import Cell, Table

CAPTION = (
    "Micro F1 by exact match on development documents of the training part; no test part was opened. Mean ± sample "
    "standard deviation over the seeds of each corpus; the mean is over the corpora. Each candidate changes one "
    "setting of the base. Two winners may not win together, and with equal epochs, smaller batches make more updates. "
    "Difference: mean minus the base's. Better: runs that score higher than the base's run with the same corpus and "
    "seed. A candidate with little more than half of them, or a difference below the standard deviations, may have won "
    "by chance."
)


def table_search(comparisons: Sequence[Comparison]) -> Table:
    """RETURNS (Table): Each candidate of a search at each sample size, with the winners marked."""
    corpora = tuple(dict.fromkeys(name for one in comparisons for name in one.by_corpus))
    columns = ("sentences", "candidate", *(f"{name} F1" for name in corpora))
    columns += ("mean F1", "difference", "better", "winner")
    rows = tuple(_row(one, corpora) for one in comparisons)
    return Table("search", "Search. Settings tried on development documents", CAPTION, columns, rows)


def name_winners(comparisons: Sequence[Comparison]) -> list[str]:
    """RETURNS (list[str]): One line per sample size: the candidate with the highest mean, and its lead."""
    return [_name_winner(one) for one in comparisons if one.is_winner]


def _row(one: Comparison, corpora: Sequence[str]) -> tuple[Cell, ...]:
    is_base = one.candidate == BASE
    return (
        *(_sentences(one.size), one.candidate),
        *(one.by_corpus.get(name) for name in corpora),
        *(one.mean, None if is_base else one.difference),
        None if is_base else f"{one.better} of {one.runs}",
        "yes" if one.is_winner else "",
    )


def _sentences(size: Optional[int]) -> Cell:
    return "whole" if size is None else size


def _name_winner(one: Comparison) -> str:
    where = "All sentences" if one.size is None else f"{one.size} sentences"
    if one.candidate == BASE:
        return f"{where}: the base wins, F1 {one.mean:.2f}"
    return f"{where}: {one.candidate} wins, F1 {one.mean:.2f}, base {one.mean - one.difference:.2f}"
