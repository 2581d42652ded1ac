"""Tell the lines of CoNLL files apart, and find out which of their columns holds what."""
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import Iterable, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.raw import RawFile
from scripts.corpora.formats.tags import TAG

DOCSTART = re.compile(r"-DOCSTART-(?:[ \t]+\(([^\t]*)\))?(?:[ \t].*)?")
NEWDOC = re.compile(r"# *newdoc(?: +id *=([^\t]*))? *")
# Of the GENIA corpus and JNLPBA's.
MEDLINE = re.compile(r"###MEDLINE:([^\t ]*)\s*")
# Such as `# text = rich in vitamin O`, whose last word looks like a tag.
KEY_VALUE = re.compile(r"# ?[^\t =]+(?: [^\t =]+)? = [^\t]*")
# Label Studio's export: one mark on top, whatever follows, and a blank line behind each task. A label may hold spaces.
LABEL_STUDIO_MARK, LABEL_STUDIO_TOKEN = "-DOCSTART- -X- O", re.compile(r"[^ \t]+ -X- _ \S.*")
INDEX = re.compile(r"[0-9]{1,9}")
# Of CoNLL-U: `3-4` above the words 3 and 4 that are written as one, `3.1` for a word that is not there.
MULTIWORD, EMPTY_NODE = re.compile(r"[0-9]+-[0-9]+"), re.compile(r"[0-9]+\.[0-9]+")
# Syntactic chunks, as in the third column of CoNLL-2003 (English, German), have tags but are no mentions.
CHUNKS = {"ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP", "NC", "PC", "VC"}
_NAME_THEM = "name the columns in the corpus file, such as `columns: {token: 1, tag: -1}`"


@dataclass(frozen=True)
class Layout:
    """What the lines of tokens of a file have in common.

    has_tab (bool): Whether columns are parted by a TAB, not by spaces.
    count (int): How many columns there are.
    number (int): The line where that was seen, counted from 1; 0 if there is no token.
    is_label_studio (bool): Whether Label Studio wrote the file.
    is_indexed (bool): Whether the first column counts the tokens of a sentence.
    token (int): The column of the tokens.
    tag (int): The column of the tags.
    nested (Optional[int]): The column of the tags of mentions inside others, if there is one.
    """

    has_tab: bool = False
    count: int = 0
    number: int = 0
    is_label_studio: bool = False
    is_indexed: bool = False
    token: int = 0
    tag: int = -1
    nested: Optional[int] = None

    def split(self, line: str) -> list[str]:
        """RETURNS (list[str]): The columns of a line."""
        return line.split(" ", 3) if self.is_label_studio else _split(line)


_Row = Optional[list[str]]


def find_mark(line: str) -> Optional[str]:
    """RETURNS (Optional[str]): The id of the document that starts with this line, empty if it has none."""
    if not line.startswith(("#", "-")):
        return None
    match = DOCSTART.fullmatch(line) or NEWDOC.fullmatch(line) or MEDLINE.fullmatch(line)
    return (match[1] or "").strip() if match else None


def is_comment(line: str, layout: Layout, label: Optional[str]) -> bool:
    """Tell whether a line is a comment, though it may look like a token that starts with #.

    line (str): The line.
    layout (Layout): That of its file.
    label (Optional[str]): The label of all mentions, by the corpus file: only then a bare B is a tag.
    RETURNS (bool): True if it starts with # and has no tag where the others have theirs, or is like `# key = value`.
    """
    if not line.startswith("#"):
        return False
    columns = layout.split(line)
    tag = columns[layout.tag].strip() if layout.tag < len(columns) else ""
    match = TAG.fullmatch(tag)
    is_tag = match and (not match[1] or match[2] or label)
    return layout.is_indexed or not is_tag or KEY_VALUE.fullmatch(line) is not None


def find_layouts(
    files: Sequence[tuple[RawFile, list[str]]], columns: Mapping[str, int], label: Optional[str]
) -> list[Layout]:
    """Find the columns of files. Those of as many columns are looked at together, for one alone may show too little.

    A first column that counts in each sentence is an index, and the token stands behind it; else the first column is
    the token. The tag is the one column that holds tags in all lines, tags of syntactic chunks aside. Where more than
    one does, it is the last of them if no other holds a mention, and the first of two behind index and token, whose
    second one is for nested mentions.

    files (Sequence[tuple[RawFile, list[str]]]): Files and their lines.
    columns (Mapping[str, int]): The columns that the corpus file names; empty to find them.
    label (Optional[str]): The label of all mentions, by the corpus file.
    RETURNS (list[Layout]): One for each file.
    RAISES (ProjectError): If a column that is named is not there, or it is not clear which holds what.
    """
    layouts = [_find_shape(lines, label) for _, lines in files]
    shapes = [(layout.has_tab, layout.count, layout.is_label_studio) for layout in layouts]
    places: dict[tuple[bool, int, bool], list[int]] = {}
    for place, shape in enumerate(shapes):
        places.setdefault(shape, []).append(place)
    for same in places.values():
        first = layouts[same[0]]
        rows = list(chain.from_iterable(_rows(files[place][1], layouts[place], label) for place in same))
        found = _find_columns(rows, first, columns, f"{files[same[0]][0]}:{first.number}")
        for place in same:
            layouts[place] = replace(found, number=layouts[place].number)
    return layouts


def _split(line: str) -> list[str]:
    # No `split()`: a token may be or hold white space other than TAB and space.
    return line.split("\t") if "\t" in line else [column for column in line.split(" ") if column]


def _find_shape(lines: Sequence[str], label: Optional[str]) -> Layout:
    """RETURNS (Layout): That of the first line of a token that has a TAB, or if none has, of the first."""
    if _is_label_studio(lines):
        number = next(number for number, line in enumerate(lines[1:], start=2) if line.strip())
        return Layout(count=4, number=number, is_label_studio=True)
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and find_mark(line) is None]
    # A token may start with #; such lines tell something only where there are no others.
    tokens = [one for one in filled if not one[1].startswith("#")]
    tokens = tokens or [one for one in filled if not is_comment(one[1], Layout(), label)]
    number, line = max(tokens, key=lambda one: "\t" in one[1], default=(0, ""))
    return Layout("\t" in line, len(_split(line)), number) if number else Layout()


def _is_label_studio(lines: Sequence[str]) -> bool:
    tokens = [line for line in lines[1:] if line.strip()]
    if not tokens or lines[0] != LABEL_STUDIO_MARK:
        return False
    return all(LABEL_STUDIO_TOKEN.fullmatch(line) for line in tokens)


def _rows(lines: Iterable[str], layout: Layout, label: Optional[str]) -> Iterator[_Row]:
    """YIELDS (Optional[list[str]]): The columns of each token of the layout's shape, and None between sentences."""
    for line in lines:
        if not line.strip() or find_mark(line) is not None:
            yield None
        elif ("\t" in line) == layout.has_tab and not is_comment(line, layout, label):
            columns = layout.split(line)
            if len(columns) == layout.count:
                yield columns
    yield None


def _find_columns(rows: Sequence[_Row], shape: Layout, given: Mapping[str, int], where: str) -> Layout:
    if shape.count < 2:
        return shape
    firsts = [row[0] if row else None for row in rows] if shape.count > 2 else []
    counts = False if _counts_twice(firsts) else _counts(firsts)
    if given:
        token, tag = (_check_column(key, given[key], shape.count, where) for key in ("token", "tag"))
        if token == tag:
            raise ProjectError("`columns` names one column for both token and tag", where=where, remedy=_NAME_THEM)
        return replace(shape, is_indexed=counts is True and token > 0, token=token, tag=tag)
    if counts is False:
        what = "the first column holds numbers that do not count the tokens of a sentence"
        raise ProjectError(what, where=where, remedy=_NAME_THEM)
    filled = [row for row in rows if row and not (counts and is_no_word(row[0]))]
    token = int(counts is True)
    tag, nested = _find_tags(filled, shape.count, token, where)
    return replace(shape, is_indexed=counts is True, token=token, tag=tag, nested=nested)


def _check_column(key: str, column: int, count: int, where: str) -> int:
    if not -count <= column < count:
        what = f"`columns.{key}` is {column}, but there are {count} columns, 0 to {count - 1}"
        raise ProjectError(what, where=where, remedy="correct `columns` in the corpus file")
    return column % count


def is_no_word(index: str) -> bool:
    """RETURNS (bool): Whether an index is that of several words written as one, or of a word that is not there."""
    return bool(MULTIWORD.fullmatch(index) or EMPTY_NODE.fullmatch(index))


def _counts(firsts: Iterable[Optional[str]]) -> Optional[bool]:
    """RETURNS (Optional[bool]): Whether first columns count by one in each sentence; None if they are no numbers.

    A sentence starts with 0 or 1, as the first one does, or counts on. A single number tells nothing.
    """
    numbers: list[int] = []
    is_counting = is_start = True
    for first in firsts:
        if first is None:
            is_start = True
        elif INDEX.fullmatch(first):
            goes_on = bool(numbers) and int(first) == numbers[-1] + 1
            numbers.append(int(first))
            is_counting &= goes_on or (is_start and numbers[-1] == numbers[0] and numbers[0] in (0, 1))
            is_start = False
        elif not is_no_word(first):
            return None
    return is_counting if len(numbers) > 1 else None


def _counts_twice(firsts: Iterable[Optional[str]]) -> bool:
    """RETURNS (bool): Whether first columns are like `2-3`, the third token of sentence 2, as in WebAnno TSV 2."""
    before, number = None, 0
    for first in firsts:
        if first is None:
            before = None
            continue
        if not MULTIWORD.fullmatch(first):
            return False
        sentence, token = map(int, first.split("-"))
        if (sentence, token) != ((before[0], before[1] + 1) if before else (sentence, 1)):
            return False
        before, number = (sentence, token), number + 1
    return number > 1


def _find_tags(rows: Sequence[list[str]], count: int, token: int, where: str) -> tuple[int, Optional[int]]:
    """RETURNS (tuple[int, Optional[int]]): The column of the tags, and that of the tags of nested mentions."""
    values = {column: Counter(row[column].strip() for row in rows) for column in range(token + 1, count)}
    matches = {column: [TAG.fullmatch(value) for value in found] for column, found in values.items()}
    tagged = [column for column, found in matches.items() if all(found)]
    if not tagged:
        # Reading will name the line that holds no tag.
        return max(values, key=lambda column: (_count_tags(values[column]), column)), None
    labels = {column: {match[2] for match in matches[column] if match and match[1]} for column in tagged}
    of_mentions = [column for column in tagged if not labels[column] or not labels[column] <= CHUNKS] or tagged
    if token == 1 and count == 4 and of_mentions == [2, 3]:
        return 2, 3
    if any(labels[column] for column in of_mentions[:-1]):
        what = f"tags in more than one column: {', '.join(map(str, of_mentions))} (the first column is 0)"
        raise ProjectError(what, where=where, remedy=_NAME_THEM)
    return of_mentions[-1], None


def _count_tags(values: Counter[str]) -> int:
    return sum(count for value, count in values.items() if TAG.fullmatch(value))
