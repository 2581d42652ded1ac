"""Test Label Studio's exports, written as its serializers and its SDK's converter (2.1.2) do."""
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import label_studio
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.harmonize import harmonize
from scripts.corpora.schema import Document, Mention
from tests.corpora.formats.strategies import NAMES, comparable, corpora

TEXT = "Took aspirin for a headache."
ANNA = {"id": 1, "email": "anna@example.org", "first_name": "", "last_name": ""}
# The converter's own file for the tasks of EXPORT: the last annotation of a task first, canceled ones left out.
MIN = """[
{"text": "Took aspirin for a headache.", "id": 11, "annotator": 2, "annotation_id": 23,
 "created_at": "2024-05-01T10:00:02.0Z", "updated_at": "2024-05-01T10:00:00.0Z", "lead_time": 3.1},
{"text": "Took aspirin for a headache.", "id": 11,
 "label": [{"start": 5, "end": 12, "text": "aspirin", "labels": ["Drug"]}], "mood": "glad",
 "annotator": "anna@example.org", "annotation_id": 21,
 "created_at": "2024-05-01T10:00:00.0Z", "updated_at": "2024-05-01T10:00:00.0Z", "lead_time": 3.1},
{"text": "Nothing yet.", "id": 12, "annotator": null, "annotation_id": null,
 "created_at": null, "updated_at": null, "lead_time": null}
]"""


def span(start: int, end: int, *labels: str, id: str = "r1", text: str | None = None, **more) -> dict:
    value = {"start": start, "end": end, "text": TEXT[start:end] if text is None else text, "labels": list(labels)}
    places = {"from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}
    return {"value": value, "id": id, **places, **more}


def choice(*names: str, **value) -> dict:
    places = {"id": "c1", "from_name": "mood", "to_name": "text", "type": "choices", "origin": "manual"}
    return {"value": {"choices": list(names), **value}, **places}


def annotation(id: int, who: object, *results: dict, **more) -> dict:
    rest = {"ground_truth": False, "created_at": "2024-05-01T10:00:00.0Z", "lead_time": 3.1, "prediction": {}}
    return {"id": id, "completed_by": who, "result": list(results), "was_cancelled": False, **rest, **more}


def task(id: int, *annotations: dict, data: dict | None = None, **more) -> dict:
    rest = {"file_upload": "x.json", "drafts": [], "predictions": [], "meta": {}, "inner_id": 1, "total_annotations": 1}
    return {"id": id, "annotations": list(annotations), "data": data or {"text": TEXT}, **rest, "project": 4, **more}


def test_the_annotated_text_is_the_one_that_holds_the_spans_even_beside_one_called_text(tmp_path):
    there = span(5, 12, "Drug")
    tasks = [task(n, annotation(n, 1, there), data={"text": f"Note {n}", "note": TEXT}) for n in (1, 2)]
    assert [document.text for document in read(tmp_path, tasks)] == [TEXT, TEXT]
    # Where both hold them, or neither does, `text` is meant.
    tasks = [task(n, annotation(n, 1, there), data={"text": TEXT, "note": TEXT + "!"}) for n in (1, 2)]
    assert [document.text for document in read(tmp_path, tasks)] == [TEXT, TEXT]


RELATION = {"from_id": "r1", "to_id": "r2", "type": "relation", "direction": "right"}
EXPORT = [
    task(
        11,
        annotation(21, ANNA, span(5, 12, "Drug"), choice("glad"), RELATION),
        annotation(22, 3, was_cancelled=True),
        annotation(23, 2),
    ),
    task(12, data={"text": "Nothing yet."}, predictions=[{"id": 1, "result": [], "score": 0.5}], drafts=[{"id": 1}]),
    task(13, annotation(24, 2, span(19, 27, "Disease", id="r7"))),
]


def read(folder: Path, content: object, options: Options = NO_OPTIONS) -> list[Document]:
    (folder / "export.json").write_text(content if isinstance(content, str) else json.dumps(content), "utf8")
    return label_studio.read(folder / "export.json", options=options)


def spans(document: Document) -> list[tuple]:
    return [(mention.id, mention.start, mention.end, mention.label) for mention in document.mentions]


def test_an_export_is_a_document_for_each_annotation(tmp_path):
    documents = read(tmp_path, EXPORT)
    assert [(one.id, one.annotator, spans(one)) for one in documents] == [
        ("anna@example.org/11", "anna@example.org", [("r1", 5, 12, "Drug")]),
        ("3/11", "3", []),
        ("2/11", "2", []),
        ("12", "", []),
        ("13", "2", [("r7", 19, 27, "Disease")]),
    ]
    assert [one.text for one in documents] == [TEXT, TEXT, TEXT, "Nothing yet.", TEXT]
    first, second, third, fourth, fifth = documents
    kinds = ("choices", "relation")
    notes = tuple(f"result of type '{kind}' that is not a span, which is not read" for kind in kinds)
    assert first.meta == {"notes": notes}
    assert (second.meta, third.meta, fifth.meta) == ({"left_out": label_studio.CANCELLED}, {}, {})
    assert fourth.meta == {
        "left_out": label_studio.NOT_ANNOTATED, "notes": (label_studio.PREDICTIONS, label_studio.DRAFTS),
    }  # fmt: skip
    assert [one.annotated for one in documents] == [None, None, None, (), None]
    mention = first.mentions[0]
    assert (mention.text, mention.fragments, mention.subtype) == ("aspirin", ((5, 12),), "Drug")
    assert mention.where == f"{tmp_path / 'export.json'}, item 1"


def test_json_min_says_the_same_of_what_it_holds(tmp_path):
    documents = read(tmp_path, MIN)
    assert [(one.id, one.annotator, spans(one), one.meta) for one in documents] == [
        ("2/11", "2", [], {}),
        ("anna@example.org/11", "anna@example.org", [("T1", 5, 12, "Drug")], {}),
        ("12", "", [], {"left_out": label_studio.NOT_ANNOTATED}),
    ]


def test_json_min_finds_the_text_by_its_spans_and_tells_of_what_is_beside_them(tmp_path):
    record = json.loads(MIN)[1]
    record["note"] = record.pop("text")
    record["mood"] = [{"choices": ["glad", "sad"]}, {"start": 5, "end": 12, "text": "aspirin", "choices": ["glad"]}]
    (document,) = read(tmp_path, [record | {"source": "a letter"}])
    assert (document.text, spans(document)) == (TEXT, [("T1", 5, 12, "Drug")])
    assert document.meta["notes"] == ("value under 'mood' that is not a span, which is not read",) * 2


def test_json_min_finds_the_only_text_where_there_are_no_spans(tmp_path):
    (record, *_) = json.loads(MIN)
    record["note"] = record.pop("text")
    (document,) = read(tmp_path, [record | {"annotator": "anna@example.org"}])
    assert (document.text, document.mentions, document.meta) == (TEXT, (), {})


def test_a_single_task_and_the_older_key_are_read(tmp_path):
    old = task(11)
    del old["annotations"]
    (document,) = read(tmp_path, {**old, "completions": [annotation(1, None, span(5, 12, "Drug"), skipped=False)]})
    assert (document.id, document.annotator, spans(document)) == ("11", "", [("r1", 5, 12, "Drug")])


def test_a_task_without_the_key_of_annotations_is_one_that_nobody_annotated(tmp_path):
    tasks = [{"data": {"text": TEXT}, "predictions": [1]}, {"data": {"text": "a"}, "annotations": None}]
    documents = read(tmp_path, tasks)
    assert [(one.id, one.meta["left_out"]) for one in documents] == [
        ("1", label_studio.NOT_ANNOTATED), ("2", label_studio.NOT_ANNOTATED),
    ]  # fmt: skip


def test_two_annotations_by_one_person_are_both_read(tmp_path):
    twice = [annotation(21, 2), annotation(22, 2), annotation(23, 3)]
    assert [one.id for one in read(tmp_path, [task(11, *twice)])] == ["2/11/21", "2/11/22", "3/11"]
    nobody = [{"result": [span(5, 12, "Drug")]}, {"result": []}]
    assert [one.id for one in read(tmp_path, [task(11, *nobody)])] == ["11/1", "11/2"]


def test_ids_hold_the_file_s_name_where_there_are_several(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps([task(1, annotation(1, 2))]), "utf8")
    assert [one.id for one in label_studio.read(tmp_path)] == ["a/1", "b/1"]
    assert label_studio.raw_files(tmp_path) == [tmp_path / "a.json", tmp_path / "b.json"]


def test_spans_with_several_labels_or_none_are_told(tmp_path):
    results = [span(5, 12, "Drug", "Dose"), span(5, 12, "Name"), span(0, 4, id="r2")]
    (document,) = read(tmp_path, [task(1, annotation(1, 2, *results))])
    assert spans(document) == [("r1", 5, 12, "Drug"), ("r1.2", 5, 12, "Dose"), ("r1.3", 5, 12, "Name")]
    assert document.meta["notes"] == (label_studio.SEVERAL_LABELS, label_studio.NO_LABEL)


def test_a_choice_or_a_remark_on_a_span_is_no_span(tmp_path):
    remark = {**span(5, 12), "type": "textarea", "value": {"start": 5, "end": 12, "text": ["sure?"]}}
    results = [span(5, 12, "Drug"), choice("sad", start=5, end=12, text="aspirin"), remark]
    (document,) = read(tmp_path, [task(1, annotation(1, 2, *results))])
    assert spans(document) == [("r1", 5, 12, "Drug")]
    assert ["choices" in note or "textarea" in note for note in document.meta["notes"]] == [True, True]


@pytest.mark.parametrize(
    ("text", "start", "end", "covered"),
    [
        # Older editors count UTF-16 units, newer ones characters.
        ("🤒💊 Zinc eased it.", 5, 9, "Zinc"),
        ("🤒💊 Zinc eased it.", 3, 7, "Zinc"),
        # The editor shows a line break as a backslash and an n, and a carriage return as another.
        ("Sore\nthroat again", 0, 11, "Sore\\nthroat"),
        ("Sore\r\nthroat again", 0, 12, "Sore\\n\\nthroat"),
        ("Sore\\nthroat again", 0, 12, "Sore\\nthroat"),
    ],
)
def test_offsets_and_line_breaks_are_as_each_editor_counts_and_shows_them(tmp_path, text, start, end, covered):
    value = span(start, end, "Drug", text=covered)
    (document,) = read(tmp_path, [task(1, annotation(1, 2, value), data={"text": text})])
    harmonized = harmonize(document, {"Drug": "Drug"})
    assert not harmonized.dropped
    (mention,) = harmonized.document.mentions
    assert text[mention.start : mention.end] in ("Zinc", "Sore\nthroat", "Sore\r\nthroat", "Sore\\nthroat")


def test_what_offsets_count_may_be_said_where_spans_hold_no_text(tmp_path):
    value = span(5, 9, "Drug")
    del value["value"]["text"]
    tasks = [task(1, annotation(1, 2, value), data={"text": "🤒💊 Zinc eased it."})]
    (document,) = read(tmp_path, tasks, Options(offsets="utf16"))
    assert spans(document) == [("r1", 3, 7, "Drug")]


@pytest.mark.parametrize(
    "data",
    [
        {"text": TEXT},
        {"review": TEXT, "rating": 3},
        {"text": TEXT, "title": TEXT},
        {"title": "A letter", "review": TEXT},
        {"text": ["a"], "review": TEXT},
        {"review": TEXT, label_studio.DOCUMENT_ID: "x"},
    ],
)
def test_the_text_is_found_among_the_data(tmp_path, data):
    if len([value for value in data.values() if type(value) is str]) == 1 or label_studio.DOCUMENT_ID in data:
        assert read(tmp_path, [task(1, annotation(1, 2), data=data)])[0].text == TEXT
    assert read(tmp_path, [task(1, annotation(1, 2, span(5, 12, "Drug")), data=data)])[0].text == TEXT


def marked(value: dict) -> list[dict]:
    return [task(1, annotation(1, 2, {**span(5, 12), "value": value}))]


TURN = {
    **span(5, 12),
    "type": "paragraphlabels",
    "value": {"start": "0", "end": "0", "startOffset": 5, "endOffset": 12, "paragraphlabels": ["Drug"]},
}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([task(1, annotation(1, 2), data={"title": "a", "body": "b"})], "2 keys may have the annotated texts. Rename"),
        ([task(1, annotation(1, 2), data={"image": 1})], "no key has the annotated texts. Rename the key"),
        (
            [task(1, annotation(1, 2, span(5, 12, "Drug"), span(5, 12, "Drug", id="b", to_name="title")))],
            "spans in 2 texts of a task. Annotate one text per task",
        ),
        (
            marked({"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "hypertextlabels": ["Drug"]}),
            "item 1: a span that is not in plain text. Label plain text with the tag Text",
        ),
        (
            marked({"start": 0, "end": 1, "globalOffsets": {"start": 0, "end": 1}, "labels": ["Drug"]}),
            "item 1: a span that is not in plain text",
        ),
        (
            [task(1, annotation(1, 2, TURN), data={"dialogue": [{"author": "A", "text": TEXT}]})],
            "item 1: a span that is not in plain text. Label plain text with the tag Text",
        ),
        *(
            ([task(1, annotation(1, 2, span(5, 12, "Drug")), data={"text": address})], "addresses of texts")
            for address in ("/data/upload/1/c0ffee-a.txt", "/data/local-files/?d=a.txt", "https://a.org/a.txt", "s3://a/b")
        ),
        ([task(1), *marked({"start": True, "end": 1, "labels": ["a"]})], r"item 2: key 'start' is not of type int"),
        ([task(1, annotation(1, 2, span(5, 12, 3)))], r"item 1: key 'labels' is not of type str \(got int\)"),
        ([task(1, annotation(1, 2, {**span(5, 12), "id": 1.5}))], r"item 1: key 'id' is not of type str \(got float\)"),
        ([task(1, annotation(1, 2, span(5, 12, "\ud83d")))], "item 1: key 'labels' has half of a surrogate pair"),
        ([task(1, data={"text": "\ud83d"})], "item 1: key 'text' has half of a surrogate pair"),
        ([task(1, annotation(1, 2.5))], r"item 1: key 'completed_by' is not of type str \(got float\)"),
        ([{**task(1), "annotations": {}}], r"item 1: key 'annotations' is not of type list \(got dict\)"),
        ([task(1, 5)], "item 1: expected a JSON object, got int. Export it from Label Studio as JSON"),
        ([task(1, annotation(1, 2, 5))], "item 1: expected a JSON object, got int"),
        ([TEXT], "item 1: expected a JSON object, got str. Export it from Label Studio as JSON"),
        ([{"id": 1, "text": TEXT, "label": [[5, 12, "Drug"]]}], "item 1: neither a task nor an annotation of JSON-MIN"),
        ([], "no tasks in this file"),
        ("", "no tasks in this file"),
        ("[" * 100_000, "JSON that is nested too deeply"),
        ('[{"data": {"text": "Took', r"not a JSON object \(Unterminated string starting at, column 20\)"),
        ('[\n{"data": {"text": "a"}},\n{"data" 1}\n]', r"\(Expecting ':' delimiter, line 3, column 9\)"),
        ('[{"id": 1, "id": 2}]', r"not a JSON object \(the key 'id' occurs twice\)"),
        ([task(1), task(1)], "item 2: a second document with the id '1'.* is at .*item 1"),
    ],
)
def test_a_wrong_export_is_named_and_not_quoted(tmp_path, tasks, message):
    with pytest.raises(ProjectError, match=message) as raised:
        read(tmp_path, tasks)
    assert "export.json" in str(raised.value) and "aspirin" not in str(raised.value)


def test_a_text_that_is_an_address_is_read_next_to_others(tmp_path):
    tasks = [task(1, annotation(1, 2)), task(2, annotation(2, 2), data={"text": "https://a.org/a"})]
    assert [document.text for document in read(tmp_path, tasks)] == [TEXT, "https://a.org/a"]


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file or folder"):
        label_studio.raw_files(tmp_path / "absent.json")
    read(tmp_path, EXPORT)
    for function in (label_studio.read, label_studio.raw_files):
        with pytest.raises(ProjectError, match="no separate `annotations`"):
            function(tmp_path / "export.json", tmp_path)


@given(corpora(NAMES | st.integers(0, 99).map(str) | st.just("")))
def test_what_is_written_is_read_back(documents):
    with tempfile.TemporaryDirectory() as folder:
        label_studio.write(documents, Path(folder) / "tasks.json")
        again = label_studio.read(Path(folder) / "tasks.json")
    # Nobody can be said to have annotated nothing of a text.
    assert [comparable(document) for document in again] == [
        one if one.annotated != () or one.mentions else replace(one, annotator="") for one in documents
    ]


@pytest.mark.parametrize("annotator", ["7", "007", "٣", "anna@example.org"])
def test_an_annotator_is_read_back_as_written(tmp_path, annotator):
    label_studio.write([Document("a", TEXT, annotator=annotator)], tmp_path / "tasks.json")
    assert label_studio.read(tmp_path / "tasks.json")[0].annotator == annotator


def test_an_id_and_what_is_annotated_come_back_through_the_tool(tmp_path):
    label_studio.write([Document("a/1", TEXT, annotated=((0, 4),))], tmp_path / "tasks.json")
    (imported,) = json.loads((tmp_path / "tasks.json").read_text("utf8"))
    exported = task(77, annotation(5, 2, span(5, 12, "Drug")), annotation(6, 3), data=imported["data"])
    first, second = read(tmp_path, [exported])
    assert [(one.id, one.annotated) for one in (first, second)] == [("2/a/1", ((0, 4),)), ("3/a/1", ((0, 4),))]


@pytest.mark.parametrize("document", [Document("a", TEXT, meta={"left_out": "x"}), Document("a", TEXT, annotated=())])
def test_what_is_left_out_or_not_annotated_is_so_when_read_back(tmp_path, document):
    label_studio.write([document], tmp_path / "tasks.json")
    (again,) = label_studio.read(tmp_path / "tasks.json")
    reason = label_studio.CANCELLED if document.meta else label_studio.NOT_ANNOTATED
    assert (again.meta, again.annotated) == ({"left_out": reason}, document.annotated)


def test_a_mention_in_pieces_cannot_be_written_and_nothing_is(tmp_path):
    pieces = Mention(0, 12, "Drug", id="T7", fragments=((0, 4), (5, 12)))
    with pytest.raises(ProjectError, match="document 'b': mention T7 is in several pieces"):
        label_studio.write([Document("a", TEXT), Document("b", TEXT, (pieces,))], tmp_path / "tasks.json")
    assert not list(tmp_path.iterdir())
