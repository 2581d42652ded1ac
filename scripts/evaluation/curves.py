"""Summarize F1 at growing sample sizes: means, spreads and the number of sentences needed."""
import math
import statistics
from dataclasses import dataclass
from typing import Generic, Hashable, Mapping, Optional, TypeVar

# Because of rounding errors, the mean of decimal fractions may be just below a threshold that it should equal.
TOLERANCE = 1e-9
Source = TypeVar("Source", bound=Hashable)


@dataclass(frozen=True)
class Spread:
    """A percentage measured once per seed.

    values (tuple): (seed, percentage) pairs in the order of the seeds. At least one.
    """

    values: tuple[tuple[int, float], ...]

    @property
    def mean(self) -> float:
        """RETURNS (float): Mean over the seeds."""
        return statistics.fmean(value for _, value in self.values)

    @property
    def sd(self) -> Optional[float]:
        """RETURNS (Optional[float]): Sample standard deviation over the seeds, or None for a single seed."""
        return statistics.stdev(value for _, value in self.values) if len(self.values) > 1 else None

    @property
    def low(self) -> float:
        """RETURNS (float): The lowest value."""
        return min(value for _, value in self.values)

    @property
    def high(self) -> float:
        """RETURNS (float): The highest value."""
        return max(value for _, value in self.values)


@dataclass(frozen=True)
class Curve:
    """A learning curve.

    points (tuple): (sample size in sentences, F1 over seeds in percent) pairs, in ascending order of size.
    """

    points: tuple[tuple[int, Spread], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """RETURNS (tuple[int, ...]): The sample sizes, in sentences."""
        return tuple(size for size, _ in self.points)

    def at(self, size: int) -> Optional[Spread]:
        """RETURNS (Optional[Spread]): The F1 at a sample size, or None if there are no runs of that size."""
        return dict(self.points).get(size)

    @property
    def seeds(self) -> set[int]:
        """RETURNS (set[int]): The seeds that were run at any size."""
        return {seed for _, spread in self.points for seed, _ in spread.values}

    def by_seed(self) -> tuple["Curve", ...]:
        """RETURNS (tuple[Curve, ...]): The curve of each seed that was run at every size, in ascending order of the
        seeds."""
        f1s = {size: dict(spread.values) for size, spread in self.points}
        complete = [seed for seed in sorted(self.seeds) if all(seed in by_seed for by_seed in f1s.values())]
        return tuple(curve_of({size: {seed: f1s[size][seed]} for size in f1s}) for seed in complete)


@dataclass(frozen=True)
class SentencesNeeded:
    """The number of sentences needed to approach the F1 of the whole training part.

    first (Optional[int]): The smallest size at which the mean F1 reaches the threshold (paper, Table 5), or None.
    sustained (Optional[int]): The smallest size from which the mean F1 stays at or above the threshold, or None.
    best_share (Optional[float]): The highest mean F1 as a share of the full F1, which may exceed 1. None if the full
        F1 is 0.
    best_size (Optional[int]): The smallest size with that share.
    """

    first: Optional[int]
    sustained: Optional[int]
    best_share: Optional[float]
    best_size: Optional[int]

    @property
    def is_sustained(self) -> bool:
        """RETURNS (bool): Whether the mean F1 stays at or above the threshold once it has reached it."""
        return self.first is not None and self.sustained == self.first

    @property
    def percent(self) -> int:
        """RETURNS (int): The best share in percent, rounded down, as 98.9 % is not 99 %. 0 if it is undefined."""
        return math.floor(100 * (self.best_share or 0) + TOLERANCE)


@dataclass(frozen=True)
class BestAndWorst(Generic[Source]):
    """Sources with the fewest and the most sentences needed. Several sources are a tie.

    best (tuple[Source, ...]): The sources that reach the threshold first. Empty if none reaches it.
    worst (tuple[Source, ...]): The sources that reach it last.
    never (tuple[Source, ...]): The sources that don't reach it at any size.
    """

    best: tuple[Source, ...]
    worst: tuple[Source, ...]
    never: tuple[Source, ...]


def spread_of(values: Mapping[int, float]) -> Spread:
    """RETURNS (Spread): The spread of percentages by seed."""
    return Spread(tuple(sorted(values.items())))


def curve_of(f1s: Mapping[int, Mapping[int, float]]) -> Curve:
    """RETURNS (Curve): The curve of F1s by sample size and seed."""
    return Curve(tuple((size, spread_of(f1s[size])) for size in sorted(f1s)))


def in_common(one: Spread, other: Spread) -> tuple[Spread, Spread]:
    """RETURNS (tuple[Spread, Spread]): Both spreads, restricted to their common seeds. They may be empty."""
    seeds = dict(one.values).keys() & dict(other.values).keys()
    first, second = (tuple(pair for pair in spread.values if pair[0] in seeds) for spread in (one, other))
    return Spread(first), Spread(second)


def curves_in_common(one: Curve, other: Curve) -> tuple[Curve, Curve]:
    """RETURNS (tuple[Curve, Curve]): Both curves, restricted to their common sizes, and to the common seeds of each
    size. They may have no points."""
    pairs = {size: in_common(spread, other.at(size) or Spread(())) for size, spread in one.points}
    shared = {size: pair for size, pair in pairs.items() if pair[0].values}
    first, second = (Curve(tuple((size, pair[side]) for size, pair in shared.items())) for side in (0, 1))
    return first, second


def within_spread(one: Spread, other: Spread) -> Optional[bool]:
    """Check whether two means differ by no more than the seeds do.

    one (Spread): F1 over seeds.
    other (Spread): F1 over seeds.
    RETURNS (Optional[bool]): True if the difference of the means is at most the wider of the two ranges (highest
        minus lowest seed). None if either has only one seed, so that its range is unknown.
    """
    if one.sd is None or other.sd is None:
        return None
    widest = max(one.high - one.low, other.high - other.low)
    return abs(one.mean - other.mean) <= widest + TOLERANCE


def sentences_needed(curve: Curve, full_f1: float, share: float = 0.99) -> SentencesNeeded:
    """Find where a learning curve approaches the F1 of the whole training part (paper, section 4 and Table 5).

    curve (Curve): F1 by sample size. At least one point.
    full_f1 (float): F1 without pretraining on the whole training part, in percent.
    share (float): The threshold as a share of the full F1.
    RETURNS (SentencesNeeded): The first and the sustained crossing, and the highest share. If the full F1 is 0, shares
        are undefined and every field is None.
    """
    if full_f1 <= 0:
        return SentencesNeeded(None, None, None, None)
    means = [(size, point.mean) for size, point in curve.points]
    best = max(mean for _, mean in means)
    reached = [mean >= share * full_f1 - TOLERANCE for _, mean in means]
    first = next((size for size, is_reached in zip(curve.sizes, reached, strict=True) if is_reached), None)
    sustained = next((size for position, size in enumerate(curve.sizes) if all(reached[position:])), None)
    return SentencesNeeded(first, sustained, best / full_f1, next(size for size, mean in means if mean == best))


def best_and_worst(needed: Mapping[Source, SentencesNeeded]) -> BestAndWorst[Source]:
    """Compare sources by their first crossing, if they have one (as in the paper's Table 5).

    needed (Mapping[Source, SentencesNeeded]): The sentences each source needs, for one target and entity type.
    RETURNS (BestAndWorst): The sources, in the order given.
    """
    first = {name: need.first for name, need in needed.items() if need.first is not None}
    fewest, most = min(first.values(), default=None), max(first.values(), default=None)
    return BestAndWorst(
        best=tuple(name for name in first if first[name] == fewest),
        worst=tuple(name for name in first if first[name] == most),
        never=tuple(name for name in needed if name not in first),
    )
