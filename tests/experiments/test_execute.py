"""Test a whole experiment: finished runs are not repeated, interruptions change nothing, mistakes are found first."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import few_shot, in_corpus, zero_shot
from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json
from scripts.experiments import train
from scripts.experiments.execute import execute_kind, jobs_of, print_left_out, settings_file, show, show_settings
from scripts.experiments.models import KeptModel
from scripts.experiments.plan import few_shot_runs, in_corpus_runs, zero_shot_runs
from scripts.experiments.run import FinishedRun, run_job
from scripts.experiments.second_training import HeldOutMentions
from scripts.experiments.work import TEST_COST, tasks_of
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, change_data, open_project, write_experiment

# Three runs: each starts otherwise, and one trains a source first.
FEW = {**SETTINGS["few_shot"], "sources": [[], ["en_ugt"]], "sizes": [4], "seeds": [1], "transfer": ["full", "encoder"]}


@pytest.fixture()
def few(project):
    """RETURNS (Workspace): The tiny project with three few-shot runs to do."""
    write_experiment(project, {**SETTINGS, "few_shot": FEW})
    return open_project(project)


@pytest.fixture()
def finished(project, finished_project):
    """RETURNS (Workspace): A copy of the finished project."""
    for name in ("training", "metrics"):
        shutil.copytree(finished_project / name, project / name, dirs_exist_ok=True)
    return open_project(project)


def interrupt_after(monkeypatch, updates):
    """Stop as Ctrl-C does, behind so many updates."""
    made = []

    def interrupted(job, on_passes):
        def on_update():
            made.append(1)
            if len(made) == updates:
                raise KeyboardInterrupt

        return on_update

    # Called at every update, to move the bar.
    monkeypatch.setattr(train, "_count_passes", interrupted)


def record(runs: Path) -> dict[str, object]:
    """What is on record of every run: all but how long it took, and the predictions byte for byte."""
    results = {path.name: read_checked_json(path) for path in runs.glob("*.json")}
    for result in results.values():
        del result["seconds"]
    return {**results, **{path.name: path.read_bytes() for path in runs.glob("*.predictions.json.gz")}}


class TestResuming:
    def test_what_is_finished_is_not_repeated(self, finished, executed):
        before = {path: path.stat().st_mtime_ns for path in finished.training.rglob("*")}
        for kind in (IN_CORPUS, ZERO_SHOT, FEW_SHOT):
            assert execute_kind(finished, kind)
        assert executed == []
        assert {path: path.stat().st_mtime_ns for path in finished.training.rglob("*")} == before

    def test_after_an_interruption_only_the_rest_is_done(self, few, finished_project, executed, monkeypatch):
        # The first run has 12 updates; the second is interrupted in its own training, with its source trained before.
        with monkeypatch.context() as context:
            interrupt_after(context, 12 + 7)
            with pytest.raises(KeyboardInterrupt):
                execute_kind(few, FEW_SHOT)
        first, second, third = [run.id for run in few_shot_runs(few.experiment)]
        assert executed == [first]
        assert sorted(path.name for path in few.runs.glob("*.json")) == [f"{first}.json"]
        assert not list(few.metrics.rglob("*.part")) and not list(few.training.rglob("*.part"))

        results = execute_kind(few, FEW_SHOT)

        assert executed == [first, second, third] and [result.run for result in results] == executed
        # The same runs of the finished project were made in one go and in other company.
        uninterrupted = record(open_project(finished_project).runs)
        again = record(few.runs)
        for name in (first, second):
            for suffix in (".json", ".predictions.json.gz"):
                assert again[f"{name}{suffix}"] == uninterrupted[f"{name}{suffix}"]

    def test_what_a_kill_left_is_done_again_and_nothing_else(self, finished, executed):
        expected = record(finished.runs)
        ids = [run.id for run in few_shot_runs(finished.experiment)]
        # Killed before the result was written, while it was written, and before anything was.
        (finished.runs / f"{ids[0]}.json").unlink()
        (finished.runs / f".{ids[0]}.json.x1.part").write_text('{"run": ')
        (finished.runs / f"{ids[5]}.json").write_text("")
        for path in finished.runs.glob(f"{ids[9]}.*"):
            path.unlink()
        execute_kind(finished, FEW_SHOT)
        assert executed == [ids[0], ids[5], ids[9]]
        assert record(finished.runs) == expected

    def test_changed_data_repeats_the_runs_that_depend_on_it(self, finished, project, executed):
        change_data(finished, "en_ugt", "test")
        execute_kind(open_project(project), ZERO_SHOT)
        assert executed == [run.id for run in zero_shot_runs(finished.experiment) if run.target == "en_ugt"]

    def test_new_seeds_and_sizes_add_to_what_is_there(self, finished, project, executed):
        write_experiment(
            project, {**SETTINGS, "few_shot": {**SETTINGS["few_shot"], "sources": [[]], "sizes": [4, 8, 9]}}
        )
        results = execute_kind(open_project(project), FEW_SHOT)
        assert executed == [f"few-shot.ru_ehr.from-none.none.size-9.seed-{seed}" for seed in (0, 1)]
        assert [result.coordinates.size for result in results] == [4, 4, 8, 8, 9, 9]


def test_settings_in_another_encoding_are_written_again(workspace, capsys):
    show_settings(workspace, anew=False)
    file = settings_file(workspace)
    whole = file.read_bytes()
    file.write_bytes(whole.decode("utf8").encode("utf-16"))
    show_settings(workspace, anew=False)
    assert file.read_bytes() == whole and capsys.readouterr().out.count("in_corpus:") == 2
    show_settings(workspace, anew=False)
    assert "in_corpus:" not in capsys.readouterr().out


class TestPlanFile:
    def test_it_lists_the_runs_of_the_experiment_as_it_is(self, finished, project):
        write_experiment(project, {**SETTINGS, "zero_shot": ["ru_ehr"]})
        workspace = open_project(project)
        execute_kind(workspace, ZERO_SHOT)
        plan = json.loads((workspace.metrics / "tiny" / "zero-shot.json").read_text())["runs"]
        runs = zero_shot_runs(workspace.experiment)
        assert list(plan) == [run.id for run in runs] and len(plan) == 2
        # Earlier settings left more in the folder.
        assert len(list(workspace.runs.glob("zero-shot.*.json"))) == 6
        for run in runs:
            assert plan[run.id]["fingerprint"] == run_job(workspace, run).fingerprint
            assert plan[run.id]["coordinates"]["target"] == "ru_ehr"

    def test_it_is_there_before_the_first_run(self, few, monkeypatch):
        interrupt_after(monkeypatch, 1)
        with pytest.raises(KeyboardInterrupt):
            execute_kind(few, FEW_SHOT)
        assert len(json.loads((few.metrics / "tiny" / "few-shot.json").read_text())["runs"]) == 3


class TestBeforeWork:
    def test_a_sample_too_large_is_told_before_the_first_training(self, project, executed):
        write_experiment(project, {**SETTINGS, "few_shot": {**SETTINGS["few_shot"], "sizes": [500]}})
        workspace = open_project(project)
        expected = "few_shot.sizes: the smallest sample size is 500, but ru_ehr has only 29 training sentences"
        with pytest.raises(ProjectError, match=expected):
            execute_kind(workspace, FEW_SHOT)
        assert executed == [] and not workspace.metrics.exists()

    def test_sizes_beyond_the_training_part_are_left_out_and_told(self, project, executed, capsys):
        sizes = {"first": 4, "last": 34, "step": 15}
        write_experiment(project, {**SETTINGS, "few_shot": {**SETTINGS["few_shot"], "sizes": sizes}})
        workspace = open_project(project)
        assert {run.size for run in jobs_of(workspace, FEW_SHOT)} == {4, 19}
        print_left_out(workspace)
        assert "Skipping sample sizes 34: ru_ehr has only 29 training sentences" in capsys.readouterr().out

    def test_a_model_that_several_runs_test_is_counted_once(self, workspace):
        runs = zero_shot_runs(workspace.experiment)
        tasks = tasks_of(workspace, {run: run_job(workspace, run) for run in runs})
        # Three models of one epoch over 29 sentences and 4 updates more.
        assert sum(task.cost for task in tasks) == len(runs) * TEST_COST + 3 * (29 + 4 * 4)
        assert len(tasks) == len(runs) + 3


    @pytest.mark.parametrize(
        "kind, changes, expected",
        [
            (ZERO_SHOT, {"corpora": ["ru_ehr"]}, "the experiment has one corpus, so there is no other one to test on"),
            (ZERO_SHOT, {"zero_shot": []}, "`zero_shot` lists no target"),
            (FEW_SHOT, {"few_shot": None}, "the experiment file has no `few_shot`"),
        ],
    )
    def test_the_reason_is_told_if_there_is_nothing_to_run(self, project, capsys, kind, changes, expected):
        write_experiment(project, {**SETTINGS, **changes})
        assert execute_kind(open_project(project), kind) == []
        assert f"No {kind} runs: {expected}" in " ".join(capsys.readouterr().out.split())


class TestCommands:
    @pytest.mark.parametrize(
        "command, runs", [(in_corpus, in_corpus_runs), (zero_shot, zero_shot_runs), (few_shot, few_shot_runs)]
    )
    def test_a_command_shows_every_run_and_where_the_results_are(self, finished, project, capsys, command, runs):
        places = {name: project / name for name in ("configs", "corpus", "training", "metrics")}
        command.main(experiment="tiny", **places, seed=0, threads=1, gpu_id=-1)
        output = capsys.readouterr().out
        planned = runs(finished.experiment)
        assert f"{len(planned)} runs: {len(planned)} already finished, 0 to do" in output
        assert all(run.id in output for run in planned)
        assert str(finished.runs) in output

    def test_columns_stand_below_their_headers(self, finished, capsys):
        results = execute_kind(finished, FEW_SHOT)
        capsys.readouterr()
        show(results)
        lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
        assert len(lines) == 2 + 12 and len({len(line.rstrip()) for line in lines}) == 1

    def test_settings_are_printed_at_the_first_step_and_where_they_are_new(self, finished, project, capsys):
        printed = []
        for kind, verbose in ((IN_CORPUS, False), (FEW_SHOT, False), (FEW_SHOT, True)):
            execute_kind(finished, kind, verbose=verbose)
            output = capsys.readouterr().out
            # Defaults are among them.
            assert ("frozen: word_embeddings" in output) == ("min_updates:" in output)
            printed.append("frozen: word_embeddings" in output)
        assert printed == [True, False, True]
        # What the runs of this kind do not depend on: none is made again.
        write_experiment(project, {**SETTINGS, "ship": {"training": {**TRAINING, "epochs": 17}}})
        execute_kind(open_project(project), ZERO_SHOT)
        assert "epochs: 17" in capsys.readouterr().out


@pytest.mark.parametrize("sent", [FinishedRun, KeptModel, HeldOutMentions])
def test_what_workers_send_is_read_without_the_libraries_of_a_training(sent):
    program = (
        "import sys, scripts.few_shot\n"
        f"print(*(name in sys.modules for name in [{sent.__module__!r}, 'spacy_transformers', 'scipy.optimize']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["True", "False", "False"]
