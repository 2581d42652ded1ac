"""Test the DocBin reader on small invented Docs: entities, sentences, ids, notes and damaged files."""
import gc
import pickle
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import pytest
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from scripts.base.errors import ProjectError
from scripts.corpora.docbin import align, unknown_tokens
from scripts.corpora.formats import docbin
from scripts.corpora.formats.options import Options
from scripts.corpora.harmonize import harmonize
from scripts.corpora.sentences import set_sentence_starts
from scripts.corpora.tokens import blank_pipeline

NLP = blank_pipeline()
TEXT = " Took  aspirin. It helped🙂so.Well "


@pytest.fixture(autouse=True)
def garbage_is_collected():
    """srsly turns the collector off while it unpacks, and leaves it off if that fails."""
    yield
    gc.enable()


def make(text: str, *entities: tuple[int, int, str], name: object = None, starts: list[int] | None = None) -> Doc:
    """Make a Doc with entities at token offsets, and without any entity annotation if there are none."""
    doc = NLP(text)
    if entities:
        doc.set_ents([Span(doc, start, end, label) for start, end, label in entities])
    if name is not None:
        doc.user_data["id"] = name
    return doc if starts is None else set_sentence_starts(doc, starts)


def write(folder: Path, *docs: Doc, name: str = "docs.spacy", **settings) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs, store_user_data=True, **settings).to_disk(file)
    return file


def read(folder: Path, *docs: Doc, **settings):
    return docbin.read(write(folder, *docs, **settings))


def read_spans(folder: Path, key: str, *docs: Doc):
    return docbin.read(write(folder, *docs), options=Options(spans_key=key))


def test_entities_are_mentions_at_the_doc_s_offsets(tmp_path):
    (document,) = read(tmp_path, make(TEXT, (3, 4, "Drug"), (6, 8, "Effect")))
    drug, effect = document.mentions
    assert (document.id, document.text, document.meta) == ("1", TEXT, {})
    assert (drug.start, drug.end, drug.label, drug.subtype, drug.id) == (7, 14, "Drug", "Drug", "T1")
    assert (drug.fragments, drug.text) == (((7, 14),), None)
    assert (TEXT[effect.start : effect.end], effect.label, effect.id) == ("helped🙂", "Effect", "T2")
    assert effect.where == f"{tmp_path / 'docs.spacy'}, document 1"


@pytest.mark.parametrize(
    ("text", "starts", "expected"),
    [
        (TEXT, [0, 16], (0, 16)),
        (TEXT, [0, 6, 16], (0, 7, 16)),
        (TEXT, [0, 25, 29], (0, 25, 29)),
        (" \n ", [0], ()),
        ("aspirin", [0], (0,)),
    ],
)
def test_sentences_start_at_characters_wherever_the_doc_has_them(tmp_path, text, starts, expected):
    (document,) = read(tmp_path, make(text, starts=starts))
    assert document.meta["sentence_starts"] == expected


def test_sentence_starts_that_no_white_space_precedes_stay_where_they_are_in_the_project_s_own_docs(tmp_path):
    (document,) = read(tmp_path, make(TEXT, (3, 4, "Drug"), starts=[0, 16, 25, 29]))
    doc = align(document, document.meta["sentence_starts"], NLP).doc
    assert [sentence.text.strip() for sentence in doc.sents] == ["Took  aspirin.", "It helped", "🙂so.", "Well"]
    assert [(entity.text, entity.label_) for entity in doc.ents] == [("aspirin", "Drug")]


def test_sentences_come_from_a_parse_too_and_a_doc_without_any_has_none(tmp_path):
    words = ["It", "helped", "Well", "done"]
    parsed = Doc(NLP.vocab, words=words, heads=[1, 1, 3, 3], deps=["nsubj", "ROOT", "advmod", "ROOT"])
    with_sentences, without = read(tmp_path, parsed, make("It helped"))
    assert with_sentences.meta["sentence_starts"] == (0, 10)
    assert "sentence_starts" not in without.meta


def test_an_id_is_that_of_the_user_data_or_a_running_number(tmp_path):
    docs = [make("a", name="x/y"), make("b"), make("c", name=7), make("d", name="")]
    assert [document.id for document in read(tmp_path, *docs)] == ["x/y", "2", "3", "4"]


def test_ids_hold_the_file_s_name_where_there_are_several(tmp_path):
    files = [write(tmp_path, make("a"), name="b.spacy"), write(tmp_path, make("a", name="x"), name="c/d.SPACY")]
    (tmp_path / "meta.json").write_text("{}")
    assert [document.id for document in docbin.read(tmp_path)] == ["b/1", "c/d/x"]
    assert docbin.raw_files(tmp_path) == files
    assert [document.id for document in docbin.read(tmp_path / "c")] == ["x"]


def test_what_is_not_read_or_not_known_is_noted(tmp_path):
    in_groups = make(TEXT, (3, 4, "Drug"))
    in_groups.spans["sc"], in_groups.spans["none"] = [in_groups[3:5]], []
    partly = NLP(TEXT)
    partly.set_ents([Span(partly, 3, 4, "Drug")], default="missing")
    spaceless = Doc(NLP.vocab, words=["a", "b"], ents=["O", "O"])
    documents = read(tmp_path, in_groups, partly, make(TEXT), spaceless, make(""), make(TEXT, (3, 4, "Drug")))
    assert [document.meta.get("notes", ()) for document in documents] == [
        ("span group 'sc' is not read",),
        (docbin.PARTIAL_ENTITIES,),
        (docbin.NO_ENTITIES,),
        (docbin.UNKNOWN_SPACES,),
        (),
        (),
    ]
    assert documents[3].text == "a b "


def grouped(text: str, **groups: list[tuple[int, int, str]]) -> Doc:
    """Make a Doc with groups of spans at token offsets."""
    doc = NLP(text)
    for key, spans in groups.items():
        doc.spans[key] = [Span(doc, start, end, label) for start, end, label in spans]
    return doc


def test_the_spans_of_a_group_may_overlap_and_are_read_in_its_order(tmp_path):
    doc = grouped(TEXT, sc=[(5, 8, "Effect"), (3, 4, "Drug"), (6, 7, "Effect")])
    (document,) = read_spans(tmp_path, "sc", doc)
    assert [(m.start, m.end, m.label, m.id) for m in document.mentions] == [
        (16, 26, "Effect", "T1"),
        (7, 14, "Drug", "T2"),
        (19, 25, "Effect", "T3"),
    ]
    assert [TEXT[m.start : m.end] for m in document.mentions] == ["It helped🙂", "aspirin", "helped"]
    assert document.meta == {}
    harmonized = harmonize(document, {"Effect": "Disease", "Drug": "Drug"})
    assert [dropped.reason for dropped in harmonized.dropped] == ["nested"]


def test_what_lies_beside_the_group_is_noted(tmp_path):
    span = (3, 4, "Drug")
    beside = grouped(TEXT, sc=[span], other=[span])
    beside.set_ents([Span(beside, *span)])
    documents = read_spans(tmp_path, "sc", beside, grouped(TEXT, other=[span]), grouped(TEXT, sc=[]), make(TEXT))
    assert [len(document.mentions) for document in documents] == [1, 0, 0, 0]
    assert [document.meta.get("notes", ()) for document in documents] == [
        ("span group 'other' is not read", docbin.ENTITIES_BESIDE),
        ("span group 'other' is not read", docbin.NO_GROUP),
        (),
        (docbin.NO_GROUP,),
    ]


def test_a_group_that_no_document_has_is_an_error_that_names_those_that_are_there(tmp_path):
    span = (3, 4, "Drug")
    write(tmp_path, grouped(TEXT, sc=[span]), name="a.spacy")
    write(tmp_path, grouped(TEXT, other=[], ruler=[span]), name="b.spacy")
    assert [len(d.mentions) for d in docbin.read(tmp_path, options=Options(spans_key="ruler"))] == [0, 1]
    message = "no document has spans under `spans_key` 'SC'. Use one of these keys: other, ruler, sc"
    with pytest.raises(ProjectError, match=message):
        docbin.read(tmp_path, options=Options(spans_key="SC"))
    with pytest.raises(ProjectError, match="There are no spans at all; remove the key to read the entities"):
        read_spans(tmp_path / "none", "sc", make(TEXT, span))


def test_what_has_no_entity_annotation_is_unknown(tmp_path):
    whole = make(TEXT, (3, 4, "Drug"))
    partly, nothing = NLP("Took aspirin. It \n helped. Well"), NLP(TEXT)
    partly.set_ents([Span(partly, 1, 2, "Drug")], outside=[partly[3:4], partly[5:7]], default="missing")
    outside = NLP(TEXT)
    outside.set_ents([])
    read_again = read(tmp_path, whole, partly, nothing, outside, NLP(" \n"))
    assert [document.annotated for document in read_again] == [None, ((5, 12), (14, 26)), (), None, None]


@given(st.lists(st.sampled_from(["a", "5", ".", " ", "\n", "  "]), min_size=1, max_size=12), st.data())
def test_tokens_are_as_known_after_converting_as_they_were_before(words, data):
    doc = NLP("".join(words))
    # spaCy lets no entity be white space alone.
    tags = [data.draw(st.sampled_from("O-" if token.is_space else "BO-")) for token in doc]
    spans = {tag: [doc[n : n + 1] for n, own in enumerate(tags) if own == tag] for tag in "BO-"}
    drugs = [Span(doc, span.start, span.end, "Drug") for span in spans["B"]]
    doc.set_ents(drugs, outside=spans["O"], default="missing")
    with tempfile.TemporaryDirectory() as folder:
        (document,) = read(Path(folder), doc)
    again = align(document, [0], NLP).doc
    assert [token.i for token in unknown_tokens(again)] == [token.i for token in unknown_tokens(doc)]
    assert [(ent.start, ent.end) for ent in again.ents] == [(ent.start, ent.end) for ent in doc.ents]


def test_a_file_without_entities_and_user_data_is_read(tmp_path):
    doc = make(TEXT, (3, 4, "Drug"), name="x")
    file = tmp_path / "docs.spacy"
    DocBin(attrs=["ORTH", "SPACY"], docs=[doc]).to_disk(file)
    (document,) = docbin.read(file)
    assert (document.id, document.text, document.mentions) == ("1", TEXT, ())
    assert document.meta["notes"] == (docbin.NO_ENTITIES,)


def good() -> bytes:
    return DocBin(docs=[make(TEXT, (3, 4, "Drug"))], store_user_data=True).to_bytes()


DAMAGED = r"docs\.spacy: not a DocBin file, or damaged \(\w+\)\. Write it again"


def packed(message: bytes) -> bytes:
    return zlib.compress(message)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no DocBin",
        good()[:-9],
        good()[:40] + b"\0" + good()[41:],
        packed(b""),
        packed(b"\xc0"),
        packed(b"\x80"),
        packed(zlib.decompress(good())[:-5]),
        packed(zlib.decompress(good()) + b"\0"),
        packed(zlib.decompress(good()).replace(b"aspirin", b"ibuprof")),
    ],
)
def test_a_damaged_file_is_an_error_in_one_line(tmp_path, data):
    file = tmp_path / "docs.spacy"
    file.write_bytes(data)
    with pytest.raises(ProjectError, match=DAMAGED) as error:
        docbin.read(file)
    assert "\n" not in str(error.value)


def test_nothing_in_a_file_is_run(tmp_path):
    ran = tmp_path / "ran"
    harmful = {b"nd": True, b"type": "|O", b"kind": b"", b"shape": [1], b"data": pickle.dumps(Harmful(ran))}
    message = srsly.msgpack_loads(zlib.decompress(good()))
    file = tmp_path / "docs.spacy"
    file.write_bytes(packed(srsly.msgpack_dumps({**message, "user_data": [srsly.msgpack_dumps(harmful)]})))
    with pytest.raises(ProjectError, match=DAMAGED):
        docbin.read(file)
    assert not ran.exists()


class Harmful:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_fills_the_memory(tmp_path):
    packer = zlib.compressobj()
    block = packer.compress(bytes(docbin.STEP)) + packer.flush(zlib.Z_FULL_FLUSH)
    head, block = block[:2], block[2:]
    file = tmp_path / "docs.spacy"
    file.write_bytes(head + block * (docbin.MAX_UNPACKED // docbin.STEP + 1))
    assert file.stat().st_size < 2**22
    with pytest.raises(ProjectError, match=r"docs\.spacy: unpacks to more than 1024 MiB"):
        docbin.read(file)


def test_a_file_without_docs_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match=r"docs\.spacy: no documents in this file"):
        read(tmp_path)
    with pytest.raises(ProjectError, match="no such file or folder"):
        docbin.raw_files(tmp_path / "absent.spacy")
    for function in (docbin.read, docbin.raw_files):
        with pytest.raises(ProjectError, match="no separate `annotations`"):
            function(write(tmp_path, make("a")), tmp_path)


def test_importing_the_reader_and_listing_its_files_imports_no_spacy(tmp_path):
    file = write(tmp_path, make("a"))
    code = (
        "import sys; from pathlib import Path; from scripts.corpora.formats import docbin; "
        f"docbin.raw_files(Path({str(file)!r})); sys.exit('spacy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


ALPHABET = st.sampled_from("ab 5.\r\n\t\ufeff\u200b🙂e\u0301é\u2028-") | st.characters(codec="utf8")


@st.composite
def docs(draw):
    text = draw(st.text(ALPHABET, max_size=40))
    doc = NLP(text)
    cuts = draw(st.lists(st.integers(0, len(doc)), max_size=8, unique=True).map(sorted))
    label = st.sampled_from(["Drug", "Болезнь 🙂"])
    doc.set_ents([Span(doc, start, end, draw(label)) for start, end in zip(cuts[::2], cuts[1::2], strict=False)])
    if len(doc) and draw(st.booleans()):
        set_sentence_starts(doc, draw(st.lists(st.integers(0, len(text)), max_size=4).map(sorted)))
    return doc


@given(st.lists(docs(), min_size=1, max_size=3))
def test_text_offsets_and_sentences_are_read_as_packed(generated):
    with tempfile.TemporaryDirectory() as folder:
        documents = read(Path(folder), *generated)
    assert [document.text for document in documents] == [doc.text for doc in generated]
    for document, doc in zip(documents, generated, strict=True):
        found = [(mention.start, mention.end, mention.label) for mention in document.mentions]
        assert found == [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
        starts = document.meta.get("sentence_starts", ())
        assert list(starts) == sorted(set(starts))
        assert starts[:1] == ((0,) if starts else ())
        assert not any(document.text[start].isspace() for start in starts[1:])
        if doc.has_annotation("SENT_START") and document.text.strip():
            again = set_sentence_starts(NLP(doc.text), list(starts))
            assert words(again) == words(doc)


def words(doc: Doc) -> list[str]:
    """The sentences without whitespace, whose place between two sentences is nobody's concern."""
    return [joined for sentence in doc.sents if (joined := "".join(sentence.text.split()))]
