"""Test names of experiments, corpora and models as parts of file names, commands and tables."""
import shutil

import pytest

from scripts.base.errors import ProjectError
from scripts.corpora import fingerprint
from scripts.encoders import record
from scripts.experiments import settings
from scripts.experiments.settings import MOST_SIZES, read_experiment
from tests.experiments.tiny import ROOT, SETTINGS, write_experiment

BAD = ["../x", "a/b", ".", "..", ".hidden", "a b", "a$b", "=1+2", "-x", "--x", "a'b", "a\\b", "a\nb", "a\x1b", "é"]
BAD.append("a" * 300)
ONE = {**SETTINGS, "few_shot": None, "corpora": []}


def mistake(root, name="tiny"):
    with pytest.raises(ProjectError) as raised:
        read_experiment(root / "configs", name)
    assert str(raised.value).isprintable() and len(str(raised.value)) < 600
    return str(raised.value)


@pytest.mark.parametrize("name", [*BAD, "encoders", "Encoders"])
def test_an_experiment_that_cannot_be_called_so(tmp_path, name):
    write_experiment(tmp_path, SETTINGS)
    # There is such a file all the same.
    shutil.copytree(tmp_path / "configs" / "experiments", tmp_path / "configs" / "experiments" / "a")
    shutil.copyfile(tmp_path / "configs" / "experiments" / "tiny.yml", tmp_path / "configs" / "x.yml")
    assert mistake(tmp_path, name).startswith("--experiment: ")


@pytest.mark.parametrize("name", [*BAD, "tokenizer", "Tokenizer", "TOKENIZER"])
def test_a_corpus_that_cannot_be_called_so(tmp_path, name):
    write_experiment(tmp_path, {**ONE, "corpora": [name]})
    assert "tiny.yml, key corpora: " in mistake(tmp_path)


def test_corpora_that_differ_in_capitals_alone(tmp_path):
    write_experiment(tmp_path, {**ONE, "corpora": ["en_ugt", "EN_ugt"]})
    assert "en_ugt and EN_ugt differ only in capital letters" in mistake(tmp_path)


@pytest.mark.parametrize("name", ["..", ".", "-x", "a/b", "a" * 300])
@pytest.mark.parametrize("changes", [lambda name: {"model": name}, lambda name: {"baselines": {name: {"config": "a"}}}])
def test_a_model_that_cannot_be_called_so(tmp_path, name, changes):
    write_experiment(tmp_path, {**SETTINGS, **changes(name)})
    assert "tiny.yml: key " in mistake(tmp_path)


def test_what_is_reserved_is_what_folders_are_called():
    assert settings.TOKENIZER == fingerprint.TOKENIZER
    assert settings.ENCODERS == record.FOLDER


@pytest.mark.parametrize("file", sorted((ROOT / "configs" / "experiments").glob("*.yml")), ids=lambda file: file.stem)
def test_the_projects_own_names_are_names(file):
    read_experiment(ROOT / "configs", file.stem)


@pytest.mark.parametrize(
    "sizes",
    [
        {"first": 1, "last": 300_000_000, "step": 1},
        {"first": 1, "last": 10**40, "step": 1},
        [1] * (MOST_SIZES + 1),
    ],
)
def test_sizes_without_end(tmp_path, sizes):
    write_experiment(tmp_path, {**SETTINGS, "few_shot": {**SETTINGS["few_shot"], "sizes": sizes}})
    assert "key 'few_shot.sizes'" in mistake(tmp_path)


NUMBERS = [float("inf"), float("-inf"), float("nan"), 10**18, 10**400, -1]


@pytest.mark.parametrize("number", NUMBERS, ids=["inf", "-inf", "nan", "10**18", "10**400", "-1"])
@pytest.mark.parametrize("key", ["epochs", "min_updates", "batch_size"])
def test_numbers_that_no_training_could_use(tmp_path, key, number):
    training = {**SETTINGS["in_corpus"]["training"], key: number}
    write_experiment(tmp_path, {**SETTINGS, "in_corpus": {"seeds": [0], "training": training}})
    assert f"key 'in_corpus.training.{key}'" in mistake(tmp_path)


@pytest.mark.parametrize("key", ["learn_rate", "head_learn_rate"])
@pytest.mark.parametrize("number", [float("inf"), float("nan"), 0, -1])
def test_rates_that_no_training_could_use(tmp_path, key, number):
    training = {**SETTINGS["in_corpus"]["training"], key: number}
    write_experiment(tmp_path, {**SETTINGS, "in_corpus": {"seeds": [0], "training": training}})
    assert f"key 'in_corpus.training.{key}'" in mistake(tmp_path)
