"""Hold the record of an encoder: which one it is, where it lies, and the hash of its files."""
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from scripts.base.errors import ProjectError
from scripts.base.files import read_json, write_json

MADE_BY = "encoder"


@dataclass(frozen=True)
class EncoderRecord:
    """Which encoder the project uses.

    name (str): As the user gave it; the offline encoder's own name.
    path (Path): Folder that transformers loads without network; relative to the project folder where it is inside.
    revision (str): Commit of a hub model, package of the offline encoder; empty for a folder.
    sha256 (str): One hash over the folder's files.
    layers (int): Transformer layers.
    hidden_size (int): Width of a token's vector.
    vocabulary (int): Rows of the word embeddings.
    """

    name: str
    path: Path
    revision: str
    sha256: str
    layers: int
    hidden_size: int
    vocabulary: int


def write_encoder(record: EncoderRecord, path: Path) -> None:
    """Write a record as JSON, whole or not at all."""
    write_json(path, {**asdict(record), "path": record.path.as_posix()})


def baseline_encoder_file(folder: Path, baseline: str) -> Path:
    """RETURNS (Path): Where the record of the encoder that a baseline has for itself stands."""
    return folder / f"encoder.{baseline}.json"


def read_encoder(path: Path) -> EncoderRecord:
    """Read a record that `write_encoder` wrote.

    path (Path): Such as training/encoder.json.
    RETURNS (EncoderRecord): The record.
    RAISES (ProjectError): If the file or the encoder's folder is absent, or the file is something else.
    """
    data = read_json(path, made_by=MADE_BY)
    remedy = f"run `weasel run {MADE_BY}` again"
    if not isinstance(data, dict) or set(data) != {field.name for field in fields(EncoderRecord)}:
        raise ProjectError("not the record of an encoder", where=path, remedy=remedy)
    record = EncoderRecord(**{**data, "path": Path(data["path"])})
    if not record.path.is_dir():
        raise ProjectError(f"the encoder's folder {record.path} is gone", where=path, remedy=remedy)
    return record
