"""Test the reader of the schema `bigbio_kb`, with rows as `datasets` writes them."""
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.account import check_expected
from scripts.corpora.conversion import convert_corpus
from scripts.corpora.formats import bigbio, pubtator
from scripts.corpora.formats.options import Options
from scripts.corpora.settings import CorpusSettings

TITLE, ABSTRACT = "Chalk against hiccups.", "Chalk syrup eased loose and bloody coughs."


def passage(text: Any, *offsets: tuple[int, int], kind: str = "abstract") -> dict[str, Any]:
    texts = [text] if isinstance(text, str) else text
    return {"id": "p", "type": kind, "text": texts, "offsets": [list(pair) for pair in offsets]}


def entity(kind: str, texts: list[str], *offsets: tuple[int, int]) -> dict[str, Any]:
    normalized = [{"db_name": "MESH", "db_id": "D002119"}]
    pairs = [list(pair) for pair in offsets]
    return {"id": "e", "type": kind, "text": texts, "offsets": pairs, "normalized": normalized}


ROW: dict[str, Any] = {
    "id": "0",
    "document_id": "12",
    "passages": [passage(TITLE, (0, 22), kind="title"), passage(ABSTRACT, (23, 65))],
    "entities": [
        entity("Chemical", ["Chalk"], (0, 5)),
        entity("Disease", ["hiccups"], (14, 21)),
        entity("Chemical", ["Chalk syrup"], (23, 34)),
        entity("Disease", ["loose", "coughs"], (41, 46), (58, 64)),
    ],
    "events": [],
    "coreferences": [],
    "relations": [],
}
# The same document as PubTator has it, whose mentions are in one piece.
PUBTATOR = f"12|t|{TITLE}\n12|a|{ABSTRACT}\n12\t0\t5\tChalk\tChemical\n12\t14\t21\thiccups\tDisease\n"


def write(folder: Path, rows: list[Any], name: str = "train.jsonl") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    return file


def notes(document) -> tuple[str, ...]:
    return document.meta.get("notes", ())


def covered(document) -> list[list[str]]:
    return [[document.text[start:end] for start, end in one.fragments] for one in document.mentions]


def test_passages_become_text_and_entities_become_mentions(tmp_path):
    file = write(tmp_path, [ROW, {**ROW, "document_id": "13"}])
    document, _ = bigbio.read(file)
    assert (document.id, document.text, document.meta) == ("12", f"{TITLE}\n{ABSTRACT}", {})
    assert covered(document) == [["Chalk"], ["hiccups"], ["Chalk syrup"], ["loose", "coughs"]]
    last = document.mentions[-1]
    assert (last.start, last.end, last.label, last.subtype, last.id) == (41, 64, "Disease", "Disease", "T4")
    assert (last.text, last.where) == ("loose coughs", f"{file}:1, entities 4")
    assert bigbio.raw_files(file) == [file]


def test_the_text_is_that_of_the_same_document_in_pubtator(tmp_path):
    (tmp_path / "a.txt").write_text(PUBTATOR, "utf8")
    (expected,) = pubtator.read(tmp_path / "a.txt")
    (document,) = bigbio.read(write(tmp_path, [ROW]))
    assert (document.id, document.text) == (expected.id, expected.text)
    assert [(one.start, one.end, one.label) for one in document.mentions[:2]] == [
        (one.start, one.end, one.label) for one in expected.mentions
    ]


def test_a_json_array_and_ids_of_several_files(tmp_path):
    write(tmp_path, [ROW, {**ROW, "document_id": None}], "a.jsonl")
    (tmp_path / "b.json").write_text(json.dumps([ROW, {**ROW, "id": None, "document_id": ""}], indent=1), "utf8")
    assert [one.id for one in bigbio.read(tmp_path)] == ["a/12", "a/0", "b/12", "b/2"]


@pytest.mark.parametrize(
    ("passages", "text", "expected_notes"),
    [
        ([], "", ()),
        ([passage("a", (0, 1)), passage("b", (1, 2))], "ab", ()),
        ([passage("a", (0, 1)), passage("b", (4, 5))], "a\n  b", ()),
        ([passage("a", (1, 2))], "\na", ()),
        ([passage(["a", "b"], (0, 1), (2, 3))], "a\nb", ()),
        ([passage("a", (0, 2)), passage("b", (3, 4))], "a\n b", (bigbio.OTHER_LENGTH,)),
        ([passage("a", (0, 1)), passage("b", (0, 1))], "a\nb", (bigbio.JOINED,)),
        ([passage("a", (-1, 0)), passage("b", (2, 3))], "a\nb", (bigbio.JOINED,)),
        ([passage("a", (0, 1)), passage("b", (10**12, 10**12 + 1))], "a\nb", (bigbio.JOINED,)),
        ([{"id": "p", "type": "", "text": "a", "offsets": [[0, 1]]}], "a", ()),
    ],
)
def test_passages_are_where_their_offsets_say_if_that_can_be(tmp_path, passages, text, expected_notes):
    (document,) = bigbio.read(write(tmp_path, [{**ROW, "passages": passages, "entities": []}]))
    assert (document.text, notes(document)) == (text, expected_notes)


def test_what_is_not_read_is_noted(tmp_path):
    relations = [{"id": "r", "type": "CID", "arg1_id": "e", "arg2_id": "e", "normalized": []}]
    row = {**ROW, "entities": [entity("Disease", [])], "relations": relations, "events": [{}]}
    (document,) = bigbio.read(write(tmp_path, [row]))
    events, linked = "events of a document, which are not read", "relations of a document, which are not read"
    assert (document.mentions, notes(document)) == ((), (events, linked, bigbio.NOWHERE))


def test_offsets_that_count_otherwise_are_brought_to_characters(tmp_path):
    row = {**ROW, "passages": [passage("🤒 chalk", (0, 8))], "entities": [entity("Chemical", ["chalk"], (3, 8))]}
    (document,) = bigbio.read(write(tmp_path, [row]))
    assert covered(document) == [["chalk"]]
    assert notes(document)[0] == bigbio.OTHER_LENGTH and "UTF-16" in notes(document)[1]
    row["entities"] = [entity("Chemical", [], (3, 8))]
    (document,) = bigbio.read(write(tmp_path, [row]), None, Options(offsets="utf16"))
    assert covered(document) == [["chalk"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"passages": None}, ":1: key 'passages' is not of type list"),
        ({"entities": ["a"]}, ":1, entities 1: expected a JSON object, got str.*_bigbio_kb"),
        ({"passages": [passage("a")]}, ":1, passages 1: 1 texts at 0 offsets"),
        ({"passages": [passage([7], (0, 1))]}, ":1, passages 1: key 'text' contains something other than text"),
        ({"passages": [passage("\ud83d", (0, 1))]}, ":1, passages 1: key 'text' contains .*half of a surrogate pair"),
        ({"entities": [{"type": "A", "text": ["a"]}]}, ":1, entities 1: missing key 'offsets'"),
        ({"entities": [{"text": ["a"], "offsets": [[0, 1]]}]}, ":1, entities 1: missing key 'type'"),
        ({"entities": [entity("A", ["a"], (0, 1, 2))]}, ":1, entities 1: key 'offsets' doesn't contain pairs"),
        ({"entities": [entity("A", ["a"], (0, True))]}, ":1, entities 1: key 'offsets' doesn't contain pairs"),
        ({"entities": [{"type": "A", "text": ["a"], "offsets": [7]}]}, ":1, entities 1: key 'offsets' doesn.t contain"),
        ({"document_id": 1.5}, ":1: key 'document_id' is not of type str"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, change, message):
    file = write(tmp_path, [{**ROW, **change}, {**ROW, "document_id": "13"}])
    with pytest.raises(ProjectError, match=rf"train\.jsonl{message}") as error:
        bigbio.read(file)
    assert "\n" not in str(error.value)


def test_rows_of_another_schema_and_a_second_document_are_named(tmp_path):
    with pytest.raises(ProjectError, match=r"train\.jsonl:1: no keys 'passages' and 'entities'.*_bigbio_kb"):
        bigbio.read(write(tmp_path, [{"tokens": [], "ner_tags": []}, ROW]))
    with pytest.raises(ProjectError, match=r"train\.jsonl:2: a second document with the id '12'.*:1"):
        bigbio.read(write(tmp_path, [ROW, ROW]))


def test_a_corpus_in_this_schema_is_converted_without_loss(tmp_path):
    texts = [f"{ABSTRACT[:-1]}{mark}" for mark in ".!?;"]
    passages = [[passage(TITLE, (0, 22), kind="title"), passage(text, (23, 65))] for text in texts]
    write(tmp_path, [{**ROW, "document_id": str(n), "passages": pair} for n, pair in enumerate(passages)])
    settings = CorpusSettings(
        language="en",
        domain="abstracts",
        format="bigbio",
        path=tmp_path,
        labels={"Chemical": "Drug", "Disease": "Disease"},
        expected={"documents": 4, "mentions": {"Chemical": 8, "Disease": 8}, "fragmented": 4, "notes": 0},
    )
    manifest = convert_corpus("mine", settings).manifest
    assert all(check.found == check.expected for check in check_expected(settings.expected, manifest))
    assert manifest.dropped == ()


@given(st.lists(st.tuples(st.integers(0, 3), st.text("ab\n 🙂", min_size=1, max_size=5)), min_size=1, max_size=4))
def test_every_passage_stands_at_its_offsets(pieces):
    start, passages = 0, []
    for gap, text in pieces:
        passages.append(passage(text, (start + gap, start + gap + len(text))))
        start += gap + len(text)
    entities = [entity("A", one["text"], *one["offsets"]) for one in passages]
    with tempfile.TemporaryDirectory() as folder:
        (document,) = bigbio.read(write(Path(folder), [{**ROW, "passages": passages, "entities": entities}]))
    assert len(document.text) == start
    assert covered(document) == [[text] for _, text in pieces]
