"""Read raw texts of files a few at a time, and again from where they stand: all of them never are in memory."""
import gzip
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats import docbin
from scripts.corpora.formats.json_rows import check_name, check_value, parse_row
from scripts.corpora.formats.raw import (
    BYTE_ORDER_MARK,
    ZIPPED,
    RawFile,
    open_file,
    read_bytes,
    read_text,
    search_files,
    split_archive,
)

TEXT, ROWS, DOCS = ".txt", (".jsonl", ".ndjson"), ".spacy"
SUFFIXES = [TEXT, *ROWS, DOCS]
WITH_ZIPPED = [*SUFFIXES, *(suffix + ZIPPED for suffix in ROWS)]
_EXPECTED = "give a folder, zip archive or file: .txt (a text each), .jsonl (an object with `text` a line) or .spacy"


@dataclass(frozen=True)
class RawText:
    """A text without annotation.

    id (str): The name of its file, the `id` of its row or Doc, or their number; behind the file's name where there are
        several files of rows or Docs.
    text (str): Never altered.
    """

    id: str
    text: str


@dataclass(frozen=True)
class Place:
    """Where texts stand that follow each other in one file.

    file (str): The file's name, as in `TextFiles.files`.
    start (int): First byte of rows, or number of the first Doc; 0 for a text.
    end (int): Behind the last byte or the last Doc.
    line (int): Number of the first row, counted from 1.
    """

    file: str
    start: int = 0
    end: int = 0
    line: int = 1


@dataclass(frozen=True)
class Portion:
    """Texts that are worked on together.

    places (tuple[Place, ...]): Where they stand.
    texts (int): How many they are.
    characters (int): How long they are together.
    hash (str): What changes with their ids or texts.
    """

    places: tuple[Place, ...]
    texts: int
    characters: int
    hash: str


class TextFiles:
    """The texts below a path.

    path (Path): A folder, a zip archive, or a single file.
    RAISES (ProjectError): If there is nothing to read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = _find(path)
        self._several = len(self.files) > 1
        # What can't be read from its middle.
        self._kept: tuple[Optional[str], Any] = (None, None)

    def scan(self) -> Iterator[tuple[Place, RawText]]:
        """Read all texts in order, to see what there is.

        YIELDS (tuple[Place, RawText]): Each text and where it stands.
        RAISES (ProjectError): If one can't be read, or has the id of another.
        """
        seen: set[int] = set()
        for name in self.files:
            for place, text in self._scan_file(name):
                # Of the ids alone so much is kept that millions of them take little memory.
                if hash(text.id) in seen:
                    what = f"a second text called '{name_id(text.id)}'"
                    raise ProjectError(what, where=self.files[name], remedy="give each row an `id` of its own")
                seen.add(hash(text.id))
                yield place, text

    def read(self, places: Iterable[Place]) -> Iterator[RawText]:
        """YIELDS (RawText): The texts that stand in some places."""
        for place in places:
            file = self.files[place.file]
            if _is_text(file):
                yield RawText(place.file, read_text(file))
            elif _is_docs(file):
                yield from self._docs(place.file)[place.start : place.end]
            else:
                lines = self._bytes(place).split(b"\n")
                for number, line in enumerate(lines, start=place.line):
                    yield from self._parse(place.file, number, line)

    def _scan_file(self, name: str) -> Iterator[tuple[Place, RawText]]:
        file = self.files[name]
        if _is_text(file):
            yield Place(name), RawText(name, read_text(file))
        elif _is_docs(file):
            for number, text in enumerate(self._docs(name)):
                yield Place(name, number, number + 1), text
        else:
            start = 0
            for number, line in enumerate(_lines(file), start=1):
                for text in self._parse(name, number, line):
                    yield Place(name, start, start + len(line), number), text
                start += len(line)

    def _parse(self, name: str, number: int, data: bytes) -> Iterator[RawText]:
        """YIELDS (RawText): The text of a row; nothing if it is empty."""
        where = f"{self.files[name]}:{number}"
        try:
            line = data.decode("utf8")
        except UnicodeDecodeError:
            raise ProjectError("not UTF-8", where=where, remedy="convert the file to UTF-8") from None
        if not (line := line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).strip():
            return
        row = parse_row(line, where)
        text = check_value(row, "text", str, where)
        yield RawText(self._prefix(name) + check_name(row, "id", str(number), where), text)

    def _prefix(self, name: str) -> str:
        return f"{name}/" if self._several else ""

    def _docs(self, name: str) -> list[RawText]:
        if self._kept[0] != name:
            documents = docbin.read_docs(self.files[name], self._prefix(name))
            self._kept = name, [RawText(document.id, document.text) for document in documents]
        return self._kept[1]

    def _bytes(self, place: Place) -> bytes:
        file = self.files[place.file]
        if isinstance(file, Path) and not file.name.lower().endswith(ZIPPED):
            with open_file(file) as stream:
                stream.seek(place.start)
                return stream.read(place.end - place.start)
        if self._kept[0] != place.file:
            self._kept = place.file, read_bytes(file)
        return self._kept[1][place.start : place.end]


def portions(files: TextFiles, characters: int) -> Iterator[Portion]:
    """Put texts together until they have so many characters.

    files (TextFiles): The texts.
    characters (int): What a portion has at least, unless it is the last one.
    YIELDS (Portion): Each portion, in order.
    """
    places: list[Place] = []
    count, length, digest = 0, 0, hashlib.sha256()
    for place, text in files.scan():
        if places and places[-1].file == place.file and 0 < places[-1].end == place.start:
            places[-1] = replace(places[-1], end=place.end)
        else:
            places.append(place)
        count, length = count + 1, length + len(text.text)
        digest.update(f"{len(text.id)} {text.id} {len(text.text)} {text.text}".encode("utf8", "surrogatepass"))
        if length >= characters:
            yield Portion(tuple(places), count, length, digest.hexdigest())
            places, count, length, digest = [], 0, 0, hashlib.sha256()
    if places:
        yield Portion(tuple(places), count, length, digest.hexdigest())


def _find(path: Path) -> dict[str, RawFile]:
    archive, _ = split_archive(path)
    if path.is_file() and archive is None:
        suffix = next((suffix for suffix in WITH_ZIPPED if path.name.lower().endswith(suffix)), None)
        if suffix is None:
            raise ProjectError("not a file of texts by its name", where=path, remedy=_EXPECTED)
        return {path.name[: -len(suffix)]: path}
    if not (archive or path).exists():
        raise ProjectError("no such file or folder", where=path, remedy=_EXPECTED)
    files = search_files(path, WITH_ZIPPED)
    if not files:
        raise ProjectError("no texts in this folder", where=path, remedy=_EXPECTED)
    return files


def _is_text(file: RawFile) -> bool:
    return file.name.lower().endswith(TEXT)


def _is_docs(file: RawFile) -> bool:
    return file.name.lower().endswith(DOCS)


def _lines(file: RawFile) -> Iterator[bytes]:
    """YIELDS (bytes): Each line with its end, unpacked if the file is compressed."""
    with open_file(file) as stream:
        yield from gzip.GzipFile(fileobj=stream) if file.name.lower().endswith(ZIPPED) else stream
