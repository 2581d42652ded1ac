"""Test documents as Docs: alignment, boundaries, mentions, and identical files on each run."""
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from scripts.corpora.docbin import (
    align,
    annotated_sentences,
    cut_mentions,
    join_cut_mentions,
    outside_tokens,
    pack_docs,
    unknown_tokens,
)
from scripts.corpora.parts import read_documents
from scripts.corpora.schema import Changed, Document, Dropped, Mention
from scripts.corpora.sentences import sentence_starts
from scripts.corpora.tokens import blank_pipeline

NLP = blank_pipeline()


def make(text: str, *spans: tuple[int, int], starts=(0,), kind: str = "Disease", annotated=None):
    mentions = tuple(Mention(s, e, kind, subtype="ADR", id=f"T{n}") for n, (s, e) in enumerate(spans))
    return align(Document("d/1", text, mentions, annotated=annotated), starts, NLP)


def test_a_doc_holds_entities_sentences_and_the_mentions_as_annotated():
    aligned = make("Took aspirin81. It helped.", (5, 12), starts=(0, 16), kind="Drug")
    doc = aligned.doc
    assert [(e.text, e.label_) for e in doc.ents] == [("aspirin", "Drug")]
    assert [s.text for s in doc.sents] == ["Took aspirin81.", "It helped."]
    assert doc.user_data == {"id": "d/1", "mentions": [[5, 12, "Drug"]]}
    assert (aligned.changed, aligned.dropped) == ((), ())


def test_a_mention_inside_a_token_is_expanded_and_stays_as_annotated_in_user_data():
    aligned = make("antiaspirin", (4, 11))
    assert [e.text for e in aligned.doc.ents] == ["antiaspirin"]
    assert aligned.doc.user_data["mentions"] == [[4, 11, "Disease"]]
    assert aligned.changed == (Changed("d/1", "T0", 4, 11, "ADR", "expanded", 0, 11),)


def test_of_two_mentions_that_expansion_makes_collide_the_longer_is_kept():
    aligned = make("headachenausea", (0, 8), (8, 14))
    (dropped,) = aligned.dropped
    assert dropped == Dropped("d/1", "T1", 8, 14, "ADR", "overlapping")
    assert len(aligned.doc.ents) == 1
    assert len(aligned.doc.user_data["mentions"]) == 2
    (dropped,) = make("nauseaheadache", (0, 6), (6, 14)).dropped
    assert (dropped.mention, dropped.start) == ("T0", 0)


def test_boundaries_inside_entities_are_removed_and_others_stand():
    doc = make("Pain in. The hip. Gone.", (0, 16), starts=(0, 9, 18)).doc
    assert [e.text for e in cut_mentions(doc)] == ["Pain in. The hip"]
    assert join_cut_mentions(doc) == 1
    assert cut_mentions(doc) == []
    assert [s.text for s in doc.sents] == ["Pain in. The hip.", "Gone."]


def test_tokens_that_are_not_wholly_inside_an_annotated_stretch_have_no_entity_tag():
    # "No" and half of "rash" on the one side, "Took" and half of the mention on the other.
    doc = make("No rash. Took aspirin daily.", (14, 21), starts=(0, 9), annotated=((0, 5), (9, 17)), kind="Drug").doc
    tags = [token.ent_iob_ for token in doc]
    assert list(zip(doc.text.replace(".", " .").split(), tags, strict=True)) == [
        *(("No", "O"), ("rash", ""), (".", "")),
        *(("Took", "O"), ("aspirin", "B"), ("daily", ""), (".", "")),
    ]
    assert doc.user_data == {"id": "d/1", "mentions": [[14, 21, "Drug"]]}
    assert [token.text for token in unknown_tokens(doc)] == ["rash", ".", "daily", "."]
    assert [token.text for token in outside_tokens(doc)] == ["No", "Took"]


def test_a_mention_in_the_middle_of_nowhere_is_annotated_all_the_same():
    doc = make("No back pain. Gone.", (3, 12), starts=(0, 14), annotated=()).doc
    assert [token.ent_iob_ for token in doc] == ["", "B", "I", "", "", ""]
    assert [(number, span.text) for number, span in annotated_sentences(doc)] == [(0, "No back pain.")]


def test_white_space_makes_no_sentence_annotated_and_is_not_unknown():
    doc = make("One. \n Two.  \n Three.", starts=(0, 7, 15), annotated=((4, 7), (15, 21))).doc
    assert [sentence.text.strip() for sentence in doc.sents] == ["One.", "Two.", "Three."]
    assert [(number, span.text) for number, span in annotated_sentences(doc)] == [(2, "Three.")]
    assert [token.text for token in unknown_tokens(doc)] == ["One", ".", "Two", "."]
    assert [token.text for token in outside_tokens(doc)] == ["Three", "."]


def test_stretches_over_the_whole_text_give_the_same_bytes_as_none():
    files = [
        pack_docs([make("Took aspirin. Well.", (5, 12), starts=(0, 14), annotated=stretches).doc]).to_bytes()
        for stretches in (None, ((0, 19),), ((0, 13), (13, 19)), ((0, 13), (14, 19)))
    ]
    assert len(set(files)) == 1


def pairs(cuts: list[int]) -> list[tuple[int, int]]:
    """The stretches that some places cut out of a text."""
    return list(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def partly_annotated(draw):
    text = draw(st.text("aя5 .\r\n🙂\u0301", min_size=1, max_size=30).filter(str.strip))
    cuts = draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True).map(sorted))
    ends = draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True).map(sorted))
    mentions = tuple(Mention(s, e, "Drug") for s, e in pairs(ends) if text[s:e].strip() == text[s:e])
    return Document("d", text, mentions, annotated=tuple(pairs(cuts)))


@given(partly_annotated())
def test_a_token_is_known_where_all_of_its_characters_are_or_a_mention_holds_it(document):
    aligned = align(document, sentence_starts(document.text), NLP).doc
    (packed,) = DocBin().from_bytes(pack_docs([aligned]).to_bytes()).get_docs(Vocab())
    check_known(document, aligned)
    check_known(document, packed)


def check_known(document: Document, doc: Doc) -> None:
    places = {place for start, end in document.annotated for place in range(start, end)}
    mentioned = {token.i for entity in doc.ents for token in entity}
    known = {t.i for t in doc if t.i in mentioned or places.issuperset(range(t.idx, t.idx + len(t)))}
    assert {token.i for token in doc if token.ent_iob_} == known
    words = [token for token in doc if not token.text.isspace()]
    assert [token.i for token in unknown_tokens(doc)] == [token.i for token in words if token.i not in known]
    expected = [n for n, span in enumerate(doc.sents) if any(t.i in known and not t.text.isspace() for t in span)]
    assert [number for number, _ in annotated_sentences(doc)] == expected


@st.composite
def documents(draw):
    text = draw(st.text("aя5 .\r\n🙂\u0301\ufeff", min_size=1, max_size=30).filter(str.strip))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if text[a:b] == text[a:b].strip()]
    return text, spans


def what_is_kept(doc: Doc) -> tuple:
    mentions = [tuple(mention) for mention in doc.user_data["mentions"]]
    entities = [(e.start_char, e.end_char, e.label_) for e in doc.ents]
    tokens = [(token.text, bool(token.is_sent_start)) for token in doc]
    return doc.text, tokens, entities, doc.user_data["id"], mentions


@given(st.lists(documents(), max_size=3))
def test_a_file_gives_back_what_was_written_and_is_the_same_each_time(generated):
    docs = [make(text, *spans, starts=sentence_starts(text)).doc for text, spans in generated]
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "a.spacy", Path(folder) / "b.spacy"
        pack_docs(docs).to_disk(first)
        pack_docs(docs).to_disk(second)
        assert first.read_bytes() == second.read_bytes()
        read = read_documents(first)
    assert [what_is_kept(doc) for doc in read] == [what_is_kept(doc) for doc in docs]
    assert [doc.text for doc in read] == [text for text, _ in generated]


@given(documents())
def test_alignment_keeps_or_records_every_mention(generated):
    text, spans = generated
    aligned = make(text, *spans)
    assert len(spans) == len(aligned.doc.ents) + len(aligned.dropped)
    assert [tuple(mention[:2]) for mention in aligned.doc.user_data["mentions"]] == spans
    covered = [(e.start_char, e.end_char) for e in aligned.doc.ents]
    assert all(any(a <= s and e <= b for s, e in spans) for a, b in covered)
