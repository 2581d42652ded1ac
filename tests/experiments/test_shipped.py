"""Test that the packaged pipeline is the model that few-shot evaluated, if the experiment file says so."""
import copy
import json
import shutil
from dataclasses import asdict, replace

import pytest

from scripts.base.errors import ProjectError
from scripts.base.progress import ignore_passes
from scripts.corpora.parts import read_sentences
from scripts.experiments.execute import execute_kind
from scripts.experiments.execute_run import RunWorker
from scripts.experiments.models import find_model, model_folder, model_job
from scripts.experiments.plan import few_shot_runs, shipped_model
from scripts.experiments.run import run_job
from scripts.results.kinds import SHIPPED
from scripts.results.runs import Ledger
from scripts.shipping.meta import how_trained
from tests.experiments.tiny import SETTINGS, TRAINING, open_project, write_experiment

SHIP = {"target": "ru_ehr", "source": ["en_ugt"], "size": 8, "seed": 1}


def open_with(root, ship, **few_shot):
    """The tiny experiment with something else to ship, and other settings of few-shot."""
    settings = {**copy.deepcopy(SETTINGS), "ship": ship}
    settings["few_shot"].update(few_shot)
    settings["pretraining"] = {"seeds": [0, 5], "training": TRAINING}
    write_experiment(root, settings)
    return open_project(root)


def few_shot_run(workspace):
    """The few-shot run at the coordinates of what is shipped."""
    ship, start = workspace.experiment.ship, shipped_model(workspace.experiment).before
    (run,) = [
        run
        for run in few_shot_runs(workspace.experiment)
        if (run.target, run.size, run.seed) == (ship.target, ship.size, ship.seed)
        and run.sources == (start.sources if start else ())
        and run.transfer == (ship.transfer if start else "none")
        and run.in_sequence == bool(start and start.before)
    ]
    return run


def trainings(workspace):
    """The fingerprints of the shipped model's training and of the few-shot run's."""
    shipped = model_job(workspace, shipped_model(workspace.experiment))
    return shipped.fingerprint, run_job(workspace, few_shot_run(workspace)).training.fingerprint


def assert_same_mentions(predictions, others):
    """Confidences differ as far as the encoder of a package is rounded; what is found does not."""
    for mine, other in zip(predictions, others, strict=True):
        assert (mine["tokens"], mine["characters"]) == (other["tokens"], other["characters"])
        assert mine["confidences"] == pytest.approx(other["confidences"], abs=0.01)


@pytest.mark.parametrize("transfer", ["full", "encoder"])
def test_finds_exactly_what_the_few_shot_run_did(project, transfer):
    workspace = open_with(project, {**SHIP, "transfer": transfer}, transfer=[transfer], sources=[["en_ugt"]])
    run = few_shot_run(workspace)
    done = RunWorker(workspace).do(run, ignore_passes)
    evaluated, predictions = done.result, [json.loads(json.dumps(asdict(found))) for found in done.predictions]
    shipped = {result.coordinates.target: result for result in execute_kind(workspace, SHIPPED)}
    assert set(shipped) == set(workspace.experiment.corpora)
    ledger = Ledger(workspace.runs)
    assert sum(len(found["tokens"]) for found in predictions) > 3
    assert_same_mentions(ledger.predictions(shipped["ru_ehr"].run), predictions)
    assert shipped["ru_ehr"].scores == evaluated.scores
    assert shipped["ru_ehr"].training == evaluated.training
    assert shipped["ru_ehr"].sentences == {"train": 8, "test": workspace.count("ru_ehr", "test")}


@pytest.mark.parametrize(
    "ship",
    [
        SHIP,
        {**SHIP, "seed": 0},
        {**SHIP, "size": 4},
        {**SHIP, "transfer": "encoder"},
        {**SHIP, "source": ["en_ugt", "ru_ugt"]},
        {**SHIP, "source": {"in_sequence": ["en_ugt", "ru_ugt"]}},
        {**SHIP, "source": []},
    ],
)
def test_is_trained_as_few_shot_is_whatever_it_starts_from(project, ship):
    sources = [[], ["en_ugt"], ["en_ugt", "ru_ugt"], {"in_sequence": ["en_ugt", "ru_ugt"]}]
    workspace = open_with(project, ship, sources=sources, transfer=["full", "encoder"])
    shipped, evaluated = trainings(workspace)
    assert shipped == evaluated


def test_what_few_shot_shares_is_shared_when_sentences_are_dropped_and_seeds_shifted(project):
    workspace = open_with(project, SHIP)
    settings = workspace.experiment.model_copy(update={"drop_shared_sentences": ["exact", "near"]}).shifted(10)
    shipped, evaluated = trainings(replace(workspace, experiment=settings))
    assert shipped == evaluated != trainings(workspace)[0]


def test_the_seed_takes_the_source_model_that_few_shot_takes(project):
    for seed, source_seed in ((0, 0), (1, 5)):
        workspace = open_with(project, {**SHIP, "seed": seed})
        assert few_shot_run(workspace).source == shipped_model(workspace.experiment).before
        assert shipped_model(workspace.experiment).before.seed == source_seed
    # A seed that few-shot has not starts from the first.
    assert shipped_model(open_with(project, {**SHIP, "seed": 7}).experiment).before.seed == 0


def test_another_size_transfer_or_source_is_another_model(project):
    others = [{"size": 4}, {"transfer": "encoder"}, {"source": ["ru_ugt"]}, {"seed": 0}, {"training": {"epochs": 9}}]
    ships = [SHIP, *({**SHIP, **other} for other in others), {"target": "ru_ehr"}, {"corpora": ["ru_ehr"]}]
    workspaces = [open_with(project, ship) for ship in ships]
    models = [model_job(one, shipped_model(one.experiment)).fingerprint for one in workspaces]
    assert len(set(models)) == len(ships)


def test_without_a_size_it_is_trained_on_the_whole_part(project):
    workspace = open_with(project, {"target": "ru_ehr", "source": ["en_ugt"]})
    job = model_job(workspace, shipped_model(workspace.experiment))
    assert job.n_sentences == workspace.count("ru_ehr", "train")
    assert job.source.train == (workspace.part("en_ugt", "train"),)


def test_a_repeated_corpus_is_read_several_times_in_an_epoch(project):
    once, twice = (open_with(project, {"repeat": repeat}) for repeat in ({}, {"ru_ehr": 3, "en_ugt": 1}))
    before, after = (shipped_model(workspace.experiment) for workspace in (once, twice))
    jobs = [model_job(once, before), model_job(twice, after)]
    more = 2 * read_sentences([str(once.part("ru_ehr", "train").path)])
    assert sorted(jobs[1].sentences()) == sorted([*jobs[0].sentences(), *more])
    assert jobs[1].passes - jobs[0].passes == jobs[0].training.epochs * len(more)
    once_by_name = shipped_model(open_with(project, {"repeat": {"ru_ehr": 1}}).experiment)
    assert model_folder(once, once_by_name) == model_folder(once, before)
    # It is another model of the same corpora.
    assert model_folder(once, before) != model_folder(twice, after) and before.sources == after.sources
    assert how_trained(twice).startswith("Trained on en_ugt, ru_ugt and ru_ehr (3 times per epoch) together.")


@pytest.mark.parametrize(
    ("ship", "words"),
    [
        ({"repeat": {"ru_her": 2}}, "ship.repeat: 'ru_her' is not trained on .*ru_ehr"),
        ({"corpora": ["en_ugt"], "repeat": {"ru_ehr": 2}}, "ship.repeat: 'ru_ehr' is not trained on"),
        ({"target": "ru_ehr", "repeat": {"ru_ehr": 2}}, "give `repeat` or `target`, not both"),
        ({"repeat": {"ru_ehr": 0}}, "ship.repeat.ru_ehr"),
        ({"repeat": {"ru_ehr": 10**9}}, "ship.repeat.ru_ehr"),
    ],
)
def test_what_cannot_be_repeated_is_refused(project, ship, words):
    with pytest.raises(ProjectError, match=words):
        open_with(project, ship)


def test_the_source_model_of_finished_experiments_is_not_trained_again(finished_project, tmp_path):
    root = shutil.copytree(finished_project, tmp_path / "project")
    write_experiment(root, {**SETTINGS, "ship": SHIP})
    workspace = open_project(root)
    before = find_model(workspace, shipped_model(workspace.experiment).before)
    stamp = before.pipeline.stat().st_mtime_ns
    execute_kind(workspace, SHIPPED)
    assert before.pipeline.stat().st_mtime_ns == stamp
    ledger = Ledger(workspace.runs)
    own = f"{SHIPPED}.ru_ehr.from-en_ugt-then-ru_ehr.seed-1"
    assert_same_mentions(ledger.predictions(own), ledger.predictions(few_shot_run(workspace).id))


@pytest.mark.parametrize(
    "ship, expected",
    [
        ({"corpora": ["ru_ugt"], "target": "ru_ehr"}, "key 'ship': give `corpora` or `target`, not both"),
        ({"source": ["en_ugt"]}, "key 'ship': `source` needs a `target`, which is missing"),
        ({"size": 4}, "key 'ship': `size` needs a `target`, which is missing"),
        ({"transfer": "full", "corpora": ["ru_ugt"]}, "key 'ship': `transfer` needs a `target`, which is missing"),
        ({"target": "ru_ehr", "source": ["en_ugt", "ru_ehr"]}, "key 'ship': 'ru_ehr' is both source and target"),
        ({"target": "ru_eh"}, r"unknown corpus 'ru_eh' (did you mean 'ru_ehr'"),
        ({"target": "ru_ehr", "source": ["en_ugd"]}, r"unknown corpus 'en_ugd' (did you mean 'en_ugt'"),
        ({"target": "ru_ehr", "size": 0}, "ship.size"),
        ({"target": "ru_ehr", "transfer": "none"}, "ship.transfer"),
    ],
)
def test_mistakes_are_told_in_one_line(project, ship, expected):
    with pytest.raises(ProjectError) as raised:
        open_with(project, ship)
    assert expected in str(raised.value) and "\n" not in str(raised.value)
    assert str(raised.value).startswith(str(project / "configs" / "experiments" / "tiny.yml"))
