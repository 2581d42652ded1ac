"""Test how run files and corpus statistics are read, and the one-line errors for damaged ones."""
import copy
import json

import pytest

from scripts.base.errors import ProjectError
from scripts.evaluation.scores import Score
from scripts.results.corpora import Corpora, read_corpora
from scripts.results.runs import read_run, read_runs

SCORE = {"tp": 3, "fp": 1, "fn": 2, "precision": 75.0, "recall": 60.0, "f1": 66.7}
RUN = {
    "run": "few-shot.ru_ugt",
    "coordinates": {
        "experiment": "sample",
        "kind": "few-shot",
        "model": "softmax",
        "transfer": "full",
        "sources": ["en_ugt"],
        "target": "ru_ugt",
        "size": 25,
        "seed": 1,
        "threads": 2,
    },
    "settings": {"training": {"epochs": 1}},
    "fingerprint": "abc",
    "versions": {"spacy": "3.8.0"},
    "device": "cpu",
    "seconds": {"train": 1.5, "predict": 1},
    "updates": 40,
    "sentences": {"train": 25, "test": 90},
    "scores": {"tokens": {"micro": SCORE, "Drug": SCORE}, "characters": {"micro": SCORE, "Drug": SCORE}},
}


@pytest.fixture()
def write(tmp_path):
    """A function that writes data as a run file and returns its path."""

    def write_file(data, name="run.json"):
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf8")
        return path

    return write_file


def changed(*path, value):
    """The run file with one value replaced."""
    data = copy.deepcopy(RUN)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


def test_a_run_file_becomes_frozen_data_classes(write):
    run = read_run(write(RUN))
    assert run.coordinates.sources == ("en_ugt",)
    assert (run.coordinates.size, run.coordinates.threads) == (25, 2)
    assert run.scores.characters["Drug"] == Score(3, 1, 2)
    with pytest.raises(AttributeError):
        run.device = "gpu"


def test_a_run_whose_training_failed_needs_no_scores(write):
    empty = changed("scores", value={"tokens": {}, "characters": {}})
    assert read_run(write({**empty, "problem": "weights are not finite"})).problem == "weights are not finite"
    with pytest.raises(ProjectError, match="'micro'"):
        read_run(write(empty))


def test_no_size_is_the_whole_training_part(write):
    assert read_run(write(changed("coordinates", "size", value=None))).coordinates.size is None


def test_runs_are_sorted_and_other_files_are_left_alone(tmp_path, write):
    write(changed("run", value="b"), "b.json")
    write(changed("run", value="a"), "a.json")
    write("half", ".a.json.xyz.part")
    write("zip", "a.predictions.json.gz")
    assert [run.run for run in read_runs(tmp_path)] == ["a", "b"]
    assert read_runs(tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"run": "half', "run.json: not valid JSON"),
        ([], "run.json: damaged file, key 'file'"),
        ({"run": "only"}, "run.json: damaged file, key 'coordinates'"),
        (changed("coordinates", "kind", value="full-shot"), "key 'coordinates.kind'"),
        (changed("scores", "tokens", "Drug", value={"tp": 1, "fp": 0}), "key 'scores.tokens.Drug.fn'"),
        (changed("scores", "tokens", value={"Drug": SCORE}), "'micro'"),
        (changed("scores", "characters", value={"micro": SCORE}), "same entity types"),
    ],
)
def test_a_damaged_file_is_one_line_with_its_name(write, data, message):
    with pytest.raises(ProjectError) as caught:
        read_run(write(data))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "run.json" in str(caught.value)
    assert "delete the file" in str(caught.value).lower()


def test_corpora_without_a_file_are_empty(tmp_path):
    assert read_corpora(tmp_path / "corpora.json") == Corpora()
    assert Corpora().training_sentences("ru_ugt") is None


def test_a_folder_in_the_place_of_the_corpora_is_an_error(tmp_path):
    (tmp_path / "corpora.json").mkdir()
    with pytest.raises(ProjectError, match="corpora.json: not a file. Run `weasel run describe`"):
        read_corpora(tmp_path / "corpora.json")


def test_damaged_corpora_are_an_error(write):
    with pytest.raises(ProjectError, match="key 'corpora.ru_ugt.language'"):
        read_corpora(write({"corpora": {"ru_ugt": {}}}, "corpora.json"))
