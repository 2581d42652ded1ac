"""Find mentions in BIO tag sequences and score them, as the CoNLL script (conlleval) does.

The script's rules for B, I and O, which also give a meaning to invalid sequences:
a chunk ends before `B-X`, before `O` and where the type changes; a chunk begins at `B-X`, and at an `I-X` that follows
`O` or another type.
"""
from typing import Sequence

from scripts.base.errors import ProjectError
from scripts.evaluation.scores import MentionKey, Score, check_same_length, score_mentions


def mentions_of_tags(tags: Sequence[str]) -> list[MentionKey]:
    """Read the mentions off a sentence's tags, as conlleval does.

    tags (Sequence[str]): Such as `["O", "B-Drug", "I-Drug"]`; need not be valid BIO.
    RETURNS (list): (start, end, type) in tokens, in order; `end` is behind the last token.
    RAISES (ProjectError): If a tag is neither `O` nor `B-TYPE` nor `I-TYPE`.
    """
    mentions, start, current = [], 0, ""
    for position, tag in enumerate([*tags, "O"]):
        prefix, entity_type = _split(tag)
        if current and (prefix != "I" or entity_type != current):
            mentions.append((start, position, current))
            current = ""
        if prefix != "O" and not current:
            start, current = position, entity_type
    return mentions


def score_tags(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], types: Sequence[str]
) -> dict[str, Score]:
    """Score tag sequences sentence by sentence with the CoNLL script's numbers.

    gold (Sequence[Sequence[str]]): For each sentence its tags.
    predicted (Sequence[Sequence[str]]): The same sentences, with as many tags each.
    types (Sequence[str]): Entity types to score.
    RETURNS (dict[str, Score]): A score per type, and under "micro" that of all of them together.
    RAISES (ProjectError): If the two sides differ in length, or a tag is not BIO.
    """
    check_same_length(gold, predicted, "sentences")
    for number, (expected, given) in enumerate(zip(gold, predicted, strict=True), start=1):
        check_same_length(expected, given, f"tags of sentence {number}")
    return score_mentions(
        [mentions_of_tags(tags) for tags in gold], [mentions_of_tags(tags) for tags in predicted], types
    )


def _split(tag: str) -> tuple[str, str]:
    prefix, _, entity_type = tag.partition("-")
    if tag != "O" and (prefix not in ("B", "I") or not entity_type):
        raise ProjectError(f"not a BIO tag: '{tag}'", remedy="write O, B-TYPE or I-TYPE")
    return prefix, entity_type
