"""Test that processes end with the one that started them: real processes, really killed."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts.base.parent import tethered

ROOT = Path(__file__).parents[2]
ALL_SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


def start(code: str, *words: str) -> subprocess.Popen[str]:
    """RETURNS (Popen): A Python program; signals reach it as a user's would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_end(pid: int, seconds: float = 5) -> bool:
    """RETURNS (bool): Whether a process, maybe nobody's child, ends within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


PROGRAM = """
import subprocess, sys, time
from scripts.base.parent import tethered
child = subprocess.Popen(tethered(["sleep", "60"]))
while open(f"/proc/{child.pid}/comm").read() != "sleep\\n":
    time.sleep(0.01)
print(child.pid, flush=True)
time.sleep(60)
"""

WORKER = """
import os, sys, time
from scripts.base.parent import end_with_parent
if (worker := os.fork()):
    os.waitpid(worker, 0)
else:
    end_with_parent(int(sys.argv[1]) if sys.argv[1:] else os.getppid())
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", ALL_SIGNALS)
@pytest.mark.parametrize("code", [pytest.param(PROGRAM, id="program"), pytest.param(WORKER, id="worker")])
def test_a_child_ends_with_its_parent(code: str, number: signal.Signals):
    with start(code) as parent:
        child = int(parent.stdout.readline())
        assert not wait_for_end(child, 0.05)
        parent.send_signal(number)
        assert wait_for_end(child)


def test_a_worker_whose_parent_has_ended_already_ends_at_once():
    with start(WORKER, "999999999") as parent:
        assert parent.stdout.read() == ""


def test_a_program_keeps_its_arguments_its_output_and_its_exit_code():
    script = "import sys; print(sys.argv[1:]); sys.exit(3)"
    done = subprocess.run(tethered([sys.executable, "-c", script, "a b", "--c"]), capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("['a b', '--c']\n", "", 3)
