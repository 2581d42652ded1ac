"""Read settings files into validated pydantic models, with one line that names file and key for each mistake."""
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

# As `repr` shows it, which escapes a backslash of the text itself.
_HALF_PAIR = re.compile(r"(?<!\\)\\ud[89a-f]")
# What pydantic would take other kinds of values for: true for 1, "3" for 3, 1 for true.
NUMBERS = ("int", "float", "bool")
# What a file may come to when each alias (`*name`) is written out: a few lines can stand for gigabytes.
MOST_VALUES = 200_000
# Bytes of a file that it is read at all; it takes three seconds to read so many if each value has two.
LARGEST_FILE = 100_000
# Several of them make a file's name, for which there is room for 255 bytes.
LONGEST_NAME = 40
NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
# Characters of a wrong value, or of a key, that an error shows.
LONGEST_VALUE = 60


def _strict_numbers(schema: Any) -> Any:
    """RETURNS (Any): A pydantic core schema that takes numbers for numbers alone, and booleans for booleans alone."""
    # Not `strict=True` in model_config: that would also refuse text for a Path, and a section for a model.
    if isinstance(schema, list | tuple):
        return type(schema)(map(_strict_numbers, schema))
    if not isinstance(schema, dict):
        return schema
    inner = {key: value if key in ("metadata", "default") else _strict_numbers(value) for key, value in schema.items()}
    return {**inner, "strict": True} if schema.get("type") in NUMBERS else inner


class Settings(BaseModel):
    """Base of all settings: frozen; an unknown key is an error, and so is a number where true or false is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        strict: CoreSchema = _strict_numbers(handler(source))
        return strict


SettingsT = TypeVar("SettingsT", bound=Settings)


def read_settings(path: Path, model: Type[SettingsT]) -> SettingsT:
    """Read and validate a YAML settings file.

    path (Path): The file.
    model (Type[Settings]): What it has to hold.
    RETURNS (Settings): The validated settings.
    RAISES (ProjectError): If the file is absent, is not YAML, or a key is unknown, missing or has a wrong value.
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
        # Python writes out no integer of 4,300 digits; it is no value of any key, and told as such.
        return False


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    path (Path): The file.
    RETURNS (Any): What it holds.
    RAISES (ProjectError): If it is not YAML, is too large, or its aliases stand for more than any settings are.
    """
    if path.stat().st_size > LARGEST_FILE:
        what = f"{path.stat().st_size:,} bytes, more than any settings have ({LARGEST_FILE:,})"
        raise ProjectError(what, where=path, remedy="check that it is a settings file")
    try:
        constructor, _ = YAML(typ="safe", pure=True).get_constructor_parser(path.read_text(encoding="utf8"))
        # Looked at before it is made: a merge of aliases (`<<: [*a, *a]`) is written out while it is.
        with warnings.catch_warnings():
            # Of each name that is given twice, in several lines.
            warnings.simplefilter("ignore")
            root = constructor.composer.get_single_node()
        if _is_endless(root):
            what = f"more than {MOST_VALUES:,} values, or an alias (`*name`) within what it stands for"
            raise ProjectError(what, where=path, remedy="write less, and without aliases")
        return constructor.construct_document(root) if root else None
    except ProjectError:
        raise
    except RecursionError:
        raise ProjectError("YAML that is nested too deeply", where=path) from None
    # What the parser raises is no ValueError, and the constructors of numbers and dates raise any.
    except Exception as error:
        raise _yaml_mistake(error, path) from None


def _is_endless(root: Node | None) -> bool:
    """RETURNS (bool): Whether a document comes to too many values, aliases written out."""
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
    """Check a name that becomes a part of file names, commands and tables.

    name (str): The name.
    where (object): What is called so, for the error.
    reserved (str): A name that something else has; file systems may take `A` and `a` for one.
    RAISES (ProjectError): If it has other characters than letters, digits, `_` and `-`, begins with `-`, is too long or
        is reserved.
    """
    if not NAME.fullmatch(name):
        remedy = f"use up to {LONGEST_NAME} of a-z, A-Z, 0-9, _ and -, not beginning with -"
        raise ProjectError(f"'{shorten(name)}' can't be a name", where=where, remedy=remedy)
    if name.lower() == reserved:
        raise ProjectError(f"'{name}' is a name that the project itself uses", where=where, remedy="choose another one")


def suggest(name: str, known: list[str]) -> str:
    """RETURNS (str): `did you mean 'x'?` if a known name is close, else the list of known names."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def _similar_files(path: Path) -> str:
    names = [other.stem for other in path.parent.glob(f"*{path.suffix}")]
    return suggest(path.stem, names) if names else ""


def _yaml_mistake(error: Exception, path: Path) -> ProjectError:
    # The parser's whole message has several lines, with the path twice.
    mark = getattr(error, "problem_mark", None)
    reason = shorten(" ".join(str(getattr(error, "problem", None) or error).split()))
    return ProjectError(f"not valid YAML ({reason})", where=f"{path}:{mark.line + 1}" if mark else path)


def shorten(text: str) -> str:
    """RETURNS (str): A text's beginning, where it is too long for an error of one line."""
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
    # The value of a whole section would be a whole file on one line, and Python writes out no integer of 4,300 digits.
    got = "" if isinstance(mistake["input"], dict) else f" (got {_shown(mistake['input'])})"
    return f"key '{key}': {message}{got}" if key else message


def _shown(value: Any) -> str:
    try:
        return shorten(repr(value))
    except ValueError:
        return f"a {type(value).__name__} of very many digits"


def _keys_at(model: Type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """RETURNS (list[str]): The keys of the section at a place such as `("few_shot", "training")`."""
    for part in place:
        field = model.model_fields.get(str(part))
        model = next(_models_in(field.annotation), model) if field else model
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[Type[BaseModel]]:
    """YIELDS (Type[BaseModel]): The models that a type such as `Optional[list[Training]]` is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
