"""Test the settings of a corpus file."""
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.settings import read_corpus_settings

ROOT = Path(__file__).parents[2]
MINIMAL = "language: en\ndomain: ugt\nformat: brat\npath: a\nlabels: {Drug: Drug}\n"


def read(folder: Path, text: str):
    path = folder / "c.yml"
    path.write_text(text, encoding="utf8")
    return read_corpus_settings(path)


@pytest.mark.parametrize("label", ["no", "on", "yes", "off", "y", "N", "Off", "'null'", '"5"'])
def test_labels_that_other_yaml_takes_for_truth_values_are_text(tmp_path, label):
    kept = label.strip("'\"")
    settings = read(tmp_path, MINIMAL.replace("Drug: Drug", f"{label}: Drug") + "ignore: [other]\n")
    assert settings.labels == {kept: "Drug"}
    settings = read(tmp_path, MINIMAL.replace("brat", "conll") + f"ignore: [{label}]\nlabel: {label}\n")
    assert (settings.ignore, settings.label) == ([kept], kept)


@pytest.mark.parametrize(
    "text",
    [
        MINIMAL.replace("Drug: Drug", "{}: Drug"),
        MINIMAL + "ignore: [a, {}]\n",
        MINIMAL.replace("brat", "conll") + "label: {}\n",
    ],
)
@pytest.mark.parametrize("label", ["true", "False", "null", "~", "5", "1.5", "2001-01-01"])
def test_a_label_that_yaml_does_not_take_for_text_is_told(tmp_path, text, label):
    if text.endswith("label: {}\n") and label in ("null", "~"):
        return
    said = r"c\.yml: key '\w+': YAML doesn't read the label \S+ as text: write '\S+' in quotes"
    with pytest.raises(ProjectError, match=said) as error:
        read(tmp_path, text.replace("{}", label))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("annotator", ["1", "true", "null", "2.5", "2001-01-01"])
def test_an_annotator_that_yaml_does_not_take_for_text_is_told(tmp_path, annotator):
    said = rf"c\.yml: key 'annotators': YAML doesn't read the annotator {annotator} as text: write '{annotator}' in"
    with pytest.raises(ProjectError, match=said):
        read(tmp_path, f"{MINIMAL}annotators: {annotator}\n")
    assert read(tmp_path, f"{MINIMAL}annotators: '{annotator}'\n").annotators == annotator


def test_half_of_a_surrogate_pair_is_told(tmp_path):
    with pytest.raises(ProjectError, match="c.yml: half of a surrogate pair"):
        read(tmp_path, MINIMAL + 'obtain: "\\ud83d"\n')
    assert read(tmp_path, MINIMAL + "obtain: '\\ud83d'\n").obtain == "\\ud83d"


@pytest.mark.parametrize("key", ["path", "annotations"])
class TestPlaces:
    """What stands for a place on the machine is filled in where a file is read, and nowhere else."""

    def place(self, folder, key, written):
        others = MINIMAL.replace("path: a\n", "" if key == "path" else "path: a\n")
        settings = read(folder, f"{others}{key}: '{written}'\n")
        assert settings.model_dump(mode="json")[key] == written
        return str(getattr(settings, f"{key}_here"))

    def test_a_variable_and_the_home_folder_are_filled_in(self, tmp_path, monkeypatch, key):
        monkeypatch.setenv("HOME", "/home/x")
        monkeypatch.setenv("CORPORA", "/data")
        for written, place in (
            ("~/a", "/home/x/a"),
            ("$HOME/a", "/home/x/a"),
            ("${CORPORA}/a.zip/*/b", "/data/a.zip/*/b"),
            ("$CORPORA/$HOME", "/data//home/x"),
            ("a/~b", "a/~b"),
            ("a/cost$", "a/cost$"),
        ):
            assert self.place(tmp_path, key, written) == str(Path(place))

    def test_a_variable_that_is_not_there_is_named(self, tmp_path, monkeypatch, key):
        monkeypatch.delenv("NOWHERE", raising=False)
        for written in ("$NOWHERE/a", "x/${NOWHERE}"):
            with pytest.raises(ProjectError) as error:
                self.place(tmp_path, key, written)
            expected = f"{key}: {written}: no environment variable 'NOWHERE'. Set it, or write `{key}` without it"
            assert str(error.value) == expected


def test_defaults_are_those_of_the_paper_or_of_the_design(tmp_path):
    settings = read(tmp_path, MINIMAL)
    assert (settings.split.train, settings.split.seed) == (0.7, 0)
    assert (settings.discontinuous, settings.sentences) == ("span", "by_script")
    assert (settings.annotations, settings.ignore) == (None, [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("format: brat", "format: brta"), "did you mean 'brat'"),
        (("Drug: Drug", "Drug: a drug"), "key 'labels.Drug'"),
        (("Drug: Drug", "Drug: micro"), "no entity type can be called 'micro'"),
        (("path: a", "path: a\nsplit: {seed: 1}\npublished_split: {train: [a], test: [b]}"), "not both"),
        (("path: a", "path: a\npublished_split: {train: [a], test: []}"), "key 'published_split.test'"),
        (("path: a", "path: a\nexpected: {dropped: {nestd: 1}}"), "key 'expected.dropped.nestd"),
        (("path: a", "path: a\nexpected: {document: 1}"), "Did you mean 'documents'"),
        (("labels: {Drug: Drug}", "labels: {}"), "key 'labels'"),
        (("domain: ugt", "domain: ugt\nsentence: punkt"), "Did you mean 'sentences'"),
        (("domain: ugt", "domain: ugt\nignore: [Drug]"), "'Drug' is in both"),
        (("domain: ugt", "domain: ugt\ndiscontinuous: join"), "key 'discontinuous'"),
        (("domain: ugt", "domain: ugt\nsplit: {train: 70}"), "key 'split.train'"),
        (("path: a\n", ""), "missing key 'path'"),
        (("path: a", "path: a\nannotates: [Disease]"), "`annotates` lacks Drug"),
        (("path: a", "path: a\nannotates: []"), "`annotates` lacks Drug"),
        (("path: a", "path: a\nannotates: [Drug, micro]"), "no entity type can be called 'micro'"),
        (("path: a", "path: a\nannotates: [Drug, a form]"), "key 'annotates.1'"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, change, message):
    with pytest.raises(ProjectError, match=message) as error:
        read(tmp_path, MINIMAL.replace(*change))
    assert "c.yml" in str(error.value)


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "corpora").glob("*.yml")), ids=lambda path: path.stem)
def test_the_corpus_files_of_the_project_are_valid(path):
    settings = read_corpus_settings(path)
    assert set(settings.labels.values()) <= {"Drug", "Disease"}
    assert settings.language in ("en", "ru", "fr", "it", "es", "eu")


def test_labels_may_stay_what_they_are_so_that_a_corpus_is_trained_with_its_own(tmp_path):
    settings = read(tmp_path, MINIMAL.replace("Drug: Drug", "ADR: ADR, Лекарство: Drug, Symptom: ADR"))
    assert settings.entity_types == ("Drug", "ADR")


def test_a_corpus_may_annotate_more_types_than_its_labels_become(tmp_path):
    assert read(tmp_path, MINIMAL).entity_types == ("Drug",)
    assert read(tmp_path, MINIMAL + "annotates: [Form, Disease, Drug]\n").entity_types == ("Drug", "Disease", "Form")


def test_private_and_public_corpora_say_where_they_are_to_be_had():
    for path in (ROOT / "configs" / "corpora").glob("*.yml"):
        settings = read_corpus_settings(path)
        is_made_here = settings.path.parts[0] == "corpus" or settings.path.parts[:2] == ("assets", "sample")
        assert settings.obtain or is_made_here
