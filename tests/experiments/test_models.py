"""Test saved models: reused until something that determines them changes, and complete or absent."""
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
import torch
from spacy_transformers import Transformer

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json, write_json
from scripts.corpora.duplicates import SHORTEST, normal_form
from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import read_documents, read_sentences
from scripts.experiments import models as module
from scripts.experiments import train
from scripts.experiments.config import resolve_config
from scripts.experiments.models import find_model, get_model, model_folder, model_job
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import SourceModel, few_shot_runs, shipped_model, source_model
from scripts.experiments.run import run_job
from scripts.experiments.score import predict
from scripts.experiments.settings import SourceSet
from scripts.shipping.raw_text import find_source
from tests.experiments.tiny import EXPERIMENT, SETTINGS, change_data, open_project, replace_part, write_experiment


@pytest.fixture()
def model(workspace):
    """RETURNS (SourceModel): A model on one corpus."""
    return source_model(workspace.experiment, SourceSet(together=["en_ugt"]), 0)


def model_fingerprint(workspace, model):
    """The fingerprint of a model's training."""
    return model_job(workspace, model).fingerprint


def changed_template(workspace, project):
    """The workspace after an edit of the model's config."""
    path = workspace.recipe.template.path
    path.write_text(path.read_text() + "\n# changed\n")
    return open_project(project)


def kill(*arguments):
    """Stands for a training that does not come to its end."""
    raise KeyboardInterrupt


def put_anothers_weights(other: Path, pipeline: Path) -> None:
    for path in other.rglob("*"):
        if path.is_file() and path.name in ("model", "weights.pt"):
            shutil.copyfile(path, pipeline / path.relative_to(other))


def lose_a_file(other: Path, pipeline: Path) -> None:
    (pipeline / "vocab" / "strings.json").unlink()


def change_the_config(other: Path, pipeline: Path) -> None:
    (pipeline.parent / "config.cfg").write_bytes("[training]".encode("utf-16"))


class TestKeeping:
    def test_a_model_is_trained_once(self, workspace, model, monkeypatch):
        kept = get_model(workspace, model)
        monkeypatch.setattr(train, "train_job", kill)
        assert get_model(workspace, model) == kept == find_model(workspace, model)
        assert kept.folder == model_folder(workspace, model) and (kept.updates, kept.sentences) == (12, 29)
        assert spacy.load(kept.pipeline).pipe_names == ["transformer", "bio_ner"]
        assert kept.config.is_file()

    @pytest.mark.parametrize("threads", [1, 3])
    def test_whoever_trains_does_it_in_the_threads_of_the_fingerprint(self, project, model, threads, monkeypatch):
        before, seen = torch.get_num_threads(), []
        train_job = train.train_job
        monkeypatch.setattr(train, "train_job", lambda *args: seen.append(torch.get_num_threads()) or train_job(*args))
        torch.set_num_threads(2)
        try:
            get_model(open_project(project, threads=threads), model)
        finally:
            torch.set_num_threads(before)
        assert seen == [threads]

    def test_a_killed_training_leaves_nothing_and_the_older_model_stands(self, workspace, project, model, monkeypatch):
        kept = get_model(workspace, model)
        before = sorted(workspace.training.rglob("*"))
        workspace = changed_template(workspace, project)
        monkeypatch.setattr(train, "train_job", kill)
        assert find_model(workspace, model) is None
        with pytest.raises(KeyboardInterrupt):
            get_model(workspace, model)
        assert sorted(workspace.training.rglob("*")) == before
        assert spacy.load(kept.pipeline)

    def test_a_config_changed_during_the_training_makes_the_model_stale(self, workspace, project, model):
        get_model(workspace, model, lambda passes: changed_template(workspace, project))
        assert find_model(workspace, model) and find_model(open_project(project), model) is None

    @pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"fingerprint": 1, "more": 2}'])
    def test_a_damaged_record_is_no_model(self, workspace, model, record):
        folder = model_folder(workspace, model)
        folder.mkdir(parents=True)
        (folder / "model.json").write_text(record)
        assert find_model(workspace, model) is None

    @pytest.mark.parametrize("damage", [put_anothers_weights, lose_a_file, change_the_config])
    def test_a_model_whose_files_are_not_those_that_were_saved_is_trained_again(
        self, finished_project, tmp_path, monkeypatch, damage
    ):
        workspace = open_project(shutil.copytree(finished_project, tmp_path / "project"))
        models = [source_model(workspace.experiment, SourceSet(together=[name]), 0) for name in ("en_ugt", "ru_ugt")]
        damage(*(model_folder(workspace, one) / "model-last" for one in models))
        assert find_model(workspace, models[0]) and find_model(workspace, models[1]) is None
        monkeypatch.setattr(train, "train_job", kill)
        with pytest.raises(KeyboardInterrupt):
            get_model(workspace, models[1])

    @pytest.mark.parametrize("damage", [put_anothers_weights, lose_a_file, change_the_config])
    def test_a_damaged_one_is_not_used_by_its_folder_either(self, finished_project, tmp_path, damage):
        workspace = open_project(shutil.copytree(finished_project, tmp_path / "project"))
        models = [source_model(workspace.experiment, SourceSet(together=[name]), 0) for name in ("en_ugt", "ru_ugt")]
        good, bad = (model_folder(workspace, one) / "model-last" for one in models)
        damage(good, bad)
        settings = EXPERIMENT, *([tmp_path] * 4), 0, 1, -1, "offline"
        # What systems put into a folder that somebody opens.
        good.with_name(".DS_Store").write_bytes(b"")
        assert find_source(str(good), *settings).folder == good
        with pytest.raises(ProjectError, match="model-last: the pipeline is damaged.*train it again"):
            find_source(str(bad), *settings)
        assert find_source(str(shutil.copytree(bad, tmp_path / "edited")), *settings)

    def test_a_model_is_read_once_to_check_it(self, finished_project, tmp_path, monkeypatch):
        workspace = open_project(shutil.copytree(finished_project, tmp_path / "project"))
        read: list[Path] = []
        hash_files = module.hash_files
        monkeypatch.setattr(module, "hash_files", lambda paths, root: read.append(root) or hash_files(paths, root))
        wanted = source_model(workspace.experiment, SourceSet(together=["ru_ugt"]), 0)
        assert all(find_model(workspace, wanted) for _ in range(3)) and len(read) == 1

    def test_a_model_of_a_version_without_hashes_is_kept(self, finished_project, tmp_path):
        workspace = open_project(shutil.copytree(finished_project, tmp_path / "project"))
        wanted = source_model(workspace.experiment, SourceSet(together=["ru_ugt"]), 0)
        path = model_folder(workspace, wanted) / "model.json"
        record = read_checked_json(path)
        assert record.pop("sha256")
        write_json(path, record)
        assert find_model(workspace, wanted).sha256 == ""

    def test_what_a_kill_left_is_no_model(self, workspace, model):
        folder = model_folder(workspace, model)
        (folder.parent / f".{folder.name}.x1.part").mkdir(parents=True)
        assert find_model(workspace, model) is None

    def test_models_of_other_settings_stand_side_by_side(self, workspace, model):
        other = replace(model, training=model.training.model_copy(update={"epochs": 2.0}))
        folders = {model_folder(workspace, each) for each in (model, other, replace(model, seed=5))}
        assert len(folders) == 3

    def test_finished_models_are_found_wherever_the_project_is(self, finished_project):
        workspace = open_project(finished_project)
        for name in SETTINGS["corpora"]:
            assert find_model(workspace, source_model(workspace.experiment, SourceSet(together=[name]), 0))
        assert find_model(workspace, shipped_model(workspace.experiment)) is None


class TestFingerprint:
    def changed(self, project, **changes):
        """The workspace after a change of the experiment file."""
        write_experiment(project, {**SETTINGS, **changes})
        return open_project(project)

    @pytest.mark.parametrize(
        "change",
        [
            lambda model: replace(model, seed=1),
            lambda model: replace(model, corpora=("ru_ugt",)),
            lambda model: replace(model, corpora=("en_ugt", "ru_ugt")),
            lambda model: replace(model, training=model.training.model_copy(update={"learn_rate": 1.0})),
            lambda model: replace(model, training=model.training.model_copy(update={"min_updates": 1})),
        ],
    )
    def test_another_model_has_another(self, workspace, model, change):
        assert model_fingerprint(workspace, change(model)) != model_fingerprint(workspace, model)

    def test_what_decides_the_weights_changes_it(self, workspace, model, project):
        seen = [model_fingerprint(workspace, model)]
        other_encoder = replace(workspace.recipe.encoder, sha256="other")
        for other in (
            self.changed(project, frozen="nothing"),
            self.changed(project, drop_shared_sentences=["exact"]),
            self.changed(project, drop_shared_sentences=["exact", "near"]),
            replace(workspace, recipe=replace(workspace.recipe, encoder=other_encoder)),
        ):
            seen.append(model_fingerprint(other, model))
        self.changed(project)
        change_data(workspace, "en_ugt", "train")
        seen.append(model_fingerprint(open_project(project), model))
        seen.append(model_fingerprint(changed_template(workspace, project), model))
        assert len(set(seen)) == len(seen) == 7

    def test_what_does_not_decide_them_does_not(self, workspace, model, project, tmp_path):
        expected = model_fingerprint(workspace, model)
        moved = replace(workspace.recipe.encoder, path=tmp_path, name="other")
        others = [
            replace(workspace, metrics=tmp_path, training=tmp_path, name="other"),
            replace(workspace, recipe=replace(workspace.recipe, encoder=moved)),
            self.changed(project, zero_shot=["ru_ehr"], few_shot=None, ship={"seed": 9}),
        ]
        change_data(workspace, "ru_ehr", "train")
        change_data(workspace, "en_ugt", "test")
        others.append(open_project(project))
        assert [model_fingerprint(other, model) for other in others] == [expected] * 4

    def test_sentences_left_out_of_training_count(self, workspace, model, project):
        dropping = self.changed(project, drop_shared_sentences=["exact"])
        before = model_fingerprint(dropping, model)
        change_data(workspace, "en_ugt", "test")
        assert model_fingerprint(open_project(project), model) == before
        change_data(workspace, "ru_ehr", "test")
        assert model_fingerprint(open_project(project), model) != before


class TestSharedSentences:
    @pytest.fixture()
    def shared(self, project, workspace):
        """RETURNS (set[str]): Sentences of the test part of ru_ehr, put into the training part of en_ugt."""
        (document, *_) = read_documents(workspace.part("ru_ehr", "test").path)
        train = read_documents(workspace.part("en_ugt", "train").path)
        replace_part(workspace, "en_ugt", "train", [*train, document])
        forms = {normal_form(sentence.text) for sentence in document.sents}
        return {form for form in forms if len(form.split()) >= SHORTEST}

    def trained_on(self, workspace):
        """How many sentences the model's length is made for, and those that its reader gives."""
        job = model_job(workspace, SourceModel(("en_ugt",), 0, workspace.experiment.in_corpus.training))
        config = resolve_config(job).interpolate()
        reader = spacy.util.registry.resolve({"train": config["corpora"]["train"]})["train"]
        return job.n_sentences, [normal_form(example.reference.text) for example in reader(spacy.blank("xx"))]

    def test_they_are_trained_on_unless_the_experiment_says_no(self, project, workspace, shared):
        n_sentences, texts = self.trained_on(open_project(project))
        assert shared <= set(texts) and n_sentences == len(texts)

    def test_they_are_dropped_where_it_does(self, project, shared):
        write_experiment(project, {**SETTINGS, "drop_shared_sentences": ["exact"]})
        workspace = open_project(project)
        n_sentences, texts = self.trained_on(workspace)
        assert not shared & set(texts) and n_sentences == len(texts)
        own = {normal_form(s.text) for s in read_sentences([str(workspace.part("en_ugt", "train").path)])} - shared
        assert set(texts) == own

    def test_a_model_keeps_what_stands_in_its_own_test_part(self, project, workspace):
        path = workspace.part("en_ugt", "train").path
        documents = read_documents(workspace.part("en_ugt", "test").path)
        assert {normal_form(s.text) for d in documents for s in d.sents} & {
            normal_form(s.text) for s in read_sentences([str(path)])
        }
        write_experiment(project, {**SETTINGS, "drop_shared_sentences": ["exact"]})
        assert self.trained_on(open_project(project))[0] == workspace.part("en_ugt", "train").sentences


def test_the_record_tells_how_the_model_was_made(finished_project):
    workspace = open_project(finished_project)
    model = source_model(workspace.experiment, SourceSet(together=["ru_ugt"]), 0)
    kept = find_model(workspace, model)
    record = json.loads((kept.folder / "model.json").read_text())
    assert record["fingerprint"] == model_fingerprint(workspace, model)
    assert record["sentences"] == read_manifest(workspace.corpus, "ru_ugt").splits["train"].sentences
    assert record["seconds"] > 0


def in_the_old_form(pipeline: Path, folder: Path) -> Path:
    """A pipeline as it was kept before, by spaCy's own component: the weights in `transformer/model`."""
    shutil.copytree(pipeline, folder)
    shutil.rmtree(folder / "transformer")
    (folder / "transformer").mkdir()
    Transformer.to_disk(spacy.load(pipeline).get_pipe("transformer"), folder / "transformer")
    config = (folder / "config.cfg").read_text()
    (folder / "config.cfg").write_text(config.replace('factory = "mapped_transformer"', 'factory = "transformer"'))
    return folder


def weights(pipeline):
    """The encoder's weights by name."""
    return pipeline.get_pipe("transformer").model.transformer.state_dict()


class TestForm:
    """How a kept model lies on disk."""

    @pytest.mark.skipif(sys.platform != "linux", reason="reads how Linux describes a process")
    def test_it_is_loaded_without_being_copied(self, workspace, model):
        kept = get_model(workspace, model)
        nlp = spacy.load(kept.pipeline)
        lines = [line.split() for line in open("/proc/self/maps") if str(kept.pipeline.resolve()) in line]
        ranges = [tuple(int(end, 16) for end in line[0].split("-")) for line in lines]
        for weight in weights(nlp).values():
            assert any(start <= weight.data_ptr() < end for start, end in ranges)

    def test_one_of_the_old_form_is_the_same_model(self, workspace, model, tmp_path):
        kept = get_model(workspace, model)
        old, new = spacy.load(in_the_old_form(kept.pipeline, tmp_path / "old")), spacy.load(kept.pipeline)
        assert (tmp_path / "old" / "transformer" / "model").stat().st_size > sum(
            weight.nbytes for weight in weights(old).values()
        )
        assert weights(old).keys() == weights(new).keys()
        assert all(torch.equal(weight, weights(new)[name]) for name, weight in weights(old).items())
        documents = read_documents(workspace.part("ru_ugt", "test").path)
        assert list(predict(old, documents)) == list(predict(new, documents))

    @pytest.mark.parametrize("transfer", ["full", "encoder"])
    def test_a_training_from_the_old_form_is_that_from_the_new_one(self, workspace, transfer, tmp_path):
        run = next(run for run in few_shot_runs(workspace.experiment) if run.source)
        kept = get_model(workspace, run.source)
        job = run_job(workspace, replace(run, transfer=transfer)).training
        trained = [
            train.train_job(job, place, -1, PipelineCache()).nlp
            for place in (kept.pipeline, in_the_old_form(kept.pipeline, tmp_path / "old"))
        ]
        assert all(torch.equal(weight, weights(trained[1])[name]) for name, weight in weights(trained[0]).items())
        documents = read_documents(workspace.part("ru_ugt", "test").path)
        assert len({tuple(predict(nlp, documents)) for nlp in trained}) == 1
