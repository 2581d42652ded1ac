"""Find the annotators of the files in a Doccano export, and write rows for Doccano.

If annotators work separately, the archive has a file for each of them. Unless only approved documents were exported,
each file lists all texts, including those that its annotator never looked at. Older versions write texts without any
spans to `unknown.jsonl`.
"""
from collections import defaultdict
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Iterable, Mapping, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import add_notes
from scripts.corpora.formats.json_rows import STRETCHES, Row, check_writable, stretches_of, write_rows
from scripts.corpora.formats.sentences_of import ROUND
from scripts.corpora.schema import Document

ALL, UNKNOWN = "all", "unknown"
NOBODY = "no annotator marked any spans (it is in Doccano's unknown.jsonl)"
NOT_TOLD = "no spans, and only an export of approved documents would show whether this annotator looked at it"
UNSURE = "document without spans, which may not have been annotated (unless only approved documents were exported)"


def settle_annotators(read: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Set the annotators of an export's rows by their files, and leave out rows that nobody annotated.

    read (Mapping[str, Sequence[Row]]): The rows of each file, by its name.
    RETURNS (dict[str, list[Row]]): The same rows. Rows from other tools don't change.
    """
    own = {name: rows for name, rows in read.items() if rows and all(_is_export(row) for row in rows)}
    people = {name: _person(name) for name in own}
    by_person: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for name, who in people.items():
        by_person[who] |= {(row.document.id.removeprefix(f"{name}/"), row.document.text) for row in own[name]}
    texts = [found for who, found in by_person.items() if who]
    copies = sum(map(len, texts)) > len(set().union(*texts))
    unsure = copies and all(one == texts[0] for one in texts)
    return {
        name: [_settle(row, name, people[name] if copies else "", unsure) if name in own else row for row in rows]
        for name, rows in read.items()
    }


def _person(name: str) -> str:
    """RETURNS (str): The annotator that a file is named after, in any round. Empty if it isn't a person's."""
    if _last(name) in (ALL, UNKNOWN):
        return ""
    return "/".join(part for part in name.split("/") if not ROUND.fullmatch(part))


def _settle(row: Row, name: str, who: str, unsure: bool) -> Row:
    document = replace(row.document, annotator=who) if who else row.document
    if document.mentions:
        return replace(row, document=document)
    if _last(name) == UNKNOWN or (who and unsure):
        reason = NOBODY if _last(name) == UNKNOWN else NOT_TOLD
        return replace(row, document=replace(document, meta={**document.meta, "left_out": reason}))
    # Only current exports of Doccano have this key.
    told = bool(who) or "Comments" not in row.data
    return replace(row, document=document if told else add_notes(document, [UNSURE]))


def _is_export(row: Row) -> bool:
    """RETURNS (bool): Whether a row may be from Doccano, whose ids are numbers unless the imported text had an id."""
    return "answer" not in row.data and ("Comments" in row.data or type(row.data.get("id")) is int)


def _last(name: str) -> str:
    return PurePosixPath(name).name


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents for Doccano, which keeps the `id` of a row as metadata and exports it instead of its own.

    It doesn't store annotators or the ids of mentions, which are numbered when they are read.

    documents (Iterable[Document]): The documents. The annotated stretches of a text are included.
    path (Path): The output file with JSON lines. Import it with the text under `text` and the spans under `label`.
    RAISES (ProjectError): If a document can't be written (see `check_writable`) or is left out of its corpus.
    """
    write_rows(map(_row, check_writable(documents)), path)


def _row(document: Document) -> dict[str, Any]:
    if "left_out" in document.meta:
        remedy = "don't write it"
        what = "the document is left out of its corpus, which Doccano can't store"
        raise ProjectError(what, where=f"document '{document.id}'", remedy=remedy)
    label = [[mention.start, mention.end, mention.label] for mention in document.mentions]
    # In every row, since Doccano can't store the NaN that its import puts where a row has no value.
    stretches = {STRETCHES: None, **stretches_of(document)}
    return {"id": document.id, "text": document.text, "label": label, **stretches}
