"""What can't be meant is refused in one line, before anything is trained."""
import pytest

from scripts import package
from scripts.base.errors import ProjectError
from scripts.experiments.config import load_template
from scripts.experiments.execute import jobs_of
from scripts.experiments.settings import read_experiment
from scripts.results.kinds import FEW_SHOT, SHIPPED
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, write_experiment

FEW = SETTINGS["few_shot"]


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"few_shot": {**FEW, "sizes": {"first": 1, "last": 20_000_000, "step": 1}}}, "a range of 20000000 sizes"),
        ({"in_corpus": {"seeds": [0], "training": {**TRAINING, "epochs": float("inf")}}}, "in_corpus.training.epochs"),
        ({"in_corpus": {"seeds": [0], "training": {**TRAINING, "learn_rate": float("nan")}}}, "training.learn_rate"),
        ({"model": "../configs/softmax"}, "key 'model'"),
        ({"encoder": ""}, "key 'encoder'"),
        ({"baselines": {"other": {"config": "a/b"}}}, "baselines.other.config"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told_with_its_key(project, settings, expected):
    write_experiment(project, {**SETTINGS, **settings})
    with pytest.raises(ProjectError, match=expected) as raised:
        read_experiment(project / "configs", "tiny")
    assert "\n" not in str(raised.value)


def test_more_sentences_to_ship_than_there_are(project):
    write_experiment(project, {**SETTINGS, "ship": {"target": "ru_ehr", "size": 40}})
    with pytest.raises(ProjectError, match="key ship.size: size 40, but ru_ehr has 29 training sentences"):
        jobs_of(open_project(project), SHIPPED)


@pytest.mark.parametrize("source", [["ru_ehr"], {"together": ["en_ugt"], "enabled": False}])
def test_a_target_without_anything_to_start_from(project, source):
    write_experiment(project, {**SETTINGS, "few_shot": {**FEW, "sources": [source]}})
    with pytest.raises(ProjectError, match="key few_shot.sources: none is for target 'ru_ehr' and enabled"):
        jobs_of(open_project(project), FEW_SHOT)


@pytest.mark.parametrize("section", ["paths", "training", "initialize"])
def test_a_model_config_without_a_section(tmp_path, section):
    text = (ROOT / "configs" / "softmax.cfg").read_text()
    broken = tmp_path / "broken.cfg"
    broken.write_text("" if section == "paths" else text.replace(f"[{section}", f"[{section}s"))
    with pytest.raises(ProjectError, match="broken.cfg: ") as raised:
        load_template(broken)
    assert "\n" not in str(raised.value)


def test_a_model_whose_training_failed_is_not_packaged(project):
    write_experiment(project, {**SETTINGS, "ship": {"training": {**TRAINING, "learn_rate": 1000.0}}})
    places = {name: project / name for name in ("configs", "corpus", "training", "metrics")}
    with pytest.raises(ProjectError, match="key ship.training: the model is not packaged: its weights are not finite"):
        package.main(
            "tiny", **places, encoder="experiment", output=project / "packages", name="tiny", version="0.1.0", seed=0,
            threads=1, gpu_id=-1,
        )
    assert not (project / "packages").exists()
