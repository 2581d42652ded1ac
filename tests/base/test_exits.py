"""Test that the end of a process is explained, for processes that really end."""
import os
import signal
import subprocess
import sys

import pytest

from scripts.base.exits import explain_exit


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by signal 9 (KILL): often by the system"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "killed by signal 15 (TERM)"),
        ("import os; os.abort()", "killed by signal 6 (ABRT)"),
        ("raise SystemExit(130)", "exit code 130, after signal 2 (INT)"),
        ("raise SystemExit(137)", "exit code 137, after signal 9 (KILL): often by the system, when"),
        ("raise SystemExit(2)", "exit code 2"),
        ("raise SystemExit(255)", "exit code 255"),
    ],
)
def test_the_end_of_a_program_is_told(code: str, told: str):
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False)
    assert explain_exit(done.returncode).startswith(told)


def test_the_end_of_a_forked_process_is_told():
    worker = os.fork()
    if not worker:
        os.kill(os.getpid(), signal.SIGUSR1)
    _, status = os.waitpid(worker, 0)
    assert explain_exit(os.waitstatus_to_exitcode(status)) == f"killed by signal {signal.SIGUSR1:d} (USR1)"
