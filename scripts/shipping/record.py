"""Tell whether a wheel is what would be built now, by the record that lies beside it."""
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, hash_file, hash_files, write_json
from scripts.ner import rounding
from scripts.results.calibration import Calibration
from scripts.results.runs import RunResult
from scripts.results.shapes import read_shape
from scripts.shipping import pipeline, wheel
from scripts.shipping.meta import REQUIRED
from scripts.shipping.naming import PackageName

SCRIPTS = Path(__file__).parents[1]
# What goes into a wheel as it is, and what makes the rest of it.
CODE = (*pipeline.BUNDLED, Path(pipeline.__file__), Path(rounding.__file__), Path(wheel.__file__), wheel.PACKAGE_INIT)


@dataclass(frozen=True)
class WheelRecord:
    """What a wheel was built of.

    fingerprint (str): Hash of all that decided it; see `package_fingerprint`.
    sha256 (str): Hash of the wheel.
    """

    fingerprint: str
    sha256: str


def package_fingerprint(
    package: PackageName,
    meta: Mapping[str, Any],
    documents: Mapping[str, str],
    results: Sequence[RunResult],
    calibration: Optional[Calibration],
) -> str:
    """Identify what a wheel is built of.

    package (PackageName): What the package is called.
    meta (Mapping): What its meta.json says: names, scores, and the versions of the libraries that it takes.
    documents (Mapping[str, str]): Its card and its licences, by file name.
    results (Sequence[RunResult]): The shipped model's runs, whose fingerprints stand for model, settings and data.
    calibration (Optional[Calibration]): How its confidences were calibrated, if they were.
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


def record_file(path: Path, package: PackageName) -> Path:
    """RETURNS (Path): Where the record of a wheel stands: beside it, `xx_NAME-VERSION.json`."""
    return path.with_name(f"{package.distribution}-{package.version}.json")


def write_record(path: Path, package: PackageName, fingerprint: str) -> None:
    """Write what a wheel was built of, after the wheel: a record never tells of one that is not there yet."""
    write_json(record_file(path, package), asdict(WheelRecord(fingerprint, hash_file(path))))


def reason_to_build(path: Path, package: PackageName, fingerprint: str) -> Optional[str]:
    """Tell why a wheel has to be built.

    path (Path): The wheel.
    package (PackageName): The package that it has to hold.
    fingerprint (str): What it would be built of now.
    RETURNS (Optional[str]): The reason; None if the wheel is what would be built now.
    """
    if not path.is_file():
        return "there is none yet"
    try:
        record = read_shape(record_file(path, package), WheelRecord, "")
    except ProjectError:
        return "the record of what it was built of is lost or damaged"
    if record.sha256 != hash_file(path):
        return "the file there is damaged, or another than was built"
    return None if record.fingerprint == fingerprint else "model, settings, data, libraries or code have changed"
