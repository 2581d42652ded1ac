"""The books of a corpus: counts as read, pairs that overlap, and what is expected against what is found."""
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.account import Check, check_expected, check_losses, count_as_read, overlapping_pairs, refuse_losses
from scripts.corpora.manifest import Copies, LeftOut, Manifest, Mentions, PartAccount, ReadAccount, Statistics
from scripts.corpora.schema import CHANGES, LABEL_NOT_MAPPED, REASONS, Changed, Document, Dropped, Mention
from scripts.corpora.settings import Expected

TEXT = "pain in\nmy left knee"


def mention(*fragments: tuple[int, int], label: str = "ADR") -> Mention:
    return Mention(fragments[0][0], fragments[-1][1], label, fragments=fragments)


def test_counts_as_read_know_every_label_and_judge_only_those_that_are_taken():
    mentions = (
        mention((0, 4), (16, 20)),  # truly in pieces
        mention((5, 7), (8, 10)),  # parted by a line break
        mention((0, 4)),  # nested in the first one
        mention((0, 4), (5, 7), label="Dose"),
    )
    documents = [
        Document("a", TEXT, mentions, {"notes": ("x", "x")}),
        Document("b", " \n", meta={"tag_scheme": "IOB2"}),
    ]
    assert count_as_read(documents, ["ADR"]) == ReadAccount(
        documents=2,
        empty_documents=1,
        mentions={"ADR": 3, "Dose": 1},
        fragmented=2,
        joined=1,
        overlapping_pairs={"nested": 2},
        tag_schemes={"IOB2": 1},
        notes={"x": 2},
    )


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 4), (4, 8)], {}),
        ([(0, 4), (0, 4)], {"same": 1}),
        ([(0, 8), (0, 4), (4, 8), (2, 6)], {"nested": 3, "crossing": 2}),
        ([(3, 3), (0, 8)], {}),
    ],
)
def test_pairs_overlap_by_nesting_by_crossing_or_wholly(spans, expected):
    assert overlapping_pairs([mention(span) for span in spans]) == expected


@given(st.lists(st.tuples(st.integers(-2, 12), st.integers(-2, 12)), max_size=9))
def test_pairs_are_those_of_comparing_each_with_each(spans):
    expected: Counter[str] = Counter()
    for (a, b), (c, d) in combinations([span for span in spans if span[0] < span[1]], 2):
        if max(a, c) < min(b, d):
            within = (a <= c and d <= b) or (c <= a and b <= d)
            expected["same" if (a, b) == (c, d) else "nested" if within else "crossing"] += 1
    assert overlapping_pairs([mention(span) for span in spans]) == expected


def make_manifest(dropped=(), changed=(), cut=0, notes=0) -> Manifest:
    """A manifest of one part with some losses."""
    mentions = Mentions(read={"ADR": 7}, kept={}, dropped=dict(Counter(dropped)), changed=dict(Counter(changed)))
    return Manifest(
        corpus="c",
        language="en",
        domain="ugt",
        entity_types=("Disease",),
        settings={},
        fingerprint="",
        read=ReadAccount(3, 1, {"ADR": 7}, 2, 1, {"nested": 1, "same": 1}, {}, {"a note": notes}),
        statistics=Statistics(2, 9, 10, {}, {}, 0.0, 0.0, {}),
        splits={"train": PartAccount(2, 1, 9, 90, mentions, 0, cut, {})},
        left_out=LeftOut(0, {}, {}),
        copies=Copies(0, 0, 0, {}, 0),
        dropped=tuple(Dropped("d", "T1", 0, 4, "ADR", reason) for reason in dropped),
        changed=tuple(Changed("d", "T1", 0, 4, "ADR", how, 0, 5) for how in changed),
        cut=(),
    )


def test_every_count_that_is_expected_is_checked_and_no_other():
    expected = Expected(
        documents=3, sentences=8, sentences_by_punkt=10, mentions={"ADR": 7, "Drug": 1}, overlapping_pairs=2
    )
    expected = expected.model_copy(update={"dropped": {"nested": 2}, "changed": {"expanded": 0}})
    assert check_expected(expected, make_manifest(dropped=["nested", "nested"])) == [
        Check("documents", 3, 3),
        Check("sentences", 8, 9),
        Check("sentences by punkt", 10, 10),
        Check("overlapping pairs", 2, 2),
        Check("mentions of ADR", 7, 7),
        Check("mentions of Drug", 1, 0),
        Check("dropped: nested", 2, 2),
        Check("changed: expanded", 0, 0),
    ]
    assert check_expected(Expected(), make_manifest(dropped=["empty"])) == []


def test_every_kind_of_loss_is_refused_unless_it_is_expected():
    for reason in set(REASONS) - {LABEL_NOT_MAPPED}:
        with pytest.raises(
            ProjectError, match=rf"corpus c: dropped: {reason} 1, expected 0 \(first: {reason}, T1 ADR 0-4"
        ):
            refuse_losses("c", Expected(), make_manifest(dropped=[reason]))
        refuse_losses("c", Expected(dropped={reason: 1}), make_manifest(dropped=[reason]))
    for how in CHANGES:
        with pytest.raises(ProjectError, match=f"changed: {how} 1, expected 0"):
            refuse_losses("c", Expected(), make_manifest(changed=[how]))
        refuse_losses("c", Expected(changed={how: 1}), make_manifest(changed=[how]))
    for name in ("cut", "notes"):
        with pytest.raises(ProjectError, match=f"{name} 2, expected 0"):
            refuse_losses("c", Expected(), make_manifest(**{name: 2}))
        refuse_losses("c", Expected(**{name: 2}), make_manifest(**{name: 2}))


def test_a_label_that_is_left_out_is_no_loss():
    refuse_losses("c", Expected(), make_manifest(dropped=[LABEL_NOT_MAPPED]))
    assert LABEL_NOT_MAPPED not in " ".join(check.what for check in check_losses(Expected(), make_manifest()))


def test_a_loss_that_was_expected_and_did_not_come_is_refused_too():
    with pytest.raises(ProjectError, match="dropped: nested 0, expected 5"):
        refuse_losses("c", Expected(dropped={"nested": 5}), make_manifest())
