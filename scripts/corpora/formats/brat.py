"""Read a folder of brat files (`NAME.txt`, `NAME.ann`), nested or flat, annotations beside the texts or elsewhere."""
import re
from pathlib import Path
from typing import Iterator, Optional

from scripts.base.errors import ProjectError
from scripts.corpora.schema import Document, Fragment, Mention

TEXT_BOUND = re.compile(r"(T\d+)\t(\S+) (-?\d+ -?\d+(?:;-?\d+ -?\d+)*)\t(.*)")
LOOKS_TEXT_BOUND = re.compile(r"T\d+(\s|$)")
# Notes, attributes, modifications, relations, events, equivalences, normalisations, and CADEC's terminology ids (TT1).
OTHER_ANNOTATION = re.compile(r"([ANRME]\d+|TT\d+|\*)\s|#")
BYTE_ORDER_MARK = "\ufeff"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[Path]:
    """List the files that `read` opens.

    path (Path): Folder of the texts.
    annotations (Optional[Path]): Folder of the annotations, where that is another one.
    RETURNS (list[Path]): Texts and annotations.
    RAISES (ProjectError): If a folder is absent or holds none of them.
    """
    return list(_find(path, ".txt").values()) + list(_find(annotations or path, ".ann").values())


def read(path: Path, annotations: Optional[Path] = None) -> list[Document]:
    """Read all documents; an id is the path below the folder without `.txt`.

    path (Path): Folder of the texts.
    annotations (Optional[Path]): Folder of the annotations, where that is another one.
    RETURNS (list[Document]): Sorted by id.
    RAISES (ProjectError): If a text has no annotations (unless it is empty) or the other way round, or a line is wrong.
    """
    texts, annotated = _find(path, ".txt"), _find(annotations or path, ".ann")
    for name in sorted(set(annotated) - set(texts)):
        raise ProjectError("annotations without a text", where=annotated[name], remedy=f"expected {path / name}.txt")
    return [_read_document(name, texts[name], annotated.get(name)) for name in sorted(texts)]


def _find(folder: Path, suffix: str) -> dict[str, Path]:
    if not folder.is_dir():
        raise ProjectError("no such folder", where=folder, remedy="check `path` and `annotations` in the corpus file")
    # Hidden files are what some systems leave beside each file (`._NAME.txt`), not documents.
    files = [file for file in sorted(folder.rglob(f"*{suffix}")) if not file.name.startswith(".")]
    if not files:
        raise ProjectError(f"no {suffix} files in this folder", where=folder, remedy="check `path` and `annotations`")
    return {file.relative_to(folder).as_posix()[: -len(suffix)]: file for file in files}


def _read_document(name: str, text_file: Path, annotation_file: Optional[Path]) -> Document:
    text = _read_text(text_file)
    if annotation_file is not None:
        return Document(name, text, tuple(_read_mentions(annotation_file, text)))
    if text.strip():
        raise ProjectError("a text without annotations", where=text_file, remedy=f"expected a file {name}.ann")
    return Document(name, text)


def _read_text(file: Path) -> str:
    # Decoding bytes leaves `\r\n` and a byte order mark where they are: brat's offsets count them.
    try:
        return file.read_bytes().decode("utf8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"not UTF-8 (byte {error.start})", where=file, remedy="convert the text to UTF-8") from None


def _read_lines(file: Path) -> list[str]:
    data = file.read_bytes()
    try:
        lines = data.decode("utf8")
    except UnicodeDecodeError:
        lines = data.decode("latin-1")
    # Not `splitlines`: a mention may hold a character such as U+2028 that is a line break elsewhere.
    return [line.rstrip("\r") for line in lines.removeprefix(BYTE_ORDER_MARK).split("\n")]


def _read_mentions(file: Path, text: str) -> Iterator[Mention]:
    lines = _read_lines(file)
    may_be_broken = False
    number = 0
    while number < len(lines):
        line, where = lines[number], f"{file}:{number + 1}"
        number += 1
        match = TEXT_BOUND.fullmatch(line)
        if match:
            fragments = _parse_fragments(match[3])
            covered = " ".join(text[start:end] for start, end in fragments)
            broken = _continuation(match[4], lines[number:], covered)
            mention_text = "\n".join([match[4], *broken])
            may_be_broken = _letters(mention_text) != _letters(covered)
            number += len(broken)
            yield _mention(match, fragments, mention_text, where)
        elif line and OTHER_ANNOTATION.match(line):
            may_be_broken = True
        elif line.strip() and not (may_be_broken and not LOOKS_TEXT_BOUND.match(line)):
            raise ProjectError(f"not a brat annotation: {line[:40]!r}", where=where, remedy=_EXPECTED)


_EXPECTED = "expected `T1<TAB>Label start end[;start end]<TAB>text`"


def _parse_fragments(offsets: str) -> tuple[Fragment, ...]:
    pairs = (pair.split(" ") for pair in offsets.split(";"))
    return tuple((int(start), int(end)) for start, end in pairs)


def _mention(match: re.Match, fragments: tuple[Fragment, ...], text: str, where: str) -> Mention:
    start, end = min(first for first, _ in fragments), max(last for _, last in fragments)
    return Mention(start, end, match[2], subtype=match[2], id=match[1], fragments=fragments, text=text, where=where)


def _continuation(text: str, following: list[str], covered: str) -> list[str]:
    """The lines that go on with a mention's text, where that holds a raw line break.

    text (str): The text field as far as its own line goes.
    following (list[str]): The lines behind.
    covered (str): What the mention covers in the document, which tells whether and where its text goes on.
    RETURNS (list[str]): As many of the following lines as belong to it, none if they do not lead to `covered`.
    """
    target, reached = _letters(covered), _letters(text)
    for count, line in enumerate(following):
        if reached == target:
            return following[:count]
        reached += _letters(line)
        if not target.startswith(reached):
            return []
    return following if reached == target else []


def _letters(text: str) -> str:
    return "".join(text.split())
