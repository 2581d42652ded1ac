"""Choosing runs, curves and gaps from the made-up experiment."""
import json

import pytest

from scripts.base.errors import ProjectError
from scripts.reporting.results import Setup, measure, read_results
from tests.reporting.conftest import make_run, make_runs

SOURCE = Setup(("en_ugt",), "full", "softmax")


def test_runs_are_chosen_by_coordinates(results):
    assert len(results.of("few-shot", target="ru_ugt", size=25)) == 4 * 2
    assert len(results.of("in-corpus")) == 4 * 2
    assert results.targets == ["ru_ugt", "ru_ehr"]
    assert results.types == ["Drug", "Disease"]


def test_setups_begin_without_pretraining_and_follow_the_order_of_the_corpora(results):
    names = [results.label(setup) for setup in results.setups("few-shot", target="ru_ugt")]
    assert names == ["no pretrain", "en_ugt", "en_ehr", "ru_ehr"]


def test_labels_tell_transfer_and_model_only_where_there_are_several(read_made_up):
    runs = [
        make_run("few-shot", "ru_ugt", 50, ("en_ugt", "en_ehr"), 25),
        make_run("few-shot", "ru_ugt", 50, ("en_ugt",), 25, transfer="encoder", model="crf"),
    ]
    results = read_made_up(runs)
    labels = [results.label(setup) for setup in results.setups("few-shot")]
    assert labels == ["en_ugt (encoder) [crf]", "en_ugt + en_ehr (full) [softmax]"]


def test_a_curve_keeps_every_seed(results, metrics):
    curve = results.curve("ru_ugt", SOURCE, "Drug")
    assert curve.sizes == (25, 50, 100, 150)
    by_hand = {
        run.coordinates.seed: run.scores.tokens["Drug"].f1
        for run in results.of("few-shot", target="ru_ugt", size=50, sources=("en_ugt",))
    }
    assert dict(curve.at(50).values) == by_hand
    assert len(by_hand) == 2


def test_measure_reads_the_view_and_the_percentage_asked_for(read_made_up):
    runs = read_made_up([make_run("in-corpus", "ru_ehr", 60.0)]).of("in-corpus")
    score = runs[0].scores.characters["Drug"]
    assert measure(runs, "Drug", "characters", "recall").mean == pytest.approx(100 * score.tp / (score.tp + score.fn))
    assert measure([], "Drug") is None
    assert measure(runs, "Symptom") is None


def test_no_run_is_missing_from_a_whole_grid(results):
    assert [results.missing(kind) for kind in ("in-corpus", "zero-shot", "few-shot")] == [[], [], []]


def test_holes_in_the_grid_are_named(read_made_up):
    holes = {("few-shot", "ru_ugt", ("en_ugt",), 50, 1), ("in-corpus", "ru_ehr", (), None, 0)}
    runs = [
        run
        for run in make_runs()
        if tuple(
            tuple(v) if isinstance(v, list) else v
            for k, v in run["coordinates"].items()
            if k in ("kind", "sources", "target", "size", "seed")
        )
        not in {(kind, sources, target, size, seed) for kind, target, sources, size, seed in holes}
    ]
    results = read_made_up(runs)
    assert len(make_runs()) - len(runs) == 2
    assert results.missing("few-shot") == ["ru_ugt from en_ugt at 50 sentences, seed 1"]
    assert results.missing("in-corpus") == ["ru_ehr, seed 0"]
    assert results.missing("in-corpus", ["ru_ugt"]) == []


def write_plan(folder, kind, runs):
    """Write which runs belong to the made-up experiment, as the runner does before it begins."""
    plan = {run["run"]: {"coordinates": run["coordinates"], "fingerprint": run["fingerprint"]} for run in runs}
    (folder / "sample" / f"{kind}.json").write_text(json.dumps(plan), encoding="utf8")


def test_the_plan_tells_what_a_grid_cannot(tmp_path, read_made_up):
    done = make_run("few-shot", "ru_ugt", 50, (), 25, 0)
    missing = [make_run("few-shot", "ru_ugt", 50, (), 50, 0), make_run("few-shot", "ru_ugt", 50, ("en_ugt",), 25, 0)]
    assert read_made_up([done]).missing("few-shot") == []
    write_plan(tmp_path / "made_up", "few-shot", [done, *missing])
    informed = read_results(tmp_path / "made_up", "sample")
    assert informed.missing("few-shot") == [
        "ru_ugt from no pretrain at 50 sentences, seed 0",
        "ru_ugt from en_ugt at 25 sentences, seed 0",
    ]


def test_runs_that_earlier_settings_left_are_not_read(tmp_path, read_made_up):
    kept, renamed, stale = (make_run("few-shot", "ru_ugt", 50, (), size, 0) for size in (25, 50, 100))
    read_made_up([kept, renamed, stale])
    write_plan(tmp_path / "made_up", "few-shot", [kept, {**stale, "fingerprint": "of other settings"}])
    results = read_results(tmp_path / "made_up", "sample")
    assert [run.run for run in results.runs] == [kept["run"]]
    assert results.missing("few-shot") == ["ru_ugt from no pretrain at 100 sentences, seed 0"]


def test_no_run_at_all_is_one_clear_line(tmp_path, metrics):
    with pytest.raises(ProjectError, match="other/runs: no finished run. (?i:experiments with runs: sample)"):
        read_results(metrics, "other")
    with pytest.raises(ProjectError, match="(?i)run the experiment first"):
        read_results(tmp_path / "nowhere", "sample")
