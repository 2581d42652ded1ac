"""Test duplicates between two lists of sentences, against a reference that compares every pair."""
import random
import re
import unicodedata
from collections import Counter
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpora.duplicates import EXACT, NEAR, Gathered, Match, find_duplicates, normal_form

TEN = "one two three four five six seven eight nine ten"


def match(sentence: str, *others: str) -> Match:
    (found,) = find_duplicates([sentence], others).matches
    return found


def numbered(count: int, first: int = 0) -> str:
    return " ".join(f"w{number}" for number in range(first, first + count))


def test_case_punctuation_and_white_space_do_not_tell_sentences_apart():
    assert normal_form("  Took\tASPIRIN (2 x 100mg),\r\nand\u00a0rested... ") == "took aspirin 2 x 100mg and rested"
    assert normal_form("Подпись: ____ /Врач/") == "подпись врач"
    assert normal_form("— ... 🙂 ❤\ufe0f") == ""


def test_a_combining_mark_neither_parts_a_word_nor_makes_another():
    assert normal_form("Йод и ёж") == normal_form(unicodedata.normalize("NFD", "Йод и ёж")) == "йод и ёж"
    assert normal_form("боле\u0301знь") == "болезнь"
    assert normal_form("мои") != normal_form("мой")


def test_invisible_characters_are_not_there():
    assert normal_form("par\u00adacetamol \u2068mg\u2069 ne\u200dw") == "paracetamol mg new"
    assert normal_form("one\u200btwo") == "one two"


def test_vowel_signs_make_another_word_and_points_do_not():
    words = ["दवा", "दिवा", "देवी", "दव"]
    assert len({normal_form(word) for word in words}) == 4
    assert normal_form("שָׁלוֹם مُدَرِّس") == normal_form("שלום مدرس")


@pytest.mark.parametrize("sentence", ["患者服用阿司匹林后出现皮疹。", "ผู้ป่วยกินยาพาราเซตามอลแล้วมีผื่น"])
def test_duplicates_are_found_in_scripts_without_spaces(sentence):
    assert match(sentence, sentence).kind == EXACT
    assert match(sentence[:-2] + "和" + sentence[-1], sentence).kind == NEAR
    gathered = Gathered()
    assert gathered.add(sentence) and not gathered.add(sentence[:-2] + "和" + sentence[-1])


def test_an_exact_duplicate_is_found_at_its_first_place():
    first = ["It gave me a head ache!", "Something else that nobody said.", "IT GAVE ME A HEADACHE"]
    second = ["It gave him a head ache", "it gave me, a (head) ache", "It gave me a head ache!"]
    found = find_duplicates(first, second)
    assert found.matches == (Match(0, EXACT, 1, 1.0), Match(1), Match(2))
    assert (found.exact, found.near) == (1, 0)


def test_sentences_of_fewer_than_five_words_are_no_duplicates():
    assert match("It did help me.", "It did help me.").kind is None
    assert match("It did help me much.", "It did help me much.").kind == EXACT
    # Four of five words, which would be similar enough.
    assert match("It did help me.", "It did help me much.").kind is None
    assert match("It did help me much.", "It did help me.").kind is None


@pytest.mark.parametrize("place", range(10))
def test_one_word_of_ten_may_be_another_or_absent_wherever_it_stands(place):
    words = TEN.split()
    changed = " ".join([*words[:place], "other", *words[place + 1 :]])
    absent = " ".join(words[:place] + words[place + 1 :])
    assert match(TEN, changed) == Match(0, NEAR, 0, 9 / 11)
    assert match(TEN, absent) == Match(0, NEAR, 0, 9 / 10)
    assert match(absent, TEN) == Match(0, NEAR, 0, 9 / 10)


def test_two_words_of_ten_may_not():
    assert match(TEN, TEN.replace("two", "2").replace("nine", "9")) == Match(0)


@pytest.mark.parametrize("fifth", [2, 3, 4, 5, 7, 9, 10, 25])
def test_four_fifths_of_the_words_are_just_similar_enough(fifth):
    assert match(numbered(4 * fifth), numbered(5 * fifth)) == Match(0, NEAR, 0, 0.8)
    assert match(numbered(4 * fifth), numbered(5 * fifth + 1)) == Match(0)
    # Of two sentences of equal length: eight words shared, one in each not.
    assert match(numbered(9 * fifth), numbered(9 * fifth, first=fifth)) == Match(0, NEAR, 0, 0.8)
    assert match(numbered(9 * fifth), numbered(9 * fifth, first=fifth + 1)) == Match(0)


def test_words_count_as_often_as_they_come():
    assert match("no pain no fever no cough today", "no pain fever cough today") == Match(0)
    assert match("no pain no fever no cough today", "no pain no fever cough today").similarity == 6 / 7


def test_the_same_words_in_another_order_are_a_near_duplicate():
    assert match("no pain and no fever today", "today no fever and no pain") == Match(0, NEAR, 0, 1.0)


def test_another_dose_leaves_sentences_near_duplicates_and_lines_of_numbers_differ():
    ordered, changed = (f"Назначен аспирин {dose} мг на ночь после еды ежедневно" for dose in (100, 75))
    assert match(ordered, changed) == Match(0, NEAR, 0, 0.8)
    assert match("АД 120/80, ЧСС 72, ЧДД 16, SpO2 98", "АД 135/90, ЧСС 80, ЧДД 18, SpO2 97") == Match(0)


def test_the_most_similar_one_is_named_and_an_exact_one_before_all():
    near, nearer = TEN.replace("two", "2"), TEN.replace("two ", "")
    assert match(TEN, near, nearer, near) == Match(0, NEAR, 1, 9 / 10)
    assert match(TEN, nearer, near, TEN.upper()) == Match(0, EXACT, 2, 1.0)


@pytest.mark.parametrize("kept", range(3))
def test_the_most_similar_one_is_named_whichever_word_it_lacks(kept):
    words = numbered(30).split()
    without_two = [word if int(word[1:]) in (kept, *range(3, 30)) else "other" for word in words]
    without_one = [word if int(word[1:]) != kept else "other" for word in words]
    longer = [*without_one, "added"]
    others = [" ".join(other) for other in (without_two, without_one, longer)]
    assert match(numbered(30), *others) == Match(0, NEAR, 1, 29 / 31)


def test_every_repetition_counts():
    found = find_duplicates([TEN, TEN.replace("two", "2"), TEN.upper(), TEN.replace("two", "2")], [TEN, TEN])
    assert (found.exact, found.near) == (2, 2)
    assert [one.other for one in found.matches] == [0, 0, 0, 0]


@pytest.mark.parametrize(("first", "second"), [([], []), ([TEN], []), ([], [TEN]), (["", "?"], ["", "?"])])
def test_nothing_is_found_where_there_is_nothing(first, second):
    found = find_duplicates(first, second)
    assert found.matches == tuple(Match(index) for index in range(len(first)))
    assert (found.exact, found.near) == (0, 0)


def test_thousands_of_sentences_of_one_template_are_told_apart():
    """A hundred million pairs: if each were compared, this one test would take most of a minute."""
    chance = random.Random(0)
    filled = [" ".join([numbered(8), *map(str, chance.choices(range(200), k=3))]) for _ in range(20_000)]
    first, second = filled[:10_000], filled[10_000:]
    found = find_duplicates(first + [TEN] * 10_000, second + [TEN] * 10_000)
    assert found.exact >= 10_000 and found.near > 5_000


def reference(first: list[str], second: list[str]) -> list[tuple]:
    """RETURNS (list[tuple]): Kind and similarity of the best match of each sentence, all pairs being compared."""
    return [max((compare(one, other) for other in second), default=(0, 0)) for one in first]


def compare(one: str, other: str) -> tuple:
    words, other_words = (re.findall(r"\w+", sentence.lower()) for sentence in (one, other))
    if min(len(words), len(other_words)) < 5:
        return (0, 0)
    bag, other_bag = Counter(words), Counter(other_words)
    similarity = Fraction((bag & other_bag).total(), (bag | other_bag).total())
    if words == other_words:
        return (2, 1)
    return (1, float(similarity)) if similarity >= Fraction(8, 10) else (0, 0)


RANKS = {None: 0, NEAR: 1, EXACT: 2}


@st.composite
def two_lists(draw):
    """Draw lists whose sentences are short or long, of few words or many, and some edited copies of others."""
    shortest, longest = draw(st.sampled_from([(0, 7), (5, 14), (20, 40)]))
    word = st.integers(0, draw(st.sampled_from([1, 5, 12, 200]))).map("w{}".format)
    sentences = draw(st.lists(st.lists(word, min_size=shortest, max_size=longest), min_size=1, max_size=4))
    # Mostly one word in the place of another, which leaves the length.
    edits = st.lists(st.tuples(st.integers(0, longest - 1), st.sampled_from([1, 1, 1, 0, 2]), word), max_size=5)
    copies = draw(st.lists(st.tuples(st.sampled_from(sentences), edits).map(lambda pair: edit(*pair)), max_size=12))
    everything = [" ".join(words) for words in draw(st.permutations(sentences + copies))]
    middle = draw(st.integers(0, len(everything)))
    return everything[:middle], everything[middle:]


def edit(words: list[str], edits: list[tuple[int, int, str]]) -> list[str]:
    """Put a word at a place in the place of so many others."""
    words = list(words)
    for place, removed, word in edits:
        words[place : place + removed] = [word]
    return words


@given(two_lists())
def test_finds_what_comparing_every_pair_finds(lists):
    first, second = lists
    found = find_duplicates(first, second)
    expected = reference(first, second)
    assert [(RANKS[one.kind], one.similarity) for one in found.matches] == expected
    assert [one.index for one in found.matches] == list(range(len(first)))
    for one in found.matches:
        if one.kind is not None:
            assert compare(first[one.index], second[one.other]) == (RANKS[one.kind], one.similarity)
    assert (found.exact, found.near) == tuple(sum(kind == rank for kind, _ in expected) for rank in (2, 1))


@given(two_lists())
def test_similarity_is_symmetric_and_that_of_exact_duplicates_is_one(lists):
    for one, other in product(*lists):
        there, back = match(one, other), match(other, one)
        assert there == back
        assert there.similarity == 1 or there.kind != EXACT
        assert (there.similarity >= 0.8) == (there.kind is not None)


@given(st.text("абйЙёЁzZéÉİßΣ09_ .,-\n\u00a0\u0301\u0306\u0308\u200d🙂", max_size=20))
def test_the_normal_form_is_the_same_for_every_way_to_write_a_text(text):
    form = normal_form(text)
    assert normal_form(form) == form
    for written in (unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text), text.upper(), text.lower()):
        assert normal_form(written) == form
    assert normal_form(f"({text.replace(' ', ' , ')})!") == form


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=7).map(" ".join), max_size=12))
def test_what_is_gathered_holds_no_duplicate_and_leaves_nothing_else_out(sentences):
    gathered, kept = Gathered(), []
    for sentence in sentences:
        is_new = match(sentence, *kept).kind is None and normal_form(sentence) not in map(normal_form, kept)
        assert gathered.add(sentence) == is_new
        kept += [sentence] if is_new else []
