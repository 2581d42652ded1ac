"""Test that a stopped command says so in one line and ends: real commands and signals, with and without Weasel."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PROJECT = 'commands:\n  - name: wait\n    script: ["{python} -B -m scripts.waiting"]\n'
# A command that takes long to load, and then to run.
WAITING = """
import time
print("loading", flush=True)
time.sleep({loading})

from pathlib import Path
from scripts.base.command import run
from scripts.base.files import atomic_folder


def main() -> None:
    with atomic_folder(Path("training/model")) as folder:
        (folder / "text").write_text("private")
        print("running", flush=True)
        try:
            {work}
        except BaseException:
            {caught}


if __name__ == "__main__":
    run(main)
"""
SLEEP, LOOP = "time.sleep(60)", "while True: pass"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
COMMAND = [sys.executable, "-B", "-m", "scripts.waiting"]
WEASEL = [sys.executable, "-B", "-m", "weasel", "run", "wait"]


@pytest.fixture()
def project(tmp_path: Path) -> Path:
    """RETURNS (Path): A folder where `scripts` is this project's, and has a command more."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "__init__.py").write_bytes((ROOT / "scripts" / "__init__.py").read_bytes())
    (tmp_path / "scripts" / "base").symlink_to(ROOT / "scripts" / "base")
    (tmp_path / "project.yml").write_text(PROJECT.format(python=sys.executable))
    return tmp_path


def start(project: Path, command: list[str], *, loading=0, work=SLEEP, caught="raise") -> subprocess.Popen[str]:
    code = WAITING.format(loading=loading, work=work, caught=caught)
    (project / "scripts" / "waiting.py").write_text(code)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=project, env={**os.environ, "NO_COLOR": "1"}, start_new_session=True, **pipes)


def read_until(process: subprocess.Popen[str], line: str) -> None:
    while (read := process.stdout.readline()) != f"{line}\n":
        assert read, f"it ended before it said {line}"


def lines_of(process: subprocess.Popen[str]) -> list[str]:
    """RETURNS (list[str]): All that a process, and whatever it has started, still prints; both end within seconds."""
    printed, _ = process.communicate(timeout=10)
    return [line for line in printed.splitlines() if line]


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("settings", [{"loading": 60}, {}, {"work": LOOP}], ids=["loading", "running", "busy"])
def test_a_stopped_command_says_so_in_one_line(settings, number: signal.Signals, project: Path):
    with start(project, COMMAND, **settings) as process:
        read_until(process, "loading" if "loading" in settings else "running")
        process.send_signal(number)
        (line,) = lines_of(process)
    assert line.startswith("⚠ Stopped") and line.endswith("start the same command again to continue")
    assert (number.name in line) == (number != signal.SIGINT)
    assert process.returncode == CODES[number]
    assert not list(project.rglob("*.part"))


BAR = """exec('from scripts.base.progress import progress\\nwith progress(10, "run"): time.sleep(60)')"""


def test_no_bar_is_drawn_behind_the_reason(project: Path):
    with start(project, COMMAND, work=BAR) as process:
        read_until(process, "running")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        lines = [line for line in lines_of(process) if line.strip()]
    assert "run/s]" in lines[0] and lines[-1].startswith("⚠ Stopped.")


@pytest.mark.parametrize("caught", ["pass", "time.sleep(60)", "raise RuntimeError('x')", "raise OSError('x')"])
def test_whatever_a_library_makes_of_it_the_command_ends(caught: str, project: Path):
    with start(project, COMMAND, caught=caught) as process:
        read_until(process, "running")
        process.send_signal(signal.SIGINT)
        (line,) = lines_of(process)
    assert line.startswith("⚠ Stopped.") and process.returncode == 130


def test_ctrl_c_under_weasel_is_one_line(project: Path):
    with start(project, WEASEL) as process:
        read_until(process, "running")
        os.killpg(process.pid, signal.SIGINT)
        (line,) = lines_of(process)
    assert line.startswith("⚠ Stopped.") and process.returncode == 130
    assert not list(project.rglob("*.part"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("loading", [0, 60])
def test_a_command_ends_with_weasel(loading: int, number: signal.Signals, project: Path):
    with start(project, WEASEL, loading=loading) as process:
        read_until(process, "loading" if loading else "running")
        (command,) = psutil.Process(process.pid).children()
        process.send_signal(number)
        assert lines_of(process)[-1].startswith("⚠ Stopped because Weasel has ended.")
        with pytest.raises(psutil.NoSuchProcess):
            command.wait(5)
            command.status()


def test_a_command_outlives_the_shell_that_has_started_it(project: Path):
    shell = ["sh", "-c", "nohup " + " ".join(COMMAND) + " & echo $!; read line"]
    code = WAITING.format(loading=0, work=SLEEP, caught="raise")
    (project / "scripts" / "waiting.py").write_text(code)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(shell, cwd=project, start_new_session=True, **pipes) as process:
        command = psutil.Process(int(process.stdout.readline()))
        read_until(process, "running")
        os.killpg(process.pid, signal.SIGHUP)
        process.kill()
        process.wait()
        time.sleep(0.5)
        alive = command.is_running()
        command.terminate()
    assert alive
