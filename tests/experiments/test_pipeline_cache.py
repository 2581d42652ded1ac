"""Test that a restored pipeline equals the one that `spacy train` would create."""
import weakref
from dataclasses import replace

import numpy
import pytest
import torch

from scripts.experiments import pipeline_cache
from scripts.experiments.config import resolve_config
from scripts.experiments.job import Selection
from scripts.experiments.models import get_model
from scripts.experiments.pipeline_cache import NoCache, PipelineCache, weights_of
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.run import run_job
from scripts.experiments.train import train_config
from tests.experiments.tiny import ROOT, SETTINGS, open_project, write_experiment

MODELS = sorted(path.stem for path in (ROOT / "configs").glob("*.cfg"))


def jobs_of_a_curve(workspace, transfer, **changes):
    """The trainings of one learning curve, sizes and seeds in turn, each with the source that it starts from."""
    runs = [run for run in few_shot_runs(workspace.experiment) if run.sources == (("en_ugt",) if transfer else ())]
    source = get_model(workspace, runs[0].source).pipeline if transfer else None
    jobs = [run_job(workspace, run).training for run in runs]
    return [(replace(job, transfer=transfer or "none", **changes), source) for job in jobs]


def weights_after(training, cache, folder):
    """Every weight of the pipeline that a training ends with."""
    job, source = training
    resolve_config(job, source).to_disk(folder / "run.cfg")
    nlp = train_config(folder / "run.cfg", job.template.path, -1, cache)
    head = nlp.get_pipe("bio_ner").model.get_ref("output")
    encoder = nlp.get_pipe("transformer").model.transformer.state_dict()
    arrays = {name: torch.tensor(head.get_param(name)) for name in head.param_names}
    return {**{name: weights.clone() for name, weights in encoder.items()}, **arrays}


def all_weights_after(training, cache, folder):
    """Every weight of any model's pipeline that a training ends with, one after the other."""
    job, source = training
    resolve_config(job, source).to_disk(folder / "run.cfg")
    nlp = train_config(folder / "run.cfg", job.template.path, -1, cache)
    return numpy.concatenate([array.ravel() for array in weights_of(nlp)])


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("frozen", ["nothing", "word_embeddings", "encoder"])
@pytest.mark.parametrize("transfer", ["", "full", "encoder"])
def test_runs_of_one_process_are_those_of_a_process_each(finished_project, tmp_path, transfer, frozen):
    # Two samples, and another size: the first is trained from a start that is made, the others from one put back.
    jobs = jobs_of_a_curve(open_project(finished_project), transfer, frozen=frozen)[:3]
    cache = PipelineCache()
    together = [weights_after(job, cache, tmp_path) for job in jobs]
    apart = [weights_after(job, PipelineCache(), tmp_path) for job in jobs[1:]]
    assert len({job.limit for job, _ in jobs}) == 2 and not same(together[0], together[1])
    assert all(same(one, other) for one, other in zip(together[1:], apart, strict=True))


def test_a_pipeline_that_is_not_kept_is_trained_alike(finished_project, tmp_path):
    job = jobs_of_a_curve(open_project(finished_project), "full")[0]
    assert same(weights_after(job, NoCache(), tmp_path), weights_after(job, PipelineCache(), tmp_path))


def test_a_pipeline_that_is_not_kept_is_gone_before_the_next_one(finished_project, monkeypatch):
    job, source = jobs_of_a_curve(open_project(finished_project), "full")[0]
    cache, config = NoCache(), resolve_config(job, source)
    initialize, left = pipeline_cache.init_nlp, []
    before = weakref.ref(cache.get(config, -1).get_pipe("transformer").model.transformer)
    monkeypatch.setattr(pipeline_cache, "init_nlp", lambda *a, **k: left.append(before()) or initialize(*a, **k))
    cache.get(config, -1)
    assert left == [None]


@pytest.mark.parametrize("model", MODELS)
def test_runs_of_every_model_are_those_of_a_process_each(project, tmp_path, model):
    write_experiment(project, {**SETTINGS, "model": model})
    jobs = jobs_of_a_curve(open_project(project), "")[:3]
    cache = PipelineCache()
    together = [all_weights_after(job, cache, tmp_path) for job in jobs]
    apart = [all_weights_after(job, PipelineCache(), tmp_path) for job in jobs[1:]]
    assert all(map(numpy.array_equal, together[1:], apart))


def test_another_start_is_made_anew(finished_project, tmp_path):
    workspace = open_project(finished_project)
    jobs = [jobs_of_a_curve(workspace, transfer)[0] for transfer in ("", "full", "encoder", "")]
    jobs.append((replace(jobs[0][0], frozen="nothing"), None))
    cache = PipelineCache()
    together = [weights_after(job, cache, tmp_path) for job in jobs]
    apart = [weights_after(job, PipelineCache(), tmp_path) for job in jobs]
    assert all(same(one, other) for one, other in zip(together, apart, strict=True))


def test_sentences_that_were_chosen_for_one_run_are_not_those_of_the_next(finished_project, tmp_path):
    plain, source = jobs_of_a_curve(open_project(finished_project), "")[0]
    chosen = replace(plain, selection=Selection("uncertainty"), numbers=(2, 1, 0, 5))
    cache = PipelineCache()
    together = [weights_after((job, source), cache, tmp_path) for job in (plain, chosen, plain)]
    assert same(together[0], together[2])
    assert not same(together[0], together[1])
    assert same(together[1], weights_after((chosen, source), PipelineCache(), tmp_path))


def test_a_source_that_was_trained_again_is_read_again(finished_project, tmp_path):
    workspace = open_project(finished_project)
    job, first = jobs_of_a_curve(workspace, "full")[0]
    place = tmp_path / "source"
    cache, results = PipelineCache(), []
    for source in (first, get_model(workspace, few_shot_runs(workspace.experiment)[-1].source).pipeline):
        if place.exists():
            place.unlink()
        # What a folder with a source's name leads to changes when the source is trained again.
        place.symlink_to(source)
        results.append(weights_after((job, place), cache, tmp_path))
    assert not same(*results)
    assert same(results[0], weights_after((job, first), PipelineCache(), tmp_path))
