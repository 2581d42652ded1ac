"""Classify the lines of CoNLL files, and detect their columns."""
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
# In the GENIA corpus and JNLPBA.
MEDLINE = re.compile(r"###MEDLINE:([^\t ]*)\s*")
# Such as `# text = rich in vitamin O`, with a last word that looks like a tag.
KEY_VALUE = re.compile(r"# ?[^\t =]+(?: [^\t =]+)? = [^\t]*")
# Label Studio's export: a single mark at the top, and a blank line after each task. Labels may contain spaces.
LABEL_STUDIO_MARK, LABEL_STUDIO_TOKEN = "-DOCSTART- -X- O", re.compile(r"[^ \t]+ -X- _ \S.*")
INDEX = re.compile(r"[0-9]{1,9}")
# In CoNLL-U: `3-4` before the words 3 and 4 that are written as one, `3.1` for a word that is not in the text.
MULTIWORD, EMPTY_NODE = re.compile(r"[0-9]+-[0-9]+"), re.compile(r"[0-9]+\.[0-9]+")
# Syntactic chunks, as in the third column of CoNLL-2003 (English, German), have tags but are not mentions.
CHUNKS = {"ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP", "NC", "PC", "VC"}
_NAME_THEM = "name the columns in the corpus file, such as `columns: {token: 1, tag: -1}`"


@dataclass(frozen=True)
class Layout:
    """The layout of a file's lines.

    has_tab (bool): Whether columns are separated by a TAB instead of spaces.
    count (int): Number of columns.
    number (int): The line where this was detected, counted from 1, or 0 if there are no tokens.
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
    """RETURNS (Optional[str]): The id of the document that starts with this line (empty if it has none), or None."""
    if not line.startswith(("#", "-")):
        return None
    match = DOCSTART.fullmatch(line) or NEWDOC.fullmatch(line) or MEDLINE.fullmatch(line)
    return (match[1] or "").strip() if match else None


def is_comment(line: str, layout: Layout, label: Optional[str]) -> bool:
    """Check whether a line is a comment and not a token that starts with #.

    line (str): The line.
    layout (Layout): The layout of its file.
    label (Optional[str]): The label of all mentions in the corpus file. Only with it, a bare B is a tag.
    RETURNS (bool): True if it starts with # and has no tag in the tag column, or looks like `# key = value`.
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
    """Detect the columns of files. Files with the same number of columns are considered together.

    If the first column counts the tokens of each sentence, it is an index, and the token follows it. Otherwise the
    first column is the token. The tag column is the one with tags in all lines, apart from tags of syntactic chunks. If
    there are several, it is the last one if no other has mentions. After an index and a token, it is the first of two,
    and the second one is for nested mentions.

    files (Sequence[tuple[RawFile, list[str]]]): Files and their lines.
    columns (Mapping[str, int]): The columns set in the corpus file. Empty to detect them.
    label (Optional[str]): The label of all mentions in the corpus file.
    RETURNS (list[Layout]): The layout of each file.
    RAISES (ProjectError): If a column doesn't exist, or the columns can't be detected.
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
    # Not `split()`: a token may be or contain whitespace other than TAB and space.
    return line.split("\t") if "\t" in line else [column for column in line.split(" ") if column]


def _find_shape(lines: Sequence[str], label: Optional[str]) -> Layout:
    """RETURNS (Layout): The layout of the first token's line with a TAB, or of the first one if none has a TAB."""
    if _is_label_studio(lines):
        number = next(number for number, line in enumerate(lines[1:], start=2) if line.strip())
        return Layout(count=4, number=number, is_label_studio=True)
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and find_mark(line) is None]
    # A token may start with #, so such lines are only used if there are no others.
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
            raise ProjectError("`columns` has the same column for token and tag", where=where, remedy=_NAME_THEM)
        return replace(shape, is_indexed=counts is True and token > 0, token=token, tag=tag)
    if counts is False:
        what = "the first column has numbers that don't count the tokens of a sentence"
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
    """RETURNS (bool): Whether an index is for several words written as one, or for a word that is not in the text."""
    return bool(MULTIWORD.fullmatch(index) or EMPTY_NODE.fullmatch(index))


def _counts(firsts: Iterable[Optional[str]]) -> Optional[bool]:
    """RETURNS (Optional[bool]): Whether the first column counts by one in each sentence. None if it isn't a number.

    A sentence either starts with 0 or 1 like the first one, or continues counting. A single number is not enough.
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
    """RETURNS (bool): Whether the first column is like `2-3` (the third token of sentence 2), as in WebAnno TSV 2."""
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
    """RETURNS (tuple[int, Optional[int]]): The column of the tags, and the column of nested mentions' tags."""
    values = {column: Counter(row[column].strip() for row in rows) for column in range(token + 1, count)}
    matches = {column: [TAG.fullmatch(value) for value in found] for column, found in values.items()}
    tagged = [column for column, found in matches.items() if all(found)]
    if not tagged:
        # Reading will raise an error with the line that has no tag.
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
