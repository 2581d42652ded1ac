"""Put individually annotated sentences back into their documents, with the rest of the documents as unknown.

In JSON rows, the keys below have the id of a sentence's document, and the sentence's offsets in it.
"""
from collections import defaultdict
from dataclasses import replace
from typing import Any, Mapping, NamedTuple, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats.documents import add_notes, sentence_starts
from scripts.corpora.formats.json_rows import Row, check_name, check_value
from scripts.corpora.schema import LEFT_OUT, Document, Fragment, Mention

SOURCE_DOCUMENT, SOURCE_START, SOURCE_END = "source_document", "source_start", "source_end"
# A wrong offset could fill the memory with spaces. spaCy's limit is about the same.
LONGEST_DOCUMENT = 2**20
NOT_ANNOTATED = "sentence that its annotator didn't accept, which is unknown"
GAPS = "document with only some sentences annotated, read with spaces instead of the rest"


class _Piece(NamedTuple):
    """A sentence with its start in the document."""

    start: int
    row: Row

    @property
    def end(self) -> int:
        return self.start + len(self.row.document.text)


def join_sentences(rows: Sequence[Row]) -> list[Row]:
    """Join the sentences of each document and annotator.

    rows (Sequence[Row]): Rows of all files.
    RETURNS (list[Row]): The rows, in their order, with the document in place of its first sentence. It has the id and
        the offsets of the original document.
    RAISES (ProjectError): If a row's offsets are impossible, or two sentences overlap.
    """
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        is_sentence = SOURCE_DOCUMENT in row.data
        key = (_document_of(row), row.document.annotator) if is_sentence else (number,)
        groups[key].append(row)
    return [_join(group) if SOURCE_DOCUMENT in group[0].data else group[0] for group in groups.values()]


def _document_of(row: Row) -> str:
    return check_name(row.data, SOURCE_DOCUMENT, "", row.where)


def _join(rows: Sequence[Row]) -> Row:
    first, name = rows[0], _document_of(rows[0])
    pieces = sorted(map(_place, rows), key=lambda piece: piece.start)
    for before, piece in zip(pieces, pieces[1:], strict=False):
        if piece.start < before.end:
            what = f"two overlapping sentences in the document '{name_id(name)}'"
            remedy = f"remove one of the two; the other one is at {before.row.where}"
            raise ProjectError(what, where=piece.row.where, remedy=remedy)
    used = [piece for piece in pieces if LEFT_OUT not in piece.row.document.meta]
    notes = [note for piece in pieces for note in piece.row.document.meta.get("notes", ())]
    if not used:
        return replace(first, document=replace(first.document, id=name))
    text = _text(used)
    starts = sentence_starts(text, (piece.start for piece in used))
    document = Document(
        name,
        text,
        tuple(mention for number, piece in enumerate(used) for mention in _mentions(piece, number)),
        {"sentence_starts": starts},
        first.document.annotator,
        tuple((piece.start, piece.end) for piece in used),
    )
    return replace(first, document=add_notes(document, [*notes, GAPS, *[NOT_ANNOTATED] * (len(pieces) - len(used))]))


def _place(row: Row) -> _Piece:
    start, end = (check_value(row.data, key, int, row.where) for key in (SOURCE_START, SOURCE_END))
    if not 0 <= start < end <= LONGEST_DOCUMENT or end - start != len(row.document.text):
        what = f"'{SOURCE_START}' and '{SOURCE_END}' don't match the length of the text"
        raise ProjectError(what, where=row.where, remedy="don't change the text and offsets written by `suggest`")
    return _Piece(start, row)


def _text(pieces: Sequence[_Piece]) -> str:
    text = ""
    for piece in pieces:
        gap = piece.start - len(text)
        text += "\n"[:gap].ljust(gap) + piece.row.document.text
    return text


def _mentions(piece: _Piece, number: int) -> list[Mention]:
    """RETURNS (list[Mention]): The mentions of a sentence, with offsets in its document."""

    def moved(fragment: Fragment) -> Fragment:
        return fragment[0] + piece.start, fragment[1] + piece.start

    return [
        replace(
            mention,
            start=mention.start + piece.start,
            end=mention.end + piece.start,
            fragments=tuple(map(moved, mention.fragments)),
            id=f"{number}.{mention.id}",
        )
        for mention in piece.row.document.mentions
    ]


def place_of(document: str, start: int, end: int) -> Mapping[str, Any]:
    """RETURNS (Mapping): The keys of a row for `join_sentences`."""
    return {SOURCE_DOCUMENT: document, SOURCE_START: start, SOURCE_END: end}
