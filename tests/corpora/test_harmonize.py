"""Test that mentions are mapped, joined and dropped, and that all are accounted for."""
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.harmonize import check_labels, harmonize
from scripts.corpora.schema import ENTITY_TYPES, REASONS, Document, Mention

TEXT = "Aspirin gave me pain in hip and  \n knee, I think."
LABELS = {"Drug": "Drug", "ADR": "Disease", "Symptom": "Disease"}


def mention(*fragments: tuple[int, int], label: str = "ADR", text: str | None = None) -> Mention:
    return Mention(fragments[0][0], fragments[-1][1], label, id="T1", fragments=fragments, text=text, where="a.ann:3")


def run(*mentions: Mention, text: str = TEXT, **settings):
    result = harmonize(Document("a", text, mentions), LABELS, **settings)
    kept = [(m.start, m.end, m.label) for m in result.document.mentions]
    return kept, [dropped.reason for dropped in result.dropped]


def test_labels_become_entity_types_and_stay_as_subtypes():
    result = harmonize(Document("a", TEXT, (mention((16, 20)),)), LABELS)
    assert [(m.label, m.subtype) for m in result.document.mentions] == [("Disease", "ADR")]


def test_an_ignored_label_is_dropped_and_recorded():
    result = harmonize(Document("a", TEXT, (mention((0, 7), label="Dose"),)), LABELS)
    (dropped,) = result.dropped
    assert (dropped.document, dropped.mention, dropped.start, dropped.end) == ("a", "T1", 0, 7)
    assert (dropped.label, dropped.reason) == ("Dose", "label not mapped")


def test_unknown_labels_are_one_error_that_names_each_with_its_count_and_the_first_place():
    mentions = (mention((0, 7), label="Symptm"), mention((0, 7)), *[mention((0, 7), label="Severity")] * 2)
    with pytest.raises(ProjectError) as error:
        check_labels([Document("a", TEXT, mentions)], LABELS, ["Dose"], "corpus mine")
    assert str(error.value) == (
        "corpus mine: unknown labels: 'Severity' 2x, 'Symptm' 1x (did you mean 'Symptom'?). "
        "Add each to `labels` or `ignore` in the corpus file; 'Symptm' is at a.ann:3"
    )
    check_labels([Document("a", TEXT, mentions)], LABELS, ["Severity", "Symptm"], "corpus mine")


def test_all_unknown_labels_of_a_corpus_with_many_are_named_at_once():
    names = [f"Type_{number}" for number in range(30)]
    with pytest.raises(ProjectError) as error:
        check_labels([Document("a", TEXT, tuple(mention((0, 7), label=name) for name in names))], LABELS, [], "mine")
    assert all(f"'{name}' 1x" in str(error.value) for name in names) and "others" not in str(error.value)


@pytest.mark.parametrize(
    ("fragments", "text", "reason"),
    [
        (((5, 5),), "", "empty"),
        (((9, 5),), "", "empty"),
        (((31, 35),), None, "empty"),
        (((0, 7), (31, 33)), None, "empty"),
        (((45, 50),), "think", "outside text"),
        (((-3, 7),), None, "outside text"),
        (((1, 8),), "Aspirin", "text mismatch"),
        (((0, 7),), "ibuprofen", "text mismatch"),
    ],
)
def test_a_mention_that_is_wrong_is_dropped_with_its_reason(fragments, text, reason):
    assert run(mention(*fragments, text=text)) == ([], [reason])


def test_white_space_makes_no_mismatch():
    kept, dropped = run(mention((24, 39), text="hip and knee"))
    assert (kept, dropped) == ([(24, 39, "Disease")], [])


def test_white_space_at_the_borders_is_trimmed():
    assert run(mention((7, 13), text=" gave "))[0] == [(8, 12, "Disease")]


def test_a_kept_mention_that_is_not_where_it_was_annotated_is_recorded():
    document = Document("a", TEXT, (mention((7, 13)), mention((16, 20), (35, 39)), mention((24, 27), (35, 39))))
    assert [(c.how, c.start, c.end, c.new_start, c.new_end) for c in harmonize(document, LABELS).changed] == [
        ("trimmed", 7, 13, 8, 12),
        ("in pieces", 16, 39, 16, 39),
    ]
    first = harmonize(document, LABELS, "first").changed
    assert [(c.how, c.start, c.end, c.new_start, c.new_end) for c in first][1:] == [
        ("in pieces", 16, 39, 16, 20),
        ("in pieces", 24, 39, 24, 27),
    ]


def test_fragments_with_only_white_space_between_are_one_mention():
    for policy in ("span", "first", "drop"):
        assert run(mention((28, 31), (35, 39)), discontinuous=policy) == ([(28, 39, "Disease")], [])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("span", ([(16, 39, "Disease")], [])),
        ("first", ([(16, 20, "Disease")], [])),
        ("drop", ([], ["discontinuous"])),
    ],
)
def test_a_discontinuous_mention_follows_the_policy(policy, expected):
    assert run(mention((16, 20), (35, 39), text="pain knee"), discontinuous=policy) == expected
    assert run(mention((35, 39), (16, 20), text="knee pain"), discontinuous=policy) == expected


def test_the_longest_mention_wins_and_the_others_say_why_not():
    kept, dropped = run(
        mention((16, 20)),  # inside the longest
        mention((16, 27)),  # the longest
        mention((24, 31)),  # crosses it
        mention((16, 27), label="Symptom"),  # the same after mapping
        mention((16, 27), label="Drug"),  # the same span as another type
        mention((0, 7), label="Drug"),
    )
    assert kept == [(0, 7, "Drug"), (16, 27, "Disease")]
    assert dropped == ["nested", "overlapping", "duplicate", "nested"]


def test_of_two_as_long_the_earlier_wins():
    assert run(mention((20, 24)), mention((18, 22))) == ([(18, 22, "Disease")], ["overlapping"])


def test_mentions_that_touch_do_not_overlap_and_may_fill_the_text():
    assert run(mention((0, 4)), mention((4, 8)), text="headache") == ([(0, 4, "Disease"), (4, 8, "Disease")], [])


def test_what_overlaps_only_a_dropped_mention_is_kept():
    kept, _ = run(mention((0, 12)), mention((8, 18)), mention((16, 20)))
    assert kept == [(0, 12, "Disease"), (16, 20, "Disease")]


offsets = st.integers(-2, 25)
fragment_lists = st.lists(st.tuples(offsets, offsets), min_size=1, max_size=3)
mentions = st.builds(
    lambda fragments, label, text: Mention(
        min(s for s, _ in fragments), max(e for _, e in fragments), label, fragments=tuple(fragments), text=text
    ),
    fragment_lists,
    st.sampled_from(["Drug", "ADR", "Symptom", "Dose"]),
    st.sampled_from([None, None, "a"]),
)


@given(
    st.text("aб 5\r\n🙂\u0301", max_size=22),
    st.lists(mentions, max_size=8),
    st.sampled_from(["span", "first", "drop"]),
)
def test_the_books_balance(text, read, policy):
    result = harmonize(Document("a", text, tuple(read)), LABELS, policy)
    kept = result.document.mentions
    books = Counter(m.label for m in read)
    assert books == Counter(m.subtype for m in kept) + Counter(d.label for d in result.dropped)
    assert {d.reason for d in result.dropped} <= set(REASONS)
    where_annotated = {m: (min(s for s, _ in m.fragments), max(e for _, e in m.fragments)) for m in kept}
    moved = [(*where_annotated[m], m.start, m.end) for m in kept if where_annotated[m] != (m.start, m.end)]
    recorded = {(c.start, c.end, c.new_start, c.new_end) for c in result.changed}
    assert set(moved) <= recorded
    assert {c.how for c in result.changed} <= {"in pieces", "trimmed"}
    assert result.document.text == text
    assert all(m.label in ENTITY_TYPES and 0 <= m.start < m.end <= len(text) for m in kept)
    assert all(text[m.start : m.end] == text[m.start : m.end].strip() for m in kept)
    assert all(first.end <= second.start for first, second in pairwise(kept))
