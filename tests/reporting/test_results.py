"""Test how runs, curves and missing runs of the made-up experiment are looked up."""
from dataclasses import replace

import pytest

from scripts.base.errors import ProjectError
from scripts.reporting.results import Setup, measure, read_results
from scripts.results.runs import CurrentState, PlannedRun, read_runs
from tests.reporting.made_up import TYPES, make_run, make_runs, per_type, write_plan

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


def test_what_is_planned_and_not_finished_is_named(read_made_up):
    missing = [make_run("few-shot", "ru_ugt", 0, ("en_ugt",), 300, 1), make_run("in-corpus", "nerel", 0)]
    results = read_made_up(make_runs(), missing)
    assert results.missing("few-shot") == ["ru_ugt from en_ugt at 300 sentences, seed 1"]
    assert results.missing("in-corpus") == ["nerel, seed 0"]
    assert results.missing("in-corpus", ["ru_ugt"]) == results.missing("zero-shot") == []


def test_without_a_plan_nothing_is_known_to_be_missing(read_made_up):
    runs = [make_run("few-shot", "ru_ugt", 50, (), 25), make_run("few-shot", "ru_ugt", 50, (), 50, 1)]
    assert read_made_up(runs).missing("few-shot") == []


def test_what_a_run_is_held_against_is_found_by_its_sample_and_model(read_made_up):
    source = {**make_run("few-shot", "ru_ugt", 50, ("en_ugt",), 25, 1), "source_updates": 300}
    unknown = {**make_run("few-shot", "ru_ugt", 50, ("en_ehr",), 25, 1), "source_updates": 0}
    none = make_run("few-shot", "ru_ugt", 40, (), 25, 1)
    control = make_run("few-shot", "ru_ugt", 45, (), 25, 1, extra_updates=300)
    others = [
        make_run("few-shot", "ru_ehr", 45, (), 25, 1, extra_updates=300),
        make_run("few-shot", "ru_ugt", 45, (), 50, 1, extra_updates=300),
        make_run("few-shot", "ru_ugt", 45, (), 25, 0, extra_updates=300),
        make_run("few-shot", "ru_ugt", 45, (), 25, 1, extra_updates=200),
        make_run("few-shot", "ru_ugt", 45, (), 25, 1, extra_updates=300, model="lstm_crf"),
    ]
    results = read_made_up([source, unknown, *others])
    run, without_updates = (next(run for run in results.runs if run.run == made["run"]) for made in (source, unknown))
    assert results.no_pretrain_of(run) is results.control_of(run) is None
    results = read_made_up([source, unknown, none, control, *others])
    assert results.no_pretrain_of(run).run == results.no_pretrain_of(without_updates).run == none["run"]
    assert results.control_of(run).run == control["run"]
    assert results.control_of(without_updates) is None


def test_runs_that_earlier_settings_left_are_not_read(tmp_path, read_made_up):
    kept, renamed, stale = (make_run("few-shot", "ru_ugt", 50, (), size, 0) for size in (25, 50, 100))
    read_made_up([kept, renamed, stale])
    write_plan(tmp_path / "made_up", "few-shot", [kept, {**stale, "fingerprint": "of other settings"}])
    results = read_results(tmp_path / "made_up", "sample")
    assert [run.run for run in results.runs] == [kept["run"]]
    assert results.missing("few-shot") == ["ru_ugt from no pretrain at 100 sentences, seed 0"]


def test_a_renamed_experiment_lacks_none_of_its_runs(tmp_path, read_made_up):
    runs = per_type(make_run("zero-shot", "ru_ugt", 50, ("en_ugt",), 0), "Drug")
    runs += per_type(make_run("in-corpus", "ru_ugt", 50), *TYPES)
    read_made_up([*runs, make_run("few-shot", "ru_ugt", 50, (), 25)])
    (tmp_path / "made_up" / "sample").rename(tmp_path / "made_up" / "renamed")
    found = read_runs(tmp_path / "made_up" / "renamed" / "runs")
    planned = {run.run: PlannedRun(replace(run.coordinates, experiment="renamed"), run.fingerprint) for run in found}
    results = read_results(tmp_path / "made_up", "renamed", current=CurrentState(planned, ""))
    # Both parts of the in-corpus run are joined.
    assert len(results.runs) == 3 and not any(results.missing(kind) for kind in ("in-corpus", "zero-shot", "few-shot"))


def test_no_run_at_all_is_one_clear_line(tmp_path, metrics):
    with pytest.raises(ProjectError, match="other/runs: no finished run. (?i:experiments with runs: sample)"):
        read_results(metrics, "other")
    with pytest.raises(ProjectError, match="(?i)run the experiment first"):
        read_results(tmp_path / "nowhere", "sample")
