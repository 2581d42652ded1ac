"""Exact-match scores: counts and percentages worked out by hand."""
import pytest

from scripts.base.errors import ProjectError
from scripts.evaluation.scores import Score, score_mentions

TYPES = ("Drug", "Disease")
NOTHING = Score(0, 0, 0)


def test_percentages_follow_from_counts():
    score = Score(tp=3, fp=1, fn=2)
    assert (score.precision, score.recall) == (75.0, 60.0)
    assert score.f1 == pytest.approx(2 * 75 * 60 / (75 + 60))
    assert score.gold == 5


@pytest.mark.parametrize("score", [NOTHING, Score(0, 4, 0), Score(0, 0, 4)])
def test_undefined_percentages_are_zero(score):
    assert score.f1 == 0.0
    assert score.precision == 0.0
    assert score.recall == 0.0


def test_scores_add_up():
    assert Score(1, 2, 3) + Score(10, 20, 30) == Score(11, 22, 33)


def test_score_as_json_has_counts_and_percentages():
    expected = {"tp": 1, "fp": 1, "fn": 0, "precision": 50.0, "recall": 100.0, "f1": pytest.approx(200 / 3)}
    assert Score(1, 1, 0).to_dict() == expected


def test_only_same_start_end_and_type_match():
    gold = [[(0, 2, "Drug"), (3, 5, "Disease"), (6, 9, "Disease")]]
    predicted = [[(0, 2, "Drug"), (3, 5, "Drug"), (6, 8, "Disease")]]
    scores = score_mentions(gold, predicted, TYPES)
    assert scores == {"micro": Score(1, 2, 2), "Drug": Score(1, 1, 0), "Disease": Score(0, 1, 2)}


def test_mentions_match_within_their_document_only():
    scores = score_mentions([[(0, 1, "Drug")], []], [[], [(0, 1, "Drug")]], TYPES)
    assert scores["Drug"] == Score(0, 1, 1)


def test_a_mention_listed_twice_counts_once():
    scores = score_mentions([[(0, 1, "Drug")]], [[(0, 1, "Drug"), (0, 1, "Drug")]], TYPES)
    assert scores["micro"] == Score(1, 0, 0)


def test_types_that_are_not_asked_for_are_left_out_of_micro():
    scores = score_mentions([[(0, 1, "Drug"), (2, 3, "Disease")]], [[(5, 6, "Disease")]], ["Drug"])
    assert scores == {"micro": Score(0, 0, 1), "Drug": Score(0, 0, 1)}


def test_different_numbers_of_documents_are_an_error():
    with pytest.raises(ProjectError, match="2 documents in the gold, 1 in the prediction"):
        score_mentions([[], []], [[]], TYPES)
