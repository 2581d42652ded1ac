"""Test partial matches: each kind of SemEval 2013 by hand, and the cases in the library's own issues."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.evaluation.partial import KINDS, MatchScore, score_matches
from scripts.evaluation.scores import score_mentions

TYPES = ("Drug", "Disease")
NOTHING = MatchScore(0.0, 0.0, 0.0)
MENTION = st.builds(
    lambda start, length, name: (start, start + length, name),
    st.integers(0, 8),
    st.integers(1, 4),
    st.sampled_from(TYPES),
)


def in_percent(gold, predicted, name="micro"):
    """Precision and recall of one document, by kind."""
    scores = score_matches([gold], [predicted], TYPES)
    return {kind: (scores[kind][name].precision, scores[kind][name].recall) for kind in KINDS}


@pytest.mark.parametrize(
    ("predicted", "strict", "exact", "partial", "ent_type"),
    [
        ((2, 5, "Drug"), 100, 100, 100, 100),
        ((2, 5, "Disease"), 0, 100, 100, 0),
        ((2, 4, "Drug"), 0, 0, 50, 100),
        ((4, 6, "Disease"), 0, 0, 50, 0),
        # `end` is behind the last token: mentions that touch do not overlap.
        ((5, 6, "Drug"), 0, 0, 0, 0),
        ((0, 2, "Drug"), 0, 0, 0, 0),
    ],
)
def test_one_mention_of_each_kind(predicted, strict, exact, partial, ent_type):
    expected = {"strict": strict, "exact": exact, "partial": partial, "ent_type": ent_type}
    assert in_percent([(2, 5, "Drug")], [predicted]) == {kind: (value, value) for kind, value in expected.items()}


def test_missed_and_spurious_mentions():
    assert in_percent([(0, 1, "Drug"), (4, 6, "Drug")], [(0, 1, "Drug")]) == dict.fromkeys(KINDS, (100, 50))
    assert in_percent([(0, 1, "Drug")], [(0, 1, "Drug"), (4, 6, "Drug")]) == dict.fromkeys(KINDS, (50, 100))


def test_two_predictions_inside_one_gold_mention_count_it_once():
    # The second one is spurious: two predictions, one gold mention.
    scores = in_percent([(0, 4, "Drug")], [(0, 2, "Drug"), (2, 4, "Drug")])
    assert scores == {"strict": (0, 0), "exact": (0, 0), "partial": (25, 50), "ent_type": (50, 100)}


def test_one_prediction_over_two_gold_mentions_leaves_one_missed():
    scores = in_percent([(0, 2, "Drug"), (3, 5, "Disease")], [(0, 5, "Drug")])
    assert scores == {"strict": (0, 0), "exact": (0, 0), "partial": (50, 25), "ent_type": (100, 50)}


def test_a_prediction_does_not_take_the_gold_mention_of_another():
    # Both overlap the gold mention, the wider one stands first.
    predicted = [(0, 4, "Drug"), (1, 4, "Drug")]
    assert in_percent([(1, 4, "Drug")], predicted) == dict.fromkeys(KINDS, (50, 100))
    # Both have its borders, the one of another type stands first.
    predicted = [(1, 4, "Disease"), (1, 4, "Drug")]
    assert in_percent([(1, 4, "Drug")], predicted) == dict.fromkeys(KINDS, (50, 100))


def test_a_type_is_scored_among_its_own_mentions():
    gold, predicted = [(0, 2, "Drug"), (3, 5, "Disease")], [(0, 2, "Disease"), (3, 5, "Disease")]
    assert in_percent(gold, predicted, "Disease") == dict.fromkeys(KINDS, (50, 100))
    assert in_percent(gold, predicted, "Drug") == dict.fromkeys(KINDS, (0, 0))


def test_f1_is_the_harmonic_mean_over_all_documents():
    gold, predicted = [[(0, 2, "Drug")], [(0, 2, "Drug")]], [[(0, 2, "Drug"), (4, 5, "Drug")], [(0, 1, "Drug")]]
    scores = score_matches(gold, predicted, TYPES)
    assert scores["strict"]["Drug"].f1 == pytest.approx(100 * 2 * 1 / (2 + 3))
    # One whole and one half: precision 1.5 / 3, recall 1.5 / 2.
    assert scores["partial"]["micro"].f1 == pytest.approx(60.0)


def test_a_repeated_mention_counts_once():
    assert in_percent([(0, 1, "Drug")] * 2, [(0, 1, "Drug")]) == dict.fromkeys(KINDS, (100, 100))


@pytest.mark.parametrize("documents", [[], [[]], [[], []], [[(0, 1, "Dose")]]])
def test_nothing_to_score_is_zero(documents):
    assert score_matches(documents, documents, TYPES) == {
        kind: dict.fromkeys(("micro", *TYPES), NOTHING) for kind in KINDS
    }


def test_an_empty_document_first_and_a_type_that_the_gold_lacks():
    scores = score_matches([[], [(0, 1, "Drug")]], [[], [(0, 1, "Drug"), (2, 3, "Disease")]], TYPES)
    assert scores["strict"] == {
        "micro": MatchScore(50.0, 100.0, pytest.approx(200 / 3)),
        "Drug": MatchScore(100.0, 100.0, 100.0),
        "Disease": NOTHING,
    }


def test_another_number_of_documents_is_an_error():
    with pytest.raises(ProjectError, match="1 documents in the gold, but 2 in the predictions"):
        score_matches([[]], [[], []], TYPES)


DOCUMENTS = st.lists(st.tuples(st.lists(MENTION, max_size=5), st.lists(MENTION, max_size=5)), max_size=4)


@given(DOCUMENTS)
def test_strict_is_exact_match_whatever_overlaps(documents):
    gold, predicted = [one for one, _ in documents], [other for _, other in documents]
    strict = score_matches(gold, predicted, TYPES)["strict"]
    for name, score in score_mentions(gold, predicted, TYPES).items():
        expected = (score.precision, score.recall, score.f1)
        assert (strict[name].precision, strict[name].recall, strict[name].f1) == pytest.approx(expected)


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_of_mentions_does_not_matter(documents, random):
    gold, predicted = [one for one, _ in documents], [other for _, other in documents]
    shuffled = [[random.sample(mentions, len(mentions)) for mentions in side] for side in (gold, predicted)]
    assert score_matches(*shuffled, TYPES) == score_matches(gold, predicted, TYPES)
