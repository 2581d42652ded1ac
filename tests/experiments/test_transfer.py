"""Test what a run starts from before its first update, with each kind of transfer."""
import logging
import shutil
from dataclasses import replace

import numpy
import pytest
import spacy
import torch
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from transformers import AutoModel

from scripts.corpora.parts import read_documents
from scripts.experiments.config import resolve_config
from scripts.experiments.models import get_model
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.run import run_job
from scripts.experiments.score import predict
from scripts.experiments.train import train_config
from tests.experiments.tiny import open_project


@pytest.fixture(scope="module")
def workspace(finished_project):
    """RETURNS (Workspace): The tiny project with its source models."""
    return open_project(finished_project)


@pytest.fixture(scope="module")
def source(workspace):
    """RETURNS (KeptModel): The source of the first run that has one."""
    return get_model(workspace, _run(workspace, "full").source)


def _run(workspace, transfer):
    run = next(run for run in few_shot_runs(workspace.experiment) if run.source)
    return replace(run, transfer=transfer, source=run.source if transfer != "none" else None)


def start(workspace, source, transfer, folder):
    """A run's pipeline before its first update."""
    job = run_job(workspace, _run(workspace, transfer)).training
    resolve_config(job, source.pipeline if transfer != "none" else None).to_disk(folder / "run.cfg")
    return init_nlp(load_config(folder / "run.cfg"))


def encoder_weights(nlp):
    """The encoder's weights by name."""
    return nlp.get_pipe("transformer").model.transformer.state_dict()


def head_weights(nlp):
    """The head's weights, (tags, width)."""
    return nlp.get_pipe("bio_ner").model.get_ref("output").get_param("W")


def are_equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_full_transfer_starts_as_the_source(workspace, source, tmp_path):
    nlp, loaded = start(workspace, source, "full", tmp_path), spacy.load(source.pipeline)
    assert are_equal(encoder_weights(nlp), encoder_weights(loaded))
    # On the source's own test part, where it finds most.
    documents = read_documents(workspace.part("en_ugt", "test").path)
    predictions = list(predict(nlp, documents))
    assert predictions == list(predict(loaded, documents))
    assert sum(len(prediction.tokens) for prediction in predictions) > 5


def test_encoder_transfer_takes_exactly_the_encoder(workspace, source, tmp_path):
    nlp, loaded = start(workspace, source, "encoder", tmp_path), spacy.load(source.pipeline)
    assert are_equal(encoder_weights(nlp), encoder_weights(loaded))
    assert not are_equal(encoder_weights(nlp), AutoModel.from_pretrained(workspace.recipe.encoder.path).state_dict())
    before_training = init_nlp(load_config(source.config))
    heads = [head_weights(pipeline) for pipeline in (nlp, loaded, before_training)]
    # The source's encoder was trained against the one and toward the other.
    for other in heads[1:]:
        assert numpy.abs(heads[0] - other).max() > 0.1
    assert nlp.get_pipe("bio_ner").labels == loaded.get_pipe("bio_ner").labels


def test_no_transfer_starts_from_the_plain_encoder(workspace, source, tmp_path):
    nlp = start(workspace, source, "none", tmp_path)
    assert are_equal(encoder_weights(nlp), AutoModel.from_pretrained(workspace.recipe.encoder.path).state_dict())


def test_encoder_and_no_transfer_have_the_same_fresh_head(workspace, source, tmp_path):
    heads = [head_weights(start(workspace, source, transfer, tmp_path)) for transfer in ("encoder", "none")]
    assert numpy.array_equal(*heads)


@pytest.mark.parametrize("transfer", ["full", "encoder"])
def test_encoder_and_head_are_trained_without_a_warning(workspace, source, tmp_path, transfer, caplog):
    # spaCy warns (W086, W087) where an encoder is trained and what listens to it is not, or the other way round.
    with caplog.at_level(logging.WARNING, logger="spacy"):
        before = start(workspace, source, transfer, tmp_path)
        after = train_config(tmp_path / "run.cfg", workspace.recipe.template.path, -1, PipelineCache())
    assert not [record for record in caplog.records if "W08" in record.getMessage()]
    assert not numpy.array_equal(head_weights(before), head_weights(after))
    moved = {
        name
        for name, weights in encoder_weights(before).items()
        if not torch.equal(weights, encoder_weights(after)[name])
    }
    assert "embeddings.word_embeddings.weight" not in moved
    assert {f"encoder.layer.{n}.output.dense.weight" for n in (0, 1)} <= moved


def test_a_trained_pipeline_needs_its_source_no_more(workspace, source, tmp_path):
    copy = shutil.copytree(source.folder, tmp_path / "source")
    moved = replace(source, folder=copy)
    start(workspace, moved, "full", tmp_path)
    nlp = train_config(tmp_path / "run.cfg", workspace.recipe.template.path, -1, PipelineCache())
    nlp.to_disk(tmp_path / "model")
    shutil.rmtree(copy)
    documents = read_documents(workspace.part("ru_ehr", "test").path)
    assert list(predict(spacy.load(tmp_path / "model"), documents)) == list(predict(nlp, documents))
