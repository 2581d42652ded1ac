"""Test the JSON lines reader on small invented rows, in the forms that annotation tools write."""
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import jsonl
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.harmonize import harmonize

TEXT = "Took aspirin for a headache."
DRUG = {"start": 5, "end": 12, "label": "Drug"}


def write(folder: Path, *rows: dict | str, name: str = "rows.jsonl") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_bytes("\n".join([*lines, ""]).encode("utf8"))
    return file


def read(folder: Path, *rows: dict | str):
    return jsonl.read(write(folder, *rows))


@pytest.mark.parametrize("key", ["spans", "label", "labels", "entities"])
@pytest.mark.parametrize(
    ("span", "name", "covered"),
    [
        (DRUG, "T1", None),
        ({**DRUG, "text": "aspirin", "token_start": 1, "token_end": 1}, "T1", "aspirin"),
        ({**DRUG, "text": "Aspirin", "id": None}, "T1", "Aspirin"),
        ({"id": 31, "start_offset": 5, "end_offset": 12, "label": "Drug"}, "31", None),
        ({**DRUG, "id": "e7"}, "e7", None),
        ([5, 12, "Drug"], "T1", None),
    ],
)
def test_each_form_of_a_span_is_read_under_each_key(tmp_path, key, span, name, covered):
    (document,) = read(tmp_path, {"text": TEXT, key: [span]})
    (mention,) = document.mentions
    assert (document.id, document.text, document.meta) == ("1", TEXT, {})
    assert (mention.start, mention.end, mention.fragments) == (5, 12, ((5, 12),))
    assert (mention.label, mention.subtype, mention.id, mention.text) == ("Drug", "Drug", name, covered)
    assert mention.where == f"{tmp_path / 'rows.jsonl'}:1"


@pytest.mark.parametrize("empty", ["spans", "entities"])
def test_an_empty_key_does_not_hide_the_spans_under_another(tmp_path, empty):
    (document,) = read(tmp_path, {"text": TEXT, empty: [], "label": [[5, 12, "Drug"]]})
    assert [mention.label for mention in document.mentions] == ["Drug"]


def test_an_id_is_the_row_s_own_or_the_number_of_its_line(tmp_path):
    rows = [{"id": 12, "text": "a"}, "", {"text": "b"}, {"id": "x/y", "text": "c"}, {"id": None, "text": "d"}]
    rows.append({"id": "", "text": "e"})
    documents = read(tmp_path, *(row and {**row, "spans": []} for row in rows))
    assert [(document.id, document.text) for document in documents] == [
        ("12", "a"),
        ("3", "b"),
        ("x/y", "c"),
        ("5", "d"),
        ("6", "e"),
    ]


def test_ids_hold_the_file_s_name_where_there_are_several(tmp_path):
    files = [write(tmp_path, {"text": name, "spans": []}, name=name) for name in ("a.JSONL", "b/c.ndjson", "d.json")]
    write(tmp_path, "no row", name="notes.txt")
    assert [(document.id, document.text) for document in jsonl.read(tmp_path)] == [
        ("a/1", "a.JSONL"),
        ("b/c/1", "b/c.ndjson"),
        ("d/1", "d.json"),
    ]
    assert jsonl.raw_files(tmp_path) == files
    assert [document.id for document in jsonl.read(tmp_path / "b")] == ["1"]


def test_an_id_that_stands_twice_is_an_error_that_names_both_places(tmp_path):
    with pytest.raises(ProjectError, match=r"rows\.jsonl:3: a second document with the id '2'.* is at .*rows\.jsonl:1"):
        read(tmp_path, {"id": 2, "text": "a", "spans": []}, "", {"id": "2", "text": "b", "spans": []})
    with pytest.raises(ProjectError, match=r"rows\.jsonl:2: a second document with the id '2'"):
        read(tmp_path, {"id": 2, "text": "a", "spans": []}, {"text": "b", "spans": []})


def test_prodigy_s_answer_leaves_documents_out_and_stands_for_empty_spans(tmp_path):
    rows = [{"text": TEXT, "answer": answer} for answer in ("accept", "reject", "ignore")]
    documents = read(tmp_path, *rows, {"text": TEXT, "spans": [DRUG], "answer": "reject"})
    assert [document.meta for document in documents] == [
        {},
        {"left_out": "answer is reject"},
        {"left_out": "answer is ignore"},
        {"left_out": "answer is reject"},
    ]
    assert [len(document.mentions) for document in documents] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("span", "options", "notes"),
    [
        ({"start": 5, "end": 9, "label": "Drug", "text": "Zinc"}, NO_OPTIONS, 1),
        ({"start": 3, "end": 7, "label": "Drug", "text": "Zinc"}, NO_OPTIONS, 0),
        ([5, 9, "Drug"], Options(offsets="utf16"), 0),
        # Nothing tells whether these are characters.
        ([3, 7, "Drug"], NO_OPTIONS, 1),
    ],
)
def test_offsets_are_brought_to_characters(tmp_path, span, options, notes):
    (document,) = jsonl.read(write(tmp_path, {"text": "🤒💊 Zinc eased it.", "label": [span]}), options=options)
    assert [(mention.start, mention.end, mention.fragments) for mention in document.mentions] == [(3, 7, ((3, 7),))]
    assert len(document.meta.get("notes", ())) == notes


def test_relations_are_noted(tmp_path):
    rows = [{"text": TEXT, "entities": [], "relations": relations} for relations in ([], [{"from_id": 1}])]
    assert [document.meta for document in read(tmp_path, *rows)] == [{}, {"notes": (jsonl.RELATIONS,)}]


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        ({**DRUG, "start": -3}, "outside text"),
        ({**DRUG, "end": 10**20}, "outside text"),
        ({**DRUG, "end": 5}, "empty"),
        ({**DRUG, "text": "ibuprofen"}, "text mismatch"),
    ],
)
def test_a_wrong_mention_is_read_and_harmonizing_says_why_it_is_dropped(tmp_path, span, reason):
    (document,) = read(tmp_path, {"text": TEXT, "spans": [span]})
    assert [dropped.reason for dropped in harmonize(document, {"Drug": "Drug"}).dropped] == [reason]


def test_a_bare_nan_and_a_byte_order_mark_are_read(tmp_path):
    (document,) = read(tmp_path, '\ufeff{"text": "\\ufeffa", "spans": [], "score": NaN}')
    assert document.text == "\ufeffa"


def spans(value: object) -> str:
    return json.dumps({"text": TEXT, "spans": value})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "Took aspi', r"not a JSON object \(Unterminated string starting at, column 10\)\. Write one JSON"),
        ('[{"text": "a", "spans": []}]', "expected a JSON object, got list. Write one JSON object per line"),
        ("[", "not a JSON object .* Write one JSON object per line"),
        ('{"text": ' + "[" * 100_000, "JSON that is nested too deeply"),
        ('{"text": "a", "spans": [], "spans": []}', "not a JSON object .the key 'spans' occurs twice"),
        ('{"spans": []}', "missing key 'text'. Expected a row of Prodigy or Doccano; docs/corpora.md lists"),
        ('{"text": 1, "spans": []}', r"key 'text' is not of type str \(got int\)"),
        ('{"text": "\\ud83d", "spans": []}', "key 'text' has half of a surrogate pair"),
        ('{"text": "a"}', "no spans in this row. Expected a key of spans, label, labels, entities"),
        ('{"text": "a", "spans": [[0, 1, "X"]], "label": [[0, 1, "X"]]}', "more than one key: spans, label"),
        ('{"text": "a", "spans": null}', r"key 'spans' is not of type list \(got NoneType\)"),
        ('{"text": "a", "spans": [], "id": 1.5}', r"key 'id' is not of type str \(got float\)"),
        ('{"text": "a", "answer": "maybe"}', "key 'answer' is not one of accept, reject, ignore"),
        ('{"text": "a", "label": "positive"}', "key 'label' has a class of the whole text"),
        ('{"text": "a", "labels": ["positive", "long"]}', "key 'labels' has a class of the whole text"),
        ('{"text": "a", "spans": [[0, 1, "X"]], "label": "positive"}', "key 'label' has a class of the whole text"),
        (spans([1]), r"not a span \(got int\)"),
        (spans([[0, 1]]), r"not a span \(got list\). Expected \[start, end, label\]"),
        (spans([{**DRUG, "start": True}]), r"key 'start' is not of type int \(got bool\)"),
        (spans([[0.0, 1, "X"]]), r"key 'start' is not of type int \(got float\)"),
        (spans([{"start_offset": 0, "label": "X"}]), "missing key 'end_offset'"),
        (spans([{"start": 0, "end": 1}]), "missing key 'label'"),
        (spans([[0, 1, None]]), r"key 'label' is not of type str \(got NoneType\)"),
        (spans([[0, 1, "\ud83d"]]), "key 'label' has half of a surrogate pair"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, line, message):
    with pytest.raises(ProjectError, match=rf"rows\.jsonl:3: .*{message}"):
        read(tmp_path, {"text": "first", "spans": []}, "", line)


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_a_file_without_rows_is_an_error(tmp_path, content):
    with pytest.raises(ProjectError, match=r"rows\.jsonl: no documents in this file"):
        read(tmp_path, content)


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file or folder"):
        jsonl.raw_files(tmp_path / "absent.jsonl")
    with pytest.raises(ProjectError, match=r"no \.jsonl or \.ndjson or \.json files"):
        jsonl.read(tmp_path)
    for function in (jsonl.read, jsonl.raw_files):
        with pytest.raises(ProjectError, match="no separate `annotations`"):
            function(write(tmp_path, {"text": "a", "spans": []}), tmp_path)


FORMS = [
    lambda start, end, label, text: {"start": start, "end": end, "label": label, "text": text},
    lambda start, end, label, text: {"start_offset": start, "end_offset": end, "label": label, "text": text},
    lambda start, end, label, text: [start, end, label],
]


ALPHABET = st.sampled_from('ab 5.\r\n\t\ufeff\u200b🙂e\u0301é\u2028\x85\x00"\\') | st.characters(codec="utf8")


@st.composite
def rows(draw):
    text = draw(st.text(ALPHABET))
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair))), max_size=4))
    form, label = draw(st.sampled_from(FORMS)), draw(st.text(st.characters(codec="utf8"), max_size=3))
    return text, spans, draw(st.sampled_from(jsonl.SPAN_KEYS)), [form(a, b, label, text[a:b]) for a, b in spans], label


@given(st.lists(rows(), min_size=1, max_size=4), st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_text_and_offsets_are_read_as_written(generated, ascii_only, line_end):
    lines = [json.dumps({"text": row[0], row[2]: row[3]}, ensure_ascii=ascii_only) for row in generated]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_bytes("".join(line + line_end for line in lines).encode("utf8"))
        documents = jsonl.read(file)
    assert [document.text for document in documents] == [row[0] for row in generated]
    for document, (text, spans, _, written, label) in zip(documents, generated, strict=True):
        assert [(mention.start, mention.end, mention.label) for mention in document.mentions] == [
            (*span, label) for span in spans
        ]
        assert all(mention.text in (None, text[mention.start : mention.end]) for mention in document.mentions)
        assert [mention.text is None for mention in document.mentions] == [isinstance(one, list) for one in written]
