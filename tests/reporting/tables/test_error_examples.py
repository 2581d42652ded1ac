"""Errors in their sentences."""
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from scripts.evaluation.errors import ErrorExample
from scripts.reporting.tables.error_examples import in_its_sentence

WORDS = "Took two aspirin tablets for a bad headache today .".split()


@pytest.mark.parametrize(
    "example, expected",
    [
        (ErrorExample("a", 2, 4, "Drug", 2, 3, "Drug"), "Took two [<aspirin> tablets] for a bad headache today ."),
        (ErrorExample("a", 7, 8, "Disease", None, None, None), "Took two aspirin tablets for a bad [headache] today ."),
        (ErrorExample("a", None, None, None, 0, 2, "Drug"), "<Took two> aspirin tablets for a bad headache today ."),
        (ErrorExample("a", 7, 8, "Disease", 6, 8, "Drug"), "Took two aspirin tablets for a <bad [headache>] today ."),
    ],
)
def test_gold_and_prediction_stand_in_their_sentence(example, expected):
    assert in_its_sentence(Doc(Vocab(), words=WORDS), example) == expected


def test_only_the_words_around_are_shown():
    doc = Doc(Vocab(), words=[str(number) for number in range(100)])
    shown = in_its_sentence(doc, ErrorExample("a", 50, 51, "Drug", None, None, None))
    assert shown == " ".join([*map(str, range(42, 50)), "[50]", *map(str, range(51, 59))])
