"""Experiment files: what is refused, in one line that names file and key."""
import copy
import re

import pytest

from scripts.base.errors import ProjectError
from scripts.experiments.settings import read_experiment
from tests.experiments.tiny import SETTINGS, write_experiment


def mistake(root, name, **changes):
    """The error that a changed experiment file gives."""
    settings = copy.deepcopy(SETTINGS)
    for key, value in changes.items():
        *sections, last = key.split("__")
        section = settings
        for part in sections:
            section = section[part]
        section[last] = value
    write_experiment(root, settings, name)
    with pytest.raises(ProjectError) as raised:
        read_experiment(root / "configs", name)
    assert str(raised.value).startswith(str(root / "configs" / "experiments" / f"{name}.yml"))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_tiny_experiment_is_read(made_project):
    experiment = read_experiment(made_project / "configs", "tiny")
    assert experiment.few_shot.sizes == [4, 8] and experiment.few_shot.transfer == ["full"]
    assert experiment.in_corpus.training.min_updates == 12


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"corpora": ["en_ugt", "ru_ehr", "ru_urt"]}, "unknown corpus 'ru_urt'. Did you mean 'ru_ugt'"),
        ({"few_shot__targets": ["ru_eh"]}, r"unknown corpus 'ru_eh' \(did you mean 'ru_ehr'"),
        ({"few_shot__sources": [["en_ugt", "xx"]]}, "unknown corpus 'xx'"),
        ({"zero_shot": ["xx"]}, "unknown corpus 'xx'"),
        ({"ship": {"corpora": ["xx"]}}, "unknown corpus 'xx'"),
        ({"few_shot__sizes": [8, 4]}, "few_shot.sizes.*ascending"),
        ({"few_shot__sizes": [0, 4]}, "few_shot.sizes.*positive"),
        ({"few_shot__sizes": []}, "few_shot.sizes"),
        ({"few_shot__seed": 1}, "unknown key 'few_shot.seed'. Did you mean 'seeds'"),
        ({"few_shot__transfer": ["half"]}, "few_shot.transfer.*full.*encoder"),
        ({"few_shot__training": {}}, "missing key 'few_shot.training.epochs'"),
        ({"in_corpus__training": {"epochs": 0}}, "in_corpus.training.epochs"),
        ({"in_corpus__training": {"epochs": 1, "learnrate": 1}}, "in_corpus.training.learnrate.*'learn_rate'"),
        ({"in_corpus__seeds": [-1]}, "in_corpus.seeds"),
        # What stands there twice would be two runs under one id.
        ({"in_corpus__seeds": [0, 0]}, "in_corpus.seeds.*more than once"),
        ({"few_shot__seeds": [1, 0, 1]}, "few_shot.seeds.*1 stands here more than once"),
        ({"few_shot__targets": ["ru_ehr", "ru_ehr"]}, "few_shot.targets.*more than once"),
        ({"few_shot__sources": [["en_ugt"], ["en_ugt"]]}, "few_shot.sources.*more than once"),
        ({"few_shot__sources": [["en_ugt", "en_ugt"]]}, "few_shot.sources.*more than once"),
        ({"corpora": ["en_ugt", "ru_ugt", "ru_ehr", "en_ugt"]}, "corpora.*'en_ugt' stands here more than once"),
        ({"ship": {"corpora": []}}, "ship.corpora"),
        ({"few_shot__sizes": {"first": 50, "last": 100}}, "few_shot.sizes.*a range is written"),
        ({"few_shot__sizes": {"first": 50, "last": 100, "step": 0}}, "few_shot.sizes.*a range is written"),
        ({"few_shot__sizes": {"first": True, "last": 5, "step": 1}}, "few_shot.sizes.*a range is written"),
        ({"few_shot__sizes": {"first": 100, "last": 50, "step": 50}}, "few_shot.sizes"),
        ({"few_shot__compute_matched": [6]}, "compute_matched: 6 is not among the sizes"),
        ({"few_shot__source_tests": [6]}, "source_tests: 6 is not among the sizes"),
        ({"few_shot__sources": [{"in_sequence": ["en_ugt"]}]}, "one corpus alone is no sequence"),
        ({"few_shot__sources": [{"together": ["en_ugt"], "in_sequence": ["en_ugt", "ru_ugt"]}]}, "not both"),
        ({"few_shot__sources": [{"in_sequence": ["en_ugt", "xx"]}]}, "unknown corpus 'xx'"),
        ({"few_shot__sources": [{"together": ["en_ugt"], "targets": ["xx"]}]}, "unknown corpus 'xx'"),
        ({"few_shot__sources": [{"togther": ["en_ugt"]}]}, "few_shot.sources.0.togther.*'together'"),
        ({"in_corpus__corpora": ["xx"]}, "unknown corpus 'xx'"),
        ({"baselines": {"a.b": {"config": "softmax"}}}, "baselines.a.b"),
        ({"baselines": {"softmax": {"config": "lstm_crf"}}}, "'softmax' is the experiment's own model"),
        ({"baselines": {"lstm": {"config": "lstm_crf", "corpora": ["xx"]}}}, "unknown corpus 'xx'"),
        ({"frozen": "head"}, "key 'frozen'.*word_embeddings"),
        ({"types": "each"}, "key 'types'.*per_type"),
        ({"pretraining": {"seeds": [0], "training": {"epochs": 1}, "max_sentences": 0}}, "pretraining.max_sentences"),
    ],
)
def test_mistakes_are_told_in_one_line(project, changes, expected):
    assert re.search(expected, mistake(project, "wrong", **changes))


def test_a_range_of_sizes_has_both_ends(project):
    few_shot = {**SETTINGS["few_shot"], "sizes": {"first": 50, "last": 2000, "step": 50}}
    write_experiment(project, {**SETTINGS, "few_shot": few_shot}, "range")
    sizes = read_experiment(project / "configs", "range").few_shot.sizes
    assert (len(sizes), sizes[0], sizes[1], sizes[-1]) == (40, 50, 100, 2000)


def test_sources_for_some_targets_only_and_sources_that_are_off(project):
    sources = [[], {"together": ["en_ugt"], "targets": ["ru_ehr"]}, {"together": ["ru_ugt"], "enabled": False}]
    few_shot = {**SETTINGS["few_shot"], "sources": sources}
    write_experiment(project, {**SETTINGS, "few_shot": few_shot}, "some")
    none, only, off = read_experiment(project / "configs", "some").few_shot.sources
    assert [source.serves("ru_ehr") for source in (none, only, off)] == [True, True, False]
    assert [source.serves("ru_ugt") for source in (none, only, off)] == [True, False, False]
    assert not only.serves("en_ugt")


def test_an_absent_experiment_is_told(made_project):
    with pytest.raises(ProjectError, match="tin.yml: no such settings file. Did you mean 'tiny'"):
        read_experiment(made_project / "configs", "tin")
