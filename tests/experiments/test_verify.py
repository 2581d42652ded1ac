"""Test that finished runs are repeated and compared with the recorded ones."""
import json
import shutil
from dataclasses import asdict

import pytest

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, read_checked_json, read_zipped_json, write_checked_json, write_zipped_json
from scripts.experiments.verify import choose_runs, passes_to_verify, to_record, verify
from scripts.results.runs import Ledger
from scripts.verify import main
from tests.experiments.tiny import open_project


@pytest.fixture()
def finished(finished_project, tmp_path):
    """RETURNS (Workspace): The tiny project after all runs, for one test."""
    return open_project(shutil.copytree(finished_project, tmp_path / "project"))


def one_of(workspace, kind):
    """A finished run of a kind, one from a source if there is one."""
    runs = [run for run in choose_runs(workspace, 1000, 0) if run.kind == kind]
    return [run for run in runs if run.sources][-1] if any(run.sources for run in runs) else runs[-1]


def put_predictions(workspace, run, data):
    """Write other predictions, as if they were what the run had predicted."""
    record = workspace.runs / f"{run}.json"
    write_zipped_json(workspace.runs / f"{run}.predictions.json.gz", data)
    write_checked_json(record, {**read_checked_json(record), "predictions": hash_data(data["predictions"])})


def files_of(workspace):
    """All files of the project that the experiment left, with what they hold."""
    folders = workspace.metrics, workspace.training
    return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


class TestVerify:
    @pytest.mark.parametrize("kind", ["in-corpus", "zero-shot", "few-shot"])
    def test_what_was_not_touched_is_equal_and_nothing_on_record_changes(self, finished, kind):
        before, passes = files_of(finished), []
        run = one_of(finished, kind)
        found = verify(finished, run, passes.append)
        assert found.is_equal and found.documents > 1 and not found.changed and found.f1[0] == found.f1[1]
        assert sum(passes) == passes_to_verify(finished, run) > 0
        assert files_of(finished) == before

    def test_one_confidence_that_differs_is_found(self, finished):
        run = one_of(finished, "few-shot")
        data = read_zipped_json(finished.runs / f"{run.id}.predictions.json.gz")
        document = next(document for document in data["predictions"] if document["confidences"])
        document["confidences"][0] += 1e-9
        put_predictions(finished, run.id, data)
        found = verify(finished, run)
        assert (found.is_equal, found.different) == (False, 1)
        assert json.loads(json.dumps(to_record([found])))[0]["different"] == 1

    def test_other_libraries_and_hardware_are_named(self, finished):
        run = one_of(finished, "few-shot")
        path = finished.runs / f"{run.id}.json"
        data = read_checked_json(path)
        data["versions"]["torch"], data["hardware"] = "1.0.0", ""
        write_checked_json(path, data)
        changed = verify(finished, run).changed
        assert set(changed) == {"torch", "hardware"}
        assert changed["torch"][0] == "1.0.0" and changed["hardware"][0] == "not known"


class TestCommand:
    @staticmethod
    def start(workspace, **settings):
        root = workspace.metrics.parent
        folders = {name: root / name for name in ("configs", "corpus", "training", "metrics")}
        main(**{"experiment": workspace.name, "runs": 1, "draw": 0, **folders, **settings})

    def test_tells_that_all_are_equal_and_keeps_what_came_out(self, finished, capsys):
        self.start(finished)
        assert "All 1 runs predict the same as the recorded ones" in capsys.readouterr().out
        (kept,) = json.loads((finished.results / "verified.json").read_text(encoding="utf8"))
        assert kept["equal"] and kept["f1"][0] == kept["f1"][1]

    def test_a_run_that_differs_is_an_error_that_says_how_many(self, finished):
        for path in finished.runs.glob("*.predictions.json.gz"):
            data = read_zipped_json(path)
            for document in data["predictions"]:
                document["tokens"].append([0, 1, "Drug"])
            put_predictions(finished, path.name.removesuffix(".predictions.json.gz"), data)
        with pytest.raises(ProjectError, match="1 of 1 runs predict something different.*changed by hand"):
            self.start(finished)
        assert not json.loads((finished.results / "verified.json").read_text(encoding="utf8"))[0]["equal"]

    def test_without_a_finished_run_and_without_a_number_it_stops(self, finished):
        with pytest.raises(ProjectError, match="no finished run has the current settings.*in-corpus"):
            self.start(finished, seed=7)
        with pytest.raises(ProjectError, match="--runs must be at least 1 \\(got 0\\)"):
            self.start(finished, runs=0)


class TestChooseRuns:
    def test_the_same_seed_draws_the_same_runs_and_others_draw_others(self, finished):
        drawn = {tuple(run.id for run in choose_runs(finished, 3, seed)) for seed in (0, 0, 1, 2, 3)}
        assert 1 < len(drawn) <= 4 and all(len(set(ids)) == 3 for ids in drawn)

    def test_only_what_is_finished_with_the_settings_of_today_is_drawn(self, finished):
        everything = choose_runs(finished, 1000, 0)
        lost = everything[0]
        (finished.runs / f"{lost.id}.predictions.json.gz").unlink()
        assert {run.id for run in choose_runs(finished, 1000, 0)} == {run.id for run in everything} - {lost.id}
        assert choose_runs(open_project(finished.metrics.parent, seed=7), 1000, 0) == []


def test_a_result_tells_the_hash_of_its_predictions_and_the_processor(finished):
    for run in choose_runs(finished, 3, 0):
        ledger = Ledger(finished.runs)
        result = ledger.read(run.id)
        assert result.predictions == hash_data(ledger.predictions(run.id))
        assert result.hardware and asdict(result)["versions"]["torch"]
