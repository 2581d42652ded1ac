"""A bar with the time left, on a screen and in a log file."""
import sys
from typing import Any, Callable, Mapping

from tqdm import tqdm

from scripts.base import signals

# Seconds between two states of the bar: each is a line of its own in a log file.
ON_SCREEN, IN_LOG = 0.1, 60.0
# Told while something is trained, after every update, how many sentences passed through the network.
OnPasses = Callable[[int], Any]


def ignore_passes(passes: int) -> None:
    """Show no progress."""


class _Bar(tqdm):
    def __exit__(self, *error: Any) -> None:
        # The reason why the command stops is the last line.
        self.leave = self.leave and not signals.stopped_by()
        super().__exit__(*error)


def progress(total: int, unit: str, **settings: Any) -> tqdm:
    """Make a bar.

    total (int): How much there is to do.
    unit (str): Of what.
    **settings (Any): Further settings of tqdm.
    RETURNS (tqdm): The bar, a context manager.
    """
    interval = ON_SCREEN if sys.stderr.isatty() else IN_LOG
    return _Bar(total=total, unit=unit, mininterval=interval, **settings)


class TaskBar:
    """One bar for many tasks, several of which may be under way.

    costs (Mapping[str, int]): How much each task takes, by its name.
    unit (str): Of what.
    """

    def __init__(self, costs: Mapping[str, int], unit: str) -> None:
        self._left = dict(costs)
        self._bar = progress(sum(costs.values()), unit, disable=not costs, smoothing=0.05)

    def __enter__(self) -> "TaskBar":
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)

    def move(self, task: str, amount: int) -> None:
        """Show that a part of a task is done, never more than the whole of it."""
        amount = min(amount, self._left[task])
        self._left[task] -= amount
        self._bar.update(amount)

    def end(self, task: str, line: str) -> None:
        """Show that a task is over, and print a line above the bar."""
        # What was estimated and what was done may differ, as by a test that takes longer.
        self.move(task, self._left[task])
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()
