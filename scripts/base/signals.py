"""End a command that is interrupted, terminated or hung up on in one line and within seconds.

Nothing is imported that takes time: this comes before all else, and answers also while the modules of a command load.
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
# For what is under way to be cleared away, before the process ends in any case. Weasel leaves 0.25 s after Ctrl-C.
GRACE_SECONDS = 2.0
PARENT_POLLS, PARENT_POLL_SECONDS = 40, 0.005
GO_ON = "Finished runs are kept: start the same command again to go on"


class _State:
    """What has happened to this process.

    stopped_by (Optional[int]): The first signal that came.
    parent (Optional[int]): The process that this one ends with.
    is_in_main (bool): Whether there may be anything to clear away.
    is_watched (bool): Whether signals are answered.
    is_answered (bool): Whether the main thread has answered one.
    telling (Lock): Who tells of it, holds it.
    """

    stopped_by: Optional[int] = None
    parent: Optional[int] = None
    is_in_main = False
    is_watched = False
    is_answered = False
    telling = threading.Lock()


def watch() -> None:
    """Answer signals from now on. What the user has this process ignore, as `nohup` does, stays ignored."""
    if _State.is_watched:
        return
    _State.is_watched = True
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    # The main thread may be in a long computation, and only answers after it.
    signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_answer, args=(ours, pythons), name="signals", daemon=True).start()
    for number in WATCHED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def tell_of_parent(parent: int) -> None:
    """Have the end of a parent, with which this process ends, told as the reason.

    parent (int): Its process id.
    """
    _State.parent = parent


@contextlib.contextmanager
def clearing_away() -> Iterator[None]:
    """While the block lasts, a signal raises SystemExit, so that what is unfinished is cleared away."""
    _State.is_in_main = True
    try:
        yield
    finally:
        _State.is_in_main = False


def stopped_by() -> Optional[int]:
    """RETURNS (Optional[int]): The signal that ends this process; what else goes wrong meanwhile is of no interest."""
    return _State.stopped_by


def end(number: int) -> NoReturn:
    """End at once, as one does after a signal."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    os._exit(FIRST_OF_SIGNALS + number)


def leave_to_parent() -> None:
    """Answer no signal in this process, a worker: the one that has started it tells the user, and ends its workers."""
    signal.set_wakeup_fd(-1)
    for number in WATCHED:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)


def _stop(number: int, frame: Optional[FrameType]) -> None:
    # One is enough: a second would break what the first has cleared away.
    if _State.is_answered:
        return
    _State.is_answered = True
    code = FIRST_OF_SIGNALS + _tell(number)
    if not _State.is_in_main:
        os._exit(code)
    raise SystemExit(code)


def _answer(ours: socket.socket, pythons: socket.socket) -> None:
    """Tell of the first signal, and see to it that the process ends."""
    number = next(number for number in iter(lambda: ours.recv(1)[0], None) if number in WATCHED)
    code = FIRST_OF_SIGNALS + _tell(number)
    time.sleep(GRACE_SECONDS)
    os._exit(code)


def _tell(number: int) -> int:
    """RETURNS (int): The signal that the user has been told of: the first one."""
    with _State.telling:
        if _State.stopped_by is None:
            _State.stopped_by = number
            # Whatever breaks now, breaks because of the signal.
            sys.excepthook = threading.excepthook = sys.unraisablehook = _ignore
            # Not by `print`, which the main thread may be in the middle of; and the terminal may be gone.
            with contextlib.suppress(OSError):
                os.write(1, f"\n⚠ {_reason(number)}. {GO_ON}\n".encode(sys.stdout.encoding or "utf8", "replace"))
        return _State.stopped_by


def _reason(number: int) -> str:
    if number == signal.SIGTERM and _has_parent_ended():
        return "Stopped, since Weasel has ended"
    return "Stopped" if number == signal.SIGINT else f"Stopped by {signal.Signals(number).name}"


def _has_parent_ended() -> bool:
    # The kernel tells of the end of its first thread, a moment before that of the process.
    for _ in range(PARENT_POLLS if _State.parent else 0):
        if os.getppid() != _State.parent:
            return True
        time.sleep(PARENT_POLL_SECONDS)
    return False


def _ignore(*details: Any) -> None:
    pass
