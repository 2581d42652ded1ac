"""Provide the tiny project, made once and copied for each test that changes it."""
import shutil
from pathlib import Path

import pytest
import torch

from scripts.experiments import execute_run as worker
from scripts.experiments.execute import execute_kind
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT
from tests.conftest import MakeOnce
from tests.experiments.tiny import make_project, open_project


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """A tiny encoder has no work for two threads, which then wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def made_project(make_once: MakeOnce, tiny_encoder: Path) -> Path:
    """RETURNS (Path): The tiny project, converted, without any run; not to be changed."""
    return make_once("made_project", lambda folder: make_project(folder, tiny_encoder))


@pytest.fixture()
def project(made_project: Path, tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of the tiny project for one test."""
    return shutil.copytree(made_project, tmp_path / "project")


@pytest.fixture()
def workspace(project: Path):
    """RETURNS (Workspace): The tiny project's experiment, opened."""
    return open_project(project)


@pytest.fixture(scope="session")
def finished_project(made_project: Path, make_once: MakeOnce) -> Path:
    """RETURNS (Path): The tiny project after all runs, and the models that these made; not to be changed."""

    def finish(folder: Path) -> None:
        shutil.copytree(made_project, folder, dirs_exist_ok=True)
        for kind in (IN_CORPUS, ZERO_SHOT, FEW_SHOT):
            execute_kind(open_project(folder), kind)

    return make_once("finished_project", finish)


@pytest.fixture()
def executed(monkeypatch):
    """RETURNS (list[str]): The ids of the runs that are carried out, and not skipped."""
    ids: list[str] = []
    execute_run = worker.execute_run

    def note(workspace, run, *arguments):
        result = execute_run(workspace, run, *arguments)
        ids.append(run.id)
        return result

    monkeypatch.setattr(worker, "execute_run", note)
    return ids
