"""Define the calibration of the shipped pipeline and its reliability on each test part, and read it from its file."""
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json
from scripts.evaluation.calibration import BetaCalibration, ReliabilityBin
from scripts.results.runs import CurrentState
from scripts.results.shapes import read_shape

CALIBRATE_AGAIN = "run `weasel run package` to calibrate again, or delete the file for uncalibrated confidences"
ELSEWHERE = (
    "On other kinds of text, confidences may be too high: the pipeline may be right less often than its confidences "
    "say. Check a threshold on your own annotated texts before you rely on it."
)


@dataclass(frozen=True)
class Reliability:
    """The reliability of confidences on a corpus's test part, processed as raw text, by exact match on characters.

    corpus (str): The corpus.
    mentions (int): Number of predicted mentions, without those in text that nobody annotated. If there are none, share
        and errors are undefined, and stored as 0.
    right (float): The share of them that are right.
    raw (tuple[ReliabilityBin, ...]): Bins by the model's own confidences.
    raw_error (float): Expected calibration error of these, from 0 to 1.
    calibrated (tuple[ReliabilityBin, ...]): Bins by the confidences of the package.
    calibrated_error (float): Expected calibration error of these, from 0 to 1.
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
    """The calibration of the shipped pipeline.

    fingerprint (str): Hash of everything the calibration depends on.
    fitted (Mapping[str, BetaCalibration]): The calibration per entity type. A type without predictions has none.
    documents (Mapping[str, int]): Number of documents it was fitted on, per corpus. They are from the training parts,
        and were held out from the second training.
    sentences (int): Number of sentences that the second training used.
    seconds (float): Wall-clock time of the second training and of all predictions.
    tests (tuple[Reliability, ...]): The reliability on each corpus of the experiment.
    """

    fingerprint: str
    fitted: Mapping[str, BetaCalibration]
    documents: Mapping[str, int]
    sentences: int
    seconds: float
    tests: tuple[Reliability, ...]

    @property
    def numbers(self) -> dict[str, tuple[float, float, float]]:
        """RETURNS (dict[str, tuple[float, float, float]]): The calibration as an argument for `BioNer.calibrate`."""
        return {label: (beta.low, beta.high, beta.intercept) for label, beta in self.fitted.items()}


def calibration_file(folder: Path) -> Path:
    """RETURNS (Path): The calibration's file in an experiment's folder of results."""
    return folder / "calibration.json"


def find_calibration(folder: Path, fingerprint: Optional[str] = None) -> Optional[Calibration]:
    """Find the calibration in an experiment's folder.

    folder (Path): The experiment's folder of results.
    fingerprint (Optional[str]): The fingerprint that it has if it is up to date. None to accept any calibration.
    RETURNS (Optional[Calibration]): The calibration, or None if there is none, or it has another fingerprint, or is
        from an earlier version that wrote other numbers.
    RAISES (ProjectError): If the file is damaged. Without it, confidences would be others than those of the package.
    """
    file = calibration_file(folder)
    if not os.path.lexists(file):
        return None
    # Before its shape is checked: that of an earlier version may be another one, which is no damage.
    record = read_checked_json(file, remedy=CALIBRATE_AGAIN)
    if fingerprint is not None and isinstance(record, dict) and record.get("fingerprint", fingerprint) != fingerprint:
        return None
    try:
        return read_shape(file, Calibration, CALIBRATE_AGAIN)
    except ProjectError:
        if fingerprint is None:
            return None
        raise


def find_current_calibration(folder: Path, current: Optional[CurrentState]) -> Optional[Calibration]:
    """Find the calibration for a report, if it is up to date.

    folder (Path): The experiment's folder of results.
    current (Optional[CurrentState]): The current state of the experiment, or None if unknown. In that case, any
        calibration counts as up to date.
    RETURNS (Optional[Calibration]): The calibration, or None if there is none, or if data, settings or encoder have
        changed since.
    RAISES (ProjectError): If the file is damaged.
    """
    if current is not None and not current.calibration:
        return None
    return find_calibration(folder, current.calibration if current else None)


def describe_calibration(calibration: Calibration) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): Sentences about how the confidences were calibrated and how reliable they are."""
    if not calibration.fitted:
        return ("The confidences are not calibrated, as the model found no mentions in the held-out documents.",)
    documents = ", ".join(f"{count} of {corpus}" for corpus, count in calibration.documents.items())
    errors = "; ".join(map(_errors_of, calibration.tests))
    return (
        f"The confidences were calibrated on documents from the training parts ({documents}) that were held out from a "
        "second training with the same settings. The pipeline itself is trained on all documents of the training "
        "parts.",
        f"Expected calibration error on the raw text of the test parts: {errors}.",
        *_where_worse(calibration),
        ELSEWHERE,
    )


def _errors_of(test: Reliability) -> str:
    if not test.mentions:
        return f"{test.corpus} undefined (no mentions found)"
    before = f"uncalibrated {test.raw_error:.3f}, {test.mentions} mentions found"
    return f"{test.corpus} {test.calibrated_error:.3f} ({before})"


def _where_worse(calibration: Calibration) -> tuple[str, ...]:
    # Compare the rounded figures, which are shown.
    errors = {test.corpus: (round(test.calibrated_error, 3), round(test.raw_error, 3)) for test in calibration.tests}
    worse = [corpus for corpus, (calibrated, raw) in errors.items() if calibrated > raw]
    if not worse:
        return ()
    reason = ", as one calibration serves all corpora" if len(calibration.documents) > 1 else ""
    return (f"On {', '.join(worse)}, the error is larger than without calibration{reason}.",)
