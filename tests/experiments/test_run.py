"""Test what a run's fingerprint depends on, and what its record contains."""
import gzip
import json
from dataclasses import replace

import pytest
import spacy
from spacy.util import load_config, registry

from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import read_documents
from scripts.experiments.execute_run import RunWorker
from scripts.experiments.plan import Run, few_shot_runs, in_corpus_runs, zero_shot_runs
from scripts.experiments.plan import tested_model as model_under_test
from scripts.experiments.run import run_job
from scripts.experiments.work import TEST_COST, tasks_of
from scripts.results.runs import read_run
from tests.experiments.tiny import SETTINGS, change_data, open_project, write_experiment

TRAINING = {**SETTINGS["few_shot"]["training"], "learn_rate": 1e-4}


@pytest.fixture(scope="module")
def recorded(finished_project):
    """RETURNS (Workspace): The tiny project with every run on record."""
    return open_project(finished_project)


def run_fingerprint(workspace, run):
    """The fingerprint of a run."""
    return run_job(workspace, run).fingerprint


def runs_of_each_kind(workspace) -> dict[str, Run]:
    """One run of each kind on ru_ehr, those with a source from en_ugt."""
    runs = [run for kind in (in_corpus_runs, zero_shot_runs, few_shot_runs) for run in kind(workspace.experiment)]
    chosen = [run for run in runs if run.target == "ru_ehr" and run.sources in ((), ("en_ugt",))]
    names = {"none": "from-none", "few-shot": "from-en_ugt.full", "zero-shot": "zero-shot", "in-corpus": "in-corpus"}
    return {name: next(run for run in chosen if part in run.id) for name, part in names.items()}


class TestFingerprint:
    def changed_by(self, project, change) -> set[str]:
        """The kinds of runs whose fingerprint a change of the project's files or settings changes."""
        workspace = open_project(project)
        runs = runs_of_each_kind(workspace)
        before = {name: run_fingerprint(workspace, run) for name, run in runs.items()}
        changed = change(workspace) or open_project(project)
        runs = runs_of_each_kind(changed)
        return {name for name, run in runs.items() if run_fingerprint(changed, run) != before[name]}

    @pytest.mark.parametrize(
        "model, expected", [("softmax", []), ("softmax_crf", []), ("lstm_crf", ["none"]), ("transition", ["none"])]
    )
    def test_only_weights_that_once_depended_on_other_runs_count_as_changed(self, project, model, expected):
        write_experiment(project, {**SETTINGS, "model": model})
        workspace = open_project(project)
        jobs = {name: run_job(workspace, run).training for name, run in runs_of_each_kind(workspace).items()}
        assert [name for name, job in jobs.items() if job.own_start] == expected

    @pytest.mark.parametrize(
        "settings, expected",
        [
            ({"few_shot": {**SETTINGS["few_shot"], "training": TRAINING}}, {"none", "few-shot"}),
            ({"in_corpus": {"seeds": [0], "training": TRAINING}}, {"in-corpus", "zero-shot", "few-shot"}),
            ({"in_corpus": {**SETTINGS["in_corpus"], "seeds": [3, 0]}}, {"in-corpus", "zero-shot", "few-shot"}),
            ({"in_corpus": {**SETTINGS["in_corpus"], "seeds": [0, 3]}}, set()),
            ({"frozen": "nothing"}, {"in-corpus", "zero-shot", "few-shot", "none"}),
            # The target's own training part holds nothing of its test part.
            ({"drop_shared_sentences": ["exact"]}, {"in-corpus", "zero-shot", "few-shot"}),
            ({"few_shot": {**SETTINGS["few_shot"], "sizes": [4, 6, 8], "seeds": [0, 1, 2]}}, set()),
            ({"zero_shot": ["ru_ehr"], "ship": {"seed": 3}}, set()),
        ],
    )
    def test_settings_change_the_runs_that_depend_on_them(self, project, settings, expected):
        assert self.changed_by(project, lambda _: write_experiment(project, {**SETTINGS, **settings})) == expected

    @pytest.mark.parametrize(
        "corpus, part, expected",
        [
            # Zero-shot is also scored on the first sentences of the training part.
            ("ru_ehr", "train", {"in-corpus", "zero-shot", "few-shot", "none"}),
            ("ru_ehr", "test", {"in-corpus", "zero-shot", "few-shot", "none"}),
            ("en_ugt", "train", {"zero-shot", "few-shot"}),
            ("en_ugt", "test", set()),
            ("ru_ugt", "train", set()),
        ],
    )
    def test_data_changes_the_runs_that_depend_on_it(self, project, corpus, part, expected):
        assert self.changed_by(project, lambda workspace: change_data(workspace, corpus, part)) == expected

    @pytest.mark.parametrize("change", ["template", "encoder", "threads"])
    def test_what_every_run_depends_on(self, project, change):
        def make(workspace):
            if change == "template":
                path = workspace.recipe.template.path
                path.write_text(path.read_text() + "\n# another\n")
            elif change == "encoder":
                other = replace(workspace.recipe.encoder, sha256="other")
                return replace(workspace, recipe=replace(workspace.recipe, encoder=other))
            else:
                return open_project(project, threads=2)

        assert self.changed_by(project, make) == {"in-corpus", "zero-shot", "few-shot", "none"}

    def test_places_and_names_change_nothing(self, project, tmp_path):
        recipe = open_project(project).recipe
        recipe = replace(recipe, encoder=replace(recipe.encoder, path=tmp_path, name="another name"))
        change = {"metrics": tmp_path, "training": tmp_path, "name": "other", "recipe": recipe}
        assert self.changed_by(project, lambda workspace: replace(workspace, **change)) == set()

    def test_coordinates_tell_runs_apart(self, workspace):
        run = runs_of_each_kind(workspace)["few-shot"]
        others = [
            replace(run, seed=1),
            replace(run, size=8),
            replace(run, transfer="encoder"),
            replace(run, source=None),
        ]
        assert len({run_fingerprint(workspace, each) for each in [run, *others]}) == 5


class TestRecord:
    def read(self, workspace, run):
        """A run's result, and what stands with its predictions."""
        stem = workspace.runs / run.id
        predictions = gzip.decompress(stem.with_name(f"{run.id}.predictions.json.gz").read_bytes())
        return read_run(stem.with_name(f"{run.id}.json")), json.loads(predictions)

    def test_coordinates_settings_and_surroundings(self, recorded):
        run = runs_of_each_kind(recorded)["few-shot"]
        result, _ = self.read(recorded, run)
        assert result.coordinates == run.coordinates("tiny", "softmax", 1)
        assert result.fingerprint == run_fingerprint(recorded, run)
        assert result.settings["training"] == {**SETTINGS["few_shot"]["training"], "epochs": 1.0}
        assert result.settings["training_seed"] == 1000 and result.settings["encoder"]["name"] == "tiny"
        assert (result.device, result.updates, result.sentences["train"]) == ("cpu", 12, 4)
        assert {"python", "spacy", "torch"} <= set(result.versions)
        assert result.seconds["train"] > 0

    def test_no_path_of_this_machine_is_on_record(self, recorded):
        for path in recorded.runs.glob("*.json"):
            assert str(recorded.corpus.parent) not in path.read_text()

    def test_the_sample_is_the_sentences_that_were_trained_on(self, recorded):
        run = replace(runs_of_each_kind(recorded)["few-shot"], size=8, seed=1)
        _, data = self.read(recorded, run)
        sentences = {
            (document.user_data["id"], number): sentence.text
            for document in read_documents(recorded.part("ru_ehr", "train").path)
            for number, sentence in enumerate(document.sents)
        }
        # What the run's own config reads is what it was trained on.
        config = load_config(recorded.runs / f"{run.id}.cfg").interpolate()
        reader = registry.resolve({"train": config["corpora"]["train"]})["train"]
        drawn = [sentences[tuple(place)] for place in data["sample"]]
        assert drawn == [example.text for example in reader(spacy.blank("xx"))]

    def test_samples_nest_and_are_the_same_for_every_source(self, recorded):
        runs = few_shot_runs(recorded.experiment)
        samples = {(run.seed, run.size): self.read(recorded, run)[1]["sample"] for run in runs}
        assert all(self.read(recorded, run)[1]["sample"] == samples[run.seed, run.size] for run in runs)
        for seed in (0, 1):
            assert samples[seed, 8][:4] == samples[seed, 4] and len(samples[seed, 8]) == 8
        assert samples[0, 8] != samples[1, 8]

    def test_runs_on_whole_parts_have_no_sample(self, recorded):
        for name in ("in-corpus", "zero-shot"):
            result, data = self.read(recorded, runs_of_each_kind(recorded)[name])
            assert data["sample"] == []
        assert result.sentences["train"] == read_manifest(recorded.corpus, "en_ugt").splits["train"].sentences

    def test_predictions_are_those_that_the_scores_count(self, recorded):
        for run in runs_of_each_kind(recorded).values():
            result, data = self.read(recorded, run)
            found = sum(len(prediction["tokens"]) for prediction in data["predictions"])
            micro = result.scores.tokens["micro"]
            assert micro.tp + micro.fp == found
            assert micro.gold == sum(read_manifest(recorded.corpus, "ru_ehr").splits["test"].mentions.kept.values())
        assert found > 0

    def test_few_shot_keeps_no_weights(self, recorded):
        assert len(list(recorded.models().iterdir())) == len(SETTINGS["corpora"])
        assert not list(recorded.metrics.rglob("model*"))


def test_a_config_changed_during_a_run_makes_it_stale(workspace, project):
    run = runs_of_each_kind(workspace)["none"]
    before = run_fingerprint(workspace, run)

    def change(passes):
        path = workspace.recipe.template.path
        path.write_text(path.read_text() + "\n# changed\n")

    result = RunWorker(workspace).do(run, change).result
    assert result.fingerprint == before != run_fingerprint(open_project(project), run)


def test_zero_shot_and_in_corpus_test_the_same_model(workspace):
    runs = runs_of_each_kind(workspace)
    source = next(run for run in in_corpus_runs(workspace.experiment) if run.target == "en_ugt")
    assert model_under_test(workspace.experiment, runs["zero-shot"]) == model_under_test(workspace.experiment, source)
    assert model_under_test(workspace.experiment, runs["few-shot"]) is None


def jobs_of_runs(workspace, runs):
    """What decides the result of each run."""
    return {run: run_job(workspace, run) for run in runs.values()}


def test_costs_are_the_sentences_of_all_updates(workspace, finished_project):
    runs = runs_of_each_kind(workspace)
    # 12 updates of 4 sentences, on 29 sentences one epoch and 4 updates more. A model that is there costs nothing, one
    # that several runs need is trained once.
    assert list(runs) == ["none", "few-shot", "zero-shot", "in-corpus"]
    costs = [task.cost for task in tasks_of(workspace, jobs_of_runs(workspace, runs))]
    none, source, few_shot, zero_shot, target, in_corpus = costs
    assert (source, target) == (45, 45) and none == few_shot == TEST_COST + 48
    assert zero_shot == in_corpus == TEST_COST
    finished = open_project(finished_project)
    tasks = tasks_of(finished, jobs_of_runs(finished, runs))
    assert [task.cost - TEST_COST for task in tasks] == [48, 48, 0, 0]
