"""Read raw texts from files in portions, so that they don't have to fit into memory together."""
import gzip
import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Iterable, Iterator, Optional

from wasabi import msg

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats import docbin
from scripts.corpora.formats.brat import ABOUT
from scripts.corpora.formats.json_rows import check_name, check_value, parse_row
from scripts.corpora.formats.raw import (
    BYTE_ORDER_MARK,
    ZIPPED,
    RawFile,
    list_unread,
    open_file,
    read_bytes,
    read_text,
    search_files,
    split_archive,
)

TEXT, ROWS, DOCS, ARCHIVE = ".txt", (".jsonl", ".ndjson"), ".spacy", ".zip"
SUFFIXES = [TEXT, *ROWS, DOCS]
WITH_ZIPPED = [*SUFFIXES, *(suffix + ZIPPED for suffix in ROWS)]
_ABOUT_TEXTS = "about the texts (such as README.txt)"
_EXPECTED = "use a folder, zip archive or file: .txt (one text), .jsonl (a `text` per line) or .spacy"


@dataclass(frozen=True)
class RawText:
    """A text without annotations.

    id (str): The file name, the `id` of the row or Doc, or their number. If there are several files of rows or Docs,
        the file name comes first.
    text (str): The original text.
    """

    id: str
    text: str


@dataclass(frozen=True)
class Place:
    """The position of consecutive texts in a file.

    file (str): The file's name, as in `TextFiles.files`.
    start (int): First byte of rows, or number of the first Doc. 0 for a text.
    end (int): The position after the last byte or the last Doc.
    line (int): Number of the first row, starting at 1.
    """

    file: str
    start: int = 0
    end: int = 0
    line: int = 1


@dataclass(frozen=True)
class Portion:
    """Texts to process together.

    places (tuple[Place, ...]): The positions of the texts.
    texts (int): Number of texts.
    characters (int): Total number of characters.
    hash (str): Hash of their ids and texts.
    """

    places: tuple[Place, ...]
    texts: int
    characters: int
    hash: str


class TextFiles:
    """The texts below a path. `unread` lists the other files there, by suffix.

    Files about the texts, such as README.txt, are left out as in folders of brat files.

    path (Path): A folder, a zip archive, or a single file.
    RAISES (ProjectError): If there is nothing to read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files, about = _find(path)
        others = list_unread([path], [*self.files.values(), *about])
        self.unread = ", ".join(filter(None, [others, f"{len(about)} {_ABOUT_TEXTS}" if about else ""]))
        self._several = len(self.files) > 1
        # The contents of a file that can only be read from the start.
        self._kept: tuple[Optional[str], Any] = (None, None)

    def scan(self) -> Iterator[tuple[Place, RawText]]:
        """Read all texts in order.

        YIELDS (tuple[Place, RawText]): Each text with its position.
        RAISES (ProjectError): If a text can't be read, or two texts have the same id.
        """
        seen: set[int] = set()
        for name in self.files:
            for place, text in self._scan_file(name):
                # Only hashes of the ids are kept, so that millions of them take little memory.
                if hash(text.id) in seen:
                    what = f"two texts have the id '{name_id(text.id)}'"
                    raise ProjectError(what, where=self.files[name], remedy="give each row its own `id`")
                seen.add(hash(text.id))
                yield place, text

    def read(self, places: Iterable[Place]) -> Iterator[RawText]:
        """YIELDS (RawText): The texts at the given positions."""
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
        """YIELDS (RawText): The text of a row, unless the row is empty."""
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
    """Group texts into portions.

    files (TextFiles): The texts.
    characters (int): Minimum number of characters per portion, except for the last one.
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


def show_unread(files: TextFiles) -> None:
    """Print how many files next to the texts are not read."""
    if files.unread:
        msg.info(f"Files in {files.path} that are not read: {files.unread}")


def name_texts(path: Path) -> str:
    """RETURNS (str): The name of a folder, archive or file of texts, without the suffix of an archive or file."""
    # The name of `.` is that of the current folder.
    return _without_suffix(Path(os.path.abspath(path)).name, [*WITH_ZIPPED, ARCHIVE])


def _without_suffix(name: str, suffixes: Iterable[str]) -> str:
    """RETURNS (str): A file name without the first of the suffixes that it ends in, in any case."""
    suffix = next((suffix for suffix in suffixes if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)]


def _find(path: Path) -> tuple[dict[str, RawFile], list[RawFile]]:
    """RETURNS (tuple): The files of texts by name, and the files about them."""
    archive, _ = split_archive(path)
    if path.is_file() and archive is None:
        name = _without_suffix(path.name, WITH_ZIPPED)
        if name == path.name:
            raise ProjectError("unsupported file extension", where=path, remedy=_EXPECTED)
        return {name: path}, []
    if not (archive or path).exists():
        raise ProjectError("no such file or folder", where=path, remedy=_EXPECTED)
    found = search_files(path, WITH_ZIPPED)
    about = [name for name, file in found.items() if _is_text(file) and ABOUT.fullmatch(PurePath(name).name)]
    files = {name: file for name, file in found.items() if name not in about}
    if not files:
        raise ProjectError("no texts in this folder", where=path, remedy=_EXPECTED)
    return files, [found[name] for name in about]


def _is_text(file: RawFile) -> bool:
    return file.name.lower().endswith(TEXT)


def _is_docs(file: RawFile) -> bool:
    return file.name.lower().endswith(DOCS)


def _lines(file: RawFile) -> Iterator[bytes]:
    """YIELDS (bytes): Each line with its line break, decompressed if the file is compressed."""
    with open_file(file) as stream:
        yield from gzip.GzipFile(fileobj=stream) if file.name.lower().endswith(ZIPPED) else stream
