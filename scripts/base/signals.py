"""End a command that gets SIGINT, SIGTERM or SIGHUP within seconds, with a one-line message.

Only fast imports are allowed here: this module is loaded first, and handles signals while a command's modules load.
"""
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import Any, Iterator, NoReturn, Optional

from scripts.base.exits import FIRST_OF_SIGNALS

WATCHED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# Time for cleaning up before the process is ended in any case. After Ctrl-C, Weasel allows 0.25 s.
GRACE_SECONDS = 2.0
PARENT_POLLS, PARENT_POLL_SECONDS = 40, 0.005
GO_ON = "Finished work is kept: start the same command again to continue"


class _State:
    """The state of signal handling in this process.

    stopped_by (Optional[int]): The first signal received.
    parent (Optional[int]): The process that this one ends with.
    is_in_main (bool): Whether there may be something to clean up.
    is_watched (bool): Whether signals are handled.
    is_answered (bool): Whether the main thread has handled one.
    telling (Lock): Held while the message is printed.
    """

    stopped_by: Optional[int] = None
    parent: Optional[int] = None
    is_in_main = False
    is_watched = False
    is_answered = False
    telling = threading.Lock()


def watch() -> None:
    """Handle signals from now on. Signals that are ignored, as with `nohup`, stay ignored."""
    if _State.is_watched:
        return
    _State.is_watched = True
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    # The main thread may be in a long computation, and handles signals only after it.
    signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_answer, args=(ours, pythons), name="signals", daemon=True).start()
    for number in WATCHED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def set_parent(parent: int) -> None:
    """Set the parent process whose end is to be given as the reason for stopping.

    parent (int): The parent's process id.
    """
    _State.parent = parent


@contextlib.contextmanager
def clearing_away() -> Iterator[None]:
    """Make signals raise SystemExit during the block, so that unfinished files are cleaned up."""
    _State.is_in_main = True
    try:
        yield
    finally:
        _State.is_in_main = False


def stopped_by() -> Optional[int]:
    """RETURNS (Optional[int]): The signal that is ending this process, if any. Errors after it need no message."""
    return _State.stopped_by


def end(number: int) -> NoReturn:
    """End immediately, with the exit code of a signal."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    os._exit(FIRST_OF_SIGNALS + number)


def _stop(number: int, frame: Optional[FrameType]) -> None:
    # A second signal would interrupt the cleanup that the first one started.
    if _State.is_answered:
        return
    _State.is_answered = True
    code = FIRST_OF_SIGNALS + _tell(number)
    if not _State.is_in_main:
        os._exit(code)
    raise SystemExit(code)


def _answer(ours: socket.socket, pythons: socket.socket) -> None:
    """Report the first signal, and make sure that the process ends."""
    number = next(number for number in iter(lambda: ours.recv(1)[0], None) if number in WATCHED)
    code = FIRST_OF_SIGNALS + _tell(number)
    time.sleep(GRACE_SECONDS)
    os._exit(code)


def _tell(number: int) -> int:
    """RETURNS (int): The first signal, which is the one reported to the user."""
    with _State.telling:
        if _State.stopped_by is None:
            _State.stopped_by = number
            # Any error from here on is a consequence of the signal.
            sys.excepthook = threading.excepthook = sys.unraisablehook = _ignore
            # Not `print`, which the main thread may be in the middle of. The terminal may also be gone.
            with contextlib.suppress(OSError):
                os.write(1, f"\n⚠ {_reason(number)}. {GO_ON}\n".encode(sys.stdout.encoding or "utf8", "replace"))
        return _State.stopped_by


def _reason(number: int) -> str:
    if number == signal.SIGTERM and _has_parent_ended():
        return "Stopped because Weasel has ended"
    return "Stopped" if number == signal.SIGINT else f"Stopped by {signal.Signals(number).name}"


def _has_parent_ended() -> bool:
    # The kernel reports the end of the parent's first thread a moment before the parent itself ends.
    for _ in range(PARENT_POLLS if _State.parent else 0):
        if os.getppid() != _State.parent:
            return True
        time.sleep(PARENT_POLL_SECONDS)
    return False


def _ignore(*details: Any) -> None:
    pass
