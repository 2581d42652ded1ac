"""Tell whose annotation stands in which file of Doccano's export, and write rows for it.

Where annotators work apart, its archive holds a file for each of them. Unless only approved documents were exported,
each file lists all texts, those that its annotator never looked at included; older versions put a text that nobody
marked anything in into `unknown.jsonl`.
"""
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Iterable, Mapping, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import add_notes
from scripts.corpora.formats.json_rows import Row, check_writable, stretches_of, write_rows
from scripts.corpora.schema import Document

ALL, UNKNOWN = "all", "unknown"
NOBODY = "nobody marked anything in it, as Doccano's unknown.jsonl says"
NOT_TOLD = "no spans, and only Doccano's export of approved documents tells whether this annotator looked at it"
UNSURE = "document without spans, as which Doccano also exports what nobody looked at (unless only approved ones)"


def settle_annotators(read: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Give the rows of an export to the annotators whose files they stand in, and leave out what nobody annotated.

    read (Mapping[str, Sequence[Row]]): The rows of each file, by its name.
    RETURNS (dict[str, list[Row]]): The same rows; those of other tools as they were.
    """
    own = {name: rows for name, rows in read.items() if rows and all(_is_export(row) for row in rows)}
    people = [name for name in own if _last(name) not in (ALL, UNKNOWN)]
    texts = [{(row.document.id.removeprefix(f"{name}/"), row.document.text) for row in own[name]} for name in people]
    copies = sum(map(len, texts)) > len(set().union(*texts))
    unsure = copies and all(one == texts[0] for one in texts)
    return {
        name: [_settle(row, name, name in people and copies, unsure) if name in own else row for row in rows]
        for name, rows in read.items()
    }


def _settle(row: Row, name: str, is_person: bool, unsure: bool) -> Row:
    document = replace(row.document, annotator=name) if is_person else row.document
    if document.mentions:
        return replace(row, document=document)
    if _last(name) == UNKNOWN or (is_person and unsure):
        reason = NOBODY if _last(name) == UNKNOWN else NOT_TOLD
        return replace(row, document=replace(document, meta={**document.meta, "left_out": reason}))
    # The key that today's exports have and no other file does.
    told = is_person or "Comments" not in row.data
    return replace(row, document=document if told else add_notes(document, [UNSURE]))


def _is_export(row: Row) -> bool:
    """RETURNS (bool): Whether a row may be Doccano's: its ids are numbers, unless the imported text had an id."""
    return "answer" not in row.data and ("Comments" in row.data or type(row.data.get("id")) is int)


def _last(name: str) -> str:
    return PurePosixPath(name).name


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents for Doccano, which keeps the `id` of a row as metadata and exports it in place of its own.

    It holds neither annotators nor the ids of mentions, which are numbered in their order when they are read.

    documents (Iterable[Document]): The documents; what is annotated of a text goes with it.
    path (Path): The file of JSON lines, to be imported with the text under `text` and the spans under `label`.
    RAISES (ProjectError): If a document cannot be written, see `check_writable`, or is left out of its corpus.
    """
    write_rows(map(_row, check_writable(documents)), path)


def _row(document: Document) -> dict[str, Any]:
    if "left_out" in document.meta:
        remedy = "leave it out of what is written"
        raise ProjectError("left out, which Doccano cannot say", where=f"document '{document.id}'", remedy=remedy)
    label = [[mention.start, mention.end, mention.label] for mention in document.mentions]
    return {"id": document.id, "text": document.text, "label": label, **stretches_of(document)}
