"""Write files and folders atomically, hash them, and read JSON with errors that name the file."""
import contextlib
import errno
import functools
import gzip
import hashlib
import json
import lzma
import math
import os
import shutil
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, TypeVar

from scripts.base.errors import ProjectError, explain_os_error
from scripts.base.leftovers import unfinished

ReadT = TypeVar("ReadT")
KEPT_FILES = 16
# What Python raises for damaged archives. Encrypted files raise RuntimeError, and unknown compression methods its
# subclass NotImplementedError.
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError)
MAKE_AGAIN = "restore the file, or make it again"
# The last key of a record that the project writes for itself.
CHECKSUM = "checksum"


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Provide a temporary path next to `path`, and move it to `path` if the block succeeds.

    path (Path): The final path. Its folder is created if it doesn't exist. The user's umask decides who may read it.
    YIELDS (Path): The path to write to. After an error, nothing of it is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = unfinished(path)
    # Not `tempfile`: its files can only be read by this user, whatever the umask is.
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with _named(path):
            yield partial
            # Syncing the folder too would take twice as long, and a power cut leaves the old or the new file intact.
            _sync(partial)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Provide a temporary folder next to `path`, and move it to `path` if the block succeeds, replacing an older one.

    If several processes do so at the same time, the last one wins.

    path (Path): The final folder. The user's umask decides who may read it.
    YIELDS (Path): The folder to fill. After an error, nothing of it is left and the older folder is still in place.
    RAISES (ProjectError): If the older folder was moved away and can't be moved back. It is then kept where it is.
    """
    partial = unfinished(path)
    partial.mkdir(parents=True)
    older = partial.with_suffix(".older.part")
    try:
        with _named(path):
            yield partial
            for root, _, names in os.walk(partial):
                for name in (*names, ""):
                    _sync(Path(root, name))
            _put_in_place(partial, older, path)
            _sync(path.parent)
    finally:
        try:
            _put_back(older, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(older, ignore_errors=True)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Add the path to errors of the system: an error from writing to an open file doesn't have one."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def _sync(path: Path) -> None:
    """Flush a file or a folder to the disk, so that it survives a crash of the machine."""
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems can't do this for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _put_in_place(partial: Path, older: Path, path: Path) -> None:
    """Move the new folder to its final name, and the older one out of the way.

    The older one isn't deleted first: a process killed while deleting would leave half of it under the final name.
    """
    while True:
        if path.exists():
            # Another process may be doing the same.
            with contextlib.suppress(FileNotFoundError):
                path.rename(older)
        try:
            partial.replace(path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            # Another process was faster. Move its folder away too.
            shutil.rmtree(older, ignore_errors=True)


def _put_back(older: Path, path: Path) -> None:
    """Move the older folder back to its name, unless a new one has taken its place."""
    if path.exists() or not older.exists():
        return
    try:
        older.rename(path)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return
        what = f"neither the new folder nor the older one could be moved here ({explain_os_error(error)})"
        raise ProjectError(what, where=path, remedy=f"the older one is kept as {older.name}: rename it") from error


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf8", newline="")


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file atomically, with an indent of two."""
    # Not srsly: it keeps ten decimals, so that 1e-12 becomes 0.0, and it writes a Path without an error.
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *, made_by: str = "", remedy: str = MAKE_AGAIN) -> Any:
    """Read a JSON file.

    path (Path): The file.
    made_by (str): The command that writes the file, for the error if it doesn't exist.
    remedy (str): What to do if the file is damaged.
    RETURNS (Any): The file's contents.
    RAISES (ProjectError): If the file doesn't exist or isn't JSON.
    """
    if not path.is_file():
        first = f"run `weasel run {made_by}` first" if made_by else remedy
        raise ProjectError("not a file" if os.path.lexists(path) else "no such file", where=path, remedy=first)
    return _parse(path, path.read_bytes(), "not valid JSON", remedy)


def write_checked_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record that only the project reads as JSON, atomically, with a checksum of its contents."""
    write_json(path, _with_checksum(record))


def read_checked_json(path: Path, *, made_by: str = "", remedy: str = MAKE_AGAIN) -> Any:
    """Read a record of the project, and check that its contents haven't changed since it was written.

    path (Path): The file.
    made_by (str): The command that writes the file, for the error if it doesn't exist.
    remedy (str): What to do if the file is damaged.
    RETURNS (Any): The file's contents, without the checksum. A file of an earlier version has none, and is read as is.
    RAISES (ProjectError): If the file doesn't exist, isn't JSON or doesn't match its checksum.
    """
    return _checked(path, read_json(path, made_by=made_by, remedy=remedy), remedy)


def _with_checksum(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, CHECKSUM: _checksum(record)}


def _checksum(record: Mapping[str, Any]) -> str:
    # Not hash_data: numbers as keys become text in the file, which sorts differently.
    return hashlib.sha256(json.dumps(record).encode("utf8")).hexdigest()


def _checked(path: Path, found: Any, remedy: str) -> Any:
    """RETURNS (Any): The contents of a file without their checksum, if they have one."""
    if not isinstance(found, dict) or CHECKSUM not in found:
        return found
    record = {key: value for key, value in found.items() if key != CHECKSUM}
    if found[CHECKSUM] != _checksum(record):
        raise ProjectError("damaged or edited (its checksum doesn't match)", where=path, remedy=remedy)
    return record


def write_zipped_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as compressed JSON, atomically, with a checksum of its contents. Equal data give equal files."""
    with atomic_file(path) as partial:
        # A fixed time stamp and no name, or equal data would give different bytes.
        with partial.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as stream:
            stream.write(json.dumps(_with_checksum(record), ensure_ascii=False, allow_nan=False).encode("utf8"))


def read_zipped_json(path: Path, *, remedy: str = MAKE_AGAIN) -> Any:
    """Read a compressed record, and check that its contents haven't changed since it was written.

    path (Path): The file.
    remedy (str): What to do if the file is damaged.
    RETURNS (Any): Its contents, without the checksum. A file of an earlier version has none, and is read as is.
    RAISES (ProjectError): If it doesn't exist or is damaged.
    """
    if not path.is_file():
        raise ProjectError("not a file" if os.path.lexists(path) else "no such file", where=path, remedy=remedy)
    try:
        data = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ProjectError(f"damaged file ({error})", where=path, remedy=remedy) from None
    return _checked(path, _parse(path, data, "damaged file", remedy), remedy)


def _parse(path: Path, data: bytes, what: str, remedy: str) -> Any:
    try:
        return json.loads(data.decode("utf8"), parse_float=_finite, parse_constant=_finite)
    except ValueError as error:
        raise ProjectError(f"{what} ({error})", where=path, remedy=remedy) from None
    except RecursionError:
        raise ProjectError(f"{what} (nested too deeply)", where=path, remedy=remedy) from None


def _finite(text: str) -> float:
    """RETURNS (float): A number. Python reads NaN and numbers that are too large too, which no writer here writes."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number


def cache_by_file(read: Callable[[Path], ReadT]) -> Callable[[Path], ReadT]:
    """Cache what a function reads from the last few files, each until the file changes.

    read (Callable): A function that takes a path. All callers share its result, and must not change it.
    RETURNS (Callable): The same function with the cache.
    """

    @functools.lru_cache(maxsize=KEPT_FILES)
    def read_state(path: Path, *state: int) -> ReadT:
        return read(path)

    @functools.wraps(read)
    def wrapped(path: Path) -> ReadT:
        # If there is no such file, the function itself raises the better error.
        return read_state(path, *file_stamp(path)) if path.is_file() else read(path)

    return wrapped


def file_stamp(path: Path) -> tuple[int, int, int]:
    """RETURNS (tuple[int, int, int]): Values that change when a file or folder is replaced by another."""
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
    """RETURNS (str): One sha256 of the names (below `root`) and the bytes of files. Their order doesn't matter."""
    return hash_data(sorted((path.relative_to(root).as_posix(), hash_file(path)) for path in paths))
