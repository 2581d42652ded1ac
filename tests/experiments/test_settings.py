"""Test which experiment files are refused, in one line with file and key."""
import copy
import math
import re
from typing import Iterator

import pytest
import srsly

from scripts.annotation.methods import METHODS, Method
from scripts.base.errors import ProjectError
from scripts.base.settings import Settings
from scripts.experiments import settings as settings_module
from scripts.experiments.execute import jobs_of
from scripts.experiments.job import distinct, training_length
from scripts.experiments.settings import Experiment, Training, read_experiment
from scripts.results.kinds import KINDS
from tests.experiments.tiny import ROOT, SETTINGS, open_project, write_experiment

FLOOR = 200
EXPERIMENTS = sorted(path.stem for path in (ROOT / "configs" / "experiments").glob("*.yml"))
# Those whose figures were made with a floor; and how many sentences the sample's parts have at least, one and all four.
WITH_FLOOR = {
    ("rudrec_transfer", "few_shot.training"): 100,
    ("sample", "few_shot.training"): 80,
    ("selection", "few_shot.training"): 100,
    ("selection_bc5cdr", "few_shot.training"): 100,
    ("selection_sample", "few_shot.training"): 80,
    ("search_sample", "search.base"): 80,
}
SENTENCES = {
    ("sample", "in_corpus.training"): 300,
    ("sample", "ship.training"): 1200,
    ("selection_sample", "in_corpus.training"): 300,
}


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
        ({"few_shot__selection": ["random", "uncertainy"]}, r"few_shot.selection.*did you mean 'uncertainty'"),
        ({"few_shot__selection": ["uncertainty"]}, "few_shot.selection.*'random' is missing"),
        ({"few_shot__selection": ["random", "random"]}, "few_shot.selection.*more than once"),
        ({"few_shot__equal_words": True}, "few_shot.*equal_words: `selection` only has 'random'"),
        (
            {"types": "per_type", "few_shot__selection": ["random", "uncertainty"]},
            "few_shot.selection: use `types: joint`; with `per_type`",
        ),
        ({"few_shot__training": {}}, "missing key 'few_shot.training.epochs'"),
        ({"in_corpus__training": {"epochs": 0}}, "in_corpus.training.epochs"),
        ({"in_corpus__training": {"epochs": 1, "learnrate": 1}}, "in_corpus.training.learnrate.*'learn_rate'"),
        ({"in_corpus__seeds": [-1]}, "in_corpus.seeds"),
        # What stands there twice would be two runs under one id.
        ({"in_corpus__seeds": [0, 0]}, "in_corpus.seeds.*more than once"),
        ({"few_shot__seeds": [1, 0, 1]}, "few_shot.seeds.*1 is listed more than once"),
        ({"few_shot__targets": ["ru_ehr", "ru_ehr"]}, "few_shot.targets.*more than once"),
        ({"few_shot__sources": [["en_ugt"], ["en_ugt"]]}, "few_shot.sources.*more than once"),
        ({"few_shot__sources": [["en_ugt", "en_ugt"]]}, "few_shot.sources.*more than once"),
        ({"corpora": ["en_ugt", "ru_ugt", "ru_ehr", "en_ugt"]}, "corpora.*'en_ugt' is listed more than once"),
        ({"ship": {"corpora": []}}, "ship.corpora"),
        (
            {"ship": {"target": "ru_ehr", "source": {"together": ["en_ugt"], "enabled": False}}},
            "key 'ship': source: `enabled` is for the sources of few_shot",
        ),
        (
            {"ship": {"target": "ru_ehr", "source": {"together": ["en_ugt"], "targets": ["ru_ugt"]}}},
            "key 'ship': source: `targets` is for the sources of few_shot",
        ),
        ({"ship": {"target": "ru_ehr", "transfer": "encoder"}}, "key 'ship': `transfer: encoder` needs a `source`"),
        ({"in_corpus__corpora": []}, "in_corpus.corpora"),
        ({"few_shot__sizes": {"first": 50, "last": 100}}, "few_shot.sizes.*write a range as"),
        ({"few_shot__sizes": {"first": 50, "last": 100, "step": 0}}, "few_shot.sizes.*write a range as"),
        ({"few_shot__sizes": {"first": True, "last": 5, "step": 1}}, "few_shot.sizes.*write a range as"),
        ({"few_shot__sizes": {"first": 100, "last": 50, "step": 50}}, "few_shot.sizes"),
        ({"few_shot__compute_matched": [6]}, "compute_matched: 6 is not among the `sizes`"),
        ({"few_shot__source_tests": [6]}, "source_tests: 6 is not among the `sizes`"),
        ({"few_shot__sources": [{"in_sequence": ["en_ugt"]}]}, "`in_sequence` needs at least two corpora"),
        ({"few_shot__sources": [{"together": ["en_ugt"], "in_sequence": ["en_ugt", "ru_ugt"]}]}, "not both"),
        ({"few_shot__sources": [{"in_sequence": ["en_ugt", "xx"]}]}, "unknown corpus 'xx'"),
        ({"few_shot__sources": [{"together": ["en_ugt"], "targets": ["xx"]}]}, "unknown corpus 'xx'"),
        ({"few_shot__sources": [{"togther": ["en_ugt"]}]}, "few_shot.sources.0.togther.*'together'"),
        ({"in_corpus__corpora": ["xx"]}, "unknown corpus 'xx'"),
        ({"baselines": {"a.b": {"config": "softmax"}}}, "baselines.a.b"),
        ({"baselines": {"softmax": {"config": "lstm_crf"}}}, "'softmax' is the experiment's own model"),
        ({"baselines": {"Calibration": {"config": "lstm_crf"}}}, "model 'Calibration': the project itself uses"),
        ({"model": "search"}, "model 'search': the project itself uses this name"),
        ({"baselines": {"lstm": {"config": "lstm_crf", "corpora": ["xx"]}}}, "unknown corpus 'xx'"),
        ({"frozen": "head"}, "key 'frozen'.*word_embeddings"),
        ({"types": "each"}, "key 'types'.*per_type"),
        ({"pretraining": {"seeds": [0], "training": {"epochs": 1}, "max_sentences": 0}}, "pretraining.max_sentences"),
    ],
)
def test_mistakes_are_told_in_one_line(project, changes, expected):
    assert re.search(expected, mistake(project, "wrong", **changes))


def test_a_selection_without_a_model_is_for_suggest_only(project, monkeypatch):
    longest = Method("longest", lambda pool, rows, there, random: rows)
    monkeypatch.setattr(settings_module, "METHODS", {**METHODS, "longest": longest})
    told = mistake(project, "wrong", few_shot__selection=["random", "longest"])
    assert re.search("few_shot.selection.*'longest' is for `suggest` only, since it doesn't use a model", told)


def test_the_settings_that_are_written_next_to_the_results_can_be_read_again(project):
    write_experiment(project, {**SETTINGS, "ship": {"target": "ru_ehr", "source": ["en_ugt"]}}, "first")
    first = read_experiment(project / "configs", "first")
    write_experiment(project, first.model_dump(mode="json"), "again")
    assert read_experiment(project / "configs", "again") == first


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


def trainings(settings: Settings, name: str = "") -> Iterator[tuple[str, Training]]:
    """The trainings that settings name, each with the key that it stands under."""
    if isinstance(settings, Training):
        yield name, settings
    for key, value in settings:
        named = value if isinstance(value, dict) else {"": value}
        for inner in (inner for inner in named.values() if isinstance(inner, Settings)):
            yield from trainings(inner, f"{name}.{key}".lstrip("."))


def updates(training: Training, n_sentences: int) -> int:
    """How many updates are made on so many sentences."""
    return training_length(n_sentences, training).updates


def readme_experiment() -> Experiment:
    """The experiment file that the README gives for corpora of one's own."""
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    (block,) = re.findall(r"```yaml\n# private/experiments/[^\n]+\n(.+?)```", readme, re.DOTALL)
    return Experiment.model_validate(srsly.yaml_loads(block))


class TestLengthOfTrainings:
    def test_whoever_says_only_epochs_has_enough_updates_in_every_run(self, project):
        training = {"epochs": 1}
        changes = {
            "in_corpus": {"seeds": [0], "training": training},
            "baselines": {"other": {"config": "softmax", "training": training}},
            "pretraining": {"seeds": [0], "training": training},
            "few_shot": {**SETTINGS["few_shot"], "training": training},
            "ship": {"training": training},
        }
        write_experiment(project, {**SETTINGS, **changes})
        workspace = open_project(project)
        for kind in KINDS:
            jobs = distinct([job.training for job in jobs_of(workspace, kind).values()])
            # Parts and samples of 4 to 90 sentences: an epoch alone is less.
            assert {job.length.updates for job in jobs} == {FLOOR}

    # A training part of 42 documents, and one of thousands.
    @pytest.mark.parametrize("n_sentences", [240, 5000])
    def test_the_readmes_full_model_is_not_trained_for_less_than_a_sample(self, n_sentences):
        experiment = readme_experiment()
        full = updates(experiment.in_corpus.training, n_sentences)
        samples = [size for size in experiment.few_shot.sizes if size <= n_sentences]
        assert full >= FLOOR and len(samples) > 1
        assert max(updates(experiment.few_shot.training, size) for size in [*samples, n_sentences]) <= full

    @pytest.mark.parametrize("name", EXPERIMENTS)
    @pytest.mark.parametrize("n_sentences", [50, 250, 4000])
    def test_the_projects_experiments_train_as_long_as_for_their_figures(self, name, n_sentences):
        experiment = read_experiment(ROOT / "configs", name)
        for key, training in trainings(experiment):
            there = max(n_sentences, SENTENCES.get((name, key), 0))
            expected = round(training.epochs * math.ceil(there / training.batch_size))
            assert updates(training, there) == max(expected, WITH_FLOOR.get((name, key), 0)), key
        assert "in_corpus.training" in dict(trainings(experiment))
