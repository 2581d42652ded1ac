"""Provide the tiny project, packaged twice, and a separate virtual environment that has both wheels."""
import json
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.experiments.workspace import Workspace
from scripts.results.runs import RunResult
from scripts.shipping.evaluation import shipped_tests
from tests.conftest import MakeOnce
from tests.experiments.tiny import EXPERIMENT, SETTINGS, make_project, open_project, write_experiment

NAMES = ("tiny_one", "tiny_two")
VERSION = "0.1.0"
PUBLISHED = {"license": "MIT", "author": "A Hospital", "email": "ner@example.org", "url": "https://example.org/ner"}
EXAMPLES = {
    "en": [("Took aspirin for a headache.", [(5, 12, "Drug"), (19, 27, "Disease")]), ("Nothing today.", [])],
    "ru": [("Приняла ибупрофен от сыпи.", [(8, 17, "Drug"), (21, 25, "Disease")])],
}


@dataclass(frozen=True)
class Packaged:
    """The project, and what `package` made of it.

    root (Path): The project's folder.
    workspace (Workspace): Its experiment.
    wheels (tuple[Path, ...]): One for each of NAMES.
    """

    root: Path
    workspace: Workspace
    wheels: tuple[Path, ...]

    @property
    def settings(self) -> dict:
        """RETURNS (dict): What the commands are started with."""
        places = {name: self.root / name for name in ("configs", "corpus", "training", "metrics")}
        return {"experiment": EXPERIMENT, **places, "seed": 0, "threads": 1, "gpu_id": -1}

    @property
    def results(self) -> list[RunResult]:
        """RETURNS (list[RunResult]): The shipped model's result on each corpus."""
        return [result for _, result in shipped_tests(self.workspace)]


@pytest.fixture(scope="session")
def packaged(make_once: MakeOnce, tiny_encoder: Path) -> Packaged:
    """RETURNS (Packaged): The tiny project after `package`; not to be changed."""

    def package(folder: Path) -> None:
        from scripts.package import main

        make_project(folder, tiny_encoder)
        write_examples(folder / "examples")
        name_examples(folder)
        for name in NAMES:
            main(**_packaged(folder).settings, output=folder / "packages", name=name, version=VERSION)

    return _packaged(make_once("shipping", package))


def _packaged(root: Path) -> Packaged:
    wheels = tuple(root / "packages" / f"xx_{name}-{VERSION}-py3-none-any.whl" for name in NAMES)
    return Packaged(root, open_project(root), wheels)


@pytest.fixture(scope="session")
def unpacked(packaged: Packaged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): What the first wheel holds."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(packaged.wheels[0]).extractall(folder)
    return folder


@pytest.fixture(scope="session")
def python(packaged: Packaged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): A Python that has both packages, and this environment's libraries, but not the project."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    (site_packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    for wheel in packaged.wheels:
        zipfile.ZipFile(wheel).extractall(site_packages)
    return folder / "bin" / "python"


def name_examples(root: Path) -> None:
    """Let the experiment file of a project name its folder of examples, and who publishes the package."""
    write_experiment(root, {**SETTINGS, "ship": {**SETTINGS["ship"], **PUBLISHED, "examples": str(root / "examples")}})


def write_examples(folder: Path) -> None:
    folder.mkdir()
    for name, texts in EXAMPLES.items():
        lines = []
        for text, entities in texts:
            keyed = [dict(zip(("start", "end", "label"), entity, strict=True)) for entity in entities]
            lines.append(json.dumps({"text": text, "entities": keyed}))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf8")
