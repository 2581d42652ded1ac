"""Figures about corpora: size (the paper's Table 1), shared vocabulary (its Table 4), sentences in two parts."""
import re
import unicodedata
from statistics import fmean
from typing import TYPE_CHECKING, Callable, Iterable, Union

from scripts.corpora.schema import ENTITY_TYPES

if TYPE_CHECKING:
    from spacy.tokens import Doc

WORD = re.compile(r"\w+")
# Shorter sentences ("Thank you!", "No fever.") stand in any two corpora without one being copied from the other.
SHORTEST_SHARED = 5


def corpus_statistics(docs: Iterable["Doc"]) -> dict[str, Union[int, float]]:
    """Count what the paper's Table 1 counts.

    docs (Iterable[Doc]): All documents with text of a corpus.
    RETURNS (dict): `documents`, `sentences`, the mentions of each type (`Drug`, `Disease`), and means:
        `sentences_per_document`, `tokens_per_sentence`, and the tokens in a mention (`Drug_length`, `Disease_length`).
        Tokens are here runs of letters and digits, which is what the paper's mention lengths agree with.
    """
    docs = list(docs)
    sentences = [_count_words(sentence.text) for doc in docs for sentence in doc.sents]
    entities = [entity for doc in docs for entity in doc.ents]
    lengths = {kind: [_count_words(e.text) for e in entities if e.label_ == kind] for kind in ENTITY_TYPES}
    return {
        "documents": len(docs),
        "sentences": len(sentences),
        **{kind: len(lengths[kind]) for kind in ENTITY_TYPES},
        "sentences_per_document": _ratio(len(sentences), len(docs)),
        "tokens_per_sentence": _mean(sentences),
        **{f"{kind}_length": _mean(lengths[kind]) for kind in ENTITY_TYPES},
    }


def normalise_sentence(text: str) -> str:
    """RETURNS (str): The words of a sentence in lower case; punctuation and white space do not tell sentences apart."""
    return " ".join(WORD.findall(text.lower()))


def shared_sentences(train_docs: Iterable["Doc"], test_docs: Iterable["Doc"]) -> set[str]:
    """Find the sentences that stand in two parts.

    train_docs (Iterable[Doc]): Training part of the source.
    test_docs (Iterable[Doc]): Test part of the target.
    RETURNS (set[str]): Those of five words or more, normalised.
    """
    return _long_sentences(train_docs) & _long_sentences(test_docs)


def vocabulary_overlap(
    mentions_a: Iterable[str], mentions_b: Iterable[str], tokenize: Callable[[str], list[str]]
) -> dict[str, Union[int, float]]:
    """Compare the sub-words that two corpora's mentions of one type are made of (the paper's Table 4).

    mentions_a (Iterable[str]): Mention texts of one corpus, training and test part.
    mentions_b (Iterable[str]): Mention texts of the other one.
    tokenize (Callable): Makes sub-words of a text. It gets lower-cased text without accents, as the paper's did.
    RETURNS (dict): Numbers of unique sub-words (`unique_a`, `unique_b`), of `shared` ones, and these in per cent of
        each corpus's own (`percent_a`, `percent_b`).
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
    """RETURNS (str): The text without combining marks, so that й becomes и, as BERT's lower-casing does it."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")


def _pieces(mentions: Iterable[str], tokenize: Callable[[str], list[str]]) -> set[str]:
    texts = {strip_accents(mention.lower()) for mention in mentions}
    return {piece for text in texts for piece in tokenize(text)}


def _long_sentences(docs: Iterable["Doc"]) -> set[str]:
    normalised = (normalise_sentence(sentence.text) for doc in docs for sentence in doc.sents)
    return {sentence for sentence in normalised if sentence.count(" ") + 1 >= SHORTEST_SHARED}


def _count_words(text: str) -> int:
    return len(WORD.findall(text))


def _mean(values: list[int]) -> float:
    return fmean(values) if values else 0.0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
