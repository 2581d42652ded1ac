"""Keep a record per encoder with its name, its location and the hash of its files."""
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from pydantic import TypeAdapter, ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, read_checked_json, write_checked_json
from scripts.encoders.folder import hash_folder

FOLDER = "encoders"
MAKE_IT = "run `weasel run encoder` first"
MAKE_IT_AGAIN = "run `weasel run encoder` again"
# Value of `--encoder` for the experiment's own encoder.
AS_NAMED = "experiment"
# Lower case only, since `Bert` and `bert` are the same file on some file systems.
PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 60
HASH_LENGTH = 12


@dataclass(frozen=True)
class EncoderRecord:
    """The encoder that models start from.

    requested (str): The encoder in the experiment or `--encoder`: `offline`, a Hugging Face name, a folder, or
        `untrained`.
    name (str): The same, except for the offline and the untrained encoder, which have their own names.
    path (Path): Folder that transformers loads without a network. Relative if it is in the project folder.
    revision (str): Commit of a hub model or package of the offline encoder. Empty for a folder.
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


_RECORD = TypeAdapter(EncoderRecord)


def chosen_encoder(option: str, named: str) -> str:
    """Get the encoder selected by the option `--encoder`.

    option (str): Value of the option: `experiment`, or an encoder to use instead of the experiment's.
    named (str): The encoder in the experiment's file.
    RETURNS (str): `offline`, a Hugging Face name, a folder, or `untrained`.
    """
    return named if option == AS_NAMED else option


def record_file(training: Path, encoder: str) -> Path:
    """Get the file of an encoder's record, which is different for every encoder.

    training (Path): Folder for encoder records and saved models.
    encoder (str): `offline`, a Hugging Face name, a folder, or `untrained`.
    RETURNS (Path): The file, such as training/encoders/offline.json. Names with other characters than lower-case words
        get a dot, which no plain name has, and a part of their hash as a suffix.
    """
    if PLAIN_NAME.fullmatch(encoder) and len(encoder) <= LONGEST_NAME:
        return training / FOLDER / f"{encoder}.json"
    # The end of a path is more informative than its beginning.
    readable = "-".join(re.findall(r"[a-z0-9]+", encoder.lower()))[-LONGEST_NAME:].strip("-")
    return training / FOLDER / f"{readable}.{hash_data(encoder)[:HASH_LENGTH]}.json"


def write_encoder(record: EncoderRecord, path: Path) -> None:
    """Write a record as JSON, atomically."""
    write_checked_json(path, {**asdict(record), "path": record.path.as_posix()})


def find_encoder(training: Path, encoder: str) -> EncoderRecord:
    """Read the record of an encoder and check that its files have not changed since.

    training (Path): Folder for encoder records and saved models.
    encoder (str): `offline`, a Hugging Face name, a folder, or `untrained`, as in the experiment.
    RETURNS (EncoderRecord): The encoder's record.
    RAISES (ProjectError): If there is no record, or the encoder's folder is missing, or its files have changed.
    """
    path = record_file(training, encoder)
    if not path.is_file():
        raise ProjectError(f"no record of encoder '{encoder}'", where=path, remedy=MAKE_IT)
    record = _read_record(path, encoder)
    if not record.path.is_dir():
        raise ProjectError(f"the folder {record.path} of encoder '{encoder}' is gone", where=path, remedy=MAKE_IT_AGAIN)
    if hash_folder(record.path) != record.sha256:
        what = f"the files of encoder '{encoder}' in {record.path} have changed since they were recorded"
        raise ProjectError(what, remedy=MAKE_IT_AGAIN)
    return record


def _read_record(path: Path, encoder: str) -> EncoderRecord:
    try:
        record: Optional[EncoderRecord] = _RECORD.validate_python(read_checked_json(path, remedy=MAKE_IT_AGAIN))
    except ValidationError:
        record = None
    if record is None or record.requested != encoder:
        raise ProjectError(f"not the record of encoder '{encoder}'", where=path, remedy=MAKE_IT_AGAIN)
    return record
