"""Keep one record per encoder: which one it is, where it lies, and the hash of its files."""
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, read_json, write_json
from scripts.encoders.folder import hash_folder

FOLDER = "encoders"
MAKE_IT = "run `weasel run encoder` first"
MAKE_IT_AGAIN = "run `weasel run encoder` again"
# What `--encoder` is if the experiment's own is meant.
AS_NAMED = "experiment"
# Lower case only, since `Bert` and `bert` are one file to some file systems.
PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 60
HASH_LENGTH = 12


@dataclass(frozen=True)
class EncoderRecord:
    """Which encoder models start from.

    requested (str): What the experiment or `--encoder` says: `offline`, a Hugging Face name, a folder, or `untrained`.
    name (str): The same; the offline and the untrained encoder's own name.
    path (Path): Folder that transformers loads without network; relative to the project folder where it is inside.
    revision (str): Commit of a hub model, package of the offline encoder; empty for a folder.
    sha256 (str): One hash over the folder's files.
    layers (int): Transformer layers.
    hidden_size (int): Width of a token's vector.
    vocabulary (int): Rows of the word embeddings.
    """

    requested: str
    name: str
    path: Path
    revision: str
    sha256: str
    layers: int
    hidden_size: int
    vocabulary: int


def chosen_encoder(option: str, named: str) -> str:
    """Give the encoder that the option `--encoder` stands for.

    option (str): Its value: `experiment`, or an encoder to take in place of the experiment's.
    named (str): The encoder that the experiment's file names.
    RETURNS (str): `offline`, a Hugging Face name, a folder, or `untrained`.
    """
    return named if option == AS_NAMED else option


def record_file(training: Path, encoder: str) -> Path:
    """Give the file of an encoder's record; no two encoders share one.

    training (Path): Folder of the records and of models that are kept.
    encoder (str): `offline`, a Hugging Face name, a folder, or `untrained`.
    RETURNS (Path): Such as training/encoders/offline.json. A name that is more than lower-case words is followed by a
        part of its hash, behind a dot, which no plain name has.
    """
    if PLAIN_NAME.fullmatch(encoder) and len(encoder) <= LONGEST_NAME:
        return training / FOLDER / f"{encoder}.json"
    # The end of a path tells more than its beginning.
    readable = "-".join(re.findall(r"[a-z0-9]+", encoder.lower()))[-LONGEST_NAME:].strip("-")
    return training / FOLDER / f"{readable}.{hash_data(encoder)[:HASH_LENGTH]}.json"


def write_encoder(record: EncoderRecord, path: Path) -> None:
    """Write a record as JSON, whole or not at all."""
    write_json(path, {**asdict(record), "path": record.path.as_posix()})


def find_encoder(training: Path, encoder: str) -> EncoderRecord:
    """Read the record of an encoder and check that its files are still those that were recorded.

    training (Path): Folder of the records and of models that are kept.
    encoder (str): `offline`, a Hugging Face name, a folder, or `untrained`, as the experiment names it.
    RETURNS (EncoderRecord): The record of this very encoder.
    RAISES (ProjectError): If there is no record of it, or its folder is gone, or the files in it were changed.
    """
    path = record_file(training, encoder)
    if not path.is_file():
        raise ProjectError(f"no record of encoder '{encoder}'", where=path, remedy=MAKE_IT)
    record = _read_record(path, encoder)
    if not record.path.is_dir():
        raise ProjectError(f"the folder {record.path} of encoder '{encoder}' is gone", where=path, remedy=MAKE_IT_AGAIN)
    if hash_folder(record.path) != record.sha256:
        what = f"the files of encoder '{encoder}' in {record.path} are not those that were recorded"
        raise ProjectError(what, remedy=MAKE_IT_AGAIN)
    return record


def _read_record(path: Path, encoder: str) -> EncoderRecord:
    data = read_json(path)
    expected = {field.name for field in fields(EncoderRecord)}
    if not isinstance(data, dict) or set(data) != expected or data["requested"] != encoder:
        raise ProjectError(f"not the record of encoder '{encoder}'", where=path, remedy=MAKE_IT_AGAIN)
    return EncoderRecord(**{**data, "path": Path(data["path"])})
