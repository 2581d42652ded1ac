"""Turn harmonised documents into spaCy Docs with sentence starts and entities, and keep them in DocBin files."""
from dataclasses import dataclass
from typing import Collection, Iterable, Iterator, Sequence

import numpy
from spacy.attrs import ENT_IOB
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, Token

from scripts.corpora.harmonise import change, drop
from scripts.corpora.schema import EXPANDED, Changed, Document, Dropped
from scripts.corpora.sentences import set_sentence_starts

ATTRIBUTES = ["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"]
# spaCy's codes of `token.ent_iob` for a token that nobody annotated, and for one outside of all entities.
MISSING, OUTSIDE = 0, 2


@dataclass(frozen=True)
class Aligned:
    """A document as tokens.

    doc (Doc): Sentence starts and entities set; tokens that nobody annotated have no entity tag. `doc.user_data` holds
        exactly `id` (str) and `mentions`: the [start, end, type] of every mention that harmonising kept, at character
        offsets as annotated. That is one more than the Doc has entities for each mention in `dropped`, so that scoring
        against them counts it as missed.
    changed (tuple[Changed, ...]): Mentions that start or end inside a token, whose entities hold the whole of it.
    dropped (tuple[Dropped, ...]): Mentions whose expansion ran into a longer one.
    """

    doc: Doc
    changed: tuple[Changed, ...]
    dropped: tuple[Dropped, ...]


def align(document: Document, sentence_starts: Sequence[int], nlp: Language) -> Aligned:
    """Make a Doc of a document. The text decides about tokens and sentences, never the mentions.

    In a partly annotated document the tokens that do not lie wholly inside an annotated stretch are unknown: spaCy's
    missing entity tag. A mention annotates all of its tokens, also where it reaches beyond the annotated stretches.

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
    doc.set_ents(spans, missing=_unannotated(doc, document, taken))
    return Aligned(doc, tuple(changed), tuple(dropped))


def _unannotated(doc: Doc, document: Document, in_mentions: Collection[int]) -> list[Span]:
    """RETURNS (list[Span]): The tokens with a character that is in no annotated stretch, those of mentions left out."""
    if document.annotated is None:
        return []
    covered = numpy.zeros(len(document.text), dtype=bool)
    for start, end in document.annotated:
        covered[start:end] = True
    others = (token for token in doc if token.i not in in_mentions)
    return [doc[token.i : token.i + 1] for token in others if not covered[token.idx : token.idx + len(token)].all()]


def unknown_tokens(doc: Doc) -> list[Token]:
    """RETURNS (list[Token]): The tokens that nobody annotated; white space, which says nothing, is none of them."""
    return _tokens_with(MISSING, doc)


def outside_tokens(doc: Doc) -> list[Token]:
    """RETURNS (list[Token]): The tokens, white space left out, that somebody annotated as outside of all entities."""
    return _tokens_with(OUTSIDE, doc)


def _tokens_with(code: int, doc: Doc) -> list[Token]:
    found = (doc[number] for number in numpy.flatnonzero(doc.to_array(ENT_IOB) == code).tolist())
    return [token for token in found if not _is_space(token)]


def annotated_sentences(doc: Doc) -> Iterator[tuple[int, Span]]:
    """Find the sentences that something can be learnt of, or scored on.

    doc (Doc): With sentence starts and entities.
    YIELDS (tuple[int, Span]): Each sentence with an annotated token that is not white space, and its number among all
        sentences of the Doc, from 0.
    """
    for number, span in enumerate(doc.sents):
        if any(token.ent_iob != MISSING and not _is_space(token) for token in span):
            yield number, span


def _is_space(token: Token) -> bool:
    # A Doc that was read from a file has a bare vocabulary, by which no token `is_space`.
    return token.text.isspace()


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
