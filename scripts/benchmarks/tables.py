"""Create the tables of a benchmark: the speed of each peer, and ratios compared with the targets."""
from itertools import pairwise
from math import log
from typing import Mapping, Optional, Sequence

from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import COMPARISONS, GRID_OVERHEAD, LOSS_DIFFERENCE, LOSSES, OURS, PEERS, Comparison
from scripts.benchmarks.ratios import Ratio, Spread, compare, grid_shares, of, speeds, spread
from scripts.benchmarks.turns import Result
from scripts.reporting.formats import Table

# From Figure 1 of the paper. The text has an eighteenth setup, which the figure doesn't show.
PAPER_SETUPS, PAPER_SIZES, PAPER_EPOCHS = 17, range(50, 2001, 50), 40
CAPTION = (
    "Each peer runs in its own process, and all peers take turns. Medians over turns, with lowest and highest in "
    "brackets. Ratios are computed per turn."
)


def benchmark_tables(results: Sequence[Result]) -> list[Table]:
    """RETURNS (list[Table]): The tables of speeds and of ratios."""
    return [speed_table(results), ratio_table(results)]


def speed_table(results: Sequence[Result]) -> Table:
    """RETURNS (Table): The speed, memory and settings of each peer."""
    rows = []
    for peer in PEERS:
        tasks = dict.fromkeys(result.measurement.task for result in results if result.peer == peer.name)
        for task in tasks:
            found = list(of(results, peer.name, task).values())
            speed = speeds(results, peer.name, task)
            by_cpu = spread([one.amount / one.cpu for one in found])
            memory = max(one.memory for one in found)
            gpu_memory = [round(one.details["gpu_memory"]) for one in found if "gpu_memory" in one.details]
            on_gpu = max(gpu_memory, default=None)
            cells = (peer.name, task, _spread(speed), _spread(by_cpu), found[0].unit, round(memory), on_gpu)
            rows.append((*cells, peer.settings))
    columns = ("Peer", "Task", "per second", "per CPU second", "of", "MB", "MB on GPU", "Settings")
    return Table("speeds", "Speed of each peer", CAPTION, columns, tuple(rows))


def ratio_table(results: Sequence[Result]) -> Table:
    """RETURNS (Table): The speed of this project relative to each peer, and whether the targets are reached."""
    rows = [_ratio_row(ratio) for ratio in compare(results, COMPARISONS)]
    share, rest = (grid_shares(results, name) for name in ("share", "share_without_tests"))
    if share and rest:
        aim, is_reached = f"at most {GRID_OVERHEAD:.2f}", _word(share.median <= GRID_OVERHEAD)
        what = "time without the network"
        rows.append(("grid", what, "all of its time", _spread(share), None, aim, is_reached))
        rows.append(("grid", what, "its time without tests", _spread(rest), None, None, None))
    differences = [found.details["difference"] for found in of(results, LOSSES, "losses").values()]
    if differences:
        cells = ("losses", "float32", "spaCy's transformer and Adam.v1", f"differ by {max(differences):.1e}")
        aim, is_reached = f"at most {LOSS_DIFFERENCE:.0e}", _word(max(differences) <= LOSS_DIFFERENCE)
        rows.append((*cells, None, aim, is_reached))
    columns = ("Task", "This project", "Against", "Times as fast", "by CPU time", "Aim", "Reached")
    caption = f"{CAPTION} For a floor, the aim is a share of its time."
    return Table("ratios", "Ratios", caption, columns, tuple(rows))


def growth_table(curves: Mapping[str, Sequence[Measurement]]) -> Table:
    """RETURNS (Table): Time and memory at each size, and the growth of time from the previous size."""
    rows = []
    for name, points in curves.items():
        for before, point in pairwise([None, *points]):
            growth = exponent(before, point) if before else None
            rows.append((name, round(point.amount), point.wall, point.cpu, round(point.memory), growth))
    columns = ("What grows", "Size", "Seconds", "CPU seconds", "MB", "Exponent")
    caption = (
        "Each size runs in its own process. Seconds exclude imports and loading. Exponent: 1 is linear growth from the "
        "previous size. It is lower if a constant part dominates."
    )
    return Table("growth", "How cost grows", caption, columns, tuple(rows))


def exponent(before: Measurement, after: Measurement) -> float:
    """RETURNS (float): The exponent of the growth of CPU time from one size to the next."""
    return log(after.cpu / before.cpu) / log(after.amount / before.amount)


def paper_estimate(results: Sequence[Result]) -> Optional[str]:
    """RETURNS (str): An estimate of the time for the paper's learning curves. None if no training was measured."""
    speed = speeds(results, OURS, "training")
    if speed is None:
        return None
    passes = PAPER_SETUPS * sum(PAPER_SIZES) * PAPER_EPOCHS
    hours = passes / speed.median / 3600
    return (
        f"Estimate: the paper's {PAPER_SETUPS} learning curves with {PAPER_EPOCHS} epochs at {len(PAPER_SIZES)} sizes "
        f"are {passes / 1e6:.1f} million sentence passes. At {speed.median:.1f} per second with all weights trained, "
        f"they take {hours:.0f} hours with this encoder, not counting tests. "
        "The paper took 96 h on 8 P40 for 720 models of multilingual BERT."
    )


def _ratio_row(ratio: Ratio) -> tuple[Optional[str], ...]:
    comparison = ratio.comparison
    row = (comparison.task, comparison.subject.removeprefix("this project, "), comparison.peer)
    return (*row, _spread(ratio.wall), _spread(ratio.cpu), aim_of(comparison), _word(ratio.is_reached))


def aim_of(comparison: Comparison) -> Optional[str]:
    """RETURNS (str): The target in words. None if there is none."""
    if comparison.at_least is not None:
        return f"at least {comparison.at_least:.2f}"
    if comparison.at_most is not None:
        return f"at least {1 / comparison.at_most:.2f} ({comparison.at_most:.2f} of its time)"
    return None


def _spread(values: Spread) -> str:
    return f"{values.median:.2f} [{values.lowest:.2f}, {values.highest:.2f}]"


def _word(is_reached: Optional[bool]) -> Optional[str]:
    return None if is_reached is None else "yes" if is_reached else "no"
