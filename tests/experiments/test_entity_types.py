"""Test entity types other than Drug and Disease, such as a corpus's own labels, in training and scores."""
import re
import shutil
from pathlib import Path

import pytest
import spacy
import srsly

from scripts.base.errors import ProjectError
from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.experiments.models import get_model
from scripts.experiments.plan import SourceModel
from scripts.experiments.search import execute_search, search_settings
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, KINDS, SHIPPED, ZERO_SHOT
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, write_experiment

# The models that come with the project.
CONFIGS = sorted(path.stem for path in (ROOT / "configs").glob("*.cfg"))
OTHERS, OTHERS_OF_EN = ["en_ugt", "ru_ugt"], ["ru_ugt", "ru_ehr"]
ONE_TYPE = "Train one type at a time (`types: per_type`)"


@pytest.fixture()
def lacking(project: Path) -> Path:
    """RETURNS (Path): The project, with all models; its ru_ehr does not annotate Drug, and has no few-shot."""
    path = project / "configs" / "corpora" / "ru_ehr.yml"
    srsly.write_yaml(path, {**srsly.read_yaml(path), "labels": {"ADR": "Disease"}, "ignore": ["Drug"]})
    save_corpus(convert_corpus("ru_ehr", read_corpus_settings(path)), project / "corpus")
    for name in CONFIGS:
        shutil.copyfile(ROOT / "configs" / f"{name}.cfg", project / "configs" / f"{name}.cfg")
    return project


def open_lacking(root: Path, **changes):
    """Its experiment, without few-shot unless that is among the changes."""
    write_experiment(root, {**SETTINGS, "few_shot": None, **changes})
    return open_project(root)


def few_shot(**changes) -> dict:
    """Few-shot settings that differ from those of the tiny project."""
    return {**SETTINGS["few_shot"], "sources": [[]], **changes}


def test_a_corpus_is_trained_and_scored_with_its_own_labels(project, capsys):
    path = project / "configs" / "corpora" / "en_ugt.yml"
    settings = srsly.read_yaml(path)
    srsly.write_yaml(path, {**settings, "labels": {"Drug": "Medicine", "ADR": "ADR"}})
    save_corpus(convert_corpus("en_ugt", read_corpus_settings(path)), project / "corpus")
    write_experiment(project, {**SETTINGS, "corpora": ["en_ugt"], "few_shot": None})
    workspace = open_project(project)
    assert workspace.entity_types == ("ADR", "Medicine")
    (result,) = execute_kind(workspace, IN_CORPUS)
    assert set(result.scores.tokens) == {"ADR", "Medicine", "micro"}
    assert result.scores.tokens["Medicine"].tp > 0
    kept = get_model(workspace, SourceModel(("en_ugt",), 0, workspace.experiment.in_corpus.training))
    assert spacy.load(kept.pipeline).get_pipe("bio_ner").labels == ("ADR", "Medicine")


def test_a_corpus_without_a_type_of_another_one_still_makes_a_model_that_has_it(project):
    path = project / "configs" / "corpora" / "ru_ehr.yml"
    settings = srsly.read_yaml(path)
    srsly.write_yaml(path, {**settings, "labels": {"ADR": "Disease"}, "ignore": ["Drug"]})
    save_corpus(convert_corpus("ru_ehr", read_corpus_settings(path)), project / "corpus")
    workspace = open_project(project)
    assert workspace.entity_types == ("Drug", "Disease")
    kept = get_model(workspace, SourceModel(("ru_ehr",), 0, workspace.experiment.in_corpus.training))
    assert spacy.load(kept.pipeline).get_pipe("bio_ner").labels == ("Disease", "Drug")


class TestHeadsThatTakeWhatIsNotAnnotatedForAbsent:
    @pytest.mark.parametrize(
        "kind, changes",
        [
            (IN_CORPUS, {"model": "transition"}),
            (IN_CORPUS, {"baselines": {"other": {"config": "transition", "corpora": ["ru_ehr"]}}}),
            (ZERO_SHOT, {"model": "transition", "in_corpus": {**SETTINGS["in_corpus"], "corpora": OTHERS}}),
            (FEW_SHOT, {"model": "transition", "few_shot": few_shot()}),
            (FEW_SHOT, {"model": "transition", "few_shot": few_shot(targets=["en_ugt"], sources=[["ru_ehr"]])}),
            (FEW_SHOT, {"model": "transition", "few_shot": few_shot(targets=["en_ugt"], sources=[OTHERS_OF_EN])}),
            (SHIPPED, {"model": "transition"}),
        ],
    )
    def test_a_corpus_without_a_type_is_an_error_before_any_training(self, lacking, kind, changes):
        workspace = open_lacking(lacking, **changes)
        model = "other" if "baselines" in changes else "transition"
        message = f"experiment tiny: ru_ehr doesn't annotate Drug, and model '{model}' would treat that as absent. "
        with pytest.raises(ProjectError, match=re.escape(message + ONE_TYPE)) as raised:
            execute_kind(workspace, kind)
        assert str(raised.value).endswith("or use the model softmax or softmax_crf") and "\n" not in str(raised.value)
        assert not workspace.metrics.exists() and not (workspace.training / "tiny").exists()

    def test_a_search_is_stopped_too(self, lacking):
        search = {"corpora": ["ru_ehr"], "sizes": [4], "seeds": [0], "base": TRAINING, "values": {}}
        workspace = open_lacking(lacking, model="transition", search=search)
        with pytest.raises(ProjectError, match="ru_ehr doesn't annotate Drug"):
            execute_search(workspace, search_settings(workspace))

    @pytest.mark.parametrize("config", [name for name in CONFIGS if name != "transition"])
    def test_heads_that_leave_types_out_are_not_stopped(self, lacking, config):
        workspace = open_lacking(lacking, model=config, few_shot=few_shot(targets=["ru_ehr"]))
        assert all(jobs_of(workspace, kind) for kind in KINDS)

    def test_corpora_that_annotate_all_types_are_trained_on(self, lacking):
        workspace = open_lacking(lacking, corpora=OTHERS, model="transition", few_shot=few_shot(targets=OTHERS))
        assert all(jobs_of(workspace, kind) for kind in KINDS)

    def test_a_type_at_a_time_is_trained_where_it_is_annotated(self, lacking):
        workspace = open_lacking(lacking, model="transition", types="per_type", ship={"training": TRAINING})
        jobs = jobs_of(workspace, IN_CORPUS)
        types = sorted((run.target, job.training.entity_types) for run, job in jobs.items() if run.target == "ru_ehr")
        assert types == [("ru_ehr", ("Disease",))] and len(jobs) == 5
        # What is shipped finds all types, whatever `types` says: the remedy is another one.
        with pytest.raises(ProjectError, match="as absent. Leave the corpus out, or use the model softmax"):
            jobs_of(workspace, SHIPPED)
