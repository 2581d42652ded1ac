"""Test that a corpus file with the wrong format gets an error that names the right one."""
import gzip
import json

import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.formats import FORMATS
from scripts.corpora.recognize import name_format, recognize_format

MENTION = {"start": 0, "end": 5, "text": "Chalk", "labels": ["Drug"]}
CAS = {"%TYPES": {}, "%FEATURE_STRUCTURES": [], "%VIEWS": {}}
BIOC = {"documents": [{"id": "1", "passages": [{"infons": {}, "offset": 0, "text": "Chalk", "annotations": []}]}]}
TASK = {"id": 1, "data": {"text": "Chalk"}, "annotations": [{"id": 1, "result": [{"value": MENTION}]}]}
MIN = {"id": 1, "text": "Chalk", "label": [MENTION], "annotator": 1, "annotation_id": 1}
PAIR = ["Chalk", {"entities": [[0, 5, "Drug"]]}]
BIGBIO = {"id": "1", "passages": [{"text": ["Chalk"], "offsets": [[0, 5]]}], "entities": []}
ENTITY = {"start": 0, "end": 5, "entity_type": "Drugname", "entity_text": "Chalk"}
RUDREC = {"text": "Chalk", "entities": [ENTITY], "review_id": 1}
ROW = {"text": "Chalk", "spans": []}
TOKENS = {"tokens": ["Chalk"], "ner_tags": ["B-Drug"]}


def lines(*rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


# Each format in the forms that its tools write.
FILES = {
    "bigbio": {"a.jsonl": lines(BIGBIO, BIGBIO), "b.json": json.dumps([BIGBIO])},
    "bioc": {
        "a.xml": "<?xml version='1.0'?>\n<!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection></collection>",
        "b.json": json.dumps(BIOC, indent=1),
        "c.jsonl": lines(*BIOC["documents"]),
    },
    "brat": {"a.ann": "T1\tDrug 0 5\tChalk\n"},
    "conll": {"a.tsv": "Chalk\tB-Drug\nhelps\tO\n", "b.txt": "-DOCSTART- -X- O\nChalk -X- _ B-Drug\n\n"},
    "docbin": {"a.spacy": "x"},
    "huggingface": {"a.jsonl": lines(TOKENS), "b.json": json.dumps([TOKENS, TOKENS])},
    "jsonl": {"a.jsonl": lines(ROW, ROW), "b.json": json.dumps([{"text": "Chalk", "label": [[0, 5, "Drug"]]}])},
    "label_studio": {"a.json": json.dumps([TASK]), "b.json": json.dumps([MIN], indent=1), "c.json": json.dumps(TASK)},
    "pubtator": {"a.txt": "7|t|Chalk\n7|a|Helps.\n", "b.pubtator": "\n7|t|Chalk\n"},
    "rudrec": {"a.json": lines(RUDREC, RUDREC)},
    "spacy_tuples": {
        "a.json": json.dumps([PAIR, PAIR]),
        "b.jsonl": lines(PAIR, PAIR),
        "c.json": json.dumps({"classes": ["Drug"], "annotations": [None, PAIR]}),
    },
    "uima": {"a.xmi": "<xmi:XMI/>", "b.json": json.dumps(CAS)},
    "webanno": {"a.tsv": "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Span|value\n\n\n#Text=a\n1-1\t0-1\ta\tB-Drug\t\n"},
}
CASES = [(format, name, content) for format, files in FILES.items() for name, content in files.items()]


def test_every_format_has_its_files():
    assert set(FILES) == set(FORMATS)


@pytest.mark.parametrize(("format", "name", "content"), CASES)
@pytest.mark.parametrize("way", ["file", "folder", "marked", "gz"])
def test_a_format_is_recognized(tmp_path, format, name, content, way):
    data = ("\ufeff" * (way == "marked") + content).encode("utf8")
    file = tmp_path / (name + ".gz" * (way == "gz"))
    file.write_bytes(gzip.compress(data) if way == "gz" else data)
    by_suffix = name.endswith((".ann", ".xmi", ".spacy"))
    assert recognize_format(tmp_path if way == "folder" else file) == format or (by_suffix and way == "gz")


@pytest.mark.parametrize(("format", "name", "content"), CASES)
@pytest.mark.parametrize("said", FORMATS)
def test_the_wrong_format_is_one_line_that_names_the_right_one(tmp_path, format, name, content, said):
    if said == format:
        return
    (tmp_path / name).write_text(content, encoding="utf8")
    with pytest.raises(ProjectError) as caught, name_format(tmp_path / name, said):
        FORMATS[said].read(tmp_path / name)
    line = str(caught.value)
    assert f"write `format: {format}`" in line
    assert "\n" not in line and "Chalk" not in line.replace("`Chalk", "")


def test_an_error_in_files_of_the_right_format_stays_as_it_is(tmp_path):
    (tmp_path / "a.jsonl").write_text(lines(ROW, {"text": 1}), encoding="utf8")
    with pytest.raises(ProjectError, match="not of type str .got int.$"), name_format(tmp_path, "jsonl"):
        FORMATS["jsonl"].read(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.txt": "Chalk helps."},
        {"a.json": "[]"},
        {"a.json": "{"},
        {"a.json": "3"},
        {"a.tsv": ""},
        {"a.jsonl": lines(ROW), "b.tsv": "Chalk\tB-Drug\n"},
    ],
)
def test_what_tells_nothing_or_several_things_is_not_guessed(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf8")
    assert recognize_format(tmp_path) is None
    assert recognize_format(tmp_path / "nothing") is None


def test_a_damaged_file_tells_nothing(tmp_path):
    (tmp_path / "a.json.gz").write_bytes(b"no gzip")
    (tmp_path / "b.tsv").write_bytes(b"\xff\xfe")
    assert recognize_format(tmp_path) is None
