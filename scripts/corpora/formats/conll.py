"""Read and write CoNLL files in any tag scheme, with a token and its tag per line and a blank line after a sentence."""
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
from scripts.corpora.formats.raw import BYTE_ORDER_MARK, RawFile, find_own_files, read_lines
from scripts.corpora.formats.tags import EXPECTED as EXPECTED_TAG
from scripts.corpora.formats.tags import (
    NESTED,
    OPENING,
    OUTSIDE,
    TAG,
    Token,
    make_document,
    read_token,
    recognize_scheme,
)
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.schema import BY_SENTENCE, Document, Mention

OPTIONS = ("columns", "label")
WEBANNO = "#FORMAT=WebAnno TSV"
# So many files without document marks are texts. Fewer are more likely parts of a corpus, such as train and test.
FEWEST_TEXTS = 10
SUFFIXES = [".tsv", ".txt", ".conll", ".iob", ".iob2", ".bio", ".conllu", ".conllup"]
AHEAD = "sentences before the first document mark of a file, read as a document"
COMMENT = "line that starts with # and has a TAB but no tag, skipped as a comment"
OTHER_MARK = "line that starts with ### but is not a known document mark, skipped as a comment"
MULTIWORD_LINE = "line for several words written as one, skipped because the words are read one by one"
EMPTY_NODE_LINE = "line for a word that is not in the text, skipped"
_EXPECTED = "expected a token, a TAB (or spaces in the whole file) and a tag, such as `aspirin<TAB>B-Drug`"
_EXPECTED_TAG = f"{EXPECTED_TAG}; if the tags are in another column, set `columns` in the corpus file"
_REMEDY = "write it in another format, such as jsonl or brat"


@dataclass
class _Draft:
    id: str
    where: str
    sentences: list[list[Token]] = field(default_factory=lambda: [[]])
    notes: list[str] = field(default_factory=list)
    is_sentence: bool = False


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the tags are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. The columns of tokens and tags are either set in the corpus file or detected.

    Documents start at lines with `-DOCSTART-` (optionally with an id in brackets), `# newdoc` (optionally with
    `id = ...`) or `###MEDLINE:ID`. Without an id, they are numbered. Ids have the file's name as a prefix if there are
    several files. In a file without any such line, every sentence is a document called `NAME/NUMBER`, so that the
    corpus is split by sentence. But if there are `FEWEST_TEXTS` files or more, each of them is taken for a document.

    In a file written by Label Studio, with the columns `TOKEN -X- _ TAG`, every block is a document: the mark at its
    top doesn't count, and the sentences in a block are unknown. Any other file with only one mark at its top is one
    document, since its sentences must not be split between training and test part.

    Other lines that start with # are comments, unless they have a tag and don't look like `# key = value`. In a file
    with an index as its first column, they always are, and only whole words are read (in CoNLL-U, no `3-4` or `3.1`).

    The text consists of the tokens with spaces between them, and line breaks between sentences. The tag scheme is
    detected from all files together by `tags.recognize_scheme`. For the columns, see `conll_lines.find_layouts`.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files. `meta` has `sentence_starts`, `tag_scheme` (str)
        and `notes`.
    RAISES (ProjectError): If a line has too few columns or different ones from the lines above, or no token or tag, if
        the columns can't be detected, or if two documents have the same id.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    read_files = [(file, _read_tagged_lines(file)) for file in files.values()]
    layouts = find_layouts(read_files, options.columns, options.label)
    drafts: list[tuple[_Draft, Layout]] = []
    for name, (file, lines), layout in zip(files, read_files, layouts, strict=True):
        read_drafts = _read_drafts(file, lines, layout, options.label)
        if len(read_drafts) == 1 and len(files) >= FEWEST_TEXTS and not layout.is_label_studio:
            found = [replace(one, id=name) for one in read_drafts if one.sentences]
        else:
            found = list(_name(read_drafts, name, f"{name}/" if len(files) > 1 else ""))
        drafts += [(draft, layout) for draft in found]
    check_ids((draft.id, draft.where) for draft, _ in drafts)
    scheme = recognize_scheme(sentence for draft, _ in drafts for sentence in draft.sentences)
    return [_make_document(draft, layout, scheme) for draft, layout in drafts]


def write(documents: Sequence[Document], path: Path) -> None:
    """Write documents to one file with IOB2 tags. `read` gives the same texts, mentions and sentences back.

    documents (Sequence[Document]): The documents. Their texts must have single spaces between tokens, and line breaks
        only between sentences. Mentions must consist of whole tokens, in one piece and without overlaps. The ids of
        mentions, the annotator and the rest of `meta` are not written.
    path (Path): The file to write.
    RAISES (ProjectError): If a document can't be written, with its id.
    """
    check_ids((document.id, str(path)) for document in documents)
    write_text(path, "".join(line for document in documents for line in _write_document(document)))


def _read_tagged_lines(file: RawFile) -> list[str]:
    """RETURNS (list[str]): The lines of a file. WebAnno TSV is rejected, because its values may look like tags."""
    lines = [_without_mark_of_file(line) for line in read_lines(file)]
    if lines[0].startswith(WEBANNO):
        raise ProjectError("WebAnno TSV, not CoNLL", where=file, remedy="write `format: webanno` in the corpus file")
    return lines


def _without_mark_of_file(line: str) -> str:
    # Files joined by `cat` have a byte order mark at the start of each. Elsewhere, it may be part of a token.
    bare = line.removeprefix(BYTE_ORDER_MARK)
    return line if find_mark(bare) is None else bare


def _read_drafts(file: RawFile, lines: Iterable[str], layout: Layout, label: Optional[str]) -> list[_Draft]:
    """RETURNS (list[_Draft]): The contents before the first document mark, which may be empty, and after each mark."""
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
        raise ProjectError(what, where=where, remedy="use the same columns in all lines of a file")
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
    """YIELDS (_Draft): A file's documents with their ids: the prefix and the mark's id, or the name and a number."""
    ahead, *marked = drafts
    if not marked:
        for number, sentence in enumerate(ahead.sentences, start=1):
            notes = ahead.notes if number == 1 else []
            yield _Draft(f"{name}/{number}", sentence[0].where, [sentence], notes, is_sentence=True)
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
        return replace(document, meta={**document.meta, BY_SENTENCE: True}) if draft.is_sentence else document
    return replace(document, meta={key: value for key, value in document.meta.items() if key != "sentence_starts"})


def _write_document(document: Document) -> Iterator[str]:
    """YIELDS (str): The mark, each token with its tag, and a blank line after each sentence."""
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
        what = "no id, or one with a TAB, a line break or whitespace at its start or end"
        raise ProjectError(what, where=f"document {name!a}", remedy="rename the document")


def _check_tokens(document: Document, sentences: Sequence[Sequence[str]]) -> None:
    what, text = "", document.text
    begins = [0, *(match.end() for match in re.finditer("\n", text))]
    if any(not token or "\t" in token for sentence in sentences for token in sentence):
        what = "its text doesn't consist of tokens with single spaces, and line breaks between sentences"
    elif any(find_mark(f"{token}\tO") is not None for sentence in sentences for token in sentence):
        what = "one of its tokens is a document mark of CoNLL"
    elif document.meta.get("sentence_starts", sentence_starts(text, begins)) != sentence_starts(text, begins):
        what = "its sentences don't start after its line breaks"
    elif "left_out" in document.meta:
        what = "it is left out of its corpus, which tags can't represent"
    elif document.annotated is not None:
        what = "it is partly annotated, which tags can't represent"
    elif has_half_pair(text):
        what = "its text contains half of a surrogate pair"
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
            raise ProjectError("a mention that doesn't consist of whole tokens", where=where, remedy=_REMEDY)
        if len(fragments_of(mention)) > 1 or numbers[first] != numbers[last]:
            raise ProjectError("a mention in several pieces or sentences", where=where, remedy=_REMEDY)
        if any(tag != OUTSIDE for tag in tags[first : last + 1]):
            raise ProjectError("a mention that shares a token with another one", where=where, remedy=_REMEDY)
        tags[first : last + 1] = [f"B-{_label(mention, where)}", *[f"I-{mention.label}"] * (last - first)]
    return tags


def _label(mention: Mention, where: str) -> str:
    match = TAG.fullmatch(f"B-{mention.label}".strip())
    if not match or match[2] != mention.label or "\t" in mention.label or has_half_pair(mention.label):
        raise ProjectError("a mention with a label that can't be a tag", where=where, remedy="rename the label")
    return mention.label
