"""The tiny project as a fixture: made once, copied for each test that changes it."""
import shutil
from pathlib import Path

import pytest

from tests.experiments.tiny import make_project, open_project


@pytest.fixture(scope="session")
def made_project(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """RETURNS (Path): The tiny project, converted, without any run; not to be changed."""
    return make_project(tmp_path_factory.mktemp("project"), tiny_encoder)


@pytest.fixture()
def project(made_project: Path, tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of the tiny project for one test."""
    return shutil.copytree(made_project, tmp_path / "project")


@pytest.fixture()
def workspace(project: Path):
    """RETURNS (Workspace): The tiny project's experiment, opened."""
    return open_project(project)
