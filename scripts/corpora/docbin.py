"""Turn harmonised documents into spaCy Docs with sentence starts and entities, and keep them in DocBin files."""
from dataclasses import dataclass
from typing import Iterable, Sequence

from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from scripts.corpora.harmonise import change, drop
from scripts.corpora.schema import EXPANDED, Changed, Document, Dropped
from scripts.corpora.sentences import set_sentence_starts

ATTRIBUTES = ["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"]


@dataclass(frozen=True)
class Aligned:
    """A document as tokens.

    doc (Doc): Sentence starts and entities set. `doc.user_data` holds exactly `id` (str) and `mentions`: the
        [start, end, type] of every mention that harmonising kept, at character offsets as annotated. That is one more
        than the Doc has entities for each mention in `dropped`, so that scoring against them counts it as missed.
    changed (tuple[Changed, ...]): Mentions that start or end inside a token, whose entities hold the whole of it.
    dropped (tuple[Dropped, ...]): Mentions whose expansion ran into a longer one.
    """

    doc: Doc
    changed: tuple[Changed, ...]
    dropped: tuple[Dropped, ...]


def align(document: Document, sentence_starts: Sequence[int], nlp: Language) -> Aligned:
    """Make a Doc of a document. The text decides about tokens and sentences, never the mentions.

    document (Document): Harmonised.
    sentence_starts (Sequence[int]): Character offsets.
    nlp (Language): Gives the tokenizer.
    RETURNS (Aligned): The Doc, and what alignment did to mentions.
    """
    doc = set_sentence_starts(nlp.make_doc(document.text), list(sentence_starts))
    mentions = [[mention.start, mention.end, mention.label] for mention in document.mentions]
    doc.user_data = {"id": document.id, "mentions": mentions}
    spans: list[Span] = []
    dropped: list[Dropped] = []
    changed: list[Changed] = []
    taken: set[int] = set()
    for mention in sorted(document.mentions, key=lambda mention: (mention.start - mention.end, mention.start)):
        span = doc.char_span(mention.start, mention.end, label=mention.label, alignment_mode="expand")
        # A harmonised mention lies within the text, so there always are tokens to expand it to.
        assert span is not None
        if taken.isdisjoint(range(span.start, span.end)):
            taken.update(range(span.start, span.end))
            spans.append(span)
            if (span.start_char, span.end_char) != (mention.start, mention.end):
                changed.append(change(document.id, mention, EXPANDED, span.start_char, span.end_char))
        else:
            dropped.append(drop(document.id, mention, "overlapping"))
    doc.set_ents(spans)
    return Aligned(doc, tuple(changed), tuple(dropped))


def join_cut_mentions(doc: Doc) -> int:
    """Remove the sentence starts inside entities, as training needs them whole.

    doc (Doc): With sentence starts and entities; changed in place.
    RETURNS (int): How many starts were removed.
    """
    inside = [token for entity in doc.ents for token in entity[1:] if token.is_sent_start]
    for token in inside:
        token.is_sent_start = False
    return len(inside)


def cut_mentions(doc: Doc) -> list[Span]:
    """RETURNS (list[Span]): The entities that a sentence start cuts: no sentence-wise pipeline can find them."""
    return [entity for entity in doc.ents if any(token.is_sent_start for token in entity[1:])]


def pack_docs(docs: Iterable[Doc]) -> DocBin:
    """Pack Docs one by one, which takes a third of the memory of the Docs: the same Docs always give the same bytes.

    docs (Iterable[Doc]): Text, sentence starts, entities and user data are kept.
    RETURNS (DocBin): To be written by its `to_disk`.
    """
    return DocBin(attrs=ATTRIBUTES, store_user_data=True, docs=docs)
