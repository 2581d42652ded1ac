"""Test executors with real processes: results, failures, deaths, threads, and no process left at the end."""
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress

import psutil
import pytest

from scripts.base.errors import ProjectError
from scripts.experiments.executors.inline import Inline
from scripts.experiments.executors.local import Local
from scripts.experiments.executors.registry import choose_executor
from scripts.experiments.executors.task import OUT_OF_MEMORY, Task
from tests.experiments.executors.work import Chores
from tests.project import ROOT


def chore(name, what="ok", after=()):
    return Task(name, (name, what), 1, tuple(after))


def execute(executor, folder, *tasks, **settings):
    """RETURNS (dict): Each task as it ended, in the order of ending."""
    passes = []
    with closing(executor.execute(Chores(folder, **settings), tasks, lambda *told: passes.append(told))) as over:
        ended = {one.task.id: one for one in over}
    assert {name for name, _ in passes} <= set(ended)
    return ended


def processes_of(folder):
    return [int(path.name.partition("-")[2]) for path in folder.glob("process-*")]


def is_running(process):
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


def wait_until(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


@pytest.fixture(params=[Inline(), Local(2, 1)], ids=["inline", "local"])
def executor(request):
    return request.param


def test_what_fails_is_told_and_the_others_go_on(executor, tmp_path):
    tasks = [chore("a"), chore("b", "told"), chore("c", "broken"), chore("d", "greedy"), chore("e", after=["b"])]
    ended = execute(executor, tmp_path, *tasks, chore("f", after=["a"]))
    reasons = {name: one.failure.reason for name, one in ended.items() if one.failure}
    assert [name for name, one in sorted(ended.items()) if one.value == "done"] == ["a", "f"]
    assert reasons["b"] == "train.spacy: the file is gone. Convert again"
    assert reasons["c"].startswith("ValueError at scripts/experiments/executors/task.py:")
    assert reasons["d"] == OUT_OF_MEMORY
    assert reasons["e"] == f"b failed: {reasons['b']}"
    assert not (tmp_path / "begun-e").exists()
    assert list(ended).index("a") < list(ended).index("f")
    # Code, and no values.
    traceback = "\n".join(ended["c"].failure.traceback)
    assert "broken" in traceback and "Petrov" not in traceback


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_loses_its_task_alone_and_is_replaced(tmp_path, workers):
    names = ["a", "b", "c", "d"]
    tasks = [chore("x", "killed"), *map(chore, names), chore("y", "killed"), chore("z", after=["d"])]
    ended = execute(Local(workers, 1), tmp_path, *tasks)
    assert ended["z"].value == "done"
    assert [name for name in names if ended[name].value != "done"] == []
    for name in ("x", "y"):
        assert "killed by signal 9 (KILL): often by the system, when it runs out of" in ended[name].failure.reason
    # By itself a worker has to be replaced twice.
    assert workers > 1 or len(processes_of(tmp_path)) == 3
    assert not any(map(is_running, processes_of(tmp_path)))


def test_a_real_shortage_of_memory_is_told_and_the_others_go_on(tmp_path):
    tasks = [chore("a", "hungry"), chore("b", "starved"), *map(chore, "cdef")]
    ended = execute(Local(2, 1), tmp_path, *tasks)
    assert ended["a"].failure.reason == OUT_OF_MEMORY
    told = "killed by signal 6 (ABRT): a library crashed, often because it ran out of memory; take a smaller batch_size"
    assert ended["b"].failure.reason.startswith(told)
    assert [ended[name].value for name in "cdef"] == ["done"] * 4


def test_one_task_at_a_time_needs_no_pool(tmp_path):
    ended = execute(Local(None, 1), tmp_path, chore("a"), chore("b", after=["a"]))
    assert {one.worker for one in ended.values()} == {"this process"}
    assert processes_of(tmp_path) == [os.getpid()]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_worker_computes_with_the_threads_that_it_is_given(tmp_path, threads):
    ended = execute(Local(2, threads), tmp_path, chore("a", "counted"), chore("b", "counted"), threads=threads)
    for one in ended.values():
        assert one.value["torch"] == threads and one.value["is_garbage_collected"] == (False, True)
        # Forked from a process that has no threads, which would not be there behind a fork.
        assert one.value["parent_threads"] == 1
        assert one.value["OPENBLAS_NUM_THREADS"] == "1" and one.value["TOKENIZERS_PARALLELISM"] == "false"
    assert "OPENBLAS_NUM_THREADS" not in os.environ or os.environ["OPENBLAS_NUM_THREADS"]


def test_a_gpu_that_is_not_there_stops_everything(tmp_path):
    for executor in (Inline(99), Local(2, 1, 99)):
        with pytest.raises(ProjectError, match="GPU 99 can't be used"):
            execute(executor, tmp_path, chore("a"), chore("b"))


def test_closing_ends_the_workers(tmp_path):
    over = Local(2, 1).execute(Chores(tmp_path), [chore("a", "company"), chore("b", "slow"), chore("c")], print)
    next(over)
    assert (tmp_path / "begun-b").exists()
    over.close()
    assert len(processes_of(tmp_path)) == 2 and not any(map(is_running, processes_of(tmp_path)))


DRIVER = """
import sys
from pathlib import Path
from scripts.experiments.executors.local import Local
from tests.experiments.executors.work import Chores
from tests.experiments.executors.test_executors import chore
for ended in Local(2, 1).execute(Chores(Path(sys.argv[1])), [chore("a", "slow"), chore("b", "slow")], print):
    pass
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name)
def test_workers_end_with_the_process_that_started_them(tmp_path, sent):
    (tmp_path / "work").mkdir()
    # A session of its own, as in a terminal of its own: Ctrl-C reaches all of its processes.
    with (tmp_path / "errors").open("w") as errors:
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(tmp_path / "work")], cwd=ROOT, stderr=errors, start_new_session=True
        )
    assert wait_until(lambda: len(list((tmp_path / "work").glob("begun-*"))) == 2, 60)
    if sent == signal.SIGINT:
        os.killpg(driver.pid, sent)
    else:
        driver.send_signal(sent)
    assert driver.wait(15) != 0
    workers = processes_of(tmp_path / "work")
    assert len(workers) == 2 and wait_until(lambda: not any(map(is_running, workers)))
    # One traceback at most, that of the driver, which is no command here; none of the workers'.
    assert (tmp_path / "errors").read_text().count("Traceback") == (sent == signal.SIGINT)


LOADING = """
import sys, time
from pathlib import Path
from scripts.experiments.executors.local import Local
from tests.experiments.executors.work import Chores
from tests.experiments.executors.test_executors import chore

class Slow(Chores):
    module = "loading"

tasks = [chore("a", "slow"), chore("b", "slow")]
for ended in Local(2, 1).execute(Slow(Path(sys.argv[1])), tasks, print):
    pass
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_nothing_is_left_of_a_process_that_ends_while_the_libraries_load(tmp_path, sent):
    """They take seconds, more on a busy machine, and meanwhile nobody looks whether it is there."""
    (tmp_path / "loading.py").write_text("import pathlib, time; pathlib.Path('loading').touch(); time.sleep(8)")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "MARK": str(tmp_path)}
    command = [sys.executable, "-c", LOADING, str(tmp_path)]
    with (tmp_path / "errors").open("w") as errors:
        driver = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=errors, start_new_session=True)
    assert wait_until((tmp_path / "loading").exists, 60)
    if sent == signal.SIGINT:
        os.killpg(driver.pid, sent)
    else:
        driver.send_signal(sent)
    assert driver.wait(15) != 0
    assert wait_until(lambda: not marked(str(tmp_path)), 5)
    assert (tmp_path / "errors").read_text().count("Traceback") == (sent == signal.SIGINT)


def test_when_the_server_of_workers_is_killed_the_reason_is_told(tmp_path):
    (tmp_path / "loading.py").write_text("import os; os.kill(os.getpid(), 9)")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", LOADING, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert "ProjectError: the process that workers are started from has ended: often by the system" in done.stderr


def marked(mark):
    """RETURNS (list): Processes that are running with a mark in their environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"name": "locla"}, "--executor: no executor 'locla'. Did you mean 'local'?"),
        ({"workers": "many"}, "--workers must be a number from 1 to 9999, or auto (got 'many')"),
        ({"workers": "0"}, "--workers must be a number from 1 to 9999, or auto (got '0')"),
        ({"threads": 0}, "--threads must be from 1 to 1024 (got 0)"),
        ({"gpus_per_run": 0.0}, "--gpus-per-run must be above 0 and at most 1 (got 0.0)"),
        ({"gpus_per_run": float("nan")}, "--gpus-per-run must be above 0 and at most 1 (got nan)"),
        ({"address": "10.0.0.1:6379"}, "--address: executor 'local' doesn't use an address"),
    ],
)
def test_wrong_options_are_told(changes, message):
    settings = {"name": "local", "workers": "auto", "address": "", "threads": 1, "gpu_id": -1, **changes}
    with pytest.raises(ProjectError) as error:
        choose_executor(**settings)
    assert message in str(error.value) and "\n" not in json.dumps(str(error.value))
