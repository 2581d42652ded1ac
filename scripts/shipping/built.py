"""Find the wheel that an experiment has built. Import nothing that takes seconds: the report does this too."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json
from scripts.results.shapes import read_shape
from scripts.shipping.naming import PackageName


@dataclass(frozen=True)
class WheelRecord:
    """The record of what a wheel was built from.

    fingerprint (str): Hash of everything that determines the wheel; see `package_fingerprint`.
    sha256 (str): Hash of the wheel.
    experiment (Optional[str]): The experiment that built it. None in records of earlier versions.
    training (str): Fingerprint of the training of its model; see `RunResult`. Empty in records of earlier versions.
    how_trained (str): Training data and encoder of its model, in sentences. Empty likewise.
    """

    fingerprint: str
    sha256: str
    experiment: Optional[str] = None
    training: str = ""
    how_trained: str = ""


def record_file(path: Path, package: PackageName) -> Path:
    """RETURNS (Path): The record of a wheel: `xx_NAME-VERSION.json` next to it."""
    return path.with_name(f"{package.distribution}-{package.version}.json")


def read_record(path: Path, package: PackageName) -> Optional[WheelRecord]:
    """RETURNS (Optional[WheelRecord]): The record of a wheel. None if it is missing or damaged."""
    try:
        return read_shape(record_file(path, package), WheelRecord, "")
    except ProjectError:
        return None


def find_wheel(packages: Path, package: PackageName, results: Path) -> Optional[Path]:
    """Find the wheel of an experiment whose pipeline was packaged.

    packages (Path): Folder of the wheels.
    package (PackageName): The name of the package.
    results (Path): The experiment's folder of results.
    RETURNS (Optional[Path]): The wheel. None if there is none, or another experiment has built the one of that name.
    """
    wheel = packages / package.wheel
    record = read_record(wheel, package)
    if not wheel.is_file() or record is None:
        return None
    evaluated = _evaluated_wheel(results / "package.json")
    # Without the experiment's name, a wheel can't be told apart from another experiment's until it is evaluated.
    is_own = evaluated is None if record.experiment is None else record.experiment == results.name
    return wheel if is_own or evaluated == record.sha256 else None


def _evaluated_wheel(path: Path) -> Optional[str]:
    """RETURNS (Optional[str]): Hash of the wheel that was evaluated. None if there is no evaluation."""
    try:
        evaluation: Any = read_checked_json(path)
        return str(evaluation["conditions"]["wheel"])
    except (ProjectError, KeyError, TypeError):
        return None
