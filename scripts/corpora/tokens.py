"""A blank pipeline whose tokenizer parts text into runs of letters, runs of digits and single other characters."""
import re
import sys
import unicodedata
from functools import cache

import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer

# Between two letters part of the word: the soft hyphen, the joiners of zero width, the word joiner. Not the space of
# zero width (U+200B), which is there to part words.
JOINERS = r"\u00ad\u200c\u200d\u2060"


def blank_pipeline() -> Language:
    """Make the blank pipeline of language `xx` that all corpora are tokenised with.

    spaCy's own Tokenizer does the work, by infixes alone, so a saved copy needs no code of this project, and a training
    config takes it over with `spacy.copy_from_base_model.v1`.

    RETURNS (Language): No components; white space parts tokens as everywhere in spaCy.
    """
    nlp = spacy.blank("xx")
    nlp.tokenizer = Tokenizer(nlp.vocab, rules={}, infix_finditer=re.compile(token_pattern()).finditer)
    return nlp


@cache
def token_pattern() -> str:
    """Build the pattern of one token; its matches follow one another without a gap.

    RETURNS (str): A regular expression for Python's `re`, which has no class of its own for combining marks.
    """
    marks = _combining_marks()
    letter = r"[^\W\d_]"
    letters = rf"{letter}(?:{letter}|[{marks}]|[{JOINERS}]+(?={letter}))*"
    digits = rf"\d(?:\d|[{marks}])*"
    other = rf"\S[{marks}]*"
    return f"{letters}|{digits}|{other}"


def _combining_marks() -> str:
    """RETURNS (str): All characters of Unicode's category M, as the ranges of a character class."""
    marks = [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)).startswith("M")]
    first = [point for point in marks if unicodedata.category(chr(point - 1))[0] != "M"]
    last = [point for point in marks if point == sys.maxunicode or unicodedata.category(chr(point + 1))[0] != "M"]
    return "".join(rf"\U{start:08x}-\U{end:08x}" for start, end in zip(first, last, strict=True))
