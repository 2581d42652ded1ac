"""Show how far the confidences of the shipped pipeline can be trusted."""
from scripts.evaluation.calibration import overconfidence
from scripts.reporting.formats import Table
from scripts.results.calibration import Calibration, describe_calibration


def table_calibration(calibration: Calibration) -> Table:
    """RETURNS (Table): The calibration error on each test part, before and after the confidences were calibrated."""
    columns = ("test part", "mentions found", "% right", "error before", "too sure by", "error after", "too sure by ")
    rows = tuple(
        (
            test.corpus,
            test.mentions,
            100 * test.right,
            f"{test.raw_error:.3f}",
            f"{overconfidence(test.raw):+.3f}",
            f"{test.calibrated_error:.3f}",
            f"{overconfidence(test.calibrated):+.3f}",
        )
        for test in calibration.tests
    )
    caption = (
        f"{' '.join(describe_calibration(calibration))} The error is the expected calibration error (15 bins of equal "
        "width, exact match): by how much confidence and share of right mentions differ on average. Of a few hundred "
        "mentions it is some hundredths by chance alone."
    )
    return Table("calibration", "Confidences of the shipped pipeline", caption, columns, rows)
