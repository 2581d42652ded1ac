"""Show how reliable the confidences of the shipped pipeline are."""
from scripts.evaluation.calibration import overconfidence
from scripts.reporting.formats import Cell, Table
from scripts.results.calibration import Calibration, Reliability, describe_calibration


def table_calibration(calibration: Calibration) -> Table:
    """RETURNS (Table): The calibration error on each test part, before and after calibration."""
    columns = ("test part", "mentions found", "% right", "error before", "overconfidence before")
    columns += ("error after", "overconfidence after")
    rows = tuple((test.corpus, test.mentions, *_reliability(test)) for test in calibration.tests)
    terms = (
        ("% right", "Share of the mentions found that match exactly."),
        ("error", "Expected calibration error: difference between confidence and the share that is right, in 15 bins."),
        ("overconfidence", "Mean confidence minus the share that is right."),
        ("chance", "With a few hundred mentions, the error is a few hundredths by chance alone."),
    )
    caption = " ".join(describe_calibration(calibration))
    return Table("calibration", "Confidences of the shipped pipeline", caption, columns, rows, terms)


def _reliability(test: Reliability) -> tuple[Cell, ...]:
    """RETURNS (tuple[Cell, ...]): The cells after the number of mentions. Empty if there are none."""
    if not test.mentions:
        return (None,) * 5
    return (
        100 * test.right,
        f"{test.raw_error:.3f}",
        f"{overconfidence(test.raw):+.3f}",
        f"{test.calibrated_error:.3f}",
        f"{overconfidence(test.calibrated):+.3f}",
    )
