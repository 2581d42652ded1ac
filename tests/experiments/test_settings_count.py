"""Test that every setting of an experiment affects its runs or results, or is listed with a reason."""
import ast
import shutil
from dataclasses import replace
from typing import Any, Iterator

import pytest
from pydantic import BaseModel

from scripts.benchmarks.settings import BenchmarkSettings
from scripts.experiments.execute import jobs_of
from scripts.experiments.search import search_job, search_runs, split_training_part
from scripts.experiments.settings import Experiment, Training, shift_seeds
from scripts.results.kinds import KINDS
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, write_experiment

FULL: dict[str, Any] = {
    **SETTINGS,
    "zero_shot": ["ru_ehr"],
    "in_corpus": {"corpora": ["en_ugt", "ru_ehr"], "seeds": [0], "training": TRAINING},
    "baselines": {"crf": {"config": "softmax_crf", "corpora": ["en_ugt"], "training": TRAINING}},
    "pretraining": {"seeds": [0], "training": TRAINING, "max_sentences": 20},
    "few_shot": {
        "targets": ["ru_ehr"],
        "sources": [[], {"together": ["en_ugt"], "targets": ["ru_ehr"]}, {"in_sequence": ["en_ugt", "ru_ugt"]}],
        "sizes": [4, 8],
        "seeds": [0],
        "transfer": ["full"],
        "compute_matched": [4],
        "source_tests": [4],
        "selection": ["random", "uncertainty"],
        "equal_words": True,
        "training": TRAINING,
    },
    "ship": {"target": "ru_ehr", "source": ["en_ugt"], "size": 8, "training": TRAINING},
    "search": {
        "corpora": ["en_ugt"],
        "sizes": [4],
        "seeds": [0],
        "base": TRAINING,
        "values": {
            "learn_rate": [1e-3],
            "head_learn_rate": [1e-3],
            "epochs": [2],
            "min_updates": [2],
            "batch_size": [2],
            "frozen": ["encoder"],
            "model": ["softmax_crf"],
        },
    },
}
TRAININGS = ("in_corpus", "baselines.crf", "pretraining", "few_shot", "ship")
# Something else for every setting; what a section of its own is for stands in its parts.
CHANGES: dict[str, Any] = {
    "corpora": ["en_ugt", "ru_ehr", "ru_ugt", "more"],
    "encoder": "other",
    "lower_case": True,
    "fold_capitals": False,
    "model": "softmax_crf",
    "frozen": "nothing",
    "types": "per_type",
    "precision": "float32",
    "drop_shared_sentences": ["near"],
    "in_corpus.corpora": ["en_ugt"],
    "in_corpus.seeds": [1],
    "baselines.crf.config": "softmax",
    "baselines.crf.encoder": "other",
    "baselines.crf.corpora": ["ru_ehr"],
    "pretraining.seeds": [1],
    "pretraining.max_sentences": 19,
    "zero_shot": ["ru_ugt"],
    "few_shot.targets": ["ru_ugt"],
    "few_shot.sources.1.together": ["ru_ugt"],
    "few_shot.sources.1.targets": ["en_ugt"],
    "few_shot.sources.1.enabled": False,
    "few_shot.sources.2.in_sequence": ["ru_ugt", "en_ugt"],
    "few_shot.sizes": [4, 8, 9],
    "few_shot.seeds": [1],
    "few_shot.transfer": ["encoder"],
    "few_shot.compute_matched": [8],
    "few_shot.source_tests": [8],
    "few_shot.selection": ["random", "least_confident"],
    "few_shot.equal_words": False,
    "ship.target": "ru_ugt",
    "ship.corpora": ["en_ugt"],
    "ship.repeat": {"en_ugt": 2},
    "ship.source.together": ["ru_ugt"],
    "ship.source.in_sequence": ["en_ugt", "ru_ugt"],
    "ship.size": 7,
    "ship.transfer": "encoder",
    "ship.seed": 1,
    "search.corpora": ["ru_ugt"],
    "search.development": 0.5,
    "search.split_seed": 3,
    "search.sizes": [3],
    "search.seeds": [1],
    "search.values.learn_rate": [1e-2],
    "search.values.head_learn_rate": [1e-2],
    "search.values.epochs": [3],
    "search.values.min_updates": [3],
    "search.values.batch_size": [3],
    "search.values.frozen": ["nothing"],
    "search.values.model": ["crf"],
    **{
        f"{section}.{key}": value
        for section in (*(f"{name}.training" for name in TRAININGS), "search.base")
        for key, value in {**TRAINING, "epochs": 9, "min_updates": 13, "batch_size": 5}.items()
    },
    **{
        f"{section}.training.{key}": 1e-4 for section in TRAININGS for key in ("learn_rate", "head_learn_rate")
    },
    "search.base.learn_rate": 1e-4,
    "search.base.head_learn_rate": 1e-4,
}
# Settings that decide no result.
ASIDE = {
    "ship.calibrate": "a second training, in the record of the package and in the count of costs",
    "ship.examples": "texts that the finished package is scored on, in the record of that command",
    **{f"ship.{key}": "told in the package's meta.json" for key in ("license", "author", "email", "url")},
    "ship.intended_use": "told in the package's card",
    **{f"report.{key}": "shown in the report or not" for key in ("paper", "error_examples")},
    "ship.source.targets": "refused, since there is one target",
    "ship.source.enabled": "refused, since a source that is not wanted is left out",
}
# What a setting above stands for already: another of the same class at another place.
ALIKE = ("few_shot.sources.0.", "few_shot.sources.1.in_sequence", "few_shot.sources.2.")


def leaves(settings: BaseModel, place: str = "") -> Iterator[str]:
    """YIELDS (str): The dotted place of every setting that is no section."""
    for name in type(settings).model_fields:
        yield from _leaves(getattr(settings, name), f"{place}{name}")


def _leaves(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from leaves(value, f"{place}.")
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{place}.{key}")
    elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{place}.{number}")
    else:
        yield place


def changed(value: Any, place: list[str], other: Any) -> Any:
    """RETURNS (Any): Settings with something else at one place, whether or not a file could say so."""
    first, *rest = place
    if isinstance(value, BaseModel):
        inner = changed(getattr(value, first), rest, other) if rest else other
        return value.model_copy(update={first: inner})
    if isinstance(value, dict):
        return {**value, first: changed(value[first], rest, other)}
    number = int(first)
    return [*value[:number], changed(value[number], rest, other), *value[number + 1 :]]


@pytest.fixture(scope="module")
def workspace(made_project, tmp_path_factory):
    """RETURNS (Workspace): The tiny project with every setting set."""
    root = shutil.copytree(made_project, tmp_path_factory.mktemp("settings") / "project")
    shutil.copyfile(ROOT / "configs" / "softmax_crf.cfg", root / "configs" / "softmax_crf.cfg")
    write_experiment(root, FULL)
    return open_project(root)


def results_of(workspace) -> dict[str, str]:
    """RETURNS (dict[str, str]): The fingerprint of every run, by kind and id, those of the search too."""
    found = {f"{kind} {run.id}": job.fingerprint for kind in KINDS for run, job in jobs_of(workspace, kind).items()}
    search = workspace.experiment.search
    for corpus in search.corpora:
        split_training_part(workspace, search, corpus)
    runs = search_runs(search, workspace.experiment.frozen, workspace.experiment.model)
    return {**found, **{f"search {run.id}": search_job(workspace, run).fingerprint for run in runs}}


def test_every_setting_is_changed_here_or_listed_with_a_reason(workspace):
    known = {*CHANGES, *ASIDE}
    found = {place for place in leaves(workspace.experiment) if not place.startswith(ALIKE) or place in CHANGES}
    assert found == known


# Read when the experiment is opened: `Workspace` has its outcome, and test_workspace.py and test_job.py hold that.
OPENED = ("corpora", "encoder", "model", "precision", "baselines.crf.config", "baselines.crf.encoder")


@pytest.mark.parametrize("place", [place for place in CHANGES if place not in OPENED])
def test_it_decides_which_runs_there_are_or_what_comes_of_them(workspace, place):
    experiment = changed(workspace.experiment, place.split("."), CHANGES[place])
    if place in ("ship.corpora", "ship.repeat"):
        experiment = changed(experiment, ["ship", "target"], None)
    if place == "ship.source.in_sequence":
        experiment = changed(experiment, ["ship", "source", "together"], [])
    assert results_of(replace(workspace, experiment=experiment)) != results_of(workspace)


def test_every_setting_of_a_training_is_read_somewhere():
    # A fingerprint holds every one of them, so that the test above passes with one that nothing reads.
    programs = [path for path in (ROOT / "scripts").rglob("*.py") if path.name != "settings.py"]
    read = {
        node.attr
        for path in programs
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, ast.Attribute)
    }
    assert set(Training.model_fields) <= read


@pytest.mark.parametrize("place", list(ASIDE))
def test_what_decides_nothing_changes_nothing(workspace, place):
    experiment = changed(workspace.experiment, place.split("."), None)
    assert results_of(replace(workspace, experiment=experiment)) == results_of(workspace)


class TestSeeds:
    def seeds(self, settings: BaseModel) -> dict[str, Any]:
        """Every setting whose name speaks of a seed, by its place."""
        values = {}
        for place in leaves(settings):
            value: Any = settings
            for part in place.split("."):
                step = int(part) if part.isdigit() else part
                value = getattr(value, part) if isinstance(value, BaseModel) else value[step]
            if "seed" in place.rpartition(".")[2]:
                values[place] = value
        return values

    def test_every_seed_of_an_experiment_is_shifted_but_that_of_a_split(self, workspace):
        before, after = self.seeds(workspace.experiment), self.seeds(workspace.experiment.shifted(7))
        assert set(before) >= {"in_corpus.seeds", "pretraining.seeds", "few_shot.seeds", "ship.seed", "search.seeds"}
        for place, value in before.items():
            shift = 0 if place == "search.split_seed" else 7
            expected = [one + shift for one in value] if isinstance(value, list) else value + shift
            assert after[place] == expected, place

    def test_every_seed_of_a_benchmark_is_shifted(self):
        peers = {**TRAINING, "min_updates": 0}
        settings = BenchmarkSettings(seed=1, training=peers, grid={"seeds": [0, 4], "training": TRAINING})
        assert self.seeds(shift_seeds(settings, 3)) == {"seed": 4, "grid.seeds": [3, 7]}

    def test_nothing_else_is_shifted(self, workspace):
        plain = Experiment(corpora=["a"], in_corpus={"seeds": [0], "training": TRAINING})
        assert plain.shifted(5) == plain.model_copy(
            update={
                "in_corpus": plain.in_corpus.model_copy(update={"seeds": [5]}),
                "ship": plain.ship.model_copy(update={"seed": 5}),
            }
        )
