"""Test exact-match scores with counts and percentages computed by hand."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.evaluation.scores import Score, defined_score, f1_text, judged, score_mentions

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


@pytest.mark.parametrize("scores", [{}, {"Drug": NOTHING}, {"Drug": Score(0, 4, 0)}])
def test_a_type_without_a_gold_mention_has_no_score(scores):
    assert defined_score(scores, "Drug") is None and f1_text(scores, "Drug") == "-"


def test_a_type_of_which_nothing_was_found_has_a_score():
    scores = {"Drug": Score(0, 0, 4)}
    assert defined_score(scores, "Drug") == scores["Drug"] and f1_text(scores, "Drug") == "0.0"


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
    with pytest.raises(ProjectError, match="2 documents in the gold, but 1 in the predictions"):
        score_mentions([[], []], [[]], TYPES)


def test_mentions_that_touch_what_nobody_annotated_are_not_judged_and_neighbors_are():
    mentions = [(0, 2, "Drug"), (2, 4, "Drug"), (3, 6, "Drug"), (4, 5, "Drug"), (5, 9, "Drug"), (6, 7, "Drug")]
    assert judged(mentions, [(2, 3), (5, 6), (8, 9)]) == [(0, 2, "Drug"), (4, 5, "Drug"), (6, 7, "Drug")]
    assert judged(mentions, []) == mentions


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=8),
    st.lists(st.integers(0, 26), max_size=10, unique=True).map(sorted),
)
def test_a_mention_is_judged_if_it_shares_nothing_with_any_stretch(places, cuts):
    stretches = list(zip(cuts[::2], cuts[1::2], strict=False))
    unknown = {place for start, end in stretches for place in range(start, end)}
    mentions = [(start, start + length, "Drug") for start, length in places]
    assert judged(mentions, stretches) == [one for one in mentions if unknown.isdisjoint(range(*one[:2]))]
