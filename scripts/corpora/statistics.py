"""Compute the statistics of corpora: size (the paper's Table 1) and shared vocabulary (its Table 4)."""
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Callable, Iterable, Mapping, Union

from scripts.corpora import punkt
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.manifest import Statistics
from scripts.corpora.schema import Document, Mention, in_order

if TYPE_CHECKING:
    from spacy.tokens import Doc

WORD = re.compile(r"\w+")


def count_document(document: Document, doc: "Doc", labels: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """Count a document for Table 1. The counts of several documents can be added up.

    document (Document): The document as read, with text.
    doc (Doc): The same document with tokens and sentences.
    labels (Mapping[str, str]): Entity type of each of the corpus's own labels to use.
    RETURNS (Counter): Counts by (what is counted, type or label). See `corpus_statistics`.
    """
    counts: Counter[tuple[str, str]] = Counter({("documents", ""): 1})
    counts["sentences", ""] = sum(1 for _ in doc.sents)
    counts["sentences_by_punkt", ""] = len(punkt.sentence_starts(document.text))
    counts["words", ""] = _count_words(document.text)
    for mention in document.mentions:
        if mention.label in labels:
            counts["subtypes", mention.label] += 1
            counts["mentions", labels[mention.label]] += 1
            counts["mention_words", labels[mention.label]] += _count_words(_covered(mention, document.text))
    return counts


def corpus_statistics(counts: Counter[tuple[str, str]], labels: Mapping[str, str]) -> Statistics:
    """Compute the statistics of the paper's Table 1 from counts.

    counts (Counter): The sum of the counts of all documents with text.
    labels (Mapping[str, str]): Entity type of each of the corpus's own labels to use.
    RETURNS (Statistics): The statistics.
    """
    mentions = {kind: counts["mentions", kind] for kind in in_order(labels.values())}
    return Statistics(
        documents=counts["documents", ""],
        sentences=counts["sentences", ""],
        sentences_by_punkt=counts["sentences_by_punkt", ""],
        mentions=mentions,
        subtypes={label: counts["subtypes", label] for label in labels},
        sentences_per_document=_ratio(counts["sentences", ""], counts["documents", ""]),
        tokens_per_sentence=_ratio(counts["words", ""], counts["sentences", ""]),
        mention_length={kind: _ratio(counts["mention_words", kind], mentions[kind]) for kind in mentions},
    )


def vocabulary_overlap(
    mentions_a: Iterable[str], mentions_b: Iterable[str], tokenize: Callable[[str], list[str]]
) -> dict[str, Union[int, float]]:
    """Compare the sub-words in two corpora's mentions of one type (the paper's Table 4).

    mentions_a (Iterable[str]): Texts of one corpus's mentions.
    mentions_b (Iterable[str]): Texts of the other corpus's mentions.
    tokenize (Callable): Function that splits a text into sub-words. It gets lower-cased text without accents, as in the
        paper.
    RETURNS (dict): Number of unique sub-words (`unique_a`, `unique_b`) and of `shared` ones, and the shared ones as a
        percentage of each corpus's own (`percent_a`, `percent_b`).
    """
    pieces_a, pieces_b = _pieces(mentions_a, tokenize), _pieces(mentions_b, tokenize)
    shared = len(pieces_a & pieces_b)
    return {
        "unique_a": len(pieces_a),
        "unique_b": len(pieces_b),
        "shared": shared,
        "percent_a": 100 * _ratio(shared, len(pieces_a)),
        "percent_b": 100 * _ratio(shared, len(pieces_b)),
    }


def strip_accents(text: str) -> str:
    """RETURNS (str): The text without combining marks, so that й becomes и, as in BERT's lower-casing."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")


def _pieces(mentions: Iterable[str], tokenize: Callable[[str], list[str]]) -> set[str]:
    texts = {strip_accents(mention.lower()) for mention in mentions}
    return {piece for text in texts for piece in tokenize(text)}


def _count_words(text: str) -> int:
    return len(WORD.findall(text))


def _covered(mention: Mention, text: str) -> str:
    """RETURNS (str): The text of a mention, as far as it is within the document's text."""
    return " ".join(text[max(0, start) : max(0, end)] for start, end in fragments_of(mention))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
