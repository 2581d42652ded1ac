"""Load the type systems of XMI files, and derive that of a file which was published without one, as those of E3C."""
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Container, Iterable, Iterator, Mapping

if TYPE_CHECKING:
    from cassis import TypeSystem
    from lxml.etree import _Element

ANNOTATION, STRING, STRINGS = "uima.tcas.Annotation", "uima.cas.String", "uima.cas.StringArray"
_XMI_ID = "{http://www.omg.org/XMI}id"
_OF_ANNOTATIONS = ("sofa", "begin", "end")
# Features that refer to annotations, as INCEpTION and WebAnno call them in every relation and chain layer.
_REFERENCES = ("Dependent", "Governor", "first", "next")
_VIEW, _NEEDED = "uima.cas.View", ("uima.cas.NULL", "uima.cas.Sofa")


@dataclass(frozen=True)
class Untyped:
    """The annotations of a file without a type system.

    xmi (str): The file's content, without what is not an annotation.
    types (TypeSystem): The types of the annotations. All features are strings, except the references of relations and
        chains.
    ids (tuple[str, ...]): The ids of the annotations.
    """

    xmi: str
    types: "TypeSystem"
    ids: tuple[str, ...]


@lru_cache(maxsize=4)
def parse_type_system(xml: str) -> "TypeSystem":
    """Parse a type system. Cached because a project export has the same one in the folder of each document.

    xml (str): The content of a `TypeSystem.xml`.
    RETURNS (TypeSystem): The type system.
    """
    from cassis import load_typesystem

    return load_typesystem(xml)


def derive_type_system(xmi: str) -> Untyped:
    """Derive the types that a file uses from its annotations. All other elements are left out: without types, nothing
    tells which of them an annotation refers to.

    xmi (str): The content of an XMI file.
    RETURNS (Untyped): The annotations and their types.
    """
    from lxml.etree import fromstring, tostring

    root = fromstring(xmi.encode("utf8"))
    annotations = [element for element in root if _is_annotation(element)]
    ids = [str(element.attrib.get(_XMI_ID)) for element in annotations]
    _leave_out_others(root, set(ids))
    return Untyped(tostring(root, encoding="unicode"), _make_types(_gather_features(annotations)), tuple(ids))


def _is_annotation(element: "_Element") -> bool:
    return all(attribute in element.attrib for attribute in _OF_ANNOTATIONS)


def _leave_out_others(root: "_Element", annotations: Container[str]) -> None:
    for element in [element for element in root if not _is_annotation(element)]:
        if _type_name(element) == _VIEW:
            members = str(element.attrib.get("members", "")).split()
            element.attrib["members"] = " ".join(member for member in members if member in annotations)
        elif _type_name(element) not in _NEEDED:
            root.remove(element)


def _make_types(features: Mapping[str, Mapping[str, str]]) -> "TypeSystem":
    from cassis import TypeSystem

    types = TypeSystem()
    for name, kinds in features.items():
        if not types.contains_type(name):
            types.create_type(name, ANNOTATION)
            for feature, kind in kinds.items():
                types.create_feature(name, feature, kind)
    return types


def _gather_features(annotations: Iterable["_Element"]) -> dict[str, dict[str, str]]:
    """RETURNS (dict[str, dict[str, str]]): The kinds of all features, by type and name."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for element in annotations:
        own = found[_type_name(element)]
        # An empty array is written as an attribute.
        own.update({**dict(_attributes(element)), **own, **dict.fromkeys(_children(element), STRINGS)})
    return found


def _type_name(element: "_Element") -> str:
    """RETURNS (str): The name of an element's type: `custom:X` is `webanno.custom.X`."""
    namespace, _, name = str(element.tag).removeprefix("{http:///").rpartition("}")
    return f"{namespace.removesuffix('.ecore').replace('/', '.')}.{name}".removeprefix("uima.noNamespace.")


def _attributes(element: "_Element") -> Iterator[tuple[str, str]]:
    for name in map(str, element.attrib):
        if name not in (*_OF_ANNOTATIONS, _XMI_ID):
            yield name, ANNOTATION if name in _REFERENCES else STRING


def _children(element: "_Element") -> list[str]:
    return [str(child.tag) for child in element.iterchildren("*")]
