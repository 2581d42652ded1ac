"""Test which runs count as finished, and that a run is recorded completely or not at all."""
import gzip
import json
import shutil
from dataclasses import asdict, replace

import pytest

from scripts.base import files
from scripts.base.errors import ProjectError
from scripts.base.files import hash_data
from scripts.results import runs as ledger_module
from scripts.results.runs import PREDICTIONS_FILE, Ledger, Prediction, read_run

RUN = "few-shot.ru_ehr.from-en_ugt.full.size-8.seed-1"
PREDICTIONS = [Prediction("a", ((1, 2, "Drug"),), ((5, 12, "Drug"),), (0.75,)), Prediction("b", (), (), ())]
SAMPLE = [("c", 2), ("a", 0)]


@pytest.fixture()
def result(finished_project):
    """RETURNS (RunResult): The result of a run, as if it had made these predictions."""
    result = read_run(finished_project / "metrics" / "tiny" / "runs" / f"{RUN}.json")
    return replace(result, predictions=hash_data([asdict(prediction) for prediction in PREDICTIONS]))


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


def test_scores_that_were_changed_are_not_finished(ledger, result, config):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    path = ledger.folder / f"{RUN}.json"
    data = json.loads(path.read_text())
    data["scores"]["tokens"]["micro"]["tp"] += 50
    path.write_text(json.dumps(data))
    assert not ledger.is_finished(RUN, result.fingerprint) and ledger.is_damaged(RUN)
    with pytest.raises(ProjectError, match="checksum.*Delete the file and start the experiment again: only this run"):
        ledger.read(RUN)


@pytest.mark.parametrize("other", [PREDICTIONS[:1], PREDICTIONS[::-1], [replace(PREDICTIONS[0], confidences=(0.5,))]])
def test_predictions_of_another_run_are_not_its_own(ledger, result, config, other):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    assert ledger.is_finished(RUN, result.fingerprint) and not ledger.is_damaged(RUN)
    ledger.write(replace(result, run="other"), config, SAMPLE, other)
    shutil.copy(ledger.folder / "other.predictions.json.gz", ledger.folder / f"{RUN}.predictions.json.gz")
    assert not ledger.is_finished(RUN, result.fingerprint) and ledger.is_damaged(RUN)
    assert ledger.predictions(RUN) is None


@pytest.mark.parametrize("known", [True, False])
def test_what_is_no_list_is_no_predictions(ledger, result, config, known):
    result = result if known else replace(result, predictions="")
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    files.write_zipped_json(ledger.folder / f"{RUN}.predictions.json.gz", {"sample": [], "predictions": 42})
    assert ledger.predictions(RUN) is None


def test_predictions_are_not_read_to_see_that_a_run_is_finished(ledger, result, config, monkeypatch):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    monkeypatch.setattr(ledger_module, "read_zipped_json", pytest.fail)
    assert ledger.is_finished(RUN, result.fingerprint)


def test_predictions_that_were_compressed_again_are_finished(ledger, result, config):
    ledger.write(result, config, SAMPLE, PREDICTIONS)
    path = ledger.folder / f"{RUN}.predictions.json.gz"
    before = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(before), compresslevel=1))
    assert path.read_bytes() != before and ledger.is_finished(RUN, result.fingerprint)
    path.unlink()
    assert not ledger.is_finished(RUN, result.fingerprint)


def test_files_of_an_earlier_version_are_finished(ledger, result, config):
    ledger.write(replace(result, predictions=""), config, SAMPLE, PREDICTIONS)
    predictions = ledger.folder / f"{RUN}.predictions.json.gz"
    found = files.read_zipped_json(predictions)
    predictions.write_bytes(gzip.compress(json.dumps(found).encode("utf8")))
    record = files.read_checked_json(ledger.folder / f"{RUN}.json")
    files.write_json(ledger.folder / f"{RUN}.json", {key: record[key] for key in record if key != PREDICTIONS_FILE})
    assert ledger.is_finished(RUN, result.fingerprint) and not ledger.is_damaged(RUN)


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


@pytest.mark.parametrize("step", ["write_zipped_json", "write_checked_json"])
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
