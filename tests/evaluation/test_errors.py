"""Test errors by kind: each kind by hand, one-to-one pairs, totals, and seen and unseen mentions."""
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from scripts.base.errors import ProjectError
from scripts.evaluation.errors import KINDS, ErrorCounts, ErrorExample, Recalled, count_errors, kind_of, match, surface
from scripts.evaluation.scores import score_mentions

TYPES = ("Drug", "Disease")
MENTION = st.builds(
    lambda start, length, name: (start, start + length, name),
    st.integers(0, 12),
    st.integers(1, 5),
    st.sampled_from((*TYPES, "Dose")),
)
MENTIONS = st.lists(MENTION, max_size=7)
DOCUMENTS = st.lists(st.tuples(MENTIONS, MENTIONS), max_size=4)


def count(gold, predicted, seen=frozenset(), words="aspirin"):
    """Errors of one document called `d`, all of whose gold mentions have the same words."""
    return count_errors(["d"], [[(*mention, words) for mention in gold]], [predicted], TYPES, seen)


def of_kinds(**numbers):
    """A number for each kind, 0 where not given."""
    return {**dict.fromkeys(KINDS, 0), **{kind.replace("_", " "): number for kind, number in numbers.items()}}


@pytest.mark.parametrize(
    ("predicted", "kind"),
    [
        ((2, 5, "Drug"), "correct"),
        ((2, 4, "Drug"), "boundary"),
        ((1, 9, "Drug"), "boundary"),
        ((2, 5, "Disease"), "type"),
        ((4, 6, "Disease"), "boundary and type"),
    ],
)
def test_kinds_of_a_pair(predicted, kind):
    gold = (2, 5, "Drug")
    assert list(match([gold], [predicted])) == [(gold, predicted)]
    assert kind_of((gold, predicted)) == kind
    assert count([gold], [predicted]) == {"Drug": count([gold], [predicted])["Drug"], "Disease": ErrorCounts()}
    assert count([gold], [predicted])["Drug"].kinds == {**of_kinds(), kind: 1}


@pytest.mark.parametrize("predicted", [(5, 6, "Drug"), (0, 2, "Drug")])
def test_mentions_that_only_touch_are_missed_and_spurious(predicted):
    assert list(match([(2, 5, "Drug")], [predicted])) == [((2, 5, "Drug"), None), (None, predicted)]
    assert count([(2, 5, "Drug")], [predicted])["Drug"].kinds == of_kinds(missed=1, spurious=1)


def test_a_confusion_counts_with_the_gold_type_and_a_spurious_mention_with_its_own():
    errors = count([(0, 2, "Drug")], [(0, 2, "Disease"), (4, 5, "Disease")])
    assert errors["Drug"].kinds == of_kinds(type=1)
    assert errors["Disease"].kinds == of_kinds(spurious=1)


def test_the_best_overlap_is_paired_first():
    wide, exact = (0, 6, "Drug"), (1, 6, "Drug")
    # The second gold mention shares 1 token of 6 with the wide prediction, and nothing with the exact one.
    gold = [(1, 6, "Drug"), (0, 1, "Drug")]
    assert list(match(gold, [wide, exact])) == [((1, 6, "Drug"), exact), ((0, 1, "Drug"), wide)]


def test_a_better_overlap_comes_before_the_same_type():
    assert list(match([(0, 4, "Drug")], [(0, 4, "Disease"), (3, 6, "Drug")])) == [
        ((0, 4, "Drug"), (0, 4, "Disease")),
        (None, (3, 6, "Drug")),
    ]


def test_of_equal_overlaps_the_same_type_comes_first_then_the_document_order():
    assert list(match([(2, 4, "Drug")], [(1, 3, "Disease"), (3, 5, "Drug")])) == [
        ((2, 4, "Drug"), (3, 5, "Drug")),
        (None, (1, 3, "Disease")),
    ]
    assert list(match([(2, 4, "Drug")], [(3, 5, "Drug"), (1, 3, "Drug")])) == [
        ((2, 4, "Drug"), (1, 3, "Drug")),
        (None, (3, 5, "Drug")),
    ]


def test_a_gold_mention_of_two_types_is_paired_by_type():
    both = [(0, 2, "Disease"), (0, 2, "Drug")]
    assert set(match(both, both)) == {(mention, mention) for mention in both}


@given(MENTIONS, MENTIONS)
def test_every_mention_stands_in_one_pair(gold, predicted):
    pairs = list(match(gold, predicted))
    assert sorted(one for one, _ in pairs if one) == sorted(set(gold))
    assert sorted(other for _, other in pairs if other) == sorted(set(predicted))
    # What is left over overlaps nothing that is left over.
    missed = [one for one, other in pairs if other is None]
    spurious = [other for one, other in pairs if one is None]
    assert not any(min(one[1], other[1]) > max(one[0], other[0]) for one in missed for other in spurious)


@given(DOCUMENTS)
def test_counts_add_up_to_gold_and_predictions(documents):
    gold, predicted = [one for one, _ in documents], [other for _, other in documents]
    with_words = [[(*mention, "aspirin") for mention in mentions] for mentions in gold]
    errors = count_errors([str(n) for n in range(len(gold))], with_words, predicted, TYPES, {("aspirin", "Drug")})
    scores = score_mentions(gold, predicted, TYPES)
    for name in TYPES:
        kinds = errors[name].kinds
        assert sum(kinds.values()) - kinds["spurious"] == scores[name].gold
        assert kinds["correct"] == scores[name].tp
        recalled = errors[name].seen + errors[name].unseen
        assert recalled == Recalled(scores[name].tp, scores[name].gold)
        assert {kind: len(examples) for kind, examples in errors[name].examples.items()} == {
            kind: min(kinds[kind], 5) for kind in KINDS[1:] if kinds[kind]
        }
    n_predictions = sum(sum(errors[name].kinds.values()) - errors[name].kinds["missed"] for name in TYPES)
    assert n_predictions == scores["micro"].tp + scores["micro"].fp


@given(MENTIONS, MENTIONS, st.randoms(use_true_random=False))
def test_the_order_of_mentions_does_not_matter(gold, predicted, random):
    shuffled = [random.sample(mentions, len(mentions)) for mentions in (gold, predicted)]
    assert list(match(*shuffled)) == list(match(gold, predicted))


def test_seen_mentions_are_those_of_the_same_words_and_type():
    seen = {("головная боль", "Disease"), ("aspirin", "Drug")}
    gold = [
        [(0, 13, "Disease", "Головная\n боль"), (20, 27, "Disease", "aspirin"), (30, 37, "Drug", "ASPIRIN")],
        [(0, 7, "Drug", "aspirin")],
    ]
    predicted = [[(0, 13, "Disease"), (20, 26, "Disease")], [(0, 7, "Drug")]]
    errors = count_errors(["a", "b"], gold, predicted, TYPES, seen)
    assert (errors["Disease"].seen, errors["Disease"].unseen) == (Recalled(1, 1), Recalled(0, 1))
    assert (errors["Drug"].seen, errors["Drug"].unseen) == (Recalled(1, 2), Recalled(0, 0))


def test_recall_is_not_defined_without_mentions():
    assert Recalled(1, 4).recall == 25.0
    assert Recalled(0, 0).recall is None


def test_the_surface_has_no_case_and_single_spaces():
    assert surface("  Головная\t\r\n БОЛЬ ") == "головная боль"
    assert surface("STRASSE") == surface("straße")


def test_examples_tell_where_without_text():
    errors = count([(2, 5, "Drug"), (8, 9, "Drug")], [(2, 4, "Drug"), (20, 21, "Drug")])
    assert errors["Drug"].examples == {
        "boundary": (ErrorExample("d", 2, 5, "Drug", 2, 4, "Drug"),),
        "missed": (ErrorExample("d", 8, 9, "Drug", None, None, None),),
        "spurious": (ErrorExample("d", None, None, None, 20, 21, "Drug"),),
    }
    assert "aspirin" not in json.dumps(asdict(errors["Drug"]))


def test_a_sum_keeps_the_first_five_examples_of_a_kind():
    one = count([(n, n + 1, "Drug") for n in range(0, 6, 2)], [])["Drug"]
    other = count([(n, n + 1, "Drug") for n in range(10, 16, 2)], [(20, 21, "Drug")])["Drug"]
    both = one + other
    assert both.kinds == of_kinds(missed=6, spurious=1)
    assert [example.start for example in both.examples["missed"]] == [0, 2, 4, 10, 12]
    assert len(both.examples["spurious"]) == 1
    assert both.unseen == Recalled(0, 6)
    assert one.kinds == of_kinds(missed=3)


def test_counts_survive_json():
    errors = count([(2, 5, "Drug")], [(2, 4, "Drug"), (7, 9, "Disease")], {("aspirin", "Drug")})
    read = TypeAdapter(dict[str, ErrorCounts]).validate_python(
        json.loads(json.dumps({name: asdict(own) for name, own in errors.items()}))
    )
    assert read == errors


def test_no_documents_no_errors():
    assert count_errors([], [], [], TYPES, set()) == dict.fromkeys(TYPES, ErrorCounts())
    assert count([], []) == dict.fromkeys(TYPES, ErrorCounts())


def test_another_number_of_documents_is_an_error():
    with pytest.raises(ProjectError, match="1 documents in the gold, but 0 in the predictions"):
        count_errors(["a"], [[]], [], TYPES, set())
    with pytest.raises(ValueError):
        count_errors(["a", "b"], [[]], [[]], TYPES, set())
