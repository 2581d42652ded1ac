"""Test that failed trainings are detected, and that those with low scores are not."""
import numpy
import pytest
import spacy

from scripts.experiments import health
from scripts.experiments.execute import execute_kind
from scripts.experiments.execute_run import KeptPipeline, get_model_under_test
from scripts.experiments.health import NOT_FINITE, NOTHING_FOUND, find_problem
from scripts.experiments.job import TrainingJob
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.run import run_job
from scripts.experiments.score import predict_sentences, take_test
from scripts.experiments.train import LOSS_NOT_FINITE
from scripts.results.kinds import FEW_SHOT
from tests.experiments.tiny import SETTINGS, TRAINING, open_project, write_experiment


def outcome_of(nlp, job):
    return take_test(nlp, job.test.part.path, job.test.entity_types)


def test_too_high_a_rate_is_told_and_its_score_is_on_record(project, capsys):
    training = {**TRAINING, "learn_rate": 1000.0, "head_learn_rate": 1000.0}
    few = {**SETTINGS["few_shot"], "sources": [[]], "sizes": [8], "seeds": [0], "training": training}
    write_experiment(project, {**SETTINGS, "few_shot": few})
    (result,) = execute_kind(open_project(project), FEW_SHOT)
    assert result.problem.startswith(LOSS_NOT_FINITE.partition("{")[0])
    told = " ".join(capsys.readouterr().out.split())
    assert f"{result.run} is excluded from comparisons: {result.problem}" in told
    assert result.scores.tokens["micro"].gold > 0


@pytest.fixture(scope="module")
def kept(finished_project, tmp_path_factory):
    """RETURNS (tuple): The folder of a trained pipeline, and the run that it was trained for."""
    workspace, folder = open_project(finished_project), tmp_path_factory.mktemp("trained")
    run = few_shot_runs(workspace.experiment)[-1]
    job = run_job(workspace, run)
    get_model_under_test(workspace, run, job.training, PipelineCache(), KeptPipeline()).nlp.to_disk(folder)
    return folder, job


@pytest.fixture()
def trained(kept):
    """RETURNS (tuple): A trained pipeline, which may be changed, and the run that it was trained for."""
    folder, job = kept
    return spacy.load(folder), job


def test_a_model_that_has_learned_has_no_problem(trained):
    nlp, job = trained
    outcome = outcome_of(nlp, job)
    assert outcome.scores.tokens["micro"].f1 > 20 and find_problem(nlp, job.training, outcome) == ""


@pytest.mark.parametrize("place", ["head", "encoder"])
def test_weights_that_are_no_numbers_are_told(trained, place):
    nlp, job = trained
    if place == "head":
        head = nlp.get_pipe("bio_ner").model.get_ref("output")
        head.set_param("b", numpy.full_like(head.get_param("b"), numpy.nan))
    else:
        parameter = next(iter(nlp.get_pipe("transformer").model.transformer.encoder.parameters()))
        parameter.data[0] = float("inf")
    assert find_problem(nlp, job.training, outcome_of(nlp, job)) == NOT_FINITE


def test_a_model_that_finds_nothing_of_its_own_sentences_is_told(trained):
    nlp, job = trained
    head = nlp.get_pipe("bio_ner").model.get_ref("output")
    head.set_param("W", numpy.zeros_like(head.get_param("W")))
    assert find_problem(nlp, job.training, outcome_of(nlp, job)) == NOTHING_FOUND


def test_types_that_its_own_sentences_do_not_annotate_do_not_count(trained, monkeypatch):
    nlp, job = trained
    outcome = outcome_of(nlp, job)
    sentences = job.training.sentences()
    found = [prediction.tokens for prediction in predict_sentences(nlp, sentences)[1]]
    assert {label for mentions in found for *_, label in mentions} == {"Drug", "Disease"}
    # The model finds exactly the drugs of these, and diseases too, which nobody annotated.
    drugs = [
        sentence._replace(mentions=[mention for mention in mentions if mention[2] == "Drug"], annotated=("Drug",))
        for sentence, mentions in zip(sentences, found, strict=True)
    ]
    monkeypatch.setattr(TrainingJob, "sentences", lambda training: drugs)
    monkeypatch.setattr(health, "LEAST_F1", 100.0)
    assert outcome.scores.tokens["micro"].f1 < 100 and find_problem(nlp, job.training, outcome) == ""


def test_a_model_that_finds_only_what_is_not_there_is_told(trained):
    nlp, job = trained
    head = nlp.get_pipe("bio_ner").model.get_ref("output")
    head.set_param("W", numpy.zeros_like(head.get_param("W")))
    bias = numpy.zeros_like(head.get_param("b"))
    # Every token by itself.
    bias[1] = 9
    head.set_param("b", bias)
    assert "it has collapsed, with F1" in find_problem(nlp, job.training, outcome_of(nlp, job))
