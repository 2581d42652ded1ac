"""Put individually annotated sentences back into their documents, with the rest of the documents as unknown.

In JSON rows, the keys below have the id of a sentence's document, the sentence's offsets in it, and a hash of its text.
"""
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any, Mapping, NamedTuple, Sequence, Union

from scripts.base.errors import ProjectError, name_id
from scripts.base.files import hash_data
from scripts.corpora.formats.documents import add_notes, sentence_starts
from scripts.corpora.formats.json_rows import Row, check_name, check_value
from scripts.corpora.schema import COPY_OF, LEFT_OUT, LONGEST_DOCUMENT, SOURCE_HASH, Document, Fragment, Mention

SOURCE_DOCUMENT, SOURCE_START, SOURCE_END = "source_document", "source_start", "source_end"
# Of the hash: enough to tell two texts apart.
DIGITS = 16
# The name that `suggest` gives to a file or folder, without a suffix. It is no annotator's.
ROUND = re.compile(r"round-\d+")
NOT_ANNOTATED = "sentence that its annotator didn't accept, which is unknown"
OTHER_TEXT = "document with sentences of another text, or another version of a text, with the same id"
GAPS = "document with only some sentences annotated, read with spaces instead of the rest"


class _Piece(NamedTuple):
    """A sentence with its start in the document."""

    start: int
    row: Row

    @property
    def end(self) -> int:
        return self.start + len(self.row.document.text)

    @property
    def is_accepted(self) -> bool:
        return LEFT_OUT not in self.row.document.meta

    @property
    def annotated(self) -> list[Fragment]:
        annotated = self.row.document.annotated
        stretches = [(0, len(self.row.document.text))] if annotated is None else annotated
        return [(self.start + start, self.start + end) for start, end in stretches]


def join_sentences(rows: Sequence[Row]) -> list[Row]:
    """Join the sentences of each document and annotator.

    If several people annotated sentences of a document, each has a copy of their own, with their name as the prefix of
    its id. If its text has changed, or another one has got its id, the prefix is the hash of that text.
    `meta["copy_of"]` is the id of the original document.

    rows (Sequence[Row]): Rows of all files.
    RETURNS (list[Row]): The rows, in their order, with the document in place of its first sentence. It has the id and
        the offsets of the original document.
    RAISES (ProjectError): If a row's offsets are impossible, or two sentences of an annotator overlap.
    """
    groups: dict[Union[str, int], list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        groups[_document_of(row) if _is_sentence(row) else number].append(row)
    joined = (_join(group) if _is_sentence(group[0]) else group for group in groups.values())
    return [row for group in joined for row in group]


def _is_sentence(row: Row) -> bool:
    # Doccano exports null for a key that only other rows have.
    return row.data.get(SOURCE_DOCUMENT) is not None


def _document_of(row: Row) -> str:
    return check_name(row.data, SOURCE_DOCUMENT, "", row.where)


def _join(rows: Sequence[Row]) -> list[Row]:
    """RETURNS (list[Row]): The document, or several if its sentences are of several texts or by several annotators."""
    name = _document_of(rows[0])
    first, *others = _by_text(rows).items()
    joined = _join_text(first[1], name, name)
    for source_hash, own in others:
        copies = _join_text(own, name, f"{source_hash}/{name}")
        joined += [replace(row, document=add_notes(row.document, [OTHER_TEXT])) for row in copies]
    return joined


def _by_text(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """RETURNS (dict[str, list[Row]]): The rows of each text, by its hash. Those without a hash are with the first."""
    hashes = [check_name(row.data, SOURCE_HASH, "", row.where) for row in rows]
    first = next(filter(None, hashes), "")
    found: dict[str, list[Row]] = {}
    for row, source_hash in zip(rows, hashes, strict=True):
        found.setdefault(source_hash or first, []).append(row)
    return found


def _join_text(rows: Sequence[Row], name: str, id: str) -> list[Row]:
    """RETURNS (list[Row]): The document, or one for each annotator if several annotated its sentences."""
    pieces = _without_withdrawn(sorted(map(_place, rows), key=lambda piece: (piece.start, piece.end)))
    people = list(dict.fromkeys(piece.row.document.annotator for piece in pieces if piece.is_accepted))
    if len(people) <= 1:
        return [_join_pieces(pieces, name, id, people[0] if people else "")]
    by_annotator: dict[str, list[_Piece]] = {who: [] for who in people}
    for piece in pieces:
        # What its annotator passed over is as unknown in any other document.
        by_annotator.get(piece.row.document.annotator, by_annotator[people[0]]).append(piece)
    return [_join_pieces(own, name, f"{who}/{id}" if who else id, who) for who, own in by_annotator.items()]


def _without_withdrawn(pieces: Sequence[_Piece]) -> list[_Piece]:
    """RETURNS (list[_Piece]): The sentences, without those that are not accepted here but in another copy. Of several
    copies that nobody accepted, the first one stays."""
    accepted = {(piece.start, piece.end) for piece in pieces if piece.is_accepted}
    kept: list[_Piece] = []
    seen = set(accepted)
    for piece in pieces:
        place = piece.start, piece.end
        if piece.is_accepted or place not in seen:
            kept.append(piece)
        seen.add(place)
    return kept


def _join_pieces(pieces: Sequence[_Piece], name: str, id: str, annotator: str) -> Row:
    first, used = pieces[0].row, [piece for piece in pieces if piece.is_accepted]
    for before, piece in zip(used, used[1:], strict=False):
        if piece.start < before.end:
            what = f"two overlapping sentences in the document '{name_id(name)}'"
            remedy = f"remove one of the two; the other one is at {before.row.where}"
            raise ProjectError(what, where=piece.row.where, remedy=remedy)
    notes = [note for piece in pieces for note in piece.row.document.meta.get("notes", ())]
    if not used:
        meta = {**first.document.meta, **_origin(first, name)}
        return replace(first, document=replace(first.document, id=id, meta=meta))
    text = _text(used)
    starts = sentence_starts(text, (piece.start for piece in used))
    document = Document(
        id,
        text,
        tuple(mention for number, piece in enumerate(used) for mention in _mentions(piece, number)),
        {"sentence_starts": starts, **_origin(first, name)},
        annotator,
        tuple(stretch for piece in used for stretch in piece.annotated),
    )
    return replace(first, document=add_notes(document, [*notes, GAPS, *[NOT_ANNOTATED] * (len(pieces) - len(used))]))


def _origin(row: Row, name: str) -> dict[str, str]:
    """RETURNS (dict[str, str]): The id and, if the row has it, the hash of the original text, for `Document.meta`."""
    source_hash = check_name(row.data, SOURCE_HASH, "", row.where)
    return {COPY_OF: name, **({SOURCE_HASH: source_hash} if source_hash else {})}


def _place(row: Row) -> _Piece:
    start, end = (_offset(row, key) for key in (SOURCE_START, SOURCE_END))
    # A wrong offset could also fill the memory with spaces.
    if not 0 <= start < end <= LONGEST_DOCUMENT or end - start != len(row.document.text):
        what = f"'{SOURCE_START}' and '{SOURCE_END}' don't match the length of the text"
        raise ProjectError(what, where=row.where, remedy="don't change the text and offsets written by `suggest`")
    return _Piece(start, row)


def _offset(row: Row, key: str) -> int:
    """RETURNS (int): An offset. If some rows have none, Doccano exports those of the others as 9.0 in place of 9."""
    value = row.data.get(key)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    offset: int = check_value(row.data, key, int, row.where)
    return offset


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


def place_of(document: str, start: int, end: int, text: str) -> Mapping[str, Any]:
    """Describe where a sentence is from.

    document (str): The id of its document.
    start (int): Its start in the document, in characters.
    end (int): Its end.
    text (str): The document's text.
    RETURNS (Mapping): The keys of a row for `join_sentences`.
    """
    return {SOURCE_DOCUMENT: document, SOURCE_START: start, SOURCE_END: end, SOURCE_HASH: hash_data(text)[:DIGITS]}
