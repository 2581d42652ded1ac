"""Read spaCy's DocBin files (`.spacy`): the entities or a span group of each Doc, and its sentences if set."""
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Optional

from scripts.base.errors import MOST_NAMED, ProjectError, name_id
from scripts.corpora.formats.documents import check_ids, sentence_starts
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import RawFile, find_own_files, read_bytes
from scripts.corpora.schema import Document, Fragment, Mention

if TYPE_CHECKING:
    from spacy.tokens import Doc

OPTIONS = ("spans_key",)
SUFFIXES = [".spacy"]
# A few kilobytes can unpack to gigabytes. This limit is enough for millions of tokens.
MAX_UNPACKED = 2**30
STEP = 2**24
NO_ENTITIES = "document without entity annotation, which is unknown as a whole"
PARTIAL_ENTITIES = "document with tokens without entity annotation, which are unknown"
NO_GROUP = "document without the span group in `spans_key`, read without mentions"
ENTITIES_BESIDE = "document with entities, which are not read because `spans_key` is set"
UNKNOWN_SPACES = "document with unknown spaces, read with a space after each token"


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all Docs. An id is `user_data["id"]`, or else a number, with the file's name if there are several.

    Only tokens with an entity annotation, including "outside of entities", count as annotated. A Doc without any is
    unknown as a whole, because it may not have been annotated yet.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file. With a `spans_key`, the spans in that group are read instead of the
        entities.
    RETURNS (list[Document]): The documents, in the order of the files. `meta["sentence_starts"]` is set if a Doc has
        sentences.
    RAISES (ProjectError): If a file is not a DocBin, is damaged, is too large when unpacked, or has no Docs, if two
        Docs have the same id, or if no Doc has spans under the key.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    named = ((f"{name}/" if len(files) > 1 else "", file) for name, file in files.items())
    groups: set[str] = set()
    placed = [
        (str(file), document)
        for prefix, file in named
        for document in _read_file(file, prefix, options.spans_key, groups)
    ]
    if options.spans_key is not None and options.spans_key not in groups:
        known = f"use one of these keys: {', '.join(map(name_id, sorted(groups)[:MOST_NAMED]))}"
        remedy = known if groups else "there are no spans at all; remove the key to read the entities"
        what = f"no document has spans under `spans_key` '{options.spans_key}'"
        raise ProjectError(what, where=path, remedy=remedy)
    check_ids((document.id, where) for where, document in placed)
    return [document for _, document in placed]


def read_docs(file: RawFile, prefix: str) -> list[Document]:
    """RETURNS (list[Document]): The documents in a file, as in `read`, with a prefix for each id."""
    return _read_file(file, prefix, None, set())


def _read_file(file: RawFile, prefix: str, key: Optional[str], groups: set[str]) -> list[Document]:
    """RETURNS (list[Document]): The documents in a file. The keys of its span groups are added to `groups`."""
    data = read_bytes(file)
    try:
        is_too_large = _unpacks_to_more(data, MAX_UNPACKED)
        documents = [] if is_too_large else list(_read_docs(data, prefix, file, key, groups))
    except Exception as error:  # For a damaged file, spaCy, msgpack and NumPy raise many kinds of errors.
        # Their messages may quote the text, so only the type of the error is shown.
        what = f"not a DocBin file, or damaged ({type(error).__name__})"
        raise ProjectError(what, where=file, remedy="write it again with `DocBin.to_disk` of spaCy 3") from None
    if is_too_large:
        what = f"unpacks to more than {MAX_UNPACKED >> 20} MiB"
        raise ProjectError(what, where=file, remedy="check where it comes from, or split it into several files")
    if not documents:
        raise ProjectError("no documents in this file", where=file, remedy="remove the file, or write it again")
    return documents


def _unpacks_to_more(data: bytes, limit: int) -> bool:
    unpacker, size = zlib.decompressobj(), 0
    while data and size <= limit:
        size += len(unpacker.decompress(data, STEP))
        data = unpacker.unconsumed_tail
    return size > limit


def _read_docs(
    data: bytes, prefix: str, file: RawFile, key: Optional[str], groups: set[str]
) -> Iterator[Document]:
    # Imported here because spaCy takes seconds to import, and the registry of formats doesn't need it.
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    for number, doc in enumerate(DocBin().from_bytes(data).get_docs(Vocab()), start=1):
        name = doc.user_data.get("id")
        groups.update(doc.spans)
        mentions = tuple(_read_mentions(doc, f"{file}, document {number}", key))
        own = name if isinstance(name, str) and name else str(number)
        # Entity tags say nothing about the spans in a group.
        annotated = _read_annotated(doc) if key is None else None
        yield Document(prefix + own, doc.text, mentions, _read_meta(doc, key, annotated), annotated=annotated)


def _read_mentions(doc: "Doc", where: str, key: Optional[str]) -> Iterator[Mention]:
    for number, entity in enumerate(doc.ents if key is None else doc.spans.get(key, ()), start=1):
        start, end, label = entity.start_char, entity.end_char, entity.label_
        fragments = ((start, end),)
        yield Mention(start, end, label, subtype=label, id=f"T{number}", fragments=fragments, where=where)


def _read_annotated(doc: "Doc") -> Optional[tuple[Fragment, ...]]:
    """RETURNS (Optional[tuple]): The stretches of tokens with an entity annotation, including whitespace between two of
    them. None if only whitespace has no annotation."""
    # `is_space` is always False with the empty vocabulary that a DocBin is read with.
    if all(token.ent_iob_ or token.text.isspace() for token in doc):
        return None
    stretches: list[Fragment] = []
    goes_on = False
    for token in doc:
        if token.ent_iob_:
            start = stretches.pop()[0] if goes_on else token.idx
            stretches.append((start, token.idx + len(token)))
        goes_on = bool(token.ent_iob_) or (goes_on and token.text.isspace())
    return tuple(stretches)


def _read_meta(doc: "Doc", key: Optional[str], annotated: Optional[tuple[Fragment, ...]]) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    if doc.has_annotation("SENT_START"):
        meta["sentence_starts"] = sentence_starts(doc.text, (token.idx for token in doc if token.is_sent_start))
    others = [name for name, group in doc.spans.items() if len(group) and name != key]
    notes = [f"span group '{name_id(name)}' is not read" for name in others]
    if key is not None:
        notes += [NO_GROUP] * (key not in doc.spans) + [ENTITIES_BESIDE] * bool(doc.ents)
    if annotated is not None:
        notes.append(PARTIAL_ENTITIES if annotated else NO_ENTITIES)
    if doc.has_unknown_spaces:
        notes.append(UNKNOWN_SPACES)
    return {**meta, "notes": tuple(notes)} if notes else meta
