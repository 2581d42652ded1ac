"""Summarise F1 at growing sample sizes: means, spreads and the number of sentences that are needed."""
import statistics
from dataclasses import dataclass
from typing import Generic, Hashable, Mapping, Optional, TypeVar

# Means of decimal fractions may fall short of a threshold that they equal by a rounding error of binary arithmetic.
TOLERANCE = 1e-9
Source = TypeVar("Source", bound=Hashable)


@dataclass(frozen=True)
class Spread:
    """A percentage measured once per seed.

    values (tuple): (seed, percentage) pairs, one at least, in the order of the seeds.
    """

    values: tuple[tuple[int, float], ...]

    @property
    def mean(self) -> float:
        """RETURNS (float): Mean over the seeds."""
        return statistics.fmean(value for _, value in self.values)

    @property
    def sd(self) -> Optional[float]:
        """RETURNS (Optional[float]): Sample standard deviation over the seeds; None for a single seed."""
        return statistics.stdev(value for _, value in self.values) if len(self.values) > 1 else None

    @property
    def low(self) -> float:
        """RETURNS (float): The lowest seed's value."""
        return min(value for _, value in self.values)

    @property
    def high(self) -> float:
        """RETURNS (float): The highest seed's value."""
        return max(value for _, value in self.values)


@dataclass(frozen=True)
class Curve:
    """A learning curve.

    points (tuple): (sample size in sentences, F1 over seeds in percent) pairs, by ascending size.
    """

    points: tuple[tuple[int, Spread], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """RETURNS (tuple[int, ...]): The sample sizes, in sentences."""
        return tuple(size for size, _ in self.points)

    def at(self, size: int) -> Optional[Spread]:
        """RETURNS (Optional[Spread]): The F1 at a sample size; None if nothing was run there."""
        return dict(self.points).get(size)


@dataclass(frozen=True)
class SentencesNeeded:
    """How many sentences it takes to come near the F1 of the whole training part.

    first (Optional[int]): The smallest size whose mean F1 reaches the threshold (paper, Table 5); None is never.
    sustained (Optional[int]): The smallest size from which on every larger size reaches it too; None is never.
    best_share (Optional[float]): The highest mean F1 as a share of the full F1, 0 to 1 and above; None if that is 0.
    best_size (Optional[int]): The smallest size at which that share is reached.
    """

    first: Optional[int]
    sustained: Optional[int]
    best_share: Optional[float]
    best_size: Optional[int]


@dataclass(frozen=True)
class BestAndWorst(Generic[Source]):
    """Sources (names, or whatever stands for them) by the number of sentences that they need; several are a tie.

    best (tuple[Source, ...]): Those that reach the threshold first; empty if none reaches it.
    worst (tuple[Source, ...]): Those that reach it last.
    never (tuple[Source, ...]): Those that do not reach it at any size.
    """

    best: tuple[Source, ...]
    worst: tuple[Source, ...]
    never: tuple[Source, ...]


def spread_of(values: Mapping[int, float]) -> Spread:
    """RETURNS (Spread): The spread of a percentage given per seed."""
    return Spread(tuple(sorted(values.items())))


def curve_of(f1s: Mapping[int, Mapping[int, float]]) -> Curve:
    """RETURNS (Curve): The curve of F1s given per sample size and, there, per seed."""
    return Curve(tuple((size, spread_of(f1s[size])) for size in sorted(f1s)))


def within_spread(one: Spread, other: Spread) -> Optional[bool]:
    """Whether two means differ by no more than seeds differ among themselves.

    one (Spread): F1 over seeds.
    other (Spread): F1 over seeds.
    RETURNS (Optional[bool]): True if the difference of the means is at most the wider of the two ranges (highest
        minus lowest seed); None if either has one seed only, so that its spread is not known.
    """
    if one.sd is None or other.sd is None:
        return None
    widest = max(one.high - one.low, other.high - other.low)
    return abs(one.mean - other.mean) <= widest + TOLERANCE


def sentences_needed(curve: Curve, full_f1: float, share: float = 0.99) -> SentencesNeeded:
    """Find where a learning curve comes near the F1 of the whole training part (paper, section 4 and Table 5).

    curve (Curve): Mean F1 by sample size, one point at least.
    full_f1 (float): F1 without pretraining on the whole training part, in percent.
    share (float): How near, as a share of the full F1.
    RETURNS (SentencesNeeded): First and sustained crossing, or how near the curve comes. If the full F1 is 0,
        a share of it means nothing and every field is None.
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
    """Compare sources by their first crossing, among those that have one (protocol of the paper's Table 5).

    needed (Mapping[Source, SentencesNeeded]): What each source needs, for one target and entity type.
    RETURNS (BestAndWorst): Sources in the order given.
    """
    first = {name: need.first for name, need in needed.items() if need.first is not None}
    fewest, most = min(first.values(), default=None), max(first.values(), default=None)
    return BestAndWorst(
        best=tuple(name for name in first if first[name] == fewest),
        worst=tuple(name for name in first if first[name] == most),
        never=tuple(name for name in needed if name not in first),
    )
