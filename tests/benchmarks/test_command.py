"""Test the benchmark commands: what they need, what they write, and their one-line errors."""
import importlib.util
import json
from pathlib import Path

import pytest
import srsly

from scripts import benchmark, benchmark_growth
from scripts.base.errors import ProjectError
from scripts.benchmarks import turns
from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import GROWTH, PEERS
from tests.benchmarks.conftest import SETTINGS
from tests.experiments.tiny import EXPERIMENT


@pytest.fixture()
def arguments(workspace, tmp_path: Path) -> dict:
    """RETURNS (dict): What both commands are started with; results go to a folder of the test's own."""
    root = workspace.corpus.parent
    srsly.write_yaml(root / "configs" / "benchmark.yml", SETTINGS)
    places = {name: root / name for name in ("configs", "corpus", "training")}
    return {"experiment": EXPERIMENT, **places, "metrics": tmp_path}


@pytest.fixture()
def quick(monkeypatch: pytest.MonkeyPatch):
    """Workers that answer at once: what each measures is tested in a process of its own elsewhere."""

    def answer(peer, folder, threads):
        assert (folder / "train.spacy").is_file()
        size = peer.function.partition(":")[2]
        task = peer.function.partition(":")[0] if size else "training"
        return [Measurement(task, float(size or 10), "passes", 2.0, 1.0, 100.0, {})]

    monkeypatch.setattr(turns, "measure", answer)
    monkeypatch.setattr(benchmark_growth, "measure", answer)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


def test_a_missing_peer_is_told_before_anything_is_done(arguments, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ProjectError, match="accelerate.*is not installed.*pip install -r requirements-benchmark.txt"):
        benchmark.main(**arguments)
    assert list(arguments["metrics"].iterdir()) == []


def test_every_peer_is_measured_in_every_turn(arguments, quick, tmp_path, capsys):
    benchmark.main(**arguments)
    written = json.loads((tmp_path / EXPERIMENT / "benchmark.json").read_text())
    found = [(result["turn"], result["peer"]) for result in written["measurements"]]
    assert sorted(found) == sorted((turn, peer.name) for turn in range(2) for peer in PEERS)
    # Each turn begins with another peer.
    assert found[0][1] == PEERS[0].name and found[len(PEERS)][1] == PEERS[1].name
    assert written["about"]["threads"] == 1 and written["settings"]["sentences"] == 20
    assert {path.suffix for path in (tmp_path / EXPERIMENT).iterdir()} == {".json", ".md", ".csv", ".png", ".svg"}
    assert "at least 2.70" in capsys.readouterr().out


def test_every_size_is_measured(arguments, quick, tmp_path):
    benchmark_growth.main(**arguments)
    written = json.loads((tmp_path / EXPERIMENT / "benchmark_growth.json").read_text())["measurements"]
    assert {name: tuple(point["amount"] for point in points) for name, points in written.items()} == GROWTH


def test_a_misspelt_setting_is_told(arguments):
    path = arguments["configs"] / "benchmark.yml"
    srsly.write_yaml(path, {**SETTINGS, "turn": 3})
    with pytest.raises(ProjectError, match="benchmark.yml: unknown key 'turn'. Did you mean 'turns'"):
        benchmark_growth.main(**arguments)
