"""Test that individually annotated sentences are put back into their documents."""
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import jsonl

TEXT = "No rash. Took aspirin. Felt better."


def row(start: int, end: int, name: str = "a", **other: object) -> dict:
    place = {"source_document": name, "source_start": start, "source_end": end}
    return {"id": f"{name}:{start}", "text": TEXT[start:end], "spans": [], **place, **other}


def read(tmp_path, *files: list[dict]):
    tmp_path.mkdir(exist_ok=True)
    for number, rows in enumerate(files, start=1):
        lines = "".join(json.dumps(one) + "\n" for one in rows)
        (tmp_path / f"round-{number}.jsonl").write_text(lines, encoding="utf8")
    return jsonl.read(tmp_path)


@given(st.lists(st.integers(0, 30), min_size=2, unique=True).map(sorted), st.randoms())
def test_texts_and_mentions_stand_where_they_stood(tmp_path_factory, borders, random):
    pieces = [(start, end) for start, end in zip(borders, borders[1:], strict=False) if TEXT[start:end].strip()]
    rows = [row(start, end, spans=[{"start": 0, "end": end - start, "label": "Drug"}]) for start, end in pieces]
    random.shuffle(rows)
    if not rows:
        return
    (document,) = read(tmp_path_factory.mktemp("rows"), rows)
    assert document.id == "a" and len(document.text) == pieces[-1][1]
    assert document.annotated == tuple(pieces)
    assert {(one.start, one.end, *one.fragments) for one in document.mentions} == {(*one, one) for one in pieces}
    assert len({mention.id for mention in document.mentions}) == len(pieces)
    for start, end in pieces:
        assert document.text[start:end] == TEXT[start:end]
    kept = {place for start, end in pieces for place in range(start, end)}
    assert all(char.isspace() for place, char in enumerate(document.text) if place not in kept)


def test_files_of_several_rounds_are_one_document_under_its_own_id(tmp_path):
    (document,) = read(tmp_path, [row(9, 22)], [row(0, 8)])
    assert (document.id, document.text) == ("a", "No rash.\nTook aspirin.")
    assert document.annotated == ((0, 8), (9, 22)) and document.meta["sentence_starts"] == (0, 9)


def test_other_rows_stay_as_they_are(tmp_path):
    found = read(tmp_path, [row(9, 22), {"id": "b", "text": "Whole.", "spans": []}])
    assert [(one.id, one.text, one.annotated) for one in found[1:]] == [("b", "Whole.", None)]


def test_a_sentence_that_was_not_accepted_is_unknown(tmp_path):
    (document,) = read(tmp_path, [row(0, 8, answer="reject"), row(9, 22, answer="accept")])
    assert document.annotated == ((9, 22),) and "No rash" not in document.text
    assert any("didn't accept" in note for note in document.meta["notes"])


def test_a_document_of_which_no_sentence_was_accepted_is_left_out(tmp_path):
    (document,) = read(tmp_path, [row(0, 8, answer="ignore"), row(9, 22, answer="ignore")])
    assert document.id == "a" and document.meta["left_out"] == "answer is ignore"


def test_annotators_of_one_sentence_have_documents_of_their_own(tmp_path):
    rows = [row(0, 8, id=f"{who}", _annotator_id=who) for who in ("ann", "bob")]
    assert [(one.id, one.annotator) for one in read(tmp_path, rows)] == [("ann/a", "ann"), ("bob/a", "bob")]


def test_annotators_who_share_a_text_have_copies_of_it_also_where_their_sentences_overlap(tmp_path):
    rows = [row(0, 8, _session_id="monday"), row(4, 22, _session_id="tuesday", _annotator_id="ann")]
    found = [(one.id, one.annotator, one.annotated, one.meta["copy_of"]) for one in read(tmp_path, rows)]
    assert found == [("monday/a", "monday", ((0, 8),), "a"), ("ann/a", "ann", ((4, 22),), "a")]


def test_who_passed_a_sentence_over_is_none_of_the_annotators(tmp_path):
    rows = [row(0, 8, _annotator_id="ann"), row(9, 22, _annotator_id="bob", answer="ignore")]
    (document,) = read(tmp_path, rows)
    assert (document.id, document.annotator, document.annotated) == ("a", "ann", ((0, 8),))


def test_of_a_binary_answer_only_the_span_is_known(tmp_path):
    rows = [row(9, 22, spans=[{"start": 5, "end": 12, "label": "Drug"}], _view_id="ner", answer="accept")]
    (document,) = read(tmp_path, rows)
    assert document.annotated == ((14, 21),)


def test_copies_of_a_sentence_are_by_annotator_and_know_their_text(tmp_path):
    shared = [row(0, 8, id=who, _annotator_id=who) for who in ("ann", "bob")]
    found = read(tmp_path, [*shared, row(9, 22, _annotator_id="bob")])
    assert [(one.id, one.annotated, one.meta["copy_of"]) for one in found] == [
        ("ann/a", ((0, 8),), "a"),
        ("bob/a", ((0, 8), (9, 22)), "a"),
    ]


@pytest.mark.parametrize("answers", [("accept", "ignore"), ("ignore", "accept"), ("reject", "accept", "ignore")])
def test_an_answer_that_was_withdrawn_does_not_count(tmp_path, answers):
    rows = [row(0, 8, id=str(number), answer=answer) for number, answer in enumerate(answers)]
    (document,) = read(tmp_path, rows)
    assert document.id == "a" and document.annotated == ((0, 8),) and "left_out" not in document.meta


def test_sentences_of_two_texts_under_one_id_are_two_documents(tmp_path):
    rows = [row(0, 8, source_hash="a1"), row(4, 22, source_hash="b2"), row(23, 35)]
    first, second = read(tmp_path, rows)
    # Those written before there were hashes are of the first.
    assert (first.id, first.annotated, first.meta["copy_of"]) == ("a", ((0, 8), (23, 35)), "a")
    assert (second.id, second.annotated, second.meta["copy_of"]) == ("b2/a", ((4, 22),), "a")
    assert not any("another text" in note for note in first.meta["notes"])
    assert any("another text" in note for note in second.meta["notes"])


def test_a_sentence_that_several_passed_over_is_left_out_once(tmp_path):
    (document,) = read(tmp_path, [row(0, 8, id=who, _annotator_id=who, answer="ignore") for who in ("ann", "bob")])
    assert document.id == "a" and "left_out" in document.meta


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(0, 8), row(4, 22)], r"round-1\.jsonl:2: two overlapping sentences in the document 'a'"),
        ([{**row(0, 8), "text": "No rash!!"}], "don't match the length of the text"),
        ([{**row(0, 8), "source_start": -1, "source_end": 7}], "don't match the length of the text"),
        ([{**row(0, 8), "source_start": 2**40, "source_end": 2**40 + 8}], "don't match the length of the text"),
        ([{**row(0, 8), "source_start": "0"}], "'source_start' is not of type int"),
        ([{key: value for key, value in row(0, 8).items() if key != "source_end"}], "missing key 'source_end'"),
    ],
)
def test_a_place_that_can_not_be_is_told(tmp_path, rows, said):
    with pytest.raises(ProjectError, match=said):
        read(tmp_path, rows)
