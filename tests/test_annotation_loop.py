"""Run the commands of docs/annotation.md: two rounds on raw Russian texts, with a pipeline that knows some English."""
import json
import re
import shlex
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
FEW_SHOT = {"targets": ["my_notes"], "sources": [[]], "sizes": [20], "seeds": [0], "training": {"epochs": 1}}
PAGE = (ROOT / "docs" / "annotation.md").read_text("utf8")
NOTES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
LINES = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0].splitlines()
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


def set_corpora(folder: Path, corpora: list[str], **more: object) -> None:
    srsly.write_yaml(folder / "configs" / "experiments" / "mine.yml", {"corpora": corpora, **EXPERIMENT, **more})


def add_notes(folder: Path) -> None:
    (folder / "configs" / "corpora" / "my_notes.yml").write_text(NOTES, "utf8")
    set_corpora(folder, ["english", "my_notes"], few_shot=FEW_SHOT)


def run(folder: Path, line: str) -> str:
    program, *words = shlex.split(line, comments=True)
    assert program == "weasel"
    done = weasel(folder, *words)
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
        spans = [
            {"start": one.start - start, "end": one.end - start, "label": LABELS[one.label]}
            for one in documents[row["source_document"]].mentions
            if start <= one.start and one.end <= end and one.label in LABELS
        ]
        rows.append({**row, "spans": spans, "answer": "accept"})
    (folder / "annotated").mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "annotated" / name).write_text(text, encoding="utf8")
    return rows


def test_two_rounds_from_raw_texts_to_a_package(project):
    said, rounds = [], []
    for line in LINES:
        if line.startswith("# annotate"):
            rounds.append(annotate(project, len(rounds) + 1))
            add_notes(project)
        else:
            said.append((shlex.split(line)[2], run(project, line)))
    first, second = rounds
    assert not {row["id"] for row in first} & {row["id"] for row in second}
    suggested, converted = ([text for command, text in said if command == one] for one in ("suggest", "convert"))
    assert len(suggested) == 2 and all("50 of" in text and "5 at random" in text for text in suggested)
    assert ["english (unchanged)" in text for text in converted] == [False, True, True]
    manifest = srsly.read_json(project / "corpus" / "my_notes" / "manifest.json")
    assert sum(part["sentences"] for part in manifest["splits"].values()) == len(first) + len(second) == 100
    ids = {name for part in manifest["splits"].values() for name in part["ids"]}
    assert ids == {row["source_document"] for row in (*first, *second)}
    assert list((project / "metrics" / "mine" / "runs").glob("few-shot.my_notes.*.json"))
    assert list((project / "packages").glob("*.whl"))
    assert "Nothing has changed" in run(project, "weasel run train . --vars.experiment mine")
