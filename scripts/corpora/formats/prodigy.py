"""Interpret the answers and annotators in Prodigy's rows, and write rows for it.

A row of the interfaces `ner` and `spans` only answers whether the highlighted spans are right, and the rest of the text
is unknown. A row of `ner_manual` and `spans_manual` is an annotation of the whole text.
"""
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import add_notes
from scripts.corpora.formats.json_rows import Row, check_name, check_writable, stretches_of, write_rows
from scripts.corpora.schema import Document, Fragment, Mention
from scripts.corpora.spelling import same_text

ACCEPT = "accept"
ANSWERS = (ACCEPT, "reject", "ignore")
BINARY_VIEWS = ("ner", "spans")
REVIEW = "review"
# Rows of these interfaces don't annotate spans, though some show them.
OTHER_VIEWS = (
    *("classification", "choice", "text", "html", "text_input", "compare", "diff", "pos", "pos_manual", "dep"),
    *("image", "image_manual", "audio", "audio_manual", "llm_io"),
)
BINARY = "document of binary answers, in which only the accepted spans are annotated"
NOT_ACCEPTED = "span of a binary row that was not accepted, so its text is unknown"
NOTHING_ACCEPTED = "binary rows without any accepted span"


def read_annotator(row: Mapping[str, Any], where: str) -> str:
    """RETURNS (str): The annotator of a row. Empty if unknown."""
    return check_name(row, "_annotator_id", check_name(row, "_session_id", "", where), where)


def read_meta(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Read whether a row is used.

    RETURNS (dict): `left_out`, if the row was not accepted or doesn't annotate spans.
    RAISES (ProjectError): If the answer is unknown.
    """
    answer = row.get("answer", ACCEPT)
    if answer not in ANSWERS:
        raise ProjectError(f"key 'answer' is not one of {', '.join(ANSWERS)}", where=where)
    if answer != ACCEPT:
        return {"left_out": f"answer is {answer}"}
    if not marks_spans(row):
        return {"left_out": f"answered in Prodigy's interface `{_interface(row)}`, where spans are not marked"}
    return {}


def marks_spans(row: Mapping[str, Any]) -> bool:
    """RETURNS (bool): Whether a row's interface, if known, marks spans. In others, `label` is a class of the text."""
    return _interface(row) not in OTHER_VIEWS


def is_answered(row: Mapping[str, Any]) -> bool:
    """RETURNS (bool): Whether somebody answered a row in Prodigy, which then records the interface."""
    return row.get("_view_id") is not None


def _interface(row: Mapping[str, Any]) -> Any:
    """RETURNS (Any): The interface in which a row was answered. For a reviewed row, that of the answers before."""
    return row.get("view_id") if row.get("_view_id") == REVIEW else row.get("_view_id")


def is_binary(row: Mapping[str, Any]) -> bool:
    """Check whether a row only answers whether its spans are right.

    Older versions don't record the interface, but have a score for the span.

    row (Mapping): The row.
    RETURNS (bool): Whether the row is a binary answer.
    """
    if row.get("_is_binary") is True or _interface(row) in BINARY_VIEWS:
        return True
    spans = row.get("spans")
    suggested = isinstance(spans, list) and len(spans) == 1 and isinstance(spans[0], dict) and "score" in spans[0]
    return "answer" in row and not is_answered(row) and suggested


def merge_binary(rows: Sequence[Row]) -> list[Row]:
    """Merge the binary rows of a text and an annotator into one document.

    rows (Sequence[Row]): Rows of a file.
    RETURNS (list[Row]): The rows, in their order, with the merged row in place of the first binary one.
    """
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        text = (str(row.data.get("_input_hash")), row.document.text, row.document.annotator)
        groups[text if is_binary(row.data) else (number,)].append(row)
    return [_merge(group) if is_binary(group[0].data) else group[0] for group in groups.values()]


def _merge(rows: Sequence[Row]) -> Row:
    accepted = [row.document for row in rows if row.data.get("answer", ACCEPT) == ACCEPT]
    mentions = [mention for document in accepted for mention in document.mentions]
    numbered = tuple(replace(mention, id=f"T{number}") for number, mention in enumerate(mentions, start=1))
    others = sum(len(row.document.mentions) for row in rows) - len(mentions)
    read = dict.fromkeys(note for row in rows for note in row.document.meta.get("notes", ()))
    first = rows[0].document
    document = replace(
        first,
        mentions=numbered,
        meta={} if mentions else {"left_out": NOTHING_ACCEPTED},
        annotated=_join(_stretch(mention, first.text) for mention in numbered),
    )
    return replace(rows[0], document=add_notes(document, [*read, BINARY, *[NOT_ACCEPTED] * others]))


def _stretch(mention: Mention, text: str) -> Fragment:
    """RETURNS (Fragment): The stretch annotated by an accepted mention. Empty if the mention doesn't match the text."""
    start, end = max(mention.start, 0), min(mention.end, len(text))
    fits = mention.text is None or same_text(mention.text, text[start:end])
    return (start, end) if fits and (start, end) == (mention.start, mention.end) else (0, 0)


def _join(stretches: Iterable[Fragment]) -> tuple[Fragment, ...]:
    """RETURNS (tuple[Fragment, ...]): The stretches, ascending and disjoint. Empty ones are left out."""
    joined: list[Fragment] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents for Prodigy, which keeps the `id` of a row from its input to its export.

    documents (Iterable[Document]): The documents. Annotators and annotated stretches are included.
    path (Path): The output file with JSON lines.
    RAISES (ProjectError): If a document can't be written, see `check_writable`.
    """
    write_rows(map(_row, check_writable(documents)), path)


def _row(document: Document) -> dict[str, Any]:
    who = {"_annotator_id": document.annotator, "_session_id": document.annotator} if document.annotator else {}
    return {
        "id": document.id,
        "text": document.text,
        "spans": [_span(mention) for mention in document.mentions],
        "answer": "ignore" if "left_out" in document.meta else ACCEPT,
        **who,
        **stretches_of(document),
    }


def _span(mention: Mention) -> dict[str, Any]:
    covered = {} if mention.text is None else {"text": mention.text}
    return {"id": mention.id, "start": mention.start, "end": mention.end, "label": mention.label, **covered}
