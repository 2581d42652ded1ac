"""Convert the offsets of annotations, which tools count in different ways, to characters of the text."""
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import product
from typing import Iterable, Iterator, Optional, Sequence, Union

import numpy as np

from scripts.corpora.formats.options import OffsetUnit
from scripts.corpora.formats.raw import BYTE_ORDER_MARK
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.schema import Fragment, Mention
from scripts.corpora.spelling import same_text, without_space

Places = Union[range, np.ndarray]
_UNITS = {"characters": "", "utf16": "UTF-16 units", "bytes": "bytes of UTF-8"}
# Differences in how line breaks and a byte order mark at the start are counted.
AS_WRITTEN, CRLF_AS_ONE, LF_AS_TWO = "", "a CRLF as one", "a line feed as two"
NO_MARK, ABSENT_MARK = "no byte order mark", "a byte order mark that is not there"
INSIDE = "mention that starts or ends inside a character by its offsets, read with the whole character"
UNSURE = "text with characters beyond the basic plane, offsets read as characters (unless `offsets` is set)"
# The most mentions with the wrong offsets that are tried with all ways of counting.
MOST_TRIED = 100
_BEYOND_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")
_LONE_LINE_FEED = re.compile(r"(?<!\r)\n")


@dataclass(frozen=True)
class Counting:
    """A way of counting the characters of a text.

    unit (OffsetUnit): The unit.
    line_break (str): `AS_WRITTEN`, `CRLF_AS_ONE` or `LF_AS_TWO`.
    mark (str): `AS_WRITTEN`, `NO_MARK` or `ABSENT_MARK`.
    """

    unit: OffsetUnit = "characters"
    line_break: str = AS_WRITTEN
    mark: str = AS_WRITTEN

    def __str__(self) -> str:
        return ", ".join(filter(None, (_UNITS[self.unit], self.line_break, self.mark)))

    def places(self, text: str) -> Places:
        """RETURNS (Places): The offset of each character in a text, and of its end."""
        if self == Counting():
            return range(len(text) + 1)
        points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        widths = np.ones(len(text), dtype=np.int64)
        if self.unit != "characters":
            for border in (0xFFFF,) if self.unit == "utf16" else (0x7F, 0x7FF, 0xFFFF):
                widths += points > border
        is_feed, is_return = points == ord("\n"), points == ord("\r")
        if self.line_break == CRLF_AS_ONE:
            widths[:-1] -= is_return[:-1] & is_feed[1:]
        elif self.line_break == LF_AS_TWO:
            is_feed[1:] &= ~is_return[:-1]
            widths += is_feed
        if self.mark == NO_MARK:
            widths[:1] = 0
        ahead = 0 if self.mark != ABSENT_MARK else len(BYTE_ORDER_MARK.encode("utf8")) if self.unit == "bytes" else 1
        return np.concatenate(([ahead], ahead + np.cumsum(widths)))


@dataclass(frozen=True)
class Mended:
    """Mentions with offsets in characters.

    mentions (tuple[Mention, ...]): The mentions in their order, with `start`, `end` and `fragments` in characters.
    notes (tuple[str, ...]): Notes on what was changed, for `Document.meta`.
    """

    mentions: tuple[Mention, ...]
    notes: tuple[str, ...] = ()


def mend_offsets(text: str, mentions: Sequence[Mention], unit: Optional[OffsetUnit]) -> Mended:
    """Convert the offsets of a text's mentions to characters.

    A way of counting must fit more than half of the mentions. A mention fits if its text in the document is the one in
    its annotation. The way that fits the most mentions is used. Ties go to the most exact matches, then to characters,
    then to the most likely way. If annotations don't include the mentions' texts, offsets are in `unit`, or characters.

    text (str): The text.
    mentions (Sequence[Mention]): The mentions as annotated.
    unit (Optional[OffsetUnit]): The unit of the offsets, or None if the corpus file doesn't set it.
    RETURNS (Mended): The mentions, and notes on what was changed.
    """
    telling = [mention for mention in mentions if mention.text and mention.text.strip()]
    given = Counting(unit or "characters")
    chosen = _choose(text, telling, unit) if telling else given
    notes = [UNSURE] if unit is None and not telling and _is_ambiguous(text, mentions) else []
    if chosen == Counting():
        return Mended(tuple(mentions), tuple(notes))
    if chosen != given:
        notes.append(f"text with offsets in {chosen}, converted to characters")
    places = chosen.places(text)
    notes += [INSIDE for mention in mentions if _is_any_inside(fragments_of(mention), places)]
    return Mended(tuple(_move(mention, places) for mention in mentions), tuple(notes))


def _is_ambiguous(text: str, mentions: Sequence[Mention]) -> bool:
    """RETURNS (bool): Whether offsets of mentions without text may be in a different unit from characters."""
    match = _BEYOND_BASIC_PLANE.search(text)
    return match is not None and any(mention.text is None and mention.end > match.start() for mention in mentions)


def _choose(text: str, telling: Sequence[Mention], unit: Optional[OffsetUnit]) -> Counting:
    best, *others = _ways_of_counting(text, unit)
    places = best.places(text)
    as_given = [_misfit(text, mention, places) for mention in telling]
    astray = [mention for mention, misfit in zip(telling, as_given, strict=True) if any(misfit)]
    if not astray:
        return best
    # A way can only be better if it is better on these. They are spread out, as the cause of a shift may be anywhere.
    tried = astray[:: -(-len(astray) // MOST_TRIED)]
    on_tried = {way: _misfits(text, tried, way.places(text)) for way in others}
    to_beat = _misfits(text, tried, places)
    fewest = sum(misses for misses, _ in as_given), sum(respelled for _, respelled in as_given)
    # A way that only fits a few mentions may do so by chance.
    promising = [way for way in others if on_tried[way] < to_beat]
    for way in sorted(promising, key=lambda way: on_tried[way]):
        found = _misfits(text, telling, way.places(text), fewest[0])
        if found < fewest and 2 * found[0] < len(telling):
            best, fewest = way, found
        if not any(fewest):
            break
    return best


def _ways_of_counting(text: str, unit: Optional[OffsetUnit]) -> Iterator[Counting]:
    """YIELDS (Counting): The ways of counting that differ for this text, with the most likely first."""
    units: list[OffsetUnit] = [unit or "characters"]
    if unit is None:
        units += ["utf16", "bytes"] if _BEYOND_BASIC_PLANE.search(text) else ["bytes"]
    breaks = [AS_WRITTEN] + [CRLF_AS_ONE] * ("\r\n" in text) + [LF_AS_TWO] * bool(_LONE_LINE_FEED.search(text))
    marks = [AS_WRITTEN, NO_MARK if text.startswith(BYTE_ORDER_MARK) else ABSENT_MARK]
    for mark, line_break, one in product(marks, breaks, units):
        # In ASCII, bytes are characters. Only an absent mark makes a difference, as it has three bytes.
        if one == units[0] or mark == ABSENT_MARK or not text.isascii():
            yield Counting(one, line_break, mark)


def _misfits(text: str, mentions: Sequence[Mention], places: Places, most: Optional[int] = None) -> tuple[int, int]:
    """RETURNS (tuple[int, int]): Number of mentions that don't fit (counting stops above `most`), and number of
    mentions that only fit with a different spelling."""
    misses = respelled = 0
    for misfit in (_misfit(text, mention, places) for mention in mentions):
        misses, respelled = misses + misfit[0], respelled + misfit[1]
        if most is not None and misses > most:
            break
    return misses, respelled


def _misfit(text: str, mention: Mention, places: Places) -> tuple[int, int]:
    """RETURNS (tuple[int, int]): The same for a single mention."""
    fragments = fragments_of(mention)
    parts = [_find(part, places) for part in fragments]
    if any(not 0 <= start < end <= len(text) for start, end in parts) or _is_any_inside(fragments, places):
        return 1, 0
    covered, said = "".join(text[start:end] for start, end in parts), mention.text or ""
    if without_space(covered) == without_space(said):
        return 0, 0
    return (0, 1) if same_text(covered, said) else (1, 0)


def _find(fragment: Fragment, places: Places) -> Fragment:
    """RETURNS (Fragment): The characters of a (start, end) pair, including those that it only touches."""
    start, end = fragment
    # Characters of width 0 belong to neither side: a byte order mark before, a carriage return after.
    first = _or_as_far_outside(bisect_right(places, start) - 1, start, places)
    last = _or_as_far_outside(bisect_left(places, end), end, places)
    return first, last if start < end else min(first, last)


def _or_as_far_outside(character: int, offset: int, places: Places) -> int:
    """RETURNS (int): The character at an offset, or a position as far outside of the text as the offset is."""
    ahead, behind = offset - int(places[0]), offset - int(places[-1])
    return ahead if ahead < 0 else len(places) - 1 + behind if behind > 0 else character


def _is_any_inside(fragments: Iterable[Fragment], places: Places) -> bool:
    """RETURNS (bool): Whether an offset of (start, end) pairs is inside a character."""
    inner = (offset for fragment in fragments for offset in fragment if places[0] < offset < places[-1])
    return any(places[bisect_left(places, offset)] != offset for offset in inner)


def _move(mention: Mention, places: Places) -> Mention:
    parts = tuple(_find(part, places) for part in fragments_of(mention))
    start, end = min(first for first, _ in parts), max(last for _, last in parts)
    return replace(mention, start=start, end=end, fragments=parts if mention.fragments else ())
