"""Read RuDReC's file: one JSON object a line, each a sentence of a review, with mentions at offsets in the sentence."""
import json
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional

from scripts.base.errors import ProjectError
from scripts.corpora.formats.raw import read_lines, refuse_annotations
from scripts.corpora.schema import Document, Mention

KEYS = {"file_name": str, "text": str, "entities": list}
ENTITY_KEYS = {"start": int, "end": int, "entity_type": str, "entity_text": str}


@dataclass(frozen=True)
class _Row:
    document: str
    text: str
    mentions: tuple[Mention, ...]
    where: str


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[Path]:
    """List the files that `read` opens.

    path (Path): The file.
    annotations (Optional[Path]): Not of this format: the annotations stand in the same file.
    RETURNS (list[Path]): That one file.
    RAISES (ProjectError): If the file is absent, or a folder of annotations is given.
    """
    refuse_annotations(annotations)
    if not path.is_file():
        raise ProjectError("no such file", where=path, remedy="check `path` in the corpus file")
    return [path]


def read(path: Path, annotations: Optional[Path] = None) -> list[Document]:
    """Put the sentences of each review together again.

    path (Path): The file.
    annotations (Optional[Path]): Not of this format.
    RETURNS (list[Document]): In the order of the file; `meta["sentence_starts"]` holds where its rows start.
    RAISES (ProjectError): If a row is not JSON, lacks something, or stands apart from the rows of its review.
    """
    (file,) = raw_files(path, annotations)
    documents: dict[str, Document] = {}
    for name, rows in groupby(_read_rows(file), key=lambda row: row.document):
        rows = list(rows)
        if name in documents:
            where = rows[0].where
            raise ProjectError(f"'{name}' has other rows further up", where=where, remedy="sort rows by file_name")
        documents[name] = _join(name, rows)
    return list(documents.values())


def _join(name: str, rows: Iterable[_Row]) -> Document:
    """RuDReC's rows end in a line break; one that does not gets one, so that no two sentences grow together."""
    text, mentions, starts = "", [], []
    for row in rows:
        if text and not text[-1].isspace():
            text += "\n"
        if row.text.strip():
            starts.append(len(text) + len(row.text) - len(row.text.lstrip()))
        mentions += [_shift(mention, len(text)) for mention in row.mentions]
        text += row.text
    # Numbered anew: INCEpTION's ids repeat from row to row.
    numbered = (replace(mention, id=f"T{number}") for number, mention in enumerate(mentions, start=1))
    return Document(name, text, tuple(numbered), {"sentence_starts": tuple([0, *starts[1:]] if starts else [])})


def _shift(mention: Mention, offset: int) -> Mention:
    start, end = mention.start + offset, mention.end + offset
    return replace(mention, start=start, end=end, fragments=((start, end),))


def _read_rows(file: Path) -> Iterator[_Row]:
    for number, line in enumerate(read_lines(file), start=1):
        if line.strip():
            yield _read_row(line, f"{file}:{number}")


def _read_row(line: str, where: str) -> _Row:
    try:
        # The standard library's parser takes the bare NaN that stands for a missing concept; strict ones do not.
        row = json.loads(line)
    except ValueError as error:
        raise ProjectError(f"not a JSON object ({error})", where=where) from None
    _check_keys(row, KEYS, where)
    if any("\ud800" <= char <= "\udfff" for char in row["text"]):
        raise ProjectError("the text holds half of a surrogate pair", where=where, remedy="repair its \\u escapes")
    return _Row(row["file_name"], row["text"], tuple(_read_mention(entity, where) for entity in row["entities"]), where)


def _read_mention(entity: Any, where: str) -> Mention:
    _check_keys(entity, ENTITY_KEYS, where)
    start, end, label = entity["start"], entity["end"], entity["entity_type"]
    return Mention(start, end, label, subtype=label, text=entity["entity_text"], where=where)


def _check_keys(data: Any, keys: dict[str, type], where: str) -> None:
    if not isinstance(data, dict):
        raise ProjectError(f"expected a JSON object, got {str(data)[:40]!r}", where=where)
    for key, kind in keys.items():
        if key not in data:
            raise ProjectError(f"missing key '{key}'", where=where)
        if type(data[key]) is not kind:
            raise ProjectError(f"key '{key}' is not of type {kind.__name__} (got {data[key]!r})", where=where)
