"""Compare speeds measured in turn, by medians of ratios with their spread."""
from dataclasses import dataclass
from statistics import median
from typing import Callable, Optional, Sequence

from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import GRID, Comparison
from scripts.benchmarks.turns import Result


@dataclass(frozen=True)
class Spread:
    """Values of several turns.

    median (float): The middle one.
    lowest (float): The lowest.
    highest (float): The highest.
    """

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Ratio:
    """How one peer did against another.

    comparison (Comparison): Which ones, and what is aimed at.
    wall (Spread): How many times as fast the subject was, by the wall clock, turn by turn.
    cpu (Spread): The same by seconds of the processor.
    """

    comparison: Comparison
    wall: Spread
    cpu: Spread

    @property
    def is_reached(self) -> Optional[bool]:
        """RETURNS (bool): Whether the aim is reached by the wall clock; None where there is none."""
        if self.comparison.at_least is not None:
            return self.wall.median >= self.comparison.at_least
        if self.comparison.at_most is not None:
            return 1 / self.wall.median <= self.comparison.at_most
        return None


def compare(results: Sequence[Result], comparisons: Sequence[Comparison]) -> list[Ratio]:
    """RETURNS (list[Ratio]): The comparisons both of whose peers were measured."""
    ratios = []
    for comparison in comparisons:
        wall = _ratios(results, comparison, lambda measurement: measurement.wall)
        cpu = _ratios(results, comparison, lambda measurement: measurement.cpu)
        if wall:
            ratios.append(Ratio(comparison, spread(wall), spread(cpu)))
    return ratios


def speeds(results: Sequence[Result], peer: str, task: str) -> Optional[Spread]:
    """RETURNS (Spread): Amount per second of the wall clock; None if the peer was not measured at the task."""
    found = [found.amount / found.wall for found in of(results, peer, task).values()]
    return spread(found) if found else None


def grid_shares(results: Sequence[Result], name: str) -> Optional[Spread]:
    """RETURNS (Spread): A share of the grid's time that is not the network's, by its name among the details."""
    shares = [found.details[name] for found in of(results, GRID, "grid").values()]
    return spread(shares) if shares else None


def of(results: Sequence[Result], peer: str, task: str) -> dict[int, Measurement]:
    """RETURNS (dict[int, Measurement]): What was measured of a peer at a task, by turn."""
    return {
        result.turn: result.measurement for result in results if (result.peer, result.measurement.task) == (peer, task)
    }


def spread(values: Sequence[float]) -> Spread:
    """RETURNS (Spread): Of one value or more."""
    return Spread(median(values), min(values), max(values))


def _ratios(
    results: Sequence[Result], comparison: Comparison, seconds: Callable[[Measurement], float]
) -> list[float]:
    subject, peer = (of(results, name, comparison.task) for name in (comparison.subject, comparison.peer))
    return [_speed(subject[turn], seconds) / _speed(peer[turn], seconds) for turn in sorted({*subject} & {*peer})]


def _speed(measurement: Measurement, seconds: Callable[[Measurement], float]) -> float:
    return measurement.amount / seconds(measurement)
