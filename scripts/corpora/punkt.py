"""Split sentences as the paper's converter does, with NLTK's Punkt, untrained and without line breaks."""
from nltk.tokenize.punkt import PunktSentenceTokenizer

_TOKENIZER = PunktSentenceTokenizer()


def sentence_starts(text: str) -> list[int]:
    """Split text with Punkt without any learned abbreviations (paper protocol B2).

    text (str): Any text.
    RETURNS (list[int]): Ascending character offsets of sentence starts, with 0 first. Empty if the text is only
        whitespace.
    """
    if not text.strip():
        return []
    _, *starts = (start for start, _ in _TOKENIZER.span_tokenize(text.replace("\n", " ")))
    return [0, *starts]
