"""Count what an annotator changes who corrects mentions that a model has marked before."""
from typing import Collection

from scripts.evaluation.scores import MentionKey


def count_edits(gold: Collection[MentionKey], predicted: Collection[MentionKey]) -> int:
    """Count the fewest mentions to add, remove or move until a sentence is annotated as the gold is.

    Gold and predicted mentions are paired, each with one other at most, so that as many as possible have a partner that
    they overlap. A pair with the same borders and type costs nothing. A pair with other borders or another type is one
    edit, and so are a predicted mention without a partner and a gold one without. Without a model that marks anything,
    every gold mention is one edit.

    gold (Collection[MentionKey]): (start, end, type) mentions of a sentence, none of which overlap.
    predicted (Collection[MentionKey]): The same of the model.
    RETURNS (int): Edits.
    """
    expected, given = set(gold), set(predicted)
    # An exact pair overlaps nothing else.
    missed, wrong = sorted(expected - given), sorted(given - expected)
    pairs = _count_pairs(missed, wrong)
    return len(missed) + len(wrong) - pairs


def _count_pairs(one: list[MentionKey], other: list[MentionKey]) -> int:
    """RETURNS (int): The most pairs of overlapping mentions, of two lists in order without overlaps of their own."""
    pairs, first, second = 0, 0, 0
    while first < len(one) and second < len(other):
        (start, end, _), (other_start, other_end, _) = one[first], other[second]
        overlaps = start < other_end and other_start < end
        pairs += overlaps
        # What ends first has met all that it can meet.
        first += overlaps or end <= other_start
        second += overlaps or other_end <= start
    return pairs
