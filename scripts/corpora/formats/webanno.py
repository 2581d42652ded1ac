"""Read WebAnno TSV 3 files exported by INCEpTION and WebAnno: the spans of named entities and of custom layers."""
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats import inception
from scripts.corpora.formats.documents import add_notes, fill_gap, sentence_starts
from scripts.corpora.formats.offsets import Counting
from scripts.corpora.formats.options import NO_OPTIONS, OffsetUnit, Options
from scripts.corpora.formats.raw import RawFile, find_own_files, read_lines, split_archive
from scripts.corpora.formats.uima import CUSTOM_LAYERS, NAMED_ENTITY, NOT_READ
from scripts.corpora.schema import LEFT_OUT, SEVERAL_VALUES, Document, Mention

OPTIONS = ("offsets", "feature")
SUFFIXES = [".tsv"]
FORMAT = re.compile(r"#FORMAT=WebAnno TSV 3\.(\d+)\s*")
LAYER = re.compile(r"#T_(SP|CH|RL)=([^|]+)\|?(.*)")
UNIT = re.compile(r"([0-9]+-[0-9]+(?:\.[0-9]+)?)\t([0-9]{1,9})-([0-9]{1,9})\t(.*)", re.DOTALL)
TEXT, SPAN, CHAIN = "#Text=", "SP", "CH"
NO_ANNOTATION, NO_VALUE, ROLE = "_", "*", "ROLE_"
# A backslash and the next character belong together wherever a value is split.
STACKED = re.compile(r"(?:^|\|)((?:\\.|\\$|[^|\\])*)", re.DOTALL)
VALUE = re.compile(r"((?:\\.|\\$|[^\\])*?)(?:\[([0-9]+)\])?", re.DOTALL)
IN_VALUE = re.compile(r"\\(->|[\\\[\]|_;tn*])")
IN_TEXT = re.compile(r"\\([\\tnfrb\x00-\x1f])")
IN_OLD_TEXT = re.compile(r"\\(u+[0-9a-fA-F]{4}|.)")
ESCAPED = {"t": "\t", "n": "\n", "f": "\f", "r": "\r", "b": "\b"}
# Values of number and boolean features, which are not labels.
FLAG, NUMBER = re.compile("true|false"), re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
COUNTED_OTHERWISE = "document with offsets in {}, not in this format's UTF-16 units, converted to characters"
WITHOUT_TOKENS = "sentence without tokens, left out because its position in the text is unknown"
_EXPORT_AGAIN = "export it again as WebAnno TSV 3.3"


@dataclass(frozen=True)
class _Layer:
    """A layer declared in the file, with its columns.

    kind (str): `SP` (spans), `CH` (chains) or `RL` (relations).
    name (str): Its name, such as `webanno.custom.Problem`.
    columns (Sequence[int]): Its columns. The first one after the token is 0.
    features (Mapping[int, str]): The columns with a single value, and the features' names.
    targets (frozenset[int]): The columns with the annotations that the roles in the previous column refer to.
    """

    kind: str
    name: str
    columns: Sequence[int]
    features: Mapping[int, str]
    targets: frozenset[int]


@dataclass(frozen=True)
class _Unit:
    """A token or a part of one, with its line number, its offsets as written, and the rest of its line."""

    line: int
    start: int
    end: int
    rest: str


@dataclass(frozen=True)
class _Sentence:
    line: int
    text: str
    units: Sequence[_Unit]


@dataclass
class _Draft:
    """A span annotation, which is extended by each of its units."""

    start: int
    end: int
    label: str
    line: int
    has_several_values: bool = False


@dataclass(frozen=True)
class _Placed:
    """Sentences at their offsets.

    text (str): The document's text.
    starts (Sequence[int]): The sentence starts.
    units (Sequence[_Unit]): The units, with offsets in characters of the document, and without the token in the rest.
    """

    text: str
    starts: Sequence[int]
    units: Sequence[_Unit]


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, sorted by name, and the project file of an export.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    return [*_find(path, annotations).values(), *_project_files(path)]


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. An id is the path below the folder without the suffix.

    The text consists of the sentences at the offsets of their tokens, with a line break and spaces between them. From
    a project export of INCEpTION, the annotators' and the curated documents are read, each with the name of its
    annotator. Those that aren't finished are left out. The label of a span in a custom layer is the first of its
    features, by name, with text, or else the layer's name.

    path (Path): A file, or a folder with files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file. By default, offsets are in UTF-16 units if they match the tokens.
    RETURNS (list[Document]): The documents, sorted by id.
    RAISES (ProjectError): If a file is invalid, or its offsets don't match its tokens.
    """
    files = _find(path, annotations)
    states = inception.read_states(_project_files(path))
    return [_read_document(name, file, options, inception.why_left_out(file, states)) for name, file in files.items()]


def _find(path: Path, annotations: Optional[Path]) -> dict[str, RawFile]:
    files = find_own_files(path, annotations, SUFFIXES)
    if _is_one_file(path):
        return files
    documents = inception.documents_of(files, inception.find_projects(path))
    if not documents:
        what = "a project of INCEpTION without annotations in WebAnno TSV"
        raise ProjectError(what, where=path, remedy="export it again as WebAnno TSV 3.3, or set `format: uima`")
    return documents


def _project_files(path: Path) -> list[RawFile]:
    return [] if _is_one_file(path) else inception.project_files(path)


def _is_one_file(path: Path) -> bool:
    return path.is_file() and split_archive(path)[0] is None


def _read_document(name: str, file: RawFile, options: Options, left_out: str) -> Document:
    lines = read_lines(file)
    match = FORMAT.fullmatch(lines[0])
    if not match:
        raise ProjectError("no line `#FORMAT=WebAnno TSV 3.3` at its top", where=f"{file}:1", remedy=_EXPORT_AGAIN)
    layers = [_with_label_feature(options.feature, layer) for layer in _read_layers(lines[1:], file)]
    sentences = list(_read_sentences(lines, int(match[1]) < 2, file))
    placed, note = _place_all([one for one in sentences if one.units], options.offsets, file)
    notes = [note] * bool(note) + [WITHOUT_TOKENS for one in sentences if not one.units and one.text.strip()]
    mentions = tuple(_read_mentions(placed, layers, notes, file))
    meta: dict[str, Any] = {"sentence_starts": sentence_starts(placed.text, placed.starts)}
    if left_out:
        meta[LEFT_OUT] = left_out
    owner = inception.owner_of(file)
    return add_notes(Document(name, placed.text, mentions, meta, annotator=inception.annotator_of(owner)), notes)


def _read_layers(lines: Sequence[str], file: RawFile) -> Iterator[_Layer]:
    """YIELDS (_Layer): The layers declared at the top of the file."""
    column = 0
    for match in map(LAYER.fullmatch, lines):
        if not match:
            return
        kind, name = match[1], match[2]
        # A layer without features, or without any in use, still has one column.
        declared = dict(enumerate([feature for feature in match[3].split("|") if feature] or [""], start=column))
        targets = frozenset(place + 1 for place, feature in declared.items() if feature.startswith(ROLE))
        plain = {place: one for place, one in declared.items() if one and not one.startswith(ROLE)}
        features = {place: feature for place, feature in plain.items() if place not in targets}
        yield _Layer(kind, name, list(declared), features, targets)
        column += len(declared)


def _read_sentences(lines: Sequence[str], is_old: bool, file: RawFile) -> Iterator[_Sentence]:
    """YIELDS (_Sentence): Each sentence with its text, joined if it has several lines, and its units."""
    texts: list[str] = []
    units: list[_Unit] = []
    first = 1
    for number, line in enumerate([*lines, ""], start=1):
        if line.startswith(TEXT) and not units:
            first = first if texts else number
            texts.append(_unescape_text(line.removeprefix(TEXT), is_old, f"{file}:{number}"))
        elif match := UNIT.fullmatch(line):
            if not texts:
                raise ProjectError("a token without a sentence", where=f"{file}:{number}", remedy=_EXPORT_AGAIN)
            units.append(_Unit(number, int(match[2]), int(match[3]), match[4]))
        elif not line.strip():
            if texts:
                yield _Sentence(first, "\n".join(texts), units)
            texts, units = [], []
        elif units or not line.startswith("#"):
            what = "neither a token nor the end of a sentence"
            raise ProjectError(what, where=f"{file}:{number}", remedy=_EXPORT_AGAIN)


def _unescape_text(text: str, is_old: bool, where: str) -> str:
    if not is_old:
        return IN_TEXT.sub(lambda match: ESCAPED.get(match[1], match[1]), text)
    units = IN_OLD_TEXT.sub(lambda match: _unescape_unit(match[1]), text)
    try:
        return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        what = "half of a surrogate pair"
        raise ProjectError(what, where=where, remedy="repair its \\u escapes") from None


def _unescape_unit(escaped: str) -> str:
    """RETURNS (str): The character of a Java escape. Up to version 3.1, texts were written with these."""
    return chr(int(escaped.lstrip("u"), 16)) if len(escaped) > 1 else ESCAPED.get(escaped, escaped)


def _place_all(sentences: Sequence[_Sentence], unit: Optional[OffsetUnit], file: RawFile) -> tuple[_Placed, str]:
    """RETURNS (tuple): The document with offsets in the first unit that fits all of its tokens, and a note on it."""
    ways: dict[OffsetUnit, str] = {} if unit else {"characters": "characters", "bytes": "bytes of UTF-8"}
    try:
        return _place(sentences, unit or "utf16", file), ""
    except ProjectError:
        for way, name in ways.items():
            with suppress(ProjectError):
                return _place(sentences, way, file), COUNTED_OTHERWISE.format(name)
        raise


def _place(sentences: Sequence[_Sentence], unit: OffsetUnit, file: RawFile) -> _Placed:
    pieces: list[str] = []
    starts: list[int] = []
    units: list[_Unit] = []
    # The end of the text so far, in characters and in the file's unit.
    end = written = 0
    for sentence in sentences:
        counted = [int(place) for place in Counting(unit).places(sentence.text)]
        start = sentence.units[0].start - _lead(sentence, counted)
        # The text between two sentences is unknown. WebAnno itself reads it as a line break and spaces.
        filler = "\n" if end else ""
        pieces += (fill_gap(start - written, filler, f"{file}:{sentence.line}"), sentence.text)
        end += len(pieces[-2])
        starts.append(end)
        places = {start + offset: number for number, offset in enumerate(counted)}
        for one in sentence.units:
            first, last, rest = _find_in(sentence, one, places, f"{file}:{one.line}")
            units.append(_Unit(one.line, end + first, end + last, rest))
        end, written = end + len(sentence.text), start + counted[-1]
    return _Placed("".join(pieces), starts, units)


def _lead(sentence: _Sentence, counted: Sequence[int]) -> int:
    """RETURNS (int): The length of a sentence before its first token, which should be 0."""
    token = sentence.units[0].rest.partition("\t")[0]
    return counted[max(sentence.text.find(token), 0)]


def _find_in(sentence: _Sentence, unit: _Unit, places: Mapping[int, int], where: str) -> tuple[int, int, str]:
    """RETURNS (tuple): Start and end of a unit in its sentence, and the rest of its line after the token."""
    first, last = places.get(unit.start), places.get(unit.end)
    if first is not None and last is not None and f"{unit.rest}\t".startswith(f"{sentence.text[first:last]}\t"):
        return first, last, unit.rest[last - first + 1 :]
    what = "the offsets do not fit the token and the text of its sentence"
    raise ProjectError(what, where=where, remedy=_EXPORT_AGAIN)


def _with_label_feature(feature: Optional[str], layer: _Layer) -> _Layer:
    """RETURNS (_Layer): The layer, with no other feature than that with the labels if it is known."""
    if feature is None or layer.name == NAMED_ENTITY:
        return layer
    return replace(layer, features={place: name for place, name in layer.features.items() if name == feature})


def _read_mentions(placed: _Placed, layers: Sequence[_Layer], notes: list[str], file: RawFile) -> Iterator[Mention]:
    width = sum(len(layer.columns) for layer in layers)
    taken = [layer for layer in layers if layer.name == NAMED_ENTITY or layer.name.startswith(CUSTOM_LAYERS)]
    drafts: dict[tuple[object, ...], _Draft] = {}
    references: dict[tuple[object, ...], _Layer] = {}
    for unit in placed.units:
        columns = unit.rest.split("\t")
        if len(columns) < width:
            what = f"{len(columns)} columns after the token, but the layers have {width}"
            raise ProjectError(what, where=f"{file}:{unit.line}", remedy=_EXPORT_AGAIN)
        for layer in taken:
            if layer.kind == SPAN:
                _read_spans(layer, columns, unit, drafts, file)
            else:
                references.update(((layer.name, one), layer) for one in _references(layer, columns, unit))
    notes += (NOT_READ.format(name_id(_short_name(layer))) for layer in references.values())
    for number, draft in enumerate(drafts.values(), start=1):
        notes += [SEVERAL_VALUES] * draft.has_several_values
        span, where = (draft.start, draft.end), f"{file}:{draft.line}"
        yield Mention(*span, draft.label, subtype=draft.label, id=f"T{number}", fragments=(span,), where=where)


def _read_spans(
    layer: _Layer, columns: Sequence[str], unit: _Unit, drafts: dict[tuple[object, ...], _Draft], file: RawFile
) -> None:
    """Add the annotations of a layer at a unit, or extend those that started at an earlier one."""
    for place, (name, draft) in enumerate(_read_stack(layer, columns, unit, file)):
        known = drafts.setdefault((layer.name, name) if name else (layer.name, unit.line, place), draft)
        if known.label != draft.label:
            what = f"the annotation [{name}] has a different label from the one in line {known.line}"
            raise ProjectError(what, where=f"{file}:{unit.line}", remedy=_EXPORT_AGAIN)
        known.end = unit.end


def _references(layer: _Layer, columns: Sequence[str], unit: _Unit) -> Iterator[object]:
    """YIELDS (object): A key for each relation, or link of a chain, at a unit that is unique in its layer."""
    values = columns[layer.columns[-1]]
    for place, value in enumerate(STACKED.findall(values) if values != NO_ANNOTATION else []):
        yield value.rpartition("->")[2] if layer.kind == CHAIN else (unit.line, place)


def _read_stack(
    layer: _Layer, columns: Sequence[str], unit: _Unit, file: RawFile
) -> Iterator[tuple[Optional[str], _Draft]]:
    """YIELDS (tuple): The disambiguation id, if there is one, and the draft of each annotation at a unit."""
    stacks = {place: STACKED.findall(columns[place]) for place in layer.columns if columns[place] != NO_ANNOTATION}
    if len({len(stack) for stack in stacks.values()}) > 1:
        what = f"the columns of the layer {name_id(layer.name)} hold different numbers of annotations"
        raise ProjectError(what, where=f"{file}:{unit.line}", remedy=_EXPORT_AGAIN)
    for stacked in zip(*stacks.values(), strict=True):
        parted = [(place, VALUE.fullmatch(value)) for place, value in zip(stacks, stacked, strict=True)]
        matches = {place: match for place, match in parted if match and place not in layer.targets}
        values = {layer.features[place]: match[1] for place, match in matches.items() if place in layer.features}
        label, has_several_values = _label(layer, values)
        name = next((match[2] for match in matches.values() if match[2]), None)
        yield name, _Draft(unit.start, unit.end, label, unit.line, has_several_values)


def _label(layer: _Layer, values: Mapping[str, str]) -> tuple[str, bool]:
    """RETURNS (tuple): The label of an annotation from its features, and whether there were several values."""
    names = ["value"] if layer.name == NAMED_ENTITY else sorted(values)
    found = [values[name] for name in names if values.get(name) not in (None, "", NO_VALUE, NO_ANNOTATION)]
    told = [value for value in found if not FLAG.fullmatch(value)]
    texts = [value for value in told if not NUMBER.fullmatch(value)] or told
    label = IN_VALUE.sub(lambda match: ESCAPED.get(match[1], match[1]), texts[0]) if texts else ""
    return label or _short_name(layer), len(texts) > 1


def _short_name(layer: _Layer) -> str:
    return layer.name.rpartition(".")[2]
