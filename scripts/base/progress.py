"""A bar with the time left, on a screen and in a log file."""
import sys
from typing import Any

from tqdm import tqdm

# Seconds between two states of the bar: each is a line of its own in a log file.
ON_SCREEN, IN_LOG = 0.1, 60.0


def progress(total: int, unit: str, **settings: Any) -> tqdm:
    """Make a bar.

    total (int): How much there is to do.
    unit (str): Of what.
    **settings (Any): Further settings of tqdm.
    RETURNS (tqdm): The bar, a context manager.
    """
    interval = ON_SCREEN if sys.stderr.isatty() else IN_LOG
    return tqdm(total=total, unit=unit, mininterval=interval, **settings)
