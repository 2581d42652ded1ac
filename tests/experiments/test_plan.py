"""Test which runs an experiment file plans."""
import copy
from itertools import product
from typing import Any

import pytest

from scripts.experiments.plan import (
    RUNS_OF,
    Run,
    few_shot_runs,
    in_corpus_runs,
    shipped_model,
    shipped_runs,
    source_model,
    zero_shot_runs,
)
from scripts.experiments.settings import Experiment, SourceSet
from tests.experiments.tiny import SETTINGS

CORPORA = ("en_ugt", "ru_ugt", "ru_ehr")


def experiment(**changes: Any) -> Experiment:
    """RETURNS (Experiment): The tiny one, with settings replaced; `few_shot__sizes` is `sizes` in `few_shot`."""
    settings = copy.deepcopy(SETTINGS)
    for key, value in changes.items():
        section, _, name = key.partition("__")
        (settings.setdefault(section, {}) if name else settings)[name or section] = value
    return Experiment.model_validate(settings)


def all_runs(settings: Experiment) -> list[Run]:
    """RETURNS (list[Run]): The runs of every kind."""
    return [run for runs in RUNS_OF.values() for run in runs(settings)]


def test_in_corpus_is_every_corpus_with_every_seed():
    runs = in_corpus_runs(experiment(in_corpus__seeds=[3, 5]))
    assert [(run.target, run.seed) for run in runs] == list(product(CORPORA, (3, 5)))
    assert all(run.source is None and run.size is None and run.transfer == "none" for run in runs)


def test_zero_shot_is_every_source_on_every_other_corpus():
    runs = zero_shot_runs(experiment())
    assert {(run.sources, run.target) for run in runs} == {((s,), t) for s, t in product(CORPORA, CORPORA) if s != t}
    assert all(run.size == 0 for run in runs)


def test_zero_shot_never_tests_a_source_on_what_it_was_trained_on():
    runs = zero_shot_runs(experiment(few_shot__sources=[["en_ugt", "ru_ugt"]]))
    together = [run for run in runs if run.sources == ("en_ugt", "ru_ugt")]
    assert [run.target for run in together] == ["ru_ehr"]
    assert not [run for run in runs if run.target in run.sources]


def test_zero_shot_targets_may_be_named():
    assert {run.target for run in zero_shot_runs(experiment(zero_shot=["ru_ugt"]))} == {"ru_ugt"}
    assert zero_shot_runs(experiment(zero_shot=[])) == []


def test_sources_are_the_in_corpus_models_of_the_first_seed():
    settings = experiment(in_corpus__seeds=[7, 8])
    in_corpus = in_corpus_runs(settings)
    assert {run.source.seed for run in zero_shot_runs(settings)} == {7} == {in_corpus[0].seed}
    assert source_model(settings, SourceSet(together=["en_ugt"]), 0).training == settings.in_corpus.training


def test_few_shot_is_the_whole_grid_with_no_pretraining_first():
    runs = few_shot_runs(experiment(few_shot__transfer=["full", "encoder"]))
    sources = [((), "none"), *product([("en_ugt",), ("ru_ugt",)], ("full", "encoder"))]
    expected = [(s, transfer, size, seed) for (s, transfer), size, seed in product(sources, (4, 8), (0, 1))]
    assert [(run.sources, run.transfer, run.size, run.seed) for run in runs] == expected
    assert {run.target for run in runs} == {"ru_ehr"}


def test_few_shot_sources_may_be_named_several_together():
    sources = [["en_ugt", "ru_ugt"], [], ["ru_ehr"], ["ru_ehr", "en_ugt"]]
    runs = few_shot_runs(experiment(few_shot__sources=sources, few_shot__targets=["ru_ehr", "ru_ugt"]))
    by_target = {target: {run.sources for run in runs if run.target == target} for target in ("ru_ehr", "ru_ugt")}
    # A source that holds the target itself has seen all of it.
    assert by_target == {"ru_ehr": {("en_ugt", "ru_ugt"), ()}, "ru_ugt": {(), ("ru_ehr",), ("ru_ehr", "en_ugt")}}


def test_without_few_shot_there_is_none():
    assert few_shot_runs(experiment(few_shot=None)) == []


def test_shipped_model_is_tested_on_every_corpus():
    settings = experiment(ship={"corpora": ["ru_ugt"], "seed": 4})
    assert shipped_model(settings).corpora == ("ru_ugt",)
    assert shipped_model(settings).training == settings.in_corpus.training
    assert [(run.target, run.sources, run.seed) for run in shipped_runs(settings)] == [
        (t, ("ru_ugt",), 4) for t in CORPORA
    ]
    assert shipped_model(experiment(ship={})).corpora == CORPORA


@pytest.mark.parametrize("transfer", [["full"], ["encoder"], ["full", "encoder"]])
def test_ids_are_unique_and_file_names(transfer):
    sources = [[], ["en_ugt"], ["en_ugt", "ru_ugt"], ["ru_ugt", "en_ugt"]]
    settings = experiment(few_shot__sources=sources, few_shot__transfer=transfer, in_corpus__seeds=[0, 1, 10])
    ids = [run.id for run in all_runs(settings)]
    assert len(set(ids)) == len(ids) > 30
    assert not [name for name in ids if set(name) & set('/\\:*?"<>| ')]


def test_coordinates_are_those_of_the_run():
    run = few_shot_runs(experiment())[-1]
    coordinates = run.coordinates("tiny", "softmax", 3)
    assert (coordinates.kind, coordinates.target, coordinates.sources) == ("few-shot", "ru_ehr", ("ru_ugt",))
    assert (coordinates.transfer, coordinates.size, coordinates.seed, coordinates.threads) == ("full", 8, 1, 3)
