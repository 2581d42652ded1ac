"""Test that results of other data, settings or encoders are never shown, reused or overwritten without a warning."""
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import srsly

from scripts import describe, report
from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json, write_checked_json, write_json
from scripts.corpora.fingerprint import fingerprint
from scripts.corpora.settings import ABOUT, read_corpus_settings
from scripts.encoders.folder import hash_folder
from scripts.encoders.record import find_encoder, record_file, write_encoder
from scripts.experiments.config import read_template
from scripts.experiments.current import read_current_state
from scripts.experiments.device import choose_precision
from scripts.experiments.execute import execute_kind
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.run import run_job
from scripts.experiments.train import train_job
from scripts.reporting.remarks import unfinished
from scripts.reporting.results import read_results
from scripts.results.kinds import COMPARED, FEW_SHOT, IN_CORPUS, ZERO_SHOT
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, change_data, open_project, write_experiment


@pytest.fixture()
def finished(project, finished_project):
    """RETURNS (Path): A copy of the finished project."""
    for name in ("training", "metrics"):
        shutil.copytree(finished_project / name, project / name, dirs_exist_ok=True)
    return project


def places(root: Path) -> dict[str, Path]:
    return {name: root / name for name in ("configs", "corpus", "training", "metrics")}


def current_results(root: Path):
    """The results that a report shows."""
    return read_results(root / "metrics", "tiny", current=read_current_state("tiny", **places(root)))


def told(capsys) -> str:
    """What was printed, without line breaks."""
    return " ".join(capsys.readouterr().out.split())


class TestReport:
    def test_everything_is_shown_while_nothing_has_changed(self, finished):
        results = current_results(finished)
        assert {run.coordinates.kind for run in results.runs} == set(COMPARED) and not results.outdated

    def test_results_of_earlier_data_are_left_out_and_told(self, finished, capsys):
        change_data(open_project(finished), "en_ugt", "train")
        execute_kind(open_project(finished), IN_CORPUS)
        results = current_results(finished)
        # Of en_ugt's models only the in-corpus one has been made anew: two zero-shot runs and four few-shot runs start
        # from the earlier one, and two more zero-shot runs look at its training part.
        assert results.outdated == {ZERO_SHOT: 4, FEW_SHOT: 4}
        assert not [run for run in results.of(FEW_SHOT) if "en_ugt" in run.coordinates.sources]
        report.main("tiny", **places(finished), paper=finished / "absent")
        expected = "4 few-shot runs are left out: the data, settings or encoder have changed since. Run `weasel run few"
        assert expected in told(capsys)

    def test_results_of_other_settings_are_left_out(self, finished):
        few = {**SETTINGS["few_shot"], "training": {**TRAINING, "learn_rate": 1e-4}}
        write_experiment(finished, {**SETTINGS, "few_shot": few})
        assert current_results(finished).outdated == {FEW_SHOT: 12}

    def test_runs_that_were_started_with_another_seed_are_todays_too(self, finished):
        execute_kind(open_project(finished, seed=5), IN_CORPUS)
        results = current_results(finished)
        assert {run.coordinates.seed for run in results.of(IN_CORPUS)} == {5} and not results.outdated

    def test_runs_that_the_experiment_wants_by_now_are_missing(self, finished):
        write_experiment(finished, {**SETTINGS, "few_shot": {**SETTINGS["few_shot"], "seeds": [0, 1, 2]}})
        results = current_results(finished)
        assert len(results.missing(FEW_SHOT)) == 6 and not results.outdated

    def test_a_lost_plan_hides_nothing(self, finished):
        (finished / "metrics" / "tiny" / "few-shot.json").unlink()
        results = current_results(finished)
        assert len(results.of(FEW_SHOT)) == 12 and not results.outdated

    def test_a_description_of_earlier_corpora_is_left_out_and_told(self, finished, capsys):
        paper = ROOT / "assets" / "paper" / "tables.json"
        settings = {"encoder": "experiment", "tokenizer": "encoder", "assets": finished, "paper": paper}
        describe.main("tiny", **places(finished), **settings)
        assert set(current_results(finished).corpora.corpora) == set(SETTINGS["corpora"])
        change_data(open_project(finished), "en_ugt", "train")
        results = current_results(finished)
        assert not results.corpora.corpora and "run `weasel run describe` again" in " ".join(unfinished(results))

    @pytest.mark.parametrize("content", [None, "{}"])
    def test_a_missing_description_of_the_corpora_is_told(self, finished, content):
        file = finished / "metrics" / "tiny" / "corpora.json"
        file.unlink(missing_ok=True)
        if content:
            file.write_text(content, encoding="utf8")
        assert "statistics are missing: run `weasel run describe`" in " ".join(unfinished(current_results(finished)))

    def test_kinds_of_runs_with_different_encoders_are_told(self, finished):
        # Which of the two is the default depends on the processor.
        default = choose_precision("auto", -1)
        (other,) = {"float32", "bfloat16"} - {default}
        execute_kind(open_project(finished, precision=other), IN_CORPUS)
        differ = f"the runs differ in precision (in-corpus: {other}, zero-shot: {default}"
        assert f"Not comparable with each other: {differ}" in " ".join(unfinished(current_results(finished)))

    def test_runs_of_other_machines_are_told(self, finished):
        for path in sorted((finished / "metrics" / "tiny" / "runs").glob("few-shot.*.json"))[:2]:
            record = read_checked_json(path)
            versions = {**record["versions"], "torch": "1.0"}
            write_checked_json(path, {**record, "device": "NVIDIA H100", "versions": versions})
        told = " ".join(unfinished(current_results(finished)))
        assert "Compare with care: the runs differ in their device (cpu: 19, NVIDIA H100: 2)." in told
        assert "the runs differ in their version of torch" in told and "spacy" not in told

    def test_all_of_them_outdated_is_an_error(self, finished):
        for name in SETTINGS["corpora"]:
            change_data(open_project(finished), name, "test")
        with pytest.raises(ProjectError, match="all 21 finished runs used other data, settings or another encoder"):
            current_results(finished)

    def test_where_the_corpora_are_not_the_plan_is_believed_and_that_is_told(self, finished, capsys):
        shutil.rmtree(finished / "corpus")
        assert len(current_results(finished).runs) == 21
        assert "Not checking whether the results match the current data: the corpora are missing" in told(capsys)


def lose_counts(path: Path) -> None:
    """Damage an analysis that still has the fingerprint of its run."""
    analysis = json.loads(gzip.decompress(path.read_bytes()))
    del analysis["counts"]
    path.write_bytes(gzip.compress(json.dumps(analysis).encode("utf8")))


class TestLedger:
    def few_shot(self, root: Path):
        return execute_kind(open_project(root), FEW_SHOT)

    @pytest.mark.parametrize("lost", [".json", ".predictions.json.gz"])
    def test_a_lost_file_of_a_run_is_made_anew_and_told(self, finished, executed, capsys, lost):
        runs = finished / "metrics" / "tiny" / "runs"
        name = "few-shot.ru_ehr.from-none.none.size-4.seed-1"
        before = json.loads((runs / f"{name}.json").read_text())["scores"]
        (runs / f"{name}{lost}").unlink()
        self.few_shot(finished)
        assert executed == [name]
        assert json.loads((runs / f"{name}.json").read_text())["scores"] == before
        assert "Runs to repeat because they are damaged or incomplete: 1" in told(capsys)

    @pytest.mark.parametrize("keep", [0, 30])
    def test_truncated_predictions_are_made_anew(self, finished, executed, keep):
        name = "few-shot.ru_ehr.from-none.none.size-4.seed-1"
        path = finished / "metrics" / "tiny" / "runs" / f"{name}.predictions.json.gz"
        whole = path.read_bytes()
        path.write_bytes(whole[:keep])
        self.few_shot(finished)
        assert path.read_bytes() == whole and len(executed) == 1

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"\x1f\x8b cut"), lose_counts])
    def test_an_analysis_is_derived_anew_without_training(self, finished, executed, damage):
        path = next((finished / "metrics" / "tiny" / "analysis").glob("few-shot*"))
        whole = path.read_bytes()
        damage(path)
        self.few_shot(finished)
        assert path.read_bytes() == whole and executed == []

    def test_the_report_makes_a_damaged_analysis_anew(self, finished):
        path = next((finished / "metrics" / "tiny" / "analysis").glob("few-shot*"))
        whole = path.read_bytes()
        path.write_bytes(whole[:40])
        report.main("tiny", **places(finished), paper=finished / "absent")
        assert path.read_bytes() == whole

    def test_runs_of_an_earlier_version_stop_the_command_before_anything_is_trained(self, finished, executed):
        for path in (finished / "metrics" / "tiny" / "runs").glob("*.json"):
            data = read_checked_json(path)
            del data["layout"]
            write_checked_json(path, data)
        for kind in COMPARED:
            plan = finished / "metrics" / "tiny" / f"{kind}.json"
            write_json(plan, json.loads(plan.read_text())["runs"])
        with pytest.raises(ProjectError, match="21 runs of an earlier version. Run `weasel run clean` to delete them"):
            self.few_shot(finished)
        with pytest.raises(ProjectError, match="21 runs of an earlier version"):
            current_results(finished)
        assert executed == []

    def test_what_takes_the_place_of_other_results_is_told(self, finished, executed, capsys):
        change_data(open_project(finished), "ru_ehr", "test")
        self.few_shot(finished)
        assert "Runs to repeat because settings, data or the encoder have changed: 12" in told(capsys)


class TestIdentity:
    def test_describe_reads_no_part_that_was_copied_over(self, project):
        files = [project / "corpus" / name / "train.spacy" for name in ("en_ugt", "ru_ugt")]
        shutil.copyfile(*files)
        settings = {"encoder": "experiment", "tokenizer": "encoder", "assets": project}
        with pytest.raises(ProjectError, match="ru_ugt/train.spacy: the file doesn't match its manifest"):
            describe.main("tiny", **places(project), **settings, paper=ROOT / "assets" / "paper" / "tables.json")
        assert not (project / "metrics").exists()

    def mistake(self, root: Path) -> str:
        with pytest.raises(ProjectError) as raised:
            open_project(root)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    def test_labels_that_were_edited_want_converting(self, project):
        file = project / "configs" / "corpora" / "ru_ehr.yml"
        settings = srsly.read_yaml(file)
        srsly.write_yaml(file, {**settings, "labels": {"Drug": "Drug"}, "ignore": ["ADR"]})
        expected = f"{file}: the settings of ru_ehr have changed since it was converted. Run `weasel run convert`"
        assert self.mistake(project) == expected

    def test_what_a_corpus_file_only_tells_people_leaves_all_as_it_is(self, project):
        file = project / "configs" / "corpora" / "ru_ehr.yml"
        told = {"title": "T", "description": "D", "invented": True, "license": "L", "url": "U", "author": "A"}
        before = fingerprint(read_corpus_settings(file))
        srsly.write_yaml(file, {**srsly.read_yaml(file), **told})
        assert fingerprint(read_corpus_settings(file)) == before
        settings = open_project(project).corpora["ru_ehr"].settings
        assert {key: getattr(settings, key) for key in told} == told and set(told) == set(ABOUT)

    def test_a_corpus_of_the_same_name_in_another_folder_of_settings_is_another(self, project, tmp_path):
        other = shutil.copytree(project / "configs", tmp_path / "private")
        file = other / "corpora" / "ru_ehr.yml"
        srsly.write_yaml(file, {**srsly.read_yaml(file), "path": str(tmp_path / "other notes")})
        with pytest.raises(ProjectError, match="the settings of ru_ehr have changed since it was converted"):
            open_project(project, configs=other)

    @pytest.mark.parametrize("part", ["train", "test"])
    def test_a_part_that_was_copied_over_is_told(self, project, part):
        files = [project / "corpus" / name / f"{part}.spacy" for name in ("en_ugt", "ru_ugt")]
        shutil.copyfile(*files)
        assert f"ru_ugt/{part}.spacy: the file doesn't match its manifest" in self.mistake(project)

    def test_an_encoder_of_the_command_line_is_taken_and_nothing_is_overwritten_without_a_word(
        self, finished, tiny_encoder, tmp_path, capsys, executed
    ):
        other = shutil.copytree(tiny_encoder, tmp_path / "other")
        config = json.loads((other / "config.json").read_text())
        (other / "config.json").write_text(json.dumps({**config, "attention_probs_dropout_prob": 0.2}))
        with pytest.raises(ProjectError, match="no record of encoder"):
            open_project(finished, encoder=str(other))
        known = find_encoder(finished / "training", "offline")
        record = replace(known, requested=str(other), path=other, sha256=hash_folder(other))
        write_encoder(record, record_file(finished / "training", str(other)))
        workspace = open_project(finished, encoder=str(other))
        assert workspace.recipe.encoder.path == other
        execute_kind(workspace, IN_CORPUS)
        assert len(executed) == 3
        assert "settings, data or the encoder have changed: 3" in told(capsys)
        # The report goes by what each kind of runs was started with.
        results = current_results(finished)
        assert len(results.of(IN_CORPUS)) == 3 and not results.outdated


def name_vectors(project, vectors):
    """Write word vectors, and name their folder in the model's config. RETURNS (Path): The config."""
    vectors.mkdir()
    (vectors / "vectors").write_bytes(b"one")
    path = project / "configs" / "softmax.cfg"
    text = path.read_text().replace("init_tok2vec = null\n", f'init_tok2vec = null\nvectors = "{vectors}"\n', 1)
    path.write_text(text.replace("vectors = null\ninit_tok2vec", "vectors = ${paths.vectors}\ninit_tok2vec"))
    return path


@pytest.mark.parametrize(
    "file, named",
    [
        ("configs/softmax.cfg", "softmax.cfg: changed"),
        ("corpus/tokenizer/tokenizer", "tokenizer/tokenizer: changed"),
        ("corpus/ru_ehr/train.spacy", "ru_ehr/train.spacy: changed"),
        ("encoder/config.json", "encoder: changed"),
        ("vectors/vectors", "softmax.cfg: the files that it refers to changed"),
    ],
)
def test_what_changes_while_a_command_runs_is_not_trained_with(project, file, named):
    known = find_encoder(project / "training", "offline")
    encoder = shutil.copytree(known.path, project / "encoder")
    write_encoder(replace(known, path=encoder), record_file(project / "training", "offline"))
    name_vectors(project, project / "vectors")
    workspace = open_project(project)
    job = run_job(workspace, few_shot_runs(workspace.experiment)[0]).training
    with (project / file).open("ab") as stream:
        stream.write(b"\n")
    with pytest.raises(ProjectError, match=f"{named} while the experiment was running"):
        train_job(job, None, -1, PipelineCache())


def test_word_vectors_at_the_same_path_are_others_once_they_are_rebuilt(project, tmp_path):
    vectors = tmp_path / "vectors"
    path = name_vectors(project, vectors)
    before = read_template(path)
    (vectors / "vectors").write_bytes(b"two")
    after = read_template(path)
    assert before.sha256 == after.sha256 and before.named_files != after.named_files != ""


def test_a_pipeline_that_a_component_is_read_from_is_another_once_it_is_trained_again(project, tmp_path):
    (tmp_path / "model").write_bytes(b"one")
    path = project / "configs" / "softmax.cfg"
    path.write_text(f'{path.read_text("utf8")}\n[components.tagger]\nsource = "{tmp_path}"\n', "utf8")
    before = read_template(path)
    (tmp_path / "model").write_bytes(b"other")
    after = read_template(path)
    assert before.sha256 == after.sha256 and before.named_files != after.named_files != ""
