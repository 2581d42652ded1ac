"""The ledger: what counts as finished, and that a run is on record wholly or not at all."""
import gzip
import json
from dataclasses import replace

import pytest

from scripts.base import files
from scripts.results import runs as ledger_module
from scripts.results.runs import Ledger, Prediction, read_run

RUN = "few-shot.ru_ehr.from-en_ugt.full.size-8.seed-1"
PREDICTIONS = [Prediction("a", ((1, 2, "Drug"),), ((5, 12, "Drug"),), (0.75,)), Prediction("b", (), (), ())]
SAMPLE = [("c", 2), ("a", 0)]


@pytest.fixture()
def result(finished_project):
    """RETURNS (RunResult): The result of a run."""
    return read_run(finished_project / "metrics" / "tiny" / "runs" / f"{RUN}.json")


@pytest.fixture()
def config():
    """RETURNS (str): A resolved config."""
    return "[training]\nseed = 1\n"


@pytest.fixture()
def ledger(tmp_path):
    """RETURNS (Ledger): An empty one, in a folder that is not there yet."""
    return Ledger(tmp_path / "metrics" / "tiny" / "runs")


def test_a_run_is_finished_once_it_is_written(ledger, result, config):
    assert not ledger.is_finished(RUN, result.fingerprint)
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    assert ledger.is_finished(RUN, result.fingerprint)
    assert sorted(path.name for path in ledger.folder.iterdir()) == [
        f"{RUN}.cfg",
        f"{RUN}.json",
        f"{RUN}.predictions.json.gz",
    ]


def test_other_settings_or_data_make_it_stale(ledger, result, config):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    assert not ledger.is_finished(RUN, "other")
    assert not ledger.is_finished("few-shot.other", result.fingerprint)


@pytest.mark.parametrize("text", ["", '{"fingerprint": ', "[]", "null", "{}", "\x00\x01"])
def test_a_damaged_file_is_not_finished(ledger, result, config, text):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    (ledger.folder / f"{RUN}.json").write_text(text)
    assert not ledger.is_finished(RUN, result.fingerprint)


def test_what_is_written_is_read_again(ledger, result, config):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    assert read_run(ledger.folder / f"{RUN}.json") == result
    assert (ledger.folder / f"{RUN}.cfg").read_text() == config
    data = json.loads(gzip.decompress((ledger.folder / f"{RUN}.predictions.json.gz").read_bytes()))
    assert data["sample"] == [["c", 2], ["a", 0]]
    assert data["predictions"][0] == {
        "document": "a",
        "tokens": [[1, 2, "Drug"]],
        "characters": [[5, 12, "Drug"]],
        "confidences": [0.75],
    }


def test_equal_predictions_are_equal_files(ledger, result, config):
    files = []
    for _ in range(2):
        ledger.write(result, config, SAMPLE, PREDICTIONS)
        files.append((ledger.folder / f"{RUN}.predictions.json.gz").read_bytes())
    assert files[0] == files[1]


def test_scores_stand_with_their_percentages(ledger, result, config):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    scores = json.loads((ledger.folder / f"{RUN}.json").read_text())["scores"]
    assert set(scores) == {"tokens", "characters"} and set(scores["tokens"]) == {"micro", "Drug", "Disease"}
    micro = scores["tokens"]["micro"]
    assert micro["f1"] == pytest.approx(200 * micro["tp"] / (2 * micro["tp"] + micro["fp"] + micro["fn"]))


@pytest.mark.parametrize("step", ["write_zipped_json", "write_json"])
def test_a_kill_while_writing_never_leaves_an_older_result_beside_new_files(ledger, result, config, monkeypatch, step):
    ledger.write(result, config, SAMPLE, PREDICTIONS)

    def kill(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger_module, step, kill)
    with pytest.raises(KeyboardInterrupt):
        ledger.write(replace(result, fingerprint="new"), config, [], [])
    assert not ledger.is_finished(RUN, "new") and not ledger.is_finished(RUN, result.fingerprint)


def test_a_full_disk_leaves_no_result(ledger, result, config, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.json, "dumps", full)
    with pytest.raises(OSError):
        ledger.write(result, config, SAMPLE, PREDICTIONS)
    assert not ledger.is_finished(RUN, result.fingerprint)
    assert [path.name for path in ledger.folder.iterdir()] == [f"{RUN}.cfg"]
