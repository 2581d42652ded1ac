"""Test the edits of an annotator who corrects predictions, by hand and against all pairings."""
import random
from itertools import permutations

import pytest

from scripts.evaluation.edits import count_edits

A, B = (0, 2, "Drug"), (4, 6, "Disease")


@pytest.mark.parametrize(
    "gold, predicted, edits",
    [
        ([A, B], [A, B], 0),
        ([], [], 0),
        # Without a pre-annotation every mention is added.
        ([A, B], [], 2),
        # Nothing there: both are removed.
        ([], [A, B], 2),
        # Another border; another type; neither touches: one removed and one added.
        ([A], [(0, 3, "Drug")], 1),
        ([A], [(0, 2, "Disease")], 1),
        ([A], [(2, 3, "Drug")], 2),
        # One gold mention marked as two: one is moved, the other removed; and the other way round.
        ([(0, 6, "Drug")], [A, B], 2),
        ([A, B], [(0, 6, "Drug")], 2),
        # The first gold mention must take the first predicted one, so that the second finds a partner too.
        ([(0, 3, "Drug"), (3, 6, "Drug")], [(1, 4, "Drug"), (4, 5, "Drug")], 2),
        # The same mention twice counts once.
        ([A, A], [A], 0),
    ],
)
def test_by_hand(gold, predicted, edits):
    assert count_edits(gold, predicted) == edits


def apart(chance):
    """Mentions of a sentence of 12 tokens, none of which overlap."""
    borders = sorted(chance.sample(range(13), 2 * chance.randint(0, 3)))
    pairs = zip(borders[::2], borders[1::2], strict=True)
    return [(start, end, chance.choice(["Drug", "Disease"])) for start, end in pairs]


def fewest(gold, predicted):
    """The fewest edits over all pairings, tried one by one."""
    slots = [*predicted, *[None] * len(gold)]
    costs = []
    for partners in set(permutations(slots, len(gold))):
        pairs = list(zip(gold, partners, strict=True))
        if all(other is None or one[0] < other[1] and other[0] < one[1] for one, other in pairs):
            taken = sum(other is not None for other in partners)
            costs.append(sum(one != other for one, other in pairs) + len(predicted) - taken)
    return min(costs)


def test_no_pairing_takes_fewer():
    chance = random.Random(0)
    for _ in range(300):
        gold, predicted = apart(chance), apart(chance)
        assert count_edits(gold, predicted) == fewest(gold, predicted)
