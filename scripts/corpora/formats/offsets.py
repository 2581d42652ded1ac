"""Bring the offsets of annotations, which tools count in different ways, to characters of the text."""
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, product
from typing import Iterator, Optional, Sequence, get_args

from scripts.corpora.formats.options import OffsetUnit
from scripts.corpora.formats.raw import BYTE_ORDER_MARK
from scripts.corpora.harmonise import fragments_of
from scripts.corpora.schema import Fragment, Mention
from scripts.corpora.spelling import same_text

_UNITS = {"characters": "characters", "utf16": "UTF-16 units", "bytes": "bytes of UTF-8"}
# How far an offset moves at a line break and at the start, other than by the unit.
AS_WRITTEN, CRLF_AS_ONE, LF_AS_TWO = "", "a CRLF as one", "a line feed as two"
NO_MARK, ABSENT_MARK = "no byte order mark", "a byte order mark that is not there"
INSIDE = "mention that starts or ends inside a character by its offsets, read as holding the whole of it"
UNSURE = "document with characters beyond the basic plane, offsets read as characters (`offsets` can say otherwise)"


@dataclass(frozen=True)
class Counting:
    """A way of counting the characters of a text.

    text (str): The text.
    unit (OffsetUnit): What is counted.
    line_break (str): `AS_WRITTEN`, `CRLF_AS_ONE` or `LF_AS_TWO`.
    mark (str): `AS_WRITTEN`, `NO_MARK` or `ABSENT_MARK`.
    """

    text: str
    unit: OffsetUnit = "characters"
    line_break: str = AS_WRITTEN
    mark: str = AS_WRITTEN

    def __str__(self) -> str:
        unit = _UNITS[self.unit] if self.unit != "characters" else ""
        return ", ".join(filter(None, (unit, self.line_break, self.mark)))

    @cached_property
    def offsets(self) -> list[int]:
        """RETURNS (list[int]): The offset of each character, and of the end of the text."""
        return list(accumulate(map(self._width, range(len(self.text))), initial=int(self.mark == ABSENT_MARK)))

    def _width(self, place: int) -> int:
        char = self.text[place]
        if self.mark == NO_MARK and place == 0:
            return 0
        if self.line_break == CRLF_AS_ONE and self.text.startswith("\r\n", place):
            return 0
        size = {"characters": 1, "utf16": 1 + (ord(char) > 0xFFFF), "bytes": len(char.encode("utf8"))}[self.unit]
        return size + (self.line_break == LF_AS_TWO and char == "\n")

    def find(self, fragment: Fragment) -> Fragment:
        """RETURNS (Fragment): The characters that a (start, end) pair holds, those that it only touches included."""
        start, end = fragment
        # What counts as nothing belongs to neither side: a byte order mark ahead, a carriage return behind.
        first = bisect_right(self.offsets, start) - 1 if 0 <= start <= self.offsets[-1] else self._outside(start)
        last = bisect_left(self.offsets, end) if 0 <= end <= self.offsets[-1] else self._outside(end)
        return max(first, 0) if start >= 0 else start, last

    def _outside(self, offset: int) -> int:
        return offset if offset < 0 else len(self.text) + offset - self.offsets[-1]

    def is_between_characters(self, fragment: Fragment) -> bool:
        """RETURNS (bool): Whether both offsets of a (start, end) pair are those of a character or of the end."""
        known = set(self.offsets)
        return all(offset in known for offset in fragment)


@dataclass(frozen=True)
class Mended:
    """Mentions at characters of their text.

    mentions (tuple[Mention, ...]): In their order, with `start`, `end` and `fragments` counted in characters.
    notes (tuple[str, ...]): What was done to them, for `Document.meta`.
    """

    mentions: tuple[Mention, ...]
    notes: tuple[str, ...] = ()


def mend_offsets(text: str, mentions: Sequence[Mention], unit: Optional[OffsetUnit]) -> Mended:
    """Bring the offsets of a document's mentions to characters.

    Of all ways of counting, the one is taken that fits the most mentions, characters first: a mention fits if what it
    covers is what its annotation says. One that fits in no way tells nothing about the others. Where annotations do not
    say what they cover, offsets are taken to count `unit`, or characters.

    text (str): What the offsets point into.
    mentions (Sequence[Mention]): As annotated.
    unit (Optional[OffsetUnit]): What the offsets count; None if the corpus file does not say.
    RETURNS (Mended): The mentions, and notes on what was done.
    """
    telling = [mention for mention in mentions if mention.text and mention.text.strip()]
    given = Counting(text, unit or "characters")
    chosen = _choose(text, telling, unit) if telling and not _fits_all(given, telling) else given
    notes = (UNSURE,) if unit is None and not telling and _is_ambiguous(text, mentions) else ()
    if str(chosen) == str(Counting(text)):
        return Mended(tuple(mentions), notes)
    if chosen != given:
        notes = (*notes, f"document whose offsets count {chosen}, brought to characters")
    inside = sum(not chosen.is_between_characters(part) for mention in mentions for part in fragments_of(mention))
    return Mended(tuple(_move(mention, chosen) for mention in mentions), (*notes, *[INSIDE] * inside))


def _choose(text: str, telling: Sequence[Mention], unit: Optional[OffsetUnit]) -> Counting:
    ways = list(_ways_of_counting(text, unit))
    fitting = [frozenset(number for number, one in enumerate(telling) if _fits(way, one)) for way in ways]
    return ways[fitting.index(max(fitting, key=len))]


def _ways_of_counting(text: str, unit: Optional[OffsetUnit]) -> Iterator[Counting]:
    """YIELDS (Counting): The ways that make a difference to a text, the likeliest first."""
    units: Sequence[OffsetUnit] = [unit] if unit else ["characters"] if text.isascii() else get_args(OffsetUnit)
    breaks = [AS_WRITTEN] + [CRLF_AS_ONE] * ("\r\n" in text) + [LF_AS_TWO] * ("\n" in text)
    marks = [AS_WRITTEN, NO_MARK if text.startswith(BYTE_ORDER_MARK) else ABSENT_MARK]
    for mark, line_break, one in product(marks, breaks, units):
        yield Counting(text, one, line_break, mark)


def _is_ambiguous(text: str, mentions: Sequence[Mention]) -> bool:
    last = max((mention.end for mention in mentions), default=0)
    return any(ord(char) > 0xFFFF for char in text[: max(last, 0)])


def _fits_all(way: Counting, mentions: Sequence[Mention]) -> bool:
    return all(_fits(way, mention) for mention in mentions)


def _fits(way: Counting, mention: Mention) -> bool:
    parts = [way.find(part) for part in fragments_of(mention)]
    if any(not 0 <= start < end <= len(way.text) for start, end in parts):
        return False
    return same_text("".join(way.text[start:end] for start, end in parts), mention.text or "")


def _move(mention: Mention, way: Counting) -> Mention:
    parts = tuple(way.find(part) for part in fragments_of(mention))
    start, end = min(first for first, _ in parts), max(last for _, last in parts)
    return replace(mention, start=start, end=end, fragments=parts if mention.fragments else ())
