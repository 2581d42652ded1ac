"""Name unfinished files after the process that writes them, and delete those that killed processes left behind."""
import contextlib
import functools
import hashlib
import multiprocessing
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Iterator

import psutil

UNFINISHED = re.compile(
    r"\.(?P<name>.+?)\.((?P<machine>[0-9a-f]{8})-(?P<pid>[0-9]+)-[0-9a-f]{8}|[^.]+)(?P<older>\.older)?\.part"
)
# Processes on other machines can't be seen. None writes for this long without changing its files.
FOREIGN_SECONDS = 7 * 24 * 3600
# Allows for clocks that were adjusted, and for folders on a server with a different clock.
CLOCK_SECONDS = 3600
# The folder of this project's temporary files.
TEMPORARY = "interlingual-ner"
# The path of a socket can have 103 bytes (107 on Linux), and the socket's own name takes 18.
LONGEST_OF_SOCKETS = 85
SHORT_PLACE = Path("/tmp")


@functools.cache
def machine() -> str:
    """RETURNS (str): The name of this machine or container. All processes with the same name can see each other."""
    try:
        processes = os.readlink("/proc/self/ns/pid")
    except OSError:
        processes = ""
    return hashlib.sha256(f"{socket.gethostname()} {processes}".encode()).hexdigest()[:8]


def unfinished(path: Path) -> Path:
    """RETURNS (Path): A hidden name next to a path, for what this process will move there once it is finished."""
    return path.with_name(f".{path.name}.{machine()}-{os.getpid()}-{secrets.token_hex(4)}.part")


def finished_path(path: Path) -> Path:
    """RETURNS (Path): A path with the final names of its unfinished folders and its file."""
    return Path(*(match["name"] if (match := UNFINISHED.fullmatch(part)) else part for part in path.parts))


def remove_leftovers(folder: Path, below: bool = False) -> None:
    """Delete what killed processes of this project left in a folder. What a running one is writing stays.

    A folder that was being replaced when its process was killed gets its name back, unless the name is taken.

    folder (Path): The folder.
    below (bool): Whether to look into its subfolders as well.
    """
    for path in _find_unfinished(folder, below):
        match = UNFINISHED.fullmatch(path.name)
        if match and _is_left(path, match):
            _remove(path, match)


def _find_unfinished(folder: Path, below: bool) -> list[Path]:
    found = []
    for root, folders, files in os.walk(folder):
        found += [Path(root, name) for name in (*folders, *files) if UNFINISHED.fullmatch(name)]
        folders[:] = [name for name in folders if below and not UNFINISHED.fullmatch(name)]
    return found


def _is_left(path: Path, match: re.Match[str]) -> bool:
    try:
        written = path.lstat().st_mtime
        if match["machine"] != machine():
            return time.time() - written > FOREIGN_SECONDS
        # Another process may have got the same number since.
        return psutil.Process(int(match["pid"])).create_time() > written + CLOCK_SECONDS
    except FileNotFoundError:
        return False
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _remove(path: Path, match: re.Match[str]) -> None:
    place = path.with_name(match["name"])
    # Others may do the same at the same time.
    with contextlib.suppress(OSError):
        if match["older"] and not place.exists():
            path.rename(place)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


@contextlib.contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Provide a folder that is deleted at the end of the block.

    path (Path): A path; the folder gets a hidden name next to it, and only this user may read it.
    YIELDS (Path): The empty folder.
    """
    folder = unfinished(path)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def own_temporary_files() -> Iterator[None]:
    """Keep all temporary files of this process, its libraries' too, in one folder. Delete those of killed processes."""
    before = tempfile.tempdir
    with _own_folder(Path(tempfile.gettempdir())) as folder, _sockets_in(folder):
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before


@contextlib.contextmanager
def _own_folder(parent: Path) -> Iterator[Path]:
    for path in parent.glob(f".{TEMPORARY}.*.part"):
        match = UNFINISHED.fullmatch(path.name)
        if match and match["machine"] and _is_left(path, match):
            _remove(path, match)
    with temporary_folder(parent / TEMPORARY) as folder:
        yield folder


@contextlib.contextmanager
def _sockets_in(folder: Path) -> Iterator[None]:
    """Make `multiprocessing` keep its sockets in this folder, or in a shorter one if their paths would be too long.

    In a folder of its own choice, it would look for them at exit, when all temporary files have been deleted.
    """
    with contextlib.ExitStack() as opened:
        if len(os.fsencode(folder)) > LONGEST_OF_SOCKETS:
            # If that folder isn't writable, a pool can't be started, but everything else works.
            with contextlib.suppress(OSError):
                folder = opened.enter_context(_own_folder(SHORT_PLACE))
        config = vars(multiprocessing.current_process())["_config"]
        before = config.get("tempdir")
        config["tempdir"] = str(folder)
        opened.callback(config.update, tempdir=before)
        yield
