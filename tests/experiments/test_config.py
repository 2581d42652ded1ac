"""Test the resolved config: its length of training, its filled-in values, and that spaCy accepts it."""
import math
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.cli.debug_config import debug_config
from spacy.util import registry
from thinc.api import ConfigValidationError

from scripts.base.errors import ProjectError
from scripts.experiments.config import (
    can_fold,
    explain_config_error,
    find_template,
    named_files,
    read_template,
    resolve_config,
)
from scripts.experiments.job import Template, TrainingJob, training_length
from scripts.experiments.models import get_model, model_job
from scripts.experiments.plan import few_shot_runs, source_model
from scripts.experiments.run import run_job
from scripts.experiments.settings import SourceSet, Training
from tests.experiments.tiny import ROOT, open_project

TRAINING = Training(epochs=2, min_updates=0, batch_size=8, learn_rate=1e-4, head_learn_rate=1e-3)


@pytest.fixture()
def jobs(finished_project):
    """RETURNS (dict): A training for each way of transfer, and one on a whole training part."""
    workspace = open_project(finished_project)
    run = few_shot_runs(workspace.experiment)[-1]
    sources = {"none": None, "full": run.source, "encoder": run.source}
    by_transfer = {
        transfer: run_job(workspace, replace(run, transfer=transfer, source=source)).training
        for transfer, source in sources.items()
    }
    together = source_model(workspace.experiment, SourceSet(together=["en_ugt", "ru_ugt"]), 0)
    return {**by_transfer, "whole": model_job(workspace, together)}


class TestLength:
    @pytest.mark.parametrize(
        "n_sentences, changes, updates, epochs, warm_up",
        [
            # 50 sentences are 7 batches of 8.
            (50, {}, 14, 2, 1),
            (50, {"epochs": 1.5}, 10, 2, 1),
            (50, {"min_updates": 40}, 40, 6, 4),
            (200, {"min_updates": 40}, 50, 2, 5),
            (1, {"epochs": 1}, 2, 2, 0),
            (64, {"epochs": 0.25}, 2, 1, 0),
        ],
    )
    def test_length_follows_from_sentences_batches_and_epochs(self, n_sentences, changes, updates, epochs, warm_up):
        length = training_length(n_sentences, TRAINING.model_copy(update=changes))
        assert (length.updates, length.epochs, length.warm_up) == (updates, epochs, warm_up)

    @given(st.integers(1, 500), st.floats(0.1, 10), st.integers(1, 64), st.integers(0, 100))
    def test_epochs_are_as_many_as_the_updates_need(self, n_sentences, epochs, batch_size, min_updates):
        length = training_length(n_sentences, Training(epochs=epochs, batch_size=batch_size, min_updates=min_updates))
        per_epoch = math.ceil(n_sentences / batch_size)
        assert (length.epochs - 1) * per_epoch < length.updates <= length.epochs * per_epoch
        assert length.updates >= max(2, min_updates) and length.warm_up < length.updates


class TestResolving:
    @pytest.mark.parametrize("transfer", ["none", "full", "encoder"])
    def test_a_transfer_names_its_source_in_one_place(self, jobs, transfer):
        source = "training/tiny/source/model-last"
        config = resolve_config(jobs[transfer], Path(source)).interpolate()
        is_sourced = {name: part == {"source": source} for name, part in config["components"].items()}
        assert is_sourced == dict.fromkeys(["transformer", "bio_ner"], transfer == "full")
        expected = f"{source}/transformer/model" if transfer == "encoder" else None
        assert config["initialize"]["init_tok2vec"] == expected

    def test_what_a_run_decides_is_filled_in(self, jobs):
        job = jobs["full"]
        config = resolve_config(job).interpolate()
        assert config["corpora"]["train"]["path"] == [str(part.path) for part in job.train]
        assert (config["corpora"]["train"]["limit"], config["corpora"]["train"]["seed"]) == (8, 1)
        assert config["training"]["seed"] == config["system"]["seed"] == 1001
        assert config["training"]["batcher"]["size"] == 4
        assert config["training"]["max_steps"] == 11
        optimizer = config["training"]["optimizer"]
        schedules = [optimizer["learn_rate"], optimizer["component_rates"]["bio_ner"]]
        assert [schedule["initial_rate"] for schedule in schedules] == [0.005, 0.05]
        assert [(schedule["warmup_steps"], schedule["total_steps"]) for schedule in schedules] == [(1, 12)] * 2

    @pytest.mark.parametrize("lower_case, told", [(None, {}), (False, {"do_lower_case": False})])
    def test_casing_is_the_encoders_own_unless_it_is_said(self, jobs, lower_case, told):
        config = resolve_config(replace(jobs["none"], lower_case=lower_case))
        assert config["components"]["transformer"]["model"]["tokenizer_config"] == {"use_fast": True, **told}

    @pytest.mark.parametrize(("folds", "version"), [(True, "v4"), (None, "v3")])
    def test_capitals_are_folded_if_it_is_said(self, jobs, folds, version):
        model = resolve_config(replace(jobs["none"], fold_capitals=folds))["components"]["transformer"]["model"]
        assert model["@architectures"] == f"interlingual.SentenceTransformer.{version}"
        assert model.get("fold_capitals", False) == bool(folds)

    @pytest.mark.parametrize(("model", "folds"), [("softmax", True), ("softmax_crf", True), ("lstm_crf", False)])
    def test_only_this_projects_encoder_can_fold_capitals(self, model, folds):
        assert can_fold(find_template(Path("configs"), model)) is folds

    @pytest.mark.parametrize("frozen", ["nothing", "word_embeddings", "encoder"])
    def test_freezing_is_filled_in(self, jobs, frozen):
        config = resolve_config(replace(jobs["none"], frozen=frozen))
        assert config["initialize"]["after_init"]["frozen"] == frozen

    def test_the_head_is_seeded_apart_from_any_source(self, jobs):
        assert jobs["encoder"].seed != jobs["whole"].seed

    def test_there_is_no_development_set(self, jobs):
        config = resolve_config(jobs["whole"]).interpolate()
        reader = registry.resolve({"dev": config["corpora"]["dev"]})["dev"]
        assert list(reader(spacy.blank("xx"))) == [] and config["training"]["patience"] == 0

    def test_the_reader_gives_as_many_sentences_as_the_length_is_made_for(self, jobs):
        for job in jobs.values():
            reader = registry.resolve({"train": resolve_config(job).interpolate()["corpora"]["train"]})["train"]
            assert len(list(reader(spacy.blank("xx")))) == job.n_sentences

    @pytest.mark.parametrize("kind", ["none", "full", "encoder", "whole"])
    def test_spacy_finds_nothing_wrong(self, jobs, finished_project, tmp_path, kind, capsys):
        workspace = open_project(finished_project)
        source = get_model(workspace, few_shot_runs(workspace.experiment)[-1].source).pipeline
        resolve_config(jobs[kind], source).to_disk(tmp_path / "run.cfg")
        debug_config(tmp_path / "run.cfg")
        assert "Config is valid" in capsys.readouterr().out


class TestMistakes:
    def broken(self, jobs, tmp_path, old: str, new: str) -> TrainingJob:
        template = jobs["none"].template.path
        text = template.read_text(encoding="utf8")
        assert old in text
        (tmp_path / "broken.cfg").write_text(text.replace(old, new), encoding="utf8")
        return replace(jobs["none"], template=Template(tmp_path / "broken.cfg", ""))

    def test_texts_in_components_that_are_no_files_are_no_mistake(self, tmp_path):
        text = (ROOT / "configs" / "softmax.cfg").read_text("utf8").replace("${paths.train}", "${paths:train}")
        more = f'[components.sentencizer]\nfactory = "sentencizer"\npunct_chars = [".", "/", "../", "{"long/" * 99}"]\n'
        (tmp_path / "own.cfg").write_text(f"{text}\n{more}", "utf8")
        assert read_template(tmp_path / "own.cfg").named_files == "" and named_files(tmp_path / "own.cfg") == []

    @pytest.mark.parametrize(
        "old, new, key",
        [
            ("name = ${paths.encoder}", 'name = "lab/bert"', "components.transformer.model.name"),
            ("path = ${paths.train}", 'path = ["corpus/en_ugt/train.spacy"]', "corpora.train.path"),
            ("seed = ${system.seed}\ngpu", "seed = 0\ngpu", "training.seed"),
            ("tokenizer = ${paths.tokenizer}", 'tokenizer = "corpus/tokenizer"', "initialize.before_init.tokenizer"),
            ("init_tok2vec = ${paths.init_tok2vec}", "init_tok2vec = null", "initialize.init_tok2vec"),
        ],
    )
    def test_a_value_in_the_place_of_what_a_run_fills_in_is_refused(self, tmp_path, old, new, key):
        # All runs would have the same encoder, data, seed, tokenizer or start, whatever their settings say.
        text = (ROOT / "configs" / "softmax.cfg").read_text("utf8")
        assert text.count(old) == 1
        (tmp_path / "bad.cfg").write_text(text.replace(old, new), "utf8")
        with pytest.raises(ProjectError, match=rf"bad.cfg: key '{key}' is .*Write \$\{{.*, which every run fills in"):
            read_template(tmp_path / "bad.cfg")

    @pytest.mark.parametrize(
        "old, new, expected",
        [
            ("[training.batcher]", "[training.batcher", "parsing errors"),
            ("[training.optimizer.component_rates.bio_ner]", "[training.optimizer.component_rates.ner]", "bio_ner"),
            ("[corpora.train]", "[corpora.training]", "train"),
        ],
    )
    def test_a_broken_template_is_told_in_one_line(self, jobs, tmp_path, old, new, expected):
        with pytest.raises(ProjectError, match=f"broken.cfg: .*{expected}") as raised:
            resolve_config(self.broken(jobs, tmp_path, old, new))
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: "",
            lambda text: "Ivanov, MRN 4711\n",
            lambda text: text + text,
            lambda text: "[" * 20,
            lambda text: text.replace("${system.seed}", "${nothing.seed}"),
            lambda text: text.replace("seed = 0", "seed = ${system.seed}", 1),
            lambda text: text.replace("dropout = 0.1", "dropout = -3", 1),
            lambda text: text.replace("dropout = 0.1", "dropout = 7", 1),
            lambda text: text.replace("dropout = 0.1", "dropout = 1.0", 1),
            lambda text: text.replace("dropout = 0.1", 'dropout = "x"', 1),
            lambda text: text.replace("dropout = 0.1", "dropout = NaN", 1),
            lambda text: text.replace("eps = 0.00000001", "eps = Infinity", 1),
            lambda text: text.replace("beta1 = 0.9", "beta1 = -Infinity", 1),
            lambda text: text.replace("weight_decay = 0.01", "weight_decay = 1e999", 1),
        ],
    )
    @pytest.mark.parametrize("model", ["softmax", "transition"])
    def test_a_damaged_config_is_told_in_one_short_line(self, tmp_path, model, change):
        good = (ROOT / "configs" / f"{model}.cfg").read_text(encoding="utf8")
        assert change(good) != good
        (tmp_path / "bad.cfg").write_text(change(good), encoding="utf8")
        with pytest.raises(ProjectError, match="bad.cfg: ") as raised:
            read_template(tmp_path / "bad.cfg")
        assert str(raised.value).isprintable() and len(str(raised.value)) < 600

    @pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
    def test_a_config_that_is_cut_is_told_in_one_short_line(self, tmp_path, share):
        good = (ROOT / "configs" / "softmax.cfg").read_text(encoding="utf8")
        (tmp_path / "cut.cfg").write_text(good[: int(share * len(good))], encoding="utf8")
        with pytest.raises(ProjectError, match="cut.cfg: ") as raised:
            read_template(tmp_path / "cut.cfg")
        assert str(raised.value).isprintable() and len(str(raised.value)) < 600

    def test_an_error_of_spacy_does_not_hold_the_config(self):
        error = ConfigValidationError(
            config={"training": {"patience": "x" * 5000}}, errors=[{"loc": ["patience"], "msg": "no number"}]
        )
        assert explain_config_error(error) == "key 'patience': no number"
        assert len(explain_config_error(ValueError("x" * 5000))) == 300

    def test_an_absent_template_is_told(self, jobs, tmp_path):
        with pytest.raises(ProjectError, match="crf.cfg: no such model config"):
            resolve_config(replace(jobs["none"], template=Template(tmp_path / "crf.cfg", "")))
