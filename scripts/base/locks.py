"""Keep commands from writing to the same folder at the same time. Say which process a command waits for."""
import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Iterable, Iterator, Optional

import psutil

from scripts.base.leftovers import remove_leftovers

# How often to retry a folder that is in use, and when to say so: most uses are over immediately.
POLL_SECONDS, PATIENCE_SECONDS = 0.1, 0.5
# Errors of file systems without locks, such as some that clusters share.
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@dataclass(frozen=True)
class Holder:
    """A process that uses a folder.

    command (str): The command it runs, such as `few-shot`.
    pid (int): Its process id.
    host (str): The machine it runs on.
    since (str): When it started to use the folder.
    """

    command: str
    pid: int
    host: str
    since: str

    @property
    def may_live(self) -> bool:
        """RETURNS (bool): Whether it may be another running process. On another machine, it always may be."""
        # This process may have shared the folder before.
        return self.host != socket.gethostname() or (self.pid != os.getpid() and psutil.pid_exists(self.pid))

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid} on {self.host}) since {self.since}"


@contextlib.contextmanager
def locked(write: Iterable[Path] = (), read: Iterable[Path] = ()) -> Iterator[None]:
    """Lock folders for this process during the block. If others use them, wait and say for which process.

    Readers share a folder; a writer has it alone. The operating system releases the locks of a process that has
    ended, also in a folder that several machines share. Don't use this for a folder that this process has locked
    already. Unfinished files that killed processes left in the folders are deleted.

    write (Iterable[Path]): Folders to write to. The lock of `corpus/en_ugt` is the file `corpus/.en_ugt.lock`.
    read (Iterable[Path]): Folders to read.
    """
    write, read = list(write), list(read)
    wanted = {path.absolute(): False for path in read} | {path.absolute(): True for path in write}
    with contextlib.ExitStack() as held:
        # Always in the same order, or two processes could wait for each other.
        for path in sorted(wanted):
            held.enter_context(_locked(path, alone=wanted[path]))
        for parent in {path.parent for path in wanted}:
            remove_leftovers(parent)
        for path in write:
            remove_leftovers(path, below=True)
        yield


@contextlib.contextmanager
def _locked(path: Path, alone: bool) -> Iterator[None]:
    absent = [folder for folder in path.parents if not folder.exists()]
    try:
        file = _acquire(path, alone)
    except OSError as error:
        # A reader without write access leaves no trace. Without locks everything works, but the user has to take care.
        if alone and error.errno not in WITHOUT_LOCKS:
            raise
        if alone:
            print(f"⚠ {_shown(path)}: this file system has no locks. Run only one command at a time there", flush=True)
        yield
        return
    try:
        _sign(file)
        yield
    finally:
        # The last process to share a folder tidies up. One that waits notices that the file is no longer the same.
        if _try_lock(file, fcntl.LOCK_EX) and _is_same(file, lock_file(path)):
            lock_file(path).unlink()
        file.close()
        _remove_empty(absent)


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders created only for a lock, inner ones first, so that a command that stops leaves nothing behind."""
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def lock_file(path: Path) -> Path:
    """RETURNS (Path): The lock file of a folder, which also names the processes that use the folder."""
    return path.with_name(f".{path.name}.lock")


def _acquire(path: Path, alone: bool) -> IO[str]:
    """RETURNS (IO[str]): The lock file, locked, open for appending."""
    started, is_told = time.monotonic(), False
    while True:
        file = _open(lock_file(path))
        # Its last user may have deleted the file that was opened.
        if _try_lock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH) and _is_same(file, lock_file(path)):
            if alone:
                file.truncate(0)
            return file
        if not is_told and time.monotonic() - started > PATIENCE_SECONDS:
            print(f"ℹ Waiting for {_shown(path)}: in use by {_holders(file)}", flush=True)
            is_told = True
        file.close()
        time.sleep(POLL_SECONDS)


def _open(path: Path) -> IO[str]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return path.open("a+", encoding="utf8")
        except FileNotFoundError:
            # Another process may have removed the folder again. A link that leads nowhere would stay.
            if path.is_symlink():
                path.unlink(missing_ok=True)


def _try_lock(file: IO[str], operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sign(file: IO[str]) -> None:
    command = Path(sys.argv[0]).stem.replace("_", "-")
    holder = Holder(command, os.getpid(), socket.gethostname(), datetime.now().strftime("%Y-%m-%d %H:%M:%S"))
    file.write(json.dumps(asdict(holder)) + "\n")
    file.flush()


def _holders(file: IO[str]) -> str:
    file.seek(0)
    holders = [holder for line in file if (holder := _read_holder(line)) and holder.may_live]
    return " and ".join(map(str, holders)) or "another process"


def _read_holder(line: str) -> Optional[Holder]:
    try:
        return Holder(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
