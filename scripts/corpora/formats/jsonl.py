"""Read texts with spans, one JSON object a line, as Prodigy, Doccano and many others write them."""
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import check_ids
from scripts.corpora.formats.json_rows import check_value, read_rows
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files
from scripts.corpora.schema import Document, Mention

OPTIONS = ("offsets",)
SUFFIXES = [".jsonl", ".ndjson", ".json"]
# Prodigy's key, the two that Doccano has used, and that of Doccano's projects with relations and of spaCy.
SPAN_KEYS = ("spans", "label", "labels", "entities")
ACCEPT, LEFT_OUT = "accept", ("reject", "ignore")
RELATIONS = "document with relations, which are not read"
_SPAN = "expected [start, end, label], or an object with the keys start, end, label"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder of files.
    annotations (Optional[Path]): Not of this format: the annotations stand in the same file.
    RETURNS (list[RawFile]): Sorted by name.
    RAISES (ProjectError): If there is none, or a folder of annotations is given.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all rows; an id is the row's `id`, else the number of its line, behind the file's name if there are several.

    path (Path): A file, or a folder of files.
    annotations (Optional[Path]): Not of this format.
    options (Options): What the corpus file says of the files.
    RETURNS (list[Document]): In the order of the files; `meta["left_out"]` where the annotator did not accept the row.
    RAISES (ProjectError): If a row is not as expected, two have one id, or a file has none.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    placed = [
        found
        for name, file in files.items()
        for found in _read_file(file, f"{name}/" if len(files) > 1 else "", options)
    ]
    check_ids((document.id, where) for where, document in placed)
    return [document for _, document in placed]


def _read_file(file: RawFile, prefix: str, options: Options) -> Iterator[tuple[str, Document]]:
    number = 0
    for number, row in read_rows(file):
        where = f"{file}:{number}"
        yield where, _read_row(row, prefix + _identifier(row, str(number), where), where, options)
    if not number:
        raise ProjectError("no documents in this file", where=file, remedy="remove the file, or write it again")


def _read_row(row: Mapping[str, Any], name: str, where: str, options: Options) -> Document:
    text = check_value(row, "text", str, where)
    key = _span_key(row, where)
    spans = check_value(row, key, list, where) if key else []
    mentions = [_read_span(span, f"T{number}", where) for number, span in enumerate(spans, start=1)]
    mended, meta = mend_offsets(text, mentions, options.offsets), _read_meta(row, where)
    notes = (*meta.get("notes", ()), *mended.notes)
    return Document(name, text, mended.mentions, {**meta, "notes": notes} if notes else meta)


def _span_key(row: Mapping[str, Any], where: str) -> Optional[str]:
    """RETURNS (Optional[str]): The key that holds the spans; None if Prodigy found none, which leaves it out then."""
    present = [key for key in SPAN_KEYS if key in row]
    for key in present:
        if isinstance(row[key], str) or (isinstance(row[key], list) and any(isinstance(one, str) for one in row[key])):
            remedy = "a corpus needs spans of text; export it from a project of sequence labelling"
            raise ProjectError(f"key '{key}' holds a class of the whole text, no spans", where=where, remedy=remedy)
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
    name = _identifier(span, number, where)
    return Mention(start, end, label, subtype=label, id=name, fragments=((start, end),), text=text, where=where)


def _identifier(data: Mapping[str, Any], default: str, where: str) -> str:
    if type(data.get("id")) is int:
        return str(data["id"])
    return default if data.get("id") in (None, "") else check_value(data, "id", str, where)


def _read_meta(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    answer = row.get("answer", ACCEPT)
    if answer not in (ACCEPT, *LEFT_OUT):
        raise ProjectError(f"key 'answer' is none of {', '.join((ACCEPT, *LEFT_OUT))}", where=where)
    notes = {"notes": (RELATIONS,)} if row.get("relations") else {}
    return notes if answer == ACCEPT else {**notes, "left_out": f"answer is {answer}"}
