"""Record what a wheel was built from, and check whether it is up to date."""
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.base.files import hash_data, hash_file, hash_files, write_checked_json
from scripts.ner import rounding
from scripts.results.calibration import Calibration
from scripts.results.runs import RunResult
from scripts.shipping import pipeline, wheel
from scripts.shipping.built import WheelRecord, read_record, record_file
from scripts.shipping.meta import REQUIRED
from scripts.shipping.naming import PackageName

SCRIPTS = Path(__file__).parents[1]
# The code that goes into a wheel, and the code that builds it.
CODE = (*pipeline.BUNDLED, Path(pipeline.__file__), Path(rounding.__file__), Path(wheel.__file__), wheel.PACKAGE_INIT)


def package_fingerprint(
    package: PackageName,
    meta: Mapping[str, Any],
    documents: Mapping[str, str],
    results: Sequence[RunResult],
    calibration: Optional[Calibration],
) -> str:
    """Hash everything that a wheel is built from.

    package (PackageName): The name of the package.
    meta (Mapping): Contents of its meta.json: names, scores, and versions of the libraries it needs.
    documents (Mapping[str, str]): Its card and licenses, by file name.
    results (Sequence[RunResult]): The shipped model's runs. Their fingerprints cover model, settings and data.
    calibration (Optional[Calibration]): The calibration of its confidences, if any.
    RETURNS (str): A sha256.
    """
    parts = {
        "package": asdict(package),
        "meta": meta,
        "documents": documents,
        "libraries": {name: version(name) for name in REQUIRED},
        "runs": [[result.run, result.fingerprint, result.training] for result in results],
        "calibration": calibration.numbers if calibration else {},
        "code": hash_files(CODE, SCRIPTS),
    }
    return hash_data(parts)


def write_record(
    path: Path, package: PackageName, fingerprint: str, experiment: str, training: str, how_trained: str
) -> None:
    """Write the record of a wheel. Call this after writing the wheel, so that there is never a record without one.

    path (Path): The wheel.
    package (PackageName): The package in the wheel.
    fingerprint (str): Hash of everything that it was built from.
    experiment (str): The experiment that built it.
    training (str): Fingerprint of the training of its model.
    how_trained (str): Training data and encoder of its model, in sentences.
    """
    record = WheelRecord(fingerprint, hash_file(path), experiment, training, how_trained)
    write_checked_json(record_file(path, package), asdict(record))


def reason_to_build(path: Path, package: PackageName, fingerprint: str) -> Optional[str]:
    """Find the reason to build a wheel.

    path (Path): The wheel.
    package (PackageName): The package in the wheel.
    fingerprint (str): Fingerprint of what it would be built from now.
    RETURNS (Optional[str]): The reason. None if the wheel is up to date.
    """
    if not path.is_file():
        return "there is no wheel yet"
    record = read_record(path, package)
    if record is None:
        return "the wheel's record is missing or damaged"
    if record.sha256 != hash_file(path):
        return "the wheel is damaged or was replaced"
    if not record.how_trained:
        return "the wheel's record is of an earlier version"
    return None if record.fingerprint == fingerprint else "the model, settings, data, libraries or code have changed"
