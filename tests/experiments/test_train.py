"""Test that a training is as long as planned, at the planned rates, and the same as plain `spacy train`."""
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy
import pytest
import spacy
import torch

from scripts.base.errors import ProjectError
from scripts.corpora.parts import read_documents
from scripts.experiments.models import get_model
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.run import run_job
from scripts.experiments.score import predict
from scripts.experiments.settings import Training
from scripts.experiments.train import train_job as train_described
from scripts.ner.optimizer import AdamByComponent
from tests.experiments.tiny import ROOT, open_project


@pytest.fixture()
def rates(monkeypatch):
    """RETURNS (list): The learning rates of encoder and head at each update that is made."""
    seen = []
    step_schedules = AdamByComponent.step_schedules

    def step(optimizer):
        seen.append((optimizer.learn_rate, optimizer.by_component["bio_ner"].learn_rate))
        step_schedules(optimizer)

    monkeypatch.setattr(AdamByComponent, "step_schedules", step)
    return seen


def job_without_source(workspace, size, **training):
    """A training on a sample of the target."""
    run = replace(few_shot_runs(workspace.experiment)[0], size=size)
    return replace(run_job(workspace, run).training, training=Training(**{"min_updates": 0, **training}))


def train_job(job, source=None, on_passes=lambda passes: None):
    """RETURNS (Language): The trained pipeline."""
    return train_described(job, source, -1, PipelineCache(), on_passes).nlp


@pytest.mark.parametrize(
    "size, training, updates",
    [
        (1, {"epochs": 1, "batch_size": 4}, 2),
        (9, {"epochs": 2, "batch_size": 4}, 6),
        (8, {"epochs": 1.5, "batch_size": 4}, 3),
        (9, {"epochs": 1, "batch_size": 4, "min_updates": 11}, 11),
    ],
)
def test_as_many_updates_are_made_as_planned(workspace, rates, size, training, updates):
    job = job_without_source(workspace, size, learn_rate=1e-3, head_learn_rate=1e-2, **training)
    told = []
    train_job(job, on_passes=told.append)
    length = job.length
    assert sum(told) == job.passes
    assert len(rates) == len(told) == length.updates == updates
    # Up for the warm-up, then down to zero behind the last update.
    factors = [
        step / length.warm_up if step < length.warm_up else (updates - step) / (updates - length.warm_up)
        for step in range(updates)
    ]
    assert rates == [(pytest.approx(1e-3 * factor), pytest.approx(1e-2 * factor)) for factor in factors]
    assert rates[-1][0] > 0


def test_a_logger_changes_nothing(workspace):
    job = job_without_source(workspace, 4, epochs=1, batch_size=4, learn_rate=1e-3)
    loggers = (lambda passes: None, lambda passes: torch.get_num_threads())
    one, other = (train_job(job, on_passes=on_passes) for on_passes in loggers)
    assert one.get_pipe("bio_ner").model.to_bytes() == other.get_pipe("bio_ner").model.to_bytes()


def test_plain_spacy_train_repeats_a_run(finished_project, tmp_path):
    workspace = open_project(finished_project)
    stem = workspace.runs / "few-shot.ru_ehr.from-en_ugt.full.size-8.seed-1"
    command = [sys.executable, "-m", "spacy", "train", f"{stem}.cfg", "--output", str(tmp_path)]
    finished = subprocess.run(
        [*command, "--code", "scripts/ner/training.py"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    nlp = spacy.load(tmp_path / "model-last")
    repeated = list(predict(nlp, read_documents(workspace.part("ru_ehr", "test").path)))
    # Trained once more in this process, for the weights, which few-shot runs do not keep.
    run = next(run for run in few_shot_runs(workspace.experiment) if run.id == stem.name)
    in_process = train_job(run_job(workspace, run).training, get_model(workspace, run.source).pipeline)
    assert list(predict(in_process, read_documents(workspace.part("ru_ehr", "test").path))) == repeated
    assert sum(len(prediction.tokens) for prediction in repeated) > 5
    for name, weights in in_process.get_pipe("transformer").model.transformer.state_dict().items():
        assert torch.equal(weights, nlp.get_pipe("transformer").model.transformer.state_dict()[name])
    heads = [pipeline.get_pipe("bio_ner").model.get_ref("output").get_param("W") for pipeline in (in_process, nlp)]
    assert numpy.array_equal(*heads)
    scores = json.loads(stem.with_name(f"{stem.name}.json").read_text())["scores"]["tokens"]["micro"]
    assert scores["tp"] + scores["fp"] == sum(len(prediction.tokens) for prediction in repeated)


class TestMistakes:
    @pytest.mark.parametrize(
        "old, new, expected",
        [
            ("max_subwords = 510", 'max_subwords = "many"', "max_subwords"),
            ("grad_factor = 1.0", "grad_factr = 1.0", "grad_factr"),
            ("interlingual.BioTagger.v2", "interlingual.BioTager.v2", "BioTager"),
            ('factory = "bio_ner_v2"', 'factory = "bio_nr_v2"', "bio_nr"),
            ('labels = ["Disease","Drug"]', 'lables = ["Disease","Drug"]', "lables"),
            ("dropout = 0.1\naccumulate", 'dropout = "high"\naccumulate', "dropout"),
        ],
    )
    def test_a_template_that_spacy_refuses_is_told_in_one_line(self, workspace, project, old, new, expected):
        text = workspace.recipe.template.path.read_text(encoding="utf8")
        assert old in text
        workspace.recipe.template.path.write_text(text.replace(old, new), encoding="utf8")
        with pytest.raises(ProjectError, match=expected) as raised:
            train_job(job_without_source(open_project(project), 4, epochs=1))
        assert str(raised.value).startswith(f"{workspace.recipe.template.path}: ") and "\n" not in str(raised.value)
