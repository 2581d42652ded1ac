"""Test the decoding of tags: valid sequences, the best valid one, and its mentions."""
from itertools import pairwise, product

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.ner.bio_ner import allowed_transitions, bio_tags, decode_tags, log_softmax, tagged_mentions

LABELS = ("Disease", "Drug")
TAGS = ["O", "B-Disease", "I-Disease", "B-Drug", "I-Drug"]


def is_valid(tags: list[str]) -> bool:
    """Whether a sequence is BIO: an I- tag follows the B- or I- tag of its own type."""
    return all(not tag.startswith("I-") or before in (f"B-{tag[2:]}", tag) for before, tag in pairwise(["O", *tags]))


def arrays(n_tags: int):
    """Strategy: scores of up to 4 tokens; whole numbers, so that ties occur."""
    row = st.lists(st.integers(-4, 4), min_size=n_tags, max_size=n_tags)
    return st.lists(row, min_size=1, max_size=4).map(lambda rows: log_softmax(numpy.array(rows, dtype="float64")))


def mention_lists():
    """Strategy: a number of tokens, and mentions in order that do not overlap."""
    piece = st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 1))
    return st.lists(piece, max_size=4).map(_lay_out)


def _lay_out(pieces: list[tuple[int, int, int]]) -> tuple[int, list[tuple[int, int, int]]]:
    mentions, end = [], 0
    for gap, length, label in pieces:
        mentions.append((end + gap, end + gap + length, label))
        end += gap + length
    return end + 1, mentions


def test_tags_of_entity_types_are_in_order():
    assert bio_tags(LABELS) == TAGS


@pytest.mark.parametrize("before, tag", list(product(TAGS, TAGS)))
def test_transitions_are_those_of_bio(before, tag):
    allowed = allowed_transitions(len(LABELS))
    assert allowed[TAGS.index(before), TAGS.index(tag)] == (not tag.startswith("I-") or before[2:] == tag[2:])


@given(st.sampled_from([3, 5]).flatmap(arrays))
def test_decoding_finds_the_best_valid_sequence(log_probabilities):
    n_tokens, n_tags = log_probabilities.shape
    names = TAGS[:n_tags]
    valid = [tags for tags in product(range(n_tags), repeat=n_tokens) if is_valid([names[tag] for tag in tags])]
    best = max(log_probabilities[numpy.arange(n_tokens), list(tags)].sum() for tags in valid)

    found = decode_tags(log_probabilities)

    assert is_valid([names[tag] for tag in found])
    assert log_probabilities[numpy.arange(n_tokens), found].sum() == pytest.approx(best)


@given(mention_lists())
def test_mentions_survive_tagging_and_reading(tokens_and_mentions):
    n_tokens, mentions = tokens_and_mentions
    tags = [0] * n_tokens
    for start, end, label in mentions:
        tags[start:end] = [2 + 2 * label] * (end - start)
        tags[start] = 1 + 2 * label

    assert list(tagged_mentions(tags)) == mentions


def test_mentions_that_touch_are_two():
    assert list(tagged_mentions([1, 1, 2, 3, 4])) == [(0, 1, 0), (1, 3, 0), (3, 5, 1)]


def test_no_tokens_no_mentions():
    assert list(tagged_mentions([])) == []


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=5))
def test_log_softmax_gives_log_probabilities(scores):
    log_probabilities = log_softmax(numpy.array([scores]))
    assert numpy.exp(log_probabilities).sum() == pytest.approx(1.0)
    assert (log_probabilities[0, 0] - log_probabilities[0]).tolist() == pytest.approx([scores[0] - s for s in scores])
