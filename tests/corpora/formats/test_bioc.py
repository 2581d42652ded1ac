"""Test the BioC reader on small invented files, as the `bioc` package, NCBI and PubTator 3 write them."""
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import bioc
from scripts.corpora.formats.offsets import INSIDE, UNSURE
from scripts.corpora.formats.options import Options

TITLE, ABSTRACT = "Zinc 🙂 eased the cough", "It helped. No breast or ovarian cancer."
TEXT = f"{TITLE}\n{ABSTRACT}"
EXPORT = f"""<?xml version='1.0' encoding='utf-8' standalone='yes'?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection>
  <source>invented</source>
  <date>20240101</date>
  <key>invented.key</key>
  <document>
    <id>7</id>
    <infon key="tt_version">1</infon>
    <passage>
      <infon key="type">title</infon>
      <offset>0</offset>
      <text>{TITLE}</text>
      <annotation id="1">
        <infon key="type">Chemical</infon>
        <infon key="identifier">MESH:D1</infon>
        <location offset="0" length="4"/>
        <text>Zinc</text>
      </annotation>
    </passage>
    <passage>
      <infon key="type">abstract</infon>
      <offset>23</offset>
      <text>{ABSTRACT}</text>
      <annotation id="2">
        <infon key="type">Disease</infon>
        <location offset="37" length="6"/>
        <location offset="55" length="6"/>
        <text>breast cancer</text>
      </annotation>
      <relation id="R1">
        <infon key="type">CID</infon>
        <node refid="1" role="Chemical"/>
        <node refid="2" role="Disease"/>
      </relation>
    </passage>
  </document>
</collection>
"""


def annotation(start: int, length: int, label: str = "Drug", text: str | None = None, **changes: Any) -> dict[str, Any]:
    infons, places = {"type": label}, [{"offset": start, "length": length}]
    return {"id": "1", "infons": infons, "locations": places, **({"text": text} if text else {}), **changes}


def piece(offset: int, text: str | None, *annotations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A passage, or a sentence, as the `bioc` package writes it."""
    empty = {"infons": {}, "sentences": [], "relations": []}
    return {"offset": offset, "text": text, "annotations": list(annotations), **empty, **changes}


def document(*passages: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": "7", "infons": {}, "passages": list(passages), "annotations": [], "relations": [], **changes}


ROW = document(piece(0, "Took Zinc.", annotation(5, 4, text="Zinc")))


def write(folder: Path, content: Any, name: str = "a.json") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, (bytes, str)):
        content = json.dumps(content, ensure_ascii=False)
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    return file


def read(folder: Path, content: Any, name: str = "a.json", **options: Any):
    (found,) = bioc.read(write(folder, content, name), options=Options(**options))
    return found


def found(one) -> list[tuple[str, str]]:
    """What each mention covers, in pieces where it is in pieces, and its label."""
    return [("|".join(one.text[start:end] for start, end in m.fragments), m.label) for m in one.mentions]


def test_a_file_of_xml_is_read_with_the_lines_of_its_mentions(tmp_path):
    file = write(tmp_path, EXPORT, "a.xml")
    (one,) = bioc.read(file)
    assert (one.id, one.text) == ("7", TEXT)
    assert found(one) == [("Zinc", "Chemical"), ("breast|cancer", "Disease")]
    zinc, cancer = one.mentions
    assert (zinc.start, zinc.end, zinc.id, zinc.subtype, zinc.text) == (0, 4, "1", "Chemical", "Zinc")
    assert (cancer.start, cancer.end, cancer.fragments) == (37, 61, ((37, 43), (55, 61)))
    assert [mention.where for mention in one.mentions] == [f"{file}:14", f"{file}:25"]
    assert one.meta == {"notes": (bioc.RELATION,)}
    assert bioc.raw_files(tmp_path) == [file]


@pytest.mark.parametrize(
    "content",
    [
        {"source": "", "date": "", "key": "", "infons": {}, "documents": [ROW]},
        [{"bioctype": "BioCCollection", "documents": [ROW]}],
        [ROW],
        ROW,
        {"PubTator3": [{"_id": "7|None", **ROW, "pmid": 7, "relations_display": []}]},
        "\ufeff" + json.dumps(ROW),
        json.dumps(ROW) + "\r\n\r\n",
    ],
)
def test_json_may_be_a_collection_or_a_list_or_one_document(tmp_path, content):
    one = read(tmp_path, content)
    assert (one.id, one.text, found(one), one.meta) == ("7", "Took Zinc.", [("Zinc", "Drug")], {})
    assert [mention.where for mention in one.mentions] == [f"{tmp_path / 'a.json'}, document 1"]


def test_json_may_be_lines_of_documents_or_of_collections(tmp_path):
    rows = [{**ROW, "id": 8}, {"documents": [ROW, {**ROW, "id": "9"}]}]
    file = write(tmp_path, "\n".join(map(json.dumps, rows)), "a.jsonl")
    documents = bioc.read(file)
    assert [one.id for one in documents] == ["8", "7", "9"]
    assert [one.mentions[0].where for one in documents] == [f"{file}:1", f"{file}:2", f"{file}:2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1"])
def test_xml_is_read_in_the_encoding_that_it_names(tmp_path, encoding):
    declared = encoding.removesuffix("-sig").removesuffix("-le")
    export = EXPORT.replace("utf-8", declared).replace("🙂", "é")
    content = export.encode(encoding)
    assert read(tmp_path, b"\xff\xfe" * (encoding == "utf-16-le") + content, "a.xml").text == TEXT.replace("🙂", "é")


def test_ids_name_the_file_if_there_are_several(tmp_path):
    for name in ("a.bioc.xml", "b/c.XML"):
        write(tmp_path, EXPORT, name)
    write(tmp_path, "not read", "BioC.dtd")
    assert [one.id for one in bioc.read(tmp_path)] == ["a.bioc/7", "b/c/7"]
    assert [one.id for one in bioc.read(tmp_path / "b")] == ["7"]


def test_two_documents_of_one_id_are_an_error_with_both_places(tmp_path):
    message = r"a\.json, document 2: a second document with the id '7'\. .*a\.json, document 1"
    with pytest.raises(ProjectError, match=message):
        read(tmp_path, [ROW, ROW])


@pytest.mark.parametrize(
    ("infons", "label"),
    [
        ({"type": "Drug", "label": "other"}, "Drug"),
        ({"label": "Drug"}, "Drug"),
        ({"type": "", "label": "Drug"}, "Drug"),
        ({"type": None, "label": "Drug"}, "Drug"),
    ],
)
def test_a_label_is_the_type_or_else_the_label(tmp_path, infons, label):
    one = read(tmp_path, document(piece(0, "Zinc", annotation(0, 4, infons=infons))))
    assert found(one) == [("Zinc", label)]


def test_what_stands_nowhere_and_relations_are_noted_wherever_they_are(tmp_path):
    nowhere = annotation(0, 0, locations=[], infons={})
    held = {"relations": [{"id": "R1", "infons": {}, "nodes": []}]}
    sentence = piece(0, "Took Zinc.", annotation(5, 4), nowhere, **held)
    passage = piece(0, "Took Zinc.", annotation(0, 4), nowhere, sentences=[sentence], **held)
    one = read(tmp_path, document(passage, annotations=[annotation(0, 10), nowhere], **held))
    assert [text for text, _ in found(one)] == ["Took Zinc.", "Took", "Zinc"]
    assert sorted(one.meta["notes"]) == sorted([bioc.NOWHERE, bioc.RELATION] * 3)


@pytest.mark.parametrize(
    ("second", "text"), [(5, "Zinc.It"), (6, "Zinc.\nIt"), (8, "Zinc.\n  It")], ids=["no gap", "one", "three"]
)
def test_passages_stand_at_their_offsets(tmp_path, second, text):
    one = read(tmp_path, document(piece(0, "Zinc."), piece(second, "It", annotation(second, 2, text="It"))))
    assert (one.text, found(one), one.meta) == (text, [("It", "Drug")], {})


def test_passages_without_text_take_no_room(tmp_path):
    one = read(tmp_path, document(piece(2, "Zinc."), piece(7, ""), piece(7, None), piece(8, "It")))
    assert one.text == "  Zinc.\nIt"
    assert read(tmp_path, document()).text == ""


def test_a_passage_without_text_is_made_of_its_sentences(tmp_path):
    first = piece(0, None, sentences=[piece(0, "Zinc."), piece(7, "It helped.", annotation(10, 6, text="helped"))])
    second = piece(18, None, sentences=[piece(18, "Well.")])
    one = read(tmp_path, document(first, second))
    assert (one.text, found(one)) == ("Zinc.  It helped.\nWell.", [("helped", "Drug")])
    assert one.meta == {"sentence_starts": (0, 7, 18)}


def test_sentences_are_fixed_only_where_all_passages_have_them(tmp_path):
    first = piece(0, "🙂 Zinc. It.", sentences=[piece(0, "🙂 Zinc."), piece(8, "It.")])
    assert read(tmp_path, document(first)).meta == {"sentence_starts": (0, 8)}
    assert read(tmp_path, document(first, piece(20, ""))).meta == {"sentence_starts": (0, 8)}
    assert read(tmp_path, document(first, piece(20, "Well."))).meta == {}


# Three words behind an emoji and an accent, by what their offsets may count.
COUNTED = {"characters": (0, 7, 14), "utf16": (0, 8, 16), "bytes": (0, 11, 22)}
NAMES = {"utf16": "UTF-16 units", "bytes": "bytes of UTF-8"}


def counted(way: str, text: str | None = "Zinc") -> dict[str, Any]:
    """A document of three passages, each an accent, an emoji and a word."""
    lead = {"characters": 2, "utf16": 3, "bytes": 6}[way]
    return document(*(piece(place, "é🙂Zinc", annotation(place + lead, 4, text=text)) for place in COUNTED[way]))


@pytest.mark.parametrize("way", COUNTED)
def test_mentions_tell_what_offsets_count(tmp_path, way):
    one = read(tmp_path, counted(way))
    assert (one.text, found(one)) == ("é🙂Zinc\né🙂Zinc\né🙂Zinc", [("Zinc", "Drug")] * 3)
    note = f"document with offsets in {NAMES.get(way)}, converted to characters"
    assert one.meta == ({"notes": (note,)} if way in NAMES else {})
    for text in ("Zinc", None):
        told = read(tmp_path, counted(way, text), offsets=way)
        assert (told.text, found(told), told.meta) == (one.text, found(one), {})


def test_without_the_text_of_mentions_offsets_are_those_of_the_corpus_file_or_characters(tmp_path):
    one = read(tmp_path, counted("characters", text=None))
    assert (found(one), one.meta) == ([("Zinc", "Drug")] * 3, {"notes": (UNSURE,)})
    one = read(tmp_path, counted("utf16", text=None), offsets="utf16")
    assert (found(one), one.meta) == ([("Zinc", "Drug")] * 3, {})
    inside = document(piece(0, "🙂", annotation(1, 1)))
    assert read(tmp_path, inside, offsets="utf16").meta == {"notes": (INSIDE,)}


def test_mentions_are_not_judged(tmp_path):
    one = read(tmp_path, document(piece(0, "Zinc", annotation(2, 90, text="cheese"), annotation(0, 0))))
    assert [(m.start, m.end, m.text) for m in one.mentions] == [(2, 92, "cheese"), (0, 0, None)]


BOMB = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghij"))
ENTITIES = r"a\.xml: XML with its own entities"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</collection>", "", r"a\.xml:\d+: malformed XML \(tag not finished\)"),
        ("Zinc 🙂", "Zinc \x01", r"a\.xml:13: malformed XML \(invalid char\)"),
        (EXPORT, "<", r"a\.xml:1: malformed XML"),
        (' "BioC.dtd"', f' "BioC.dtd" [<!ENTITY a "a">{BOMB}]', ENTITIES),
        (' "BioC.dtd"', ' "BioC.dtd" [<!ENTITY a SYSTEM "file:///etc/hostname">]', ENTITIES),
        (' "BioC.dtd"', ' "BioC.dtd" [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]', ENTITIES),
        ("Zinc 🙂", "Zinc&nbsp;🙂", r"a\.xml:13: malformed XML \(undeclared entity\)"),
        ("collection>", "corpus>", r"a\.xml:\d: XML that is not a BioC collection"),
        ("document>", "article>", r"a\.xml: no documents in this file"),
        ("<id>7</id>", "", r"a\.xml:7: a document without an id"),
        ("<id>7</id>", "<id> </id>", r"a\.xml:7: a document without an id"),
        ("<offset>23</offset>", "", r"a\.xml:21: key 'offset' is not a whole number"),
        ("<offset>23<", "<offset>aspirin<", r"a\.xml:21: key 'offset' is not a whole number"),
        ("<offset>23<", "<offset>-1<", r"a\.xml:21: key 'offset' is not a whole number"),
        ("<offset>23<", "<offset>20<", r"a\.xml:21: by its offset, this starts inside the text before it"),
        ("<offset>23<", "<offset>99999999<", r"a\.xml:21: by its offset, this starts too far after the text before it"),
        ('length="4"', "", r"a\.xml:14: key 'length' is not a whole number"),
        ('length="4"', f'length="{"9" * 5000}"', r"a\.xml:14: key 'length' is not a whole number"),
        ('"type">Chemical', '"kind">Chemical', r"a\.xml:14: an annotation without the infon `type`"),
    ],
)
def test_damaged_xml_is_an_error(tmp_path, old, new, message):
    assert old in EXPORT
    with pytest.raises(ProjectError, match=message) as error:
        read(tmp_path, EXPORT.replace(old, new), "a.xml")
    assert "\n" not in str(error.value)
    assert not any(word in str(error.value) for word in ("Zinc", "aspirin", "cancer", "999999999"))


def test_a_dtd_is_not_read(tmp_path):
    (tmp_path / "BioC.dtd").write_text('<!ENTITY nbsp "&#160;"><!ATTLIST document id CDATA "from the DTD">')
    assert read(tmp_path, EXPORT, "a.xml").text == TEXT
    with pytest.raises(ProjectError, match=ENTITIES):
        read(tmp_path, EXPORT.replace("Zinc 🙂", "Zinc&nbsp;🙂").replace(" standalone='yes'", ""), "a.xml")


@pytest.mark.parametrize(
    ("written", "text"),
    [("a<!-- b -->c", "ac"), ("a<?b?>c", "ac"), ("a<i>b</i>c", "abc"), ("<![CDATA[<a>]]>&amp;", "<a>&")],
)
def test_no_text_is_lost_between_tags(tmp_path, written, text):
    export = EXPORT.replace(ABSTRACT, written).replace('"55"', '"1"')
    assert read(tmp_path, export, "a.xml").text == f"{TITLE}\n{text}"


@pytest.mark.parametrize("written", ["Chem<!-- b -->ical", "Chem<?b?>ical", "<![CDATA[Chemical]]>"])
def test_no_label_is_lost_between_tags(tmp_path, written):
    one = read(tmp_path, EXPORT.replace(">Chemical<", f">{written}<"), "a.xml")
    assert [mention.label for mention in one.mentions] == ["Chemical", "Disease"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"a\.json: no documents in this file"),
        ('[\n"aspirin', r"a\.json: not a JSON object \(Unterminated string starting at, line 2, column 1\)"),
        ("[" * 100_000, r"a\.json: JSON that is nested too deeply"),
        ("[]", r"a\.json: no documents in this file"),
        ({"documents": []}, r"a\.json: no documents in this file"),
        ('{"id": "7", "id": "8", "passages": []}', r"a\.json: not a JSON object \(the key 'id' occurs twice\)"),
        ({"rows": []}, r"a\.json: neither a document nor a collection"),
        (["aspirin"], r"a\.json: neither a document nor a collection"),
        ("7", r"a\.json: neither a document nor a collection"),
        (json.dumps(ROW) + "\n{aspirin", r"a\.json:2: not a JSON object"),
        (json.dumps(ROW) + '\n{"rows": []}', r"a\.json:2: neither a document nor a collection"),
        ({**ROW, "id": None}, r"a\.json, document 1: a document without an id"),
        ({**ROW, "id": ["aspirin"]}, r"a\.json, document 1: a document without an id"),
        ({**ROW, "passages": "aspirin"}, r"document 1: key 'passages' is not a list of objects"),
        ({**ROW, "passages": ["aspirin"]}, r"document 1: key 'passages' is not a list of objects"),
        (document(piece(0, None, sentences=["aspirin"])), r"document 1: key 'sentences' is not a list of objects"),
        (document({"text": "aspirin"}), r"document 1: key 'offset' is not a whole number"),
        (document({"text": "aspirin", "offset": True}), r"document 1: key 'offset' is not a whole number"),
        (document({"text": "aspirin", "offset": 1.5}), r"document 1: key 'offset' is not a whole number"),
        (document({"text": ["aspirin"], "offset": 1}), r"document 1: key 'text' is not of type str"),
        (document(piece(0, "aspirin", {"infons": []}, annotation(0, 1, infons=[]))), "without the infon `type`"),
        (document(piece(0, "aspirin", annotation(0, 1, infons={"type": 7}))), "key 'type' is not of type str"),
        (document(piece(0, "aspirin", annotation(0, 1, locations={}, text=7))), None),
        (document(piece(0, "aspirin", annotation(0, 1, text=["a"]))), "key 'text' is not of type str"),
        (json.dumps(document(piece(0, "\ud83d"))), "key 'text' has half of a surrogate pair"),
        (json.dumps(document(piece(0, "a", annotation(0, 1, "\ud83d")))), "key 'type' has half of a surrogate pair"),
        (json.dumps({**ROW, "id": "\ud83d"}), "a document without an id"),
        (document(piece(0, "é🙂aspirin", annotation(2, 7, text="aspirin")), piece(3, "b")), "starts inside the text"),
        (b"\xe9", r"a\.json: not UTF-8"),
    ],
)
def test_damaged_json_is_an_error(tmp_path, content, message):
    if message is None:
        assert read(tmp_path, content).meta == {"notes": (bioc.NOWHERE,)}
        return
    with pytest.raises(ProjectError, match=message) as error:
        read(tmp_path, content)
    assert b"\n" not in str(error.value).encode("utf8")
    assert "aspirin" not in str(error.value)


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file or folder"):
        bioc.read(tmp_path / "absent.xml")
    with pytest.raises(ProjectError, match="no .xml or .json or .jsonl files"):
        bioc.raw_files(tmp_path)
    with pytest.raises(ProjectError, match="no separate `annotations`"):
        bioc.read(write(tmp_path, ROW), tmp_path)


def test_importing_the_reader_and_listing_its_files_imports_no_library(tmp_path):
    file = write(tmp_path, EXPORT, "a.xml")
    code = (
        "import sys; from pathlib import Path; from scripts.corpora.formats import bioc; "
        f"bioc.raw_files(Path({str(file)!r})); sys.exit('lxml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def measure(text: str, way: str) -> int:
    return {"characters": len(text), "utf16": len(text.encode("utf-16-le")) // 2, "bytes": len(text.encode())}[way]


def to_xml(one: dict[str, Any]) -> str:
    """Write a document without the reader's help."""

    def held(data: dict[str, Any]) -> str:
        text = "".join(
            f'<annotation id="{a["id"]}"><infon key="type">{escape(a["infons"]["type"])}</infon>'
            + "".join(f'<location offset="{p["offset"]}" length="{p["length"]}"/>' for p in a["locations"])
            + f"<text>{escape(a['text'])}</text></annotation>"
            for a in data["annotations"]
        )
        return text.replace("\r", "&#13;")

    passages = "".join(
        f"<passage><offset>{one['offset']}</offset><text>{escape(one['text'])}</text>{held(one)}</passage>".replace(
            "\r", "&#13;"
        )
        for one in one["passages"]
    )
    return f"<?xml version='1.0' encoding='utf-8'?><collection><document><id>7</id>{passages}</document></collection>"


texts = st.text("ab 5🙂é\u0301\u2028\r\n\t<&'\"", min_size=1, max_size=12)


@st.composite
def annotated_documents(draw):
    way = draw(st.sampled_from(list(COUNTED)))
    text, passages = "", []
    for number in range(draw(st.integers(1, 3))):
        text += draw(st.sampled_from(["", "\n", "\n  "])) if number else ""
        start = len(text)
        text += draw(texts)
        passages.append((start, len(text)))
    place = st.integers(0, len(text))
    label = st.sampled_from(["Drug", "Disease & <more>"])
    spans = draw(st.lists(st.tuples(place, place, label), max_size=4))
    return way, text, passages, [(min(a, b), max(a, b), kind) for a, b, kind in spans]


@given(annotated_documents(), st.sampled_from(["a.xml", "a.json"]), st.booleans())
def test_text_and_offsets_are_read_as_written(generated, name, is_named):
    way, text, passages, spans = generated
    held = [annotation(measure(text[:a], way), measure(text[a:b], way), kind, text[a:b] or " ") for a, b, kind in spans]
    pieces = [piece(measure(text[:start], way), text[start:end]) for start, end in passages]
    pieces[-1]["annotations"] = held
    is_named = is_named or way != "characters"
    with tempfile.TemporaryDirectory() as folder:
        content = to_xml(document(*pieces)) if name == "a.xml" else document(*pieces)
        one = read(Path(folder), content, name, **({"offsets": way} if is_named else {}))
    assert one.text == text
    assert [(m.start, m.end, m.label) for m in one.mentions] == spans
