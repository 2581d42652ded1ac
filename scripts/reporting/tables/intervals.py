"""Format the intervals of forecasts."""
import math

from scripts.evaluation.forecast import FEWEST_SIZES, LEVEL, Interval

NOT_DETERMINED = "not determined"
TOO_FEW = f"fewer than {FEWEST_SIZES} sample sizes"
PERCENT = f"{100 * LEVEL:.0f} %"


def interval_text(interval: Interval) -> str:
    """RETURNS (str): A percentage and its interval, such as `74.1 (70.2 to 78.0)`."""
    return f"{interval.value:.1f} ({interval.low:.1f} to {interval.high:.1f})"


def sentences_text(interval: Interval, reach: int) -> str:
    """Format a number of sentences that may be beyond the reach of the forecast.

    interval (Interval): Sentences; infinite beyond the reach.
    reach (int): The most sentences that a forecast can give.
    RETURNS (str): Such as `1177 (874 to 1725)`, `1177 (874 to beyond 7800)` or `beyond 7800`.
    """
    beyond = f"beyond {reach}"
    if math.isinf(interval.low):
        return beyond
    value, low, high = (
        beyond if math.isinf(end) else str(math.ceil(end)) for end in (interval.value, interval.low, interval.high)
    )
    return f"{value} ({low} to {high})"
