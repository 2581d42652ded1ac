"""Measure how steady a learning curve is (research question 3 of the paper)."""
import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import Optional, Sequence

from scripts.evaluation.curves import Curve


@dataclass(frozen=True)
class Stability:
    """How much a learning curve scatters, in points of F1; the smaller, the steadier.

    spread (Optional[float]): Mean, over the sample sizes, of the sample standard deviation over seeds; None where no
        size has two seeds.
    steps (Optional[float]): Standard deviation of the first differences of the mean curve, from each size to the next;
        None for fewer than three sizes. It holds the bend of the curve too: only curves of the same sizes compare.
    seed_steps (Optional[float]): The same of each seed's own curve, and the mean of that over the seeds that were run
        at every size; None if there is no such seed, or there are fewer than three sizes.
    """

    spread: Optional[float]
    steps: Optional[float]
    seed_steps: Optional[float]


def stability_of(curve: Curve) -> Stability:
    """Measure how steady a learning curve is.

    curve (Curve): F1 over seeds by sample size; it may have no points.
    RETURNS (Stability): In points of F1.
    """
    spreads = [point.sd for _, point in curve.points if point.sd is not None]
    own = [sd for sd in map(_sd_of_steps, _curves_by_seed(curve)) if sd is not None]
    return Stability(
        spread=statistics.fmean(spreads) if spreads else None,
        steps=_sd_of_steps([point.mean for _, point in curve.points]),
        seed_steps=statistics.fmean(own) if own else None,
    )


def _curves_by_seed(curve: Curve) -> list[list[float]]:
    by_size = [dict(point.values) for _, point in curve.points]
    everywhere = set.intersection(*map(set, by_size)) if by_size else set()
    return [[values[seed] for values in by_size] for seed in sorted(everywhere)]


def _sd_of_steps(f1s: Sequence[float]) -> Optional[float]:
    steps = [later - earlier for earlier, later in pairwise(f1s)]
    return statistics.stdev(steps) if len(steps) > 1 else None
