"""Test Doccano's exports, written as its own formatters and writers (1.8) do, and rows for it."""
import json
import tempfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from scripts.base.errors import ProjectError
from scripts.corpora.formats import doccano, jsonl
from scripts.corpora.schema import Document, Mention
from tests.corpora.formats.strategies import comparable, corpora

# A text with a span and a comment, one that has neither, and one that was imported with an id of its own.
ALL = r"""
{"id":7,"text":"Took aspirin\/zinc for a headache.","label":[[5,12,"Drug"],[24,32,"Disease"]],"Comments":["sure?"]}
{"id":8,"text":"Nothing.\nReally.","label":[],"Comments":[]}
{"id":"doc-9","text":"Zinc.","label":[[0,4,"Drug"]],"Comments":[]}
"""
RELATIONS = r"""
{"id":7,"text":"Took aspirin.","entities":[{"id":31,"label":"Drug","start_offset":5,"end_offset":12}],"relations":[{"id":1,"from_id":31,"to_id":31,"type":"treats"}],"Comments":[]}
{"id":8,"text":"Nothing.","entities":[],"relations":[],"Comments":[]}
"""  # noqa: E501


def row(id: int, *label: list, text: str = "Took aspirin.", **more) -> dict:
    return {"id": id, "text": text, "label": list(label), **more}


DRUG = [5, 12, "Drug"]


def archive(folder: Path, files: dict[str, list[dict]], name: str = "export.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w") as made:
        for inner, rows in files.items():
            # pandas writes a line feed for a table without rows.
            made.writestr(f"{inner}.jsonl", "".join(json.dumps(one) + "\n" for one in rows) or "\n")
    return folder / name


def told(documents: list[Document]) -> list[tuple]:
    return [(one.id, one.annotator, len(one.mentions), one.meta.get("left_out")) for one in documents]


def test_a_collaborative_export_is_read_from_its_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as made:
        made.writestr("all.jsonl", ALL.lstrip())
    first, second, third = jsonl.read(tmp_path / "export.zip")
    assert [(m.start, m.end, m.label) for m in first.mentions] == [(5, 12, "Drug"), (24, 32, "Disease")]
    assert [first.text[m.start : m.end] for m in first.mentions] == ["aspirin", "headache"]
    assert told([first, second, third]) == [("7", "", 2, None), ("8", "", 0, None), ("doc-9", "", 1, None)]
    assert (first.meta, second.meta) == ({"notes": (jsonl.COMMENTS,)}, {"notes": (doccano.UNSURE,)})


def test_an_export_with_relations_keeps_the_ids_of_its_spans(tmp_path):
    (tmp_path / "all.jsonl").write_text(RELATIONS.lstrip(), "utf8")
    first, second = jsonl.read(tmp_path / "all.jsonl")
    assert [(m.id, m.start, m.end, m.label) for m in first.mentions] == [("31", 5, 12, "Drug")]
    assert (first.meta, second.meta) == ({"notes": (jsonl.RELATIONS,)}, {"notes": (doccano.UNSURE,)})


def test_sentences_and_whole_texts_of_one_project_are_read(tmp_path):
    """Doccano exports with pandas, which fills in what a row doesn't have, and then no column has whole numbers."""
    place = {"source_document": "a", "source_start": 9.0, "source_end": 22.0, "source_hash": "0", "before": "No."}
    rows = [
        row(7, DRUG, **dict.fromkeys(place), Comments=[]),
        row(8, text="Zinc.", **dict.fromkeys(place), Comments=[]),
        {**row(9, DRUG, **place, Comments=[]), "id": "a:9-22"},
    ]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), "utf8")
    first, second, sentence = jsonl.read(tmp_path / "all.jsonl")
    assert [(one.id, one.annotated) for one in (first, second)] == [("7", None), ("8", None)]
    assert (sentence.id, sentence.annotated) == ("a", ((9, 22),))
    assert [(mention.start, mention.end) for mention in sentence.mentions] == [(14, 21)]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_as_its_lines_are(tmp_path, indent):
    (tmp_path / "all.jsonl").write_text(ALL.lstrip(), "utf8")
    lines = jsonl.read(tmp_path / "all.jsonl")
    array = json.dumps([json.loads(line) for line in ALL.split("\n") if line], indent=indent)
    (tmp_path / "all.json").write_text(array, "utf8")
    assert list(map(comparable, jsonl.read(tmp_path / "all.json"))) == list(map(comparable, lines))


def test_an_array_s_items_are_counted_where_something_is_wrong(tmp_path):
    for item, message in ((1, "expected a JSON object, got int"), ({"id": 1}, "missing key 'text'")):
        (tmp_path / "all.json").write_text(json.dumps([row(1, DRUG), item]), "utf8")
        with pytest.raises(ProjectError, match=rf"all\.json, item 2: {message}"):
            jsonl.read(tmp_path / "all.json")


def test_an_array_without_an_id_has_its_items_numbers(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"text": "a", "label": []}, {"text": "b", "label": []}]), "utf8")
    assert [document.id for document in jsonl.read(tmp_path / "a.json")] == ["1", "2"]


@pytest.mark.parametrize("more", [{}, {"Comments": []}])
def test_an_export_by_annotator_of_approved_documents_is_each_one_s(tmp_path, more):
    anna = [row(1, DRUG, **more), row(2, text="Well.", **more)]
    bert = [row(1, [5, 12, "Disease"], **more), row(3, DRUG, **more)]
    documents = jsonl.read(archive(tmp_path, {"anna": anna, "bert": bert}))
    assert told(documents) == [
        ("anna/1", "anna", 1, None), ("anna/2", "anna", 0, None),
        ("bert/1", "bert", 1, None), ("bert/3", "bert", 1, None),
    ]  # fmt: skip
    assert all(document.meta == {} for document in documents)


def test_an_export_by_annotator_of_all_documents_leaves_out_what_nobody_says_was_looked_at(tmp_path):
    texts = {1: "Took aspirin.", 2: "Well.", 3: "Took vitamin."}
    marked = {"admin": [], "anna": [1, 3], "bert": [1]}
    files = {
        name: [row(id, *[DRUG] * (id in ids), text=text, Comments=[]) for id, text in texts.items()]
        for name, ids in marked.items()
    }
    documents = jsonl.read(archive(tmp_path, files))
    assert {(one.annotator, one.id): one.meta.get("left_out") for one in documents} == {
        (name, f"{name}/{id}"): None if id in ids else doccano.NOT_TOLD for name, ids in marked.items() for id in texts
    }


def test_rounds_are_no_annotators(tmp_path):
    first, second = [row(1, DRUG), row(2, text="Well.")], [row(1, DRUG), row(3, DRUG)]
    rounds = jsonl.read(archive(tmp_path, {"round-1": first, "round-2": second}))
    assert [one.annotator for one in rounds] == [""] * 4
    for path in ("round-{n}/{who}", "{who}/round-{n}"):
        files = {path.format(n=n, who=who): first for n in (1, 2) for who in ("anna", "bert")}
        people = jsonl.read(archive(tmp_path, files))
        assert Counter(one.annotator for one in people) == {"anna": 4, "bert": 4}


def test_a_sentence_that_two_rounds_export_is_told(tmp_path):
    place = {"source_document": "a", "source_start": 0, "source_end": 13, "source_hash": "0"}
    with pytest.raises(ProjectError, match="two overlapping sentences in the document 'a'.*round-1.jsonl"):
        jsonl.read(archive(tmp_path, {f"round-{n}": [row(1, DRUG, Comments=[], **place)] for n in (1, 2)}))


def test_whoever_approved_nothing_has_an_empty_file_which_is_told(tmp_path):
    documents = jsonl.read(archive(tmp_path, {"admin": [], "anna": [row(1, DRUG)], "bert": [row(1)]}))
    assert [document.id for document in documents] == ["anna/1", "bert/1"]
    assert [document.meta.get("notes", ()) for document in documents][0] == (jsonl.EMPTY_FILE,)


@pytest.mark.parametrize("files", [{"unknown": 2}, {"anna": 1, "unknown": 2}, {"all": 1, "unknown": 2}])
def test_what_nobody_marked_anything_in_is_left_out(tmp_path, files):
    rows = {1: row(1, DRUG), 2: row(2, text="Well.")}
    (*_, last) = jsonl.read(archive(tmp_path, {name: [rows[id]] for name, id in files.items()}))
    assert last.meta == {"left_out": doccano.NOBODY}


def test_a_user_who_is_called_unknown_is_read(tmp_path):
    documents = jsonl.read(archive(tmp_path, {"unknown": [row(1, DRUG)], "anna": [row(2, DRUG)]}))
    assert [document.meta for document in documents] == [{}, {}]


@pytest.mark.parametrize("more", [{}, {"Comments": []}])
def test_files_that_share_no_text_are_no_annotators(tmp_path, more):
    files = {"train": [row(1, DRUG, **more)], "test": [row(1, DRUG, text="Take vitamins.", **more)]}
    assert [document.annotator for document in jsonl.read(archive(tmp_path, files))] == ["", ""]


def test_the_file_of_all_is_nobody_s(tmp_path):
    documents = jsonl.read(archive(tmp_path, {name: [row(1, DRUG)] for name in ("all", "anna", "bert")}))
    assert [document.annotator for document in documents] == ["", "anna", "bert"]


def test_rows_of_an_older_export_or_of_another_tool_are_not_doubted(tmp_path):
    assert [document.meta for document in jsonl.read(archive(tmp_path, {"rows": [row(1), row(2, DRUG)]}))] == [{}, {}]


def test_files_of_other_tools_are_as_they_are(tmp_path):
    spans = {"text": "Took aspirin.", "spans": []}
    documents = jsonl.read(archive(tmp_path, {"a": [spans], "b": [spans]}))
    assert told(documents) == [("a/1", "", 0, None), ("b/1", "", 0, None)]


def numbered(document: Document) -> Document:
    mentions = enumerate(document.mentions, start=1)
    return replace(document, mentions=tuple(replace(one, id=f"T{n}", text=None) for n, one in mentions))


@given(corpora())
def test_what_is_written_is_read_back(documents):
    with tempfile.TemporaryDirectory() as folder:
        doccano.write(documents, Path(folder) / "rows.jsonl")
        again = jsonl.read(Path(folder) / "rows.jsonl")
    assert list(map(comparable, again)) == list(map(numbered, documents))


def test_an_id_and_what_is_annotated_come_back_through_the_tool(tmp_path):
    doccano.write([Document("a/1", "Zinc."), Document("b", "Tin.", annotated=((0, 3),))], tmp_path / "in.jsonl")
    imported = [json.loads(line) for line in (tmp_path / "in.jsonl").read_text("utf8").splitlines()]
    # All but text and label become metadata, whose keys all rows of an export have, in place of Doccano's own.
    meta = [{key: one[key] for key in one if key not in ("text", "label")} for one in imported]
    keys = {key: None for one in meta for key in one}
    rows = [
        {"id": number, "text": one["text"], **keys, **more, "label": [[0, 3, "Drug"]], "Comments": []}
        for number, (one, more) in enumerate(zip(imported, meta, strict=True))
    ]
    documents = jsonl.read(archive(tmp_path, {"all": rows}))
    assert [(one.id, one.annotated, len(one.mentions)) for one in documents] == [
        ("a/1", None, 1), ("b", ((0, 3),), 1),
    ]  # fmt: skip


def test_what_doccano_cannot_say_is_not_written(tmp_path):
    pieces = Mention(0, 12, "Drug", id="T7", fragments=((0, 4), (5, 12)))
    for document, message in (
        (Document("b", "Took aspirin.", (pieces,)), "document 'b': mention T7 is in several pieces"),
        (Document("b", "Took aspirin.", meta={"left_out": "x"}), "document 'b': the document is left out of its"),
    ):
        with pytest.raises(ProjectError, match=message):
            doccano.write([Document("a", "Well."), document], tmp_path / "rows.jsonl")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [True, [1], [[1]], [[0, 1, 2]], [["0", 1]], [[2, 1]], [[3, 4], [0, 1]], [[1, 1]]])
def test_stretches_that_are_none_are_an_error(tmp_path, value):
    (tmp_path / "a.jsonl").write_text(json.dumps(row(1, annotated_stretches=value)), "utf8")
    with pytest.raises(ProjectError, match=r"a\.jsonl:1: key 'annotated_stretches' .*"):
        jsonl.read(tmp_path / "a.jsonl")
