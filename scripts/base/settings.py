"""Settings files: YAML in, a validated pydantic model out, and one line that names file and key for each mistake."""
import difflib
from pathlib import Path
from typing import Any, Iterator, Type, TypeVar, get_args

import srsly
from pydantic import BaseModel, ConfigDict, ValidationError

from scripts.base.errors import ProjectError


class Settings(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
