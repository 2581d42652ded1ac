"""Read settings files into validated pydantic models, and report a mistake in one line with the file and the key."""
import difflib
import re
import warnings
from pathlib import Path
from typing import Any, Iterator, Type, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema
from srsly.ruamel_yaml import YAML
from srsly.ruamel_yaml.nodes import MappingNode, Node, SequenceNode

from scripts.base.errors import ProjectError

# A lone surrogate as `repr` shows it. A backslash in the text itself is escaped.
_HALF_PAIR = re.compile(r"(?<!\\)\\ud[89a-f]")
# Types that pydantic would convert other values to: true to 1, "3" to 3, 1 to true.
NUMBERS = ("int", "float", "bool")
# The most values a file may have once its aliases (`*name`) are expanded: a few lines can expand to gigabytes.
MOST_VALUES = 200_000
# Bytes. Reading a file of this size takes three seconds if each value has two bytes.
LARGEST_FILE = 100_000
# A file name consists of several of these names, and can have 255 bytes.
LONGEST_NAME = 40
NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
# The most characters of a wrong value or key that an error shows.
LONGEST_VALUE = 60


def _strict_numbers(schema: Any) -> Any:
    """RETURNS (Any): A pydantic core schema that accepts only numbers as numbers and only booleans as booleans."""
    # Not `strict=True` in model_config: that would also reject text for a Path and a section for a model.
    if isinstance(schema, list | tuple):
        return type(schema)(map(_strict_numbers, schema))
    if not isinstance(schema, dict):
        return schema
    inner = {key: value if key in ("metadata", "default") else _strict_numbers(value) for key, value in schema.items()}
    return {**inner, "strict": True} if schema.get("type") in NUMBERS else inner


class Settings(BaseModel):
    """Base of all settings. They are frozen, and unknown keys and values of the wrong type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        strict: CoreSchema = _strict_numbers(handler(source))
        return strict


SettingsT = TypeVar("SettingsT", bound=Settings)


def read_settings(path: Path, model: Type[SettingsT]) -> SettingsT:
    """Read and validate a YAML settings file.

    path (Path): The file.
    model (Type[Settings]): The model to validate its contents with.
    RETURNS (Settings): The validated settings.
    RAISES (ProjectError): If the file doesn't exist or isn't YAML, or a key is unknown, missing or has a wrong value.
    """
    if not path.is_file():
        raise ProjectError("no such settings file", where=path, remedy=_similar_files(path))
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise ProjectError("expected `key: value` lines", where=path)
    if _has_half_pair(data):
        raise ProjectError("half of a surrogate pair", where=path, remedy="repair its \\u escapes")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ProjectError(_first_mistake(error, model), where=path) from None


def _has_half_pair(data: Any) -> bool:
    try:
        return _HALF_PAIR.search(repr(data)) is not None
    except ValueError:
        # Python refuses to print an integer of 4,300 digits. Validation will report it as a wrong value.
        return False


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    path (Path): The file.
    RETURNS (Any): Its contents.
    RAISES (ProjectError): If it isn't YAML, is too large, or its aliases expand to too many values.
    """
    if path.stat().st_size > LARGEST_FILE:
        what = f"the file has {path.stat().st_size:,} bytes, but a settings file can have at most {LARGEST_FILE:,}"
        raise ProjectError(what, where=path, remedy="check that it is a settings file")
    try:
        constructor, _ = YAML(typ="safe", pure=True).get_constructor_parser(path.read_text(encoding="utf8"))
        # Checked before the values are constructed, because that expands merged aliases (`<<: [*a, *a]`).
        with warnings.catch_warnings():
            # One of several lines for each duplicate anchor.
            warnings.simplefilter("ignore")
            root = constructor.composer.get_single_node()
        if _is_endless(root):
            what = f"more than {MOST_VALUES:,} values, or an alias (`*name`) that contains itself"
            raise ProjectError(what, where=path, remedy="shorten the file, and write it without aliases")
        return constructor.construct_document(root) if root else None
    except ProjectError:
        raise
    except RecursionError:
        raise ProjectError("YAML that is nested too deeply", where=path) from None
    # The parser doesn't raise ValueError, and the constructors of numbers and dates may raise anything.
    except Exception as error:
        raise _yaml_mistake(error, path) from None


def _is_endless(root: Node | None) -> bool:
    """RETURNS (bool): Whether a document has too many values once its aliases are expanded."""
    left, count = [root] if root else [], 0
    while left and count <= MOST_VALUES:
        node = left.pop()
        count += 1
        if isinstance(node, SequenceNode):
            left += node.value
        elif isinstance(node, MappingNode):
            left += (one for pair in node.value for one in pair)
    return count > MOST_VALUES


def check_name(name: str, where: object, reserved: str = "") -> None:
    """Check a name that becomes part of file names, commands and tables.

    name (str): The name.
    where (object): What has this name, for the error.
    reserved (str): A name already in use, in lower case, since some file systems don't distinguish `A` from `a`.
    RAISES (ProjectError): If it has characters other than letters, digits, `_` and `-`, begins with `-`, is too long or
        is reserved.
    """
    if not NAME.fullmatch(name):
        remedy = f"use up to {LONGEST_NAME} characters of a-z, A-Z, 0-9, _ and -, and don't begin with -"
        raise ProjectError(f"'{shorten(name)}' is not a valid name", where=where, remedy=remedy)
    if name.lower() == reserved:
        raise ProjectError(f"'{name}' is a name that the project itself uses", where=where, remedy="choose another")


def suggest(name: str, known: list[str]) -> str:
    """RETURNS (str): `did you mean 'x'?` if a known name is similar, otherwise the list of known names."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def _similar_files(path: Path) -> str:
    names = [other.stem for other in path.parent.glob(f"*{path.suffix}")]
    return suggest(path.stem, names) if names else ""


def _yaml_mistake(error: Exception, path: Path) -> ProjectError:
    # The parser's full message has several lines, and the path twice.
    mark = getattr(error, "problem_mark", None)
    reason = shorten(" ".join(str(getattr(error, "problem", None) or error).split()))
    return ProjectError(f"not valid YAML ({reason})", where=f"{path}:{mark.line + 1}" if mark else path)


def shorten(text: str) -> str:
    """RETURNS (str): A text, cut if it is too long for a one-line error."""
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _first_mistake(error: ValidationError, model: Type[Settings]) -> str:
    mistake = error.errors()[0]
    place = mistake["loc"]
    key = shorten(".".join(map(str, place)))
    if mistake["type"] == "extra_forbidden":
        hint = suggest(str(place[-1]), _keys_at(model, place[:-1]))
        return f"unknown key '{key}'. {hint[:1].upper()}{hint[1:]}"
    if mistake["type"] == "missing":
        return f"missing key '{key}'"
    message = mistake["msg"].removeprefix("Value error, ")
    # A whole section would put a whole file on one line.
    got = "" if isinstance(mistake["input"], dict) else f" (got {_shown(mistake['input'])})"
    return f"key '{key}': {message}{got}" if key else message


def _shown(value: Any) -> str:
    try:
        return shorten(repr(value))
    except ValueError:
        return f"a {type(value).__name__} with too many digits to print"


def _keys_at(model: Type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """RETURNS (list[str]): The keys of the section at a location such as `("few_shot", "training")`."""
    for part in place:
        field = model.model_fields.get(str(part))
        model = next(_models_in(field.annotation), model) if field else model
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[Type[BaseModel]]:
    """YIELDS (Type[BaseModel]): The models within a type such as `Optional[list[Training]]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
