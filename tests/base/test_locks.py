"""Test the locks of folders between real processes."""
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from scripts.base.locks import lock_file, locked

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from scripts.base.locks import locked

with locked(**{word.split("=")[0]: map(Path, word.split("=")[1].split(",")) for word in sys.argv[1:]}):
    print("has it", flush=True)
    sys.stdin.read()
"""


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """RETURNS (Popen): A process that locks folders until its standard input ends."""
    (folder / "hold_it.py").write_text(HOLD)
    command = [sys.executable, "hold_it.py", *words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes)


@contextmanager
def holding(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    with start(folder, *words) as process:
        assert process.stdout.readline() == "has it\n"
        yield process
        process.stdin.close()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["write=corpus/one"], ["write=corpus/one"]),
        (["write=corpus/one"], ["read=corpus/one"]),
        (["read=corpus/one"], ["write=corpus/one"]),
        (["write=metrics/a,training/a", "read=corpus/one"], ["write=metrics/b,training/a"]),
    ],
)
def test_the_second_waits_says_for_whom_and_goes_on_by_itself(first: list[str], second: list[str], tmp_path: Path):
    with holding(tmp_path, *first) as holder, start(tmp_path, *second) as waiter:
        told = waiter.stdout.readline()
        place = "training/a" if "training" in first[0] else "corpus/one"
        assert told.startswith(f"ℹ Waiting for {place}: in use by hold-it (process {holder.pid} on ")
        assert f") since {time.strftime('%Y-%m-%d ')}" in told
        holder.stdin.close()
        assert waiter.stdout.readline() == "has it\n"
        waiter.stdin.close()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["read=corpus/one"], ["read=corpus/one"]),
        (["write=corpus/one"], ["write=corpus/two"]),
        (["write=metrics/a,training/a", "read=corpus/one"], ["write=metrics/b,training/b", "read=corpus/one"]),
    ],
)
def test_those_who_are_not_in_each_others_way_do_not_wait(first: list[str], second: list[str], tmp_path: Path):
    with holding(tmp_path, *first), holding(tmp_path, *second):
        pass


def test_all_who_read_are_named(tmp_path: Path):
    with holding(tmp_path, "read=a") as one, holding(tmp_path, "read=a") as two, start(tmp_path, "write=a") as waiter:
        told = waiter.stdout.readline()
        assert f"(process {one.pid} on " in told and f"(process {two.pid} on " in told
        one.stdin.close()
        two.stdin.close()
        assert waiter.stdout.readline() == "has it\n"
        waiter.stdin.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_who_was_killed_is_in_nobodys_way(number: signal.Signals, tmp_path: Path):
    with holding(tmp_path, "write=a", "read=b") as killed:
        killed.send_signal(number)
        killed.wait()
        with holding(tmp_path, "write=a,b"):
            pass


def test_a_deleted_lock_file_lets_nobody_in_beside_another(tmp_path: Path):
    with holding(tmp_path, "write=a") as first, start(tmp_path, "write=a") as waiter:
        waiter.stdout.readline()
        lock_file(tmp_path / "a").unlink()
        first.stdin.close()
        assert waiter.stdout.readline() == "has it\n"
        with start(tmp_path, "write=a") as third:
            assert f"(process {waiter.pid} on " in third.stdout.readline()
            waiter.stdin.close()
            assert third.stdout.readline() == "has it\n"
            third.stdin.close()


def test_two_who_name_folders_in_other_orders_never_wait_for_each_other(tmp_path: Path):
    with holding(tmp_path, "write=b") as holder:
        with start(tmp_path, "write=a,b") as one, start(tmp_path, "read=b,a") as two:
            one.stdin.close()
            two.stdin.close()
            time.sleep(0.3)
            holder.stdin.close()
            assert one.wait(5) == two.wait(5) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_who_may_only_read_needs_no_lock(tmp_path: Path):
    tmp_path.chmod(0o555)
    with locked(read=[tmp_path / "corpus"]):
        pass
    with pytest.raises(PermissionError), locked(write=[tmp_path / "corpus"]):
        pass


def test_a_lock_file_that_is_a_link_to_nowhere_holds_nobody_up(tmp_path: Path):
    lock_file(tmp_path / "one").symlink_to(tmp_path / "gone" / "lock")
    with holding(tmp_path, "write=one"):
        assert not lock_file(tmp_path / "one").is_symlink()


def test_the_last_one_leaves_nothing_behind(tmp_path: Path):
    with locked(write=[tmp_path / "a"], read=[tmp_path / "b"]):
        assert str(os.getpid()) in lock_file(tmp_path / "a").read_text()
    assert list(tmp_path.iterdir()) == []


def test_who_waits_does_not_name_itself(tmp_path: Path):
    code = """
from pathlib import Path
from scripts.base.locks import locked
with locked(read=[Path("corpus/one")]):
    pass
with locked(write=[Path("corpus/one")]):
    print("has it", flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with holding(tmp_path, "read=corpus/one") as holder:
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as waiter:
            told = waiter.stdout.readline()
            holder.stdin.close()
    assert f"(process {holder.pid} on " in told and f"process {waiter.pid} " not in told
