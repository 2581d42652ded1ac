"""Read a folder of brat files (`NAME.txt`, `NAME.ann`), nested or flat, annotations beside the texts or elsewhere."""
import re
from pathlib import Path
from typing import Iterator, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_files, read_bytes, read_lines, read_text, split_lines
from scripts.corpora.schema import Document, Fragment, Mention

OPTIONS = ("offsets",)
TEXT_BOUND = re.compile(r"(T\d+)\t(\S+) (-?\d{1,9} -?\d{1,9}(?:;-?\d{1,9} -?\d{1,9})*)\t(.*)")
LOOKS_TEXT_BOUND = re.compile(r"T\d+(\s|$)")
# Notes, attributes, modifications, relations, events, equivalences, normalisations, and CADEC's terminology ids (TT1).
OTHER_ANNOTATION = re.compile(r"([ANRME]\d+|TT\d+|\*)\s|#")
READ_AS_LATIN_1 = "annotations that are not UTF-8, read as Latin-1"
PASSED_OVER = "line of an annotation file that goes on with no annotation, passed over"
REPEATED_ID = "id of a mention that stands twice in its file, both mentions read"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): Folder of the texts.
    annotations (Optional[Path]): Folder of the annotations, where that is another one.
    RETURNS (list[RawFile]): Texts and annotations.
    RAISES (ProjectError): If a folder is absent or holds none of them.
    """
    return list(find_files(path, [".txt"]).values()) + list(find_files(annotations or path, [".ann"]).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents; an id is the path below the folder without `.txt`.

    path (Path): Folder of the texts.
    annotations (Optional[Path]): Folder of the annotations, where that is another one.
    options (Options): What the corpus file says of the files.
    RETURNS (list[Document]): Sorted by id.
    RAISES (ProjectError): If a text has no annotations (unless it is empty) or the other way round, or a line is wrong.
    """
    texts, annotated = find_files(path, [".txt"]), find_files(annotations or path, [".ann"])
    for name in sorted(set(annotated) - set(texts)):
        raise ProjectError("annotations without a text", where=annotated[name], remedy=f"expected {path / name}.txt")
    return [_read_document(name, texts[name], annotated.get(name), options) for name in sorted(texts)]


def _read_document(name: str, text_file: RawFile, annotation_file: Optional[RawFile], options: Options) -> Document:
    text = read_text(text_file)
    if annotation_file is None:
        if text.strip():
            raise ProjectError("a text without annotations", where=text_file, remedy=f"expected a file {name}.ann")
        return Document(name, text)
    lines, notes = _read_annotation_lines(annotation_file)
    mended = mend_offsets(text, list(_read_mentions(annotation_file, lines, text, notes)), options.offsets)
    mentions = mended.mentions
    notes += mended.notes
    notes += [REPEATED_ID] * (len(mentions) - len({mention.id for mention in mentions}))
    return Document(name, text, mentions, {"notes": tuple(notes)} if notes else {})


def _read_annotation_lines(file: RawFile) -> tuple[list[str], list[str]]:
    """RETURNS (tuple): The lines, and a note if they are not in UTF-8, as some releases of CADEC are not."""
    try:
        return read_lines(file), []
    except ProjectError:
        return split_lines(read_bytes(file).decode("latin-1")), [READ_AS_LATIN_1]


def _read_mentions(file: RawFile, lines: Sequence[str], text: str, notes: list[str]) -> Iterator[Mention]:
    may_be_broken = False
    number = 0
    while number < len(lines):
        line, where = lines[number], f"{file}:{number + 1}"
        number += 1
        match = TEXT_BOUND.fullmatch(line)
        if match:
            fragments = _parse_fragments(match[3])
            covered = " ".join(text[start:end] for start, end in fragments)
            broken = _continuation(match[4], lines, number, covered)
            mention_text = "\n".join([match[4], *broken])
            may_be_broken = _letters(mention_text) != _letters(covered)
            number += len(broken)
            yield _mention(match, fragments, mention_text, where)
        elif line and OTHER_ANNOTATION.match(line):
            may_be_broken = True
        elif line.strip() and may_be_broken and not LOOKS_TEXT_BOUND.match(line):
            notes.append(PASSED_OVER)
        elif line.strip():
            raise ProjectError(f"not a brat annotation: {line[:40]!r}", where=where, remedy=_EXPECTED)


_EXPECTED = "expected `T1<TAB>Label start end[;start end]<TAB>text`"


def _parse_fragments(offsets: str) -> tuple[Fragment, ...]:
    pairs = (pair.split(" ") for pair in offsets.split(";"))
    return tuple((int(start), int(end)) for start, end in pairs)


def _mention(match: re.Match, fragments: tuple[Fragment, ...], text: str, where: str) -> Mention:
    start, end = min(first for first, _ in fragments), max(last for _, last in fragments)
    return Mention(start, end, match[2], subtype=match[2], id=match[1], fragments=fragments, text=text, where=where)


def _continuation(text: str, lines: Sequence[str], number: int, covered: str) -> Sequence[str]:
    """The lines that go on with a mention's text, where that holds a raw line break.

    text (str): The text field as far as its own line goes.
    lines (Sequence[str]): The lines of the file.
    number (int): How many of them stand before the ones that may belong to it.
    covered (str): What the mention covers in the document, which tells whether and where its text goes on.
    RETURNS (Sequence[str]): As many of those lines as belong to it, none if they do not lead to `covered`.
    """
    target, reached = _letters(covered), _letters(text)
    for end in range(number, len(lines) + 1):
        if reached == target:
            return lines[number:end]
        if end == len(lines) or not target.startswith(reached):
            break
        reached += _letters(lines[end])
    return ()


def _letters(text: str) -> str:
    return "".join(text.split())
