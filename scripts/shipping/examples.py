"""Read manually annotated texts that are not in any corpus from a folder of *.jsonl files."""
from pathlib import Path
from typing import Optional

import srsly
from pydantic import ValidationError, model_validator

from scripts.base.errors import ProjectError
from scripts.base.settings import Settings


class Entity(Settings):
    """An entity: from character `start` to `end` (exclusive), with its type."""

    start: int
    end: int
    label: str


class AnnotatedText(Settings):
    """A text with its entities."""

    text: str
    entities: list[Entity]

    @model_validator(mode="after")
    def _inside_text(self) -> "AnnotatedText":
        for entity in self.entities:
            if not 0 <= entity.start < entity.end <= len(self.text):
                raise ValueError(f"entity {entity.start}-{entity.end} is not inside the text")
        return self


def find_examples(folder: Optional[Path]) -> list[Path]:
    """Find files of annotated texts.

    folder (Path): Folder with one file per language. None if the experiment has none.
    RETURNS (list[Path]): The files, sorted.
    RAISES (ProjectError): If there are no files.
    """
    if folder is None:
        return []
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise ProjectError("no *.jsonl files", where=folder, remedy="correct `ship.examples` in the experiment file")
    return paths


def read_examples(folder: Optional[Path]) -> dict[str, list[AnnotatedText]]:
    """Read annotated texts.

    folder (Path): Folder with one file per language, with one text per line. None if the experiment has none.
    RETURNS (dict[str, list[AnnotatedText]]): The texts by file name (without suffix), in the order of the lines.
    RAISES (ProjectError): If there are no files, or a line is invalid.
    """
    return {path.stem: _read_file(path) for path in find_examples(folder)}


def _read_file(path: Path) -> list[AnnotatedText]:
    lines = path.read_text(encoding="utf8").split("\n")
    return [_read_line(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def _read_line(line: str, where: str) -> AnnotatedText:
    try:
        return AnnotatedText.model_validate(srsly.json_loads(line))
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join(map(str, mistake["loc"]))
        message = mistake["msg"].removeprefix("Value error, ")
        raise ProjectError(f"{key}: {message}" if key else message, where=where) from None
    except ValueError as error:
        raise ProjectError(f"not valid JSON ({error})", where=where) from None
