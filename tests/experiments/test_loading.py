"""Test that a pipeline that can't be loaded is named by its folder, whatever is wrong in its files."""
import shutil
from pathlib import Path

import pytest
import spacy

from scripts.base.errors import ProjectError
from scripts.experiments.execute import execute_all, jobs_of
from scripts.experiments.loading import load_pipeline
from scripts.results.kinds import FEW_SHOT
from tests.experiments.tiny import open_project

DAMAGED = ["", "null", "[]", "{}", "0", '"x"', "[" * 5000, '{"lang": ', "\0" * 50, '{"lang": null}']


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): Folder of a small pipeline."""
    folder = tmp_path_factory.mktemp("pipeline") / "model"
    spacy.blank("xx").to_disk(folder)
    return folder


@pytest.mark.parametrize("content", DAMAGED)
@pytest.mark.parametrize("name", ["meta.json", "config.cfg", "vocab/vectors.cfg"])
def test_whatever_a_file_holds_the_folder_is_named(name: str, content: str, saved: Path, tmp_path: Path):
    folder = shutil.copytree(saved, tmp_path / "model")
    (folder / name).write_text(content)
    try:
        load_pipeline(folder)
    except ProjectError as error:
        assert str(error).startswith(f"{folder}: damaged: spaCy can't load it (")
        assert str(error).endswith("Delete the folder and start the command again: only this model is trained again")


def test_a_shortage_of_memory_is_no_damage(saved: Path, monkeypatch):
    def load(folder: Path) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(spacy, "load", load)
    with pytest.raises(RuntimeError):
        load_pipeline(saved)


@pytest.mark.parametrize("content", ["null", "{}"])
def test_a_damaged_tokenizer_is_not_told_as_an_error_of_the_config(content: str, project: Path):
    workspace = open_project(project)
    run, job = next((run, job) for run, job in jobs_of(workspace, FEW_SHOT).items() if not run.source)
    (project / "corpus" / "tokenizer" / "meta.json").write_text(content)
    (reason,) = execute_all(workspace, {run: job}).values()
    assert reason.startswith(f"{project / 'corpus' / 'tokenizer'}: damaged: spaCy can't load it (")
    assert reason.endswith("Delete the folder and run `weasel run convert`")
