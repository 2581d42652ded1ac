"""Test the generated notes: always the same, correctly annotated, and as large as planned."""
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpora.formats import brat
from scripts.corpora.sentences import sentence_starts
from tests.corpora.generator import WIDTH, Piece, Span, annotations, make_note, write_notes

MAPPED = ("Drug", "ADE", "Reason")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    write_notes(folder, 60, seed=0)
    return brat.read(folder)


def test_the_same_seed_gives_the_same_bytes_however_many_notes_there_are(tmp_path):
    for name, count, seed in (("one", 3, 1), ("two", 3, 1), ("more", 5, 1), ("other", 3, 2)):
        write_notes(tmp_path / name, count, seed)
    one = contents(tmp_path / "one")
    assert len(one) == 6
    assert contents(tmp_path / "two") == one
    assert contents(tmp_path / "more").items() > one.items()
    assert contents(tmp_path / "other") != one


@given(st.randoms(use_true_random=False))
def test_mentions_are_whole_words_of_the_text(rng):
    note = make_note(rng)
    for start, end, _ in note.spans:
        assert note.text[start:end] == note.text[start:end].strip() != ""
        assert not note.text[start - 1].isalnum()
        assert not note.text[end].isalnum()


def test_a_mention_that_crosses_a_line_break_is_in_pieces():
    spans = (Span(0, 4, "Reason"), Span(6, 13, "Drug"), Span(18, 26, "ADE"), Span(18, 26, "Reason"))
    lines = annotations(Piece("Pain: aspirin for leg\npain", spans)).splitlines()
    assert lines == [
        "T1\tReason 0 4\tPain",
        "T2\tDrug 6 13\taspirin",
        "T3\tADE 18 21;22 26\tleg pain",
        "R3\tADE-Drug Arg1:T3 Arg2:T2",
        "T4\tReason 18 21;22 26\tleg pain",
        "R4\tReason-Drug Arg1:T4 Arg2:T2",
    ]


def test_the_reader_finds_each_mention_where_its_text_says(documents):
    for document in documents:
        assert "notes" not in document.meta
        for mention in document.mentions:
            assert mention.text == " ".join(document.text[start:end] for start, end in mention.fragments)


def test_notes_are_as_large_and_as_full_as_those_of_n2c2(documents):
    mapped = [mention for document in documents for mention in document.mentions if mention.label in MAPPED]
    sentences = sum(len(sentence_starts(document.text)) for document in documents)
    assert sentences / len(documents) == pytest.approx(140, rel=0.1)
    assert len(mapped) / len(documents) == pytest.approx(70, rel=0.1)
    assert sum(len(document.mentions) for document in documents) > 2 * len(mapped)


def test_notes_have_what_makes_n2c2_hard(documents):
    labels = {label: set() for label in MAPPED}
    for document in documents:
        for mention in document.mentions:
            labels.get(mention.label, set()).add((document.id, mention.fragments))
    assert labels["ADE"] & labels["Reason"]
    assert any(len(fragments) > 1 for _, fragments in labels["Reason"])
    lines = [line for document in documents for line in document.text.splitlines()]
    assert sum(60 < len(line) <= WIDTH for line in lines) > len(lines) / 5
    for mark in ("[**", "1. ", "- ", "Dr. ", "History of Present Illness:"):
        assert any(mark in line for line in lines)
