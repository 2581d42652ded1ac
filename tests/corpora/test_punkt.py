"""Test the paper's sentence splitter against the few rules that untrained Punkt follows."""
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpora.punkt import sentence_starts


@pytest.mark.parametrize(
    "sentences",
    [
        ["Dr. ", "Smith came.\n", "He left!) ", "Yes?"],
        ["no full stop\n\nno boundary"],
        ["Wait... What is it? ", "ok"],
        ["J. Smith took 5. mg. ", "And 5. ", "Then 6"],
        ["до 2045 г. в т.ч. ", "дома."],
        ["норма.", "; 2. ", "ЭКГ"],
    ],
)
def test_splits_as_untrained_punkt_does(sentences):
    """Expected values were made with NLTK 3.10 (`PunktSentenceTokenizer().span_tokenize`)."""
    text = "".join(sentences)
    starts = sentence_starts(text)
    assert [text[a:b] for a, b in pairwise([*starts, len(text)])] == sentences


@given(st.text("aБ5.?!)\"'; \n…", max_size=40))
def test_no_boundary_is_inside_a_word_and_no_sentence_is_white_space(text):
    starts = sentence_starts(text)
    assert starts == sorted(set(starts))
    assert bool(starts) == bool(text.strip())
    assert not any(text[start - 1].isalnum() and text[start].isalnum() for start in starts[1:])
    assert all(text[a:b].strip() for a, b in pairwise([*starts, len(text)]))
