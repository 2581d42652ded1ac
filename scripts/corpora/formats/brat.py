"""Read and write folders of brat files (`NAME.txt`, `NAME.ann`). Annotations may be in a separate folder."""
import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations, count
from pathlib import Path, PurePath
from typing import Iterable, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.base.files import atomic_folder, hash_data
from scripts.corpora.copies import annotated_by_any, find_annotators
from scripts.corpora.formats.documents import add_notes, check_ids
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import (
    NUL,
    RawFile,
    check_encoding,
    find_files,
    find_hidden,
    find_named,
    read_bytes,
    read_lines,
    read_text,
    split_lines,
)
from scripts.corpora.formats.sentences_of import DIGITS, OTHER_TEXT, ROUND
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.schema import COPY_OF, LEFT_OUT, Document, Fragment, Mention
from scripts.corpora.spelling import same_text, without_space

OPTIONS = ("offsets",)
TEXT_BOUND = re.compile(r"(T\d+)\t(\S+) (-?\d{1,9} -?\d{1,9}(?:;-?\d{1,9} -?\d{1,9})*)\t(.*)")
LOOKS_TEXT_BOUND = re.compile(r"T\d+(\s|$)")
# Notes, attributes, modifications, relations, events, equivalences, normalizations, and CADEC's terminology ids (TT1).
OTHER_ANNOTATION = re.compile(r"([ANRME]\d+|TT\d+|\*)\s|#")
# The most lines of a mention that is searched for in the whole document.
MOST_LINES = 100
READ_AS_LATIN_1 = "annotations that are not UTF-8, read as Latin-1"
PASSED_OVER = "line of an annotation file that doesn't continue an annotation, skipped"
REPEATED_ID = "id of a mention that is in its file twice, both mentions read"
# Files that people put next to their texts. If they have annotations, they are treated like other texts.
ABOUT = re.compile(
    r"(?:read[-_]?me|licen[cs]e|copying|copyright|notice|citation|authors|contributors|changelog|changes)(?:[-_. ].*)?",
    re.IGNORECASE,
)
NOT_A_TEXT = "file about the corpus next to its texts (such as README.txt), skipped"
HIDDEN = "hidden file next to the texts, skipped"
# Marks a sentence that was selected for annotation. In a text with such marks, everything else is unknown. A note on
# the mark has the id of the text, which may be in several folders with different marks.
CHOSEN_SENTENCE = "Chosen_sentence"
_DOCUMENT_NOTE = re.compile(r"#\d+\tAnnotatorNotes T\d+\tsentence of (.+)")
SKIPPED = "none of its sentences is marked `Chosen_sentence` any more"
SKIPPED_TEXT = "text without a sentence marked `Chosen_sentence` in a folder with such marks, left out"
SETTINGS = "annotation.conf"
_CHOSEN_LINE = CHOSEN_SENTENCE.encode()
CHOSEN = "document in which only the sentences marked `Chosen_sentence` were annotated"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): Folder with the texts.
    annotations (Optional[Path]): Folder with the annotations, if they are in a separate one.
    RETURNS (list[RawFile]): The files with texts and annotations.
    RAISES (ProjectError): If a folder doesn't exist or doesn't have such files.
    """
    texts, annotated = _find(path, annotations)
    used = [file for name, file in texts.items() if not _is_about(name, annotated)]
    return [*used, *annotated.values(), *(file for _, file in _suggested(path, annotations))]


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. An id is the path below the folder without `.txt`.

    Files about the corpus, such as README.txt, are only documents if they have annotations. If a text has sentences
    marked `Chosen_sentence`, only these are annotated. It may be in several folders with different marks. If the same
    sentences are marked in the folders of several annotators, each has a document of their own. A text
    without marks is left out if it is next to marked texts, or to an `annotation.conf` that `suggest` wrote: the
    annotator skipped its sentences.

    path (Path): Folder with the texts.
    annotations (Optional[Path]): Folder with the annotations, if they are in a separate one.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, sorted by id.
    RAISES (ProjectError): If a text that isn't empty has no annotations, if annotations have no text, or if a line is
        invalid.
    """
    texts, annotated = _find(path, annotations)
    for name in sorted(set(annotated) - set(texts)):
        raise ProjectError("annotations without a text", where=annotated[name], remedy=f"expected {path / name}.txt")
    names = [name for name in sorted(texts) if not _is_about(name, annotated)]
    documents = [_read_document(name, texts[name], annotated.get(name), options) for name in names]
    documents = _leave_out_skipped(names, documents, [name for name, _ in _suggested(path, annotations)])
    hidden = {file for folder in (path, annotations or path) for file in find_hidden(folder, [".txt", ".ann"])}
    notes = [NOT_A_TEXT] * (len(texts) - len(names)) + [HIDDEN] * len(hidden)
    return _with_notes(_join_chosen(names, documents), notes)


def _find(path: Path, annotations: Optional[Path]) -> tuple[dict[str, RawFile], dict[str, RawFile]]:
    return find_files(path, [".txt"]), find_files(annotations or path, [".ann"])


def _suggested(path: Path, annotations: Optional[Path]) -> list[tuple[str, RawFile]]:
    """RETURNS (list[tuple[str, RawFile]]): Path and file of `annotation.conf` for each folder that `suggest` wrote."""
    folders = [path] if annotations is None else [path, annotations]
    found = [one for folder in folders for one in find_named(folder, SETTINGS).items()]
    return [(name, file) for name, file in found if _CHOSEN_LINE in read_bytes(file).splitlines()]


def _is_about(name: str, annotated: Mapping[str, RawFile]) -> bool:
    return name not in annotated and ABOUT.fullmatch(PurePath(name).name) is not None


def _with_notes(documents: list[Document], notes: Sequence[str]) -> list[Document]:
    """RETURNS (list[Document]): The documents. General notes are added to the first one."""
    if not documents or not notes:
        return documents
    first, *others = documents
    return [replace(first, meta={**first.meta, "notes": (*notes, *first.meta.get("notes", ()))}), *others]


def _read_document(name: str, text_file: RawFile, annotation_file: Optional[RawFile], options: Options) -> Document:
    text = read_text(text_file)
    if annotation_file is None:
        if text.strip():
            raise ProjectError("a text without annotations", where=text_file, remedy=f"expected a file {name}.ann")
        return Document(name, text)
    lines, notes = _read_annotation_lines(annotation_file)
    mended = mend_offsets(text, list(_read_mentions(annotation_file, lines, text, notes)), options.offsets)
    mentions = mended.mentions
    notes += mended.notes
    notes += [REPEATED_ID] * (len(mentions) - len({mention.id for mention in mentions}))
    document = Document(name, text, mentions, {"notes": tuple(notes)} if notes else {})
    marks = [mention for mention in mentions if mention.label == CHOSEN_SENTENCE]
    return _only_chosen(document, marks, lines) if marks else document


def _leave_out_skipped(
    names: Sequence[str], documents: Sequence[Document], suggested: Iterable[str]
) -> list[Document]:
    """RETURNS (list[Document]): The documents. Those that `suggest` wrote and that have no marks left are left out."""
    marked = [CHOSEN in document.meta.get("notes", ()) for document in documents]
    beside = {PurePath(name).parent for name, is_marked in zip(names, marked, strict=True) if is_marked}
    beside |= {PurePath(name).parent for name in suggested}
    return [
        add_notes(replace(document, meta={**document.meta, LEFT_OUT: SKIPPED}), [SKIPPED_TEXT])
        if not is_marked and PurePath(name).parent in beside
        else document
        for name, document, is_marked in zip(names, documents, marked, strict=True)
    ]


def _only_chosen(document: Document, marks: Sequence[Mention], lines: Iterable[str]) -> Document:
    """RETURNS (Document): The document with only the marked sentences as annotated, and the id in their notes."""
    found = (match[1] for match in map(_DOCUMENT_NOTE.fullmatch, lines) if match)
    others = tuple(mention for mention in document.mentions if mention.label != CHOSEN_SENTENCE)
    stretches = tuple(sorted((mark.start, mark.end) for mark in marks))
    name = next(found, document.id)
    return add_notes(replace(document, id=name, mentions=others, annotated=stretches), [CHOSEN])


def _join_chosen(paths: Sequence[str], documents: Sequence[Document]) -> list[Document]:
    """Join the documents with marked sentences of the same text, those of each annotator separately.

    paths (Sequence[str]): Where each document is, as a path below the folder.
    documents (Sequence[Document]): All documents, with the id of the original text if they have marked sentences.
    RETURNS (list[Document]): One document for each text and annotator.
    """
    marked = {path: one for path, one in zip(paths, documents, strict=True) if CHOSEN in one.meta.get("notes", ())}
    others = [one for path, one in zip(paths, documents, strict=True) if path not in marked]
    people = _find_annotators(marked)
    groups: defaultdict[tuple[str, str, str], list[Document]] = defaultdict(list)
    for path, document in marked.items():
        groups[document.id, document.text, people[path]].append(document)
    found = [*others, *_name_apart({group: _merge(own) for group, own in groups.items()})]
    check_ids((document.id, f"document '{name_id(document.id)}'") for document in found)
    return sorted(found, key=lambda document: document.id)


def _name_apart(joined: Mapping[tuple[str, str, str], Document]) -> Iterator[Document]:
    """Give each annotator's document, and each version of a text, an id of its own.

    joined (Mapping): Documents by id, text and annotator.
    YIELDS (Document): The documents.
    """
    annotators = Counter((id, text) for id, text, _ in joined)
    first: dict[str, str] = {}
    for (id, text, who), document in joined.items():
        is_version = first.setdefault(id, text) != text
        name = f"{hash_data(text)[:DIGITS]}/{id}" if is_version else id
        if annotators[id, text] > 1:
            name = f"{who}/{name}" if who else name
            document = replace(document, annotator=who)
        document = replace(document, id=name, meta={**document.meta, COPY_OF: id})
        yield add_notes(document, [OTHER_TEXT] if is_version else [])


def _find_annotators(marked: Mapping[str, Document]) -> dict[str, str]:
    """RETURNS (dict[str, str]): The annotator of each document with marked sentences, by path: a folder, if the same
    sentences are marked in another one that isn't of another round. Empty if there is only one."""
    by_text: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path, document in marked.items():
        by_text[document.id, document.text].append(path)
    copies = [
        (one, other)
        for group in by_text.values()
        for one, other in combinations(group, 2)
        if not {*(marked[one].annotated or ())}.isdisjoint(marked[other].annotated or ())
    ]
    found = {who for pair in copies for who in find_annotators(marked, [pair]).values() if not ROUND.fullmatch(who)}
    return {path: next((part for part in path.split("/")[:-1] if part in found), "") for path in marked}


def _merge(documents: Sequence[Document]) -> Document:
    if len(documents) == 1:
        return documents[0]
    mentions = (mention for document in documents for mention in document.mentions)
    return replace(
        documents[0],
        mentions=tuple(replace(mention, id=f"T{number}") for number, mention in enumerate(mentions, start=1)),
        annotated=annotated_by_any(documents),
    )


def _read_annotation_lines(file: RawFile) -> tuple[list[str], list[str]]:
    """RETURNS (tuple): The lines, and a note if they are not in UTF-8, as in some releases of CADEC."""
    try:
        return read_lines(file), []
    except ProjectError:
        text = read_bytes(file).decode("latin-1")
        check_encoding(text, file)
        return split_lines(text), [READ_AS_LATIN_1]


def _read_mentions(file: RawFile, lines: Sequence[str], text: str, notes: list[str]) -> Iterator[Mention]:
    may_be_broken = False
    number = 0
    while number < len(lines):
        line, where = lines[number], f"{file}:{number + 1}"
        number += 1
        match = TEXT_BOUND.fullmatch(line)
        if match:
            fragments = _parse_fragments(match[3])
            covered = " ".join(text[start:end] for start, end in fragments)
            broken = _continuation(match[4], lines, number, covered) or _unplaced(match[4], lines, number, text)
            mention_text = "\n".join([match[4], *broken])
            may_be_broken = without_space(mention_text) != without_space(covered)
            number += len(broken)
            yield _mention(match, fragments, mention_text, where)
        elif OTHER_ANNOTATION.match(line):
            may_be_broken = True
        elif line.strip() and may_be_broken and not LOOKS_TEXT_BOUND.match(line):
            notes.append(PASSED_OVER)
        elif line.strip():
            raise ProjectError("not a brat annotation", where=where, remedy=_EXPECTED)


_EXPECTED = "expected `T1<TAB>Label start end[;start end]<TAB>text`"


def _parse_fragments(offsets: str) -> tuple[Fragment, ...]:
    pairs = (pair.split(" ") for pair in offsets.split(";"))
    return tuple((int(start), int(end)) for start, end in pairs)


def _mention(match: re.Match, fragments: tuple[Fragment, ...], text: str, where: str) -> Mention:
    start, end = min(first for first, _ in fragments), max(last for _, last in fragments)
    return Mention(start, end, match[2], subtype=match[2], id=match[1], fragments=fragments, text=text, where=where)


def _continuation(text: str, lines: Sequence[str], number: int, covered: str) -> Sequence[str]:
    """Find the lines that continue a mention's text with a raw line break.

    text (str): The text field in the mention's own line.
    lines (Sequence[str]): The lines of the file.
    number (int): Number of lines before those that may continue it.
    covered (str): The mention's text in the document, to compare with.
    RETURNS (Sequence[str]): The lines that belong to the mention. Empty if the text doesn't match `covered`.
    """
    target, piece, reached = without_space(covered), without_space(text), 0
    for end in range(number, len(lines) + 1):
        if not target.startswith(piece, reached):
            break
        reached += len(piece)
        if reached == len(target):
            return lines[number:end]
        piece = without_space(lines[end]) if end < len(lines) else ""
    return ()


def _unplaced(text: str, lines: Sequence[str], number: int, document: str) -> Sequence[str]:
    """Find these lines for a mention with the wrong offsets, which may have a different unit.

    text (str): The text field in the mention's own line.
    lines (Sequence[str]): The lines of the file.
    number (int): Number of lines before those that may continue it.
    document (str): The document's text, to compare with.
    RETURNS (Sequence[str]): The lines, without annotations, that also follow the text in the document.
    """
    reached, found, whole = without_space(text), number, ""
    for end in range(number, min(len(lines), number + MOST_LINES)):
        line = lines[end]
        if LOOKS_TEXT_BOUND.match(line) or OTHER_ANNOTATION.match(line):
            break
        reached += without_space(line)
        whole = whole or without_space(document)
        if line.strip() and reached not in whole:
            break
        found = end + 1 if line.strip() else found
    return lines[number:found]


def write(documents: Sequence[Document], path: Path) -> None:
    """Write documents for brat, with a text and an annotation file for each. `read` reads them back.

    A mention that goes on in another line has a fragment for each line. Ids in brat's form are kept, and others are
    replaced by numbers. brat doesn't store the annotator of a document.

    documents (Sequence[Document]): The documents. An id is the path below the folder.
    path (Path): The folder, which is written atomically. It must be new or empty.
    RAISES (ProjectError): If it isn't, or if brat can't represent a document.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ProjectError("the output folder is not empty", where=path, remedy="choose another one or delete it")
    check_ids((document.id, f"document '{document.id}'") for document in documents)
    with atomic_folder(path) as folder:
        for document in documents:
            put_files(as_files(document), folder)


def put_files(files: Iterable[tuple[str, bytes]], folder: Path) -> list[Path]:
    """Write the files of a document.

    files (Iterable[tuple[str, bytes]]): Name and contents of each file.
    folder (Path): The folder that the names are relative to.
    RETURNS (list[Path]): The files.
    RAISES (ProjectError): If a file has the name of a folder that another document needs.
    """
    written = []
    for name, data in files:
        path = folder / name
        written.append(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            taken = next((parent for parent in path.parents if parent.is_file()), path).relative_to(folder).as_posix()
            raise ProjectError(f"'{taken}' would be both a file and a folder", remedy="rename a document") from None
    return written


def as_files(document: Document) -> Iterator[tuple[str, bytes]]:
    """YIELDS (tuple[str, bytes]): Name and contents of the text file, then of the annotation file.

    RAISES (ProjectError): If brat can't represent the document.
    """
    where = f"document {document.id!a}"
    _check_writable(document, where)
    lines = [
        _line(name, mention, document.text, where)
        for name, mention in zip(_ids(document.mentions), document.mentions, strict=True)
    ]
    try:
        yield f"{document.id}.txt", document.text.encode("utf8")
        yield f"{document.id}.ann", "".join(lines).encode("utf8")
    except UnicodeEncodeError:
        raise ProjectError("half of a surrogate pair, which can't be written", where=where) from None


def _check_writable(document: Document, where: str) -> None:
    parts = document.id.split("/")
    if any(not part.isprintable() or part[:1] in ("", ".") or len(part.encode("utf8")) > _LONGEST for part in parts):
        remedy = "rename it: use printable characters, and no parts that are empty, hidden or very long"
        raise ProjectError("an id that can't be a file name", where=where, remedy=remedy)
    if NUL in document.text:
        raise ProjectError("NUL characters, which brat can't store", where=where, remedy="remove them from the text")
    if "left_out" in document.meta:
        raise ProjectError("a document that is left out, which brat can't store", where=where, remedy="don't write it")
    if document.annotated is not None:
        remedy = "use a format that can store stretches without annotation"
        raise ProjectError("a partly annotated document, which brat can't store", where=where, remedy=remedy)


# The most bytes in a file name. File systems allow 255.
_LONGEST = 200
# Between the characters at which brat ends a line when it reads a file.
_LINE = re.compile("[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def _ids(mentions: Sequence[Mention]) -> Iterator[str]:
    """YIELDS (str): An id in brat's form for each mention. Its own id is kept if it has this form and is unique."""
    known = {mention.id for mention in mentions}
    free = (name for name in map("T{}".format, count(1)) if name not in known)
    taken: set[str] = set()
    for mention in mentions:
        own = re.fullmatch("T[0-9]+", mention.id) and mention.id not in taken
        taken.add(mention.id)
        yield mention.id if own else next(free)


def _line(name: str, mention: Mention, text: str, where: str) -> str:
    fragments = fragments_of(mention)
    place = f"{where}, mention {mention.id!a}"
    if not re.fullmatch(r"\S+", mention.label):
        raise ProjectError("a label that is empty or contains whitespace", where=place, remedy="rename the label")
    if any(not 0 <= start < end <= len(text) for start, end in fragments):
        raise ProjectError("offsets outside of the text, or empty", where=place, remedy="leave the mention out")
    # brat rejects a mention whose text differs from the document's in any character, such as a space for a line break.
    lines = [match.span() for start, end in fragments for match in _LINE.finditer(text, start, end)]
    fragments = tuple((start, end) for start, end in lines if text[start:end].strip()) or fragments
    covered = re.sub("[\r\n]", " ", " ".join(text[start:end] for start, end in fragments))
    if mention.text is not None and not same_text(mention.text, covered):
        raise ProjectError("its text differs from the document's", where=place, remedy="leave the mention out")
    offsets = ";".join(f"{start} {end}" for start, end in fragments)
    return f"{name}\t{mention.label} {offsets}\t{covered}\n"
