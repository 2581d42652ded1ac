"""Split texts into sentences, with a spaCy component that is bundled into packages."""
import re
from bisect import bisect_right
from itertools import pairwise
from typing import Callable, Iterator, List, Tuple

import razdel
from pysbd.lang.english import English
from pysbd.processor import Processor
from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc

NAME = "sentence_splitter"
# Widths at which texts may be hard-wrapped. Shorter lines are lines of a list, and longer ones are paragraphs.
WRAP_WIDTHS = range(50, 101)
# The most characters to split at a time, because the splitters' time doesn't grow linearly.
WINDOW = 4000
START, NO_START = 1, -1

_ITEM = re.compile(r"\s*(?:[-*•·–—+]\s|\(?\d{1,2}[.)](?!\d)|\(?[^\W\d_][.)]\s|[^\W\d_a-zа-яё][^.!?:]{0,40}:(?:\s|$))")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_OTHER_LETTER = re.compile(r"[^\W\d_\u0400-\u052f]")
_WHITE_SPACE = re.compile(r"\s")
_END = r"[.!?…:;][\"'”’»)\]]*"
_ENDS_SENTENCE = re.compile(rf"{_END}\s*\Z")
_ENDS_BEFORE_MORE = re.compile(rf"{_END}\s+\S")
_ABBREVIATION = re.compile(r"(?:\b[^\W\d_]\.){2,}\s*\Z")
_PLAIN_BOUNDARY = re.compile(r"[.!?…][\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[^\W_a-zа-яё])")
_BEFORE_FULL_STOP = re.compile(r"(?<!\S)\w+(?=\.)")


def sentence_starts(text: str) -> List[int]:
    """Find where sentences start.

    The text is split at blank lines and at line breaks that don't wrap a sentence. The rest is split by razdel if most
    letters are Cyrillic, otherwise by pysbd.

    text (str): Any text, of any length. Time grows linearly.
    RETURNS (List[int]): Ascending character offsets. The first is 0. All others are after whitespace, so that no word
        is cut, and whitespace belongs to the sentence before it. Empty if the text is only whitespace.
    """
    starts: List[int] = []
    for begin, end in _blocks(text):
        block = _WHITE_SPACE.sub(" ", text[begin:end])
        starts.append(begin + len(block) - len(block.lstrip()))
        starts.extend(begin + offset for offset in _starts_within(block))
    return [0] + starts[1:] if starts else []


def set_sentence_starts(doc: Doc, starts: List[int]) -> Doc:
    """Set the sentence starts of a Doc.

    doc (Doc): A Doc with any tokenization.
    starts (List[int]): Ascending character offsets. One inside a token marks that token.
    RETURNS (Doc): The same Doc.
    """
    ends = [token.idx + len(token) for token in doc]
    flags = doc.to_array([SENT_START]).astype("int64")
    flags[:], flags[:1] = NO_START, START
    flags[[bisect_right(ends, start) for start in starts if start < ends[-1]]] = START
    # Setting `token.is_sent_start` for each token would search the whole Doc each time.
    # For a single attribute, spaCy accepts an array with one dimension, but its stub doesn't.
    return doc.from_array([SENT_START], flags.astype("uint64"))  # type: ignore[arg-type]


def split_sentences(doc: Doc) -> Doc:
    """Set the sentence starts of a Doc, unless they are already set (for instance by a corpus reader).

    doc (Doc): A tokenized Doc.
    RETURNS (Doc): The same Doc, with sentence starts.
    """
    if len(doc) == 0 or doc.has_annotation("SENT_START"):
        return doc
    return set_sentence_starts(doc, sentence_starts(doc.text))


def make_sentence_splitter(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """RETURNS (Callable): The component, which has no settings and isn't trained."""
    return split_sentences


# Several packages that bundle this module and the project itself must be able to load in one process.
if not Language.has_factory(NAME):
    Language.factory(NAME, assigns=["token.is_sent_start", "doc.sents"], func=make_sentence_splitter)


def _blocks(text: str) -> Iterator[Tuple[int, int]]:
    """YIELDS (Tuple[int, int]): Start and end of each stretch without line breaks between sentences."""
    paragraph: List[Tuple[int, str]] = []
    offset = 0
    for line in [*text.splitlines(keepends=True), ""]:
        if line.strip():
            paragraph.append((offset, line))
        elif paragraph:
            yield from _unwrap(paragraph)
            paragraph = []
        offset += len(line)


def _unwrap(paragraph: List[Tuple[int, str]]) -> Iterator[Tuple[int, int]]:
    """Join the lines of a paragraph that was wrapped at a fixed width.

    A line break wraps a sentence if the first word of the next line doesn't fit into the paragraph's width, which is
    that of its longest line, and if the next line continues the sentence: it has no initial capital, unless there are
    several such breaks.
    """
    width = max(len(line.rstrip()) for _, line in paragraph)
    pairs = list(pairwise(paragraph))
    full = [width in WRAP_WIDTHS and _is_full(line, following, width) for (_, line), (_, following) in pairs]
    is_wrapped = sum(full) > 1
    begin = paragraph[0][0]
    for wraps, (_, (offset, following)) in zip(full, pairs, strict=True):
        goes_on = is_wrapped or not following.lstrip()[0].isupper()
        if not (wraps and goes_on and not _ITEM.match(following)):
            yield begin, offset
            begin = offset
    yield begin, paragraph[-1][0] + len(paragraph[-1][1])


def _is_full(line: str, following: str, width: int) -> bool:
    line = line.rstrip()
    return not line.endswith(":") and len(line) + 1 + len(following.split(None, 1)[0]) > width


def _starts_within(block: str) -> Iterator[int]:
    """YIELDS (int): Offsets of the sentences in a block, all after whitespace and without the first sentence."""
    cyrillic = not block.isascii() and len(_CYRILLIC.findall(block)) > len(_OTHER_LETTER.findall(block))
    split = _split_russian if cyrillic else _split_english
    begin = 0
    while begin < len(block):
        end = _window_end(block, begin)
        starts = [start for start in split(block[begin:end]) if block[begin + start - 1].isspace()]
        yield from (begin + start for start in starts)
        # The last sentence of a window may continue, so the next window starts with it.
        begin = begin + starts[-1] if starts and end < len(block) else end


def _window_end(block: str, begin: int) -> int:
    if begin + WINDOW >= len(block):
        return len(block)
    space = block.rfind(" ", begin, begin + WINDOW)
    return space + 1 if space > begin else begin + WINDOW


def _split_russian(block: str) -> List[int]:
    return [sentence.start for sentence in razdel.sentenize(block)][1:]


class _AbbreviationReplacer(English.AbbreviationReplacer):
    """A faster version of pysbd's class, which spends most of its time trying all abbreviations on every text."""

    def search_for_abbreviations_in_string(self, text: str) -> str:
        """RETURNS (str): The same as pysbd's own method. Only abbreviations before a full stop matter."""
        words = _BEFORE_FULL_STOP.findall(text)
        names = English.Abbreviation.ABBREVIATIONS
        # Beyond ASCII, pysbd's patterns ignore case differently from `lower`.
        if all(word.isascii() for word in words):
            found = {word.lower() for word in words}
            names = [name for name in names if name in found or not name.isalpha()]
        narrowed = English()
        narrowed.Abbreviation = English.Abbreviation()
        narrowed.Abbreviation.ABBREVIATIONS = names
        return English.AbbreviationReplacer(text, narrowed).search_for_abbreviations_in_string(text)


class _English(English):
    AbbreviationReplacer = _AbbreviationReplacer
    # Matches the same as pysbd's own pattern, whose time doubles with each number in a list of references. Here, a run
    # of digits and the separator after it can only match in one way.
    NUMBERED_REFERENCE_REGEX = (
        r"(?<=[^\d\s])(\.|∯)"
        r"((\[(\d+(?:,(?:\s?-\s?|\s\s?)?|\s(?:-\s?|\s)?|-\s?))*\d{1,3}\])+|((\d{1,3}\s?)?\d{1,3}))(\s)(?=[A-Z])"
    )


def _split_english(block: str) -> List[int]:
    """RETURNS (List[int]): Offsets of sentences by pysbd, which returns sentences (sometimes altered) without offsets.
    The offsets are found by counting characters."""
    # Boundaries elsewhere would be removed below, so there is nothing to find.
    if not _ENDS_BEFORE_MORE.search(block):
        return []
    sentences = Processor(block, _English).process()
    if "".join(block.split()) != "".join("".join(sentences).split()):
        return [match.end() for match in _PLAIN_BOUNDARY.finditer(block)]
    starts, place = [], 0
    for sentence in sentences[:-1]:
        place = _skip(block, place, len("".join(sentence.split())))
        starts.append(place)
    return [start for start in starts if not _is_inside_sentence(block[max(0, start - 40) : start], block[start])]


def _skip(block: str, place: int, count: int) -> int:
    """RETURNS (int): The offset of the next non-whitespace character after `count` such characters."""
    while count or block[place].isspace():
        count -= not block[place].isspace()
        place += 1
    return place


def _is_inside_sentence(before: str, after: str) -> bool:
    """RETURNS (bool): Whether a boundary is wrong: pysbd splits inline lists, and takes `p.o. b.i.d.` for one."""
    return not _ENDS_SENTENCE.search(before) or (after.islower() and bool(_ABBREVIATION.search(before)))
