"""Read settings files into validated pydantic models, with one line that names file and key for each mistake."""
import difflib
import re
from pathlib import Path
from typing import Any, Iterator, Type, TypeVar, get_args

import srsly
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from scripts.base.errors import ProjectError

# As `repr` shows it, which escapes a backslash of the text itself.
_HALF_PAIR = re.compile(r"(?<!\\)\\ud[89a-f]")
# What pydantic would take other kinds of values for: true for 1, "3" for 3, 1 for true.
NUMBERS = ("int", "float", "bool")


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
    try:
        data = srsly.read_yaml(path)
    except ValueError as error:
        raise _yaml_mistake(error, path) from None
    if not isinstance(data, dict):
        raise ProjectError("expected `key: value` lines", where=path)
    if _HALF_PAIR.search(repr(data)):
        raise ProjectError("half of a surrogate pair", where=path, remedy="repair its \\u escapes")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ProjectError(_first_mistake(error, model), where=path) from None


def suggest(name: str, known: list[str]) -> str:
    """RETURNS (str): `did you mean 'x'?` if a known name is close, else the list of known names."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def _similar_files(path: Path) -> str:
    names = [other.stem for other in path.parent.glob(f"*{path.suffix}")]
    return suggest(path.stem, names) if names else ""


def _yaml_mistake(error: ValueError, path: Path) -> ProjectError:
    # srsly's own message holds the parser's, over several lines, with the path twice.
    parser_error = error.__context__
    mark = getattr(parser_error, "problem_mark", None)
    reason = " ".join(str(getattr(parser_error, "problem", None) or error).split())
    return ProjectError(f"not valid YAML ({reason})", where=f"{path}:{mark.line + 1}" if mark else path)


def _first_mistake(error: ValidationError, model: Type[Settings]) -> str:
    mistake = error.errors()[0]
    place = mistake["loc"]
    key = ".".join(map(str, place))
    if mistake["type"] == "extra_forbidden":
        hint = suggest(str(place[-1]), _keys_at(model, place[:-1]))
        return f"unknown key '{key}'. {hint[:1].upper()}{hint[1:]}"
    if mistake["type"] == "missing":
        return f"missing key '{key}'"
    message = mistake["msg"].removeprefix("Value error, ")
    # The value of a whole section would be a whole file on one line.
    got = "" if isinstance(mistake["input"], dict) else f" (got {mistake['input']!r})"
    return f"key '{key}': {message}{got}" if key else message


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
