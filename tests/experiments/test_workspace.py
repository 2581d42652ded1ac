"""Test what opening an experiment requires, and the one-line errors if it is missing."""
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import srsly
from safetensors.torch import load_file, save_file

from scripts.base.errors import ProjectError
from scripts.corpora.manifest import read_manifest
from scripts.encoders.record import find_encoder, record_file, write_encoder
from scripts.experiments.config import find_template
from scripts.experiments.settings import corpus_file
from tests.experiments.tiny import ROOT, SETTINGS, open_project, write_experiment


def mistake(root, **changes):
    """The error that opening gives."""
    with pytest.raises(ProjectError) as raised:
        open_project(root, **changes)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_parts_and_hashes_are_those_of_the_manifest(workspace):
    assert workspace.part("ru_ehr", "test").path.is_file()
    assert workspace.part("ru_ehr", "test").sha256 == read_manifest(workspace.corpus, "ru_ehr").splits["test"].sha256
    assert workspace.runs == workspace.metrics / "tiny" / "runs"


def test_a_seed_is_added_to_every_seed(project):
    settings = {**SETTINGS, "in_corpus": {**SETTINGS["in_corpus"], "seeds": [0, 4]}}
    write_experiment(project, settings)
    experiment = open_project(project, seed=10).experiment
    assert (experiment.in_corpus.seeds, experiment.few_shot.seeds, experiment.ship.seed) == ([10, 14], [10, 11], 10)
    assert experiment.few_shot.sizes == open_project(project).experiment.few_shot.sizes


def test_an_experiment_without_few_shot_opens(project):
    write_experiment(project, {name: value for name, value in SETTINGS.items() if name != "few_shot"})
    assert open_project(project, seed=3).experiment.few_shot is None


def test_a_models_config_beside_the_experiments_goes_before_the_projects(workspace, project, monkeypatch):
    assert workspace.recipe.template.path == project / "configs" / "softmax.cfg"
    workspace.recipe.template.path.unlink()
    monkeypatch.chdir(ROOT)
    assert find_template(project / "configs", "softmax").samefile(ROOT / "configs" / "softmax.cfg")


def test_a_negative_seed_is_told(made_project):
    assert mistake(made_project, seed=-1) == "--seed must be from 0 to 2147483647 (got -1)"


def test_a_corpus_that_is_not_converted_is_told(project):
    (project / "corpus" / "ru_ugt" / "manifest.json").unlink()
    assert mistake(project).endswith("ru_ugt/manifest.json: no such file. Run `weasel run convert` first")


def test_an_absent_encoder_is_told(project):
    record_file(project / "training", "offline").unlink()
    assert mistake(project).endswith("offline.json: no record of encoder 'offline'. Run `weasel run encoder` first")


def test_an_encoder_that_another_experiment_has_got_is_not_taken(project, tiny_encoder):
    write_experiment(project, {**SETTINGS, "encoder": str(tiny_encoder)})
    assert f"no record of encoder '{tiny_encoder}'" in mistake(project)
    record = replace(find_encoder(project / "training", "offline"), requested=str(tiny_encoder), name="other")
    write_encoder(record, record_file(project / "training", str(tiny_encoder)))
    assert open_project(project).recipe.encoder.name == "other"
    write_experiment(project, SETTINGS)
    assert open_project(project).recipe.encoder.name == "tiny"


def test_an_encoder_whose_weights_were_replaced_is_told(project, tiny_encoder, tmp_path):
    other = Path(shutil.copytree(tiny_encoder, tmp_path / "other"))
    record = replace(find_encoder(project / "training", "offline"), path=other)
    write_encoder(record, record_file(project / "training", "offline"))
    assert open_project(project).recipe.encoder.path == other
    weights = load_file(other / "model.safetensors")
    save_file({name: values + 1 for name, values in weights.items()}, other / "model.safetensors")
    assert f"the files of encoder 'offline' in {other} have changed since they were recorded" in mistake(project)


def test_an_unknown_model_is_told(project):
    write_experiment(project, {**SETTINGS, "model": "sofmax"})
    assert "sofmax.cfg: no config for model 'sofmax'" in mistake(project)


def test_an_unknown_corpus_is_told(project):
    write_experiment(project, {**SETTINGS, "corpora": [*SETTINGS["corpora"], "ru_ehrr"]})
    assert "tiny.yml: unknown corpus 'ru_ehrr'. Did you mean 'ru_ehr'?" in mistake(project)


class TestPrivateFolder:
    """Experiments and some corpus files in a folder of their own, the other corpus files among the project's own."""

    @pytest.fixture(autouse=True)
    def private(self, project, monkeypatch):
        monkeypatch.chdir(project)
        self.configs = project / "private"
        self.own = project / "configs" / "corpora"
        (self.configs / "corpora").mkdir(parents=True)
        (project / "configs" / "experiments").rename(self.configs / "experiments")
        self.names = list(SETTINGS["corpora"])

    def test_a_corpus_file_that_is_not_there_is_the_projects(self, project):
        moved, *others = self.names
        (self.own / f"{moved}.yml").rename(self.configs / "corpora" / f"{moved}.yml")
        assert corpus_file(self.configs, moved) == self.configs / "corpora" / f"{moved}.yml"
        assert all(corpus_file(self.configs, name).samefile(self.own / f"{name}.yml") for name in others)
        assert set(open_project(project, configs=self.configs).corpora) == set(self.names)

    def test_of_two_the_private_one_is_taken(self, project):
        name = self.names[0]
        settings = (self.own / f"{name}.yml").read_text("utf8")
        (self.configs / "corpora" / f"{name}.yml").write_text(settings + "discontinuous: drop\n", "utf8")
        assert f"private/corpora/{name}.yml: the settings of {name} have changed since" in mistake(
            project, configs=self.configs
        )

    def test_what_is_in_neither_is_looked_for_in_the_private_one_and_both_are_known(self, project):
        (self.configs / "corpora" / "notes_a.yml").touch()
        assert corpus_file(self.configs, "notes_b") == self.configs / "corpora" / "notes_b.yml"
        for name, meant in (("notes_b", "notes_a"), (f"{self.names[0]}x", self.names[0])):
            corpora = {"corpora": [*self.names, name]}
            srsly.write_yaml(self.configs / "experiments" / "tiny.yml", {**SETTINGS, **corpora})
            expected = f"unknown corpus '{name}'. Did you mean '{meant}'?"
            assert expected in mistake(project, configs=self.configs)
