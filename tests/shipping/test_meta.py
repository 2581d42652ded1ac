"""Test what meta.json says about how a package was trained."""
import shutil
from dataclasses import replace

import pytest

from scripts.evaluation.scores import Score
from scripts.experiments.workspace import Workspace
from scripts.results.runs import RunScores
from scripts.shipping.meta import description, performance
from scripts.shipping.sources import sources
from tests.experiments.tiny import SETTINGS, TRAINING, open_project, write_experiment

SHIP = {"target": "ru_ehr", "source": ["en_ugt"], "size": 8}


@pytest.fixture()
def open_with(packaged, tmp_path):
    """Opens the packaged project with something else to ship, and other settings."""
    shutil.copytree(packaged.root / "configs", tmp_path / "configs")

    def opened(ship, **changes) -> Workspace:
        write_experiment(tmp_path, {**SETTINGS, **changes, "ship": ship})
        return open_project(packaged.root, configs=tmp_path / "configs")

    return opened


@pytest.mark.parametrize(
    "ship, trained, corpora",
    [
        ({"corpora": ["en_ugt"]}, "Trained on en_ugt.", ["en_ugt"]),
        ({"corpora": ["en_ugt", "ru_ugt"]}, "Trained on en_ugt and ru_ugt together.", ["en_ugt", "ru_ugt"]),
        ({}, "Trained on en_ugt, ru_ugt and ru_ehr together.", ["en_ugt", "ru_ugt", "ru_ehr"]),
        (SHIP, "Trained on en_ugt, then on 8 sentences of ru_ehr.", ["en_ugt", "ru_ehr"]),
        (
            {**SHIP, "source": ["en_ugt", "ru_ugt"]},
            "Trained on en_ugt and ru_ugt together, then on 8 sentences of ru_ehr.",
            ["en_ugt", "ru_ugt", "ru_ehr"],
        ),
        (
            {**SHIP, "source": {"in_sequence": ["ru_ugt", "en_ugt"]}},
            "Trained on ru_ugt, then on en_ugt, then on 8 sentences of ru_ehr.",
            ["ru_ugt", "en_ugt", "ru_ehr"],
        ),
        (
            {**SHIP, "transfer": "encoder"},
            "Trained on en_ugt, then on 8 sentences of ru_ehr (encoder-only transfer).",
            ["en_ugt", "ru_ehr"],
        ),
        ({"target": "ru_ehr", "source": ["en_ugt"]}, "Trained on en_ugt, then on ru_ehr.", ["en_ugt", "ru_ehr"]),
        # A sample larger than the training part is the whole of it.
        ({**SHIP, "size": 9999}, "Trained on en_ugt, then on ru_ehr.", ["en_ugt", "ru_ehr"]),
        ({"target": "ru_ehr", "size": 8}, "Trained on 8 sentences of ru_ehr.", ["ru_ehr"]),
    ],
)
def test_the_way_of_training_is_told(open_with, ship, trained, corpora):
    workspace = open_with(ship)
    assert f". {trained} Encoder: " in description(workspace)
    assert [source.name for source in sources(workspace)] == [*corpora, "tiny"]


def test_the_languages_are_those_of_all_that_it_has_seen(open_with):
    assert "languages: en, ru." in description(open_with(SHIP))
    assert "languages: ru." in description(open_with({**SHIP, "source": ["ru_ugt"]}))


def test_a_source_of_so_many_sentences_is_told_as_such(open_with):
    pretraining = {"seeds": [0], "training": TRAINING, "max_sentences": 5}
    text = description(open_with(SHIP, pretraining=pretraining))
    assert "Trained on 5 sentences of en_ugt, then on 8 sentences of ru_ehr." in text


def test_sentences_that_are_left_out_make_no_sample(open_with):
    text = description(open_with({"corpora": ["en_ugt"]}, drop_shared_sentences=["exact", "near"]))
    assert "Trained on en_ugt." in text


def test_a_type_counts_where_it_is_annotated(packaged):
    drugs, both = {"micro": Score(1, 0, 1), "Drug": Score(1, 0, 1)}, {"micro": Score(3, 1, 0), "Drug": Score(1, 0, 0)}
    both["Disease"] = Score(2, 1, 0)
    results = [
        replace(result, scores=RunScores(scores, scores))
        for result, scores in zip(packaged.results[:2], (drugs, both), strict=True)
    ]
    for order in (results, results[::-1]):
        told = performance(order)
        assert told["ents_r"] == pytest.approx(4 / 5)
        assert told["ents_per_type"]["Disease"]["p"] == pytest.approx(2 / 3)
        assert told["ents_per_type"]["Drug"]["r"] == pytest.approx(2 / 3)


def test_a_type_without_a_mention_in_a_test_part_has_no_score(packaged):
    drugs = {"micro": Score(1, 1, 0), "Drug": Score(1, 0, 0), "Disease": Score(0, 1, 0)}
    nothing = dict.fromkeys(drugs, Score(0, 1, 0))
    results = [
        replace(result, scores=RunScores(scores, scores))
        for result, scores in zip(packaged.results[:2], (drugs, nothing), strict=True)
    ]
    told, (first, second) = performance(results), [result.coordinates.target for result in results]
    assert set(told["ents_per_type"]) == set(told[f"{first}_ents_per_type"]) == {"Drug"}
    assert [told[f"{second}_ents_{key}"] for key in "fpr"] == [None] * 3 and told[f"{second}_ents_per_type"] == {}
