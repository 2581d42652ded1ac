"""Write files and folders whole or not at all, hash them, and read JSON with an error that names the file."""
import contextlib
import functools
import gzip
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, TypeVar

from scripts.base.errors import ProjectError, explain_os_error

ReadT = TypeVar("ReadT")
KEPT_FILES = 16


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it there if the block succeeds.

    path (Path): The final path; its folder is made if absent.
    YIELDS (Path): Where to write. After an error nothing is left of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` and move it there, in place of an older one, if the block succeeds.

    path (Path): The final folder.
    YIELDS (Path): The folder to fill. After an error nothing is left of it and the older folder stands.
    RAISES (ProjectError): If the older folder was moved away and can't be put back; it is then kept where it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    older = partial.with_suffix(".older.part")
    try:
        yield partial
        partial.chmod(0o755)
        # Moved away, not deleted: a process killed while deleting would leave half of it under its name.
        if path.exists():
            path.rename(older)
        partial.replace(path)
    finally:
        try:
            _put_back(older, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(older, ignore_errors=True)


def _put_back(older: Path, path: Path) -> None:
    """Move the older folder back to its name if none has taken its place."""
    if path.exists() or not older.exists():
        return
    try:
        older.rename(path)
    except OSError as error:
        what = f"neither the new folder nor the older one could be moved here ({explain_os_error(error)})"
        raise ProjectError(what, where=path, remedy=f"the older one is kept as {older.name}: rename it") from error


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf8", newline="")


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file whole or not at all, indented by two."""
    # Not srsly: its JSON keeps ten decimals, so that 1e-12 is written as 0.0, and lets a Path through as nothing.
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *, made_by: str = "") -> Any:
    """Read a JSON file.

    path (Path): The file.
    made_by (str): The command that makes the file, named in the error if it is absent.
    RETURNS (Any): What the file holds.
    RAISES (ProjectError): If the file is absent or is not JSON.
    """
    if not path.is_file():
        remedy = f"run `weasel run {made_by}` first" if made_by else ""
        raise ProjectError("no such file", where=path, remedy=remedy)
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        remedy = "delete the file and make it again"
        raise ProjectError(f"not valid JSON ({error})", where=path, remedy=remedy) from None


def write_zipped_json(path: Path, data: Any) -> None:
    """Write a compressed JSON file whole or not at all; equal data are equal files."""
    with atomic_file(path) as partial:
        # A fixed time stamp and no name, or else equal data would be different bytes.
        with partial.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as stream:
            stream.write(json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf8"))


def read_zipped_json(path: Path) -> Any:
    """Read a compressed JSON file.

    path (Path): The file.
    RETURNS (Any): What it holds.
    RAISES (ProjectError): If it is absent or damaged.
    """
    if not path.is_file():
        raise ProjectError("no such file", where=path)
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (ValueError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ProjectError(f"damaged file ({error})", where=path, remedy="delete the file and make it again") from None


def cache_by_file(read: Callable[[Path], ReadT]) -> Callable[[Path], ReadT]:
    """Keep what a function reads of the last few files, each until it changes.

    read (Callable): Takes a path. Its result is shared by all callers, who must not change it.
    RETURNS (Callable): The same function, which reads only what it has not read yet.
    """

    @functools.lru_cache(maxsize=KEPT_FILES)
    def read_state(path: Path, *state: int) -> ReadT:
        return read(path)

    @functools.wraps(read)
    def wrapped(path: Path) -> ReadT:
        # What is wrong with a file that is not there, the function itself knows best to say.
        return read_state(path, *file_stamp(path)) if path.is_file() else read(path)

    return wrapped


def file_stamp(path: Path) -> tuple[int, int, int]:
    """RETURNS (tuple[int, int, int]): What changes when a file or folder is replaced by another."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def hash_file(path: Path) -> str:
    """RETURNS (str): The sha256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_data(data: Any) -> str:
    """RETURNS (str): The sha256 of plain data (as JSON with sorted keys), in hex."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf8")).hexdigest()


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """RETURNS (str): One sha256 over the names (below `root`) and the bytes of some files, in any order given."""
    return hash_data(sorted((path.relative_to(root).as_posix(), hash_file(path)) for path in paths))
