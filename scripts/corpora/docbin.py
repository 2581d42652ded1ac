"""Convert harmonized documents to spaCy Docs with sentence starts and entities, and pack them into DocBins."""
from dataclasses import dataclass
from itertools import groupby
from typing import Collection, Iterable, Iterator, Sequence

import numpy
from spacy.attrs import ENT_IOB
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, Token

from scripts.corpora.harmonize import change, drop
from scripts.corpora.schema import EXPANDED, Changed, Document, Dropped
from scripts.corpora.sentences import set_sentence_starts

ATTRIBUTES = ["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"]
# spaCy's codes of `token.ent_iob` for tokens that nobody annotated, and for tokens outside of all entities.
MISSING, OUTSIDE = 0, 2


@dataclass(frozen=True)
class Aligned:
    """A document as a spaCy Doc.

    doc (Doc): The Doc with sentence starts and entities. Tokens that nobody annotated have no entity tag.
        `doc.user_data` has only `id` (str) and `mentions`: the [start, end, type] of every harmonized mention, in
        characters as annotated. These include mentions in `dropped`, so that they count as missed in scores.
    changed (tuple[Changed, ...]): Mentions that start or end inside a token. Their entities include the whole token.
    dropped (tuple[Dropped, ...]): Mentions that would overlap a longer one after expansion to whole tokens.
    """

    doc: Doc
    changed: tuple[Changed, ...]
    dropped: tuple[Dropped, ...]


def align(document: Document, sentence_starts: Sequence[int], nlp: Language) -> Aligned:
    """Create a Doc from a document. Tokens and sentences only depend on the text, never on the mentions.

    In a partly annotated document, tokens that are not entirely inside an annotated stretch are unknown, which is a
    missing entity tag in spaCy. A mention annotates all of its tokens, even outside of the annotated stretches.

    document (Document): The harmonized document.
    sentence_starts (Sequence[int]): Character offsets of sentence starts.
    nlp (Language): The pipeline with the tokenizer.
    RETURNS (Aligned): The Doc, and the mentions changed or dropped by alignment.
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
        # A harmonized mention is within the text, so there are always tokens to expand it to.
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
    """RETURNS (list[Span]): Tokens that are not entirely in an annotated stretch, except for those in mentions."""
    if document.annotated is None:
        return []
    covered = numpy.zeros(len(document.text), dtype=bool)
    for start, end in document.annotated:
        covered[start:end] = True
    others = (token for token in doc if token.i not in in_mentions)
    return [doc[token.i : token.i + 1] for token in others if not covered[token.idx : token.idx + len(token)].all()]


def unknown_tokens(doc: Doc) -> list[Token]:
    """RETURNS (list[Token]): The tokens that nobody annotated, without whitespace."""
    return _tokens_with(MISSING, doc)


def outside_tokens(doc: Doc) -> list[Token]:
    """RETURNS (list[Token]): The tokens annotated as outside of all entities, without whitespace."""
    return _tokens_with(OUTSIDE, doc)


def _tokens_with(code: int, doc: Doc) -> list[Token]:
    found = (doc[number] for number in numpy.flatnonzero(doc.to_array(ENT_IOB) == code).tolist())
    return [token for token in found if not _is_space(token)]


def annotated_sentences(doc: Doc) -> Iterator[tuple[int, Span]]:
    """Find the sentences that can be used for training and scoring.

    doc (Doc): A Doc with sentence starts and entities.
    YIELDS (tuple[int, Span]): The number (from 0, among all sentences of the Doc) and the span of each sentence with an
        annotated token other than whitespace.
    """
    for number, span in enumerate(doc.sents):
        if any(token.ent_iob != MISSING and not _is_space(token) for token in span):
            yield number, span


def annotated_stretches(doc: Doc) -> Iterator[Span]:
    """YIELDS (Span): Each run of annotated tokens. Whitespace doesn't end one, and neither does a sentence."""
    words = (token for token in doc if not _is_space(token))
    for is_known, tokens in groupby(words, key=lambda token: token.ent_iob != MISSING):
        run = list(tokens)
        if is_known:
            yield doc[run[0].i : run[-1].i + 1]


def _is_space(token: Token) -> bool:
    # `is_space` is always False for a Doc that was read from a file with an empty vocabulary.
    return token.text.isspace()


def join_cut_mentions(doc: Doc) -> int:
    """Remove sentence starts inside entities, because training needs entities in one piece.

    doc (Doc): A Doc with sentence starts and entities. It is changed in place.
    RETURNS (int): Number of sentence starts removed.
    """
    inside = [token for entity in doc.ents for token in entity[1:] if token.is_sent_start]
    for token in inside:
        token.is_sent_start = False
    return len(inside)


def cut_mentions(doc: Doc) -> list[Span]:
    """RETURNS (list[Span]): The entities cut by a sentence start, which no sentence-wise pipeline can find."""
    return [entity for entity in doc.ents if any(token.is_sent_start for token in entity[1:])]


def pack_docs(docs: Iterable[Doc]) -> DocBin:
    """Pack Docs one by one, which takes a third of their memory. The same Docs always give the same bytes.

    docs (Iterable[Doc]): The Docs. Text, sentence starts, entities and user data are kept.
    RETURNS (DocBin): The DocBin.
    """
    return DocBin(attrs=ATTRIBUTES, store_user_data=True, docs=docs)
