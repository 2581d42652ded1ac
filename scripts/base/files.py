"""Write files and folders whole or not at all, hash them, and read JSON with an error that names the file."""
import contextlib
import errno
import functools
import gzip
import hashlib
import json
import os
import shutil
import zlib
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, TypeVar

from scripts.base.errors import ProjectError, explain_os_error
from scripts.base.leftovers import unfinished

ReadT = TypeVar("ReadT")
KEPT_FILES = 16
MAKE_AGAIN = "delete the file and make it again"


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it there if the block succeeds.

    path (Path): The final path; its folder is made if absent. Who may read it, the user's umask decides.
    YIELDS (Path): Where to write. After an error nothing is left of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = unfinished(path)
    # Not by `tempfile`, whose files are for this user alone, whatever the umask.
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with _named(path):
            yield partial
            # Not its folder, which takes as long again: after a power cut the older or the new file stands, both whole.
            _sync(partial)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` and move it there, in place of an older one, if the block succeeds.

    Of several processes that do so at the same time, the last one's folder stays.

    path (Path): The final folder. Who may read it, the user's umask decides.
    YIELDS (Path): The folder to fill. After an error nothing is left of it and the older folder stands.
    RAISES (ProjectError): If the older folder was moved away and can't be put back; it is then kept where it is.
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
    """Have errors of the system tell what was written: that of a write to an open file does not know."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def _sync(path: Path) -> None:
    """Have a file or a folder on the disk, so that it outlives a failing machine."""
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems of networks do not for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _put_in_place(partial: Path, older: Path, path: Path) -> None:
    """Move the new folder to its name, and the older one away from it.

    Moved away, not deleted: a process killed while deleting would leave half of it under its name.
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
            # Another process was faster, and its folder stands.
            shutil.rmtree(older, ignore_errors=True)


def _put_back(older: Path, path: Path) -> None:
    """Move the older folder back to its name if none has taken its place."""
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
    return _parse(path, path.read_bytes(), "not valid JSON")


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
        data = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ProjectError(f"damaged file ({error})", where=path, remedy=MAKE_AGAIN) from None
    return _parse(path, data, "damaged file")


def _parse(path: Path, data: bytes, what: str) -> Any:
    try:
        return json.loads(data.decode("utf8"))
    except ValueError as error:
        raise ProjectError(f"{what} ({error})", where=path, remedy=MAKE_AGAIN) from None
    except RecursionError:
        raise ProjectError(f"{what} (nested too deeply)", where=path, remedy=MAKE_AGAIN) from None


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
