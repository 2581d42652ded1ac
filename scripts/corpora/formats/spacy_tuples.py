"""Read pairs of a text and its entities, `[text, {"entities": [[start, end, label]]}]`, as in spaCy 2's training data.

They can be a JSON array, one pair per line, or the file of NER Annotator: `{"classes": [...], "annotations": [...]}`
with null for each skipped sentence.
"""
from pathlib import Path
from typing import Any, Optional

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import add_notes, check_ids
from scripts.corpora.formats.json_rows import check_object, check_value, items_of, read_values
from scripts.corpora.formats.offsets import mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files
from scripts.corpora.schema import Document, Mention

OPTIONS = ("offsets",)
SUFFIXES = [".json", ".jsonl"]
SKIPPED = "sentence that the annotator skipped, which the file doesn't contain"
NOT_READ = "annotation of another kind than entities, which is not read"
_PAIR = 'expected `[text, {"entities": [[start, end, label], ...]}]`'
_OTHER = _PAIR + "; objects with a key `text` are of the format jsonl, and `spacy convert` takes spaCy 2's JSON"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder or zip archive with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all pairs. An id is a pair's number in its file, with the file's name as a prefix if there are several.

    path (Path): A file, or a folder or zip archive with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files.
    RAISES (ProjectError): If a pair is invalid, or a file has none.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    placed = [
        found
        for name, file in files.items()
        for found in _read_file(file, f"{name}/" if len(files) > 1 else "", options)
    ]
    check_ids((document.id, where) for where, document in placed)
    return [document for _, document in placed]


def _read_file(file: RawFile, prefix: str, options: Options) -> list[tuple[str, Document]]:
    pairs = _pairs(file)
    placed = [
        (where, _read_pair(pair, f"{prefix}{number}", where, options))
        for number, (where, pair) in enumerate(pairs, start=1)
        if pair is not None
    ]
    if not placed:
        raise ProjectError("no documents in this file", where=file, remedy="remove the file, or write it again")
    (where, first), *rest = placed
    return [(where, add_notes(first, [SKIPPED] * (len(pairs) - len(placed)))), *rest]


def _pairs(file: RawFile) -> list[tuple[str, Any]]:
    """RETURNS (list[tuple[str, Any]]): The pairs in a file with their locations. Skipped ones are None."""
    values = read_values(file, _PAIR)
    if len(values) != 1:
        return values
    ((where, value),) = values
    if isinstance(value, dict) and "annotations" in value:
        return items_of(check_value(value, "annotations", list, where), where)
    if not isinstance(value, list):
        what = f"neither pairs nor a file of NER Annotator (got {type(value).__name__})"
        raise ProjectError(what, where=where, remedy=_OTHER)
    # A single pair, in a file with one line.
    return items_of([value] if value and isinstance(value[0], str) else value, where)


def _read_pair(pair: Any, name: str, where: str, options: Options) -> Document:
    if type(pair) is not list or len(pair) != 2:
        raise ProjectError(f"not a pair of text and entities (got {type(pair).__name__})", where=where, remedy=_OTHER)
    text = check_value({"text": pair[0]}, "text", str, where)
    annotation = check_object(pair[1], where, _PAIR)
    entities = check_value(annotation, "entities", list, where)
    mentions = [_read_entity(one, f"T{number}", where) for number, one in enumerate(entities, start=1)]
    mended = mend_offsets(text, mentions, options.offsets)
    others = [NOT_READ for key, value in annotation.items() if key != "entities" and value]
    return add_notes(Document(name, text, mended.mentions), [*mended.notes, *others])


def _read_entity(entity: Any, name: str, where: str) -> Mention:
    if type(entity) is not list or len(entity) not in (3, 4):
        raise ProjectError(f"not an entity (got {type(entity).__name__})", where=where, remedy=_PAIR)
    # A fourth value would be the id of an entry in a knowledge base.
    data = dict(zip(("start", "end", "label"), entity[:3], strict=True))
    start, end = check_value(data, "start", int, where), check_value(data, "end", int, where)
    label = check_value(data, "label", str, where)
    return Mention(start, end, label, subtype=label, id=name, fragments=((start, end),), where=where)
