"""Select the pieces of the offline encoder's vocabulary to keep, and create a fast tokenizer from them."""
import unicodedata
from functools import lru_cache
from typing import Any, Sequence

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from scripts.base.errors import ProjectError

WORD_START = "▁"
SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
# XLM-R's ids, which the config and the post-processor rely on. Its last piece is <mask>.
FIRST_PIECES = ["<s>", "<pad>", "</s>", "<unk>"]
LAST_PIECE = "<mask>"

# Code points that XLM-R's normalizer removes or replaces with a space, in addition to NFKC.
_DROPPED = Regex(r"[\x01-\x08\x0b\x0e-\x1f\x7f\x{8f}\x{9f}]")
_SPACES = Regex(r"[\t\n\f\r\x{1680}\x{200b}-\x{200f}\x{2028}\x{2029}\x{2581}\x{feff}\x{fffd}]")
# Blocks with the punctuation, symbols and digits of English and Russian text, including emoji.
_SHARED_BLOCKS = (range(0x0370), range(0x2000, 0x2E80), range(0xFE00, 0xFE10), range(0x1F000, 0x110000))


def pieces_to_keep(pieces: Sequence[str]) -> np.ndarray:
    """Select the pieces needed for English and Russian text.

    pieces (Sequence[str]): The whole vocabulary.
    RETURNS (np.ndarray): Ids of the special tokens, of pieces with ASCII and Cyrillic letters and with the punctuation,
        symbols and digits used with them, and of single Latin and Greek letters (loanwords, units, beta blockers).
    """
    return np.array([index for index, piece in enumerate(pieces) if _is_kept(piece)])


def make_tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """Create the tokenizer of XLM-R (Conneau et al. 2020) for a vocabulary or a part of one.

    pieces (Sequence[str]): The pieces in the order of their ids: `<s>`, `<pad>`, `</s>`, `<unk>`, ..., `<mask>`.
    scores (Sequence[float]): Their log probabilities.
    RETURNS (Tokenizer): A fast Unigram tokenizer that adds `<s>` and `</s>` to a text.
    RAISES (ProjectError): If the special tokens don't have the ids of XLM-R.
    """
    if list(pieces[: len(FIRST_PIECES)]) != FIRST_PIECES or pieces[-1] != LAST_PIECE:
        raise ProjectError(f"a vocabulary must start with {' '.join(FIRST_PIECES)} and end with {LAST_PIECE}")
    weighted = list(zip(pieces, map(float, scores), strict=True))
    tokenizer = Tokenizer(models.Unigram(weighted, unk_id=FIRST_PIECES.index("<unk>"), byte_fallback=False))
    tokenizer.normalizer = _normalizer()
    metaspace = {"replacement": WORD_START, "prepend_scheme": "always", "split": True}
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(**metaspace)]
    )
    tokenizer.decoder = decoders.Metaspace(**metaspace)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", FIRST_PIECES.index("<s>")), ("</s>", FIRST_PIECES.index("</s>"))],
    )
    tokenizer.add_special_tokens([_special_token(token) for token in SPECIAL_TOKENS.values()])
    return tokenizer


def tokenizer_config(longest: int) -> dict[str, Any]:
    """RETURNS (dict): The contents of tokenizer_config.json, given the longest input in sub-words."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": longest,
        **SPECIAL_TOKENS,
        "cls_token": SPECIAL_TOKENS["bos_token"],
        "sep_token": SPECIAL_TOKENS["eos_token"],
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
    }


def _normalizer() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            normalizers.Replace(_DROPPED, ""),
            normalizers.Replace(_SPACES, " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _special_token(token: str) -> AddedToken:
    return AddedToken(token, normalized=False, special=True, lstrip=token == LAST_PIECE)


def _is_kept(piece: str) -> bool:
    if piece in SPECIAL_TOKENS.values():
        return True
    letters = piece.removeprefix(WORD_START)
    return all(map(_is_english_or_russian, letters)) or (len(letters) == 1 and _is_latin_or_greek(letters))


@lru_cache(maxsize=None)
def _is_english_or_russian(character: str) -> bool:
    if character == WORD_START or character.isascii() or unicodedata.name(character, "").startswith("CYRILLIC"):
        return True
    category = unicodedata.category(character)
    shared = category[0] in "PSNZ" or category in ("Mn", "Cf")
    return shared and not _is_latin_or_greek(character) and any(ord(character) in block for block in _SHARED_BLOCKS)


def _is_latin_or_greek(character: str) -> bool:
    name = unicodedata.name(character, "")
    return name.startswith("LATIN") or "GREEK" in name
