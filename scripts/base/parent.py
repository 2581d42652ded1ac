"""End a process when the one that started it ends, for whatever reason.

Only the standard library is imported, because this file also runs by itself before it becomes another program.
"""
import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Sequence

# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.5


def end_with_parent(parent: int) -> None:
    """Terminate this process (SIGTERM) as soon as its parent has ended, for whatever reason.

    On Linux, the kernel does this, and treats the thread that started this process as its parent. A pool therefore has
    to start its workers from a thread that lives as long as they are needed.

    parent (int): The parent's process id, passed on by the parent itself, which may have ended since.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    # It may have ended before the call above.
    if not _is_child_of(parent):
        os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while _is_child_of(parent):
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_child_of(parent: int) -> bool:
    # An orphan gets another parent.
    return os.getppid() == parent


def tethered(command: Sequence[str]) -> list[str]:
    """Make a program end with this process.

    command (Sequence[str]): The program and its arguments.
    RETURNS (list[str]): The command to start instead. It becomes that program, under the same process id.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", str(Path(__file__).absolute()), str(os.getpid()), *command]


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
