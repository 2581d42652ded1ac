"""Show a progress bar with the time left, on a screen and in a log file."""
import sys
from typing import Any, Callable, Mapping

from tqdm import tqdm

from scripts.base import signals

# Seconds between two updates of the bar. In a log file, each update is a line.
ON_SCREEN, IN_LOG = 0.1, 60.0
# Called after every training update with the number of sentences that passed through the network.
OnPasses = Callable[[int], Any]


def ignore_passes(passes: int) -> None:
    """Show no progress."""


class _Bar(tqdm):
    def __exit__(self, *error: Any) -> None:
        # After a signal, the last line should be the reason for stopping.
        self.leave = self.leave and not signals.stopped_by()
        super().__exit__(*error)


def progress(total: int, unit: str, **settings: Any) -> tqdm:
    """Create a progress bar.

    total (int): The amount of work.
    unit (str): The unit of the amount.
    **settings (Any): Further settings of tqdm.
    RETURNS (tqdm): The bar, a context manager.
    """
    interval = ON_SCREEN if sys.stderr.isatty() else IN_LOG
    return _Bar(total=total, unit=unit, mininterval=interval, **settings)


class TaskBar:
    """One progress bar for many tasks, several of which may run at once.

    costs (Mapping[str, int]): The amount of work of each task, by its name.
    unit (str): The unit of the amounts.
    """

    def __init__(self, costs: Mapping[str, int], unit: str) -> None:
        self._left = dict(costs)
        self._bar = progress(sum(costs.values()), unit, disable=not costs, smoothing=0.05)

    def __enter__(self) -> "TaskBar":
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)

    def move(self, task: str, amount: int) -> None:
        """Advance the bar by a part of a task, never by more than the whole task."""
        amount = min(amount, self._left[task])
        self._left[task] -= amount
        self._bar.update(amount)

    def end(self, task: str, line: str) -> None:
        """Mark a task as finished, and print a line above the bar."""
        # The estimate may differ from what was done, for instance if a test took longer.
        self.move(task, self._left[task])
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()
