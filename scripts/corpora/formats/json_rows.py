"""Read JSON and JSON lines with the place where each value stands, check what an object holds, and write JSON lines."""
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional

from scripts.base.errors import ProjectError, name_id
from scripts.base.files import write_text
from scripts.corpora.formats.documents import check_ids
from scripts.corpora.formats.raw import RawFile, read_lines, read_text, split_lines
from scripts.corpora.harmonise import fragments_of
from scripts.corpora.schema import Document, Fragment

# The key that our own writers put the stretches that somebody annotated under. Tools keep keys that they do not know.
STRETCHES = "annotated_stretches"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_REMEDY = "write one JSON object a line"
_STRETCHES_REMEDY = "expected [[start, end], ...], ascending and apart, or no such key"


@dataclass(frozen=True)
class Row:
    """A JSON object that holds a document.

    where (str): Its place, for errors.
    data (Mapping): The object.
    document (Document): What was read of it.
    """

    where: str
    data: Mapping[str, Any]
    document: Document

    def rename(self, name: str) -> "Row":
        """RETURNS (Row): The row, with another id of its document."""
        return replace(self, document=replace(self.document, id=name))


def read_rows(file: RawFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a file of JSON lines.

    file (RawFile): A UTF-8 file, one JSON object a line; lines of white space are passed over.
    YIELDS (tuple[int, dict]): The number of a line, counted from 1, and the object in it.
    RAISES (ProjectError): If a line is not a JSON object, or an object has a key twice.
    """
    for number, line in enumerate(read_lines(file), start=1):
        if line.strip():
            yield number, parse_row(line, f"{file}:{number}")


def parse_row(line: str, where: str) -> dict[str, Any]:
    """RETURNS (dict): The JSON object in a line; a ProjectError says what else it holds."""
    return check_object(_parse(line, where), where, _REMEDY)


def read_values(file: RawFile, remedy: str) -> list[tuple[str, Any]]:
    """Read a file that is either one JSON value or one a line.

    file (RawFile): A UTF-8 file.
    remedy (str): What to do about a file that is neither.
    RETURNS (list[tuple[str, Any]]): Each value with its place: the file alone if there is one value in it.
    RAISES (ProjectError): If it is no JSON, or an object has a key twice.
    """
    lines = split_lines(read_text(file))
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(filled) > 1 and _is_value(filled[0][1]):
        return [(f"{file}:{number}", _parse(line, f"{file}:{number}", remedy)) for number, line in filled]
    return [(str(file), _parse("\n".join(lines), str(file), remedy))] if filled else []


def items_of(values: list[Any], where: str) -> list[tuple[str, Any]]:
    """RETURNS (list[tuple[str, Any]]): The items of a JSON array, each with its place, counted from 1."""
    return [(f"{where}, item {number}", value) for number, value in enumerate(values, start=1)]


def check_object(value: Any, where: str, remedy: str = "") -> dict[str, Any]:
    """RETURNS (dict): The value, which has to be a JSON object; a ProjectError says what it is otherwise."""
    if not isinstance(value, dict):
        raise ProjectError(f"expected a JSON object, got {type(value).__name__}", where=where, remedy=remedy)
    return value


def check_value(data: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    """Take a value out of a JSON object.

    data (Mapping): The object.
    key (str): The key of the value.
    kind (type): Exactly the value's type: `True` is no integer.
    where (str): The object's place, for errors.
    RETURNS (Any): The value.
    RAISES (ProjectError): If it is absent, of another type, or text that no UTF-8 file could hold.
    """
    if key not in data:
        raise ProjectError(f"missing key '{key}'", where=where)
    value = data[key]
    if type(value) is not kind:
        raise ProjectError(f"key '{key}' is not of type {kind.__name__} (got {type(value).__name__})", where=where)
    if isinstance(value, str) and has_half_pair(value):
        raise ProjectError(f"key '{key}' holds half of a surrogate pair", where=where, remedy="repair its \\u escapes")
    return value


def check_name(data: Mapping[str, Any], key: str, default: str, where: str) -> str:
    """Take an id or a person's name out of a JSON object.

    data (Mapping): The object.
    key (str): The key of the name.
    default (str): What it is if it is absent, null or empty.
    where (str): The object's place, for errors.
    RETURNS (str): The name; that of a number is its digits.
    RAISES (ProjectError): If it is neither text nor a whole number.
    """
    if type(data.get(key)) is int:
        return str(data[key])
    return default if data.get(key) in (None, "") else check_value(data, key, str, where)


def read_stretches(data: Mapping[str, Any], where: str) -> Optional[tuple[Fragment, ...]]:
    """RETURNS (Optional[tuple]): The stretches that somebody annotated, for `Document.annotated`; None if not told."""
    if data.get(STRETCHES) is None:
        return None
    stretches = check_value(data, STRETCHES, list, where)
    if any(type(one) is not list or [type(offset) for offset in one] != [int, int] for one in stretches):
        raise ProjectError(f"key '{STRETCHES}' holds no offsets", where=where, remedy=_STRETCHES_REMEDY)
    offsets = [offset for one in stretches for offset in one]
    if any(start >= end for start, end in stretches) or offsets != sorted(offsets):
        raise ProjectError(f"key '{STRETCHES}' is out of order", where=where, remedy=_STRETCHES_REMEDY)
    return tuple((start, end) for start, end in stretches)


def stretches_of(document: Document) -> dict[str, Any]:
    """RETURNS (dict): What `read_stretches` reads back; empty for a document that is annotated throughout."""
    return {} if document.annotated is None else {STRETCHES: [list(stretch) for stretch in document.annotated]}


def check_writable(documents: Iterable[Document]) -> list[Document]:
    """Check that documents can be written as JSON and read back.

    documents (Iterable[Document]): The documents.
    RETURNS (list[Document]): The same.
    RAISES (ProjectError): If one has no id or that of another one, a mention in several pieces, for which these formats
        have no form, or text that no file can hold.
    """
    checked = list(documents)
    for document in checked:
        where = f"document {document.id!a}"
        if not document.id:
            raise ProjectError("a document without an id", where=where, remedy="name it")
        for mention in document.mentions:
            if len(fragments_of(mention)) > 1:
                remedy = "write the corpus in brat's format, or join the pieces first"
                what = f"mention {mention.id} is in several pieces, which this format cannot say"
                raise ProjectError(what, where=where, remedy=remedy)
        said = [text for mention in document.mentions for text in (mention.id, mention.label, mention.text or "")]
        if any(map(has_half_pair, (document.id, document.text, document.annotator, *said))):
            raise ProjectError("half of a surrogate pair, which no file can hold", where=where)
    check_ids((document.id, f"document {document.id!a}") for document in checked)
    return checked


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write JSON lines, whole or not at all.

    rows (Iterable[Mapping]): The objects.
    path (Path): The file.
    """
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def has_half_pair(text: str) -> bool:
    """RETURNS (bool): Whether a `\\u` escape without its partner stands in a text, which no file can hold."""
    return bool(_HALF_PAIR.search(text))


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _parse(text: str, where: str, remedy: str = _REMEDY) -> Any:
    try:
        # The standard library's parser takes a bare NaN, which pandas writes for what is missing; strict ones do not.
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ProjectError("JSON that is nested too deeply", where=where, remedy=remedy) from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        what = f"not a JSON object ({error.msg}, {line}column {error.colno})"
        raise ProjectError(what, where=where, remedy=remedy) from None
    except ValueError as error:
        raise ProjectError(f"not a JSON object ({error})", where=where, remedy=remedy) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python's parser would keep the last of two values under one key and lose the other in silence."""
    data = dict(pairs)
    if len(data) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key '{name_id(key)}' stands in it twice")
    return data
