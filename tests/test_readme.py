"""Test the README: its commands for one's own corpora, and the others with `make run` (20 minutes)."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile

import pytest
import srsly

from tests.project import ROOT, copy_project, weasel

README = (ROOT / "README.md").read_text("utf8")
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CORPUS, EXPERIMENT = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
RAW_TEXTS = [shlex.split(line, comments=True)[1:] for line in README.splitlines() if "--vars.texts notes.zip" in line]
DEMO = re.findall(r"^(?:weasel run demo|curl) .*$", (ROOT / "docs" / "shipping.md").read_text("utf8"), re.MULTILINE)
OWN = [shlex.split(line, comments=True)[1:] for line in README.splitlines() if "--vars.configs private" in line]


def test_every_print_of_the_example_has_its_output_below():
    lines = PROGRAM.splitlines()
    printing = [number for number, line in enumerate(lines) if line.startswith("print(")]
    assert printing and all(lines[number + 1].startswith("# ") for number in printing)


@pytest.fixture()
def private_project(tmp_path):
    """A project with the two files of "Your own corpora", and notes with the labels that the first one names."""
    folder, notes = copy_project(tmp_path / "project"), tmp_path / "my_notes"
    labels = dict(zip(("Drug", "Disease", "Symptom"), srsly.yaml_loads(CORPUS)["labels"], strict=True))
    shutil.copytree(ROOT / "assets" / "sample" / "ru_ehr", notes)
    for file in notes.rglob("*.ann"):
        mentions = [line.split("\t") for line in file.read_text("utf8").splitlines() if line.startswith("T")]
        kept = [(name, *place.split(" ", 1), text) for name, place, text in mentions if place.split()[0] in labels]
        lines = [f"{name}\t{labels[label]} {offsets}\t{text}\n" for name, label, offsets, text in kept]
        file.write_text("".join(lines), "utf8")
    for path, text in (("corpora/my_notes.yml", CORPUS), ("experiments/mine.yml", EXPERIMENT)):
        (folder / "private" / path).parent.mkdir(parents=True)
        (folder / "private" / path).write_text(text.replace("/data/my_notes", str(notes)), "utf8")
    return folder


def test_own_corpora_are_read_and_planned_in_the_order_of_the_commands(private_project):
    *before, last = OWN
    assert [words[1] for words in OWN] == ["convert", "plan", "all"] and last[2:5] == [".", "--vars.configs", "private"]
    for words in before:
        done = weasel(private_project, *words)
        assert done.returncode == 0, done.stdout[-3000:]
    assert "This was a dry run" in done.stdout and (private_project / "corpus" / "my_notes" / "test.spacy").is_file()


@pytest.mark.long
def test_own_corpora_end_in_the_report_and_the_package_that_are_named(private_project, offline_encoder):
    # Fewer and shorter runs than in the README's file.
    shorter = {"seeds: [0, 1, 2]": "seeds: [0]", "[50, 100, 200, 400]": "[50]", "epochs: 3": "epochs: 1"}
    file = private_project / "private" / "experiments" / "mine.yml"
    for long, short in shorter.items():
        assert long in EXPERIMENT
        file.write_text(file.read_text("utf8").replace(long, short), "utf8")
    for words in OWN:
        done = weasel(private_project, *words)
        assert done.returncode == 0, done.stdout[-3000:]
    for path in ("metrics/mine/report.html", "packages/xx_my_pipeline-0.1.0-py3-none-any.whl"):
        assert f"`{path}`" in README and (private_project / path).is_file()


@pytest.fixture(scope="module")
def finished(tmp_path_factory, offline_encoder):
    """A project folder after `weasel run all`."""
    folder = copy_project(tmp_path_factory.mktemp("readme") / "project")
    run = weasel(folder, "run", "all", ".")
    assert run.returncode == 0, run.stdout[-3000:]
    return folder


@pytest.mark.long
def test_example_prints_what_it_says(finished, tmp_path):
    (wheel,) = (finished / "packages").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path / "installed", capture_output=True, text=True, check=False
    )
    expected = [line.removeprefix("# ") for line in PROGRAM.splitlines() if line.startswith("# ")]
    assert (done.stdout.splitlines(), done.stderr[-2000:]) == (expected, "")


@pytest.mark.long
def test_the_demo_starts_and_answers_as_the_page_on_shipping_says(finished, tmp_path):
    (wheel,) = (finished / "packages").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    *starts, request = DEMO
    assert len(starts) == 2 and "weasel run demo ." in README
    for line in starts:
        words = [sys.executable, "-m", *shlex.split(line, comments=True), "--vars.port", "0"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(tmp_path / "installed")}
        with subprocess.Popen(words, cwd=finished, env=environment, stdout=subprocess.PIPE, text=True) as demo:
            try:
                address = next(at for one in demo.stdout if (at := re.search(r"http://127\.0\.0\.1:\d+", one))).group()
                asked = shlex.split(request.replace("http://127.0.0.1:8000", address))
                answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
            finally:
                demo.terminate()
        found = [[(one["start"], one["end"], one["label"]) for one in own["entities"]] for own in json.loads(answer)]
        assert found == [[(5, 14, "Drug"), (19, 28, "Disease")]] * (1 + line.count(","))


@pytest.mark.long
def test_commands_on_raw_texts_write_what_they_say(finished):
    with zipfile.ZipFile(finished / "notes.zip", "w") as archive:
        archive.writestr("one.txt", "Took ibuprofen for back pain. Woke up with a rash and heartburn.")
    assert [words[1] for words in RAW_TEXTS] == ["suggest", "predict"]
    for words in RAW_TEXTS:
        done = weasel(finished, *words)
        assert done.returncode == 0, done.stdout[-3000:]
    assert "ibuprofen" in (finished / "suggestions" / "round-1.jsonl").read_text("utf8")
    assert list((finished / "predictions" / "notes").glob("*.spacy"))
