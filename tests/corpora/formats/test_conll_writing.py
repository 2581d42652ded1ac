"""Test that the CoNLL reader restores what the writer wrote, and that the writer refuses everything else."""
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import conll
from scripts.corpora.schema import Document, Mention
from tests.corpora.formats import test_conll_lines as forms
from tests.corpora.formats.test_conll import corpora, encode, write, write_lines


def mention(start: int, end: int, label: str = "Drug", **changes) -> Mention:
    return Mention(start, end, label, subtype=label, **changes)


def comparable(document: Document) -> Document:
    """A document without its mentions' places in a file, the notes on that file and its tag scheme."""
    mentions = tuple(replace(one, where="") for one in document.mentions)
    meta = {"sentence_starts": document.meta.get("sentence_starts")}
    return replace(document, mentions=mentions, meta=meta)


def write_and_read(folder: Path, documents: list[Document]) -> list[Document]:
    conll.write(documents, folder / "written.conll")
    return conll.read(folder / "written.conll")


def test_documents_are_written_with_marks_sentences_and_tags(tmp_path):
    text = "Took chalk syrup\nNo hiccups"
    one = Document("a b", text, (mention(20, 27, "Disease"), mention(5, 16)), {"sentence_starts": (0, 17)})
    file = tmp_path / "new" / "a.tsv"
    conll.write([one, Document("c", ""), Document("d", "x y", (mention(0, 1), mention(2, 3)))], file)
    assert file.read_text("utf8") == (
        "# newdoc id = a b\nTook\tO\nchalk\tB-Drug\nsyrup\tI-Drug\n\nNo\tO\nhiccups\tB-Disease\n\n"
        "# newdoc id = c\n# newdoc id = d\nx\tB-Drug\ny\tB-Drug\n\n"
    )


@pytest.mark.parametrize("text", [*forms.BY_SENTENCE, forms.CONLLU, forms.CONLL_2003])
def test_every_form_is_the_same_once_written(tmp_path, text):
    documents = conll.read(write(tmp_path, text))
    written = write_and_read(tmp_path, documents)
    starts = [{"sentence_starts": document.meta.get("sentence_starts", (0,))} for document in documents]
    expected = [replace(comparable(one), meta=meta) for one, meta in zip(documents, starts, strict=True)]
    assert [comparable(document) for document in written] == expected
    assert [document.meta["tag_scheme"] for document in written] == ["IOB2"] * len(documents)


@given(corpora(), st.sampled_from(["IOB1", "IOB2", "BILUO", "IOBES", "BMEWO"]))
def test_what_was_read_is_read_again_from_what_was_written(corpus, scheme):
    separator, middle, documents = corpus
    lines: list[str] = []
    for number, document in enumerate(documents):
        lines.append(f"# newdoc id = d {number}")
        for tokens, stretches in document:
            tags = encode(stretches, scheme)
            lines += [separator.join([token, *middle, tag]) for token, tag in zip(tokens, tags, strict=True)] + [""]
    with tempfile.TemporaryDirectory() as folder:
        read = conll.read(write_lines(folder, lines, "\n"))
        # The writer parts a token at its spaces, which may leave nothing between two of them.
        held = [one for one in read if all(part for line in one.text.split("\n") for part in line.split(" "))]
        written = write_and_read(Path(folder), held)
        assert [comparable(one) for one in written] == [comparable(one) for one in held]
        again = write_and_read(Path(folder), written)
    assert again == written


TEXTS = st.text("ab#O-\u00a0\u3000\u200b\u0301🙂\u2028\r\ufeff\x0b 12\n\t", max_size=12)
NAMES = st.text("ab #=:\n\t\r\u00a0/", max_size=4)


@st.composite
def any_documents(draw):
    """Documents of any kind, most of which CoNLL cannot hold."""
    ids = draw(st.lists(NAMES, max_size=3, unique=True))
    found = []
    for name in ids:
        text = draw(TEXTS)
        offsets = st.integers(-1, len(text) + 1)
        labels = st.sampled_from(["A", "A b", "", " A", "A\t", "O"])
        spans = draw(st.lists(st.tuples(offsets, offsets, labels), max_size=2))
        found.append(Document(name, text, tuple(mention(*span) for span in sorted(spans))))
    return found


@given(any_documents())
def test_any_document_is_written_as_it_is_or_refused(documents):
    with tempfile.TemporaryDirectory() as folder:
        try:
            written = write_and_read(Path(folder), documents)
        except ProjectError as error:
            assert "\n" not in str(error) and not list(Path(folder).iterdir())
        else:
            assert [(one.id, one.text) for one in written] == [(one.id, one.text) for one in documents]
            for one, before in zip(written, documents, strict=True):
                spans = [(span.start, span.end, span.label) for span in one.mentions]
                assert spans == [(span.start, span.end, span.label) for span in before.mentions]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document("", "a"), r"document '': no id"),
        (Document("a ", "a"), r"document 'a ': no id, or one with"),
        (Document("a\tb", "a"), r"document 'a\\tb': no id, or one with a TAB"),
        (Document("a\nb", "a"), r"document 'a\\nb': no id, or one with a TAB, a line break"),
        (Document("d", "a  b"), "document 'd': its text doesn't consist of tokens with single spaces"),
        (Document("d", " a"), "document 'd': its text doesn't consist of tokens"),
        (Document("d", "a\n\nb"), "document 'd': its text doesn't consist of tokens"),
        (Document("d", "a\n"), "document 'd': its text doesn't consist of tokens"),
        (Document("d", "a\tb"), "document 'd': its text doesn't consist of tokens"),
        (Document("d", "a -DOCSTART-"), "document 'd': one of its tokens is a document mark"),
        (Document("d", "a b", meta={"sentence_starts": (0, 2)}), "document 'd': its sentences don't start after"),
        (Document("d", "a\nb", meta={"sentence_starts": (0,)}), "document 'd': its sentences don't start after"),
        (Document("d", "a b", annotated=((0, 1),)), "document 'd': it is partly annotated"),
        (Document("d", "a \ud83d"), "document 'd': its text contains half of a surrogate pair"),
        (Document("d", "aa b", (mention(1, 4),)), "document 'd', characters 1 to 4: a mention that doesn't"),
        (Document("d", "aa b", (mention(0, 1),)), "characters 0 to 1: a mention that doesn't consist of whole tokens"),
        (Document("d", "a b", (mention(0, 9),)), "characters 0 to 9: a mention that doesn't consist of whole tokens"),
        (Document("d", "a b", (mention(2, 1),)), "characters 2 to 1: a mention that doesn't consist of whole tokens"),
        (Document("d", "a\nb", (mention(0, 3),)), "a mention in several pieces or sentences"),
        (Document("d", "a b c", (mention(0, 5, fragments=((0, 1), (4, 5))),)), "a mention in several pieces"),
        (Document("d", "a b", (mention(0, 3), mention(2, 3))), "characters 2 to 3: a mention that shares a token"),
        (Document("d", "a", (mention(0, 1, ""),)), "a mention with a label that can't be a tag"),
        (Document("d", "a", (mention(0, 1, "A\nB"),)), "a mention with a label that can't be a tag"),
        (Document("d", "a", (mention(0, 1, "A "),)), "a mention with a label that can't be a tag"),
        (Document("d", "a", (mention(0, 1, "A\tB"),)), "a mention with a label that can't be a tag"),
    ],
)
def test_what_conll_cannot_hold_is_refused_and_nothing_is_written(tmp_path, document, message):
    with pytest.raises(ProjectError, match=message) as error:
        conll.write([Document("good", "x"), document], tmp_path / "a.tsv")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_two_documents_of_one_id_are_refused(tmp_path):
    with pytest.raises(ProjectError, match="a second document with the id 'd'"):
        conll.write([Document("d", "a"), Document("d", "b")], tmp_path / "a.tsv")
