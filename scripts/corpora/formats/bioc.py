"""Read BioC files in XML and JSON: documents of passages at offsets, with annotations in passages and sentences."""
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence, get_args

from scripts.base.errors import ProjectError
from scripts.corpora.formats.documents import add_notes, check_ids, fill_gap, sentence_starts
from scripts.corpora.formats.json_rows import check_value, has_half_pair, read_values
from scripts.corpora.formats.offsets import Counting, mend_offsets
from scripts.corpora.formats.options import NO_OPTIONS, OffsetUnit, Options
from scripts.corpora.formats.raw import (
    BYTE_ORDER_MARK,
    RawFile,
    explain_xml_error,
    find_own_files,
    read_bytes,
)
from scripts.corpora.schema import Document, Mention
from scripts.corpora.spelling import same_text

if TYPE_CHECKING:
    from lxml.etree import _Element

OPTIONS = ("offsets",)
SUFFIXES = [".xml", ".json", ".jsonl"]
# Elements that are in lists in JSON.
LISTED = {f"{name}s": name for name in ("document", "passage", "sentence", "annotation", "relation", "location")}
LABELS = ("type", "label")
# Not a key of BioC: the location of an element in an XML file.
PLACE = "#place"
NUMBER = re.compile(r"\s*[0-9]{1,9}\s*")
RELATION = "relation, which is not read"
NOWHERE = "annotation without a location in the text, which is not read"
_EXPECTED = "expected BioC: a collection of documents in passages, each with its offset and text"


@dataclass(frozen=True)
class _Piece:
    """A passage or a sentence: text at an offset."""

    offset: int
    text: str
    where: str


@dataclass
class _Draft:
    """A document as it is in its file, with offsets as written.

    id (str): Its id.
    where (str): Its location.
    passages (list[tuple]): The pieces of each passage's text, in the order of the file, and its sentences.
    mentions (list[Mention]): The mentions of the document, its passages and their sentences.
    notes (list[str]): What was skipped.
    """

    id: str
    where: str
    passages: list[tuple[list[_Piece], list[_Piece]]] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return list(find_own_files(path, annotations, SUFFIXES).values())


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. An id is the document's own, with the file's name as a prefix if there are several files.

    The text consists of the passages at their offsets, with a line break and spaces between them. If a passage has no
    text, it consists of its sentences, with spaces between them. An annotation's label is its infon `type`, or `label`.

    path (Path): A file, or a folder with files. JSON may be one collection, a list or lines of documents, or an export
        of PubTator 3.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, in the order of the files. `meta["sentence_starts"]` is set if all passages
        have sentences.
    RAISES (ProjectError): If a file is not BioC, passages overlap, or two documents have the same id.
    """
    files = find_own_files(path, annotations, SUFFIXES)
    named = ((f"{name}/" if len(files) > 1 else "", file) for name, file in files.items())
    drafts = [_read_draft(data, where, prefix) for prefix, file in named for where, data in _read_file(file)]
    check_ids((draft.id, draft.where) for draft in drafts)
    return [_make_document(draft, options.offsets) for draft in drafts]


def _read_file(file: RawFile) -> list[tuple[str, Mapping[str, Any]]]:
    """RETURNS (list[tuple]): The location of each document and its contents, in the form of JSON."""
    data = read_bytes(file)
    # In UTF-16 too the first bracket is among the first bytes.
    is_xml = b"<" in data.removeprefix(BYTE_ORDER_MARK.encode()).lstrip()[:4]
    found = list(_read_xml(data, file) if is_xml else _read_json(file))
    if not found:
        raise ProjectError("no documents in this file", where=file, remedy="remove the file, or write it again")
    return found


def _read_xml(data: bytes, file: RawFile) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """YIELDS (tuple): The documents in an XML file. Its DTD is not loaded, and it must not declare entities."""
    # Imported here because only this format needs it.
    from lxml import etree

    try:
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        where = f"{file}:{error.lineno or 1}"
        raise ProjectError(explain_xml_error(error), where=where, remedy="write it again") from None
    dtd = root.getroottree().docinfo.internalDTD
    if (dtd is not None and dtd.entities()) or next(root.iter(etree.Entity), None) is not None:
        what = "XML with its own entities, which could read other files or expand without limit"
        raise ProjectError(what, where=file, remedy="write the characters themselves")
    if root.tag != "collection":
        raise ProjectError("XML that is not a BioC collection", where=f"{file}:{root.sourceline}", remedy=_EXPECTED)
    for document in _to_json(root, file)["documents"]:
        yield document[PLACE], document


def _to_json(element: "_Element", file: RawFile) -> dict[str, Any]:
    """RETURNS (dict): An element in the form of BioC's JSON, with its location."""
    data: dict[str, Any] = {str(key): value for key, value in element.attrib.items()}
    data[PLACE] = f"{file}:{element.sourceline}"
    data["infons"] = {child.get("key"): child.text for child in element.findall("infon")}
    data.update({name: [_to_json(one, file) for one in element.findall(tag)] for name, tag in LISTED.items()})
    texts = {tag: element.find(tag) for tag in ("id", "offset", "text")}
    return {**data, **{tag: "".join(child.itertext()) for tag, child in texts.items() if child is not None}}


def _read_json(file: RawFile) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for where, value in read_values(file, _EXPECTED):
        # With one document per line, the line is the location.
        is_whole = where == str(file)
        for number, document in enumerate(_documents_in(value, where), start=1):
            yield f"{where}, document {number}" if is_whole else where, document


def _documents_in(data: Any, where: str) -> Iterator[Mapping[str, Any]]:
    """YIELDS (Mapping): The documents in a document, a collection, a list of either, or an export of PubTator 3."""
    if isinstance(data, dict) and "passages" in data:
        yield data
        return
    if isinstance(data, dict):
        data = data.get("documents", data.get("PubTator3"))
    if not isinstance(data, list):
        raise ProjectError("neither a document nor a collection of them", where=where, remedy=_EXPECTED)
    for one in data:
        yield from _documents_in(one, where)


def _read_draft(data: Mapping[str, Any], where: str, prefix: str) -> _Draft:
    draft = _Draft(prefix + _name(data, where), where)
    _read_annotations(data, where, draft)
    for passage in _listed(data, "passages", where):
        place = passage.get(PLACE, where)
        _read_annotations(passage, place, draft)
        sentences = [_read_piece(one, one.get(PLACE, place)) for one in _listed(passage, "sentences", place)]
        for sentence in _listed(passage, "sentences", place):
            _read_annotations(sentence, sentence.get(PLACE, place), draft)
        pieces = [_read_piece(passage, place)] if passage.get("text") else sentences
        if any(piece.text for piece in pieces):
            draft.passages.append((pieces, sentences))
    return draft


def _name(data: Mapping[str, Any], where: str) -> str:
    name = data.get("id")
    if type(name) not in (str, int) or not str(name).strip() or has_half_pair(str(name)):
        raise ProjectError("a document without an id", where=where, remedy="add one")
    return str(name)


def _listed(data: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    found = data.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ProjectError(f"key '{key}' is not a list of objects", where=where, remedy=_EXPECTED)
    return found


def _read_piece(data: Mapping[str, Any], where: str) -> _Piece:
    text = check_value({"text": data.get("text") or ""}, "text", str, where)
    return _Piece(_number(data, "offset", where), text, where)


def _number(data: Mapping[str, Any], key: str, where: str) -> int:
    """RETURNS (int): A whole number, which XML writes as text."""
    value = data.get(key)
    if type(value) not in (int, str) or not NUMBER.fullmatch(str(value)):
        raise ProjectError(f"key '{key}' is not a whole number of up to nine digits", where=where, remedy=_EXPECTED)
    return int(str(value))


def _read_annotations(data: Mapping[str, Any], where: str, draft: _Draft) -> None:
    draft.notes += [RELATION] * len(_listed(data, "relations", where))
    for annotation in _listed(data, "annotations", where):
        place = annotation.get(PLACE, where)
        locations = _listed(annotation, "locations", place)
        if locations:
            draft.mentions.append(_read_mention(annotation, locations, place))
        else:
            draft.notes.append(NOWHERE)


def _read_mention(data: Mapping[str, Any], locations: Sequence[Mapping[str, Any]], where: str) -> Mention:
    infons = data.get("infons")
    found = [infons[key] for key in LABELS if infons.get(key)] if isinstance(infons, dict) else []
    if not found:
        raise ProjectError("an annotation without the infon `type`", where=where, remedy="add one")
    label = check_value({"type": found[0]}, "type", str, where)
    starts = [_number(one, "offset", where) for one in locations]
    lengths = [_number(one, "length", where) for one in locations]
    fragments = tuple((start, start + length) for start, length in zip(starts, lengths, strict=True))
    text = check_value(data, "text", str, where) if data.get("text") is not None else None
    start, end, name = min(starts), max(end for _, end in fragments), str(data.get("id", ""))
    return Mention(start, end, label, subtype=label, id=name, fragments=fragments, text=text, where=where)


def _make_document(draft: _Draft, unit: Optional[OffsetUnit]) -> Document:
    """RETURNS (Document): The document, with offsets in the unit that fits the most mentions."""
    is_ascii = all(piece.text.isascii() for pieces, _ in draft.passages for piece in pieces)
    if unit or is_ascii or not any(mention.text for mention in draft.mentions):
        return _place(draft, unit or "characters", unit)
    made: list[tuple[OffsetUnit, Document]] = []
    errors: list[ProjectError] = []
    for one in get_args(OffsetUnit):
        try:
            made.append((one, _place(draft, one, one)))
        except ProjectError as error:
            errors.append(error)
    if not made:
        raise errors[0]
    # Passages that are too far apart in one unit may fit in another.
    best, document = max(made, key=lambda pair: (_count_fitting(pair[1]), -len(pair[1].meta.get("notes", ()))))
    if best == "characters":
        return document
    counted = f"document with offsets in {Counting(best)}, converted to characters"
    return add_notes(document, [counted])


def _place(draft: _Draft, unit: OffsetUnit, given: Optional[OffsetUnit]) -> Document:
    """RETURNS (Document): The document with its passages at their offsets, in the given unit."""
    pieces: list[str] = []
    end = 0
    for passage, _ in draft.passages:
        for number, piece in enumerate(passage):
            filler = "" if number or not pieces else "\n"
            pieces += (fill_gap(piece.offset - end, filler, piece.where), piece.text)
            end = piece.offset + int(Counting(unit).places(piece.text)[-1])
    text = "".join(pieces)
    mended = mend_offsets(text, draft.mentions, given)
    meta: dict[str, Any] = {}
    if draft.passages and all(sentences for _, sentences in draft.passages):
        offsets = [sentence.offset for _, sentences in draft.passages for sentence in sentences]
        places = Counting(unit).places(text)
        meta["sentence_starts"] = sentence_starts(text, (bisect_right(places, one) - 1 for one in offsets))
    return add_notes(Document(draft.id, text, mended.mentions, meta), [*draft.notes, *mended.notes])


def _count_fitting(document: Document) -> int:
    return sum(
        same_text("".join(document.text[start:end] for start, end in mention.fragments), mention.text)
        for mention in document.mentions
        if mention.text
    )
