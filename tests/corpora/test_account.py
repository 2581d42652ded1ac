"""Test the account of a corpus: counts as read, overlapping pairs, and expected counts."""
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.account import (
    LOSSES,
    Check,
    check_expected,
    check_losses,
    count_as_read,
    count_copies,
    losses_beyond_expected,
    overlapping_pairs,
    refuse_heavy_losses,
    refuse_losses,
    types_without_mentions,
)
from scripts.corpora.manifest import Copies, LeftOut, Manifest, Mentions, PartAccount, ReadAccount, Statistics
from scripts.corpora.schema import CHANGES, LABEL_NOT_MAPPED, REASONS, Changed, Document, Dropped, Mention
from scripts.corpora.settings import CorpusSettings, Expected

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
        splits={"train": PartAccount(2, 1, 9, 90, mentions, 0, cut, {}, 0, 0, 80)},
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


def two_parts(train: list[str], test: list[str], read=None, kept=None) -> Manifest:
    """A manifest of two parts with six mentions of ADR and three of Dose each, of which some were dropped."""
    manifest, counts = make_manifest(), {"ADR": 6, "Dose": 3} if read is None else read
    (part,) = manifest.splits.values()
    splits = {
        name: replace(part, mentions=Mentions(counts, kept or {"Disease": 1}, dict(Counter(dropped)), {}))
        for name, dropped in (("train", train), ("test", test))
    }
    records = tuple(
        Dropped(f"{name}{number}", f"T{number}", number, number + 4, "ADR", reason, name)
        for name, dropped in (("train", train), ("test", test))
        for number, reason in enumerate(dropped, start=1)
    )
    return replace(manifest, splits=splits, dropped=records)


SETTINGS = CorpusSettings(
    language="en", domain="ugt", format="brat", path=Path("x"), labels={"ADR": "Disease"}, ignore=["Dose"]
)


def test_annotators_who_do_not_agree_are_not_sent_to_their_offsets():
    message = heavy(two_parts(["no majority"] * 5, ["no majority"] * 2))
    assert "by 'no majority'" in message and "`annotators`" in message and "check the offsets" not in message.lower()


def heavy(manifest: Manifest, **accepted: int) -> str:
    """The error of a corpus with such losses; empty for none."""
    expected = Expected(dropped={reason.replace("_", " "): count for reason, count in accepted.items()})
    try:
        refuse_heavy_losses("c", SETTINGS.model_copy(update={"expected": expected}), manifest)
    except ProjectError as error:
        assert "\n" not in str(error)
        return str(error)
    return ""


@pytest.mark.parametrize("reason", LOSSES)
def test_more_than_half_of_a_parts_mentions_lost_is_refused_whatever_the_reason(reason):
    assert heavy(two_parts([reason] * 3, [reason] * 3)) == ""
    message = heavy(two_parts([reason], [reason] * 4))
    what = f"corpus c: 4 of 6 mentions of the test part are lost, 4 by '{reason}' (first: T1 ADR 1-5 in test1, "
    assert message.startswith(what)
    assert heavy(two_parts([reason] * 4, [])).startswith("corpus c: 4 of 6 mentions of the train part")


def test_the_whole_corpus_is_told_before_its_parts_with_the_main_reason_and_its_first_three_cases():
    message = heavy(two_parts(["nested", *["text mismatch"] * 5], ["empty", "text mismatch"]))
    assert message == (
        "corpus c: 8 of 12 mentions are lost, 6 by 'text mismatch' (first: T2 ADR 2-6 in train2, T3 ADR 3-7 in train3, "
        "T4 ADR 4-8 in train4). Check the offsets and labels in the raw files and in the corpus file, or add the "
        "accepted count to `expected.dropped` in the corpus file"
    )


def test_labels_that_are_left_out_are_neither_lost_nor_counted():
    assert heavy(two_parts([LABEL_NOT_MAPPED] * 9, [LABEL_NOT_MAPPED] * 3)) == ""
    assert heavy(two_parts([], [], read={"Dose": 3})) == ""
    assert "1 of 1 mentions" in heavy(two_parts(["empty"], [], read={"Dose": 3, "ADR": 1}))


def test_only_what_is_lost_beyond_what_the_corpus_file_accepts_counts():
    manifest = two_parts(["nested"] * 6, ["nested"] * 2)
    assert heavy(manifest, nested=8) == heavy(manifest, nested=5) == ""
    assert "4 of 6 mentions of the train part" in heavy(manifest, nested=4)
    assert "8 of 12 mentions are lost" in heavy(manifest, empty=8)
    assert losses_beyond_expected(Expected(dropped={"nested": 5, "empty": 2}), manifest) == {"nested": 3}
    assert losses_beyond_expected(Expected(), two_parts(["empty", LABEL_NOT_MAPPED], ["nested"])).total() == 2


def test_a_part_without_a_type_that_the_corpus_annotates_is_found():
    manifest = replace(two_parts([], [], kept={"Drug": 0, "Disease": 2}), entity_types=("Drug", "Disease"))
    assert types_without_mentions(manifest) == [("train", "Drug"), ("test", "Drug")]
    assert types_without_mentions(two_parts([], [])) == []


def test_copies_are_counted_by_text_and_by_annotator():
    by_two = [Document("anna/1", "one text", annotator="anna"), Document("bert/1", "one  text", annotator="bert")]
    by_one = [Document(f"anna/{number}", "three", annotator="anna") for number in (2, 3)]
    by_nobody, empty = [Document(name, "two") for name in ("x", "y", "z")], [Document(name, " ") for name in ("e", "f")]
    rejected = Document("w", "two", meta={"left_out": "answer is reject"})
    parts = {
        "train": [*by_two, by_nobody[0], empty[0]],
        "test": [*by_one, *by_nobody[1:], empty[1]],
        "left_out": [rejected],
    }
    documents = [document for part in parts.values() for document in part]
    assert count_copies(documents, parts) == Copies(3, 7, 1, {"anna": 1, "bert": 1}, 1)
