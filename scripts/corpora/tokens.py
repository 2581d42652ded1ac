"""Create a blank pipeline with a tokenizer for runs of letters, runs of digits and other single characters."""
import re
from functools import cache

import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer

from scripts.corpora.characters import characters_in

# Part of the word between two letters: the soft hyphen, zero-width joiners and the word joiner. Not the zero-width
# space (U+200B), which separates words.
JOINERS = r"\u00ad\u200c\u200d\u2060"


def blank_pipeline() -> Language:
    """Create the blank pipeline of language `xx` that all corpora are tokenized with.

    It uses spaCy's own Tokenizer with only infixes, so that a saved copy doesn't need any code of this project.
    Training configs copy it with `spacy.copy_from_base_model.v1`.

    RETURNS (Language): The pipeline, without components. Whitespace separates tokens, as everywhere in spaCy.
    """
    nlp = spacy.blank("xx")
    nlp.tokenizer = Tokenizer(nlp.vocab, rules={}, infix_finditer=re.compile(token_pattern()).finditer)
    return nlp


@cache
def token_pattern() -> str:
    """Build the pattern of a token, whose matches follow each other without gaps.

    RETURNS (str): A regular expression for Python's `re`, which has no character class for combining marks.
    """
    marks = characters_in("M")
    letter = r"[^\W\d_]"
    letters = rf"{letter}(?:{letter}|[{marks}]|[{JOINERS}]+(?={letter}))*"
    digits = rf"\d(?:\d|[{marks}])*"
    other = rf"\S[{marks}]*"
    return f"{letters}|{digits}|{other}"
