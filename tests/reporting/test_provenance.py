"""Test how the numbers of a report were produced: time, trainings, encoders, test parts."""
import pytest

from scripts.reporting.provenance import encoder_name, making, parts_tested, training_seconds
from tests.reporting.made_up import make_run


def test_small_test_parts_are_told(results):
    parts = {part.corpus: part for part in parts_tested(results)}
    assert parts["ru_ehr"].small == ("Drug",)
    assert parts["ru_ugt"].small == ()
    assert parts["ru_ehr"].mentions == {"Drug": 41, "Disease": 203}
    assert parts["ru_ehr"].lost == 4


def test_runs_seeds_and_updates_are_told_by_kind(results, read_made_up):
    found = making(results)
    assert found.kinds == {"few-shot": 64, "in-corpus": 8, "zero-shot": 12}
    assert found.seeds == {"few-shot": "0, 1", "in-corpus": "0, 1", "zero-shot": "0"}
    assert found.versions == ("spacy 3.8.0", "torch 2.13.0") and found.encoder == "encoder-small (abc)"
    runs = [make_run("in-corpus", name, 50) for name in ("ru_ugt", "ru_ehr")]
    for run, updates in zip(runs, (450, 534), strict=True):
        run["updates"] = updates
    assert making(read_made_up(runs)).updates == {"in-corpus": "450 to 534"}


def test_a_training_counts_once_however_often_its_model_is_tested(read_made_up):
    runs = [
        make_run("in-corpus", "en_ugt", 50),
        make_run("zero-shot", "ru_ugt", 50, ("en_ugt",), 0),
        make_run("zero-shot", "ru_ehr", 50, ("en_ugt",), 0),
        make_run("zero-shot", "ru_ehr", 50, ("en_ehr",), 0),
        make_run("few-shot", "ru_ehr", 50, ("en_ugt",), 25),
        make_run("few-shot", "ru_ehr", 50, ("en_ugt",), 50),
    ]
    assert training_seconds(read_made_up(runs).runs) == 30.0 * 4


@pytest.mark.parametrize("named", [True, False])
def test_trainings_that_differ_in_sequence_or_settings_are_two(read_made_up, named):
    both = ("en_ugt", "ru_ehr")
    runs = [
        make_run("zero-shot", "ru_ugt", 50, both, 0),
        make_run("zero-shot", "ru_ugt", 50, both, 0, in_sequence=True),
        make_run("in-corpus", "en_ugt", 50),
        make_run("zero-shot", "ru_ugt", 50, ("en_ugt",), 0),
        make_run("zero-shot", "ru_ehr", 50, ("en_ugt",), 0),
        make_run("shipped", "ru_ehr", 50, ("en_ugt",)),
    ]
    # The in-corpus model is trained with settings of its own; the last three test the same model.
    for run, seconds, training in zip(runs, (100, 1000, 7, 70, 70, 70), "abcddd", strict=True):
        run["seconds"] = {"train": seconds, "predict": 0}
        run["settings"] = {"training": {"epochs": 3 if run["coordinates"]["kind"] == "in-corpus" else 1}}
        run["training"] = training if named else ""
    assert training_seconds(read_made_up(runs).runs) == 100 + 1000 + 7 + 70


def test_a_failed_run_is_not_missing_and_its_time_counts(read_made_up):
    failed = {**make_run("few-shot", "ru_ugt", 1, (), 25), "problem": "training diverged"}
    results = read_made_up([failed], [make_run("few-shot", "ru_ugt", 1, (), 50)])
    assert results.missing("few-shot") == ["ru_ugt from no pretrain at 50 sentences, seed 0"]
    assert making(results).hours == pytest.approx(36 / 3600)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, ""),
        ({"encoder": {"name": "/home/me/model", "revision": ""}}, "model"),
        (
            {"encoder": {"name": "google-bert/bert-base-multilingual-cased", "revision": "3f076fd"}},
            "google-bert/bert-base-multilingual-cased (3f076fd)",
        ),
    ],
)
def test_encoders_are_named_without_the_machines_paths(settings, name):
    assert encoder_name(settings) == name
