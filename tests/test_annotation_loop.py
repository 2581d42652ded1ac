"""Test the loop of docs/annotation.md in two rounds: raw Russian texts, and a pipeline that has seen some English."""
import json
from pathlib import Path

import pytest
import srsly

from scripts.corpora.formats import rudrec
from scripts.corpora.schema import Document
from tests.project import ROOT, copy_project, weasel

pytestmark = pytest.mark.long

# The model without an encoder, which is trained in seconds.
EXPERIMENT = {
    "model": "lstm_crf",
    "in_corpus": {"seeds": [0], "training": {"epochs": 1, "min_updates": 0}},
    "ship": {
        "training": {"epochs": 6, "min_updates": 0, "batch_size": 4, "learn_rate": 5e-3, "head_learn_rate": 5e-3},
        "calibrate": False,
    },
}
NOTES = {
    **{"language": "ru", "domain": "ugt", "format": "jsonl", "path": "annotated"},
    "labels": {"Drug": "Drug", "Disease": "Disease"},
}
LABELS = srsly.read_yaml(ROOT / "configs" / "corpora" / "ru_ugt.yml")["labels"]
SAMPLE = ROOT / "assets" / "sample"
# So few documents that a training takes seconds.
ENGLISH_DOCUMENTS = 8


@pytest.fixture()
def project(tmp_path) -> Path:
    """RETURNS (Path): A project with raw texts and an experiment on one English corpus."""
    folder = copy_project(tmp_path / "project")
    (folder / "texts").mkdir()
    for document in gold().values():
        (folder / "texts" / f"{document.id}.txt").write_bytes(document.text.encode("utf8"))
    srsly.write_yaml(folder / "configs" / "corpora" / "notes.yml", NOTES)
    english = srsly.read_yaml(ROOT / "configs" / "corpora" / "en_ugt.yml")
    for key, kind in (("path", "text"), ("annotations", "original")):
        for file in sorted((SAMPLE / "en_ugt" / kind).iterdir())[:ENGLISH_DOCUMENTS]:
            (folder / "english" / kind).mkdir(parents=True, exist_ok=True)
            (folder / "english" / kind / file.name).write_bytes(file.read_bytes())
        english[key] = f"english/{kind}"
    srsly.write_yaml(folder / "configs" / "corpora" / "english.yml", {**english, "expected": {}})
    set_corpora(folder, ["english"])
    return folder


def gold() -> dict[str, Document]:
    return {one.id: one for one in rudrec.read(SAMPLE / "ru_ugt" / "rudrec_sample.json")}


def set_corpora(folder: Path, corpora: list[str]) -> None:
    srsly.write_yaml(folder / "configs" / "experiments" / "mine.yml", {"corpora": corpora, **EXPERIMENT})


def run(folder: Path, command: str, **variables: str) -> str:
    words = [word for name, value in variables.items() for word in (f"--vars.{name}", value)]
    done = weasel(folder, "run", command, ".", "--vars.experiment", "mine", *words)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def annotate(folder: Path, round_number: int) -> list[dict]:
    """Do what an annotator does.

    RETURNS (list[dict]): The annotated rows.
    """
    documents, name = gold(), f"round-{round_number}.jsonl"
    rows = []
    for line in (folder / "suggestions" / name).read_text("utf8").splitlines():
        row = json.loads(line)
        start, end = row["source_start"], row["source_end"]
        entities = [
            {"start": one.start - start, "end": one.end - start, "label": LABELS[one.label]}
            for one in documents[row["source_document"]].mentions
            if start <= one.start and one.end <= end and one.label in LABELS
        ]
        rows.append({**row, "entities": entities, "answer": "accept"})
    (folder / "annotated").mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "annotated" / name).write_text(text, encoding="utf8")
    return rows


def test_two_rounds_from_raw_texts_to_a_package(project):
    for command in ("encoder", "convert", "train"):
        run(project, command)
    said = run(project, "suggest", sentences="50")
    assert "50 of" in said and "5 at random" in said
    first = annotate(project, 1)
    set_corpora(project, ["english", "notes"])
    assert "english (unchanged)" in run(project, "convert")
    run(project, "train")
    assert "Nothing has changed" in run(project, "train")
    run(project, "suggest", sentences="50", annotated="notes")
    second = annotate(project, 2)
    assert not {row["id"] for row in first} & {row["id"] for row in second}
    run(project, "convert")
    manifest = srsly.read_json(project / "corpus" / "notes" / "manifest.json")
    assert sum(part["sentences"] for part in manifest["splits"].values()) == len(first) + len(second) == 100
    ids = {name for part in manifest["splits"].values() for name in part["ids"]}
    assert ids == {row["source_document"] for row in (*first, *second)}
    run(project, "package")
    assert list((project / "packages").glob("*.whl"))
