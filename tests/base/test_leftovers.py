"""Test that files left by killed processes are deleted, and those of running processes are kept."""
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from scripts.base.files import atomic_file, atomic_folder, write_json
from scripts.base.leftovers import FOREIGN_SECONDS, finished_path, own_temporary_files, remove_leftovers, unfinished
from scripts.base.locks import locked

ROOT = Path(__file__).parents[2]
WRITE = """
import sys, tempfile
from pathlib import Path
from scripts.base.files import atomic_file, atomic_folder
from scripts.base.leftovers import own_temporary_files, temporary_folder

with own_temporary_files(), atomic_folder(Path("training/model")) as model, atomic_file(Path("runs/run.json")) as run:
    with temporary_folder(Path("environment")) as environment, tempfile.TemporaryDirectory() as questions:
        for path in (model / "deep" / "text", run, environment / "text", Path(questions) / "text"):
            path.parent.mkdir(exist_ok=True)
            path.write_text("private")
        print("written", flush=True)
        sys.stdin.read()
"""


def start(folder: Path, code: str = WRITE) -> subprocess.Popen[str]:
    (folder / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=environment, **pipes)
    assert process.stdout.readline() == "written\n"
    return process


def private(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.read_text() == "private"]


def clear(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    with own_temporary_files(), locked(write=[folder / "training", folder / "runs"]):
        pass


def test_what_a_killed_process_left_goes_at_the_next_start(tmp_path: Path, monkeypatch):
    with start(tmp_path) as process:
        assert len(private(tmp_path)) == 4
        clear(tmp_path, monkeypatch)
        assert len(private(tmp_path)) == 4, "it is still at work"
        process.send_signal(signal.SIGKILL)
        process.wait()
        clear(tmp_path, monkeypatch)
    assert not private(tmp_path) and not list(tmp_path.rglob("*.part"))


def test_of_another_machine_only_what_is_long_untouched_goes(tmp_path: Path):
    foreign = tmp_path / ".model.00000000-1-00000000.part"
    foreign.mkdir()
    remove_leftovers(tmp_path)
    assert foreign.is_dir()
    long_ago = time.time() - FOREIGN_SECONDS - 1
    os.utime(foreign, (long_ago, long_ago))
    remove_leftovers(tmp_path)
    assert not foreign.exists()


REPLACED = """
import os, signal, sys
from pathlib import Path
from scripts.base.files import atomic_folder

move = os.replace
os.replace = lambda *args, **kwargs: (print("written", flush=True), sys.stdin.read())
with atomic_folder(Path("model")) as folder:
    (folder / "text").write_text("new")
"""


def test_a_folder_whose_replacing_was_cut_off_gets_its_name_back(tmp_path: Path):
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "text").write_text("older")
    with start(tmp_path, REPLACED) as process:
        assert not (tmp_path / "model").exists()
        process.kill()
    remove_leftovers(tmp_path)
    assert (tmp_path / "model" / "text").read_text() == "older"
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob(".*.part"))


def test_an_unfinished_path_is_told_by_its_finished_name(tmp_path: Path):
    path = tmp_path / "a.b" / "run.json"
    assert finished_path(unfinished(path)) == finished_path(path) == path
    assert finished_path(unfinished(path) / "deep" / "text") == path / "deep" / "text"


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o002, 0o022])
def test_the_users_umask_holds_for_all(umask: int, tmp_path: Path):
    before = os.umask(umask)
    try:
        with atomic_folder(tmp_path / "new" / "model") as folder:
            write_json(folder / "deep" / "meta.json", {})
            assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~umask
        with atomic_file(tmp_path / "new" / "run.json") as file:
            assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~umask
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()}
    assert (modes, folders) == ({0o666 & ~umask}, {0o777 & ~umask})


REPLACE = """
import sys
from pathlib import Path
from scripts.base.files import atomic_folder

print("written", flush=True)
sys.stdin.read()
for _ in range(100):
    with atomic_folder(Path("model")) as folder:
        for name in "ab":
            (folder / name).write_text(str(id(folder)))
"""


def test_several_processes_may_replace_a_folder_at_the_same_time(tmp_path: Path):
    processes = [start(tmp_path, REPLACE) for _ in range(3)]
    for process in processes:
        process.stdin.close()
    assert [process.wait(20) for process in processes] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir() if path.name != "tmp"] == ["model"]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["a", "b"]


POOL = """
import multiprocessing
from scripts.base.leftovers import own_temporary_files

if __name__ == "__main__":
    with own_temporary_files():
        process = multiprocessing.get_context("forkserver").Process(target=print, args=("started",))
        process.start()
        process.join()
"""


@pytest.mark.parametrize("length", [1, 90])
def test_processes_start_whatever_the_temporary_folder_is_called_and_end_without_a_word(length: int, tmp_path: Path):
    (tmp_path / "pool.py").write_text(POOL)
    with tempfile.TemporaryDirectory(dir="/tmp") as parent:
        folder = Path(parent) / ("x" * length)
        folder.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
        command = [sys.executable, str(tmp_path / "pool.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "started\n", "")
        assert not list(folder.iterdir())
