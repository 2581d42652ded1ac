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
    ],
)
def test_mistakes_are_told_in_one_line(project, changes, expected):
    assert re.search(expected, mistake(project, "wrong", **changes))


def test_an_absent_experiment_is_told(made_project):
    with pytest.raises(ProjectError, match="tin.yml: no such settings file. Did you mean 'tiny'"):
        read_experiment(made_project / "configs", "tin")
