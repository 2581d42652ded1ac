"""Read CoNLL files: a token and its tag a line, in any of the usual tag schemes, and a blank line behind a sentence."""
import re
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Iterable, Iterator, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import check_ids, sentence_starts
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files, read_lines
from scripts.corpora.schema import Document, Mention

OPTIONS = ("columns", "label")
SUFFIXES = [".tsv", ".txt", ".conll", ".iob", ".iob2", ".bio"]
TAG = re.compile(r"O|([BILUESMW])-(\S.*)")
DOCSTART = re.compile(r"-DOCSTART-(?:[ \t]+\(([^\t]*)\))?(?:[ \t].*)?")
NEWDOC = re.compile(r"# *newdoc(?: +id *=([^\t]*))? *")
# Such as `# text = rich in vitamin O`, whose last word looks like a tag.
KEY_VALUE = re.compile(r"# ?[^\t =]+(?: [^\t =]+)? = [^\t]*")
OUTSIDE, OPENING, CLOSING = "O", "BUSW", "LEUSW"
IOB1, IOB2 = "IOB1", "IOB2"
# By the prefixes that no open scheme has; a mixture of them is read as well.
CLOSED_SCHEMES = {"BILUO": "LU", "IOBES": "ES", "BMEWO": "MEW", "BMES": "MES", "closed": "LUESMW"}
NOT_OPENED = "mention that starts without an opening tag, read as it stands"
NOT_CLOSED = "mention that ends without a closing tag, read as it stands"
AHEAD = "sentences ahead of the first document mark of a file, read as a document"
COMMENT = "line that starts with # and has a TAB but no tag, passed over as a comment"
_EXPECTED = "expected a token, a TAB (or spaces in the whole file) and a tag, such as `aspirin<TAB>B-Drug`"
_EXPECTED_TAG = "expected `O`, or one of B I L U E S M W with a dash and a label, such as `B-Drug`"


@dataclass(frozen=True)
class _Token:
    text: str
    prefix: str
    label: str
    where: str


_Sentence = Sequence[_Token]


@dataclass
class _Draft:
    id: str
    where: str
    sentences: list[list[_Token]] = field(default_factory=lambda: [[]])
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Layout:
    """What a line must have in common with the other lines of its file, and where that was seen."""

    has_tab: bool
    columns: int
    number: int


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder of files.
    annotations (Optional[Path]): Not of this format: the tags stand beside the tokens.
    RETURNS (list[RawFile]): Sorted by name.
    RAISES (ProjectError): If there are none, or a folder of annotations is given.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. The first column is the token, the last one the tag; what is in between is passed over.

    Documents start at lines `-DOCSTART-` (an id in brackets may follow) or `# newdoc` (`id = ...` may follow); without
    an id they are numbered within their file. An id has the file's name in front if there are several files. In a file
    without any such line every sentence is a document of its own, `NAME/NUMBER`, so that splitting is by sentence.

    Other lines that start with # are comments, unless they end in a tag and are not like `# key = value`.

    The text is the tokens with a space between two and a line break between two sentences.

    The tag scheme is that of all files together: a closed one (BILUO, IOBES, BMEWO, ...) if any of the prefixes
    L U E S M W occurs; else IOB2 if all mentions start with B; else IOB1 if each B stands directly behind a mention of
    its own type; else IOB2 all the same. In every scheme a mention goes on as long as the label stays the same, no
    B U S W starts the next one and no L E U S W has ended it. One that starts without B U S W (in IOB2 and the closed
    schemes) or ends without L E U S W (in closed schemes) is noted.

    path (Path): A file, or a folder of files.
    annotations (Optional[Path]): Not of this format.
    options (Options): What the corpus file says of the files.
    RETURNS (list[Document]): In the order of the files; `meta` holds `sentence_starts`, `tag_scheme` (str) and `notes`.
    RAISES (ProjectError): If a line has too few columns or others than the lines above, no token or no tag, or two
        documents have one id.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    drafts = [
        draft
        for name, file in files.items()
        for draft in _name(_read_drafts(file), name, prefix=f"{name}/" if len(files) > 1 else "")
    ]
    check_ids((draft.id, draft.where) for draft in drafts)
    scheme = _recognise_scheme([sentence for draft in drafts for sentence in draft.sentences])
    return [_make_document(draft, scheme) for draft in drafts]


def _read_drafts(file: RawFile) -> list[_Draft]:
    """RETURNS (list[_Draft]): What stands ahead of the first document mark (maybe nothing), and behind each mark."""
    lines = read_lines(file)
    layout = _find_layout(lines)
    drafts = [_Draft("", f"{file}:1")]
    for number, line in enumerate(lines, start=1):
        where, mark = f"{file}:{number}", _find_mark(line)
        if mark is not None:
            drafts.append(_Draft(mark, where))
        elif not line.strip():
            drafts[-1].sentences.append([])
        elif _is_comment(line):
            drafts[-1].notes += [COMMENT] if "\t" in line else []
        else:
            drafts[-1].sentences[-1].append(_read_token(line, layout, where))
    return [replace(draft, sentences=[sentence for sentence in draft.sentences if sentence]) for draft in drafts]


def _name(drafts: Sequence[_Draft], name: str, prefix: str) -> Iterator[_Draft]:
    """YIELDS (_Draft): A file's documents with their ids: the prefix and what the marks say, or name and number."""
    ahead, *marked = drafts
    if not marked:
        for number, sentence in enumerate(ahead.sentences, start=1):
            yield _Draft(f"{name}/{number}", sentence[0].where, [sentence], ahead.notes if number == 1 else [])
        return
    if ahead.sentences:
        marked = [replace(ahead, notes=[*ahead.notes, AHEAD]), *marked]
    else:
        marked[0] = replace(marked[0], notes=ahead.notes + marked[0].notes)
    for number, draft in enumerate(marked, start=1):
        yield replace(draft, id=prefix + (draft.id or str(number)))


def _find_mark(line: str) -> Optional[str]:
    """RETURNS (Optional[str]): The id of the document that starts with this line, empty if it has none."""
    match = DOCSTART.fullmatch(line) or NEWDOC.fullmatch(line)
    return (match[1] or "").strip() if match else None


def _is_comment(line: str) -> bool:
    return line.startswith("#") and (not _match_tag(_columns(line)) or KEY_VALUE.fullmatch(line) is not None)


def _columns(line: str) -> list[str]:
    # No `split()`: a token may be or hold white space other than TAB and space.
    return line.split("\t") if "\t" in line else [column for column in line.split(" ") if column]


def _match_tag(columns: Sequence[str]) -> Optional[re.Match]:
    return TAG.fullmatch(columns[-1].strip())


def _find_layout(lines: Iterable[str]) -> _Layout:
    """RETURNS (_Layout): That of the first line of a token that has a TAB, or if none has, of the first."""
    tokens = (
        _Layout("\t" in line, len(_columns(line)), number)
        for number, line in enumerate(lines, start=1)
        if line.strip() and _find_mark(line) is None and not _is_comment(line)
    )
    return max(tokens, key=lambda layout: layout.has_tab, default=_Layout(has_tab=False, columns=0, number=0))


def _read_token(line: str, layout: _Layout, where: str) -> _Token:
    columns = _columns(line)
    if layout.has_tab and "\t" not in line:
        raise ProjectError(f"no TAB, though line {layout.number} has one", where=where, remedy=_EXPECTED)
    if len(columns) < 2:
        raise ProjectError(f"only one column: {line[:40]!r}", where=where, remedy=_EXPECTED)
    if not columns[0]:
        raise ProjectError("the token is empty", where=where, remedy=_EXPECTED)
    tag = _match_tag(columns)
    if not tag:
        raise ProjectError(f"not a tag: {columns[-1][:40]!r}", where=where, remedy=_EXPECTED_TAG)
    if len(columns) != layout.columns:
        what = f"{len(columns)} columns, though line {layout.number} has {layout.columns}"
        raise ProjectError(what, where=where, remedy="give all lines of a file the same columns")
    return _Token(columns[0], tag[1] or OUTSIDE, tag[2] or "", where)


def _recognise_scheme(sentences: Iterable[_Sentence]) -> str:
    """RETURNS (str): The tag scheme, as told in `read`."""
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


def _decode(sentence: _Sentence) -> list[tuple[int, int]]:
    """RETURNS (list): First token of each mention, and the one behind its last."""
    spans: list[tuple[int, int]] = []
    for number, token in enumerate(sentence):
        if token.prefix == OUTSIDE:
            continue
        goes_on = number > 0 and _goes_on(sentence[number - 1], token)
        spans.append((spans.pop()[0] if goes_on else number, number + 1))
    return spans


def _goes_on(before: _Token, token: _Token) -> bool:
    return _same_label(before, token) and before.prefix not in CLOSING and token.prefix not in OPENING


def _same_label(before: _Token, token: _Token) -> bool:
    return before.label == token.label


def _repairs(first: _Token, last: _Token, scheme: str) -> Iterator[str]:
    if scheme != IOB1 and first.prefix not in OPENING:
        yield NOT_OPENED
    if scheme in CLOSED_SCHEMES and last.prefix not in CLOSING:
        yield NOT_CLOSED


def _make_document(draft: _Draft, scheme: str) -> Document:
    texts = [_join(sentence) for sentence in draft.sentences]
    text, begins = "\n".join(texts), list(accumulate((len(text) + 1 for text in texts), initial=0))[:-1]
    mentions: list[Mention] = []
    notes = list(draft.notes)
    for begin, sentence in zip(begins, draft.sentences, strict=True):
        offsets = list(accumulate((len(token.text) + 1 for token in sentence), initial=begin))
        for first, last in _decode(sentence):
            tokens = sentence[first:last]
            mentions.append(_mention(f"T{len(mentions) + 1}", tokens, (offsets[first], offsets[last] - 1)))
            notes += _repairs(tokens[0], tokens[-1], scheme)
    meta = {"sentence_starts": sentence_starts(text, begins), "tag_scheme": scheme}
    return Document(draft.id, text, tuple(mentions), {**meta, "notes": tuple(notes)} if notes else meta)


def _mention(name: str, tokens: _Sentence, span: tuple[int, int]) -> Mention:
    label, where = tokens[0].label, tokens[0].where
    return Mention(*span, label, subtype=label, id=name, fragments=(span,), text=_join(tokens), where=where)


def _join(tokens: _Sentence) -> str:
    return " ".join(token.text for token in tokens)
