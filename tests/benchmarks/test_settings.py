"""Test the settings of a benchmark file: only trainings that every peer can repeat."""
import copy
from pathlib import Path

import pytest
import srsly

from scripts.base.errors import ProjectError
from scripts.base.settings import read_settings
from scripts.benchmarks.settings import BenchmarkSettings
from scripts.experiments.job import training_length
from tests.benchmarks.conftest import SETTINGS


def read(folder: Path, **training) -> BenchmarkSettings:
    """RETURNS (BenchmarkSettings): A benchmark file whose training differs."""
    settings = copy.deepcopy(SETTINGS)
    settings["training"].update(training)
    srsly.write_yaml(folder / "benchmark.yml", settings)
    return read_settings(folder / "benchmark.yml", BenchmarkSettings)


def test_the_peers_are_trained_for_their_epochs_and_no_longer(tmp_path):
    # 2 epochs of 5 batches of 4: as many updates as Hugging Face's Trainer makes, which counts in epochs.
    assert training_length(20, read(tmp_path).training).updates == 10
    assert read(tmp_path, min_updates=0) == read(tmp_path)


def test_a_floor_that_not_every_peer_knows_is_refused(tmp_path):
    message = r"benchmark.yml: key 'training.min_updates': Input should be 0 \(got 80\)"
    with pytest.raises(ProjectError, match=message) as raised:
        read(tmp_path, min_updates=80)
    assert "\n" not in str(raised.value)
