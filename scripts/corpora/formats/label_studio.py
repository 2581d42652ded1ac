"""Read Label Studio's JSON and JSON-MIN exports, and write tasks with annotations for it.

Depending on its version, the editor counts characters or UTF-16 units, which is detected from the spans' texts.
"""
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.base.files import write_text
from scripts.corpora.formats.documents import add_notes, check_ids
from scripts.corpora.formats.json_rows import (
    Row,
    check_name,
    check_object,
    check_value,
    check_writable,
    items_of,
    read_stretches,
    read_values,
    stretches_of,
)
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files
from scripts.corpora.formats.sentences_of import join_sentences
from scripts.corpora.schema import Document, Mention
from scripts.corpora.spelling import without_space

OPTIONS = ("offsets",)
SUFFIXES = [".json"]
# The key in a task's data for a document's id in `write`. Label Studio keeps the data, but renumbers tasks.
DOCUMENT_ID = "corpus_document"
NOT_ANNOTATED = "nobody annotated it"
CANCELLED = "the annotator canceled it"
PREDICTIONS = "prediction of a model, which is not an annotation"
DRAFTS = "draft that its annotator didn't submit, which is not read"
NO_LABEL = "span without a label, skipped"
SEVERAL_LABELS = "span with several labels, read as one mention for each"
# Keys of JSON-MIN apart from the task's data and results.
_MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
_OFFSETS = {"start", "end"}
_EXPECTED = "export it from Label Studio as JSON or JSON-MIN"
_PLAIN = "label plain text with the tag Text: spans in HTML and in dialogues are not read"
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|\S*/data/(?:upload|local-files)/)\S+")
_RENAME = "rename the key of the annotated text to `text` in each task's data"


@dataclass(frozen=True)
class _Annotation:
    """An annotation of a task, or a task that nobody annotated.

    where (str): Its location, for errors.
    task (str): The task's id.
    data (Mapping): The task's data.
    spans (tuple): Objects with offsets.
    annotator (str): The annotator.
    id (str): The annotation's own id, or its number in the task.
    left_out (str): Why it is not used. Empty if it is.
    notes (tuple[str, ...]): What was skipped.
    """

    where: str
    task: str
    data: Mapping[str, Any]
    spans: tuple[Mapping[str, Any], ...] = ()
    annotator: str = ""
    id: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder or zip archive with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read a document for each annotation of a task.

    Its id is the task's id or the one set by `write`. It has the annotator as a prefix if a task has several
    annotations, and the file's name if there are several files.

    path (Path): A file, or a folder or zip archive with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files. `meta["left_out"]` is set if nobody annotated
        the task, or the annotation was canceled.
    RAISES (ProjectError): If a file is not such an export, or the annotated text can't be found.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    rows = [
        row
        for name, file in files.items()
        for row in _read_file(file, f"{name}/" if len(files) > 1 else "", options)
    ]
    rows = join_sentences(rows)
    check_ids((row.document.id, row.where) for row in rows)
    return [row.document for row in rows]


def _read_file(file: RawFile, prefix: str, options: Options) -> list[Row]:
    values = read_values(file, _EXPECTED)
    one = values[0][1] if len(values) == 1 else [value for _, value in values]
    # A file may hold a single task.
    tasks = items_of(one if isinstance(one, list) else [one], str(file))
    annotations = [
        annotation
        for number, (where, value) in enumerate(tasks, start=1)
        for annotation in _read_task(check_object(value, where, _EXPECTED), str(number), where)
    ]
    if not annotations:
        raise ProjectError("no tasks in this file", where=file, remedy="remove the file, or export it again")
    for one in annotations:
        _check_plain(one)
    key = _text_key(annotations, str(file))
    if all(_ADDRESS.fullmatch(one.data[key]) for one in annotations):
        what = "the addresses of texts in place of the texts, which an export doesn't include"
        raise ProjectError(what, where=file, remedy=f"write each text under '{name_id(key)}' in place of its address")
    names = _names(annotations)
    return [
        Row(one.where, one.data, _document(one, prefix + name, key, options))
        for one, name in zip(annotations, names, strict=True)
    ]


def _read_task(task: Mapping[str, Any], number: str, where: str) -> list[_Annotation]:
    if not isinstance(task.get("data"), dict):
        return [_read_min(task, number, where)]
    data = task["data"]
    base = _Annotation(where, _task_name(task, data, number, where), data)
    beside = (*[PREDICTIONS] * _length(task, "predictions"), *[DRAFTS] * _length(task, "drafts"))
    # The older name, which some tools still use.
    key = "completions" if "completions" in task and "annotations" not in task else "annotations"
    found = check_value(task, key, list, where) if task.get(key) is not None else []
    if not found:
        return [replace(base, left_out=NOT_ANNOTATED, notes=beside)]
    read = [
        _read_annotation(check_object(one, where, _EXPECTED), replace(base, id=str(number)))
        for number, one in enumerate(found, start=1)
    ]
    return [replace(read[0], notes=(*beside, *read[0].notes)), *read[1:]]


def _read_annotation(annotation: Mapping[str, Any], base: _Annotation) -> _Annotation:
    results = check_value(annotation, "result", list, base.where) if annotation.get("result") else []
    results = [check_object(one, base.where, _EXPECTED) for one in results]
    spans = [_read_result(one, base.where) for one in results if _is_span(one)]
    who = annotation.get("completed_by")
    # People are exported as numbers or as objects.
    holder, key = (who, "email") if isinstance(who, dict) else (annotation, "completed_by")
    return replace(
        base,
        spans=tuple(spans),
        annotator=check_name(holder, key, check_name(annotation, "created_username", "", base.where), base.where),
        id=check_name(annotation, "id", base.id, base.where),
        left_out=CANCELLED if annotation.get("was_cancelled") or annotation.get("skipped") else "",
        notes=tuple(_not_read(one) for one in results if not _is_span(one)),
    )


def _is_span(result: Mapping[str, Any]) -> bool:
    """RETURNS (bool): Whether a result marks a span. Choices and comments for a span have its offsets too."""
    value, kind = result.get("value"), str(result.get("type"))
    if not isinstance(value, dict) or not _OFFSETS <= {*value}:
        return False
    return kind.endswith("labels") or (kind not in value and not isinstance(value.get("text"), list))


def _not_read(result: Mapping[str, Any]) -> str:
    return f"result of type '{name_id(str(result.get('type', 'unknown')))}' that is not a span, which is not read"


def _read_result(result: Mapping[str, Any], where: str) -> dict[str, Any]:
    """RETURNS (dict): The span of a result, with the result's id and the name of the object it was marked in."""
    return {**result["value"], "id": check_name(result, "id", "", where), "to_name": result.get("to_name")}


def _read_min(record: Mapping[str, Any], number: str, where: str) -> _Annotation:
    """RETURNS (_Annotation): An annotation from JSON-MIN, a flat object with the task's data and the results."""
    spans, beside = [], []
    for key, value in record.items():
        marked = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
        labeled = [one for one in marked if _OFFSETS <= {*one} and any(name.endswith("labels") for name in one)]
        spans += labeled
        beside += [key] * (len(marked) - len(labeled))
    if not spans and not _MIN_KEYS & {*record} - {"id"}:
        raise ProjectError("neither a task nor an annotation of JSON-MIN", where=where, remedy=_EXPECTED)
    data = {key: value for key, value in record.items() if key not in _MIN_KEYS}
    return _Annotation(
        where,
        _task_name(record, data, number, where),
        data,
        tuple(spans),
        annotator=check_name(record, "annotator", "", where),
        id=check_name(record, "annotation_id", "", where),
        left_out=NOT_ANNOTATED if record.get("annotation_id") is None and not spans else "",
        notes=tuple(f"value under '{name_id(key)}' that is not a span, which is not read" for key in beside),
    )


def _task_name(task: Mapping[str, Any], data: Mapping[str, Any], number: str, where: str) -> str:
    return check_name(data, DOCUMENT_ID, check_name(task, "id", number, where), where)


def _length(task: Mapping[str, Any], key: str) -> int:
    return len(task[key]) if isinstance(task.get(key), list) else 0


def _check_plain(annotation: _Annotation) -> None:
    if any("globalOffsets" in span or isinstance(span["start"], str) for span in annotation.spans):
        raise ProjectError("a span that is not in plain text", where=annotation.where, remedy=_PLAIN)


def _names(annotations: Sequence[_Annotation]) -> Iterator[str]:
    """YIELDS (str): The id of each annotation's document, as short as possible while unique."""
    tasks = Counter(one.task for one in annotations)
    people = Counter((one.task, one.annotator) for one in annotations)
    for one in annotations:
        parts = [one.annotator] if one.annotator and tasks[one.task] > 1 else []
        parts += [one.task, one.id] if people[one.task, one.annotator] > 1 else [one.task]
        yield "/".join(filter(None, parts))


def _text_key(annotations: Sequence[_Annotation], where: str) -> str:
    """Find the key of the annotated text, which an export doesn't include.

    It is a key with a text in every task: `text`, unless only the texts of another key contain all spans.
    """
    named = {str(span["to_name"]) for one in annotations for span in one.spans if span.get("to_name") is not None}
    if len(named) > 1:
        raise ProjectError(f"spans in {len(named)} texts of a task", where=where, remedy="annotate one text per task")
    keys = [key for key in annotations[0].data if all(isinstance(one.data.get(key), str) for one in annotations)]
    keys = [key for key in keys if key != DOCUMENT_ID]
    holding = [key for key in keys if all(_holds_spans(one.data[key], one.spans) for one in annotations)]
    if "text" in keys and ("text" in holding or len(holding) != 1):
        return "text"
    if len(keys) > 1:
        keys = holding
    if len(keys) != 1:
        what = f"{len(keys)} keys may have the annotated texts" if keys else "no key has the annotated texts"
        raise ProjectError(what, where=where, remedy=_RENAME)
    return keys[0]


def _holds_spans(text: str, spans: Iterable[Mapping[str, Any]]) -> bool:
    held = without_space(text)
    covered = [_unescape(span["text"], text) for span in spans if isinstance(span.get("text"), str)]
    return all(without_space(one) in held for one in covered)


def _document(annotation: _Annotation, name: str, key: str, options: Options) -> Document:
    where = annotation.where
    text = check_value(annotation.data, key, str, where)
    read = [list(_read_span(span, text, where)) for span in annotation.spans]
    notes = [NO_LABEL if not found else SEVERAL_LABELS for found in read if len(found) != 1]
    mended = mend_offsets(text, _number(mention for found in read for mention in found), options.offsets)
    meta = {"left_out": annotation.left_out} if annotation.left_out else {}
    annotated = () if annotation.left_out == NOT_ANNOTATED else read_stretches(annotation.data, where)
    document = Document(name, text, mended.mentions, meta, annotation.annotator, annotated)
    return add_notes(document, [*annotation.notes, *notes, *mended.notes])


def _number(mentions: Iterable[Mention]) -> list[Mention]:
    """RETURNS (list[Mention]): The mentions with unique ids, since a region may have several labels."""
    seen: Counter[str] = Counter()
    numbered = []
    for number, mention in enumerate(mentions, start=1):
        seen[mention.id] += 1
        name = f"{mention.id}.{seen[mention.id]}" if seen[mention.id] > 1 else mention.id
        numbered.append(replace(mention, id=name if mention.id else f"T{number}"))
    return numbered


def _read_span(span: Mapping[str, Any], text: str, where: str) -> Iterator[Mention]:
    """YIELDS (Mention): A mention for each label of a span."""
    start, end = check_value(span, "start", int, where), check_value(span, "end", int, where)
    covered = None if span.get("text") is None else _unescape(check_value(span, "text", str, where), text)
    name = check_name(span, "id", "", where)
    for one in check_value(span, "labels", list, where) if span.get("labels") is not None else []:
        label = check_value({"labels": one}, "labels", str, where)
        yield Mention(start, end, label, subtype=label, id=name, fragments=((start, end),), text=covered, where=where)


def _unescape(covered: str, text: str) -> str:
    """RETURNS (str): A span's text with line breaks, which the editor writes as a backslash and an n."""
    return covered if "\\n" in text else covered.replace("\\n", "\n")


def write(documents: Iterable[Document], path: Path) -> None:
    """Write tasks with annotations for Label Studio, for the control `label` (Labels) and the object `text` (Text).

    If nothing in a document is annotated (`annotated` is empty), it becomes a task without annotations. Annotators are
    written as people with a number or an email. Label Studio only accepts people in its project.

    documents (Iterable[Document]): The documents. Their ids and annotated stretches are stored in the tasks' data.
    path (Path): The JSON file.
    RAISES (ProjectError): If a document can't be written, see `check_writable`.
    """
    tasks = [_task(document) for document in check_writable(documents)]
    write_text(path, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")


def _task(document: Document) -> dict[str, Any]:
    data = {"text": document.text, DOCUMENT_ID: document.id, **stretches_of(document)}
    if document.annotated == () and not document.mentions:
        return {"data": data, "annotations": []}
    annotation = {
        "result": [as_result(mention) for mention in document.mentions],
        "was_cancelled": "left_out" in document.meta,
        **_person(document.annotator),
    }
    return {"data": data, "annotations": [annotation]}


def _person(annotator: str) -> dict[str, Any]:
    if not annotator:
        return {}
    is_number = annotator.isascii() and annotator.isdecimal() and str(int(annotator)) == annotator
    return {"completed_by": int(annotator) if is_number else {"email": annotator}}


def as_result(mention: Mention) -> dict[str, Any]:
    """RETURNS (dict): A mention in the form of a result in an annotation or a prediction."""
    covered = {} if mention.text is None else {"text": mention.text}
    value = {"start": mention.start, "end": mention.end, **covered, "labels": [mention.label]}
    return {"id": mention.id, "from_name": "label", "to_name": "text", "type": "labels", "value": value}
