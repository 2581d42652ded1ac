"""Test that texts which only differ in spelling are equal, and that others are not."""
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpora.spelling import same_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TNF-α", "TNF-alpha"),
        ("TNF-α", "TNF-a"),
        ("Α1-антитрипсин", "a1-антитрипсин"),
        ("PPARγ", "ppargamma"),
        ("5 µg", "5 μg"),
        ("µ-opioid", "mu-opioid"),
        ("Σίσυφος", "σίσυφοσ"),
        ("co\u2010trimoxazole", "co-trimoxazole"),
        ("15\N{MINUS SIGN}20", "15\N{EN DASH}20"),
        ("Crohn’s", "Crohn's"),
        ("Crohn´s", "Crohn's"),
        ("«Но-шпа»", '"Но-шпа"'),
        ("АСПИРИН", "аспирин"),
        ("Straße", "STRASSE"),
        ("йод", unicodedata.normalize("NFD", "йод")),
        ("ﬁbrosis", "fibrosis"),
        ("H₂O", "H2O"),
        ("para\u00adceta\u200bmol", "paracetamol"),
        ("head\r\n ache", "head ache"),
        ("head\u3000ache", "headache"),
    ],
)
def test_texts_that_are_spelled_otherwise_are_the_same(one, other):
    assert same_text(one, other) and same_text(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TNF-α", "TNF-β"),
        ("TNF-α", "TNF-b"),
        ("TNF-α", "TNF"),
        # A name of a letter within a word is no such letter.
        ("aspirin", "asprin"),
        ("TNF-alpha", "TNF-a"),
        ("aspirin", "ibuprofen"),
        ("co-trimoxazole", "cotrimoxazole"),
        ("мезим", "мези"),
        ("2", "3"),
        ("a", ""),
    ],
)
def test_other_texts_are_not_the_same(one, other):
    assert not same_text(one, other) and not same_text(other, one)


@given(st.text("aAαΑ-\u2010'’ \n\u00adйЙ\u0301β5²ſ", max_size=12), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_normal_forms_and_cases_of_a_text_are_the_same(text, form):
    assert same_text(text, unicodedata.normalize(form, text))
    assert same_text(text, text.lower())
    assert same_text(unicodedata.normalize(form, text), text.casefold())


@given(st.text("ab ", max_size=5), st.text("ab ", max_size=5))
def test_plain_texts_are_the_same_only_if_they_are_equal_but_for_white_space(one, other):
    assert same_text(one, other) == (one.replace(" ", "") == other.replace(" ", ""))
