"""Read a file of JSON lines as objects with the place where each stands, and check what an object holds."""
import json
import re
from collections import Counter
from typing import Any, Iterator, Mapping

from scripts.base.errors import ProjectError
from scripts.corpora.formats.raw import RawFile, read_lines

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_REMEDY = "write one JSON object a line"


def read_rows(file: RawFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a file of JSON lines.

    file (RawFile): A UTF-8 file, one JSON object a line; lines of white space are passed over.
    YIELDS (tuple[int, dict]): The number of a line, counted from 1, and the object in it.
    RAISES (ProjectError): If a line is not a JSON object, or an object has a key twice.
    """
    for number, line in enumerate(read_lines(file), start=1):
        if line.strip():
            yield number, _parse(line, f"{file}:{number}")


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


def has_half_pair(text: str) -> bool:
    """RETURNS (bool): Whether a `\\u` escape without its partner stands in a text, which no file can hold."""
    return bool(_HALF_PAIR.search(text))


def _parse(line: str, where: str) -> dict[str, Any]:
    try:
        # The standard library's parser takes a bare NaN, which pandas writes for what is missing; strict ones do not.
        row = json.loads(line, object_pairs_hook=_object)
    except RecursionError:
        raise ProjectError("JSON that is nested too deeply", where=where, remedy=_REMEDY) from None
    except json.JSONDecodeError as error:
        what = f"not a JSON object ({error.msg}, column {error.colno})"
        raise ProjectError(what, where=where, remedy=_REMEDY) from None
    except ValueError as error:
        raise ProjectError(f"not a JSON object ({error})", where=where, remedy=_REMEDY) from None
    if not isinstance(row, dict):
        raise ProjectError(f"expected a JSON object, got {type(row).__name__}", where=where, remedy=_REMEDY)
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python's parser would keep the last of two values under one key and lose the other in silence."""
    data = dict(pairs)
    if len(data) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {key!a} stands in it twice")
    return data
