"""Measure the stability of a learning curve (research question 3 of the paper)."""
import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import Optional

from scripts.evaluation.curves import Curve, curves_in_common


@dataclass(frozen=True)
class Stability:
    """How much a learning curve varies, in points of F1. Smaller values are more stable.

    spread (Optional[float]): Mean over the sample sizes of the sample standard deviation over seeds. None if no size
        has two seeds.
    steps (Optional[float]): Standard deviation of the differences of mean F1 between consecutive sizes. None with fewer
        than three sizes. It includes the curve's bend, so only compare curves with the same sizes.
    seed_steps (Optional[float]): The same for each seed's own curve, as a mean over the seeds that were run at every
        size. None if there is no such seed, or with fewer than three sizes.
    """

    spread: Optional[float]
    steps: Optional[float]
    seed_steps: Optional[float]


def stability_of(curve: Curve) -> Stability:
    """Measure the stability of a learning curve.

    curve (Curve): F1 over seeds by sample size. It may be empty.
    RETURNS (Stability): The stability, in points of F1.
    """
    spreads = [point.sd for _, point in curve.points if point.sd is not None]
    own = [sd for sd in map(_sd_of_steps, curve.by_seed()) if sd is not None]
    return Stability(
        spread=statistics.fmean(spreads) if spreads else None,
        steps=_sd_of_steps(curve),
        seed_steps=statistics.fmean(own) if own else None,
    )


def compare_stability(one: Curve, other: Curve) -> tuple[Stability, Stability]:
    """RETURNS (tuple[Stability, Stability]): The stability of both curves at the sizes and seeds that both have."""
    first, second = curves_in_common(one, other)
    return stability_of(first), stability_of(second)


def _sd_of_steps(curve: Curve) -> Optional[float]:
    steps = [later.mean - earlier.mean for (_, earlier), (_, later) in pairwise(curve.points)]
    return statistics.stdev(steps) if len(steps) > 1 else None
