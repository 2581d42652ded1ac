"""Compare speeds measured in turns, by the median and the spread of their ratios."""
from dataclasses import dataclass
from statistics import median
from typing import Callable, Optional, Sequence

from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import GRID, Comparison
from scripts.benchmarks.turns import Result


@dataclass(frozen=True)
class Spread:
    """The spread of values over several turns.

    median (float): The median.
    lowest (float): The lowest value.
    highest (float): The highest value.
    """

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Ratio:
    """The ratio of two peers' speeds.

    comparison (Comparison): The comparison.
    wall (Spread): Speed-up of the subject in wall-clock time, per turn.
    cpu (Spread): Speed-up of the subject in CPU time, per turn.
    """

    comparison: Comparison
    wall: Spread
    cpu: Spread

    @property
    def is_reached(self) -> Optional[bool]:
        """RETURNS (bool): Whether the target is reached in wall-clock time. None if there is no target."""
        if self.comparison.at_least is not None:
            return self.wall.median >= self.comparison.at_least
        if self.comparison.at_most is not None:
            return 1 / self.wall.median <= self.comparison.at_most
        return None


def compare(results: Sequence[Result], comparisons: Sequence[Comparison]) -> list[Ratio]:
    """RETURNS (list[Ratio]): The ratios for all comparisons with measurements of both peers."""
    ratios = []
    for comparison in comparisons:
        wall = _ratios(results, comparison, lambda measurement: measurement.wall)
        cpu = _ratios(results, comparison, lambda measurement: measurement.cpu)
        if wall:
            ratios.append(Ratio(comparison, spread(wall), spread(cpu)))
    return ratios


def speeds(results: Sequence[Result], peer: str, task: str) -> Optional[Spread]:
    """RETURNS (Spread): Amount per second of wall-clock time. None if the peer wasn't measured at the task."""
    found = [found.amount / found.wall for found in of(results, peer, task).values()]
    return spread(found) if found else None


def grid_shares(results: Sequence[Result], name: str) -> Optional[Spread]:
    """RETURNS (Spread): A share of the grid's time outside the network, by its name in the details."""
    shares = [found.details[name] for found in of(results, GRID, "grid").values()]
    return spread(shares) if shares else None


def of(results: Sequence[Result], peer: str, task: str) -> dict[int, Measurement]:
    """RETURNS (dict[int, Measurement]): Measurements of a peer at a task, by turn."""
    return {
        result.turn: result.measurement for result in results if (result.peer, result.measurement.task) == (peer, task)
    }


def spread(values: Sequence[float]) -> Spread:
    """RETURNS (Spread): The spread of one or more values."""
    return Spread(median(values), min(values), max(values))


def _ratios(
    results: Sequence[Result], comparison: Comparison, seconds: Callable[[Measurement], float]
) -> list[float]:
    subject, peer = (of(results, name, comparison.task) for name in (comparison.subject, comparison.peer))
    return [_speed(subject[turn], seconds) / _speed(peer[turn], seconds) for turn in sorted({*subject} & {*peer})]


def _speed(measurement: Measurement, seconds: Callable[[Measurement], float]) -> float:
    return measurement.amount / seconds(measurement)
