"""Test the reader of RuDReC's file on small invented rows."""
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import rudrec
from scripts.corpora.formats.options import Options


def row(name: str, text: str, *spans: tuple[int, int], **more) -> dict:
    fixed = {"entity_type": "Drugname", "entity_id": "*[1]"}
    entities = [{"start": start, "end": end, "entity_text": text[start:end], **fixed} for start, end in spans]
    return {"file_name": name, "text": text, "entities": entities, "sentence_id": 0, **more}


def read(folder: Path, *rows: dict | str):
    path = folder / "corpus.json"
    lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in rows]
    path.write_bytes("\n".join([*lines, ""]).encode("utf8"))
    return rudrec.read(path)


def test_adjacent_rows_are_one_document_with_shifted_offsets(tmp_path):
    documents = read(
        tmp_path, row("1.tsv", "Пили мезим.\n", (5, 10)), row("1.tsv", "Мезим помог.\n", (0, 5)), row("2.tsv", "Всё.\n")
    )
    first, second = documents
    assert (first.id, second.id, second.text) == ("1.tsv", "2.tsv", "Всё.\n")
    assert first.text == "Пили мезим.\nМезим помог.\n"
    assert [first.text[m.start : m.end] for m in first.mentions] == ["мезим", "Мезим"]
    assert [m.id for m in first.mentions] == ["T1", "T2"]
    assert first.mentions[1].fragments == ((12, 17),)
    assert first.mentions[1].where.endswith("corpus.json:2")


def test_rows_are_the_sentences_and_white_space_belongs_to_the_one_before(tmp_path):
    (document,) = read(tmp_path, *(row("1", text) for text in (" A b.\nc\n", "\n", "  Dd.\n", "E", "F")))
    text = document.text
    starts = document.meta["sentence_starts"]
    assert text == " A b.\nc\n\n  Dd.\nE\nF"
    assert [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)] == [
        " A b.\nc\n\n  ",
        "Dd.\n",
        "E\n",
        "F",
    ]


def test_a_bare_nan_and_absent_concepts_are_read(tmp_path):
    line = (
        '{"file_name": "1", "text": "мезим", "entities": [{"start": 0, "end": 5, "entity_type": "Drugname", '
        '"entity_text": "мезим", "concept_id": NaN, "concept_name": NaN}]}'
    )
    (document,) = read(tmp_path, line)
    assert [(m.start, m.end, m.label) for m in document.mentions] == [(0, 5, "Drugname")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json}", "not a JSON object"),
        ("[1]", "expected a JSON object"),
        ('{"file_name": "1", "entities": []}', "missing key 'text'"),
        ('{"file_name": 1, "text": "", "entities": []}', "key 'file_name' is not of type str"),
        ('{"file_name": "1", "text": "", "entities": [{"start": 0}]}', "missing key 'end'"),
        ('{"file_name": "1", "text": "\\ud83d", "entities": []}', "half of a surrogate pair"),
        (json.dumps(row("first", "x")), "'first' has other rows further up"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, line, message):
    with pytest.raises(ProjectError, match=rf"corpus\.json:4: .*{message}"):
        read(tmp_path, row("first", "x"), "", row("second", "y"), line)


def test_an_absent_file_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file"):
        rudrec.read(tmp_path / "absent.json")
    with pytest.raises(ProjectError, match="no separate `annotations`"):
        rudrec.read(tmp_path / "absent.json", tmp_path)


@st.composite
def rows(draw):
    text = draw(st.text("аб 5.\n\r\ufeff🙂\u0301\u2028", min_size=1, max_size=20))
    place = st.integers(0, len(text) - 1)
    spans = draw(st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair) + 1)), max_size=3))
    return row(draw(st.sampled_from("ab")), text, *spans)


@given(st.lists(rows(), max_size=6))
def test_what_a_row_says_a_mention_covers_is_what_it_covers_in_the_document(generated):
    generated.sort(key=lambda one: one["file_name"])
    with tempfile.TemporaryDirectory() as folder:
        documents = read(Path(folder), *generated)
    mentions = [(document.text, mention) for document in documents for mention in document.mentions]
    assert len(mentions) == sum(len(one["entities"]) for one in generated)
    assert all(text[mention.start : mention.end] == mention.text for text, mention in mentions)
    for document in documents:
        starts = document.meta["sentence_starts"]
        assert all(document.text[start - 1].isspace() for start in starts[1:])


def utf16(name: str, text: str, *spans: tuple[int, int]) -> dict:
    """A row whose offsets count UTF-16 units."""
    made = row(name, text, *spans)
    for entity in made["entities"]:
        entity.update({key: len(text[: entity[key]].encode("utf-16-le")) // 2 for key in ("start", "end")})
    return made


def test_offsets_that_count_otherwise_are_mended_row_by_row(tmp_path):
    rows = utf16("1", "🤒 мезим\n", (2, 7)), row("1", "🤒 мезим\n", (2, 7)), utf16("1", "И 🤒 мезим", (4, 9))
    (document,) = read(tmp_path, *rows)
    assert [document.text[m.start : m.end] for m in document.mentions] == ["мезим"] * 3
    assert document.meta["notes"] == ("text with offsets in UTF-16 units, converted to characters",) * 2


def test_the_corpus_file_says_what_offsets_count(tmp_path):
    made = utf16("1", "🤒 мезим\n", (2, 7))
    made["entities"][0]["entity_text"] = "другое"
    read(tmp_path, made)
    (document,) = rudrec.read(tmp_path / "corpus.json", options=Options(offsets="utf16"))
    (mention,) = document.mentions
    assert (mention.fragments, document.text[mention.start : mention.end]) == (((2, 7),), "мезим")
    assert "notes" not in document.meta
