"""Provide the material of a benchmark around the tiny project, made once in seconds."""
from pathlib import Path

import pytest
import torch

from scripts.benchmarks.material import Material, prepare_material
from scripts.benchmarks.settings import BenchmarkSettings
from tests.experiments.tiny import TRAINING, make_project, open_project

SETTINGS = {
    "turns": 2,
    "sentences": 20,
    "predicted_sentences": 12,
    "documents": 3,
    "training": {"epochs": 2, "batch_size": 4, "learn_rate": 0.005, "head_learn_rate": 0.05},
    "grid": {"size": 6, "seeds": [0, 1], "training": TRAINING},
}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """A tiny encoder has no work for two threads, which then wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path):
    """RETURNS (Workspace): The tiny project's experiment, opened."""
    return open_project(make_project(tmp_path_factory.mktemp("benchmark") / "project", tiny_encoder))


@pytest.fixture(scope="session")
def material(workspace, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """RETURNS (Material): What every worker is told; not to be changed."""
    settings = BenchmarkSettings.model_validate(SETTINGS)
    configs = workspace.corpus.parent / "configs"
    return prepare_material(workspace, configs, settings, tmp_path_factory.mktemp("material"))
