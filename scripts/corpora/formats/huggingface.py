"""Read rows of tokens and tags from data sets for token classification on the Hugging Face hub."""
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.corpora.formats.dataset_rows import Rows, find_info_files, find_row_files, read_rows_of
from scripts.corpora.formats.documents import check_ids
from scripts.corpora.formats.json_rows import check_name, check_value, has_half_pair
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile
from scripts.corpora.formats.tags import NESTED, OPENING, Token, make_document, read_token, recognize_scheme
from scripts.corpora.schema import Document

OPTIONS = ("label", "tag_names")
TOKENS, TAGS, NESTED_TAGS = ("tokens", "words"), ("ner_tags", "tags"), "nested_ner_tags"
EMPTY_TOKEN = "token without characters, skipped"
_EXPECTED = f"expected a list under a key of {', '.join(TOKENS)} and one under a key of {', '.join(TAGS)}"
_NAMES = (
    "list the tags in order in the corpus file, such as `tag_names: [O, B-Drug, I-Drug]`, or put the dataset_info.json "
    "of `datasets` next to the file"
)


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the tags are in the same file.
    RETURNS (list[RawFile]): The files with rows, and the `dataset_info.json` next to them.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    files = find_row_files(path, annotations)
    return [*files.values(), *find_info_files(files)]


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all rows. An id is the row's `id`, or else its number, with the file's name if there are several.

    A row has a list of `tokens` (or `words`) and a list of `ner_tags` (or `tags`). These are either tags, or numbers of
    tags in `tag_names` in the corpus file, or in the names that `datasets` stores in `dataset_info.json` or in the
    Parquet file. Other columns are skipped.

    A row is one sentence, as in nearly all such data sets. Text, tag scheme and mentions are the same as for a CoNLL
    file without document marks.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files. `meta` has `sentence_starts`, `tag_scheme` (str)
        and `notes`.
    RAISES (ProjectError): If a row is invalid, a number has no name, two documents have the same id, or a file has no
        rows or can't be read.
    """
    files = find_row_files(path, annotations)
    placed: list[tuple[str, str, list[Token], list[str]]] = []
    for name, file in files.items():
        prefix, read = f"{name}/" if len(files) > 1 else "", read_rows_of(file)
        for number, (where, row) in enumerate(read.rows, start=1):
            notes: list[str] = []
            tokens = _read_row(row, read, options, where, notes)
            placed.append((prefix + check_name(row, "id", str(number), where), where, tokens, notes))
    check_ids((name, where) for name, where, _, _ in placed)
    scheme = recognize_scheme(tokens for _, _, tokens, _ in placed)
    return [make_document(name, [tokens], scheme, notes) for name, _, tokens, notes in placed]


def _read_row(row: Mapping[str, Any], read: Rows, options: Options, where: str, notes: list[str]) -> list[Token]:
    words = check_value(row, _key(row, TOKENS, where), list, where)
    key = _key(row, TAGS, where)
    tags = _tag_names(row, key, options.tag_names or _names(read.features, key), where)
    if len(words) != len(tags):
        what = f"{len(words)} tokens, but {len(tags)} tags"
        raise ProjectError(what, where=where, remedy="write a tag for each token of a row")
    if NESTED_TAGS in row:
        nested = _tag_names(row, NESTED_TAGS, _names(read.features, NESTED_TAGS) or options.tag_names, where)
        notes += [NESTED for tag in nested if tag[:1] in tuple(OPENING)]
    tokens: list[Token] = []
    for number, (word, tag) in enumerate(zip(words, tags, strict=True), start=1):
        place = f"{where}, token {number}"
        if not isinstance(word, str) or has_half_pair(word):
            raise ProjectError("not a token: no text, or half of a surrogate pair in it", where=place, remedy=_EXPECTED)
        token = read_token(word, tag, options.label, place)
        if word:
            tokens.append(token)
        else:
            notes.append(EMPTY_TOKEN)
    return tokens


def _key(row: Mapping[str, Any], keys: Sequence[str], where: str) -> str:
    for key in keys:
        if key in row:
            return key
    raise ProjectError(f"no key '{keys[0]}'", where=where, remedy=_EXPECTED)


def _tag_names(row: Mapping[str, Any], key: str, names: Sequence[str], where: str) -> list[str]:
    tags = check_value(row, key, list, where)
    for number, tag in enumerate(tags, start=1):
        place = f"{where}, key '{key}', tag {number}"
        if type(tag) not in (str, int):
            what = f"neither a tag nor the number of one (got {type(tag).__name__})"
            raise ProjectError(what, where=place, remedy=_EXPECTED)
        if type(tag) is int and not 0 <= tag < len(names):
            what = f"{tag} is not the number of a tag (there are {len(names)} names)"
            raise ProjectError(what, where=place, remedy=_NAMES)
        if type(tag) is str and has_half_pair(tag):
            raise ProjectError("half of a surrogate pair in a tag", where=place, remedy="repair its \\u escapes")
    return [names[tag] if type(tag) is int else tag for tag in tags]


def _names(features: Mapping[str, Any], key: str) -> Sequence[str]:
    """RETURNS (Sequence[str]): The tag names of a column, as described by `datasets`. Empty if unknown."""
    column = features.get(key)
    inner = column.get("feature") if isinstance(column, dict) else None
    names = inner.get("names") if isinstance(inner, dict) else None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
