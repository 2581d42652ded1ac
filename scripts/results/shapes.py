"""Read the project's JSON files into data classes, with one-line errors."""
from functools import lru_cache
from pathlib import Path
from typing import Any, Hashable, Type, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json

Shape = TypeVar("Shape")


@lru_cache(maxsize=16)
def adapter(shape: Hashable) -> TypeAdapter[Any]:
    """RETURNS (TypeAdapter): The adapter for a shape. Creating one takes longer than reading 100 files with it."""
    return TypeAdapter(cast(Any, shape))


def read_shape(path: Path, shape: Type[Shape], remedy: str) -> Shape:
    """Read a JSON file that the project has written.

    path (Path): The file.
    shape (Type[Shape]): A data class, or a mapping or list of data classes.
    remedy (str): What to do if the file is damaged.
    RETURNS (Shape): The validated contents.
    RAISES (ProjectError): If the file is missing, has changed since it was written, or doesn't have this shape.
    """
    try:
        reader: TypeAdapter[Shape] = adapter(cast(Hashable, shape))
        return reader.validate_python(read_checked_json(path, remedy=remedy))
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join(str(part) for part in mistake["loc"]) or "file"
        raise ProjectError(f"damaged file, key '{key}': {mistake['msg']}", where=path, remedy=remedy) from None
