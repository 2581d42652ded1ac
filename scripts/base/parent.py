"""End a process together with the one that started it, however that one ends.

Nothing but the standard library is imported: this file is also run by itself, to become another program.
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
    """Have this process terminated (SIGTERM) as soon as its parent has ended, by whatever signal.

    On Linux the kernel sees to it, which takes the thread that started this process for its parent: a pool has to start
    its workers from a thread that lasts as long as they are wanted.

    parent (int): The parent's process id, as the parent itself told it: by now it may have ended.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    # It may have ended before the kernel was told.
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
    """Have a program that is started end with this process.

    command (Sequence[str]): The program and its arguments.
    RETURNS (list[str]): What to start in its place: it becomes that program, under the same process id.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", str(Path(__file__).absolute()), str(os.getpid()), *command]


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
