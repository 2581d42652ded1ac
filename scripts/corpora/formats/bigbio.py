"""Read rows of the BigBio schema `bigbio_kb`: passages, and entities at offsets in the whole text."""
from itertools import chain
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.dataset_rows import find_row_files, read_rows_of
from scripts.corpora.formats.documents import add_notes, check_ids
from scripts.corpora.formats.json_rows import check_name, check_object, check_value, has_half_pair
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile
from scripts.corpora.schema import Document, Fragment, Mention

OPTIONS = ("offsets",)
# The most whitespace between passages. More is a mistake in their offsets.
WIDEST_GAP = 1000
NOT_READ = ("events", "coreferences", "relations")
OTHER_LENGTH = "document with a passage whose length doesn't match its offsets, read from its start"
JOINED = "document whose passages don't match their offsets, joined with line breaks"
NOWHERE = "entity without offsets, skipped"
_SCHEMA = "export the configuration of the data set whose name ends in `_bigbio_kb`"
_OFFSETS = "expected [[start, end], ...]"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the entities are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_row_files(path, annotations).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all rows. An id is the row's `document_id`, or else its `id`, with the file's name if there are several.

    The text consists of the passages at their offsets, with a line break between them, and spaces if the offsets leave
    a larger gap. An entity with several offsets is discontinuous. Events, coreferences and relations are skipped with a
    note. Concept ids are skipped too.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files.
    RAISES (ProjectError): If a row doesn't have this schema, two have the same id, or a file has no rows or can't be
        read.
    """
    files = find_row_files(path, annotations)
    placed = [
        (where, _read_row(row, f"{name}/" if len(files) > 1 else "", number, options, where))
        for name, file in files.items()
        for number, (where, row) in enumerate(read_rows_of(file).rows, start=1)
    ]
    check_ids((document.id, where) for where, document in placed)
    return [document for _, document in placed]


def _read_row(row: Mapping[str, Any], prefix: str, number: int, options: Options, where: str) -> Document:
    if "passages" not in row or "entities" not in row:
        raise ProjectError("no keys 'passages' and 'entities'", where=where, remedy=_SCHEMA)
    notes = [f"{key} of a document, which are not read" for key in NOT_READ if row.get(key)]
    pieces = list(chain.from_iterable(_read_passage(one, place) for one, place in _items(row, "passages", where)))
    text = _place(pieces)
    if text is None:
        text = "\n".join(piece for piece, _ in pieces)
        notes.append(JOINED)
    elif any(end - start != len(piece) for piece, (start, end) in pieces):
        notes.append(OTHER_LENGTH)
    mentions = []
    for count, (entity, place) in enumerate(_items(row, "entities", where), start=1):
        mention = _read_entity(entity, f"T{count}", place)
        if mention:
            mentions.append(mention)
        else:
            notes.append(NOWHERE)
    mended = mend_offsets(text, mentions, options.offsets)
    name = check_name(row, "document_id", check_name(row, "id", str(number), where), where)
    return add_notes(Document(prefix + name, text, mended.mentions), [*notes, *mended.notes])


def _items(row: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[dict[str, Any], str]]:
    for number, one in enumerate(check_value(row, key, list, where), start=1):
        place = f"{where}, {key} {number}"
        yield check_object(one, place, _SCHEMA), place


def _read_passage(passage: Mapping[str, Any], where: str) -> Iterator[tuple[str, Fragment]]:
    """YIELDS (tuple[str, Fragment]): The texts of a passage (nearly always one) with their offsets."""
    texts, offsets = _read_texts(passage, where), _read_offsets(passage, where)
    if len(texts) != len(offsets):
        what = f"{len(texts)} texts at {len(offsets)} offsets"
        raise ProjectError(what, where=where, remedy="write offsets for each text of a passage")
    yield from zip(texts, offsets, strict=True)


def _place(pieces: Sequence[tuple[str, Fragment]]) -> Optional[str]:
    """RETURNS (Optional[str]): The text with each piece at its offsets, or None if these are impossible."""
    ends = [0, *(start + len(piece) for piece, (start, _) in pieces)]
    gaps = [start - end for end, (_, (start, _)) in zip(ends, pieces, strict=False)]
    if any(not 0 <= gap <= WIDEST_GAP for gap in gaps):
        return None
    return "".join("\n"[:gap].ljust(gap) + piece for gap, (piece, _) in zip(gaps, pieces, strict=True))


def _read_entity(entity: Mapping[str, Any], name: str, where: str) -> Optional[Mention]:
    """RETURNS (Optional[Mention]): The entity, with the offsets as written, or None if it has none."""
    label, texts = check_value(entity, "type", str, where), _read_texts(entity, where)
    fragments = _read_offsets(entity, where)
    if not fragments:
        return None
    start, end = min(start for start, _ in fragments), max(end for _, end in fragments)
    text = " ".join(texts) or None
    return Mention(start, end, label, subtype=label, id=name, fragments=fragments, text=text, where=where)


def _read_texts(data: Mapping[str, Any], where: str) -> list[str]:
    texts = [data["text"]] if isinstance(data.get("text"), str) else check_value(data, "text", list, where)
    if any(not isinstance(text, str) or has_half_pair(text) for text in texts):
        what = "key 'text' contains something other than text, or half of a surrogate pair"
        raise ProjectError(what, where=where, remedy=_SCHEMA)
    return texts


def _read_offsets(data: Mapping[str, Any], where: str) -> tuple[Fragment, ...]:
    offsets = check_value(data, "offsets", list, where)
    if any(type(one) is not list or [type(offset) for offset in one] != [int, int] for one in offsets):
        raise ProjectError("key 'offsets' doesn't contain pairs of whole numbers", where=where, remedy=_OFFSETS)
    return tuple((start, end) for start, end in offsets)
