"""Measure whether training is steadier with a source than without (research question 3 of the paper)."""
from typing import Optional, Sequence

from scripts.evaluation.scores import MICRO
from scripts.evaluation.stability import Stability, compare_stability, stability_of
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.results.kinds import FEW_SHOT, NO_PRETRAIN

CAPTION = "How much a learning curve varies, in points of F1: less is steadier."
TERMS = (
    ("sd over seeds", "Standard deviation over the seeds, averaged over the sizes."),
    ("sd from size to size", "Standard deviation of the steps of the mean curve. A curve that bends varies too."),
    ("by seed", "The same for each seed's own curve, averaged."),
    ("steadier", "By the first two, if known, at the sizes and seeds that both have."),
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
    caption = CAPTION + (f" {_tally(answers)}." if answers else " Nothing to compare yet.")
    title = "Stability of the learning curves (research question 3)"
    return Table("stability", title, caption, columns, tuple(rows), TERMS)


def _stability_rows(results: Results, target: str, setup: Setup, entity_type: str) -> list[tuple[Cell, ...]]:
    curve = results.curve(target, setup, entity_type)
    if not curve.points:
        return []
    own, base = stability_of(curve), results.curve(target, setup.no_pretrain, entity_type)
    verdict = None if setup.is_no_pretrain else _steadier(*compare_stability(curve, base))
    cells = own.spread, own.steps, own.seed_steps, verdict
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
    partly = (f"{answers.count(one)} {one}" for one in sorted(set(answers) - {"yes", "no"}))
    counts = "; ".join([f"{answers.count('yes')} of {len(answers)}", *partly])
    return f"Curves that are steadier than {NO_PRETRAIN}, by micro F1: {counts}"
