"""Make documents as every reader does: with ids that no two have, notes, and offsets where sentences start."""
import re
from dataclasses import replace
from typing import Iterable

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.schema import Document

# Offsets say how far apart two pieces of text are; a wrong one would fill the memory with spaces.
WIDEST_GAP = 2**16
_CHARACTER = re.compile(r"\S")


def check_ids(placed: Iterable[tuple[str, str]]) -> None:
    """Check that no two documents have one id.

    placed (Iterable[tuple[str, str]]): Id and place (`file:line`) of each document.
    RAISES (ProjectError): If there are two, with both places.
    """
    places: dict[str, str] = {}
    for name, where in placed:
        if name in places:
            remedy = f"rename or remove one of the two; the first one stands at {places[name]}"
            raise ProjectError(f"a second document called '{name_id(name)}'", where=where, remedy=remedy)
        places[name] = where


def add_notes(document: Document, notes: Iterable[str]) -> Document:
    """RETURNS (Document): A document, with further notes on what its reader passed over or repaired."""
    added = (*document.meta.get("notes", ()), *notes)
    return replace(document, meta={**document.meta, "notes": added}) if added else document


def sentence_starts(text: str, offsets: Iterable[int]) -> tuple[int, ...]:
    """Bring the offsets at which a format starts sentences into the form that `Document.meta` has them in.

    text (str): The document's text.
    offsets (Iterable[int]): In any order; one at white space stands for the character behind it.
    RETURNS (tuple[int, ...]): Ascending, the first 0; empty if there is only white space.
    """
    found = (_CHARACTER.search(text, offset) for offset in (0, *offsets))
    starts = sorted({match.start() for match in found if match})
    return (0, *starts[1:]) if starts else ()


def fill_gap(gap: int, filler: str, where: str) -> str:
    """Make the text between two pieces of a document, of which a format tells no more than how long it is.

    gap (int): Characters between them.
    filler (str): What comes first, such as a line break; the rest are spaces.
    where (str): The place of the second piece, for errors.
    RETURNS (str): As many characters as the gap has.
    RAISES (ProjectError): If the pieces overlap, or lie further apart than `WIDEST_GAP`.
    """
    if not 0 <= gap <= WIDEST_GAP:
        what = f"by its offset this starts {'inside' if gap < 0 else 'too far behind'} the text before it"
        raise ProjectError(what, where=where, remedy="correct the offset, or export the document again")
    return filler[:gap].ljust(gap)
