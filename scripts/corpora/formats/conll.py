"""Read and write CoNLL files: a token and its tag a line, in any tag scheme, and a blank line behind a sentence."""
import re
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Iterable, Iterator, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import write_text
from scripts.corpora.formats.conll_lines import (
    MULTIWORD,
    Layout,
    find_layouts,
    find_mark,
    is_comment,
    is_no_word,
)
from scripts.corpora.formats.documents import check_ids, sentence_starts
from scripts.corpora.formats.json_rows import has_half_pair
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files, read_lines
from scripts.corpora.formats.tags import EXPECTED as EXPECTED_TAG
from scripts.corpora.formats.tags import (
    NESTED,
    OPENING,
    OUTSIDE,
    TAG,
    Token,
    make_document,
    read_token,
    recognise_scheme,
)
from scripts.corpora.harmonise import fragments_of
from scripts.corpora.schema import Document, Mention

OPTIONS = ("columns", "label")
WEBANNO = "#FORMAT=WebAnno TSV"
SUFFIXES = [".tsv", ".txt", ".conll", ".iob", ".iob2", ".bio", ".conllu", ".conllup"]
AHEAD = "sentences ahead of the first document mark of a file, read as a document"
COMMENT = "line that starts with # and has a TAB but no tag, passed over as a comment"
OTHER_MARK = "line that starts with ### but is no document mark that is known, passed over as a comment"
MULTIWORD_LINE = "line of several words that are written as one, passed over: the words are read one by one"
EMPTY_NODE_LINE = "line of a word that is not in the text, passed over"
_EXPECTED = "expected a token, a TAB (or spaces in the whole file) and a tag, such as `aspirin<TAB>B-Drug`"
_EXPECTED_TAG = f"{EXPECTED_TAG}; if another column holds the tags, name it as `columns` in the corpus file"
_REMEDY = "write it in another format, such as jsonl or brat"


@dataclass
class _Draft:
    id: str
    where: str
    sentences: list[list[Token]] = field(default_factory=lambda: [[]])
    notes: list[str] = field(default_factory=list)


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder of files.
    annotations (Optional[Path]): Not of this format: the tags stand beside the tokens.
    RETURNS (list[RawFile]): Sorted by name.
    RAISES (ProjectError): If there are none, or a folder of annotations is given.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. Which columns hold token and tag is found out, see `conll_lines.find_layouts`, or given.

    Documents start at lines `-DOCSTART-` (an id in brackets may follow), `# newdoc` (`id = ...` may follow) or
    `###MEDLINE:ID`; without an id they are numbered within their file. An id has the file's name in front if there are
    several files. In a file without any such line every sentence is a document of its own, `NAME/NUMBER`, so that
    splitting is by sentence. So is every block of a file that Label Studio wrote, whose columns are `TOKEN -X- _ TAG`:
    its one mark on top is none, and the sentences of a block are not known. In any other file one mark on top makes one
    document of it, since to part its sentences would put some of them in the training part and some in the test part.

    Other lines that start with # are comments, unless they have a tag and are not like `# key = value`. In a file whose
    first column is an index, all of them are, and only whole words are read (CoNLL-U: no `3-4`, no `3.1`).

    The text is the tokens with a space between two and a line break between two sentences. The tag scheme is that of
    all files together, see `tags.recognise_scheme`, and decoded by `tags.make_document`.

    path (Path): A file, or a folder of files.
    annotations (Optional[Path]): Not of this format.
    options (Options): What the corpus file says of the files.
    RETURNS (list[Document]): In the order of the files; `meta` holds `sentence_starts`, `tag_scheme` (str) and `notes`.
    RAISES (ProjectError): If a line has too few columns or others than the lines above, no token or no tag, the columns
        cannot be told apart, or two documents have one id.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    read_files = [(file, _read_tagged_lines(file)) for file in files.values()]
    layouts = find_layouts(read_files, options.columns, options.label)
    drafts: list[tuple[_Draft, Layout]] = []
    for name, (file, lines), layout in zip(files, read_files, layouts, strict=True):
        found = _name(_read_drafts(file, lines, layout, options.label), name, f"{name}/" if len(files) > 1 else "")
        drafts += [(draft, layout) for draft in found]
    check_ids((draft.id, draft.where) for draft, _ in drafts)
    scheme = recognise_scheme(sentence for draft, _ in drafts for sentence in draft.sentences)
    return [_make_document(draft, layout, scheme) for draft, layout in drafts]


def write(documents: Sequence[Document], path: Path) -> None:
    """Write documents as one file, tagged by IOB2, that `read` makes the same texts, mentions and sentences of.

    documents (Sequence[Document]): What CoNLL can hold: texts of tokens with a space between two, and a line break
        between two sentences and nowhere else; mentions of whole tokens, in one piece and apart from each other. The
        ids of mentions, the annotator and the rest of `meta` are not written.
    path (Path): The file to write.
    RAISES (ProjectError): If a document is not such a one, with its id.
    """
    check_ids((document.id, str(path)) for document in documents)
    write_text(path, "".join(line for document in documents for line in _write_document(document)))


def _read_tagged_lines(file: RawFile) -> list[str]:
    """RETURNS (list[str]): The lines of a file that is not WebAnno TSV, whose values may look like tags."""
    lines = read_lines(file)
    if lines[0].startswith(WEBANNO):
        raise ProjectError("WebAnno TSV, not CoNLL", where=file, remedy="write `format: webanno` in the corpus file")
    return lines


def _read_drafts(file: RawFile, lines: Iterable[str], layout: Layout, label: Optional[str]) -> list[_Draft]:
    """RETURNS (list[_Draft]): What stands ahead of the first document mark (maybe nothing), and behind each mark."""
    drafts = [_Draft("", f"{file}:1")]
    for number, line in enumerate(lines, start=1):
        where, mark = f"{file}:{number}", find_mark(line)
        if mark is not None and layout.is_label_studio:
            continue
        if mark is not None:
            drafts.append(_Draft(mark, where))
        elif not line.strip():
            drafts[-1].sentences.append([])
        elif is_comment(line, layout, label):
            drafts[-1].notes += _comment_notes(line, layout)
        else:
            _read_line(line, layout, label, where, drafts[-1])
    return [replace(draft, sentences=[sentence for sentence in draft.sentences if sentence]) for draft in drafts]


def _comment_notes(line: str, layout: Layout) -> Iterator[str]:
    if line.startswith("###"):
        yield OTHER_MARK
    elif "\t" in line and not layout.is_indexed:
        yield COMMENT


def _read_line(line: str, layout: Layout, label: Optional[str], where: str, draft: _Draft) -> None:
    columns = layout.split(line)
    if layout.has_tab and "\t" not in line:
        raise ProjectError(f"no TAB, though line {layout.number} has one", where=where, remedy=_EXPECTED)
    if len(columns) < 2:
        raise ProjectError("only one column", where=where, remedy=_EXPECTED)
    if len(columns) != layout.count:
        what = f"{len(columns)} columns, though line {layout.number} has {layout.count}"
        raise ProjectError(what, where=where, remedy="give all lines of a file the same columns")
    if layout.is_indexed and is_no_word(columns[0]):
        draft.notes.append(MULTIWORD_LINE if MULTIWORD.fullmatch(columns[0]) else EMPTY_NODE_LINE)
        return
    if not columns[layout.token]:
        raise ProjectError("the token is empty", where=where, remedy=_EXPECTED)
    token = read_token(columns[layout.token], columns[layout.tag].strip(), label, where, _EXPECTED_TAG)
    draft.sentences[-1].append(token)
    if layout.nested is not None and columns[layout.nested].strip()[:1] in OPENING:
        draft.notes.append(NESTED)


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


def _make_document(draft: _Draft, layout: Layout, scheme: str) -> Document:
    document = make_document(draft.id, draft.sentences, scheme, draft.notes)
    if not layout.is_label_studio:
        return document
    return replace(document, meta={key: value for key, value in document.meta.items() if key != "sentence_starts"})


def _write_document(document: Document) -> Iterator[str]:
    """YIELDS (str): The mark, each token with its tag, and a blank line behind each sentence."""
    _check_mark(document)
    sentences = [sentence.split(" ") for sentence in document.text.split("\n")] if document.text else []
    _check_tokens(document, sentences)
    tags = iter(_tags(document, sentences))
    yield f"# newdoc id = {document.id}\n"
    for sentence in sentences:
        yield from (f"{token}\t{next(tags)}\n" for token in sentence)
        yield "\n"


def _check_mark(document: Document) -> None:
    name = document.id
    if not name or name != name.strip() or "\t" in name or "\n" in name or has_half_pair(name):
        what = "no id, or one with a TAB, a line break or white space at an end"
        raise ProjectError(what, where=f"document {name!a}", remedy="rename the document")


def _check_tokens(document: Document, sentences: Sequence[Sequence[str]]) -> None:
    what, text = "", document.text
    begins = [0, *(match.end() for match in re.finditer("\n", text))]
    if any(not token or "\t" in token for sentence in sentences for token in sentence):
        what = "its text is not tokens with a space between two and a line break between two sentences"
    elif any(find_mark(f"{token}\tO") is not None for sentence in sentences for token in sentence):
        what = "a token of it is a document mark of CoNLL"
    elif document.meta.get("sentence_starts", sentence_starts(text, begins)) != sentence_starts(text, begins):
        what = "its sentences start elsewhere than behind its line breaks"
    elif "left_out" in document.meta:
        what = "it is left out of its corpus, which tags cannot tell"
    elif document.annotated is not None:
        what = "it is annotated in parts only, which tags cannot tell"
    elif has_half_pair(text):
        what = "its text holds half of a surrogate pair"
    if what:
        raise ProjectError(what, where=f"document '{document.id}'", remedy=_REMEDY)


def _tags(document: Document, sentences: Sequence[Sequence[str]]) -> list[str]:
    """RETURNS (list[str]): The tag of each token of a document."""
    numbers = [number for number, sentence in enumerate(sentences) for _ in sentence]
    lengths = (len(token) for sentence in sentences for token in sentence)
    starts = list(accumulate((length + 1 for length in lengths), initial=0))
    first_at = {start: place for place, start in enumerate(starts[:-1])}
    last_at = {start - 1: place for place, start in enumerate(starts[1:])}
    tags = [OUTSIDE] * len(numbers)
    for mention in document.mentions:
        where = f"document '{document.id}', characters {mention.start} to {mention.end}"
        first, last = first_at.get(mention.start), last_at.get(mention.end)
        if first is None or last is None or first > last:
            raise ProjectError("a mention that is not of whole tokens", where=where, remedy=_REMEDY)
        if len(fragments_of(mention)) > 1 or numbers[first] != numbers[last]:
            raise ProjectError("a mention in several pieces or sentences", where=where, remedy=_REMEDY)
        if any(tag != OUTSIDE for tag in tags[first : last + 1]):
            raise ProjectError("a mention that shares a token with another one", where=where, remedy=_REMEDY)
        tags[first : last + 1] = [f"B-{_label(mention, where)}", *[f"I-{mention.label}"] * (last - first)]
    return tags


def _label(mention: Mention, where: str) -> str:
    match = TAG.fullmatch(f"B-{mention.label}".strip())
    if not match or match[2] != mention.label or "\t" in mention.label or has_half_pair(mention.label):
        raise ProjectError("a mention whose label no tag can hold", where=where, remedy="rename the label")
    return mention.label
