"""Test the protocol on the tiny project: sequences, caps, seeds, types, controls, frozen parts and models."""
import json
import shutil
from dataclasses import asdict, replace

import numpy
import pytest
import torch
from spacy.util import load_config, load_config_from_str

from scripts import encoder, errors
from scripts.base.files import hash_data, read_checked_json, read_zipped_json, write_checked_json
from scripts.base.progress import ignore_passes
from scripts.corpora.parts import read_sentences
from scripts.experiments.config import resolve_config
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.experiments.execute_run import RunWorker
from scripts.experiments.models import get_model, model_job
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import Run, source_model
from scripts.experiments.run import run_job
from scripts.experiments.settings import SourceSet
from scripts.experiments.train import train_job
from scripts.reporting.results import read_results
from scripts.results.analysis import read_document_counts, with_analysis
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT
from scripts.results.runs import Ledger, Prediction, read_run
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, write_experiment

SEQUENCE = {"in_sequence": ["en_ugt", "ru_ugt"]}
FEW_UPDATES = {**TRAINING, "min_updates": 4}


def planned_runs(workspace, kind):
    """RETURNS (list[Run]): The runs of a kind."""
    return list(jobs_of(workspace, kind))


def changed(project, **settings):
    """RETURNS (Workspace): The tiny project with other settings."""
    write_experiment(project, {**SETTINGS, **settings})
    return open_project(project)


def few_shot(**settings):
    """RETURNS (dict): One small learning curve."""
    return {**SETTINGS["few_shot"], "sizes": [4], "seeds": [0], "training": FEW_UPDATES, **settings}


def weights_of(nlp):
    """RETURNS (dict): Copies of a pipeline's weights: PyTorch's by name, the head's under `head`."""
    encoder = nlp.get_pipe("transformer").model.transformer.state_dict()
    head = nlp.get_pipe("bio_ner").model.get_ref("output").get_param("W")
    return {name: weight.clone() for name, weight in encoder.items()}, head.copy()


class TestSequence:
    def test_the_next_source_starts_from_the_last_ones_model(self, project):
        workspace = changed(project, few_shot=few_shot(sources=[[], SEQUENCE]))
        run = planned_runs(workspace, FEW_SHOT)[1]
        assert run.sources == ("en_ugt", "ru_ugt") and run.in_sequence
        assert "from-en_ugt-then-ru_ugt" in run.id
        before = get_model(workspace, run.source.before)
        config = resolve_config(model_job(workspace, run.source), before.pipeline)
        assert config["paths"]["source"] == str(before.pipeline)
        assert config["paths"]["train"] == [str(workspace.part("ru_ugt", "train").path)]
        result = RunWorker(workspace).do(run, ignore_passes).result
        updates = model_job(workspace, run.source).updates_in_all
        assert result.coordinates.in_sequence and result.source_updates == updates == 24

    def test_another_order_is_another_model(self, workspace):
        sets = [SourceSet(in_sequence=names) for names in (["en_ugt", "ru_ugt"], ["ru_ugt", "en_ugt"])]
        sets.append(SourceSet(together=["en_ugt", "ru_ugt"]))
        assert len({source_model(workspace.experiment, one, 0).name for one in sets}) == 3


class TestPretraining:
    def test_a_source_is_capped_over_all_its_corpora(self, project):
        pretraining = {"seeds": [0], "training": TRAINING, "max_sentences": 7}
        workspace = changed(project, pretraining=pretraining, few_shot=few_shot(sources=[["en_ugt", "ru_ugt"]]))
        model = planned_runs(workspace, FEW_SHOT)[0].source
        assert model_job(workspace, model).n_sentences == 7
        assert load_config(get_model(workspace, model).config)["corpora"]["train"]["limit"] == 7

    def test_each_few_shot_seed_takes_its_turn_among_the_source_seeds(self, project):
        pretraining = {"seeds": [5, 6], "training": TRAINING}
        sources = [["en_ugt"]]
        workspace = changed(project, pretraining=pretraining, few_shot=few_shot(sources=sources, seeds=[0, 1, 2]))
        assert [(run.seed, run.source.seed) for run in planned_runs(workspace, FEW_SHOT)] == [(0, 5), (1, 6), (2, 5)]
        assert {run.source.seed for run in planned_runs(workspace, ZERO_SHOT)} == {5, 6}

    def test_the_seed_of_the_command_line_shifts_them_too(self, project):
        changed(project, pretraining={"seeds": [5], "training": TRAINING})
        assert open_project(project, seed=10).experiment.pretraining.seeds == [15]


class TestControls:
    def test_a_control_has_as_many_updates_in_all_as_a_run_with_a_source(self, project):
        settings = few_shot(sources=[[], ["en_ugt"], SEQUENCE], sizes=[4, 8], compute_matched=[4])
        workspace = changed(project, few_shot=settings)
        results = execute_kind(workspace, FEW_SHOT)
        totals = {result.run: result.updates + result.source_updates for result in results}
        with_source = {totals[result.run] for result in results if result.coordinates.sources}
        controls = [result for result in results if result.coordinates.extra_updates]
        assert {totals[result.run] for result in controls} == with_source == {4 + 12, 4 + 24}
        assert all(result.coordinates.size == 4 and result.coordinates.transfer == "none" for result in controls)
        config = load_config(workspace.runs / f"{controls[0].run}.cfg")
        assert config["training"]["optimizer"]["learn_rate"]["total_steps"] == controls[0].updates

    def test_sources_of_one_length_share_a_control(self, project):
        settings = few_shot(sources=[[], ["en_ugt"], ["ru_ugt"]], compute_matched=[4])
        runs = planned_runs(changed(project, few_shot=settings), FEW_SHOT)
        assert [run.extra_updates for run in runs if run.extra_updates] == [12]


class TestForgetting:
    def test_sources_are_tested_before_and_after(self, project):
        curve = few_shot(sources=[[], ["en_ugt"]], source_tests=[4])
        workspace = changed(project, few_shot=curve, zero_shot=["ru_ehr"])
        before = next(run for run in execute_kind(workspace, ZERO_SHOT) if run.coordinates.sources == ("en_ugt",))
        none, after = execute_kind(workspace, FEW_SHOT)
        assert none.source_tests == {}
        for result in (before, after):
            assert set(result.source_tests) == {"en_ugt"} and "micro" in result.source_tests["en_ugt"]
        in_corpus = next(run for run in execute_kind(workspace, IN_CORPUS) if run.coordinates.target == "en_ugt")
        assert before.source_tests["en_ugt"] == in_corpus.scores.tokens

    def test_zero_shot_looks_at_the_first_sentences_of_the_training_part_only(self, project):
        workspace = changed(project, zero_shot=["ru_ehr"])
        run = planned_runs(workspace, ZERO_SHOT)[0]
        result = RunWorker(workspace).do(run, ignore_passes).result
        sentences = read_sentences([str(workspace.part("ru_ehr", "train").path)])
        assert len(sentences) < 50
        assert result.first_sentences["micro"].gold == sum(len(sentence.mentions) for sentence in sentences)


@pytest.fixture(scope="module")
def finished(made_project, tmp_path_factory):
    """RETURNS (Workspace): The tiny project after training a model for each type."""
    root = shutil.copytree(made_project, tmp_path_factory.mktemp("per_type") / "project")
    workspace = changed(root, types="per_type", few_shot=few_shot(sources=[[], ["en_ugt"]], compute_matched=[4]))
    for kind in (IN_CORPUS, FEW_SHOT):
        execute_kind(workspace, kind)
    return workspace


class TestPerType:
    def test_a_model_of_one_type_knows_that_type_only(self, finished):
        run = next(run for run in planned_runs(finished, FEW_SHOT) if run.source)
        assert run.entity_type == run.source.entity_type == "Drug"
        result = read_run(finished.runs / f"{run.id}.json")
        assert set(result.scores.tokens) == {"Drug", "micro"}
        config = resolve_config(run_job(finished, run).training, get_model(finished, run.source).pipeline)
        assert config["corpora"]["train"]["entity_types"] == ["Drug"]
        assert config["initialize"]["components"]["bio_ner"]["labels"] == ["Drug"]

    def test_a_report_reads_the_types_together(self, finished):
        results = read_results(finished.metrics, finished.name)
        full = results.of("in-corpus", target="en_ugt")
        assert len(full) == 1 and set(full[0].scores.tokens) == {"Disease", "Drug", "micro"}
        assert full[0].scores.tokens["micro"].gold == sum(full[0].scores.tokens[t].gold for t in ("Disease", "Drug"))
        assert results.missing("few-shot") == results.missing("in-corpus") == []
        pretrained = next(run for run in results.of("few-shot") if run.coordinates.sources)
        control = next(run for run in results.of("few-shot") if run.coordinates.extra_updates)
        assert control.coordinates.extra_updates == pretrained.source_updates
        counts = results.document_counts(pretrained)
        assert numpy.array_equal(counts.counts["micro"], counts.counts["Drug"] + counts.counts["Disease"])

    def test_a_type_that_is_missing_makes_the_run_missing(self, finished):
        path = next(finished.runs.glob("in-corpus.en_ugt.type-Drug*.json"))
        text = path.read_text()
        path.unlink()
        try:
            assert len(read_results(finished.metrics, finished.name).missing("in-corpus")) == 1
        finally:
            path.write_text(text)


class TestFrozen:
    @pytest.mark.parametrize("frozen", ["nothing", "word_embeddings", "encoder"])
    def test_what_is_frozen_stays_as_it_is(self, project, frozen):
        workspace = changed(project, frozen=frozen, few_shot=few_shot(sources=[[]]))
        job = run_job(workspace, planned_runs(workspace, FEW_SHOT)[0]).training
        starts = []

        class Watched(PipelineCache):
            def get(self, config, gpu_id):
                nlp = super().get(config, gpu_id)
                starts.append(weights_of(nlp))
                return nlp

        trained = train_job(job, None, -1, Watched()).nlp
        (before, head_before), (after, head_after) = starts[0], weights_of(trained)
        moved = {name for name in before if not torch.equal(before[name], after[name])}
        embeddings = "embeddings.word_embeddings.weight"
        assert not numpy.array_equal(head_before, head_after)
        assert (embeddings in moved) == (frozen == "nothing")
        assert bool(moved - {embeddings}) == (frozen != "encoder")


class TestBaselines:
    BASELINES = {
        "lstm_crf": {"config": "lstm_crf", "training": TRAINING},
        "transition": {"config": "transition", "corpora": ["en_ugt"]},
        "softmax_crf": {"config": "softmax_crf", "corpora": ["en_ugt"]},
    }

    def test_every_baseline_is_trained_and_tested_beside_the_own_model(self, project, monkeypatch):
        monkeypatch.chdir(ROOT)
        workspace = changed(project, baselines=self.BASELINES)
        results = execute_kind(workspace, IN_CORPUS)
        tested = {(run.coordinates.model, run.coordinates.target) for run in results}
        assert tested == {
            *(("softmax", name) for name in SETTINGS["corpora"]),
            *(("lstm_crf", name) for name in SETTINGS["corpora"]),
            ("transition", "en_ugt"),
            ("softmax_crf", "en_ugt"),
        }
        folders = {path.name for path in (workspace.training / "tiny").iterdir()}
        assert folders == {"softmax", *self.BASELINES}
        predictions = read_zipped_json(workspace.runs / "in-corpus.transition.en_ugt.seed-0.predictions.json.gz")
        assert all(found["confidences"] == [] for found in predictions["predictions"])

    def test_the_encoders_that_an_experiment_names_are_fetched_for_it(self, project, tiny_encoder, tmp_path):
        other = shutil.copytree(tiny_encoder, tmp_path / "other")
        (other / "note.txt").write_text("not the same files", encoding="utf8")
        baselines = {"biobert": {"config": "softmax", "encoder": str(other), "corpora": ["en_ugt"]}}
        write_experiment(project, {**SETTINGS, "encoder": str(tiny_encoder), "baselines": baselines})
        encoder.main("experiment", "tiny", project / "configs", project / "training", tmp_path)
        workspace = open_project(project)
        recipes = workspace.recipe_of(None), workspace.recipe_of("biobert")
        assert [recipe.encoder.path for recipe in recipes] == [tiny_encoder, other]
        run = next(run for run in planned_runs(workspace, IN_CORPUS) if run.baseline)
        done = RunWorker(workspace).do(run, ignore_passes)
        assert done.result.settings["encoder"]["name"] == str(other)
        config = load_config_from_str(done.config)
        assert config["paths"]["encoder"] == str(other)

    def test_a_baselines_own_encoder_is_asked_for(self, project):
        write_experiment(project, {**SETTINGS, "baselines": {"biobert": {"config": "softmax", "encoder": "some/name"}}})
        with pytest.raises(Exception, match="no record of encoder 'some/name'. Run `weasel run encoder` first"):
            open_project(project)


class TestAnalysis:
    def test_errors_and_documents_add_up_to_the_scores(self, finished_project):
        workspace = open_project(finished_project)
        results = read_results(workspace.metrics, workspace.name)
        for run in results.runs:
            counts = results.document_counts(run)
            for name in ("Drug", "Disease"):
                score, kinds = run.scores.tokens[name], run.errors[name].kinds
                assert counts.counts[name].sum(axis=0).tolist() == [score.tp, score.fp, score.fn]
                assert kinds["correct"] == score.tp
                assert sum(kinds.values()) - kinds["spurious"] == score.gold
                seen, unseen = run.errors[name].seen, run.errors[name].unseen
                assert seen.total + unseen.total == score.gold and seen.found + unseen.found == score.tp
            assert run.matches["strict"]["micro"].f1 == pytest.approx(run.scores.tokens["micro"].f1)

    def test_an_older_analysis_is_not_read_and_is_made_anew(self, finished_project, tmp_path):
        root = shutil.copytree(finished_project, tmp_path / "project")
        workspace = open_project(root)
        run = planned_runs(workspace, IN_CORPUS)[0]
        path = root / "metrics" / "tiny" / "analysis" / f"{run.id}.json.gz"
        kept = path.read_bytes()
        record = workspace.runs / f"{run.id}.json"
        data = read_checked_json(record)
        write_checked_json(record, {**data, "fingerprint": "other"})
        assert read_document_counts(workspace.runs, read_run(record)) is None
        write_checked_json(record, data)
        path.unlink()
        execute_kind(workspace, IN_CORPUS)
        assert path.read_bytes() == kept

    def test_one_of_other_predictions_is_not_read_and_is_made_anew(self, finished_project, tmp_path):
        workspace = open_project(shutil.copytree(finished_project, tmp_path / "project"))
        run, ledger = planned_runs(workspace, IN_CORPUS)[0], Ledger(workspace.runs)
        result, before = ledger.read(run.id), ledger.predictions(run.id)
        assert read_document_counts(workspace.runs, result).counts["micro"][:, 0].sum() > 0
        # As if the same run had come from a machine where it found nothing.
        nothing = [Prediction(one["document"], (), (), ()) for one in before]
        result = replace(result, predictions=hash_data([asdict(one) for one in nothing]))
        ledger.write(result, "", [], nothing)
        assert read_document_counts(workspace.runs, result) is None
        assert with_analysis(workspace.runs, result) == result
        execute_kind(workspace, IN_CORPUS)
        assert read_document_counts(workspace.runs, result).counts["micro"][:, 0].sum() == 0

    def test_it_holds_no_text(self, finished_project):
        for path in (finished_project / "metrics" / "tiny" / "analysis").iterdir():
            text = json.dumps(read_zipped_json(path), ensure_ascii=False).casefold()
            assert "aspirin" not in text and "аспирин" not in text and "headache" not in text


    def test_errors_are_shown_in_their_sentences_and_nothing_is_written(self, finished_project, tmp_path, capsys):
        root = shutil.copytree(finished_project, tmp_path / "project")
        before = sorted(root.rglob("*"))
        errors.main("tiny", *(root / name for name in ("configs", "corpus", "training", "metrics")))
        screen = capsys.readouterr().out
        assert "Errors on ru_ehr" in screen and "Errors by kind" in screen
        assert any(f"[{word}" in screen or f"<{word}" in screen for word in ("ибупрофен", "сыпь", "болях", "аспирин"))
        assert sorted(root.rglob("*")) == before


def test_a_run_knows_its_place():
    run = Run(FEW_SHOT, "ru_ehr", 1, None, "none", 50, extra_updates=12, entity_type="Drug")
    assert run.id == "few-shot.ru_ehr.from-none.none.size-50.extra-12.type-Drug.seed-1"
    coordinates = run.coordinates("tiny", "softmax", 1)
    assert (coordinates.extra_updates, coordinates.entity_type, coordinates.in_sequence) == (12, "Drug", False)
