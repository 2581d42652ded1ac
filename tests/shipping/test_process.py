"""Test other programs: which of their output is shown, and that they end with the command."""
import sys
import time

import psutil
import pytest

from scripts.base.errors import ProjectError
from scripts.shipping import process
from scripts.shipping.process import failure, run_quietly


def test_the_output_comes_back(tmp_path):
    program = "import os, sys; print(os.getcwd(), os.environ['EXTRA']); print('two', file=sys.stderr)"
    output = run_quietly([sys.executable, "-c", program], "trying", tmp_path, {"EXTRA": "three"})
    assert sorted(output.split()) == sorted([str(tmp_path), "three", "two"])


def test_a_failure_is_one_line_with_reason_and_remedy(tmp_path, capfd):
    with pytest.raises(ProjectError) as raised:
        run_quietly([sys.executable, "-c", "print('a'); 1 / 0"], "trying", tmp_path, remedy="divide by two")
    assert str(raised.value) == "trying failed (ZeroDivisionError: division by zero). Divide by two"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "output, reason",
    [
        ("Looking\nERROR: No matching distribution\nERROR: more\n[notice] new pip\n", "ERROR: No matching"),
        ("Traceback\n  File\nOSError: can't find model\n\n", "OSError: can't find model"),
        ("", "exit code 3"),
    ],
)
def test_the_line_that_says_why(output, reason):
    assert failure(output, 3).startswith(reason)


def test_an_interrupt_ends_the_program_too(tmp_path, monkeypatch):
    class Interrupted:
        def __init__(self, **settings):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return False

        def refresh(self):
            raise KeyboardInterrupt

    monkeypatch.setattr(process, "tqdm", Interrupted)
    monkeypatch.setattr(process, "REFRESH_SECONDS", 0.1)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_quietly([sys.executable, "-c", "import time; time.sleep(60)"], "waiting", tmp_path)
    assert time.monotonic() - started < 30
    assert not [child for child in psutil.Process().children() if "time.sleep(60)" in " ".join(child.cmdline())]
