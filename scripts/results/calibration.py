"""Hold what makes the confidences of the shipped pipeline honest, and how honest they are on each test part."""
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.evaluation.calibration import BetaCalibration, ReliabilityBin
from scripts.results.runs import Today
from scripts.results.shapes import read_shape

ELSEWHERE = (
    "On texts of another kind than these the pipeline is right less often than its confidences say: they are too high "
    "there. Check a threshold on annotated texts of your own."
)


@dataclass(frozen=True)
class Reliability:
    """How far confidences can be trusted on a corpus's test part, given as raw text, by exact match on characters.

    corpus (str): The corpus.
    mentions (int): How many mentions were found, at tokens that somebody annotated.
    right (float): The share of them that is right.
    raw (tuple[ReliabilityBin, ...]): By the model's own confidences.
    raw_error (float): Their expected calibration error, from 0 to 1.
    calibrated (tuple[ReliabilityBin, ...]): By the confidences of the package.
    calibrated_error (float): Their expected calibration error.
    """

    corpus: str
    mentions: int
    right: float
    raw: tuple[ReliabilityBin, ...]
    raw_error: float
    calibrated: tuple[ReliabilityBin, ...]
    calibrated_error: float


@dataclass(frozen=True)
class Calibration:
    """How the confidences of the shipped pipeline were calibrated.

    fingerprint (str): Hash of all that decided it.
    fitted (Mapping[str, BetaCalibration]): The correction of each entity type; a type that was not found has none.
    documents (Mapping[str, int]): The documents that it was fitted on, by corpus: of training parts, and unseen by the
        second training.
    sentences (int): What the second training was trained on.
    seconds (float): Wall-clock time of the second training and of all predictions.
    tests (tuple[Reliability, ...]): One for each corpus of the experiment.
    """

    fingerprint: str
    fitted: Mapping[str, BetaCalibration]
    documents: Mapping[str, int]
    sentences: int
    seconds: float
    tests: tuple[Reliability, ...]

    @property
    def numbers(self) -> dict[str, tuple[float, float, float]]:
        """RETURNS (dict[str, tuple[float, float, float]]): What `BioNer.calibrate` takes."""
        return {label: (beta.low, beta.high, beta.intercept) for label, beta in self.fitted.items()}


def calibration_file(folder: Path) -> Path:
    """RETURNS (Path): Where the calibration stands in an experiment's folder of results."""
    return folder / "calibration.json"


def find_calibration(folder: Path) -> Optional[Calibration]:
    """RETURNS (Optional[Calibration]): What is on record in an experiment's folder; None if it is lost or damaged."""
    try:
        return read_shape(calibration_file(folder), Calibration, "")
    except ProjectError:
        return None


def find_todays_calibration(folder: Path, today: Optional[Today]) -> Optional[Calibration]:
    """Find the calibration, for a report.

    folder (Path): The experiment's folder of results.
    today (Optional[Today]): What would come out today; None where that can't be known: then the record is believed.
    RETURNS (Optional[Calibration]): None without one, and if today's data, settings or encoder would give another.
    """
    found = find_calibration(folder)
    return found if found and (today is None or found.fingerprint == today.calibration) else None


def describe_calibration(calibration: Calibration) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): How the confidences came about and what they are worth, in sentences."""
    if not calibration.fitted:
        return ("The confidences are the model's own: nothing was found in documents held out to calibrate them on.",)
    documents = ", ".join(f"{count} of {corpus}" for corpus, count in calibration.documents.items())
    errors = "; ".join(
        f"{test.corpus} {test.calibrated_error:.3f} (before: {test.raw_error:.3f}, {test.mentions} mentions found)"
        for test in calibration.tests
    )
    return (
        f"The confidences were calibrated on documents of the training parts ({documents}), which a second training "
        "with the same settings had not seen; the pipeline itself is trained on all of them.",
        f"Expected calibration error on the test parts, as raw text: {errors}.",
        ELSEWHERE,
    )
