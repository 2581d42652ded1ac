"""`weasel run all` from end to end, with the real encoder and a small experiment on the sample corpora."""
import shutil

import pytest
import srsly

from tests.project import copy_project, read_project, weasel

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


@pytest.fixture(scope="module")
def finished(tmp_path_factory, offline_encoder):
    """A project folder, with a space in its path, after `weasel run all`; and what that printed."""
    folder = copy_project(tmp_path_factory.mktemp("end to end") / "my project")
    (folder / "configs" / "experiments" / "tiny.yml").write_text(EXPERIMENT, "utf8")
    run = weasel(folder, "run", "all", ".", "--vars.experiment", "tiny", "--vars.name", "tiny_pipeline")
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
    names = srsly.read_json(folder / "metrics" / "tiny" / "shipped.json")
    return next(name for name in names if name.startswith(f"shipped.{corpus}."))


def test_second_run_does_nothing_again(finished):
    folder, _ = finished
    runs = folder / "metrics" / "tiny" / "runs"
    before = {path: path.stat().st_mtime_ns for path in runs.iterdir()}
    again = weasel(folder, "run", "all", ".", "--vars.experiment", "tiny", "--vars.name", "tiny_pipeline")
    assert again.returncode == 0
    started = [line for line in again.stdout.splitlines() if line.startswith("Running command")]
    assert len(started) == 1 and "scripts.convert" in started[0]
    assert {path: path.stat().st_mtime_ns for path in runs.iterdir()} == before


def test_lost_run_is_the_only_one_made_again(finished):
    folder, _ = finished
    runs = folder / "metrics" / "tiny" / "runs"
    lost = runs / "few-shot.ru_ugt.from-none.none.size-10.seed-0.json"
    before = {path: path.stat().st_mtime_ns for path in runs.glob("*.json")}
    kept = srsly.read_json(lost)
    lost.unlink()
    again = weasel(folder, "run", "few-shot", ".", "--force", "--vars.experiment", "tiny")
    assert again.returncode == 0, again.stdout[-2000:]
    assert "3 finished before, 1 to do" in again.stdout
    assert srsly.read_json(lost)["scores"] == kept["scores"]
    assert {path for path in before if path.stat().st_mtime_ns != before[path]} == {lost}


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
