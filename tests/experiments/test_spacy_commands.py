"""Test that every model has the same scores from our runner and from `spacy train` and `spacy evaluate`."""
import shutil

import pytest
from spacy.cli.evaluate import evaluate
from spacy.cli.train import train

from scripts.experiments.execute import execute_kind
from scripts.results.kinds import IN_CORPUS
from scripts.results.runs import read_run
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, write_experiment

BASELINES = {name: {"config": name} for name in ("softmax_crf", "lstm_crf", "transition")}


@pytest.fixture(scope="module")
def in_corpus(made_project, tmp_path_factory):
    """RETURNS (Workspace): The tiny project after training and testing every model on en_ugt."""
    root = shutil.copytree(made_project, tmp_path_factory.mktemp("models") / "project")
    for name in BASELINES:
        shutil.copyfile(ROOT / "configs" / f"{name}.cfg", root / "configs" / f"{name}.cfg")
    settings = {"corpora": ["en_ugt"], "seeds": [0], "training": {**TRAINING, "min_updates": 40}}
    write_experiment(root, {**SETTINGS, "in_corpus": settings, "baselines": BASELINES})
    workspace = open_project(root)
    execute_kind(workspace, IN_CORPUS)
    return workspace


@pytest.mark.parametrize("model", ["softmax", *BASELINES])
def test_spacys_own_commands_give_the_scores_of_the_run(in_corpus, tmp_path, model):
    name = "in-corpus.en_ugt.seed-0" if model == "softmax" else f"in-corpus.{model}.en_ugt.seed-0"
    ours = read_run(in_corpus.runs / f"{name}.json").scores.tokens
    train(in_corpus.runs / f"{name}.cfg", tmp_path)
    # Sentence by sentence, as the shipped splitter has cut the test part.
    theirs = evaluate(
        str(tmp_path / "model-last"), str(in_corpus.part("en_ugt", "test").path), gold_preproc=True, silent=True
    )
    assert ours["micro"].tp > 5
    assert 100 * theirs["ents_f"] == pytest.approx(ours["micro"].f1)
    for entity_type in ("Drug", "Disease"):
        found = theirs["ents_per_type"][entity_type]
        expected = ours[entity_type].precision, ours[entity_type].recall, ours[entity_type].f1
        assert [100 * found[key] for key in "prf"] == pytest.approx(expected)
