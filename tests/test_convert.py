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


def test_absent_raw_files_are_named(project):
    file = project / "configs" / "corpora" / "one.yml"
    file.write_text(file.read_text(encoding="utf8").replace("raw/one", "raw/none"), encoding="utf8")
    with pytest.raises(ProjectError, match="raw/none: no such folder"):
        run(project)
    assert not (project / "corpus").exists()
