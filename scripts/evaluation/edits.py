"""Count the edits an annotator makes to correct the mentions that a model has marked."""
from typing import Collection

from scripts.evaluation.scores import MentionKey


def count_edits(gold: Collection[MentionKey], predicted: Collection[MentionKey]) -> int:
    """Count the fewest mentions to add, remove or change to turn predicted into gold mentions.

    Overlapping gold and predicted mentions are paired one to one, with as many pairs as possible. A pair with the same
    boundaries and type costs nothing. A pair with different boundaries or types is one edit, and so is every mention
    without a partner. If the model marks nothing, every gold mention is one edit.

    gold (Collection[MentionKey]): (start, end, type) mentions of a sentence, without overlaps.
    predicted (Collection[MentionKey]): The mentions marked by the model, without overlaps.
    RETURNS (int): The number of edits.
    """
    expected, given = set(gold), set(predicted)
    # Neither mention of an exact pair overlaps any other.
    missed, wrong = sorted(expected - given), sorted(given - expected)
    pairs = _count_pairs(missed, wrong)
    return len(missed) + len(wrong) - pairs


def _count_pairs(one: list[MentionKey], other: list[MentionKey]) -> int:
    """RETURNS (int): The largest number of overlapping pairs from two sorted lists without overlaps of their own."""
    pairs, first, second = 0, 0, 0
    while first < len(one) and second < len(other):
        (start, end, _), (other_start, other_end, _) = one[first], other[second]
        overlaps = start < other_end and other_start < end
        pairs += overlaps
        # Whichever ends first can't overlap any later mention.
        first += overlaps or end <= other_start
        second += overlaps or other_end <= start
    return pairs
