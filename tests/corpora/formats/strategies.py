"""Generate documents of all kinds for the property tests of writers."""
from dataclasses import replace

from hypothesis import strategies as st

from scripts.corpora.schema import Document, Mention

ALPHABET = st.sampled_from('ab 5.\r\n\t\ufeff\u200b🙂e\u0301é\u2028\x85\x00"\\') | st.characters(codec="utf8")
NOBODY = st.just("")
NAMES = st.text(st.characters(codec="utf8"), min_size=1, max_size=4)


@st.composite
def mentions(draw, text: str, names=NAMES):
    """Mentions with ids of their own, at any offsets of a text, that do or do not say what they cover."""
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place).map(sorted), max_size=4))
    ids = draw(st.lists(names, min_size=len(spans), max_size=len(spans), unique=True))
    made = []
    for id, (start, end) in zip(ids, spans, strict=True):
        label = draw(st.text(st.characters(codec="utf8"), max_size=3))
        covered = draw(st.sampled_from([None, text[start:end]]))
        made.append(Mention(start, end, label, label, id, ((start, end),), covered))
    return tuple(made)


@st.composite
def stretches(draw, text: str):
    """What somebody annotated of a text: all, or stretches that are ascending and apart."""
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return draw(st.sampled_from([None, tuple(pairs)]))


@st.composite
def corpora(draw, annotators=NOBODY):
    """Documents whose ids are unique, and numbers among them."""
    ids = draw(st.lists(NAMES | st.integers(0, 20).map(str), min_size=1, max_size=4, unique=True))
    made = []
    for id in ids:
        text = draw(st.text(ALPHABET, max_size=12))
        found, part = draw(mentions(text)), draw(stretches(text))
        made.append(Document(id, text, found, {}, draw(annotators), part))
    return made


def comparable(document: Document) -> Document:
    """A document without what no format holds: where its mentions stand in a file, and notes."""
    found = tuple(replace(mention, where="") for mention in document.mentions)
    return replace(document, mentions=found, meta={})
