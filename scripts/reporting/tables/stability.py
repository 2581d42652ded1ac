"""Measure whether training is steadier with a source than without (research question 3 of the paper)."""
from typing import Optional, Sequence

from scripts.evaluation.scores import MICRO
from scripts.evaluation.stability import Stability, stability_of
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.results.kinds import FEW_SHOT, NO_PRETRAIN

CAPTION = (
    "In points of F1; the smaller, the steadier. Over seeds: mean, over the sizes, of the standard deviation over "
    "seeds. From size to size: standard deviation of the first differences of the mean curve, and the mean of that "
    "over the seeds' own curves; it holds the bend of the curve too, which is less where a curve starts higher, so "
    "that it says little alone. Steadier than no pretrain: by the first two, where known, at the same sizes."
)


def table_stability(results: Results) -> Table:
    """RETURNS (Table): Research question 3 of the paper: whether training is steadier with a source than without."""
    columns = ("target", "pretrain", "type", "sizes", "sd over seeds", "sd from size to size")
    columns += ("sd from size to size, by seed", f"steadier than {NO_PRETRAIN}")
    rows = [
        row
        for target in results.targets
        for setup in results.setups(FEW_SHOT, target=target)
        for entity_type in (*results.types, MICRO)
        for row in _stability_rows(results, target, setup, entity_type)
    ]
    answers = [row[-1] for row in rows if row[2] == MICRO and row[-1] is not None]
    caption = CAPTION + (f" By micro F1: {_tally(answers)}." if answers else " Nothing to compare yet.")
    title = "Stability of the learning curves (research question 3)"
    return Table("stability", title, caption, columns, tuple(rows))


def _stability_rows(results: Results, target: str, setup: Setup, entity_type: str) -> list[tuple[Cell, ...]]:
    curve = results.curve(target, setup, entity_type)
    if not curve.points:
        return []
    own, base = stability_of(curve), None
    if not setup.is_no_pretrain:
        base_curve = results.curve(target, setup.no_pretrain, entity_type)
        base = stability_of(base_curve) if base_curve.sizes == curve.sizes else None
    cells = own.spread, own.steps, own.seed_steps, base and _steadier(own, base)
    return [(target, results.label(setup), entity_type, len(curve.points), *cells)]


def _steadier(one: Stability, other: Stability) -> Optional[str]:
    measures = {"over seeds": (one.spread, other.spread), "from size to size": (one.steps, other.steps)}
    known = {name: own < base for name, (own, base) in measures.items() if own is not None and base is not None}
    if not known:
        return None
    names = [name for name, is_steadier in known.items() if is_steadier]
    if len(names) in (0, len(known)):
        return "yes" if names else "no"
    return f"{names[0]} only"


def _tally(answers: Sequence[str]) -> str:
    counts = ", ".join(f"{answer} {answers.count(answer)}" for answer in sorted(set(answers), key=answers.index))
    return f"of {len(answers)} curves beside {NO_PRETRAIN}, steadier {counts}"
