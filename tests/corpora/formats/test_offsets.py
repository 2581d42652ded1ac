"""Test that offsets in any unit are converted to characters, with a note."""
from itertools import product
from typing import Iterable, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scripts.corpora.formats import offsets
from scripts.corpora.formats.offsets import INSIDE, UNSURE, mend_offsets
from scripts.corpora.formats.options import OffsetUnit
from scripts.corpora.schema import Mention

UNITS = get_args(OffsetUnit)
# Emoji, CRLF and bare line ends, a byte order mark, Cyrillic, combining marks, characters of two and three bytes.
HARD = "ab 5-\n\r\ufeff🤒💊йЖ\u0438\u0306\u0301é€"
BOM = "\ufeff"


def count(text: str, unit: str, line_break: str = "", mark: str = "") -> int:
    """How far a tool counts a beginning of a text: by bringing it into the tool's own form, and measuring that."""
    text = {
        "": text,
        "CRLF as one": text.replace("\r\n", "\n"),
        "LF as two": text.replace("\r\n", "\n").replace("\n", "\r\n"),
    }[line_break]
    text = {"": text, "no mark": text.removeprefix(BOM), "a mark": BOM + text}[mark]
    return len(text) if unit == "characters" else len(text.encode("utf-16-le")) // 2 if unit == "utf16" else size(text)


def size(text: str) -> int:
    return len(text.encode("utf8"))


def counted(text: str, spans: Iterable[list[tuple[int, int]]], *way: str, told: bool = True) -> list[Mention]:
    """Mentions of a text, as a tool writes them that counts in some way."""
    mentions = []
    for number, fragments in enumerate(spans):
        there = tuple((count(text[:start], *way), count(text[:end], *way)) for start, end in fragments)
        said = " ".join(text[start:end] for start, end in fragments) if told else None
        mentions.append(Mention(there[0][0], there[-1][1], "Drug", id=f"T{number}", fragments=there, text=said))
    return mentions


def is_cut(text: str, place: int) -> bool:
    """Whether a place in a text is between a carriage return and its line feed, which not every tool can say."""
    return text[place - 1 : place + 1] == "\r\n"


@st.composite
def annotated(draw):
    """A text and the spans of its mentions, some of them discontinuous, all with more in them than whitespace."""
    text = draw(st.sampled_from(["", "", BOM])) + draw(st.text(HARD, min_size=1, max_size=25))
    places = [place for place in range(len(text) + 1) if not is_cut(text, place) and (place or text[0] != BOM)]
    assume(len(places) > 1)
    spans = []
    for _ in range(draw(st.integers(1, 4))):
        borders = sorted(draw(st.lists(st.sampled_from(places), min_size=2, max_size=4, unique=True)))
        fragments = list(zip(borders[::2], borders[1::2], strict=False))
        if all(text[start:end].strip() for start, end in fragments):
            spans.append(fragments)
    assume(spans)
    return text, spans


def covers(text: str, mention: Mention) -> str:
    return "".join("".join(text[start:end] for start, end in mention.fragments).split())


@given(
    annotated(),
    st.sampled_from(UNITS),
    st.sampled_from(["", "CRLF as one", "LF as two"]),
    st.sampled_from(["", "no mark", "a mark"]),
    st.booleans(),
)
def test_in_whatever_way_offsets_were_counted_they_lead_to_what_the_mentions_say(case, unit, line_break, mark, given):
    text, spans = case
    assume(not (mark == "a mark" and text.startswith(BOM)))
    mentions = counted(text, spans, unit, line_break, mark)
    mended = mend_offsets(text, mentions, unit if given else None)
    assert [covers(text, mention) for mention in mended.mentions] == ["".join(m.text.split()) for m in mentions]
    assert [(m.id, m.text, m.label) for m in mended.mentions] == [(m.id, m.text, m.label) for m in mentions]
    for mention in mended.mentions:
        assert (mention.start, mention.end) == (mention.fragments[0][0], mention.fragments[-1][1])
    if [mention.fragments for mention in mended.mentions] != [mention.fragments for mention in mentions]:
        assert mended.notes or given


@given(annotated())
def test_offsets_that_count_characters_stay_and_nothing_is_noted(case):
    text, spans = case
    mentions = counted(text, spans, "characters")
    assert mend_offsets(text, mentions, None) == offsets.Mended(tuple(mentions))


@given(annotated(), st.sampled_from(UNITS))
def test_what_the_corpus_file_says_is_taken_where_mentions_say_nothing(case, unit):
    text, spans = case
    mended = mend_offsets(text, counted(text, spans, unit, told=False), unit)
    assert [list(mention.fragments) for mention in mended.mentions] == spans
    assert mended.notes == ()


@given(st.text(HARD, max_size=12), st.data())
def test_any_offsets_are_taken_and_those_outside_stay_as_far_outside(text, data):
    far = st.sampled_from([-(10**20), -3, -1, 0, 10**20]) | st.integers(-3, 40)
    parts = st.lists(st.tuples(far, far), min_size=1, max_size=3).map(tuple)
    said = st.none() | st.text(HARD, max_size=3)

    def make(parts, said):
        return Mention(parts[0][0], parts[-1][1], "Drug", fragments=parts, text=said)

    made = st.builds(make, parts, said)
    mentions = data.draw(st.lists(made, max_size=4))
    unit = data.draw(st.none() | st.sampled_from(UNITS))
    mended = mend_offsets(text, mentions, unit)
    assert len(mended.mentions) == len(mentions)
    end = count(text, unit or "characters")
    for before, after in zip(mentions, mended.mentions, strict=True):
        for (first, last), (start, stop) in zip(before.fragments, after.fragments, strict=True):
            # A fragment that holds nothing never comes to hold something.
            assert first < last or start >= stop
            assert type(start) is type(stop) is int
            if before.text is None and all(m.text is None for m in mentions) and last > end and first < last:
                assert stop - len(text) == last - end


def mention(start: int, end: int, text: str | None = None) -> Mention:
    return Mention(start, end, "Drug", fragments=((start, end),), text=text)


def spans_of(text: str, mended: offsets.Mended) -> list[str]:
    return [text[mention.start : mention.end] for mention in mended.mentions]


@pytest.mark.parametrize(
    ("text", "found", "told"),
    [
        ("🤒💊 Zinc eased it.", mention(5, 9, "Zinc"), "UTF-16 units"),
        ("Боль. Zinc", mention(10, 14, "Zinc"), "bytes of UTF-8"),
        ("One.\r\nTwo.\r\nZinc", mention(10, 14, "Zinc"), "a CRLF as one"),
        ("One.\nTwo.\nZinc", mention(12, 16, "Zinc"), "a line feed as two"),
        ("\ufeffZinc", mention(0, 4, "Zinc"), "no byte order mark"),
        ("Oh. Zinc", mention(5, 9, "Zinc"), "a byte order mark that is not there"),
        ("\ufeff🤒🤒🤒\r\nZinc", mention(7, 11, "Zinc"), "UTF-16 units, a CRLF as one, no byte order mark"),
    ],
)
def test_the_way_of_counting_is_told(text, found, told):
    mended = mend_offsets(text, [found], None)
    assert spans_of(text, mended) == ["Zinc"]
    assert mended.notes == (f"text with offsets in {told}, converted to characters",)


def test_what_fits_most_mentions_is_taken_and_the_others_keep_what_they_say():
    text = "🤒 Zinc, iron and tin."
    found = [mention(3, 7, "Zinc"), mention(9, 13, "iron"), mention(9, 13, "gold")]
    mended = mend_offsets(text, found, None)
    assert spans_of(text, mended) == ["Zinc", "iron", "iron"]
    assert [one.text for one in mended.mentions] == ["Zinc", "iron", "gold"]
    characters = [mention(2, 6, "Zinc"), mention(8, 12, "iron"), mention(18, 21, "tin")]
    assert mend_offsets(text, characters, None).mentions == tuple(characters)


def test_a_wrong_mention_among_right_ones_moves_none():
    text = "One.\r\nTwo. Zinc and iron"
    found = [mention(11, 15, "Zinc"), mention(20, 24, "iron"), mention(19, 23, "iron")]
    assert mend_offsets(text, found, None) == offsets.Mended(tuple(found))


def test_a_mention_spelled_otherwise_tells_too():
    text = "🤒 TNF-α rose."
    mended = mend_offsets(text, [mention(3, 8, "TNF-alpha")], None)
    assert spans_of(text, mended) == ["TNF-α"]


def test_of_two_ways_that_fit_the_one_to_the_letter_is_taken():
    text = "🤒Aa"
    assert spans_of(text, mend_offsets(text, [mention(2, 3, "a")], None)) == ["a"]
    assert spans_of(text, mend_offsets(text, [mention(2, 3, "A")], None)) == ["A"]


def test_only_mentions_without_text_behind_a_character_beyond_the_basic_plane_are_unsure():
    text = "Zinc 🤒💊 iron"
    assert mend_offsets(text, [mention(8, 12)], None).notes == (UNSURE,)
    for found, unit in (([mention(0, 4)], None), ([mention(8, 12)], "characters"), ([mention(8, 12, "iron")], None)):
        assert mend_offsets(text, found, unit).notes == ()
    assert mend_offsets(text, [], None).notes == ()
    # It has a text, of white space.
    assert mend_offsets(text, [mention(7, 8, " ")], None).notes == ()
    assert mend_offsets("Цинк é", [mention(5, 6)], None).notes == ()


@pytest.mark.parametrize(("unit", "span"), list(product(["utf16", "bytes"], [(0, 2), (1, 3), (1, 2)])))
def test_an_offset_inside_a_character_takes_it_in_and_is_noted_once_a_mention(unit, span):
    text = {"utf16": "🤒a", "bytes": "€a"}[unit]
    mended = mend_offsets(text, [mention(*span)], unit)
    inside = [place for place in span if place in {"utf16": [1], "bytes": [1, 2]}[unit]]
    assert mended.notes == ((INSIDE,) if inside else ())
    assert spans_of(text, mended)[0].startswith(text[0])


def test_an_ascii_text_is_not_looked_through(monkeypatch):
    def places(self, text):
        assert self == offsets.Counting()
        return range(len(text) + 1)

    monkeypatch.setattr(offsets.Counting, "places", places)
    text = "Took zinc. " * 1000
    found = [mention(start + 5, start + 9, "zinc") for start in range(0, len(text), 11)]
    assert mend_offsets(text, found, None).mentions == tuple(found)


def test_time_grows_with_text_and_mentions_and_not_with_their_product(monkeypatch):
    """Counted, not timed: how often what a mention covers is compared with what it says."""
    compared = []
    real = offsets.without_space
    monkeypatch.setattr(offsets, "without_space", lambda text: compared.append(text) or real(text))
    text = "🤒 Боль прошла от цинка.\r\n" * 2000
    spans = [[(start + 2, start + 6)] for start in range(0, len(text), 25)]
    for way in (("utf16",), ("bytes", "CRLF as one", "a mark")):
        compared.clear()
        mended = mend_offsets(text, counted_fast(text, spans, *way), None)
        assert [list(one.fragments) for one in mended.mentions] == spans
        # Once as they stand, a sample in each way, and all of them in the one that fits.
        assert len(compared) <= 2 * (2 * len(spans) + 12 * offsets.MOST_TRIED)


def counted_fast(text: str, spans: Iterable[list[tuple[int, int]]], *way: str) -> list[Mention]:
    """The same as `counted` for spans in the order of the text, none of which overlap."""
    mentions, done, so_far = [], 0, count("", *way)
    for ((start, end),) in spans:
        first = so_far + count(text[done:start], *way[:2])
        last = first + count(text[start:end], *way[:2])
        done, so_far = end, last
        mentions.append(mention(first, last, text[start:end]))
    return mentions
