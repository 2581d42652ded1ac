"""Provide the made-up experiment, written and read."""
from pathlib import Path
from typing import Callable

import pytest
from matplotlib.figure import Figure

from scripts.reporting.figures import figure1_learning_curves
from scripts.reporting.results import Results, read_results
from scripts.results.corpora import Corpora, read_corpora
from tests.reporting.made_up import beside_paper, make_runs, write_experiment


@pytest.fixture()
def metrics(tmp_path: Path) -> Path:
    """The metrics folder with the made-up experiment `sample`."""
    return write_experiment(tmp_path / "metrics", make_runs())


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The made-up experiment, read."""
    return read_results(write_experiment(tmp_path_factory.mktemp("results") / "metrics", make_runs()), "sample")


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> Corpora:
    """The description of its corpora, with the paper's figures in it."""
    folder = write_experiment(tmp_path_factory.mktemp("described") / "metrics", make_runs())
    return read_corpora(folder / "sample" / "corpora.json")


@pytest.fixture(scope="session")
def figure(results: Results) -> Figure:
    """Figure 1 of the made-up experiment."""
    return figure1_learning_curves(results)


@pytest.fixture()
def read_made_up(tmp_path: Path) -> Callable[..., Results]:
    """A function that writes runs to files, those that are missing to the plan, and reads them back."""
    return lambda runs, missing=(): read_results(write_experiment(tmp_path / "made_up", runs, missing), "sample")


@pytest.fixture(scope="session")
def compared(results: Results) -> Results:
    """The made-up experiment with three corpora that stand for the paper's."""
    return beside_paper(results, {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR", "en_ugt": "EN UGT"})
