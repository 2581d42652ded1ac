"""Read texts with spans as JSON lines or a JSON array, as written by Prodigy, Doccano and many others."""
from collections import defaultdict
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats import doccano, prodigy
from scripts.corpora.formats.documents import add_notes, check_ids
from scripts.corpora.formats.json_rows import (
    Row,
    check_name,
    check_object,
    check_value,
    items_of,
    read_rows,
    read_stretches,
    read_values,
)
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files, read_lines
from scripts.corpora.formats.sentences_of import join_sentences
from scripts.corpora.schema import Document, Mention

OPTIONS = ("offsets",)
SUFFIXES = [".jsonl", ".ndjson", ".json"]
# Prodigy's key, Doccano's two keys, and the key of spaCy and of Doccano's projects with relations.
SPAN_KEYS = ("spans", "label", "labels", "entities")
RELATIONS = "document with relations, which are not read"
CLASSES = "document with classes of the whole text, which are not read"
COMMENTS = "document with comments of its annotators, which are not read"
NOT_READ = {"relations": RELATIONS, "cats": CLASSES, "Comments": COMMENTS}
EMPTY_FILE = "file without documents next to this document's, skipped"
_SPAN = "expected [start, end, label], or an object with the keys start, end, label"
_ROW = "expected a row of Prodigy or Doccano; docs/corpora.md lists the formats that are read"
_ARRAY = "expected objects in the array"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder or zip archive with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all rows. An id is the row's `id`, or else its line number, with the file's name if there are several.

    If several annotators have copies of a row, their names are prefixes of the ids. Prodigy's binary answers to single
    spans of a text are merged into one document, in which only the accepted spans are annotated. Sentences of a
    document are merged too, see `sentences_of`.

    path (Path): A file, or a folder or zip archive with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files. `meta["left_out"]` is set if the annotator
        didn't accept the row, or if it may not have been annotated.
    RAISES (ProjectError): If a row is invalid, two rows have the same id, or there are no rows.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    by_file = {name: _read_file(file, f"{name}/" if len(files) > 1 else "", options) for name, file in files.items()}
    _refuse_empty(by_file, files)
    settled = doccano.settle_annotators(by_file)
    merged = join_sentences([row for found in settled.values() for row in prodigy.merge_binary(found)])
    rows = _name_copies(merged)
    check_ids((row.document.id, row.where) for row in rows)
    documents = [row.document for row in rows]
    empty = sum(not found for found in by_file.values())
    return [add_notes(documents[0], [EMPTY_FILE] * empty), *documents[1:]]


def _read_file(file: RawFile, prefix: str, options: Options) -> list[Row]:
    return [
        Row(where, data, _read_row(data, prefix + check_name(data, "id", number, where), where, options))
        for number, where, data in _objects(file)
    ]


def _objects(file: RawFile) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """YIELDS (tuple[str, str, dict]): Number, location and object of each line, or of each item in an array."""
    first = next((line for line in read_lines(file) if line.strip()), "")
    if not first.lstrip().startswith("["):
        yield from ((str(number), f"{file}:{number}", row) for number, row in read_rows(file))
        return
    values = read_values(file, "write one JSON object per line")
    items = items_of(values[0][1], str(file)) if len(values) == 1 else values
    for number, (where, value) in enumerate(items, start=1):
        yield str(number), where, check_object(value, where, _ARRAY)


def _refuse_empty(by_file: Mapping[str, Sequence[Row]], files: Mapping[str, RawFile]) -> None:
    """Raise an error if all files are empty. A single one may be: an export has one for each annotator."""
    if not any(by_file.values()):
        file = next(iter(files.values()))
        raise ProjectError("no documents in this file", where=file, remedy="remove the file, or write it again")


def _name_copies(rows: Sequence[Row]) -> list[Row]:
    """RETURNS (list[Row]): The rows. If annotators' rows have the same id, it gets the annotator as a prefix."""
    annotators = defaultdict(list)
    for row in rows:
        annotators[row.document.id].append(row.document.annotator)
    copied = {id for id, names in annotators.items() if len(names) > 1 and all(names) and len({*names}) == len(names)}
    return [
        row.rename(f"{row.document.annotator}/{row.document.id}") if row.document.id in copied else row for row in rows
    ]


def _read_row(row: Mapping[str, Any], name: str, where: str, options: Options) -> Document:
    if "text" not in row:
        raise ProjectError("missing key 'text'", where=where, remedy=_ROW)
    text = check_value(row, "text", str, where)
    key = _span_key(row, where) if prodigy.marks_spans(row) else None
    spans = check_value(row, key, list, where) if key else []
    mentions = [_read_span(span, f"T{number}", where) for number, span in enumerate(spans, start=1)]
    mended = mend_offsets(text, mentions, options.offsets)
    notes = [note for found, note in NOT_READ.items() if row.get(found)]
    document = Document(
        name,
        text,
        mended.mentions,
        prodigy.read_meta(row, where),
        annotator=prodigy.read_annotator(row, where),
        annotated=None if prodigy.is_answered(row) else read_stretches(row, where),
    )
    return add_notes(document, [*mended.notes, *notes])


def _span_key(row: Mapping[str, Any], where: str) -> Optional[str]:
    """RETURNS (Optional[str]): The key with the spans, or None, because Prodigy omits it if there are none."""
    present = [key for key in SPAN_KEYS if key in row]
    for key in present:
        if isinstance(row[key], str) or (isinstance(row[key], list) and any(isinstance(one, str) for one in row[key])):
            remedy = "export it from a project for sequence labeling"
            raise ProjectError(f"key '{key}' has a class of the whole text, not spans", where=where, remedy=remedy)
    filled = [key for key in present if row[key]]
    if len(filled) > 1:
        what = f"spans under more than one key: {', '.join(filled)}"
        raise ProjectError(what, where=where, remedy="keep one of them in each row")
    if not present and "answer" not in row:
        raise ProjectError("no spans in this row", where=where, remedy=f"expected a key of {', '.join(SPAN_KEYS)}")
    return next(iter(filled or present), None)


def _read_span(span: Any, number: str, where: str) -> Mention:
    if isinstance(span, list) and len(span) == 3:
        span = dict(zip(("start", "end", "label"), span, strict=True))
    if not isinstance(span, dict):
        raise ProjectError(f"not a span (got {type(span).__name__})", where=where, remedy=_SPAN)
    ending = "_offset" if "start_offset" in span else ""
    start, end = (check_value(span, key + ending, int, where) for key in ("start", "end"))
    label = check_value(span, "label", str, where)
    text = None if span.get("text") is None else check_value(span, "text", str, where)
    name = check_name(span, "id", number, where)
    return Mention(start, end, label, subtype=label, id=name, fragments=((start, end),), text=text, where=where)
