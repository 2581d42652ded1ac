"""Test the UIMA CAS reader on small invented files, written by cassis and by hand as INCEpTION exports them."""
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from cassis import Cas, TypeSystem
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import inception, uima
from scripts.corpora.formats.options import Options
from scripts.corpora.harmonize import check_labels, harmonize
from scripts.corpora.schema import SEVERAL_VALUES

TEXT = "Took 🙂 aspirin.\nIt helped."
NAMED_ENTITY, SENTENCE, PROBLEM = uima.NAMED_ENTITY, uima.SENTENCE, "webanno.custom.Problem"


@pytest.fixture(autouse=True)
def no_warnings():
    """cassis warns of offsets and of names of features; none of that may reach the user's screen."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert not caught


def make_type_system() -> TypeSystem:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        types = TypeSystem()
        for name, above in [(SENTENCE, None), (NAMED_ENTITY, None), (NAMED_ENTITY + "Disease", NAMED_ENTITY)]:
            types.create_type(name, above or "uima.tcas.Annotation")
        types.create_feature(NAMED_ENTITY, "value", "uima.cas.String")
        types.create_feature(NAMED_ENTITY, "identifier", "uima.cas.String")
        types.create_type(PROBLEM)
        for name, kind in [("type", "String"), ("certainty", "String"), ("tags", "StringArray"), ("rank", "Integer")]:
            types.create_feature(PROBLEM, name, f"uima.cas.{kind}")
        for name, *references in [("custom.Relation", "Governor", "Dependent"), ("webanno.custom.CorefLink", "next")]:
            types.create_type(name)
            types.create_feature(name, "label", "uima.cas.String")
            for reference in references:
                types.create_feature(name, reference, "uima.tcas.Annotation")
        types.create_type("custom.Role", "uima.cas.TOP")
        types.create_feature("custom.Role", "target", PROBLEM)
        types.create_type("custom.Host")
        types.create_feature("custom.Host", "roles", "uima.cas.FSArray", elementType="custom.Role")
        types.create_type("other.Layer")
    return types


TYPES = make_type_system()


def make_cas(*annotations: tuple, text: str | None = TEXT) -> Cas:
    """Make a CAS of (type, begin, end, features), at code points; cassis counts in UTF-16 units when it writes it."""
    cas = Cas(typesystem=TYPES)
    cas.sofa_string = text
    for name, begin, end, *features in annotations:
        cas.add(TYPES.get_type(name)(begin=begin, end=end, **(features[0] if features else {})))
    return cas


def write(folder: Path, content: Cas | str, name: str = "a.xmi") -> Path:
    """Write a CAS, as XMI with its type system or as JSON, going by the name."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Cas):
        content = content.to_json() if name.endswith(".json") else content.to_xmi()
    file.write_bytes(content.encode("utf8"))
    if not name.endswith(".json"):
        TYPES.to_xml(file.parent / "TypeSystem.xml")
    return file


def read(folder: Path, content: Cas | str, name: str = "a.xmi"):
    write(folder, content, name)
    (document,) = uima.read(folder)
    return document


both = pytest.mark.parametrize("name", ["a.xmi", "a.json"])

INCEPTION = """<?xml version="1.1" encoding="UTF-8"?><xmi:XMI xmlns:tcas="http:///uima/tcas.ecore" \
xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" xmlns:custom="http:///webanno/custom.ecore" \
xmlns:type4="http:///de/tudarmstadt/ukp/dkpro/core/api/ner/type.ecore" \
xmlns:type5="http:///de/tudarmstadt/ukp/dkpro/core/api/segmentation/type.ecore" xmi:version="2.0">
    <cas:NULL xmi:id="0"/>
    <tcas:DocumentAnnotation xmi:id="8" sofa="1" begin="0" end="27" language="x-unspecified"/>
    <type5:Sentence xmi:id="19" sofa="1" begin="0" end="16"/>
    <type5:Sentence xmi:id="24" sofa="1" begin="17" end="27"/>
    <type4:NamedEntity xmi:id="37" sofa="1" begin="8" end="15" value="Drug" identifier="http://kb/1"/>
    <custom:Problem xmi:id="50" sofa="1" begin="20" end="26" rank="2" tags=""><tags>Effect</tags></custom:Problem>
    <cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text" \
sofaString="Took &#128578; aspirin.&#10;It helped."/>
    <cas:View sofa="1" members="8 19 24 37 50"/>
</xmi:XMI>
"""


def test_an_export_of_inception_is_read_with_offsets_that_count_code_points(tmp_path):
    document = read(tmp_path, INCEPTION, "annotation/one.txt/anna.xmi")
    assert (document.id, document.text) == ("annotation/one.txt/anna", TEXT)
    drug, effect = document.mentions
    assert (drug.start, drug.end, drug.label, drug.subtype, drug.id) == (7, 14, "Drug", "Drug", "37")
    assert (drug.fragments, drug.text, TEXT[drug.start : drug.end]) == (((7, 14),), None, "aspirin")
    assert (TEXT[effect.start : effect.end], effect.label, effect.id) == ("helped", "Effect", "50")
    assert drug.where == str(tmp_path / "annotation/one.txt/anna.xmi")
    assert document.meta == {"sentence_starts": (0, 16)}


@both
def test_named_entities_are_labeled_with_their_value_or_their_type(tmp_path, name):
    values = {"value": "Drug", "identifier": "kb:1"}
    entities = [(NAMED_ENTITY, 7, 14, values), (NAMED_ENTITY, 5, 6), (NAMED_ENTITY, 0, 4, {"value": ""})]
    cas = make_cas(*entities, (NAMED_ENTITY + "Disease", 19, 25), ("other.Layer", 0, 4))
    document = read(tmp_path, cas, name)
    assert [(TEXT[mention.start : mention.end], mention.label) for mention in document.mentions] == [
        ("aspirin", "Drug"),
        ("🙂", "NamedEntity"),
        ("Took", "NamedEntity"),
        ("helped", "NamedEntityDisease"),
    ]
    assert (document.id, document.meta) == ("a", {})


@both
def test_spans_of_custom_layers_are_labeled_with_the_first_string_that_is_set(tmp_path, name):
    strings = TYPES.get_type("uima.cas.StringArray")
    cas = make_cas(
        (PROBLEM, 0, 4, {"type_": "Dx", "rank": 3}),
        (PROBLEM, 5, 6, {"type_": "Dx", "certainty": "sure"}),
        (PROBLEM, 7, 14, {"tags": strings(elements=["b", "a"]), "certainty": ""}),
        (PROBLEM, 16, 18, {"tags": strings(elements=[])}),
        ("custom.Host", 19, 25),
    )
    document = read(tmp_path, cas, name)
    assert [mention.label for mention in document.mentions] == ["Dx", "sure", "b", "Problem", "Host"]
    assert document.meta == {"notes": (SEVERAL_VALUES,) * 2}


@both
def test_the_feature_with_the_labels_can_be_named(tmp_path, name):
    cas = make_cas(
        (PROBLEM, 0, 4, {"type_": "Dx", "certainty": "ask Dr. Who"}),
        (PROBLEM, 5, 6, {"certainty": "sure"}),
        (NAMED_ENTITY, 7, 14, {"value": "Drug"}),
    )
    write(tmp_path, cas, name)
    (document,) = uima.read(tmp_path, options=Options(feature="type"))
    assert [mention.label for mention in document.mentions] == ["Dx", "Problem", "Drug"]
    assert document.meta == {}


@both
def test_values_of_several_features_are_not_quoted_where_labels_are_unknown(tmp_path, name):
    write(tmp_path, make_cas((PROBLEM, 0, 4, {"type_": "Dx", "certainty": "ask Who"})), name)
    with pytest.raises(ProjectError, match="values in several features.*`feature: kind`") as raised:
        check_labels(uima.read(tmp_path), ["Dx"], [], "mine")
    assert "ask" not in str(raised.value)


@both
def test_relations_and_chains_are_passed_over_and_noted_while_slots_are_no_reason_to(tmp_path, name):
    cas = make_cas((PROBLEM, 0, 4), (PROBLEM, 5, 6))
    first, second = cas.select(PROBLEM)
    cas.add(TYPES.get_type("custom.Relation")(begin=0, end=4, Governor=first, Dependent=second, label="of"))
    cas.add(TYPES.get_type("webanno.custom.CorefLink")(begin=0, end=4, label="chain"))
    roles = TYPES.get_type("uima.cas.FSArray")(elements=[TYPES.get_type("custom.Role")(target=first)])
    cas.add(TYPES.get_type("custom.Host")(begin=7, end=14, roles=roles))
    document = read(tmp_path, cas, name)
    assert [mention.label for mention in document.mentions] == ["Problem", "Problem", "Host"]
    assert document.meta["notes"] == tuple(
        f"annotation of the relation or chain layer '{layer}', which is not read" for layer in ("Relation", "CorefLink")
    )


@both
@pytest.mark.parametrize(
    ("sentences", "starts"),
    [([(0, 15), (16, 26)], (0, 16)), ([(16, 26), (5, 15), (16, 26)], (0, 5, 16)), ([(15, 26), (26, 26)], (0, 16))],
)
def test_sentences_start_at_characters(tmp_path, name, sentences, starts):
    document = read(tmp_path, make_cas(*((SENTENCE, *sentence) for sentence in sentences)), name)
    assert document.meta == {"sentence_starts": starts}


def test_sentences_of_a_text_of_white_space_start_nowhere(tmp_path):
    assert read(tmp_path, make_cas((SENTENCE, 0, 2), text=" \n")).meta == {"sentence_starts": ()}
    assert read(tmp_path, make_cas(text="")).text == ""


def test_the_nearest_type_system_in_a_folder_above_counts(tmp_path):
    plain = INCEPTION.replace("custom:Problem", "custom:Other")
    for name in ("x/a.xmi", "x/y/b.xmi", "x/y/z/c.xmi"):
        write(tmp_path, INCEPTION if name == "x/a.xmi" else plain, name)
    (tmp_path / "x/y/z/TypeSystem.xml").unlink()
    types = TYPES.to_xml().replace(">webanno.custom.Problem<", ">webanno.custom.Other<")
    (tmp_path / "x/y/TypeSystem.xml").write_text(types)
    assert [document.id for document in uima.read(tmp_path)] == ["x/a", "x/y/b", "x/y/z/c"]


# The E3C corpus is published like this: called `.xml`, without a type system, and some ids are used twice.
UNTYPED = (
    INCEPTION.replace('sofa="1"', 'sofa="50"')
    .replace("37 50", "37 50 60 70 99")
    .replace(
        '<cas:Sofa xmi:id="1"',
        """<custom:Relation xmi:id="60" sofa="50" begin="20" end="26" Governor="37" Dependent="50" label="CAUSES"/>
    <custom:Actor xmi:id="70" sofa="50" begin="17" end="19" role="Treatment" roles="37"/>
    <custom:ActorRolesLink xmi:id="37" role="SELF" target="37"/>
    <custom:METADATA xmi:id="99" pubType="case"/>
    <cas:Sofa xmi:id="50" """,
    )
)


def write_untyped(folder: Path, content: str = UNTYPED, name: str = "a.xml") -> Path:
    (folder / name).write_text(content, encoding="utf8")
    return folder


@pytest.mark.parametrize("name", ["a.xml", "a.XMI"])
def test_without_a_type_system_the_names_of_layers_are_the_labels(tmp_path, name):
    (document,) = uima.read(write_untyped(tmp_path, name=name))
    assert (document.id, document.text, document.meta["sentence_starts"]) == ("a", TEXT, (0, 16))
    found = [(TEXT[mention.start : mention.end], mention.label) for mention in document.mentions]
    assert found == [("aspirin", "Drug"), ("helped", "Problem"), ("It", "Actor")]
    relation, labels = document.meta["notes"]
    assert relation == uima.NOT_READ.format("Relation")
    assert labels.startswith("no TypeSystem.xml: the labels in custom layers are the names")


def test_without_a_type_system_a_feature_can_have_the_labels(tmp_path):
    (document,) = uima.read(write_untyped(tmp_path), options=Options(feature="tags"))
    assert [mention.label for mention in document.mentions] == ["Drug", "Effect", "Actor"]
    (document,) = uima.read(write_untyped(tmp_path), options=Options(feature="role"))
    assert [mention.label for mention in document.mentions] == ["Drug", "Problem", "Treatment"]
    assert document.meta["notes"] == (uima.NOT_READ.format("Relation"),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('xmi:id="70"', 'xmi:id="37"', r"a\.xml: the id 37 occurs 2 times"),
        ("</xmi:XMI>", "", r"a\.xml:15: malformed XML"),
        ("?><", '?><!DOCTYPE x [<!ENTITY a "a">]><', r"a\.xml: XML with a DOCTYPE"),
        ('begin="8"', 'begin="6"', r"a\.xml: an annotation that starts or ends inside a character \(UTF-16 offset 6\)"),
        (UNTYPED, "<collection><document/></collection>", r"a\.xml: not a UIMA CAS, or damaged \("),
    ],
)
def test_damaged_xmi_without_a_type_system_is_an_error(tmp_path, old, new, message):
    assert old in UNTYPED
    with pytest.raises(ProjectError, match=message) as error:
        uima.read(write_untyped(tmp_path, UNTYPED.replace(old, new)))
    assert "\n" not in str(error.value)


def test_xml_next_to_documents_by_their_own_name_is_not_read(tmp_path):
    write(tmp_path, make_cas())
    write_untyped(tmp_path, "<settings/>", "pom.xml")
    assert [document.id for document in uima.read(tmp_path)] == ["a"]


def test_raw_files_are_the_documents_and_their_type_systems(tmp_path):
    files = [write(tmp_path, make_cas(), name) for name in ("a.xmi", "b/c.json", "b/d.xmi")]
    (tmp_path / "b/pom.xml").write_text("<project/>")
    assert uima.raw_files(tmp_path) == [*files, tmp_path / "TypeSystem.xml", tmp_path / "b/TypeSystem.xml"]


def test_a_folder_of_archives_is_to_be_unpacked_and_one_archive_can_be_read(tmp_path):
    write(tmp_path / "export", INCEPTION, "anna.xmi")
    shutil.make_archive(str(tmp_path / "corpus/anna"), "zip", tmp_path / "export")
    with pytest.raises(ProjectError, match="corpus: zip archives in a folder are not read. Unpack each"):
        uima.read(tmp_path / "corpus")
    (document,) = uima.read(tmp_path / "corpus/anna.zip")
    assert (document.id, len(document.mentions)) == ("anna", 2)
    for name, suffix in [("x", ".xmi"), ("y", ".json")]:
        write(tmp_path / name, make_cas(), f"anna{suffix}")
        shutil.copy(tmp_path / "corpus/anna.zip", tmp_path / name / "anna.zip")
        assert [document.id for document in uima.read(tmp_path / name)] == ["anna"]


def test_the_state_before_annotation_is_left_out(tmp_path):
    write(tmp_path, make_cas(), "one.txt/INITIAL_CAS.json")
    write(tmp_path, make_cas(), "one.txt/anna.json")
    initial, anna = uima.read(tmp_path)
    assert (initial.meta, anna.meta) == ({"left_out": inception.BEFORE_ANNOTATION}, {})


def test_other_views_are_noted(tmp_path):
    cas = make_cas((PROBLEM, 0, 4))
    view = cas.create_view("translation")
    view.sofa_string = "Nahm Aspirin."
    view.add(TYPES.get_type(PROBLEM)(begin=0, end=4))
    document = read(tmp_path, cas)
    assert (len(document.mentions), document.meta) == (1, {"notes": ("view 'translation' is not read",)})


@both
def test_an_offset_outside_the_text_is_read_and_harmonizing_says_so(tmp_path, name):
    content = write(tmp_path, make_cas((PROBLEM, 19, 25)), name).read_text()
    (tmp_path / name).write_text(content.replace('end="26"', 'end="28"').replace('"end": 26', '"end": 28'))
    (document,) = uima.read(tmp_path)
    assert [(mention.start, mention.end) for mention in document.mentions] == [(19, 28)]
    assert [dropped.reason for dropped in harmonize(document, {"Problem": "Disease"}).dropped] == ["outside text"]


BOMB = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghij"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</xmi:XMI>", "", r"a\.xmi:11: malformed XML \(tag not finished\)\. Export it again, as UIMA CAS JSON if"),
        ("&#10;", "&#1;", r"a\.xmi:\d+: malformed XML \(invalid char\)"),
        ("?><", f'?><!DOCTYPE x [<!ENTITY a "a">{BOMB}]><', r"a\.xmi: XML with a DOCTYPE"),
        ("?><", '?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><', r"a\.xmi: XML with a DOCTYPE"),
        ("custom:Problem", "custom:Absent", r"a\.xmi: not a UIMA CAS, or damaged \(TypeNotFoundError\).*TypeSystem"),
        (' rank="2"', ' absent="2"', r"a\.xmi: not a UIMA CAS, or damaged \(TypeError\)"),
        ('begin="20"', 'begin="x"', r"a\.xmi: not a UIMA CAS, or damaged \(ValueError\)"),
        ('members="8', 'members="9', r"a\.xmi: not a UIMA CAS, or damaged \(KeyError\)"),
        ('xmi:id="50"', 'xmi:id="37"', r"a\.xmi: the id 37 occurs 2 times"),
        ('members="8', 'members="50 8', r"a\.xmi: the id 50 occurs 2 times"),
        ('begin="8"', 'begin="6"', r"a\.xmi: an annotation that starts or ends inside a character \(UTF-16 offset 6\)"),
        ("sofaString=", "sofaURI=", r"a\.xmi: a CAS without text in its initial view"),
    ],
)
def test_damaged_xmi_is_an_error(tmp_path, old, new, message):
    assert old in INCEPTION
    with pytest.raises(ProjectError, match=message) as error:
        read(tmp_path, INCEPTION.replace(old, new))
    assert "\n" not in str(error.value)


def damaged(change) -> str:
    """The text of a JSON CAS with one annotation, changed."""
    data = json.loads(make_cas((PROBLEM, 7, 14, {"certainty": "sure"})).to_json())
    change(data, next(one for one in data["%FEATURE_STRUCTURES"] if one["%TYPE"] == PROBLEM))
    return json.dumps(data)


def give_text(data, text: str) -> None:
    next(one for one in data["%FEATURE_STRUCTURES"] if "sofaString" in one)["sofaString"] = text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"not a UIMA CAS, or damaged \(JSONDecodeError\)"),
        ('{\n"%TYPES": aspirin}', r"not a UIMA CAS, or damaged \(JSONDecodeError\)"),
        ("[" * 100_000, r"not a UIMA CAS, or damaged \(RecursionError\)"),
        ('{"rows": []}', r"not a UIMA CAS, or damaged \(AttributeError\)"),
        (damaged(lambda data, one: one.update(begin=1.5)), "has offsets that are not whole numbers"),
        (damaged(lambda data, one: one.update(end=None)), "has offsets that are not whole numbers"),
        (damaged(lambda data, one: one.update(begin=6)), "inside a character .UTF-16 offset 6"),
        (damaged(lambda data, one: one.update(certainty="\ud83d")), "the label of annotation .* half of a surrogate"),
        (damaged(lambda data, one: one.update({"%TYPE": "\ud83d.\n"})), r"or damaged \(TypeNotFoundError\)"),
        (damaged(lambda data, one: data["%FEATURE_STRUCTURES"].append(one)), "the id .* occurs 2 times"),
        (damaged(lambda data, one: give_text(data, "aspirin \ud83d")), "half of a surrogate pair. Repair"),
        (damaged(lambda data, one: data["%TYPES"].pop(PROBLEM)), r"not a UIMA CAS, or damaged \(TypeNotFoundError\)"),
    ],
)
def test_damaged_json_is_an_error(tmp_path, content, message):
    with pytest.raises(ProjectError, match=rf"a\.json(:\d+)?: .*{message}") as error:
        read(tmp_path, content, "a.json")
    assert b"\n" not in str(error.value).encode("utf8")
    assert "aspirin" not in str(error.value)


def test_an_error_of_json_names_the_line_and_one_of_xml_no_text(tmp_path):
    with pytest.raises(ProjectError, match=r"a\.json:3: not a UIMA CAS, or damaged \(JSONDecodeError\)"):
        read(tmp_path / "json", '{\n\n"%TYPES" aspirin}', "a.json")
    for wrong in ("<aspirin", "&aspirin;", "<a aspirin>", "</aspirin>", "<aspirin:b/>"):
        with pytest.raises(ProjectError) as error:
            read(tmp_path / "xmi", INCEPTION.replace("<cas:NULL", f"{wrong}<cas:NULL"))
        assert "aspirin" not in str(error.value)


@both
def test_a_byte_order_mark_is_no_text(tmp_path, name):
    file = write(tmp_path, make_cas((PROBLEM, 7, 14)), name)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    (document,) = uima.read(tmp_path)
    assert (document.text, len(document.mentions)) == (TEXT, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</types>", "", r"TypeSystem\.xml:\d+: malformed XML"),
        ("<typeSystem", '<!DOCTYPE x [<!ENTITY a "a">]><typeSystem', r"TypeSystem\.xml: XML with a DOCTYPE"),
        (">uima.cas.Integer<", ">uima.cas.Absent<", r"TypeSystem\.xml: not a UIMA CAS, or damaged \(KeyError\)"),
    ],
)
def test_a_damaged_type_system_is_an_error(tmp_path, old, new, message):
    write(tmp_path, INCEPTION)
    (tmp_path / "TypeSystem.xml").write_text(TYPES.to_xml().replace(old, new, 1))
    with pytest.raises(ProjectError, match=message):
        uima.read(tmp_path)


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such folder"):
        uima.read(tmp_path / "absent")
    with pytest.raises(ProjectError, match=r"no \.xmi or \.json files"):
        uima.raw_files(tmp_path)
    write(tmp_path, INCEPTION)
    for function in (uima.read, uima.raw_files):
        with pytest.raises(ProjectError, match="no separate `annotations`"):
            function(tmp_path, tmp_path)


def test_importing_the_reader_and_listing_its_files_imports_no_library(tmp_path):
    write(tmp_path, INCEPTION)
    code = (
        "import sys; from pathlib import Path; from scripts.corpora.formats import uima; "
        f"uima.raw_files(Path({str(tmp_path)!r})); "
        "sys.exit(not sys.modules.keys().isdisjoint(('cassis', 'lxml', 'spacy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def to_xmi(text: str, spans: list[tuple[int, int]], sentences: list[int]) -> str:
    """Write XMI without cassis, offsets in UTF-16 units."""
    layers = {"custom:Problem": spans, "type5:Sentence": [(start, len(text)) for start in sentences]}
    lines = [(layer, units(text, start), units(text, end)) for layer in layers for start, end in layers[layer]]
    elements = [f'<{tag} xmi:id="{n}" sofa="1" begin="{a}" end="{b}"/>' for n, (tag, a, b) in enumerate(lines, 2)]
    quoted = quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    head = INCEPTION[: INCEPTION.index("    <tcas")].replace('version="1.1"', 'version="1.0"', 1)
    members = " ".join(str(n) for n in range(2, len(lines) + 2))
    sofa = f'<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text" sofaString={quoted}/>'
    return f'{head}{"".join(elements)}{sofa}<cas:View sofa="1" members="{members}"/></xmi:XMI>'


def to_json(text: str, spans: list[tuple[int, int]], sentences: list[int]) -> str:
    """Write a JSON CAS without cassis, offsets in UTF-16 units."""
    layers = {PROBLEM: spans, SENTENCE: [(start, len(text)) for start in sentences]}
    lines = [(layer, units(text, start), units(text, end)) for layer in layers for start, end in layers[layer]]
    sofa = {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaNum": 1, "sofaID": "_InitialView", "sofaString": text}
    found = [{"%ID": n, "%TYPE": kind, "@sofa": 1, "begin": a, "end": b} for n, (kind, a, b) in enumerate(lines, 2)]
    types = {name: {"%NAME": name, "%SUPER_TYPE": "uima.tcas.Annotation"} for name in layers}
    views = {"_InitialView": {"%SOFA": 1, "%MEMBERS": [one["%ID"] for one in found]}}
    return json.dumps({"%TYPES": types, "%FEATURE_STRUCTURES": [sofa, *found], "%VIEWS": views})


def units(text: str, offset: int) -> int:
    return len(text[:offset].encode("utf-16-le")) // 2


COMMON = st.sampled_from("ab 5.\r\n\t\ufeff\u200b🙂👩\u200d🔬e\u0301é\u2028\x85<&\"'")
# XML 1.0 has no way to write these at all.
HOLDABLE = st.characters(codec="utf8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff")


@st.composite
def annotated_texts(draw):
    write_as, name = draw(st.sampled_from([(to_xmi, "a.xmi"), (to_json, "a.json")]))
    text = draw(st.text(COMMON | (HOLDABLE if write_as is to_xmi else st.characters(codec="utf8")), max_size=30))
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair))), max_size=5))
    return name, text, spans, draw(st.lists(place, max_size=3)), write_as


@given(annotated_texts())
def test_text_and_offsets_are_read_as_written(generated):
    name, text, spans, sentences, write_as = generated
    with tempfile.TemporaryDirectory() as folder:
        document = read(Path(folder), write_as(text, spans, sentences), name)
    assert document.text == text
    assert [(mention.start, mention.end) for mention in document.mentions] == spans
    starts = sorted({len(text) - len(text[start:].lstrip()) for start in (0, *sentences) if text[start:].strip()})
    expected = {"sentence_starts": (0, *starts[1:]) if starts else ()} if sentences else {}
    assert document.meta == expected
