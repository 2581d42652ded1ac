"""Read RuDReC's file: JSON lines, each with a sentence of a review and its mentions at offsets in the sentence."""
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats.documents import sentence_starts
from scripts.corpora.formats.json_rows import check_value, read_rows
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import refuse_annotations
from scripts.corpora.schema import Document, Mention

OPTIONS = ("offsets",)


@dataclass(frozen=True)
class _Row:
    document: str
    text: str
    mentions: tuple[Mention, ...]
    notes: tuple[str, ...]
    where: str


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[Path]:
    """List the files that `read` opens.

    path (Path): The file.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[Path]): The file.
    RAISES (ProjectError): If the file doesn't exist, or `annotations` is set.
    """
    refuse_annotations(annotations)
    if not path.is_file():
        raise ProjectError("no such file", where=path, remedy="check `path` in the corpus file")
    return [path]


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all reviews, joining their sentences.

    path (Path): The file.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the file. `meta["sentence_starts"]` has the starts of rows.
    RAISES (ProjectError): If a row is not JSON, lacks a key, or is not next to the other rows of its review.
    """
    (file,) = raw_files(path, annotations)
    documents: dict[str, Document] = {}
    for name, group in groupby(_read_rows(file, options), key=lambda row: row.document):
        rows = list(group)
        if name in documents:
            what = f"'{name_id(name)}' has other rows further up"
            raise ProjectError(what, where=rows[0].where, remedy="sort rows by file_name")
        documents[name] = _join(name, rows)
    return list(documents.values())


def _join(name: str, rows: Iterable[_Row]) -> Document:
    """RETURNS (Document): The joined rows. If a row doesn't end in a line break, as RuDReC's do, one is added."""
    text, mentions, begins = "", [], []
    notes: list[str] = []
    for row in rows:
        if text and not text[-1].isspace():
            text += "\n"
        begins.append(len(text))
        mentions += [_shift(mention, len(text)) for mention in row.mentions]
        notes += row.notes
        text += row.text
    # Renumbered, because INCEpTION's ids repeat in each row.
    numbered = (replace(mention, id=f"T{number}") for number, mention in enumerate(mentions, start=1))
    meta: dict[str, Any] = {"notes": tuple(notes)} if notes else {}
    return Document(name, text, tuple(numbered), {**meta, "sentence_starts": sentence_starts(text, begins)})


def _shift(mention: Mention, offset: int) -> Mention:
    start, end = mention.start + offset, mention.end + offset
    return replace(mention, start=start, end=end, fragments=((start, end),))


def _read_rows(file: Path, options: Options) -> Iterator[_Row]:
    for number, row in read_rows(file):
        where = f"{file}:{number}"
        entities = check_value(row, "entities", list, where)
        text = check_value(row, "text", str, where)
        mended = mend_offsets(text, [_read_mention(entity, where) for entity in entities], options.offsets)
        yield _Row(check_value(row, "file_name", str, where), text, mended.mentions, mended.notes, where)


def _read_mention(entity: Mapping[str, Any], where: str) -> Mention:
    if not isinstance(entity, dict):
        raise ProjectError(f"expected a JSON object for each entity, got {type(entity).__name__}", where=where)
    start, end = check_value(entity, "start", int, where), check_value(entity, "end", int, where)
    label, text = check_value(entity, "entity_type", str, where), check_value(entity, "entity_text", str, where)
    return Mention(start, end, label, subtype=label, text=text, where=where)
