"""Test `weasel run all` from end to end, with the real encoder and a small experiment on the sample corpora."""
import re
import shutil
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest
import srsly

from tests.project import ROOT, copy_project, read_project, weasel

EXPERIMENT = """
corpora: [en_ugt, ru_ugt]
in_corpus:
  seeds: [0]
  training: {epochs: 2, min_updates: 0, batch_size: 8}
zero_shot: [ru_ugt]
few_shot:
  targets: [ru_ugt]
  sizes: [10, 20]
  seeds: [0]
  training: {epochs: 1, min_updates: 6, batch_size: 8}
ship: {training: {epochs: 1, min_updates: 0, batch_size: 8}, examples: assets/sample/held_out}
"""
VARIABLES = ("--vars.experiment", "tiny", "--vars.name", "tiny_pipeline")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, offline_encoder):
    """A project folder, with a space in its path, after `weasel run all`; and what that printed."""
    folder = copy_project(tmp_path_factory.mktemp("end to end") / "my project")
    (folder / "configs" / "experiments" / "tiny.yml").write_text(EXPERIMENT, "utf8")
    run = weasel(folder, "run", "all", ".", *VARIABLES)
    assert run.returncode == 0, run.stdout[-3000:]
    return folder, run.stdout


def test_every_declared_output_exists(finished):
    folder, _ = finished
    values = {**read_project()["vars"], "experiment": "tiny", "name": "tiny_pipeline"}
    steps = read_project()["workflows"]["all"]
    for command in read_project()["commands"]:
        for output in command.get("outputs", []) if command["name"] in steps else []:
            for name, value in values.items():
                output = output.replace(f"${{vars.{name}}}", str(value))
            assert (folder / output).exists(), output


def test_it_ends_with_the_answer_the_report_and_the_wheel(finished):
    _, printed = finished
    lines = re.sub(r"\x1b\[[\d;]*m", "", printed).rstrip().splitlines()
    (start,) = (number for number, line in enumerate(lines) if re.fullmatch("=+ Answer =+", line.strip()))
    *answer, report, wheel = lines[start:]
    assert len(answer) <= 8 and any(line.startswith("ru_ugt ") for line in answer)
    assert report == "Report: metrics/tiny/report.html"
    assert wheel == "Wheel: packages/xx_tiny_pipeline-0.1.0-py3-none-any.whl"


def test_nothing_half_written_is_left(finished):
    folder, _ = finished
    assert not list(folder.rglob("*.part"))


def test_transfer_learns_something(finished):
    folder, _ = finished
    runs = folder / "metrics" / "tiny" / "runs"
    scores = {path.stem: srsly.read_json(path)["scores"]["tokens"]["micro"]["f1"] for path in runs.glob("*.json")}
    assert scores["zero-shot.ru_ugt.from-en_ugt.seed-0"] > 30
    none, source = (f"few-shot.ru_ugt.from-{name}.size-10.seed-0" for name in ("none.none", "en_ugt.full"))
    assert scores[source] > scores[none]


def test_package_scores_in_a_clean_environment_as_in_the_project(finished):
    folder, _ = finished
    package = srsly.read_json(folder / "metrics" / "tiny" / "package.json")
    for corpus in ("en_ugt", "ru_ugt"):
        run = srsly.read_json(folder / "metrics" / "tiny" / "runs" / f"{shipped_id(folder, corpus)}.json")
        assert package["corpora"][corpus]["given_sentences"]["micro"] == run["scores"]["tokens"]["micro"]
    assert set(package["examples"]) == {"en", "ru"}


def shipped_id(folder, corpus):
    """The id of the run that scored the shipped pipeline on a corpus."""
    names = srsly.read_json(folder / "metrics" / "tiny" / "shipped.json")["runs"]
    return next(name for name in names if name.startswith(f"shipped.{corpus}."))


@dataclass(frozen=True)
class Again:
    """A second `weasel run all`.

    printed (str): What it printed.
    before (dict[Path, int]): When each file was written last, before it.
    after (dict[Path, int]): The same after it.
    """

    printed: str
    before: dict[Path, int]
    after: dict[Path, int]


def stamps(folder):
    """When each file of the corpora, models, runs and packages was written last."""
    places = ("corpus", "training/tiny", "packages", "metrics/tiny/runs", "metrics/tiny/analysis")
    files = [path for place in places for path in (folder / place).rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime_ns for path in [*files, folder / "metrics" / "tiny" / "package.json"]}


def unwrapped(printed):
    """What a command printed, with the lines of each message joined again."""
    return re.sub(r"(?<=[^\s]) *\n(?=[a-z0-9])", " ", printed)


@pytest.fixture(scope="module")
def again(finished):
    folder, _ = finished
    before = stamps(folder)
    run = weasel(folder, "run", "all", ".", *VARIABLES)
    assert run.returncode == 0, run.stdout[-3000:]
    return Again(unwrapped(run.stdout), before, stamps(folder))


def test_the_second_run_starts_what_looks_itself(again):
    started = [line for line in again.printed.splitlines() if line.startswith("Running command")]
    no_skip = {command["name"] for command in read_project()["commands"] if command.get("no_skip")}
    for name in no_skip & set(read_project()["workflows"]["all"]):
        assert [line for line in started if f"-m scripts.{name.replace('-', '_')} " in line], name


def test_the_second_run_trains_builds_and_installs_nothing(again):
    assert again.printed.count(" 0 to do") == 4
    assert "has changed since the wheel was built" in again.printed and "Building the wheel" not in again.printed
    assert "showing the recorded scores" in again.printed and "Installing" not in again.printed


def test_the_second_run_leaves_every_file_as_it_is(again):
    assert len(again.before) > 30
    assert again.after == again.before


@dataclass(frozen=True)
class Mended:
    """What came of a run file, the predictions of a run and the analysis of another that were lost.

    lost (dict[Path, bytes]): What they held.
    scores (dict[str, dict]): The scores of all runs, by id.
    reports (tuple): The learning curves as a table: before, with the loss, and after it was mended.
    printed (str): What `weasel run few-shot` printed.
    written (set[Path]): The files of runs and analyses that it wrote.
    """

    lost: dict[Path, bytes]
    scores: dict[str, dict]
    reports: tuple[str, str, str]
    printed: str
    written: set[Path]


def scores_of(folder):
    files = (folder / "metrics" / "tiny" / "runs").glob("*.json")
    return {path.stem: srsly.read_json(path)["scores"] for path in files}


def report_again(folder):
    """Make the report in this process: one of its own would import the same libraries for seconds."""
    from scripts.report import main

    with chdir(folder):
        main(experiment="tiny")


@pytest.fixture(scope="module")
def mended(finished, again):
    folder, _ = finished
    results = folder / "metrics" / "tiny"
    curves, run = results / "tables" / "few_shot.csv", "few-shot.ru_ugt.from-{}.size-{}.seed-0"
    lost = [
        results / "runs" / f"{run.format('en_ugt.full', 20)}.json",
        results / "runs" / f"{run.format('en_ugt.full', 10)}.predictions.json.gz",
        results / "analysis" / f"{run.format('none.none', 10)}.json.gz",
    ]
    held, scores, reports = {path: path.read_bytes() for path in lost}, scores_of(folder), [curves.read_text("utf8")]
    lost[0].unlink()
    lost[1].unlink()
    # The report goes by what is there: it is made again where a run is gone, and where one has come.
    report_again(folder)
    reports.append(curves.read_text("utf8"))
    lost[2].write_bytes(held[lost[2]][:-20])
    before = stamps(folder)
    printed = unwrapped(weasel(folder, "run", "few-shot", ".", *VARIABLES).stdout)
    after = stamps(folder)
    report_again(folder)
    reports.append(curves.read_text("utf8"))
    return Mended(held, scores, tuple(reports), printed, {path for path in after if after[path] != before.get(path)})


def test_what_was_lost_is_made_again_as_it_was(finished, mended):
    folder, _ = finished
    assert scores_of(folder) == mended.scores
    _, predictions, analysis = mended.lost
    assert [path for path in (predictions, analysis) if path.read_bytes() != mended.lost[path]] == []


def test_the_loss_is_told(mended):
    assert "2 already finished, 2 to do" in mended.printed
    assert "Runs to repeat because they are damaged or incomplete: 2" in mended.printed
    assert "Analyzing errors" in mended.printed


def test_nothing_else_is_made_again(mended):
    run_file, predictions, analysis = mended.lost
    runs = {run_file.name.removesuffix(".json"), predictions.name.removesuffix(".predictions.json.gz")}
    suffixes = (".json", ".cfg", ".predictions.json.gz")
    made = {run_file.with_name(run + suffix) for run in runs for suffix in suffixes}
    assert mended.written == {analysis, *made, *(analysis.with_name(f"{run}.json.gz") for run in runs)}


def test_the_report_goes_by_the_runs_that_are_there(mended):
    first, without, after = mended.reports
    assert first == after != without


def test_python_page_runs(finished):
    """Its blocks build on each other, and read what `make run` leaves of the sample."""
    folder, _ = finished
    page = re.sub(r"(metrics|training)/sample", r"\1/tiny", (ROOT / "docs" / "python.md").read_text("utf8"))
    program = "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "50.0" in done.stdout.splitlines() and "micro" in done.stdout


def test_report_stands_alone(finished):
    folder, _ = finished
    page = (folder / "metrics" / "tiny" / "report.html").read_text("utf8")
    for number in range(1, 6):
        assert f"Table {number}" in page
    assert "<svg" in page and 'src="http' not in page and "<link" not in page


def test_clean_leaves_raw_corpora(finished, tmp_path):
    folder, _ = finished
    copy = shutil.copytree(folder, tmp_path / "copy", symlinks=True, ignore=shutil.ignore_patterns("softmax", "*.whl"))
    assert weasel(copy, "run", "clean", ".").returncode == 0
    assert not list((copy / "metrics").iterdir()) and (copy / "assets" / "sample" / "en_ugt").is_dir()
