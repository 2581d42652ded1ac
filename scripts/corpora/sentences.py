"""Where the sentences of a text start, and the spaCy component that tells a pipeline so; shipped inside our wheels."""
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
# Texts are hard-wrapped at a width somewhere in between: shorter lines are lines of a list, longer ones paragraphs.
WRAP_WIDTHS = range(50, 101)
# The splitters see so many characters at a time, since their time grows faster than the text does.
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
    """Find where sentences start. The text is split at blank lines and at line breaks that do not wrap a sentence, and
    then by razdel where Cyrillic letters prevail, by pysbd elsewhere.

    text (str): Any text, of any length; time grows linearly.
    RETURNS (List[int]): Ascending character offsets. The first is 0; each other one is a character behind white space,
        so that no word is cut and white space belongs to the sentence before it. Empty if there is only white space.
    """
    starts: List[int] = []
    for begin, end in _blocks(text):
        block = _WHITE_SPACE.sub(" ", text[begin:end])
        starts.append(begin + len(block) - len(block.lstrip()))
        starts.extend(begin + offset for offset in _starts_within(block))
    return [0] + starts[1:] if starts else []


def set_sentence_starts(doc: Doc, starts: List[int]) -> Doc:
    """Mark the tokens at which sentences start.

    doc (Doc): Tokenised in any way.
    starts (List[int]): Ascending character offsets; one inside a token marks that token.
    RETURNS (Doc): The same Doc.
    """
    ends = [token.idx + len(token) for token in doc]
    flags = doc.to_array([SENT_START]).astype("int64")
    flags[:], flags[:1] = NO_START, START
    flags[[bisect_right(ends, start) for start in starts if start < ends[-1]]] = START
    # Setting `token.is_sent_start` one by one looks through the whole Doc each time.
    # One attribute takes an array of one dimension, which spaCy's stub does not know.
    return doc.from_array([SENT_START], flags.astype("uint64"))  # type: ignore[arg-type]


def split_sentences(doc: Doc) -> Doc:
    """The component: sentence boundaries that were set before (by a corpus reader, say) stand.

    doc (Doc): Tokenised.
    RETURNS (Doc): The same Doc, with sentence starts.
    """
    if len(doc) == 0 or doc.has_annotation("SENT_START"):
        return doc
    return set_sentence_starts(doc, sentence_starts(doc.text))


def make_sentence_splitter(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """RETURNS (Callable): The component; it has no settings and learns nothing."""
    return split_sentences


# Several packages that bundle this module, and the project itself, have to load in one process.
if not Language.has_factory(NAME):
    Language.factory(NAME, assigns=["token.is_sent_start", "doc.sents"], func=make_sentence_splitter)


def _blocks(text: str) -> Iterator[Tuple[int, int]]:
    """YIELDS (Tuple[int, int]): Start and end of each stretch that no line break parts into sentences."""
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
    """Join the lines of a paragraph that a fixed line width has parted.

    A line break wraps a sentence if the first word of the next line would not have fitted into the paragraph's width
    (that of its longest line), and the next line goes on: without a capital, unless there are more such breaks.
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
    """YIELDS (int): Offsets of the sentences of a block, without its first, each behind white space."""
    cyrillic = not block.isascii() and len(_CYRILLIC.findall(block)) > len(_OTHER_LETTER.findall(block))
    split = _split_russian if cyrillic else _split_english
    begin = 0
    while begin < len(block):
        end = _window_end(block, begin)
        starts = [start for start in split(block[begin:end]) if block[begin + start - 1].isspace()]
        yield from (begin + start for start in starts)
        # The last sentence of a window may go on, so the next window starts with it.
        begin = begin + starts[-1] if starts and end < len(block) else end


def _window_end(block: str, begin: int) -> int:
    if begin + WINDOW >= len(block):
        return len(block)
    space = block.rfind(" ", begin, begin + WINDOW)
    return space + 1 if space > begin else begin + WINDOW


def _split_russian(block: str) -> List[int]:
    return [sentence.start for sentence in razdel.sentenize(block)][1:]


class _AbbreviationReplacer(English.AbbreviationReplacer):
    """pysbd's own one tries all of its abbreviations on every text, which takes it most of its time."""

    def search_for_abbreviations_in_string(self, text: str) -> str:
        """RETURNS (str): What pysbd's own one returns; only an abbreviation that stands before a full stop matters."""
        words = _BEFORE_FULL_STOP.findall(text)
        names = English.Abbreviation.ABBREVIATIONS
        # Beyond ASCII, pysbd's patterns ignore case in other ways than `lower` does.
        if all(word.isascii() for word in words):
            found = {word.lower() for word in words}
            names = [name for name in names if name in found or not name.isalpha()]
        narrowed = English()
        narrowed.Abbreviation = English.Abbreviation()
        narrowed.Abbreviation.ABBREVIATIONS = names
        return English.AbbreviationReplacer(text, narrowed).search_for_abbreviations_in_string(text)


class _English(English):
    AbbreviationReplacer = _AbbreviationReplacer
    # Matches what pysbd's own one does, whose time doubles with each number of a list of references: here a run of
    # digits and what may part it from the next one can be read in one way only.
    NUMBERED_REFERENCE_REGEX = (
        r"(?<=[^\d\s])(\.|∯)"
        r"((\[(\d+(?:,(?:\s?-\s?|\s\s?)?|\s(?:-\s?|\s)?|-\s?))*\d{1,3}\])+|((\d{1,3}\s?)?\d{1,3}))(\s)(?=[A-Z])"
    )


def _split_english(block: str) -> List[int]:
    """Ask pysbd, which gives the sentences (at times altered) and not their places; find these by counting letters."""
    # Anywhere else a boundary would be taken out below, so there is no need to ask.
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
    """RETURNS (int): The offset of the next character that is not white space, behind `count` such characters."""
    while count or block[place].isspace():
        count -= not block[place].isspace()
        place += 1
    return place


def _is_inside_sentence(before: str, after: str) -> bool:
    """pysbd parts inline lists, and `p.o. b.i.d.`, which it takes for one."""
    return not _ENDS_SENTENCE.search(before) or (after.islower() and bool(_ABBREVIATION.search(before)))
