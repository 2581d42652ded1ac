"""Provide what every reader needs to create documents: unique ids, notes and sentence starts."""
import re
from dataclasses import replace
from typing import Iterable

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.schema import Document

# The largest gap between two pieces of text. A wrong offset could otherwise fill the memory with spaces.
WIDEST_GAP = 2**16
_CHARACTER = re.compile(r"\S")


def check_ids(placed: Iterable[tuple[str, str]]) -> None:
    """Check that document ids are unique.

    placed (Iterable[tuple[str, str]]): Id and location (`file:line`) of each document.
    RAISES (ProjectError): If two documents have the same id, with both locations.
    """
    places: dict[str, str] = {}
    for name, where in placed:
        if name in places:
            remedy = f"rename or remove one of the two; the first one is at {places[name]}"
            raise ProjectError(f"a second document with the id '{name_id(name)}'", where=where, remedy=remedy)
        places[name] = where


def add_notes(document: Document, notes: Iterable[str]) -> Document:
    """RETURNS (Document): The document with additional notes about what its reader skipped or repaired."""
    added = (*document.meta.get("notes", ()), *notes)
    return replace(document, meta={**document.meta, "notes": added}) if added else document


def sentence_starts(text: str, offsets: Iterable[int]) -> tuple[int, ...]:
    """Convert a format's sentence starts to the form of `Document.meta`.

    text (str): The document's text.
    offsets (Iterable[int]): Offsets in any order. An offset at whitespace means the next character.
    RETURNS (tuple[int, ...]): Ascending offsets, with 0 first. Empty if the text is only whitespace.
    """
    found = (_CHARACTER.search(text, offset) for offset in (0, *offsets))
    starts = sorted({match.start() for match in found if match})
    return (0, *starts[1:]) if starts else ()


def fill_gap(gap: int, filler: str, where: str) -> str:
    """Fill the gap between two pieces of a document, if the format only has its length.

    gap (int): Number of characters between them.
    filler (str): The first characters, such as a line break. The rest are spaces.
    where (str): The location of the second piece, for errors.
    RETURNS (str): A text with the length of the gap.
    RAISES (ProjectError): If the pieces overlap, or are further apart than `WIDEST_GAP`.
    """
    if not 0 <= gap <= WIDEST_GAP:
        what = f"by its offset, this starts {'inside' if gap < 0 else 'too far after'} the text before it"
        raise ProjectError(what, where=where, remedy="correct the offset, or export the document again")
    return filler[:gap].ljust(gap)
