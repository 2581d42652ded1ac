"""Read PubTator files: titles and abstracts by PMID, with mentions at offsets in both together."""
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats.documents import add_notes, check_ids
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files, read_lines
from scripts.corpora.schema import Document, Mention

OPTIONS = ("offsets",)
SUFFIXES = [".txt", ".pubtator"]
TEXT_LINE = re.compile(r"([^|\s]+)\|([ta])\|(.*)")
PMID = re.compile(r"(?:PMC|PMID:?)?[0-9]+")
OFFSET = re.compile(r"-?[0-9]{1,9}")
# A word without digits and two concept ids with digits, so that an invalid start offset isn't mistaken for a relation.
RELATION = re.compile(r"[^\t]*\t[^\W\d][^\t\d]+(?:\t[^\s\d]*\d\S*){2}(?:\t.*)?")
PASSED_OVER = "relation, which is not read"
COPY = "document that is repeated with the same text and annotations, read once"
_EXPECTED = "expected `PMID|t|title`, `PMID|a|abstract` or `PMID<TAB>start<TAB>end<TAB>text<TAB>type[<TAB>id]`"


@dataclass
class _Draft:
    id: str
    pmid: str
    where: str
    title: str
    abstract: Optional[str] = None
    annotations: list[tuple[str, str]] = field(default_factory=list)


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. An id is the PMID, with the file's name as a prefix if there are several files.

    The text is the title, a line break and the abstract, or only the title if there is no abstract. A document starts
    with its title. Blank lines are skipped, and relations are skipped with a note. A composite mention stays one
    mention. If a document is repeated with the same text and annotations, in any of the files, it is read once.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files.
    RAISES (ProjectError): If a line has a different form, too few columns or an invalid offset, or is not under the
        title of its PMID, or if two documents in a file have the same PMID but different contents.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    drafts = [
        draft
        for name, file in files.items()
        for draft in _read_drafts(file, prefix=f"{name}/" if len(files) > 1 else "")
    ]
    copies: dict[tuple[object, ...], list[_Draft]] = defaultdict(list)
    for draft in drafts:
        copies[_content(draft)].append(draft)
    check_ids((first.id, first.where) for first, *_ in copies.values())
    return [add_notes(_make_document(first, options), [COPY] * len(others)) for first, *others in copies.values()]


def _content(draft: _Draft) -> tuple[object, ...]:
    """RETURNS (tuple): Everything in a file about a document, independent of the location."""
    return draft.pmid, draft.title, draft.abstract, *sorted(line for line, _ in draft.annotations)


def _read_drafts(file: RawFile, prefix: str) -> list[_Draft]:
    drafts: list[_Draft] = []
    for number, line in enumerate(read_lines(file), start=1):
        where, match = f"{file}:{number}", TEXT_LINE.fullmatch(line)
        if match and match[2] == "t":
            drafts.append(_Draft(prefix + match[1], match[1], where, match[3]))
        elif match:
            _add_abstract(_document_of(match[1], drafts, where), match[3], where)
        elif "\t" in line and line.strip():
            _document_of(line.partition("\t")[0], drafts, where).annotations.append((line, where))
        elif line.strip():
            raise ProjectError("not a line of PubTator", where=where, remedy=_EXPECTED)
    return drafts


def _document_of(pmid: str, drafts: Sequence[_Draft], where: str) -> _Draft:
    """RETURNS (_Draft): The last document, if a line with this PMID belongs to it."""
    if drafts and drafts[-1].pmid == pmid:
        return drafts[-1]
    if not PMID.fullmatch(pmid):
        # It may be any text, so it isn't quoted.
        what = "a line that does not start with the PMID of the title above it"
        raise ProjectError(what, where=where, remedy=_EXPECTED)
    if not drafts:
        what = f"a line of document '{pmid}' before its title"
        raise ProjectError(what, where=where, remedy=f"expected `{pmid}|t|title` above it")
    what = f"a line of document '{pmid}' among those of '{name_id(drafts[-1].pmid)}'"
    raise ProjectError(what, where=where, remedy=f"correct its PMID or put it under the line `{pmid}|t|title`")


def _add_abstract(draft: _Draft, abstract: str, where: str) -> None:
    if draft.abstract is not None:
        what = f"a second abstract of document '{name_id(draft.pmid)}'"
        raise ProjectError(what, where=where, remedy="remove one of the two, or correct its PMID")
    draft.abstract = abstract


def _make_document(draft: _Draft, options: Options) -> Document:
    text = draft.title if draft.abstract is None else f"{draft.title}\n{draft.abstract}"
    lines = [(line, where) for line, where in draft.annotations if not RELATION.fullmatch(line)]
    relations = len(draft.annotations) - len(lines)
    mentions = [_read_mention(line, text, f"T{number}", where) for number, (line, where) in enumerate(lines, start=1)]
    mended = mend_offsets(text, mentions, options.offsets)
    return add_notes(Document(draft.id, text, mended.mentions), [*[PASSED_OVER] * relations, *mended.notes])


def _read_mention(line: str, text: str, name: str, where: str) -> Mention:
    columns = line.split("\t", maxsplit=3)
    count = line.count("\t") + 1
    if count < 5:
        raise ProjectError(f"only {count} columns", where=where, remedy=_EXPECTED)
    for which, offset in zip(("start", "end"), columns[1:3], strict=True):
        if not OFFSET.fullmatch(offset):
            raise ProjectError(f"the {which} is not an offset", where=where, remedy=_EXPECTED)
    start, end = int(columns[1]), int(columns[2])
    covered, label = _part_text_and_type(columns[3], text[start:end])
    if not label.strip():
        raise ProjectError("the type is empty", where=where, remedy=_EXPECTED)
    return Mention(start, end, label, subtype=label, id=name, fragments=((start, end),), text=covered, where=where)


def _part_text_and_type(columns: str, covered: str) -> tuple[str, str]:
    """RETURNS (tuple): Text and type. The mention's text in the document shows whether it contains a TAB."""
    covered = covered.replace("\n", " ")
    text = covered if columns.startswith(f"{covered}\t") else columns.partition("\t")[0]
    return text, columns[len(text) + 1 :].partition("\t")[0]
