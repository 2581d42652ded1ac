"""Read UIMA CAS files exported by INCEpTION and WebAnno: JSON, or XMI with a `TypeSystem.xml` next to or above it."""
import json
import re
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.formats import inception
from scripts.corpora.formats.documents import add_notes, sentence_starts
from scripts.corpora.formats.json_rows import has_half_pair
from scripts.corpora.formats.options import NO_OPTIONS, Options
from scripts.corpora.formats.raw import (
    BYTE_ORDER_MARK,
    RawFile,
    check_unpacked_size,
    explain_xml_error,
    find_files,
    open_archive,
    read_text,
    refuse_annotations,
    search_files,
)
from scripts.corpora.formats.type_systems import ANNOTATION, STRING, STRINGS, derive_type_system, parse_type_system
from scripts.corpora.schema import LEFT_OUT, SEVERAL_VALUES, Document, Mention

if TYPE_CHECKING:
    from cassis import Annotation, Cas, TypeSystem
    from cassis.typesystem import Type

OPTIONS = ("feature",)
XMI, JSON, XML, TYPE_SYSTEM = ".xmi", ".json", ".xml", "TypeSystem.xml"
NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
SENTENCE = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Sentence"
CUSTOM_LAYERS = ("webanno.custom.", "custom.")
NOT_READ = "annotation of the relation or chain layer '{}', which is not read"
_AS_JSON = "export it again as UIMA CAS JSON"
_EXPORT_AGAIN = "export it again, XMI together with its TypeSystem.xml"
# No feature can have this name.
_NO_FEATURE = "(none)"
_LABELED_BY_LAYER = f"no {TYPE_SYSTEM}: the labels in custom layers are the names of the layers"
_ID = re.compile(r"""(?:\sxmi:id=|"%ID"\s*:\s*)["']?(\d+)""")
_NOT_MAPPED = re.compile(r"Not mapping external offset \[(\d+)\] .* range \[0-(\d+)\]")


@dataclass(frozen=True)
class _Folder:
    """Files that were exported together, in a folder or in an archive for one document.

    files (Mapping[str, RawFile]): The documents, by name.
    type_systems (Mapping[str, RawFile]): The type systems, by name.
    prefix (str): Prefix of the documents' ids.
    archive (Optional[RawFile]): The archive, if the files are in one.
    """

    files: Mapping[str, RawFile]
    type_systems: Mapping[str, RawFile]
    prefix: str = ""
    archive: Optional[RawFile] = None


def raw_files(path: Path, annotations: Optional[Path] = None) -> list[RawFile]:
    """List the files that `read` opens.

    path (Path): Folder with the files.
    annotations (Optional[Path]): Must be None: the annotations are in the same file.
    RETURNS (list[RawFile]): The files, the type systems in the same folders, and the archives and the project file of a
        project's export.
    RAISES (ProjectError): If there are none, or `annotations` is set.
    """
    found, archives = _find(path, annotations)
    projects = inception.project_files(path)
    return [*found.files.values(), *found.type_systems.values(), *archives.values(), *projects]


def read(path: Path, annotations: Optional[Path] = None, options: Options = NO_OPTIONS) -> list[Document]:
    """Read all documents. An id is the path below the folder without the suffix.

    From a project export of INCEpTION (with `exportedproject.json`), only the annotators' and the curated documents are
    read, each with the name of its annotator. Those that aren't finished are left out. Source texts and logs are
    skipped.

    path (Path): Folder with the files.
    annotations (Optional[Path]): Must be None.
    options (Options): Options from the corpus file.
    RETURNS (list[Document]): The documents, sorted by id. Named entities and the spans of custom layers are mentions.
    RAISES (ProjectError): If a file is invalid.
    """
    found, archives = _find(path, annotations)
    folders = [found, *_unpack(archives, path)]
    states = inception.read_states(inception.project_files(path))
    documents = [document for folder in folders for document in _read_folder(folder, states, options.feature)]
    return sorted(documents, key=lambda document: document.id)


def _find(path: Path, annotations: Optional[Path]) -> tuple[_Folder, dict[str, RawFile]]:
    """RETURNS (tuple): The files in a folder, and the archives with exports of XMI and its type system."""
    refuse_annotations(annotations)
    projects = inception.find_projects(path)
    zipped = inception.documents_of(search_files(path, [".zip"]), projects)
    archives = {name: file for name, file in zipped.items() if inception.owner_of(file)}
    if zipped and not archives and not search_files(path, [XMI, JSON]):
        remedy = "unpack each into a folder of its own"
        raise ProjectError("zip archives in a folder are not read", where=path, remedy=remedy)
    find = search_files if archives else find_files
    files = inception.documents_of(_find_as_xml(path) or find(path, [XMI, JSON]), projects)
    if not files and not archives:
        what = "a project of INCEpTION without annotations in UIMA CAS XMI or JSON"
        raise ProjectError(what, where=path, remedy=f"{_AS_JSON}; WebAnno TSV is the format `webanno`")
    # People who unpack an archive usually leave it in place.
    unpacked = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
    return _Folder(files, _find_type_systems(path)), {name: archives[name] for name in archives if name not in unpacked}


def _find_as_xml(path: Path) -> dict[str, RawFile]:
    """RETURNS (dict[str, RawFile]): The documents of a folder where XMI files are called `.xml`."""
    if search_files(path, [XMI, JSON]) or search_files(path, [".zip"]):
        return {}
    return {name: file for name, file in search_files(path, [XML]).items() if file.name != TYPE_SYSTEM}


def _unpack(archives: Mapping[str, RawFile], path: Path) -> Iterator[_Folder]:
    """YIELDS (_Folder): The contents of each archive. The documents in it get the archive's name."""
    opened = {name: open_archive(file) for name, file in archives.items()}
    check_unpacked_size(opened.values(), path)
    for name, archive in opened.items():
        files = search_files(archive, [XMI, JSON])
        if not files:
            raise ProjectError("no UIMA CAS in this archive", where=archives[name], remedy=_AS_JSON)
        yield _Folder(files, _find_type_systems(archive), prefix=name, archive=archives[name])


def _find_type_systems(path: RawFile) -> dict[str, RawFile]:
    return {name: file for name, file in search_files(path, [XML]).items() if file.name == TYPE_SYSTEM}


def _type_system_of(name: str, type_systems: Mapping[str, RawFile]) -> Optional[RawFile]:
    """RETURNS (Optional[RawFile]): The type system in the folder of a document, or else in the nearest one above."""
    stem = PurePosixPath(TYPE_SYSTEM).stem
    above = ((folder / stem).as_posix() for folder in PurePosixPath(name).parents)
    return next((type_systems[name] for name in above if name in type_systems), None)


def _read_folder(
    folder: _Folder, states: Mapping[PurePath, str], label_feature: Optional[str]
) -> Iterator[Document]:
    for name, file in folder.files.items():
        type_system = _type_system_of(name, folder.type_systems)
        names = [folder.prefix] * bool(folder.prefix) + [name] * (not folder.prefix or len(folder.files) > 1)
        document = _read_document("/".join(names), file, type_system, label_feature)
        copy = folder.archive or file
        left_out = inception.why_left_out(copy, states)
        meta = {**document.meta, LEFT_OUT: left_out} if left_out else document.meta
        yield replace(document, annotator=inception.annotator_of(inception.owner_of(copy)), meta=meta)


def _read_document(name: str, file: RawFile, type_system: Optional[RawFile], label_feature: Optional[str]) -> Document:
    text, is_json = _read_checked(file), file.suffix.lower() == JSON
    if type_system is None and not is_json:
        return _read_untyped(name, text, file, label_feature)
    _check_unique(_ID.findall(text), file)
    types = _load_type_system(type_system) if type_system and not is_json else None
    with _told_in_one_line(file):
        return _make_document(name, _load_cas(text, types, file), file, label_feature)


def _read_untyped(name: str, text: str, file: RawFile, label_feature: Optional[str]) -> Document:
    with _told_in_one_line(file):
        untyped = derive_type_system(text)
        _check_unique(untyped.ids, file)
        cas = _load_cas(untyped.xmi, untyped.types, file)
        document = _make_document(name, cas, file, label_feature or _NO_FEATURE)
        return document if label_feature else add_notes(document, [_LABELED_BY_LAYER])


def _make_document(name: str, cas: "Cas", file: RawFile, label_feature: Optional[str]) -> Document:
    if cas.sofa_string is None:
        raise ProjectError("a CAS without text in its initial view", where=file, remedy=_EXPORT_AGAIN)
    annotations = sorted(cas.select_all_annotations(), key=lambda annotation: annotation.xmiID)
    _check_annotations(annotations, file)
    notes = [f"view '{name_id(view.sofa.sofaID)}' is not read" for view in cas.views if view.sofa is not cas.get_sofa()]
    mentions = tuple(_read_mentions(annotations, label_feature, notes, str(file)))
    meta: dict[str, Any] = {"notes": tuple(notes)} if notes else {}
    sentences = [annotation.begin for annotation in annotations if SENTENCE in _lineage(annotation.type)]
    if sentences:
        meta["sentence_starts"] = sentence_starts(cas.sofa_string, sentences)
    return Document(name, cas.sofa_string, mentions, meta)


def _load_cas(text: str, type_system: Optional["TypeSystem"], file: RawFile) -> "Cas":
    """RETURNS (Cas): The CAS with offsets in code points. In the file, they are in UTF-16 units."""
    # Imported here because only this format needs it.
    from cassis import load_cas_from_json, load_cas_from_xmi

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cas = load_cas_from_xmi(text, typesystem=type_system) if type_system else load_cas_from_json(text)
    _check_offsets((str(warning.message) for warning in caught), file)
    return cas


def _load_type_system(file: RawFile) -> "TypeSystem":
    text = _read_checked(file)
    with _told_in_one_line(file), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parse_type_system(text)


def _read_checked(file: RawFile) -> str:
    """RETURNS (str): A file's text. A DOCTYPE is rejected: its entities could read other files or expand endlessly."""
    text = read_text(file).removeprefix(BYTE_ORDER_MARK)
    if file.suffix.lower() != JSON and "<!DOCTYPE" in text:
        raise ProjectError("XML with a DOCTYPE, which no export has", where=file, remedy="remove the declaration")
    return text


@contextmanager
def _told_in_one_line(file: RawFile) -> Iterator[None]:
    """Convert any error of lxml and cassis to a one-line error for the file."""
    from lxml.etree import XMLSyntaxError

    try:
        yield
    except ProjectError:
        raise
    except XMLSyntaxError as error:
        remedy = "export it again, as UIMA CAS JSON if its text contains control characters"
        raise ProjectError(explain_xml_error(error), where=f"{file}:{error.lineno or 1}", remedy=remedy) from None
    except UnicodeEncodeError:
        raise ProjectError("half of a surrogate pair", where=file, remedy="repair its \\u escapes") from None
    except Exception as error:  # cassis checks little, so an invalid file may raise any error anywhere.
        # Its message may quote the text, so only the type of the error is shown.
        where = f"{file}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else file
        what = f"not a UIMA CAS, or damaged ({type(error).__name__})"
        raise ProjectError(what, where=where, remedy=_EXPORT_AGAIN) from None


def _check_offsets(complaints: Iterable[str], file: RawFile) -> None:
    """Raise an error for offsets inside a character, which cassis would move. Offsets after the text are kept."""
    for match in filter(None, map(_NOT_MAPPED.match, complaints)):
        if int(match[1]) <= int(match[2]):
            what = f"an annotation that starts or ends inside a character (UTF-16 offset {match[1]})"
            raise ProjectError(what, where=file, remedy="delete the annotation and export again")


def _check_annotations(annotations: Sequence["Annotation"], file: RawFile) -> None:
    _check_unique((annotation.xmiID for annotation in annotations), file)
    for annotation in annotations:
        if type(annotation.begin) is not int or type(annotation.end) is not int:
            what = f"annotation {name_id(str(annotation.xmiID))} has offsets that are not whole numbers"
            raise ProjectError(what, where=file, remedy=_EXPORT_AGAIN)


def _check_unique(ids: Iterable[Any], file: RawFile) -> None:
    """Check that ids are unique. cassis drops the first of two annotations with the same id, and converts offsets twice
    if a view lists an annotation twice."""
    ((name, count),) = Counter(ids).most_common(1) or ((None, 0),)
    if count > 1:
        raise ProjectError(f"the id {name_id(str(name))} occurs {count} times", where=file, remedy=_EXPORT_AGAIN)


def _read_mentions(
    annotations: Iterable["Annotation"], label_feature: Optional[str], notes: list[str], where: str
) -> Iterator[Mention]:
    for annotation in annotations:
        layer = annotation.type
        if NAMED_ENTITY in _lineage(layer):
            value = getattr(annotation, "value", None)
            values = [str(value)] if value else []
        elif not layer.name.startswith(CUSTOM_LAYERS):
            continue
        elif _refers(layer):
            notes.append(NOT_READ.format(name_id(layer.short_name)))
            continue
        else:
            values = list(_values(annotation, label_feature))
        notes += [SEVERAL_VALUES] if len(values) > 1 else []
        yield _mention(annotation, values[0] if values else layer.short_name, where)


def _mention(annotation: "Annotation", label: str, where: str) -> Mention:
    start, end, name = annotation.begin, annotation.end, str(annotation.xmiID)
    if has_half_pair(label):
        what = f"the label of annotation {name} contains half of a surrogate pair"
        raise ProjectError(what, where=where, remedy="repair its \\u escapes")
    return Mention(start, end, label, subtype=label, id=name, fragments=((start, end),), where=where)


def _lineage(layer: Optional["Type"]) -> Iterator[str]:
    """YIELDS (str): The names of a type and its supertypes."""
    while layer is not None:
        yield layer.name
        layer = layer.supertype


def _refers(layer: "Type") -> bool:
    """RETURNS (bool): Whether its annotations refer to others, as relations and the links of a chain do."""
    return any(ANNOTATION in _lineage(feature.rangeType) for feature in layer.all_features)


def _values(annotation: "Annotation", label_feature: Optional[str]) -> Iterator[str]:
    """YIELDS (str): The values of the feature with the labels or, if it isn't known, of all string features, in the
    order of their names."""
    # cassis appends a `_` to some names, such as `type`.
    wanted = (label_feature, f"{label_feature}_")
    features = [feature for feature in annotation.type.all_features if not label_feature or feature.name in wanted]
    for feature in sorted(features, key=lambda feature: feature.name):
        value = getattr(annotation, feature.name)
        if value and STRING in _lineage(feature.rangeType):
            yield str(value)
        elif value and feature.rangeType.name == STRINGS:
            yield from map(str, filter(None, value.elements or ()))
