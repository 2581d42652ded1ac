"""Read the rows of a data set written by Hugging Face's `datasets` as JSON lines, one JSON array, or Parquet."""
import io
import json
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, cast

from scripts.base.errors import ProjectError
from scripts.corpora.formats.json_rows import check_object, items_of, read_values
from scripts.corpora.formats.raw import RawFile, find_own_files, read_bytes

SUFFIXES = [".jsonl", ".json", ".ndjson", ".parquet"]
INFO = "dataset_info.json"
# Files that `datasets` writes next to the rows.
NO_ROWS = {INFO, "dataset_infos.json", "dataset_dict.json", "state.json"}
_REMEDY = "write one JSON object per line, as `to_json` of `datasets` does"
_WITHOUT_PYARROW = "run `pip install datasets`, or export the rows as JSON lines with its `to_json`"


@dataclass(frozen=True)
class Rows:
    """The rows of a file.

    rows (list[tuple[str, dict]]): Each row with its location.
    features (Mapping[str, Any]): The description of the columns. Empty if there is none.
    """

    rows: list[tuple[str, dict[str, Any]]]
    features: Mapping[str, Any] = field(default_factory=dict)


def find_row_files(path: Path, annotations: Optional[Path]) -> dict[str, RawFile]:
    """Find the files with rows.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    RETURNS (dict[str, RawFile]): The files by name, without those that `datasets` writes next to the rows.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    found = find_own_files(path, annotations, SUFFIXES)
    files = {name: file for name, file in found.items() if file.name not in NO_ROWS}
    if not files:
        what = f"only files such as {', '.join(sorted({file.name for file in found.values()}))}, which have no rows"
        raise ProjectError(what, where=path, remedy="export the rows too, as JSON lines")
    return files


def find_info_files(files: Mapping[str, RawFile]) -> list[RawFile]:
    """RETURNS (list[RawFile]): The files next to the rows that describe the columns."""
    found = {str(info): info for info in map(_info_file, files.values()) if info.is_file()}
    return list(found.values())


def read_rows_of(file: RawFile) -> Rows:
    """Read a file of rows.

    file (RawFile): A JSON file or, by its suffix, a Parquet file.
    RETURNS (Rows): The rows. At least one.
    RAISES (ProjectError): If the file is damaged or empty or not a list of objects, or needs pyarrow for Parquet.
    """
    read = _read_parquet(file) if file.name.lower().endswith(".parquet") else Rows(list(_read_json(file)))
    if not read.rows:
        raise ProjectError("no documents in this file", where=file, remedy="remove the file, or write it again")
    info = _info_file(file)
    if not info.is_file():
        return read
    ((where, value), *_) = read_values(info, "write it again with `datasets`") or [(str(info), {})]
    return Rows(read.rows, _mapping(check_object(value, where).get("features")) or read.features)


def _info_file(file: RawFile) -> RawFile:
    # The parent of a file in an archive has the archive's type too, but the type hints don't say so.
    return cast(RawFile, file.parent) / INFO


def _read_json(file: RawFile) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, value in read_values(file, _REMEDY):
        for place, row in items_of(value, where) if isinstance(value, list) else [(where, value)]:
            yield place, check_object(row, place, _REMEDY)


def _read_parquet(file: RawFile) -> Rows:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        what = "a Parquet file, which can't be read without pyarrow"
        raise ProjectError(what, where=file, remedy=_WITHOUT_PYARROW) from None
    data = read_bytes(file)
    try:
        table = parquet.read_table(io.BytesIO(data))
        rows, metadata = table.to_pylist(), json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
    except Exception as error:  # For a damaged file, pyarrow raises many kinds of errors.
        what = f"not a Parquet file, or damaged ({type(error).__name__})"
        raise ProjectError(what, where=file, remedy="write it again with `to_parquet` of `datasets`") from None
    return Rows(items_of(rows, f"{file}"), _mapping(_mapping(_mapping(metadata).get("info")).get("features")))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
