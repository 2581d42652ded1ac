"""Test a whole grid in a pool: predictions as in a single process, failing runs and the log."""
import json
from pathlib import Path

import pytest

from scripts import few_shot
from scripts.base.errors import ProjectError
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.experiments.execute_run import RunWorker
from scripts.experiments.executors.local import Local
from scripts.experiments.work import tasks_of
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT
from tests.experiments.executors.left import predictions_of
from tests.experiments.tiny import SETTINGS, open_project, write_experiment


def log_of(root: Path) -> list[dict]:
    return [json.loads(line) for line in (root / "metrics" / "tiny" / "log.jsonl").read_text().splitlines()]


def test_a_pool_predicts_what_one_process_does_byte_for_byte(project, finished_project, capsys):
    few = {**SETTINGS["few_shot"], "sizes": [8], "seeds": [1]}
    write_experiment(project, {**SETTINGS, "few_shot": few})
    for kind in (FEW_SHOT, ZERO_SHOT, IN_CORPUS):
        execute_kind(open_project(project), kind, Local(2, 1))
    expected, found = predictions_of(finished_project), predictions_of(project)
    assert len(found) == 3 + 6 + 3 and found.items() <= expected.items()
    entries = log_of(project)
    # Sources once each, though many runs wait for them.
    names = [entry["run"] for entry in entries]
    assert len(names) == len(set(names)) == len(found) + len(SETTINGS["corpora"])
    assert {entry["worker"] for entry in entries} == {"worker 1", "worker 2"}
    assert all(entry["status"] == "done" and entry["start"] <= entry["end"] for entry in entries)
    printed = capsys.readouterr().out
    for entry in entries:
        assert (entry["f1"] is None) == entry["run"].startswith("model.")
        assert f"✔ {entry['run']}  " in printed


def test_the_command_uses_a_pool_and_does_nothing_twice(project, capsys):
    few = {**SETTINGS["few_shot"], "sources": [[]], "sizes": [4], "seeds": [0, 1]}
    write_experiment(project, {**SETTINGS, "few_shot": few})
    places = {name: project / name for name in ("configs", "corpus", "training", "metrics")}
    few_shot.main(experiment="tiny", **places, workers="2")
    assert {entry["worker"] for entry in log_of(project)} <= {"worker 1", "worker 2"}
    write_experiment(project, {**SETTINGS, "few_shot": {**few, "seeds": [0, 1, 2]}})
    few_shot.main(experiment="tiny", **places, workers="2")
    assert [entry["run"].rpartition(".")[2] for entry in log_of(project)][2:] == ["seed-2"]
    assert "3 runs: 2 already finished, 1 to do" in capsys.readouterr().out


def fail_at(monkeypatch, name, error):
    do = RunWorker.do

    def failing(self, what, on_passes):
        if getattr(what, "id", "") == name:
            raise error
        return do(self, what, on_passes)

    monkeypatch.setattr(RunWorker, "do", failing)


def test_a_run_that_fails_is_marked_and_the_others_go_on(project, monkeypatch, capsys):
    workspace = open_project(project)
    ids = [run.id for run in jobs_of(workspace, IN_CORPUS)]
    with monkeypatch.context() as context:
        fail_at(context, ids[1], MemoryError())
        what = "1 of the runs and source models failed; the results of the others are saved"
        with pytest.raises(ProjectError, match=what):
            execute_kind(workspace, IN_CORPUS)
    mark = workspace.results / "failures" / f"{ids[1]}.json"
    assert json.loads(mark.read_text())["reason"].startswith("out of memory")
    assert f"✘ {ids[1]}  failed: out of memory" in capsys.readouterr().out
    assert sorted(path.stem for path in workspace.runs.glob("*.json")) == sorted({*ids} - {ids[1]})
    assert [entry["run"] for entry in log_of(project) if entry["status"] == "failed"] == [ids[1]]
    # The mark is gone once the run is there.
    results = execute_kind(workspace, IN_CORPUS)
    assert [result.run for result in results] == ids and not mark.exists()


def test_runs_wait_for_their_source_alone(workspace):
    tasks = {task.id: task for task in tasks_of(workspace, jobs_of(workspace, FEW_SHOT))}
    for name, task in tasks.items():
        expected = [other for other in tasks if other.startswith("model.") and f"from-{other.split('.')[1]}." in name]
        assert list(task.after) == expected
        assert all(path in task.reads for before in task.after for path in [tasks[before].writes])
