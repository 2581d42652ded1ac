"""Test the CoNLL script's numbers against seqeval and spaCy, and by hand where a sequence is not valid BIO."""
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import sequence_labeling, v1
from seqeval.scheme import IOB2
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from scripts.base.errors import ProjectError
from scripts.evaluation.scores import Score
from tests.evaluation.conll import mentions_of_tags, score_tags

TYPES = ("Disease", "Drug")
NOTHING = Score(0, 0, 0)
VOCAB = Vocab()
ANY_TAG = st.sampled_from(["O", "B-Drug", "I-Drug", "B-Disease", "I-Disease"])


@st.composite
def valid_bio(draw, length):
    """Valid BIO tags: an `I-X` stands only behind `B-X` or `I-X`."""
    tags = []
    while len(tags) < length:
        entity_type = draw(st.sampled_from(["", *TYPES]))
        size = draw(st.integers(1, 3))
        chunk = [f"B-{entity_type}"] + [f"I-{entity_type}"] * (size - 1) if entity_type else ["O"]
        tags += chunk
    return tags[:length]


def pairs_of(tags_of_length):
    """Gold and predicted tags of some sentences of the same lengths."""
    sentence = st.integers(1, 9).flatmap(lambda length: st.tuples(tags_of_length(length), tags_of_length(length)))
    return st.lists(sentence, min_size=1, max_size=4).map(lambda pairs: tuple(map(list, zip(*pairs, strict=True))))


VALID_PAIRS = pairs_of(valid_bio)
ANY_PAIRS = pairs_of(lambda size: st.lists(ANY_TAG, min_size=size, max_size=size))


def by_seqeval(gold, predicted, average, strict):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if strict:
            return v1.precision_recall_fscore_support(gold, predicted, average=average, scheme=IOB2)
        return sequence_labeling.precision_recall_fscore_support(gold, predicted, average=average)


def check_against_seqeval(gold, predicted, strict):
    """Compare the types that seqeval reports on, and micro; seqeval cannot score sequences without any mention."""
    present = {name for tags in gold + predicted for _, _, name in mentions_of_tags(tags)}
    scores = score_tags(gold, predicted, TYPES)
    if not present:
        assert scores["micro"] == NOTHING
        return
    precisions, recalls, f1s, _ = by_seqeval(gold, predicted, None, strict)
    for name, precision, recall, f1 in zip(sorted(present), precisions, recalls, f1s, strict=True):
        expected = (100 * precision, 100 * recall, 100 * f1)
        assert (scores[name].precision, scores[name].recall, scores[name].f1) == pytest.approx(expected)
    micro = by_seqeval(gold, predicted, "micro", strict)
    assert scores["micro"].f1 == pytest.approx(100 * micro[2])


@given(VALID_PAIRS)
def test_equals_seqeval_strict_on_valid_bio(pair):
    check_against_seqeval(*pair, strict=True)


@given(ANY_PAIRS)
def test_equals_seqeval_default_on_any_tags(pair):
    check_against_seqeval(*pair, strict=False)


@given(VALID_PAIRS)
def test_equals_spacy_scorer_on_valid_bio(pair):
    gold, predicted = pair
    examples = [Example(spacy_doc(given), spacy_doc(expected)) for expected, given in zip(gold, predicted, strict=True)]
    by_spacy = Scorer.score_spans(examples, "ents")
    scores = score_tags(gold, predicted, TYPES)
    for name, values in (by_spacy["ents_per_type"] or {}).items():
        expected = (100 * values["p"], 100 * values["r"], 100 * values["f"])
        assert (scores[name].precision, scores[name].recall, scores[name].f1) == pytest.approx(expected)
    assert scores["micro"].f1 == pytest.approx(100 * (by_spacy["ents_f"] or 0.0))


def spacy_doc(tags):
    """A Doc with the entities that spaCy itself reads from BIO tags."""
    return Doc(VOCAB, words=["w"] * len(tags), ents=list(tags))


def test_spacy_reads_the_same_mentions_from_valid_bio():
    tags = ["B-Drug", "B-Drug", "I-Drug", "O", "B-Disease", "I-Disease"]
    spans: list[Span] = list(spacy_doc(tags).ents)
    assert mentions_of_tags(tags) == [(span.start, span.end, span.label_) for span in spans]


@pytest.mark.parametrize(
    ("tags", "mentions"),
    [
        ([], []),
        (["O", "O"], []),
        (["O", "I-Drug", "I-Drug", "O"], [(1, 3, "Drug")]),
        (["I-Drug"], [(0, 1, "Drug")]),
        (["B-Drug", "I-Disease"], [(0, 1, "Drug"), (1, 2, "Disease")]),
        (["I-Drug", "I-Disease", "I-Disease", "I-Drug"], [(0, 1, "Drug"), (1, 3, "Disease"), (3, 4, "Drug")]),
        (["B-Drug", "I-Drug", "B-Drug"], [(0, 2, "Drug"), (2, 3, "Drug")]),
        (
            ["B-Drug", "B-Drug", "I-Disease", "O", "I-Disease"],
            [(0, 1, "Drug"), (1, 2, "Drug"), (2, 3, "Disease"), (4, 5, "Disease")],
        ),
    ],
)
def test_mentions_of_invalid_sequences(tags, mentions):
    assert mentions_of_tags(tags) == mentions


def test_scores_of_an_invalid_prediction():
    gold = [["B-Drug", "I-Drug", "O", "B-Disease"]]
    predicted = [["I-Drug", "I-Drug", "O", "I-Drug"]]
    assert score_tags(gold, predicted, TYPES) == {
        "micro": Score(1, 1, 1),
        "Disease": Score(0, 0, 1),
        "Drug": Score(1, 1, 0),
    }


def test_a_mention_does_not_run_on_into_the_next_sentence():
    gold = [["B-Drug"], ["I-Drug"]]
    assert score_tags(gold, [["B-Drug"], ["B-Drug"]], TYPES)["Drug"] == Score(2, 0, 0)


def test_all_outside_scores_zero_without_an_error():
    scores = score_tags([["O", "O"]], [["O", "O"]], TYPES)
    assert scores == {"micro": NOTHING, "Disease": NOTHING, "Drug": NOTHING}
    assert scores["micro"].f1 == 0.0


@pytest.mark.parametrize("tag", ["X", "B", "E-Drug", "O-Drug", "I-", ""])
def test_a_tag_that_is_not_bio_is_an_error(tag):
    with pytest.raises(ProjectError, match="not a BIO tag"):
        mentions_of_tags(["O", tag])


def test_sentences_of_different_length_are_an_error():
    with pytest.raises(ProjectError, match="2 tags of sentence 2 in the gold, but 1 in the predictions"):
        score_tags([["O"], ["O", "O"]], [["O"], ["O"]], TYPES)
