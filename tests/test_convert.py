"""The convert command: what it writes, what it leaves alone, how it fails."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import convert
from scripts.base.errors import ProjectError

ROOT = Path(__file__).parents[1]
EXPERIMENT = "corpora: [one, two]\nin_corpus: {seeds: [0], training: {epochs: 1}}\n"


def write_corpus(folder: Path, name: str, text: str, drug: str) -> None:
    """A corpus file and its raw files: four documents, one mention and one label to ignore in each."""
    raw = folder / "raw" / name
    raw.mkdir(parents=True)
    start = text.index(drug)
    for number in range(4):
        (raw / f"{number}.txt").write_text(text, encoding="utf8")
        line = f"T1\tDrug {start} {start + len(drug)}\t{drug}\nT2\tDose 0 1\t{text[0]}\n"
        (raw / f"{number}.ann").write_text(line, encoding="utf8")
    settings = f"language: en\ndomain: ugt\nformat: brat\npath: {raw}\nlabels: {{Drug: Drug}}\nignore: [Dose]\n"
    (folder / "configs" / "corpora" / f"{name}.yml").write_text(settings, encoding="utf8")


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in ("corpora", "experiments"):
        (tmp_path / "configs" / folder).mkdir(parents=True)
    (tmp_path / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT, encoding="utf8")
    write_corpus(tmp_path, "one", "Took aspirin.", "aspirin")
    write_corpus(tmp_path, "two", "Мезим помог.", "Мезим")
    return tmp_path


def run(project: Path) -> None:
    convert.main("mine", project / "configs", project / "corpus")


def test_converts_every_corpus_of_the_experiment_and_prints_its_books(project, capsys):
    run(project)
    printed = capsys.readouterr().out
    assert sorted(path.name for path in (project / "corpus").iterdir()) == ["one", "tokenizer", "two"]
    assert "label not mapped" in printed
    assert "text mismatch" not in printed
    assert "2 corpora converted, 0 unchanged" in printed


def test_only_what_changed_is_converted_again(project, capsys):
    run(project)
    before = (project / "corpus" / "one" / "manifest.json").stat().st_mtime_ns
    (project / "raw" / "two" / "0.txt").write_text("Мезим помог! Да.", encoding="utf8")
    run(project)
    assert "1 corpora converted, 1 unchanged" in capsys.readouterr().out
    assert (project / "corpus" / "one" / "manifest.json").stat().st_mtime_ns == before
    ids = [part["ids"] for part in json.loads((project / "corpus/two/manifest.json").read_text())["splits"].values()]
    hashes = {hash for part in ids for hash in part.values()}
    assert len(hashes) == 2


def test_a_run_with_nothing_to_do_imports_no_spacy(project):
    run(project)
    code = f"""if True:
        import sys
        from pathlib import Path
        from scripts import convert
        convert.main("mine", Path({str(project / "configs")!r}), Path({str(project / "corpus")!r}))
        print("spacy" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split()[-1] == "False", done.stderr


def test_a_corpus_that_fails_writes_nothing_and_the_ones_before_it_stay(project):
    (project / "raw" / "two" / "3.ann").write_text("T1\tDrug 0 5 Мезим\n", encoding="utf8")
    with pytest.raises(ProjectError, match=r"two/3\.ann:1: not a brat annotation"):
        run(project)
    assert sorted(path.name for path in (project / "corpus").iterdir()) == ["one", "tokenizer"]


def test_all_absent_corpora_are_named_with_where_they_are_to_be_had(project):
    for name, obtain in (("one", "obtain: ask the hospital\n"), ("two", "")):
        file = project / "configs" / "corpora" / f"{name}.yml"
        settings = file.read_text(encoding="utf8").replace(f"raw/{name}", f"raw/no_{name}")
        file.write_text(settings + obtain, encoding="utf8")
    with pytest.raises(ProjectError) as error:
        run(project)
    raw = project / "raw"
    assert str(error.value) == (
        f"2 of 2 corpora are missing: one in {raw / 'no_one'} (ask the hospital); two in {raw / 'no_two'} "
        "(see `path` in its file)"
    )
    assert not (project / "corpus").exists()


def test_counts_that_differ_from_the_expected_ones_are_shown_and_the_corpus_is_written(project, capsys):
    file = project / "configs" / "corpora" / "one.yml"
    expected = "expected: {documents: 5, mentions: {Drug: 4, Dose: 4}}\n"
    file.write_text(file.read_text(encoding="utf8") + expected, encoding="utf8")
    run(project)
    assert "documents: 4, but the corpus file expects 5" in capsys.readouterr().out
    file.write_text(file.read_text(encoding="utf8").replace("documents: 5", "documents: 4"), encoding="utf8")
    run(project)
    assert "All 3 counts are as the corpus file expects them" in capsys.readouterr().out


class TestStrict:
    def strict(self, project):
        convert.main("mine", project / "configs", project / "corpus", strict=True)

    def damage(self, project):
        (project / "raw" / "two" / "3.ann").write_text("T1\tDrug 0 5\tМезим\nT2\tDrug 0 4\tAspi\n", encoding="utf8")

    def test_labels_that_are_left_out_are_no_loss(self, project):
        self.strict(project)
        assert (project / "corpus" / "two" / "manifest.json").is_file()

    def test_a_lost_mention_is_named_and_nothing_of_its_corpus_is_written(self, project):
        self.damage(project)
        with pytest.raises(ProjectError) as error:
            self.strict(project)
        assert str(error.value) == (
            "corpus two: dropped: text mismatch 1, expected 0 (first: text mismatch, T2 Drug 0-4 in 3). "
            "Mend the corpus, or put what you accept under `expected` in the corpus file"
        )
        assert sorted(path.name for path in (project / "corpus").iterdir()) == ["one", "tokenizer"]

    def test_a_corpus_that_was_converted_before_is_refused_too(self, project):
        self.damage(project)
        run(project)
        with pytest.raises(ProjectError, match="text mismatch 1, expected 0"):
            self.strict(project)

    def test_what_the_corpus_file_accepts_is_accepted_and_no_more_than_that(self, project):
        self.damage(project)
        file = project / "configs" / "corpora" / "two.yml"
        settings = file.read_text(encoding="utf8")
        file.write_text(settings + "expected: {dropped: {text mismatch: 1}}\n", encoding="utf8")
        self.strict(project)
        file.write_text(settings + "expected: {dropped: {text mismatch: 2}}\n", encoding="utf8")
        with pytest.raises(ProjectError, match="text mismatch 1, expected 2"):
            self.strict(project)
