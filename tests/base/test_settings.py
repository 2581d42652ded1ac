"""Test that each mistake in a settings file is one line with file and key."""
import re
import time
from pathlib import Path
from typing import Optional

import pytest
from pydantic import Field, field_validator, model_validator

from scripts.base.errors import ProjectError
from scripts.base.settings import LARGEST_FILE, LONGEST_NAME, Settings, check_name, read_settings, read_yaml, suggest


class Training(Settings):
    epochs: float = Field(gt=0)
    batch_size: int = 16


class FewShot(Settings):
    sizes: list[int]
    training: Optional[Training] = None

    @field_validator("sizes")
    @classmethod
    def _ascending(cls, sizes: list[int]) -> list[int]:
        if sizes != sorted(sizes):
            raise ValueError("sizes must be ascending")
        return sizes


class Experiment(Settings):
    corpora: list[str]
    training: Training
    few_shot: Optional[FewShot] = None
    resume: bool = False

    @model_validator(mode="after")
    def _has_corpora(self) -> "Experiment":
        if not self.corpora:
            raise ValueError("name at least one corpus")
        return self


GOOD = "corpora: [en_ugt]\ntraining: {epochs: 3}\n"


def read(tmp_path: Path, text: str) -> Experiment:
    path = tmp_path / "sample.yml"
    path.write_text(text, encoding="utf8")
    return read_settings(path, Experiment)


def test_good_file_gives_settings_with_defaults(tmp_path: Path):
    settings = read(tmp_path, GOOD + "few_shot:\n  sizes: [50, 100]\n  training: {epochs: 10, batch_size: 8}\n")
    assert settings == Experiment(
        corpora=["en_ugt"],
        training=Training(epochs=3, batch_size=16),
        few_shot=FewShot(sizes=[50, 100], training=Training(epochs=10, batch_size=8)),
    )


def test_a_whole_number_will_do_where_any_number_is_wanted(tmp_path: Path):
    settings = read(tmp_path, "corpora: [a]\ntraining: {epochs: 3}\nresume: true\n")
    assert settings.training.epochs == 3.0 and settings.resume


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (GOOD + "few_shoot: {sizes: [50]}\n", "unknown key 'few_shoot'. Did you mean 'few_shot'?"),
        (GOOD + "shade: red\n", "unknown key 'shade'. Known: corpora, few_shot, resume, training"),
        ("corpora: [a]\ntraining: {epochs: 3, batchsize: 8}", "key 'training.batchsize'. Did you mean 'batch_size'?"),
        (GOOD + "few_shot: {sizes: [1], training: {epochs: 1, epoch: 2}}", "training.epoch'. Did you mean 'epochs'?"),
        ("corpora: [en_ugt]\n", "missing key 'training'"),
        ("corpora: [en_ugt]\ntraining: {}\n", "missing key 'training.epochs'"),
        ("corpora: [a]\ntraining: {epochs: many}\n", "key 'training.epochs': Input should be a valid number"),
        ("corpora: [a]\ntraining: {epochs: 0}\n", "key 'training.epochs': Input should be greater than 0 (got 0)"),
        ("corpora: en_ugt\ntraining: {epochs: 3}\n", "key 'corpora': Input should be a valid list (got 'en_ugt')"),
        (GOOD + "few_shot: {sizes: [9, 5]}\n", "key 'few_shot.sizes': sizes must be ascending (got [9, 5])"),
        (GOOD + "few_shot: {sizes: [true]}\n", "key 'few_shot.sizes.0': Input should be a valid integer (got True)"),
        (GOOD + "few_shot: {sizes: ['5']}\n", "key 'few_shot.sizes.0': Input should be a valid integer (got '5')"),
        ("corpora: [a]\ntraining: {epochs: false}\n", "'training.epochs': Input should be a valid number (got False)"),
        (GOOD + "resume: 1\n", "key 'resume': Input should be a valid boolean (got 1)"),
        (GOOD + "resume: 'yes'\n", "key 'resume': Input should be a valid boolean (got 'yes')"),
        ("corpora: {a: 1}\ntraining: {epochs: 3}\n", "key 'corpora': Input should be a valid list"),
        ("corpora: []\ntraining: {epochs: 3}\n", "sample.yml: name at least one corpus"),
        ("corpora: [en_ugt\n", "sample.yml:2: not valid YAML (expected ',' or ']'"),
        ("corpora: [a]\ncorpora: [b]\n", "sample.yml:2: not valid YAML (found duplicate key \"corpora\""),
        ("\tcorpora: [a]\n", "sample.yml:1: not valid YAML (found character"),
        ("", "expected `key: value` lines"),
        ("# nothing yet\n", "expected `key: value` lines"),
        ("- en_ugt\n", "expected `key: value` lines"),
        ("just words\n", "expected `key: value` lines"),
    ],
)
def test_each_mistake_is_one_line_that_names_file_and_key(text: str, mistake: str, tmp_path: Path):
    with pytest.raises(ProjectError) as failure:
        read(tmp_path, text)
    line = str(failure.value)
    assert line.startswith(f"{tmp_path / 'sample.yml'}:") and mistake in line
    assert "(got {" not in line, "a whole section does not belong on the line"
    assert "\n" not in line and len(line) < 200 + len(str(tmp_path))


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path):
    path = tmp_path / "sample.yml"
    path.write_bytes(b"corpora: [\xff\xfe]\n")
    with pytest.raises(ProjectError, match="sample.yml: not valid YAML"):
        read_settings(path, Experiment)


def test_absent_file_names_a_similar_one(tmp_path: Path):
    (tmp_path / "sample.yml").write_text(GOOD)
    with pytest.raises(ProjectError, match="samle.yml: no such settings file. Did you mean 'sample'?"):
        read_settings(tmp_path / "samle.yml", Experiment)
    with pytest.raises(ProjectError, match="no such settings file$"):
        read_settings(tmp_path / "nowhere" / "sample.yml", Experiment)


def test_settings_can_not_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Training(epochs=3).epochs = 4


def test_suggestions():
    assert suggest("sede", ["seed", "size"]) == "did you mean 'seed'?"
    assert suggest("color", ["size", "seed"]) == "known: seed, size"
    assert suggest("color", []) == "known: none"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = re.sub(r"\[(\*.*)\]", r"{<<: [\1]}", BOMB).replace("[x, x, x, x, x, x, x, x, x]", "{x: 1}")


ENDLESS = [BOMB, f"{BOMB}corpora: *i\n", MERGES, "a: &a [*a]\n", "a: &a {b: *a}\n"]


@pytest.mark.parametrize("text", ENDLESS)
def test_aliases_that_stand_for_too_much_are_refused_in_one_short_line(tmp_path: Path, text: str):
    (tmp_path / "a.yml").write_text(text, "utf8")
    with pytest.raises(ProjectError, match="a.yml: more than 200,000 values, or an alias") as raised:
        read_settings(tmp_path / "a.yml", Settings)
    assert len(str(raised.value)) < 400


def test_an_alias_that_saves_a_line_is_taken(tmp_path: Path):
    (tmp_path / "a.yml").write_text("a: &a {epochs: 1}\nb: *a\nc: {<<: *a, size: 2}\n", "utf8")
    assert read_yaml(tmp_path / "a.yml") == {"a": {"epochs": 1}, "b": {"epochs": 1}, "c": {"epochs": 1, "size": 2}}


@pytest.mark.parametrize("text", ["a: " + "[" * 3000, "a: " + "[" * 3000 + "]" * 3000, "a: " + "{a: " * 3000])
def test_settings_that_are_nested_without_end(tmp_path: Path, text: str):
    (tmp_path / "a.yml").write_text(text, "utf8")
    with pytest.raises(ProjectError, match="a.yml.*YAML"):
        read_settings(tmp_path / "a.yml", Settings)


@pytest.mark.parametrize(
    "text", ["x" * 5000 + ": 1\n", "[" + "x" * 5000 + "]: 1\n", "9" * 6000 + ": 1\n", '"a\\e[8m": 1\n']
)
def test_a_long_or_odd_key_is_told_in_one_short_line(tmp_path: Path, text: str):
    (tmp_path / "a.yml").write_text(text, "utf8")
    with pytest.raises(ProjectError) as raised:
        read_settings(tmp_path / "a.yml", Settings)
    assert str(raised.value).isprintable() and len(str(raised.value)) < 500


@pytest.mark.parametrize("name", ["a", "en_ugt", "_x", "a-b", "0", "A" * LONGEST_NAME])
def test_a_name(name: str):
    check_name(name, "here", reserved="tokenizer")


BAD_NAMES = ["", "-x", "--x", "a b", "a/b", "../x", "..", ".", ".a", "a.b", "a$b", "=1+2", "a'b", 'a"b', "a\\b", "a\n"]
BAD_NAMES += ["é", "a\x1b"]


@pytest.mark.parametrize("name", [*BAD_NAMES, "a" * (LONGEST_NAME + 1), "tokenizer", "Tokenizer"])
def test_what_is_no_name(name: str):
    with pytest.raises(ProjectError, match="^here: ") as raised:
        check_name(name, "here", reserved="tokenizer")
    assert str(raised.value).isprintable()


def test_a_file_too_large_for_settings_is_not_read(tmp_path: Path):
    (tmp_path / "a.yml").write_text("a: 1\n" + "# x\n" * 300_000, "utf8")
    with pytest.raises(ProjectError, match="a.yml: the file has 1,200,005 bytes, but .* at most 100,000"):
        read_settings(tmp_path / "a.yml", Settings)


@pytest.mark.parametrize(
    "text",
    [
        "a: [" + "1," * (LARGEST_FILE // 2 - 3) + "]",
        "a:\n" + "- &a [*a]\n" * (LARGEST_FILE // 10 - 1),
        "a: 0b" + "1" * (LARGEST_FILE - 5),
    ],
    ids=["items", "anchors", "binary"],
)
def test_no_file_that_is_read_takes_long_or_says_more_than_a_line(text: str, tmp_path: Path, recwarn):
    path = tmp_path / "a.yml"
    path.write_text(text)
    started = time.process_time()
    with pytest.raises(ProjectError) as error:
        read_settings(path, Experiment)
    assert time.process_time() - started < 15
    assert len(str(error.value)) < 300 + len(str(path)) and not recwarn.list
