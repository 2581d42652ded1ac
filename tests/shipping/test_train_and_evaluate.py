"""Test that `train` saves the shipped pipeline, `evaluate` scores it, and `package` uses both."""
import csv
import shutil
from dataclasses import replace

import pytest
import spacy
import srsly

from scripts import evaluate, package, train
from scripts.base.files import write_checked_json
from scripts.evaluation.scores import MICRO
from scripts.experiments.other_seeds import scores_of_other_seeds
from scripts.results.runs import read_run, to_json
from tests.experiments.tiny import CORPORA, EXPERIMENT, make_project, open_project
from tests.shipping.conftest import Packaged


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_encoder):
    return make_project(tmp_path_factory.mktemp("trained"), tiny_encoder)


def settings(root):
    return Packaged(root, open_project(root), ()).settings


def models(root):
    """When each pipeline that is kept was written."""
    folder = root / "training" / EXPERIMENT
    return {path: path.stat().st_mtime_ns for path in folder.rglob("model-last/config.cfg")}


def test_one_is_trained_scored_and_packaged(project, capsys):
    train.main(**settings(project))
    (kept,) = models(project)
    assert kept.parent.name in capsys.readouterr().out
    assert spacy.load(kept.parent).pipe_names[-1] == "bio_ner"
    before = models(project)
    train.main(**settings(project))
    assert "Nothing has changed since the pipeline was trained" in capsys.readouterr().out
    evaluate.main(**settings(project))
    package.main(**settings(project), output=project / "packages", name="trained", version="0.1.0")
    assert models(project) == before


def test_scores_have_the_keys_and_the_scale_of_spacys(project):
    evaluate.main(**settings(project))
    workspace = open_project(project)
    for corpus in CORPORA:
        scores = srsly.read_json(workspace.results / "evaluation" / f"{corpus}.json")
        (run,) = workspace.runs.glob(f"shipped.{corpus}.*seed-0.json")
        own = srsly.read_json(run)["scores"]["tokens"]
        found, wrong, missed = (own[MICRO][key] for key in ("tp", "fp", "fn"))
        assert scores["ents_p"] == pytest.approx(found / (found + wrong) if found + wrong else 0)
        assert scores["ents_r"] == pytest.approx(found / (found + missed))
        assert scores["ents_f"] == pytest.approx(2 * found / (2 * found + wrong + missed))
        assert set(scores["ents_per_type"]) == {"Drug", "Disease"}
        assert set(scores["ents_per_type"]["Drug"]) == {"p", "r", "f"}


def test_the_table_has_every_seed_that_was_scored_and_capitals(project, capsys):
    evaluate.main(**{**settings(project), "seed": 1})
    evaluate.main(**settings(project))
    screen = capsys.readouterr().out
    assert "F1 in capitals" in screen and "over the seeds" in screen
    workspace = open_project(project)
    rows = list(csv.DictReader((workspace.results / "evaluation" / "scores.csv").open(encoding="utf8")))
    assert {row["test part"] for row in rows} == set(CORPORA)
    for row in [row for row in rows if row["type"] == MICRO]:
        runs = [srsly.read_json(path) for path in workspace.runs.glob(f"shipped.{row['test part']}.*seed-?.json")]
        for key, column in (("scores", "F1"), ("capitals", "F1 in capitals")):
            f1s = [run[key]["tokens"][MICRO]["f1"] for run in runs]
            assert len(f1s) == 2 and float(row[column]) == pytest.approx(sum(f1s) / 2, abs=0.01)


def test_a_failed_training_counts_for_no_mean(project, tmp_path):
    project = shutil.copytree(project, tmp_path / "project")
    evaluate.main(**{**settings(project), "seed": 1})
    workspace = open_project(project)
    for path in workspace.runs.glob("shipped.*seed-1.json"):
        write_checked_json(path, to_json(replace(read_run(path), problem="its weights are not finite numbers")))
    own = {path.name.split(".")[1]: read_run(path) for path in workspace.runs.glob("shipped.*seed-0.json")}
    for seed in (0, 1):
        evaluate.main(**{**settings(project), "seed": seed})
        rows = list(csv.DictReader((workspace.results / "evaluation" / "scores.csv").open(encoding="utf8")))
        f1s = {row["test part"]: float(row["F1"]) for row in rows if row["type"] == MICRO}
        assert f1s == {name: pytest.approx(run.scores.tokens[MICRO].f1, abs=0.01) for name, run in own.items()}
    # The card has these.
    assert scores_of_other_seeds(workspace) == {}


@pytest.mark.parametrize("suffix", ["json", "predictions.json.gz"])
def test_a_damaged_score_of_another_seed_is_named_with_how_to_repeat_it(project, capsys, suffix):
    evaluate.main(**{**settings(project), "seed": 1})
    evaluate.main(**settings(project))
    table = project / "metrics" / EXPERIMENT / "evaluation" / "scores.csv"
    before, said = table.read_bytes(), capsys.readouterr().out
    assert "Left out" not in said
    (file,) = (project / "metrics" / EXPERIMENT / "runs").glob(f"shipped.ru_ehr.*seed-1.{suffix}")
    file.write_bytes(file.read_bytes()[:-20])
    evaluate.main(**settings(project))
    said = " ".join(capsys.readouterr().out.split())
    assert "Left out the results of seed 1 on ru_ehr" in said and "--vars.seed 1`" in said
    assert table.read_bytes() != before
    evaluate.main(**{**settings(project), "seed": 1})
    evaluate.main(**settings(project))
    assert table.read_bytes() == before
