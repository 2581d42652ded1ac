"""Read JSON and JSON lines with the location of each value, check the values of objects, and write JSON lines."""
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
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.schema import Document, Fragment

# The key that our own writers use for annotated stretches. Tools keep unknown keys.
STRETCHES = "annotated_stretches"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_REMEDY = "write one JSON object per line"
_STRETCHES_REMEDY = "expected [[start, end], ...] in ascending order without overlaps, or no such key"


@dataclass(frozen=True)
class Row:
    """A JSON object with a document.

    where (str): Its location, for errors.
    data (Mapping): The object.
    document (Document): The document read from it.
    """

    where: str
    data: Mapping[str, Any]
    document: Document

    def rename(self, name: str) -> "Row":
        """RETURNS (Row): The row with a different document id."""
        return replace(self, document=replace(self.document, id=name))


def read_rows(file: RawFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a file of JSON lines.

    file (RawFile): A UTF-8 file with one JSON object per line. Lines with only whitespace are skipped.
    YIELDS (tuple[int, dict]): The number of a line, counted from 1, and the object in it.
    RAISES (ProjectError): If a line is not a JSON object, or an object has a key twice.
    """
    for number, line in enumerate(read_lines(file), start=1):
        if line.strip():
            yield number, parse_row(line, f"{file}:{number}")


def parse_row(line: str, where: str) -> dict[str, Any]:
    """Parse a line of JSON.

    RETURNS (dict): The JSON object in it.
    RAISES (ProjectError): If it isn't a JSON object.
    """
    return check_object(_parse(line, where), where, _REMEDY)


def read_values(file: RawFile, remedy: str) -> list[tuple[str, Any]]:
    """Read a file with either a single JSON value or one per line.

    file (RawFile): A UTF-8 file.
    remedy (str): What to do if the file is neither.
    RETURNS (list[tuple[str, Any]]): Each value with its location, which is just the file if there is a single value.
    RAISES (ProjectError): If it isn't JSON, or an object has a key twice.
    """
    lines = split_lines(read_text(file))
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(filled) > 1 and _is_value(filled[0][1]):
        return [(f"{file}:{number}", _parse(line, f"{file}:{number}", remedy)) for number, line in filled]
    return [(str(file), _parse("\n".join(lines), str(file), remedy))] if filled else []


def items_of(values: list[Any], where: str) -> list[tuple[str, Any]]:
    """RETURNS (list[tuple[str, Any]]): The items of a JSON array with their locations, counted from 1."""
    return [(f"{where}, item {number}", value) for number, value in enumerate(values, start=1)]


def check_object(value: Any, where: str, remedy: str = "") -> dict[str, Any]:
    """Check that a value is a JSON object.

    RETURNS (dict): The value.
    RAISES (ProjectError): If it isn't a JSON object.
    """
    if not isinstance(value, dict):
        raise ProjectError(f"expected a JSON object, got {type(value).__name__}", where=where, remedy=remedy)
    return value


def check_value(data: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    """Get a value from a JSON object and check its type.

    data (Mapping): The object.
    key (str): The key of the value.
    kind (type): The exact type of the value: `True` is not an integer.
    where (str): The object's location, for errors.
    RETURNS (Any): The value.
    RAISES (ProjectError): If it is missing, has a different type, or is text that can't be encoded in UTF-8.
    """
    if key not in data:
        raise ProjectError(f"missing key '{key}'", where=where)
    value = data[key]
    if type(value) is not kind:
        raise ProjectError(f"key '{key}' is not of type {kind.__name__} (got {type(value).__name__})", where=where)
    if isinstance(value, str) and has_half_pair(value):
        raise ProjectError(f"key '{key}' has half of a surrogate pair", where=where, remedy="repair its \\u escapes")
    return value


def check_name(data: Mapping[str, Any], key: str, default: str, where: str) -> str:
    """Get an id or a person's name from a JSON object.

    data (Mapping): The object.
    key (str): The key of the name.
    default (str): The name to use if it is missing, null or empty.
    where (str): The object's location, for errors.
    RETURNS (str): The name. Numbers are converted to text.
    RAISES (ProjectError): If it is neither text nor a whole number.
    """
    if type(data.get(key)) is int:
        return str(data[key])
    return default if data.get(key) in (None, "") else check_value(data, key, str, where)


def read_stretches(data: Mapping[str, Any], where: str) -> Optional[tuple[Fragment, ...]]:
    """RETURNS (Optional[tuple]): The annotated stretches for `Document.annotated`, or None if there is no such key."""
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
    """RETURNS (dict): The annotated stretches for `read_stretches`. Empty if the whole document is annotated."""
    return {} if document.annotated is None else {STRETCHES: [list(stretch) for stretch in document.annotated]}


def check_writable(documents: Iterable[Document]) -> list[Document]:
    """Check that documents can be written as JSON and read back.

    documents (Iterable[Document]): The documents.
    RETURNS (list[Document]): The same documents.
    RAISES (ProjectError): If a document has no id or the same as another one, a mention in several pieces, which these
        formats can't store, or text that can't be encoded in UTF-8.
    """
    checked = list(documents)
    for document in checked:
        where = f"document {document.id!a}"
        if not document.id:
            raise ProjectError("a document without an id", where=where, remedy="add one")
        for mention in document.mentions:
            if len(fragments_of(mention)) > 1:
                remedy = "write the corpus in brat's format, or join the pieces first"
                what = f"mention {mention.id} is in several pieces, which this format can't store"
                raise ProjectError(what, where=where, remedy=remedy)
        said = [text for mention in document.mentions for text in (mention.id, mention.label, mention.text or "")]
        if any(map(has_half_pair, (document.id, document.text, document.annotator, *said))):
            raise ProjectError("half of a surrogate pair, which can't be written", where=where)
    check_ids((document.id, f"document {document.id!a}") for document in checked)
    return checked


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write JSON lines atomically.

    rows (Iterable[Mapping]): The objects.
    path (Path): The output file.
    """
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def has_half_pair(text: str) -> bool:
    """RETURNS (bool): Whether a text contains a lone surrogate from a `\\u` escape, which can't be encoded in UTF-8."""
    return bool(_HALF_PAIR.search(text))


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _parse(text: str, where: str, remedy: str = _REMEDY) -> Any:
    try:
        # Unlike strict parsers, the standard library's accepts NaN, which pandas writes for missing values.
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
    """Raise an error for duplicate keys. Python's parser would keep the last value without a warning."""
    data = dict(pairs)
    if len(data) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key '{name_id(key)}' occurs twice")
    return data
