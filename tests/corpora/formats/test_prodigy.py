"""Test rows of Prodigy's interfaces, as its documentation shows them, and rows written for it."""
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import jsonl, prodigy
from scripts.corpora.schema import Document, Mention
from tests.corpora.formats.strategies import NAMES, comparable, corpora

TEXT = "Took aspirin for a headache."
DRUG = {"start": 5, "end": 12, "text": "aspirin", "label": "Drug"}
DISEASE = {"start": 19, "end": 27, "text": "headache", "label": "Disease"}
MANUAL = {"_is_binary": False, "_view_id": "ner_manual", "answer": "accept", "_timestamp": 1635322276}
TEACH = {**MANUAL, "_is_binary": True, "_view_id": "ner"}


def row(*spans: dict, text: str = TEXT, **more) -> dict:
    tokens = [{"text": "Took", "start": 0, "end": 4, "id": 0, "ws": True}]
    return {"text": text, "_input_hash": len(text), "_task_hash": 2, "tokens": tokens, "spans": list(spans), **more}


def by(name: str) -> dict:
    return {"_annotator_id": name, "_session_id": name}


def read(folder: Path, *rows: dict) -> list[Document]:
    (folder / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), "utf8")
    return jsonl.read(folder / "rows.jsonl")


def spans(document: Document) -> list[tuple[int, int, str]]:
    return [(mention.start, mention.end, mention.label) for mention in document.mentions]


def test_copies_of_a_row_have_their_annotators(tmp_path):
    rows = [row(DRUG, **MANUAL, **by("set-anna")), row(DISEASE, **MANUAL, **by("set-bert"))]
    documents = read(tmp_path, *rows, row(text="Well.", **MANUAL))
    assert [(document.id, document.annotator) for document in documents] == [
        ("1", "set-anna"), ("2", "set-bert"), ("3", ""),
    ]  # fmt: skip
    assert [spans(document) for document in documents] == [[(5, 12, "Drug")], [(19, 27, "Disease")], []]
    assert all(document.annotated is None and document.meta == {} for document in documents)


@pytest.mark.parametrize(
    ("who", "annotator"),
    [
        ({"_session_id": "set-anna"}, "set-anna"),
        ({"_session_id": None}, ""),
        ({"_session_id": "old", "_annotator_id": "set-bert"}, "set-bert"),
        ({"_session_id": 7}, "7"),
    ],
)
def test_an_annotator_is_told_in_the_way_of_each_version(tmp_path, who, annotator):
    assert read(tmp_path, row(DRUG, **MANUAL, **who))[0].annotator == annotator


def test_copies_with_one_id_have_the_annotator_before_it_and_others_keep_theirs(tmp_path):
    rows = [row(**MANUAL, id=id, **by(who)) for id, who in ((12, "anna"), (12, "bert"), (13, "anna"))]
    assert [document.id for document in read(tmp_path, *rows)] == ["anna/12", "bert/12", "13"]


@pytest.mark.parametrize("names", [("anna", "anna"), ("anna", ""), ("", "")])
def test_rows_of_one_id_that_are_not_two_annotators_copies_are_an_error(tmp_path, names):
    with pytest.raises(ProjectError, match=r"rows.jsonl:2: a second document with the id '12'"):
        read(tmp_path, *(row(**MANUAL, id=12, **by(name)) for name in names))


BINARY = [
    ({"_is_binary": True, "_view_id": "ner"}, DRUG),
    ({"_is_binary": True, "_view_id": "blocks"}, DRUG),
    # Safe rather than sorry: the interface alone is enough.
    ({"_view_id": "ner"}, DRUG),
    ({"_is_binary": False, "_view_id": "spans"}, DRUG),
    # `prodigy review` has an interface of its own, which shows that of the answers.
    ({"_view_id": "review", "view_id": "ner"}, DRUG),
    # Before the interface was written into the row.
    ({}, {**DRUG, "rank": 0, "score": 0.5, "source": "core_web_sm"}),
]


@pytest.mark.parametrize(("kind", "span"), BINARY)
def test_a_binary_row_is_annotated_at_its_accepted_span_and_nowhere_else(tmp_path, kind, span):
    (document,) = read(tmp_path, row(span, answer="accept", **kind))
    assert (spans(document), document.annotated) == ([(5, 12, "Drug")], ((5, 12),))
    assert document.meta == {"notes": (prodigy.BINARY,)}


@pytest.mark.parametrize(
    "kind",
    [
        MANUAL,
        {"answer": "accept", "_view_id": "spans_manual"},
        {"answer": "accept", "_view_id": "review", "view_id": "ner_manual", "versions": [row(DRUG, **MANUAL)]},
        {"answer": "accept"},
        {},
    ],
)
def test_a_row_of_other_interfaces_is_annotated_throughout(tmp_path, kind):
    scored = {**DRUG, "score": 0.5} if "_view_id" in kind else DRUG
    (document,) = read(tmp_path, row(scored, **kind))
    assert (document.annotated, document.meta) == (None, {})


def test_a_model_s_scored_span_that_nobody_answered_is_no_binary_row(tmp_path):
    assert read(tmp_path, row({**DRUG, "score": 0.5}))[0].annotated is None


def test_binary_rows_of_a_text_are_one_document_in_the_place_of_the_first(tmp_path):
    answers = [("accept", DRUG), ("reject", {**DRUG, "label": "Disease"}), ("accept", DISEASE), ("ignore", DISEASE)]
    rows = [row(span, **{**TEACH, "answer": answer}) for answer, span in answers]
    rows.insert(1, row(text="Zinc.", **MANUAL))
    first, second = read(tmp_path, *rows)
    assert (first.id, first.text, spans(first)) == ("1", TEXT, [(5, 12, "Drug"), (19, 27, "Disease")])
    assert first.annotated == ((5, 12), (19, 27))
    assert [mention.id for mention in first.mentions] == ["T1", "T2"]
    assert first.meta == {"notes": (prodigy.BINARY, prodigy.NOT_ACCEPTED, prodigy.NOT_ACCEPTED)}
    assert (second.id, second.text, second.annotated) == ("2", "Zinc.", None)


def test_binary_rows_of_two_annotators_or_of_two_texts_stay_apart(tmp_path):
    rows = [row(DRUG, **TEACH, **by("anna")), row(DRUG, **TEACH, **by("bert")), row(text="Zinc.", **TEACH)]
    rows.append({**row(DISEASE, **TEACH, **by("anna")), "_input_hash": 99})
    documents = read(tmp_path, *rows)
    assert [(one.id, one.annotator, one.annotated) for one in documents] == [
        ("1", "anna", ((5, 12),)), ("2", "bert", ((5, 12),)), ("3", "", ()), ("4", "anna", ((19, 27),)),
    ]  # fmt: skip


@pytest.mark.parametrize("answers", [["reject"], ["reject", "ignore"]])
def test_a_text_of_which_no_span_was_accepted_is_left_out(tmp_path, answers):
    (document,) = read(tmp_path, *(row(DRUG, **{**TEACH, "answer": answer}) for answer in answers))
    assert (document.mentions, document.annotated) == ((), ())
    assert document.meta["left_out"] == prodigy.NOTHING_ACCEPTED
    assert document.meta["notes"].count(prodigy.NOT_ACCEPTED) == len(answers)


def test_stretches_that_overlap_are_joined_and_a_span_that_is_not_there_tells_of_nothing(tmp_path):
    others = [{**DRUG, "end": 16, "text": None}, {"start": 10, "end": 18, "label": "X"}, {**DISEASE, "text": "rash"}]
    (document,) = read(tmp_path, *(row(span, **TEACH) for span in (*others, {"start": 20, "end": 99, "label": "X"})))
    assert document.annotated == ((5, 18),)
    assert len(document.mentions) == 4


@pytest.mark.parametrize("answered", [{"accept": ["X"]}, {"label": "X"}, {"label": "X", "spans": [DRUG]}])
@pytest.mark.parametrize("is_reviewed", [False, True])
@pytest.mark.parametrize("view", ["choice", "classification", "text"])
def test_a_row_of_an_interface_that_marks_no_spans_is_left_out(tmp_path, view, is_reviewed, answered):
    kind = {"_view_id": "review", "view_id": view} if is_reviewed else {"_view_id": view}
    (document,) = read(tmp_path, {"text": TEXT, "answer": "accept", **kind, **answered})
    assert view in document.meta["left_out"]


@given(corpora(NAMES | st.just("")))
def test_what_is_written_is_read_back(documents):
    with tempfile.TemporaryDirectory() as folder:
        prodigy.write(documents, Path(folder) / "rows.jsonl")
        again = jsonl.read(Path(folder) / "rows.jsonl")
    assert [comparable(document) for document in again] == documents


def test_a_row_that_somebody_then_went_through_is_annotated_throughout(tmp_path):
    prodigy.write([Document("a", TEXT, annotated=((0, 4),))], tmp_path / "in.jsonl")
    (written,) = [json.loads(line) for line in (tmp_path / "in.jsonl").read_text("utf8").splitlines()]
    (document,) = read(tmp_path, {**written, **MANUAL, "spans": [DRUG], **by("anna")})
    assert (document.id, document.annotated, document.annotator) == ("a", None, "anna")


def test_a_document_that_is_left_out_is_so_when_read_back(tmp_path):
    prodigy.write([Document("a", TEXT, meta={"left_out": "a test"})], tmp_path / "rows.jsonl")
    assert jsonl.read(tmp_path / "rows.jsonl")[0].meta == {"left_out": "answer is ignore"}


def test_a_mention_in_pieces_cannot_be_written_and_nothing_is(tmp_path):
    pieces = Mention(0, 12, "Drug", id="T7", fragments=((0, 4), (5, 12)))
    with pytest.raises(ProjectError, match="document 'b': mention T7 is in several pieces"):
        prodigy.write([Document("a", TEXT), Document("b", TEXT, (pieces,))], tmp_path / "rows.jsonl")
    assert not list(tmp_path.iterdir())
