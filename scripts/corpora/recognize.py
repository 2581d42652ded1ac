"""Recognize the format of raw files by their contents, for corpus files that name the wrong format."""
import re
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any, Callable, Iterator, Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.corpora.formats.json_rows import read_values
from scripts.corpora.formats.jsonl import SPAN_KEYS
from scripts.corpora.formats.raw import BYTE_ORDER_MARK, ZIPPED, RawFile, find_file_or_files, read_text
from scripts.corpora.formats.tags import TAG

# Formats with a suffix of their own.
BY_SUFFIX = {".ann": "brat", ".xmi": "uima", ".spacy": "docbin"}
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
SUFFIXES = (*BY_SUFFIX, *JSON_SUFFIXES, ".xml", ".tsv", ".txt", ".conll", ".iob", ".iob2", ".bio", ".pubtator")
BY_TEXT = {
    "webanno": re.compile(r"#FORMAT=WebAnno TSV 3"),
    "pubtator": re.compile(r"\s*[0-9]+\|t\|"),
    "uima": re.compile(r"\s*(<\?xml[^>]*>\s*)?<xmi:XMI\b"),
    "bioc": re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!DOCTYPE[^>]*>\s*)?<collection\b"),
}


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: {*keys} <= {*row}


# Formats by the keys of the first object, with more specific ones first.
BY_KEYS: list[tuple[str, Callable[[Mapping[str, Any]], bool]]] = [
    ("uima", _has("%FEATURE_STRUCTURES")),
    ("spacy_tuples", _has("classes", "annotations")),
    ("bigbio", _has("passages", "entities")),
    ("bioc", lambda row: bool({"documents", "passages"} & {*row})),
    ("label_studio", lambda row: isinstance(row.get("data"), dict) and bool({"annotations", "completions"} & {*row})),
    ("label_studio", _has("annotation_id", "annotator")),
    ("huggingface", lambda row: bool({"tokens", "words"} & {*row} and {"ner_tags", "tags"} & {*row})),
    ("rudrec", lambda row: {"text", "entities"} <= {*row} and bool({"file_name", "review_id"} & {*row})),
    ("jsonl", lambda row: "text" in row and any(isinstance(row.get(key), list) for key in SPAN_KEYS)),
]


@contextmanager
def name_format(path: Path, said: str) -> Iterator[None]:
    """If reading fails, add the format of the raw files to the error, if it is recognized and not the one in use.

    path (Path): The raw file, or the folder or zip archive with raw files.
    said (str): The format in the corpus file.
    RAISES (ProjectError): If the block does, with the recognized format as the remedy.
    """
    try:
        yield
    except ProjectError as error:
        found = recognize_format(path)
        if found is None or found == said:
            raise
        remedy = f"this looks like the format {found}: if it is, write `format: {found}` in the corpus file"
        raise ProjectError(str(error), remedy=remedy) from None


def recognize_format(path: Path) -> Optional[str]:
    """Recognize a format by one file of each suffix.

    path (Path): A raw file, or a folder or zip archive with raw files.
    RETURNS (Optional[str]): The format's name, or None if no file has a known format, or if they differ.
    """
    is_one = path.is_file() and path.suffix.lower() != ".zip"
    files = [path] if is_one else [file for suffix in SUFFIXES for file in _first(path, suffix)]
    found = {name for name in map(_recognize_file, files) if name}
    return found.pop() if len(found) == 1 else None


def _first(path: Path, suffix: str) -> list[RawFile]:
    with suppress(ProjectError, OSError):
        return list(find_file_or_files(path, [suffix]).values())[:1]
    return []


def _recognize_file(file: RawFile) -> Optional[str]:
    suffix = PurePath(file.name.removesuffix(ZIPPED)).suffix
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    with suppress(ProjectError, OSError):
        text = read_text(file).removeprefix(BYTE_ORDER_MARK)
        by_text = next((name for name, pattern in BY_TEXT.items() if pattern.match(text)), None)
        if by_text or suffix not in JSON_SUFFIXES:
            return by_text or ("conll" if _is_conll(text) else None)
        return _recognize_value([value for _, value in read_values(file, "")])
    return None


def _recognize_value(value: Any) -> Optional[str]:
    """RETURNS (Optional[str]): The format of this value, or of the first value in it."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        return "spacy_tuples"
    if isinstance(value, list):
        return _recognize_value(value[0]) if value else None
    if not isinstance(value, dict):
        return None
    return next((name for name, is_one in BY_KEYS if is_one(value)), None)


def _is_conll(text: str) -> bool:
    rows = [re.split(r"[\t ]+", line.strip()) for line in text.splitlines()[:200] if line.strip() and line[0] != "#"]
    return bool(rows) and all(len(row) > 1 and TAG.fullmatch(row[-1]) for row in rows)
