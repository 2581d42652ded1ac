"""Decode the tags of tokens, in any of the usual schemes, to mentions."""
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Iterable, Iterator, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import sentence_starts
from scripts.corpora.schema import Document, Mention

TAG = re.compile(r"O|([BILUESMW])(?:-(\S.*))?")
OUTSIDE, OPENING, CLOSING = "O", "BUSW", "LEUSW"
IOB1, IOB2 = "IOB1", "IOB2"
# Closed schemes by the prefixes that no open scheme has. A mixture of them is read too.
CLOSED_SCHEMES = {"BILUO": "LU", "IOBES": "ES", "BMEWO": "MEW", "BMES": "MES", "closed": "LUESMW"}
NOT_OPENED = "mention that starts without an opening tag, read as it is"
NOT_CLOSED = "mention that ends without a closing tag, read as it is"
NESTED = "nested mention in a second column of tags, skipped"
EXPECTED = "expected `O`, or one of B I L U E S M W with a dash and a label, such as `B-Drug`"


@dataclass(frozen=True)
class Token:
    """A token and its tag.

    text (str): The token.
    prefix (str): `O`, or one of B I L U E S M W.
    label (str): The label after the prefix. Empty outside of mentions.
    where (str): Its location in the raw file, as `file:line`.
    """

    text: str
    prefix: str
    label: str
    where: str


Sentence = Sequence[Token]


def read_token(text: str, tag: str, label: Optional[str], where: str, remedy: str = EXPECTED) -> Token:
    """Create a token from a word and its tag.

    text (str): The word.
    tag (str): The tag, such as `B-Drug`, or a bare `B` if the corpus file sets the label.
    label (Optional[str]): The label of all mentions in the corpus file.
    where (str): The token's location, as `file:line`.
    remedy (str): What to do if the tag is invalid.
    RETURNS (Token): The token.
    RAISES (ProjectError): If it is not a tag, or doesn't have exactly one label, either its own or in the corpus file.
    """
    match = TAG.fullmatch(tag)
    if not match:
        raise ProjectError("not a tag", where=where, remedy=remedy)
    if not match[1]:
        return Token(text, OUTSIDE, "", where)
    if not match[2] and not label:
        remedy = "set the label of all mentions in the corpus file, such as `label: Disease`"
        raise ProjectError("a tag without a label", where=where, remedy=remedy)
    if match[2] and label:
        what = "a tag with its own label, though the corpus file sets one for all mentions"
        raise ProjectError(what, where=where, remedy="remove `label` from the corpus file")
    return Token(text, match[1], match[2] or label or "", where)


def recognize_scheme(sentences: Iterable[Sentence]) -> str:
    """Recognize the tag scheme of a corpus.

    sentences (Iterable[Sentence]): All sentences of the corpus.
    RETURNS (str): A closed scheme (BILUO, IOBES, BMEWO, ...) if any of the prefixes L U E S M W occurs. Otherwise, IOB1
        if each B directly follows a mention of the same type and some mentions start without B. Otherwise, IOB2.
    """
    prefixes: set[str] = set()
    all_open_with_b = every_b_is_behind_its_type = True
    for sentence in sentences:
        prefixes.update(token.prefix for token in sentence)
        for start, _ in _decode(sentence):
            is_b = sentence[start].prefix == "B"
            all_open_with_b &= is_b
            every_b_is_behind_its_type &= not is_b or (start > 0 and _same_label(sentence[start - 1], sentence[start]))
    closed = prefixes & set(CLOSED_SCHEMES["closed"])
    if closed:
        return next(name for name, letters in CLOSED_SCHEMES.items() if closed <= set(letters))
    return IOB1 if every_b_is_behind_its_type and not all_open_with_b else IOB2


def make_document(name: str, sentences: Sequence[Sentence], scheme: str, notes: Sequence[str] = ()) -> Document:
    """Join tokens to a text, and decode their tags to mentions.

    In every scheme, a mention continues until the label changes, a B U S W starts the next one, or an L E U S W ends
    it. A note is added if a mention starts without B U S W (in IOB2 and the closed schemes) or ends without L E U S W
    (in closed schemes).

    name (str): The document's id.
    sentences (Sequence[Sentence]): Its sentences. No token may be empty.
    scheme (str): See `recognize_scheme`.
    notes (Sequence[str]): The notes so far.
    RETURNS (Document): A text of tokens with spaces between them, and line breaks between sentences. `meta` has
        `sentence_starts`, `tag_scheme` (str) and `notes`.
    """
    texts = [_join(sentence) for sentence in sentences]
    text, begins = "\n".join(texts), list(accumulate((len(text) + 1 for text in texts), initial=0))[:-1]
    mentions: list[Mention] = []
    found = list(notes)
    for begin, sentence in zip(begins, sentences, strict=True):
        offsets = list(accumulate((len(token.text) + 1 for token in sentence), initial=begin))
        for first, last in _decode(sentence):
            tokens = sentence[first:last]
            mentions.append(_mention(f"T{len(mentions) + 1}", tokens, (offsets[first], offsets[last] - 1)))
            found += _repairs(tokens[0], tokens[-1], scheme)
    meta = {"sentence_starts": sentence_starts(text, begins), "tag_scheme": scheme}
    return Document(name, text, tuple(mentions), {**meta, "notes": tuple(found)} if found else meta)


def _decode(sentence: Sentence) -> list[tuple[int, int]]:
    """RETURNS (list): (start token, end token) of each mention, with an exclusive end."""
    spans: list[tuple[int, int]] = []
    for number, token in enumerate(sentence):
        if token.prefix == OUTSIDE:
            continue
        goes_on = number > 0 and _goes_on(sentence[number - 1], token)
        spans.append((spans.pop()[0] if goes_on else number, number + 1))
    return spans


def _goes_on(before: Token, token: Token) -> bool:
    return _same_label(before, token) and before.prefix not in CLOSING and token.prefix not in OPENING


def _same_label(before: Token, token: Token) -> bool:
    return before.label == token.label


def _repairs(first: Token, last: Token, scheme: str) -> Iterator[str]:
    if scheme != IOB1 and first.prefix not in OPENING:
        yield NOT_OPENED
    if scheme in CLOSED_SCHEMES and last.prefix not in CLOSING:
        yield NOT_CLOSED


def _mention(name: str, tokens: Sentence, span: tuple[int, int]) -> Mention:
    label, where = tokens[0].label, tokens[0].where
    return Mention(*span, label, subtype=label, id=name, fragments=(span,), text=_join(tokens), where=where)


def _join(tokens: Sentence) -> str:
    return " ".join(token.text for token in tokens)
