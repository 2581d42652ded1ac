"""Test all writers of corpora: they refuse what can't be read back, and then write nothing."""
from dataclasses import replace

import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.formats import FORMATS, brat, conll, doccano, jsonl, label_studio, prodigy
from scripts.corpora.schema import Document, Mention

# Each writer, and what reads its files back.
WRITERS = {brat: brat, conll: conll, doccano: jsonl, label_studio: label_studio, prodigy: jsonl}
CHALK = Mention(0, 5, "Drug", subtype="Drug", id="T1", fragments=((0, 5),))
DOCUMENT = Document("a", "Chalk helps", (CHALK,))
HALF = "\ud83d"


@pytest.fixture(params=WRITERS, ids=lambda module: module.__name__.rpartition(".")[2])
def writer(request):
    return request.param


def test_every_format_that_can_be_written_is_tried():
    assert {module for module in FORMATS.values() if hasattr(module, "write")} <= set(WRITERS)


@pytest.mark.parametrize(
    "documents",
    [
        [DOCUMENT, DOCUMENT],
        [DOCUMENT, replace(DOCUMENT, text="Chalk works")],
        [replace(DOCUMENT, id="")],
        [DOCUMENT, replace(DOCUMENT, id=f"b{HALF}")],
        [DOCUMENT, replace(DOCUMENT, id="b", text=f"Chalk {HALF}")],
        [DOCUMENT, replace(DOCUMENT, id="b", mentions=(replace(CHALK, label=HALF),))],
    ],
)
def test_what_cannot_be_read_back_is_one_line_and_nothing_is_written(tmp_path, writer, documents):
    with pytest.raises(ProjectError) as caught:
        writer.write(documents, tmp_path / "out")
    line = str(caught.value)
    assert line.encode("utf8") and "\n" not in line and "Chalk" not in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "document", [replace(DOCUMENT, annotator=HALF), replace(DOCUMENT, mentions=(replace(CHALK, id=HALF, text=HALF),))]
)
def test_half_pairs_elsewhere_are_refused_or_not_written(tmp_path, writer, document):
    try:
        writer.write([document], tmp_path / "out")
    except ProjectError as error:
        assert str(error).encode("utf8")
    else:
        assert WRITERS[writer].read(tmp_path / "out")


def test_a_document_that_is_left_out_never_comes_back_as_annotated(tmp_path, writer):
    try:
        writer.write([replace(DOCUMENT, meta={"left_out": "canceled"})], tmp_path / "out")
    except ProjectError as error:
        assert "left out" in str(error)
    else:
        assert all("left_out" in document.meta for document in WRITERS[writer].read(tmp_path / "out"))


def test_what_is_written_is_read_back(tmp_path, writer):
    documents = [DOCUMENT, Document("d/7", "Nothing here")]
    writer.write(documents, tmp_path / "out")
    again = WRITERS[writer].read(tmp_path / "out")
    assert [(one.id, one.text) for one in again] == [(one.id, one.text) for one in documents]
    spans = [[(mention.start, mention.end, mention.label) for mention in one.mentions] for one in again]
    assert spans == [[(0, 5, "Drug")], []]
