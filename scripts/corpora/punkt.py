"""Where sentences start for the splitter of the paper's converter: NLTK's Punkt, not trained, blind to line breaks."""
from nltk.tokenize.punkt import PunktSentenceTokenizer

_TOKENIZER = PunktSentenceTokenizer()


def sentence_starts(text: str) -> list[int]:
    """Split text as Punkt does when it has learned no abbreviations (paper protocol B2).

    text (str): Any text.
    RETURNS (list[int]): Ascending character offsets, the first 0; empty if there is only white space.
    """
    if not text.strip():
        return []
    _, *starts = (start for start, _ in _TOKENIZER.span_tokenize(text.replace("\n", " ")))
    return [0, *starts]
