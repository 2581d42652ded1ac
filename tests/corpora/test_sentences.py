"""Test sentence starts: consistent with any text, and sensible on notes, posts and reviews."""
import ast
import re
import sys
import textwrap
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pysbd.lang.english import English
from spacy.tokens import Doc
from spacy.util import import_file

from scripts.corpora import sentences
from scripts.corpora.sentences import sentence_starts, set_sentence_starts
from scripts.corpora.tokens import blank_pipeline


def split(text: str) -> list[str]:
    starts = sentence_starts(text)
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. [**Last Name (STitle) **] saw him. ", "No fever."],
        ["Took 400 mg p.o. b.i.d. with food. ", "Felt well."],
        ["EF of 30%, e.g. unchanged. ", "Is it?! ", "I'd say so!"],
        ["Жалоб нет. ", "Принимал аспирин по 5 мг в сут. и т.д. ", "Осмотрел А. С. Петров."],
        ["Помогло!!! ", "Цена 300 руб. за пачку."],
        ["Title without a full stop\n\n", "Then text. ", "More."],
        ["1. Furosemide 40 mg\n", "2. Aspirin 81 mg\n", "- oxygen\n"],
        ["PLAN:\n", "home tomorrow"],
        ["short line\n", "another one\r\n", "a third"],
    ],
)
def test_sentences_that_a_reader_would_make(expected):
    assert split("".join(expected)) == expected


PARAGRAPH = (
    "The patient was brought in after three days of a worsening cough and was seen by Margaret Smith on the ward, "
    "where an antibiotic helped. She left two days later, walking on her own, with her son."
)


@pytest.mark.parametrize("width", range(50, 100, 7))
def test_a_line_break_that_wraps_a_sentence_is_no_boundary(width):
    first, second = split(textwrap.fill(PARAGRAPH, width))
    assert "\n" in first
    assert second.split()[:2] == ["She", "left"]


@pytest.mark.parametrize("width", range(50, 100, 7))
def test_a_line_break_is_a_boundary_where_the_next_word_would_have_fitted(width):
    first, *_ = split("Course on the ward\n" + textwrap.fill(PARAGRAPH, width))
    assert first == "Course on the ward\n"


@pytest.mark.parametrize(("word", "fits"), [("four", True), ("fourt", False)])
def test_a_word_that_fills_the_line_to_the_last_character_fits(word, fits):
    first, longest = "x" * 60, f"{word} " + "y" * (65 - len(word) - 1)
    assert split(f"{first}\n{longest}") == ([f"{first}\n", longest] if fits else [f"{first}\n{longest}"])


def test_lines_of_a_wrapped_paragraph_that_start_an_item_stand_alone():
    head = "Discharged on the following, to be taken until the next visit at the"
    assert split(f"{head}\nclinic") == [f"{head}\nclinic"]
    assert split(f"{head}\n1. aspirin") == [f"{head}\n", "1. aspirin"]
    assert split(f"{head}\nPlan: rest") == [f"{head}\n", "Plan: rest"]


def test_lines_longer_than_people_wrap_at_are_paragraphs():
    paragraph = "word " * 30 + "end"
    assert split(f"{paragraph}\nnext one") == [f"{paragraph}\n", "next one"]


def test_text_that_pysbd_alters_is_still_split_right():
    assert split("It was ∯ fine. He left &ᓴ& then. Ok.") == ["It was ∯ fine. ", "He left &ᓴ& then. ", "Ok."]


def test_a_sentence_longer_than_a_window_stays_whole():
    long = "word " * (sentences.WINDOW // 3) + "end. "
    assert split("First one. " + long + "Last one.") == ["First one. ", long, "Last one."]


def test_windows_start_where_a_sentence_does():
    # A quotation that is seen from its middle looks like sentences.
    quotation = 'He said "No. Go away. Stop it." and left. '
    assert split(quotation * 400) == [quotation] * 400


PIECES = "aspirin боль 5 mg Dr. т.д. p.o. U.S. He . ? ! ... : ; ( ) \" ' » « [** **] 1. - a)".split()
ODD_PIECES = "🙂 e\u0301 й ∯ ȸ &ᓴ& \ufeff".split()
WHITE_SPACE = ["\n", "\r\n", "\n\n", "\t", "\u2028", " ", " ", " ", " "]
LINE = "word " * 12
pieces = st.sampled_from([*PIECES, *ODD_PIECES, *WHITE_SPACE, LINE])
texts = st.one_of(st.lists(pieces, max_size=25).map("".join), st.text(max_size=40))


@given(texts)
@example("∯")
@example(". \n!")
@example("\u0301a. \u0301B")
def test_boundaries_are_behind_white_space_and_sentences_hold_more_than_it(text):
    starts = sentence_starts(text)
    assert starts == sorted(set(starts))
    assert bool(starts) == bool(text.strip())
    assert starts[:1] in ([], [0])
    assert all(text[start - 1].isspace() and not text[start].isspace() for start in starts[1:])
    assert "".join(split(text)) == (text if starts else "")
    assert all(sentence.strip() for sentence in split(text))


@given(texts)
def test_the_component_leaves_the_text_alone_and_starts_a_token_at_each_start(text):
    doc = PIPELINE(text)
    assert doc.text == text
    if text.strip():
        assert [sentence.start_char for sentence in doc.sents] == sentence_starts(text)


PIPELINE = blank_pipeline()
PIPELINE.add_pipe(sentences.NAME)


def test_the_component_takes_an_empty_doc():
    assert [len(doc) for doc in PIPELINE.pipe(["", "One. Two.", ""])] == [0, 4, 0]


def test_the_component_leaves_boundaries_that_were_set():
    set_before = [True, False, False, True]
    doc = Doc(PIPELINE.vocab, words=["One", ".", "Two", "more"], sent_starts=set_before)
    assert [token.is_sent_start for token in sentences.split_sentences(doc)] == set_before


def test_the_component_leaves_entities():
    doc = Doc(PIPELINE.vocab, words=["One", ".", "Took", "aspirin"], ents=["O", "O", "O", "B-Drug"])
    sentences.split_sentences(doc)
    assert [sentence.text for sentence in doc.sents] == ["One .", "Took aspirin"]
    assert [entity.text for entity in doc.ents] == ["aspirin"]


def test_a_start_inside_a_token_marks_that_token():
    doc = Doc(PIPELINE.vocab, words=["no. yes", "maybe"], spaces=[True, False])
    set_sentence_starts(doc, [0, 4, 8])
    assert [token.is_sent_start for token in doc] == [True, True]


def plain_sentence_starts(text: str) -> list[int]:
    """Without what makes it fast: pysbd is asked about every block, and left to try all of its abbreviations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentences, "_ENDS_BEFORE_MORE", re.compile(""))
        patch.setattr(sentences, "_English", English)
        return sentence_starts(text)


ITEMS = "1. 2. 3) 4) (5) a. b. b) c) (d) i. ii. (iii) -1. [12] x.[1,2] x.12 .5 ♨ ☝".split()
# Letters that are i, s and k to a pattern that ignores case; dots that pysbd's patterns take for any character.
ODD_ABBREVIATIONS = ["ıd", "İnc", "ſt", "oK", "e g", "i-e", "ph∯d", "u.S", "dr.phil", "É.no"]
abbreviations = st.builds(
    lambda name, case, ending: case(name) + ending,
    st.sampled_from([*English.Abbreviation.ABBREVIATIONS, *ODD_ABBREVIATIONS]),
    st.sampled_from([str, str.upper, str.capitalize]),
    st.sampled_from([".", ". ", ". The ", ". 5 ", ". (", ".: ", ".'s ", " "]),
)
abbreviated_texts = st.lists(pieces | abbreviations | st.sampled_from(ITEMS), min_size=4, max_size=25)


@given(abbreviated_texts.map("".join) | abbreviated_texts.map(" ".join) | texts)
@example("Given ſt. 5 mg in the first week. More")
@example("A Ph.D. 5 years ago. More")
@example("Take as follows: a) rest b) tea")
@example("Take a) rest; b) tea")
@example("And so on… a) rest b) tea")
@example('He said "No." The end')
def test_boundaries_are_those_of_the_unhastened_pysbd(text):
    assert sentence_starts(text) == plain_sentence_starts(text)


numbers = st.sampled_from(["1", "12", "123", "1234", "٣"])
between = st.sampled_from([",", " ", "-", ", ", "  ", " - ", ", -", ",- ", ",  ", "", "][", " ,", "--"])
references = st.lists(st.tuples(numbers, between).map("".join), max_size=6).map("".join)


@given(references, st.sampled_from(["x.[{}2] A", "x∯[{}2]\rA", "x.{}2 A", "x.[{}] A", "x.[{}2]", "1.[{}2] A"]))
def test_references_are_found_where_pysbd_finds_them(references, template):
    text, replacement = template.format(references), r"∯\2\r\7"
    plain = re.sub(English.NUMBERED_REFERENCE_REGEX, replacement, text)
    assert re.sub(sentences._English.NUMBERED_REFERENCE_REGEX, replacement, text) == plain


def test_a_long_list_of_references_takes_no_time():
    assert _seconds(sentence_starts, f"As shown.[{','.join(map(str, range(10, 34)))}] and so on. The end.") < 1


def test_pysbd_is_not_asked_where_nothing_ends(monkeypatch):
    monkeypatch.setattr(sentences, "Processor", None)
    assert sentence_starts("Sodium 138 Potassium 4.2\n\nReturn at 5 p.m.\n") == [0, 26]


def test_pysbd_tries_only_the_abbreviations_that_stand_before_a_full_stop(monkeypatch):
    tried = []
    search = English.AbbreviationReplacer.search_for_abbreviations_in_string

    def record(self, text):
        tried.append([name for name in self.lang.Abbreviation.ABBREVIATIONS if "." not in name])
        return search(self, text)

    monkeypatch.setattr(English.AbbreviationReplacer, "search_for_abbreviations_in_string", record)
    assert sentence_starts("Mr. Smith may come. Is Dr. Smith in?") == [0, 20]
    assert tried == [["dr", "mr"]]


def _seconds(split, text: str) -> float:
    start = time.process_time()
    split(text)
    return time.process_time() - start


@pytest.mark.parametrize("sentence", ["It was 5 mg p.o., as Dr. Smith said. ", "По 5 мг и т.д. Жалоб нет. ", "word "])
def test_time_grows_with_the_length_and_no_faster(sentence):
    seconds = []
    for length in (20_000, 160_000):
        text = (sentence * length)[:length]
        start = time.process_time()
        sentence_starts(text)
        seconds.append(time.process_time() - start)
    # Eight times the text: quadratic growth would be 64 times the time.
    assert seconds[1] < 3 * 8 * seconds[0] + 0.2


def test_the_module_needs_nothing_of_this_project():
    """It is bundled into wheels, which bring spaCy and the two splitters along."""
    tree = ast.parse(Path(sentences.__file__).read_text(encoding="utf8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {name.partition(".")[0] for name in names}
    assert packages - set(sys.stdlib_module_names) == {"pysbd", "razdel", "spacy"}


def test_copies_of_the_module_load_in_one_process(tmp_path):
    """As when two of our wheels are installed, each with a copy."""
    source = Path(sentences.__file__).read_text(encoding="utf8")
    for name in ("first", "second"):
        copy = tmp_path / f"{name}.py"
        copy.write_text(source, encoding="utf8")
        module = import_file(name, copy)
        assert module.sentence_starts("One is here. Two is there.") == [0, 13]
