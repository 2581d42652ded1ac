"""Provide the pipeline of the annotation tests, and the demo as a separate process."""
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.annotation.conftest import one_thread, pipeline, trained  # noqa: F401
from tests.project import ROOT


@pytest.fixture
def demo(pipeline):  # noqa: F811
    """The process, its address, and the lines that it has printed."""
    with started_demo(pipeline) as started:
        yield started


@pytest.fixture(scope="module")
def demo_address(pipeline):  # noqa: F811
    """The address of one that is left running."""
    with started_demo(pipeline) as (_, address, _):
        yield address


@contextmanager
def started_demo(pipeline):  # noqa: F811
    words = [sys.executable, "-B", "-m", "scripts.demo", "--pipeline", str(pipeline), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(words, cwd=ROOT, env=environment, **pipes)
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield process, found.group(), printed
                break
        else:
            pytest.fail("".join(printed))
    finally:
        process.kill()
        process.wait()
