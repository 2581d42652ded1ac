"""Write texts with a pipeline's predictions in the formats of annotation tools."""
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional

from spacy.tokens import Doc

from scripts.annotation.confidences import scored_mentions
from scripts.annotation.texts import TextFiles
from scripts.base.errors import ProjectError
from scripts.base.files import atomic_file
from scripts.base.settings import suggest
from scripts.corpora.docbin import pack_docs
from scripts.corpora.formats import brat
from scripts.corpora.formats.label_studio import DOCUMENT_ID, as_result
from scripts.corpora.schema import Document, Mention

DIGITS = 4
BRAT, DOCBIN, LABEL_STUDIO = "brat", "docbin", "label-studio"


@dataclass(frozen=True)
class Found:
    """A text with a pipeline's predictions.

    id (str): The text's id.
    text (str): The text.
    entities (tuple): (start, end, type, confidence) of each entity, in characters. The confidence is None if the
        pipeline has none.
    tokens (tuple): (start, end) of each token, in characters.
    meta (Mapping): Further plain data for the row, by key.
    """

    id: str
    text: str
    entities: tuple[tuple[int, int, str, Optional[float]], ...]
    tokens: tuple[tuple[int, int], ...]
    meta: Mapping[str, Any] = field(default_factory=dict)


Write = Callable[[Found], dict[str, Any]]


def found_in(doc: Doc, name: str) -> Found:
    """RETURNS (Found): A pipeline's predictions in a Doc."""
    scores = _confidences(doc)
    entities = tuple(
        (ent.start_char, ent.end_char, ent.label_, scores.get((ent.start, ent.end, ent.label))) for ent in doc.ents
    )
    return Found(name, doc.text, entities, tuple((token.idx, token.idx + len(token)) for token in doc))


def _confidences(doc: Doc) -> dict[tuple[int, int, int], float]:
    """RETURNS (dict): Confidences by (start, end, type) of a mention."""
    found: dict[tuple[int, int, int], float] = {}
    for span, confidence in scored_mentions(doc):
        found.setdefault((span.start, span.end, span.label), round(confidence, DIGITS))
    return found


# Rows


def as_rows(found: Found) -> dict[str, Any]:
    """RETURNS (dict): A plain row with character offsets."""
    entities = [
        {"start": start, "end": end, "label": label, **_score(score)} for start, end, label, score in found.entities
    ]
    return {"id": found.id, "text": found.text, "entities": entities, **found.meta}


def as_prodigy(found: Found) -> dict[str, Any]:
    """RETURNS (dict): A row for Prodigy's `ner.manual`, with tokens, which it needs for highlighting."""
    starts = {start: number for number, (start, _) in enumerate(found.tokens)}
    ends = {end: number for number, (_, end) in enumerate(found.tokens)}
    spans = [
        {
            **{"start": start, "end": end, "label": label},
            **{"token_start": starts[start], "token_end": ends[end]},
            **_score(score),
        }
        for start, end, label, score in found.entities
    ]
    text = found.text
    tokens = [
        {"text": text[start:end], "start": start, "end": end, "id": number, "ws": text[end : end + 1] == " "}
        for number, (start, end) in enumerate(found.tokens)
    ]
    return {"id": found.id, "text": text, "tokens": tokens, "spans": spans, **found.meta}


def as_doccano(found: Found) -> dict[str, Any]:
    """RETURNS (dict): A row for Doccano. Its labels can't have confidences, so these are stored as metadata."""
    label = [[start, end, label] for start, end, label, _ in found.entities]
    # In every row, since Doccano can't store the NaN that its import puts where a row has no value.
    scores = [score for *_, score in found.entities if score is not None]
    return {"id": found.id, "text": found.text, "label": label, "scores": scores, **found.meta}


def as_label_studio(found: Found) -> dict[str, Any]:
    """RETURNS (dict): A task with predictions, for the control `label` (Labels) and the object `text` (Text)."""
    results = [
        {**as_result(Mention(start, end, label, id=f"T{number}", text=found.text[start:end])), **_score(score)}
        for number, (start, end, label, score) in enumerate(found.entities, start=1)
    ]
    data = {"text": found.text, DOCUMENT_ID: found.id, **found.meta}
    return {"data": data, "predictions": [{"model_version": "pipeline", "result": results}]}


def _score(confidence: Optional[float]) -> dict[str, float]:
    return {} if confidence is None else {"score": confidence}


ROW_FORMATS: Mapping[str, Write] = MappingProxyType(
    {"jsonl": as_rows, "prodigy": as_prodigy, "doccano": as_doccano, LABEL_STUDIO: as_label_studio}
)
FORMATS = (BRAT, *ROW_FORMATS, DOCBIN)


def check_format(name: str, formats: Iterable[str] = FORMATS) -> str:
    """RETURNS (str): The name of the format.

    RAISES (ProjectError): If there is no such format.
    """
    known = list(formats)
    if name not in known:
        remedy = suggest(name, known)
        raise ProjectError(f"'{name}' is not an output format", where="--format", remedy=remedy)
    return name


def check_texts(files: TextFiles, format: str) -> None:
    """Check that texts can be written in a format, before a pipeline runs over them.

    files (TextFiles): The texts.
    format (str): The format. All but brat's take any text.
    RAISES (ProjectError): If brat can't represent a text or its id.
    """
    if format == BRAT:
        for _, text in files.scan():
            list(brat.as_files(Document(text.id, text.text)))


def write_rows(found: Iterable[Found], write: Write, path: Path) -> None:
    """Write a file of JSON lines atomically, with only one text in memory at a time.

    found (Iterable[Found]): The texts.
    write (Callable): Function that converts a text to a row.
    path (Path): The file.
    """
    with atomic_file(path) as partial, partial.open("w", encoding="utf8", newline="") as stream:
        for one in found:
            stream.write(json.dumps(write(one), ensure_ascii=False) + "\n")


def write_docs(docs: Iterable[Doc], path: Path) -> None:
    """Write a DocBin atomically.

    docs (Iterable[Doc]): The Docs, with their ids in `user_data["id"]`.
    path (Path): The file.
    """
    with atomic_file(path) as partial:
        pack_docs(docs).to_disk(partial)


def brat_files(found: Found) -> Iterator[tuple[str, bytes]]:
    """Create brat's files for a text, with confidences as notes on the entities.

    found (Found): The text.
    YIELDS (tuple[str, bytes]): Name and content of a file.
    RAISES (ProjectError): If the text can't be represented in brat's format.
    """
    mentions = tuple(
        Mention(start, end, label, id=f"T{number}")
        for number, (start, end, label, _) in enumerate(found.entities, start=1)
    )
    notes = "".join(
        f"#{number}\tAnnotatorNotes T{number}\tconfidence {score}\n"
        for number, (*_, score) in enumerate(found.entities, start=1)
        if score is not None
    )
    (text_name, text), (name, annotations) = brat.as_files(Document(found.id, found.text, mentions))
    yield text_name, text
    yield name, annotations + notes.encode("utf8")
