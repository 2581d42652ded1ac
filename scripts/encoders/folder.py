"""Find and hash the files of an encoder's folder, and check that transformers can load them."""
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import file_stamp, hash_files

SAFETENSORS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
TORCH_WEIGHTS = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*-of-*.bin")
KEPT_HASHES = 64
SETTINGS = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
)


@dataclass(frozen=True)
class Sizes:
    """The sizes in an encoder's config.

    layers (int): Transformer layers.
    hidden_size (int): Width of a token's vector.
    vocabulary (int): Rows of the word embeddings.
    """

    layers: int
    hidden_size: int
    vocabulary: int


def weight_files(folder: Path) -> list[Path]:
    """RETURNS (list[Path]): The files that transformers loads the weights from: safetensors if there are any."""
    return _matching(folder, SAFETENSORS) or _matching(folder, TORCH_WEIGHTS)


def hash_folder(folder: Path) -> str:
    """RETURNS (str): One sha256 of an encoder's files. Other files in the folder are ignored."""
    return hash_files_once([*_matching(folder, SETTINGS), *weight_files(folder)], folder)


def hash_files_once(files: Iterable[Path], folder: Path) -> str:
    """Hash files as `hash_files` does, and read them again only if the time, size or inode of one has changed.

    files (Iterable[Path]): The files.
    folder (Path): The folder that they are in.
    RETURNS (str): One sha256.
    """
    return _hash_state(folder, *((path, *file_stamp(path)) for path in files))


def check_folder(folder: Path, lower_case: Optional[bool] = None) -> Sizes:
    """Load an encoder in the same way as training, without a network, to check it.

    folder (Path): A Hugging Face folder.
    lower_case (Optional[bool]): Whether the tokenizer should lower-case. Defaults to the setting in its files.
    RETURNS (Sizes): The encoder's sizes.
    RAISES (ProjectError): If the config, the weights or a fast tokenizer can't be loaded, or don't match.
    """
    # transformers and torch take seconds to import, and the offline encoder needs neither.
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    if not (folder / "config.json").is_file():
        remedy = "use a folder written by save_pretrained of transformers"
        raise ProjectError("no config.json", where=folder, remedy=remedy)
    if not weight_files(folder):
        raise ProjectError("no weights (model.safetensors or pytorch_model.bin)", where=folder)
    config = _load(AutoConfig, folder, "config.json")
    casing = {} if lower_case is None else {"do_lower_case": lower_case}
    tokenizer = _load(AutoTokenizer, folder, "tokenizer", use_fast=True, **casing)
    _check_tokenizer(tokenizer, config.vocab_size, folder)
    _, report = _load(AutoModel, folder, "weights", output_loading_info=True)
    absent = [name for name in report["missing_keys"] if not name.startswith("pooler.")]
    if absent:
        raise ProjectError(f"the weights lack {len(absent)} tensors of the model, such as {absent[0]}", where=folder)
    return Sizes(config.num_hidden_layers, config.hidden_size, config.vocab_size)


@functools.lru_cache(maxsize=KEPT_HASHES)
def _hash_state(folder: Path, *files: tuple[Path, int, int, int]) -> str:
    return hash_files((path for path, *_ in files), folder)


def _matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())


def _load(loader: Any, folder: Path, part: str, **settings: Any) -> Any:
    try:
        return loader.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **settings)
    # For a damaged file, the parser may raise any error (json, pickle, safetensors, tokenizers, missing packages).
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        if "trust_remote_code" in str(error):
            reason = "it needs its own code (`auto_map`), which is never run"
        raise ProjectError(f"transformers can't load the {part} ({reason})", where=folder) from None


def _check_tokenizer(tokenizer: Any, rows: int, folder: Path) -> None:
    if not tokenizer.is_fast:
        remedy = "add a tokenizer.json written by save_pretrained of a fast tokenizer"
        raise ProjectError("the tokenizer has no fast version", where=folder, remedy=remedy)
    if len(tokenizer) > rows:
        raise ProjectError(f"{len(tokenizer)} tokens, but only {rows} word embeddings", where=folder)
    if _loses_case(tokenizer):
        remedy = 'add {"do_lower_case": false} to its tokenizer_config.json, or `lower_case: false` to the experiment'
        raise ProjectError("the vocabulary has capitals, but the tokenizer lower-cases", where=folder, remedy=remedy)


def _loses_case(tokenizer: Any) -> bool:
    """RETURNS (bool): Whether a cased vocabulary gets lower-cased text, BERT's default with only a vocab.txt."""
    pieces = set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens)
    cased = sum(piece != piece.lower() for piece in pieces if not piece.startswith("["))
    normalizer = tokenizer.backend_tokenizer.normalizer
    return cased > len(pieces) / 100 and normalizer is not None and normalizer.normalize_str("A") == "a"
