"""Test pairs of text and entities, as in spaCy 2's training data, and the file of NER Annotator."""
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import spacy_tuples
from scripts.corpora.formats.offsets import UNSURE
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.schema import Document
from tests.corpora.formats.strategies import ALPHABET

FIRST = ["Took aspirin for a headache.", {"entities": [[5, 12, "Drug"], [19, 27, "Disease"]]}]
SECOND = ["Well.", {"entities": []}]
SPANS = [[(5, 12, "Drug"), (19, 27, "Disease")], []]


def read(folder: Path, content: object, options: Options = NO_OPTIONS) -> list[Document]:
    (folder / "train.json").write_text(content if isinstance(content, str) else json.dumps(content), "utf8")
    return spacy_tuples.read(folder / "train.json", options=options)


def spans(document: Document) -> list[tuple[int, int, str]]:
    return [(mention.start, mention.end, mention.label) for mention in document.mentions]


@pytest.mark.parametrize(
    "content",
    [
        [FIRST, SECOND],
        json.dumps([FIRST, SECOND], indent=2),
        f"{json.dumps(FIRST)}\n\n{json.dumps(SECOND)}\n",
        f"\ufeff{json.dumps(FIRST)}\r\n{json.dumps(SECOND)}",
        {"classes": ["DRUG"], "annotations": [FIRST, SECOND]},
    ],
)
def test_each_form_is_read(tmp_path, content):
    documents = read(tmp_path, content)
    assert [(one.id, one.text, one.meta) for one in documents] == [("1", FIRST[0], {}), ("2", "Well.", {})]
    assert list(map(spans, documents)) == SPANS
    mention = documents[0].mentions[1]
    assert (mention.id, mention.fragments, mention.subtype, mention.text) == ("T2", ((19, 27),), "Disease", None)


@pytest.mark.parametrize("content", [[FIRST], json.dumps(FIRST)])
def test_a_pair_alone_is_read(tmp_path, content):
    (document,) = read(tmp_path, content)
    assert (document.text, spans(document)) == (FIRST[0], SPANS[0])


def test_sentences_that_were_skipped_are_told_and_count_as_numbers(tmp_path):
    documents = read(tmp_path, {"classes": ["DRUG"], "annotations": [None, FIRST, None, SECOND]})
    assert [(one.id, one.text) for one in documents] == [("2", FIRST[0]), ("4", "Well.")]
    assert [one.meta for one in documents] == [{"notes": (spacy_tuples.SKIPPED,) * 2}, {}]


def test_other_annotation_is_told_and_an_entity_may_have_the_id_of_an_entry(tmp_path):
    more = {"entities": [[0, 4, "Drug", "Q1"]], "cats": {"glad": 1.0}, "links": {}}
    (document,) = read(tmp_path, [["Zinc.", more]])
    assert (spans(document), document.meta) == ([(0, 4, "Drug")], {"notes": (spacy_tuples.NOT_READ,)})


def test_offsets_are_doubted_where_units_differ_and_may_be_said(tmp_path):
    pair = ["🤒💊 Zinc eased it.", {"entities": [[5, 9, "Drug"]]}]
    assert read(tmp_path, [pair])[0].meta["notes"] == (UNSURE,)
    assert spans(read(tmp_path, [pair], Options(offsets="utf16"))[0]) == [(3, 7, "Drug")]


def test_ids_hold_the_file_s_name_where_there_are_several(tmp_path):
    for name in ("a.json", "b.jsonl"):
        (tmp_path / name).write_text(json.dumps([FIRST]), "utf8")
    assert [document.id for document in spacy_tuples.read(tmp_path)] == ["a/1", "b/1"]
    assert spacy_tuples.raw_files(tmp_path) == [tmp_path / "a.json", tmp_path / "b.jsonl"]


def entity(*values: object) -> list:
    return [SECOND, ["Took aspirin.", {"entities": [list(values)]}]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([SECOND, 5], r"train.json, item 2: not a pair of text and entities \(got int\). Expected `\[text, "),
        ([SECOND, ["Took aspirin."]], r"train.json, item 2: not a pair of text and entities \(got list\)"),
        ([SECOND, {"text": "Took aspirin."}], r"item 2: not a pair .*\(got dict\). .* of the format jsonl"),
        ([SECOND, [5, {}]], r"train.json, item 2: key 'text' is not of type str \(got int\)"),
        ([SECOND, ["\ud83d", {}]], "train.json, item 2: key 'text' has half of a surrogate pair"),
        ([SECOND, ["Took aspirin.", []]], "train.json, item 2: expected a JSON object, got list. Expected `"),
        ([SECOND, ["Took aspirin.", {}]], "train.json, item 2: missing key 'entities'"),
        (entity(5, 12), r"train.json, item 2: not an entity \(got list\)"),
        (entity("DRUG", 5, 12, []), r"train.json, item 2: key 'start' is not of type int \(got str\)"),
        (entity(5, True, "Drug"), r"train.json, item 2: key 'end' is not of type int \(got bool\)"),
        (entity(5, 12, None), r"train.json, item 2: key 'label' is not of type str \(got NoneType\)"),
        (f"{json.dumps(SECOND)}\n[1]\n", r"train.json:2: not a pair"),
        (f"{json.dumps(SECOND)}\n[1\n", r"train.json:2: not a JSON object \(Expecting ',' delimiter, column 3\)"),
        ({"text": "Took aspirin.", "label": []}, r"neither pairs nor a file of NER Annotator \(got dict\)"),
        ({"classes": [], "annotations": None}, r"key 'annotations' is not of type list \(got NoneType\)"),
        ({"classes": [], "annotations": [None]}, "no documents in this file"),
        ([], "no documents in this file"),
        ("", "no documents in this file"),
        ("[" * 100_000, "JSON that is nested too deeply"),
    ],
)
def test_a_wrong_file_is_named_and_not_quoted(tmp_path, content, message):
    with pytest.raises(ProjectError, match=message) as raised:
        read(tmp_path, content)
    assert "train.json" in str(raised.value) and "aspirin" not in str(raised.value)


def test_a_folder_of_annotations_is_an_error(tmp_path):
    for function in (spacy_tuples.read, spacy_tuples.raw_files):
        with pytest.raises(ProjectError, match="no separate `annotations`"):
            function(tmp_path / "train.json", tmp_path)


@st.composite
def pairs(draw):
    text = draw(st.text(ALPHABET))
    place = st.integers(0, len(text))
    found = draw(st.lists(st.tuples(place, place, st.text(max_size=3)).map(list), max_size=4))
    labels = [[start, end, label.encode("utf8", "ignore").decode("utf8")] for start, end, label in found]
    return [text, {"entities": labels}]


@given(st.lists(pairs(), min_size=1, max_size=4), st.booleans(), st.sampled_from(["array", "lines", "annotator"]))
def test_text_and_offsets_are_read_as_written(generated, ascii_only, form):
    content = {"array": generated, "annotator": {"classes": [], "annotations": generated}}.get(form)
    lines = [json.dumps(one, ensure_ascii=ascii_only) for one in generated]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.json"
        whole = "\n".join(lines) if form == "lines" else json.dumps(content, ensure_ascii=ascii_only)
        path.write_bytes(whole.encode("utf8"))
        documents = spacy_tuples.read(path)
    assert [[one.text, {"entities": list(map(list, spans(one)))}] for one in documents] == generated
