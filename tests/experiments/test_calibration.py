"""Test the calibration of the shipped pipeline: on documents that the second training hasn't seen, and only once."""
import gc
import weakref
from dataclasses import asdict, replace

import numpy
import pytest
import spacy
import srsly

from scripts.base.errors import ProjectError
from scripts.base.files import hash_files, write_checked_json, write_json
from scripts.corpora.copies import fold_text
from scripts.corpora.parts import read_documents
from scripts.evaluation.calibration import BetaCalibration, JudgedMention
from scripts.experiments import calibration, second_training
from scripts.experiments.calibration import (
    calibration_job,
    can_calibrate,
    corrected,
    fit,
    get_calibration,
    measure,
    second_training_tasks,
)
from scripts.experiments.current import read_current_state
from scripts.experiments.estimate import estimate
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.experiments.executors.local import Local
from scripts.experiments.models import get_model, model_job
from scripts.experiments.plan import shipped_model
from scripts.experiments.second_training import (
    HELD_OUT,
    deal,
    find_held_out,
    held_out_file,
    judge_raw_text,
    second_job,
    with_splitter,
)
from scripts.experiments.work import tasks_of
from scripts.ner.rounding import round_encoder
from scripts.results.calibration import (
    Calibration,
    calibration_file,
    describe_calibration,
    find_calibration,
    find_current_calibration,
)
from scripts.results.kinds import SHIPPED
from scripts.shipping.raw_text import shipped_source
from tests.experiments.tiny import (
    CORPORA,
    EXPERIMENT,
    SETTINGS,
    change_data,
    open_project,
    replace_part,
    single_sentences,
    write_experiment,
)


def cut_in_half(file):
    file.write_bytes(file.read_bytes()[:100])


def put_a_folder(file):
    file.unlink()
    file.mkdir()


def lead_nowhere(file):
    file.unlink()
    file.symlink_to(file.with_name("nowhere"))


def texts_of(documents):
    return {fold_text(document.text) for document in documents}


def seen_by(job):
    """The texts of all documents that a training and those that it starts from have read."""
    own = {text for part in job.train for text in texts_of(read_documents(part.path))}
    return own | (seen_by(job.source) if job.source else set())


def ship(project, **settings):
    write_experiment(project, {**SETTINGS, "ship": {**SETTINGS["ship"], **settings}})
    return open_project(project)


@pytest.fixture()
def trainings(monkeypatch):
    """RETURNS (list[TrainingJob]): The second trainings that are carried out."""
    jobs = []
    train = second_training._train

    def note(workspace, job, on_passes):
        jobs.append(job)
        return train(workspace, job, on_passes)

    monkeypatch.setattr(second_training, "_train", note)
    return jobs


class TestDealing:
    def test_the_second_training_has_seen_none_of_the_documents(self, workspace):
        job = calibration_job(workspace)
        dealt = deal(workspace, job.second)
        second, held_out = second_job(job.second, dealt), [doc for there in dealt.held_out.values() for doc in there]
        assert set(dealt.held_out) == set(CORPORA) and all(dealt.held_out.values())
        assert not seen_by(second) & texts_of(held_out)
        assert seen_by(second) | texts_of(held_out) == seen_by(job.model)
        share = len(held_out) / sum(len(read_documents(part.path)) for part in job.model.train)
        assert share == pytest.approx(HELD_OUT, abs=0.1)
        # All else is as in the training of what is shipped.
        names = ("template", "encoder", "entity_types", "training", "seed", "frozen", "limit", "sample_seed", "threads")
        assert all(getattr(second, name) == getattr(job.model, name) for name in names)

    def test_a_repeated_corpus_is_repeated_without_the_held_out_documents(self, project):
        write_experiment(project, {**SETTINGS, "ship": {"repeat": {"ru_ehr": 2}}})
        workspace = open_project(project)
        job = calibration_job(workspace).second
        dealt = deal(workspace, job)
        names = [part.path.stem for part in second_job(job, dealt).train]
        assert names == [part.path.parent.name for part in job.model.train] and names.count("ru_ehr") == 2
        # However often a document is read in training, it is only predicted once.
        write_experiment(project, SETTINGS)
        assert job.tested == calibration_job(open_project(project)).second.tested
        assert dealt.held_out["ru_ehr"] and not seen_by(second_job(job, dealt)) & texts_of(dealt.held_out["ru_ehr"])

    def test_a_copy_in_another_corpus_that_is_trained_on_is_not_held_out(self, workspace, project):
        job = calibration_job(workspace)
        held_out = deal(workspace, job.second).held_out["en_ugt"]
        others = read_documents(workspace.part("ru_ugt", "train").path)
        kept = deal(workspace, job.second).train[1]
        place = [doc.user_data["id"] for doc in read_documents(kept.path)][0]
        copy = held_out[0].copy()
        copy.user_data["id"] = place
        documents = [copy if document.user_data["id"] == place else document for document in others]
        replace_part(workspace, "ru_ugt", "train", documents)
        again = open_project(project)
        job = calibration_job(again)
        dealt = deal(again, job.second)
        assert fold_text(copy.text) in seen_by(second_job(job.second, dealt))
        assert fold_text(copy.text) not in texts_of(dealt.held_out["en_ugt"])

    def test_documents_that_a_source_was_trained_on_are_not_held_out(self, project):
        documents = read_documents(open_project(project).part("ru_ehr", "train").path)
        replace_part(open_project(project), "en_ugt", "train", documents)
        workspace = ship(project, target="ru_ehr", source=["en_ugt"], size=8)
        dealt = deal(workspace, calibration_job(workspace).second)
        assert dealt.held_out == {"ru_ehr": []}

    def test_a_part_that_has_changed_since_the_command_started_is_an_error(self, workspace):
        job = calibration_job(workspace).second
        change_data(workspace, "ru_ehr", "train")
        with pytest.raises(ProjectError, match="ru_ehr"):
            deal(workspace, job)
        assert not held_out_file(workspace).parent.exists()

    def test_a_corpus_of_one_document_is_kept(self, workspace, project):
        first = read_documents(workspace.part("ru_ehr", "train").path)[:1]
        replace_part(workspace, "ru_ehr", "train", first)
        again = open_project(project)
        dealt = deal(again, calibration_job(again).second)
        assert dealt.held_out["ru_ehr"] == [] and dealt.held_out["en_ugt"]

    def test_neighbors_in_a_corpus_of_sentences_are_held_out_together(self, workspace, project):
        first = read_documents(workspace.part("ru_ehr", "train").path)[0]
        replace_part(workspace, "ru_ehr", "train", single_sentences(first, 60))
        again = open_project(project)
        held_out = deal(again, calibration_job(again).second).held_out["ru_ehr"]
        assert len(held_out) == 12 and len({int(doc.user_data["id"]) // 3 for doc in held_out}) == 4


class TestOnRecord:
    def test_it_is_fitted_once_and_anew_after_a_change(self, workspace, project, trainings):
        model = get_model(workspace, shipped_model(workspace.experiment))
        before = hash_files([path for path in model.folder.rglob("*") if path.is_file()], model.folder)
        found = get_calibration(workspace)
        assert len(trainings) == 1 and get_calibration(open_project(project)) == found == find_calibration(
            workspace.results
        )
        assert len(trainings) == 1
        assert hash_files([path for path in model.folder.rglob("*") if path.is_file()], model.folder) == before
        change_data(workspace, "ru_ehr", "train")
        other = get_calibration(open_project(project))
        assert len(trainings) == 2 and other.fingerprint != found.fingerprint
        calibration_file(workspace.results).write_text("{", encoding="utf8")
        assert get_calibration(open_project(project)).tests == other.tests and len(trainings) == 2

    def test_another_test_part_is_no_reason_to_train_again(self, workspace, project, trainings):
        found = get_calibration(workspace)
        change_data(workspace, "ru_ehr", "test")
        other = get_calibration(open_project(project))
        assert len(trainings) == 1 and other.fingerprint != found.fingerprint and other.fitted == found.fitted

    def test_a_second_training_whose_file_is_damaged_is_carried_out_again(self, workspace, project, trainings):
        found = get_calibration(workspace)
        calibration_file(workspace.results).unlink()
        cut_in_half(held_out_file(workspace))
        assert get_calibration(open_project(project)).fitted == found.fitted and len(trainings) == 2

    @pytest.mark.parametrize("number", ["NaN", "-1.5"])
    def test_one_that_was_changed_is_an_error_not_no_calibration(self, tmp_path, number):
        fitted = {"Drug": BetaCalibration(1.25, 1.0, 0.5, 9)}
        write_checked_json(calibration_file(tmp_path), asdict(Calibration("f", fitted, {}, 9, 1.0, ())))
        assert find_calibration(tmp_path).fitted == fitted
        text = calibration_file(tmp_path).read_text(encoding="utf8")
        calibration_file(tmp_path).write_text(text.replace("1.25", number), encoding="utf8")
        with pytest.raises(ProjectError, match="calibration.json: .*Run `weasel run package` to calibrate again"):
            find_calibration(tmp_path)
        calibration_file(tmp_path).unlink()
        assert find_calibration(tmp_path) is None

    @pytest.mark.parametrize("damage", [cut_in_half, put_a_folder, lead_nowhere])
    def test_a_damaged_one_is_no_reason_for_other_confidences(self, workspace, damage):
        get_model(workspace, shipped_model(workspace.experiment))
        assert shipped_source(workspace).calibration == {}
        found = get_calibration(workspace)
        assert shipped_source(workspace).calibration == found.numbers != {}
        damage(calibration_file(workspace.results))
        with pytest.raises(ProjectError, match="calibration.json: .*Run `weasel run package`"):
            shipped_source(workspace)

    def test_one_of_an_earlier_version_is_out_of_date_not_damaged(self, workspace, project, capsys):
        get_model(workspace, shipped_model(workspace.experiment))
        execute_kind(workspace, SHIPPED)
        # Before there were two slopes, with a fingerprint of that version and without a checksum.
        fitted = {"Drug": {"slope": 1.25, "intercept": 0.5, "mentions": 9}}
        earlier = {**asdict(Calibration("earlier", {}, {}, 9, 1.0, ())), "fitted": fitted}
        write_json(calibration_file(workspace.results), earlier)
        places = [project / name for name in ("configs", "corpus", "training", "metrics")]
        current = read_current_state(EXPERIMENT, *places)
        assert [find_current_calibration(workspace.results, one) for one in (current, None)] == [None, None]
        assert shipped_source(workspace).calibration == {}
        capsys.readouterr()
        found = get_calibration(workspace)
        assert "settings, data or the encoder have changed" in " ".join(capsys.readouterr().out.split())
        assert shipped_source(workspace).calibration == found.numbers != {}

    def test_what_it_tells_of_the_test_parts_is_what_the_pipeline_does(self, workspace):
        found = get_calibration(workspace)
        assert [test.corpus for test in found.tests] == list(CORPORA)
        model = get_model(workspace, shipped_model(workspace.experiment))
        nlp = with_splitter(spacy.load(model.pipeline))
        round_encoder(nlp)
        nlp.get_pipe("bio_ner").calibrate(found.numbers)
        for test in found.tests:
            documents = read_documents(workspace.part(test.corpus, "test").path)
            judged = judge_raw_text(nlp, documents, workspace.corpora[test.corpus].entity_types)
            assert measure(test.corpus, judged, {}).raw_error == pytest.approx(test.calibrated_error, abs=1e-6)
            assert len(judged) == test.mentions > 0
        assert all(test.corpus in " ".join(describe_calibration(found)) for test in found.tests)

    def test_the_report_has_none_of_other_data(self, workspace, project):
        places = [project / name for name in ("configs", "corpus", "training", "metrics")]
        execute_kind(workspace, SHIPPED)
        found = get_calibration(workspace)
        assert find_current_calibration(workspace.results, read_current_state(EXPERIMENT, *places)) == found
        change_data(workspace, "ru_ehr", "train")
        assert find_current_calibration(workspace.results, read_current_state(EXPERIMENT, *places)) is None
        assert find_current_calibration(workspace.results, None) == found

    def test_the_second_pipeline_is_gone_before_the_first_is_read_again(self, workspace, monkeypatch):
        get_model(workspace, shipped_model(workspace.experiment))
        trained, there = [], []

        def noted(nlp):
            there.append([one() is not None for one in trained])
            trained.append(weakref.ref(nlp))
            return with_splitter(nlp)

        for module in (calibration, second_training):
            monkeypatch.setattr(module, "with_splitter", noted)
        # Pipelines lie in reference cycles. The garbage collector may come by at any time, or not.
        gc.disable()
        try:
            get_calibration(workspace)
        finally:
            gc.enable()
        assert there == [[], [False]]

    def test_the_trainings_run_next_to_each_other_with_the_same_outcome(self, project, tmp_path, trainings):
        workspace = open_project(project)
        (task,) = second_training_tasks(workspace)
        execute_kind(workspace, SHIPPED, Local(workers=2, threads=1), beside=[task])
        log = [srsly.json_loads(line) for line in (workspace.results / "log.jsonl").read_text().splitlines()]
        first, second = ([one for one in log if one["run"].startswith(name)][0] for name in ("model.", task.id))
        assert first["worker"] != second["worker"] and first["start"] < second["end"] > second["start"] < first["end"]
        assert second_training_tasks(open_project(project)) == []
        beside = get_calibration(open_project(project))
        # None in this process.
        assert not trainings and second_training_tasks(open_project(project)) == []
        calibration_file(workspace.results).unlink()
        held_out_file(workspace).unlink()
        alone = get_calibration(open_project(project))
        assert len(trainings) == 1 and replace(alone, seconds=0) == replace(beside, seconds=0)
        assert find_held_out(workspace, calibration_job(workspace).second).sentences == alone.sentences

    def test_it_waits_for_the_source_that_it_starts_from(self, project):
        workspace = ship(project, target="ru_ehr", source=["en_ugt"], size=8)
        (task,) = second_training_tasks(workspace)
        models = [other for other in tasks_of(workspace, jobs_of(workspace, SHIPPED)) if other.writes]
        assert task.after == (models[0].id,) and len(models) == 2
        get_model(workspace, shipped_model(workspace.experiment).before)
        (task,) = second_training_tasks(workspace)
        assert task.after == () and models[0].writes in task.reads

    def test_it_can_be_left_out(self, project, trainings):
        workspace = ship(project, calibrate=False)
        assert not can_calibrate(workspace) and get_calibration(workspace) is None and not trainings
        assert second_training_tasks(workspace) == []


def test_its_cost_is_counted(project):
    with_it, without = ({cost.kind: cost for cost in estimate(ship(project, calibrate=one))} for one in (True, False))
    assert {kind: cost for kind, cost in with_it.items() if kind != "shipped"} == {
        kind: cost for kind, cost in without.items() if kind != "shipped"
    }
    workspace = open_project(project)
    passes = model_job(workspace, shipped_model(workspace.experiment)).passes
    assert with_it["shipped"].passes - without["shipped"].passes == pytest.approx(0.8 * passes, abs=1)
    assert with_it["shipped"].trainings == without["shipped"].trainings + 1
    # The test parts again on raw text, without capitals, and the held-out documents.
    tests = without["shipped"].tested / 2
    assert 3 * tests < with_it["shipped"].tested < 4 * tests


def test_each_type_is_fitted_by_itself():
    random = numpy.random.default_rng(0)
    confidences = random.uniform(0.5, 0.99, 2000)
    drugs = [JudgedMention("Drug", value, random.random() < value) for value in confidences]
    diseases = [JudgedMention("Disease", value, random.random() < 0.3) for value in confidences]
    fitted = fit([*drugs, *diseases])
    for value in (0.55, 0.75, 0.95):
        drug, disease = (corrected(JudgedMention(name, value, True), fitted[name]) for name in ("Drug", "Disease"))
        assert drug.confidence == pytest.approx(value, abs=0.05) and disease.confidence == pytest.approx(0.3, abs=0.05)
    measured = measure("x", diseases, {"Disease": fitted["Disease"], "Drug": BetaCalibration(0.0, 0.0, 9.0, 1)})
    assert measured.raw_error > 0.3 and measured.calibrated_error < 0.03 and measured.mentions == 2000
