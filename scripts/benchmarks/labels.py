"""Convert sentences for peers without spaCy: to sub-word ids, with a label for the first sub-word of each token."""
from typing import Any, NamedTuple, Sequence

from scripts.corpora.parts import Sentence

IGNORED = -100


class Encoded(NamedTuple):
    """A sentence as sub-words.

    ids (list[int]): Ids of the sub-words, including special ones.
    labels (list[int]): Number of the BIO tag for the first sub-word of each annotated token, -100 for all others.
    """

    ids: list[int]
    labels: list[int]


def encode_sentences(tokenizer: Any, sentences: Sequence[Sentence], tags: Sequence[str]) -> list[Encoded]:
    """RETURNS (list[Encoded]): The sentences, split by a fast Hugging Face tokenizer."""
    encoded = tokenizer([sentence.text for sentence in sentences], truncation=True, return_offsets_mapping=True)
    rows = zip(sentences, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    return [Encoded(ids, _labels(sentence, offsets, tags)) for sentence, ids, offsets in rows]


def _labels(sentence: Sentence, offsets: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[int]:
    of_token = [0] * len(sentence.words)
    for start, end, label in sentence.mentions:
        of_token[start:end] = [tags.index(f"I-{label}")] * (end - start)
        of_token[start] = tags.index(f"B-{label}")
    for number in sentence.unknown:
        of_token[number] = IGNORED
    waiting = dict(zip(_starts(sentence), of_token, strict=True))
    # Sub-words that start inside a token, and special ones, have no label.
    return [waiting.pop(start, IGNORED) if end > start else IGNORED for start, end in offsets]


def _starts(sentence: Sentence) -> list[int]:
    starts, position = [], 0
    for word, space in zip(sentence.words, sentence.spaces, strict=True):
        starts.append(position)
        position += len(word) + space
    return starts
