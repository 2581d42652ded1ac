"""Test that mistakes in corpora are one line with what, where and what to do, and that nothing is written."""
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scripts import convert
from scripts.base.errors import ProjectError, explain_os_error
from scripts.corpora.formats import FORMATS

EXPERIMENT = "corpora: [mine]\nin_corpus: {seeds: [0], training: {epochs: 1}}\n"
BRAT = {"1.txt": "Took aspirin.", "1.ann": "T1\tDrug 5 12\taspirin\n", "2.txt": "Well.", "2.ann": ""}
TITLE = "7|t|Took aspirin.\n"
CHECK = "Check `path` and `annotations` in the corpus file"
BRAT_LINE = "Expected `T1<TAB>Label start end[;start end]<TAB>text`"
CONLL_LINE = "Expected a token, a TAB (or spaces in the whole file) and a tag, such as `aspirin<TAB>B-Drug`"
TAG = "Expected `O`, or one of B I L U E S M W with a dash and a label, such as `B-Drug`"
CONLL_TAG = f"{TAG}; if the tags are in another column, set `columns` in the corpus file"
CONLL_COLUMNS = "Name the columns in the corpus file, such as `columns: {token: 1, tag: -1}`"
PUBTATOR_LINE = "Expected `PMID|t|title`, `PMID|a|abstract` or `PMID<TAB>start<TAB>end<TAB>text<TAB>type[<TAB>id]`"
NOT_ENOUGH = "documents are not enough for a training and a test part. Check what is in"
ONE_OBJECT = "Write one JSON object per line"
KNOWN_FORMATS = (
    "known: bigbio, bioc, brat, conll, docbin, huggingface, "
    "jsonl, label_studio, pubtator, rudrec, spacy_tuples, uima, webanno"
)


def row(**changes: Any) -> str:
    """A row of RuDReC's file."""
    entity = {"start": 5, "end": 12, "entity_type": "Drug", "entity_text": "aspirin"}
    return json.dumps({"file_name": "1", "text": "Took aspirin.", "entities": [entity], **changes})


def zipped(**files: str) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


def message(folder: Path, files: dict[str, Any], path: str, settings: str) -> str:
    """The line that `convert` ends with, without the folder of the test."""
    for name, content in files.items():
        file = folder / "raw" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    (folder / "raw").mkdir(exist_ok=True)
    for kind in ("experiments", "corpora"):
        (folder / "configs" / kind).mkdir(parents=True)
    (folder / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT, "utf8")
    minimal = f"language: en\ndomain: ugt\npath: {folder / 'raw' / path}\nlabels: {{Drug: Drug}}\n"
    (folder / "configs" / "corpora" / "mine.yml").write_text(minimal + settings, "utf8")
    try:
        convert.main("mine", folder / "configs", folder / "corpus")
    except ProjectError as error:
        said = str(error)
    except OSError as error:
        said = explain_os_error(error)
    else:
        return "no error"
    assert "\n" not in said
    assert not (folder / "corpus").exists() or [one.name for one in (folder / "corpus").iterdir()] == ["tokenizer"]
    return said.replace(f"{folder}/raw/", "").replace(f"{folder}/raw", "RAW").replace(f"{folder}/configs/corpora/", "")


BAD_BRAT = [
    (
        "no TAB",
        {"1.ann": "T1 Drug 5 12 aspirin\n"},
        f"1.ann:1: not a brat annotation. {BRAT_LINE}",
    ),
    ("no text field", {"1.ann": "T1\tDrug 5 12\n"}, f"1.ann:1: not a brat annotation. {BRAT_LINE}"),
    (
        "offsets in words",
        {"1.ann": "T1\tDrug a b\tc\n"},
        f"1.ann:1: not a brat annotation. {BRAT_LINE}",
    ),
    (
        "an offset of a thousand digits",
        {"1.ann": f"T1\tDrug 5 1{'0' * 1000}\taspirin\n"},
        f"1.ann:1: not a brat annotation. {BRAT_LINE}",
    ),
    (
        "second line wrong",
        {"1.ann": "T1\tDrug 5 12\taspirin\nT2\n"},
        f"1.ann:2: not a brat annotation. {BRAT_LINE}",
    ),
    ("text in Latin-1", {"1.txt": "naïve".encode("latin-1")}, "1.txt: not UTF-8 (byte 2). Convert the file to UTF-8"),
    ("text in UTF-16", {"1.txt": "aspirin".encode("utf16")}, "1.txt: not UTF-8 (byte 0). Convert the file to UTF-8"),
    ("annotations without text", {"3.ann": ""}, "3.ann: annotations without a text. Expected 3.txt"),
    ("text without annotations", {"3.txt": "More."}, "3.txt: a text without annotations. Expected a file 3.ann"),
    ("two texts of one name", {"1.TXT": "x"}, "1.txt: the same name as 1.TXT. Rename one of the two"),
    (
        "a label that nobody named",
        {"1.ann": "T1\tDrugs 5 12\taspirin\nT2\tDose 0 4\tTook\nT3\tDose 0 4\tTook\n"},
        "corpus mine: unknown labels: 'Dose' 2x, 'Drugs' 1x (did you mean 'Drug'?). "
        "Add each to `labels` or `ignore` in the corpus file; 'Drugs' is at 1.ann:1",
    ),
]
BAD_RUDREC = [
    (
        "not JSON",
        "{file_name: 1}",
        f"c.json:1: not a JSON object (Expecting property name enclosed in double quotes, column 2). {ONE_OBJECT}",
    ),
    (
        "truncated",
        row()[:30],
        f"c.json:1: not a JSON object (Unterminated string starting at, column 28). {ONE_OBJECT}",
    ),
    ("a list", "[]", f"c.json:1: expected a JSON object, got list. {ONE_OBJECT}"),
    ("no text", '{"file_name": "1", "entities": []}', "c.json:1: missing key 'text'"),
    (
        "offset in words",
        row(entities=[{"start": "5", "end": 12}]),
        "c.json:1: key 'start' is not of type int (got str)",
    ),
    (
        "half a character",
        row(text="\ud83d"),
        "c.json:1: key 'text' has half of a surrogate pair. Repair its \\u escapes",
    ),
    (
        "rows apart",
        "\n".join([row(), row(file_name="2"), row()]),
        "c.json:3: '1' has other rows further up. Sort rows by file_name",
    ),
    ("one document", row(), f"corpus mine: 1 {NOT_ENOUGH} c.json"),
    ("not UTF-8", b'{"text": "\xff"}', "c.json: not UTF-8 (byte 10). Convert the file to UTF-8"),
]
BAD_CONLL = [
    ("one column", "aspirin\n", f"c.tsv:1: only one column. {CONLL_LINE}"),
    ("a tag of no scheme", "aspirin\tX-Drug\n", f"c.tsv:1: not a tag. {CONLL_TAG}"),
    ("no tag at all", "took\tO\naspirin\tDrug\n", f"c.tsv:2: not a tag. {CONLL_TAG}"),
    (
        "a tag without a label",
        "took\tO\naspirin\tB\n",
        "c.tsv:2: a tag without a label. Set the label of all mentions in the corpus file, such as `label: Disease`",
    ),
    (
        "tags in two columns",
        "took\tO\tO\naspirin\tB-Drug\tB-Pill\n",
        f"c.tsv:1: tags in more than one column: 1, 2 (the first column is 0). {CONLL_COLUMNS}",
    ),
    (
        "numbers that do not count",
        "1\ttook\tO\n3\taspirin\tB-Drug\n",
        f"c.tsv:1: the first column has numbers that don't count the tokens of a sentence. {CONLL_COLUMNS}",
    ),
    ("TAB missing", "took\tO\naspirin B-Drug\n", f"c.tsv:2: no TAB, though line 1 has one. {CONLL_LINE}"),
    ("token missing", "took\tO\n\tB-Drug\n", f"c.tsv:2: the token is empty. {CONLL_LINE}"),
    (
        "columns of another number",
        "took\tO\naspirin\tNN\tB-Drug\n",
        "c.tsv:2: 3 columns, though line 1 has 2. Use the same columns in all lines of a file",
    ),
    (
        "an id twice",
        "-DOCSTART- (a)\n\nx O\n\n-DOCSTART- (a)\n\ny O\n",
        "c.tsv:5: a second document with the id 'a'. Rename or remove one of the two; the first one is at c.tsv:1",
    ),
    ("nothing", "\n\n", f"corpus mine: 0 {NOT_ENOUGH} c.tsv"),
]
BAD_PUBTATOR = [
    ("another form", "Took aspirin.\n", f"c.txt:1: not a line of PubTator. {PUBTATOR_LINE}"),
    (
        "no title",
        "7\t5\t12\taspirin\tDrug\n",
        "c.txt:1: a line of document '7' before its title. Expected `7|t|title` above it",
    ),
    (
        "another document's line",
        TITLE + "8\t5\t12\taspirin\tDrug\n",
        "c.txt:2: a line of document '8' among those of '7'. Correct its PMID or put it under the line `8|t|title`",
    ),
    ("too few columns", TITLE + "7\t5\t12\taspirin\n", f"c.txt:2: only 4 columns. {PUBTATOR_LINE}"),
    ("no offset", TITLE + "7\t5\ttwelve\taspirin\tDrug\n", f"c.txt:2: the end is not an offset. {PUBTATOR_LINE}"),
    (
        "a PMID twice",
        TITLE + "7|t|Took chalk.\n",
        "c.txt:2: a second document with the id '7'. Rename or remove one of the two; the first one is at c.txt:1",
    ),
    ("no type", TITLE + "7\t5\t12\taspirin\t \n", f"c.txt:2: the type is empty. {PUBTATOR_LINE}"),
]
JSONL_ROW = {"id": 1, "text": "Took aspirin.", "spans": [{"start": 5, "end": 12, "label": "Drug"}]}
SPAN_KEYS = "Expected a key of spans, label, labels, entities"
BAD_JSONL = [
    (
        "truncated",
        json.dumps(JSONL_ROW)[:20],
        f"c.jsonl:1: not a JSON object (Unterminated string starting at, column 19). {ONE_OBJECT}",
    ),
    (
        "an array of pairs",
        json.dumps([["Took aspirin.", {"entities": []}]]),
        "c.jsonl, item 1: expected a JSON object, got list. Expected objects in the array. "
        "This looks like the format spacy_tuples: if it is, write `format: spacy_tuples` in the corpus file",
    ),
    ("nested without end", "[" * 100_000, f"c.jsonl: JSON that is nested too deeply. {ONE_OBJECT}"),
    ("nested in a line", '{"text":' + "[" * 100_000, f"c.jsonl:1: JSON that is nested too deeply. {ONE_OBJECT}"),
    (
        "a key twice",
        '{"text": "a", "text": "b"}',
        f"c.jsonl:1: not a JSON object (the key 'text' occurs twice). {ONE_OBJECT}",
    ),
    ("empty", "", "c.jsonl: no documents in this file. Remove the file, or write it again"),
    ("no spans", '{"text": "Took aspirin."}', f"c.jsonl:1: no spans in this row. {SPAN_KEYS}"),
    (
        "a class of the text",
        '{"text": "Took aspirin.", "label": ["positive"]}',
        "c.jsonl:1: key 'label' has a class of the whole text, not spans. "
        "Export it from a project for sequence labeling",
    ),
    (
        "spans under two keys",
        '{"text": "aspirin", "spans": [[0, 7, "Drug"]], "label": [[0, 7, "Drug"]]}',
        "c.jsonl:1: spans under more than one key: spans, label. Keep one of them in each row",
    ),
    (
        "an offset that is true",
        '{"text": "aspirin", "spans": [[true, 7, "Drug"]]}',
        "c.jsonl:1: key 'start' is not of type int (got bool)",
    ),
    (
        "an id twice",
        "\n".join([json.dumps(JSONL_ROW)] * 2),
        "c.jsonl:2: a second document with the id '1'. Rename or remove one of the two; the first one is at c.jsonl:1",
    ),
    (
        "nothing accepted",
        "\n".join(json.dumps({**JSONL_ROW, "id": answer, "answer": answer}) for answer in ("reject", "ignore")),
        f"corpus mine: 0 {NOT_ENOUGH} c.jsonl: 2 are left out (answer is ignore; answer is reject)",
    ),
    (
        "an answer that nobody gives",
        '{"text": "aspirin", "spans": [], "answer": "maybe"}',
        "c.jsonl:1: key 'answer' is not one of accept, reject, ignore",
    ),
]
BAD_DOCBIN = [
    (
        "no DocBin",
        b"Took aspirin.",
        "c.spacy: not a DocBin file, or damaged (error). "
        "Write it again with `DocBin.to_disk` of spaCy 3",
    ),
]
UIMA_EXPORT = "Export it again, XMI together with its TypeSystem.xml"
BAD_UIMA = [
    (
        "other XML without a type system",
        {"a/1.xmi": "<xmi/>"},
        f"a/1.xmi: not a UIMA CAS, or damaged (TypeNotFoundError). {UIMA_EXPORT}",
    ),
    (
        "an archive",
        {"a.zip": zipped(**{"1.xmi": ""})},
        "RAW: zip archives in a folder are not read. Unpack each into a folder of its own",
    ),
    (
        "entities that grow without end",
        {"1.xmi": '<!DOCTYPE a [<!ENTITY b "bbbbbbbbb">]><a>&b;</a>', "TypeSystem.xml": "<a/>"},
        "1.xmi: XML with a DOCTYPE, which no export has. Remove the declaration",
    ),
]
BAD_FILES = [
    ("an empty folder", {}, "", "format: brat", f"RAW: no .txt files in this folder. {CHECK}"),
    ("nothing there", {}, "none", "format: brat", "1 of 1 corpora are missing: mine in none (see `path` in its file)"),
    (
        "nothing there, and where it is to be had",
        {},
        "none",
        "format: jsonl\nobtain: ask the hospital",
        "1 of 1 corpora are missing: mine in none (ask the hospital)",
    ),
    ("a file for a folder", {"a": ""}, "a", "format: brat", "a: a file, not a folder. Use the folder that it is in"),
    ("a folder for a file", {"a/b": ""}, "a", "format: rudrec", "a: no such file. Check `path` in the corpus file"),
    (
        "annotations where there are none",
        {"a": ""},
        "a",
        "format: rudrec\nannotations: assets",
        "assets: this format has no separate `annotations`. Remove the key",
    ),
    (
        "no archive",
        {"a.zip": "<html>"},
        "a.zip",
        "format: brat",
        "a.zip: not a zip archive (File is not a zip file). Download it again",
    ),
    (
        "an archive that leads out of itself",
        {"a.zip": zipped(**{"../1.txt": "x"})},
        "a.zip",
        "format: brat",
        "a.zip: the archive has a path outside of itself (../1.txt). "
        "Don't trust it: download it again from its publisher",
    ),
    (
        "a folder that the archive has not",
        {"a.zip": zipped(**{"b/1.txt": "x"})},
        "a.zip/c",
        "format: brat",
        f"a.zip: 0 folders 'c' in a.zip/. {CHECK}",
    ),
    (
        "files of another format than the corpus file says",
        {"a.jsonl": '{"text": "a", "label": []}'},
        "a.jsonl",
        "format: label_studio",
        "a.jsonl, item 1: neither a task nor an annotation of JSON-MIN. Export it from Label Studio as JSON or "
        "JSON-MIN. This looks like the format jsonl: if it is, write `format: jsonl` in the corpus file",
    ),
    (
        "a folder of files of another format",
        BRAT,
        "",
        "format: jsonl",
        f"RAW: no .jsonl or .ndjson or .json files in this folder (there are: 2 .ann, 2 .txt). {CHECK}."
        " This looks like the format brat: if it is, write `format: brat` in the corpus file",
    ),
    (
        "a format that nobody knows",
        BRAT,
        "",
        "format: bart",
        "mine.yml: key 'format': unknown format (did you mean 'brat'?) (got 'bart')",
    ),
    ("another such", BRAT, "", "format: xml", f"mine.yml: key 'format': unknown format ({KNOWN_FORMATS}) (got 'xml')"),
    (
        "a corpus that the paper doesn't have",
        BRAT,
        "",
        "format: brat\npaper_corpus: RU_EHR",
        "mine.yml: key 'paper_corpus': Input should be 'EN UGT', 'EN EHR', 'RU UGT' or 'RU EHR' (got 'RU_EHR')",
    ),
    (
        "a published split that leaves documents over",
        BRAT,
        "",
        "format: brat\npublished_split: {train: ['1'], test: ['3']}",
        "document '2' is in no part of `published_split`. Correct the patterns",
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in BAD_BRAT], ids=[case[0] for case in BAD_BRAT])
def test_brat(tmp_path, changes, expected):
    (tmp_path / "a").touch()
    if "1.TXT" in changes and (tmp_path / "A").exists():
        pytest.skip("this file system does not tell cases apart")
    assert message(tmp_path, {**BRAT, **changes}, "", "format: brat") == expected


@pytest.mark.parametrize(
    ("format", "file", "content", "expected"),
    [
        pytest.param(format, file, *case[1:], id=f"{format}: {case[0]}")
        for format, file, cases in (
            ("rudrec", "c.json", BAD_RUDREC),
            ("conll", "c.tsv", BAD_CONLL),
            ("pubtator", "c.txt", BAD_PUBTATOR),
            ("jsonl", "c.jsonl", BAD_JSONL),
            ("docbin", "c.spacy", BAD_DOCBIN),
        )
        for case in cases
    ],
)
def test_files_of_one_format(tmp_path, format, file, content, expected):
    assert message(tmp_path, {file: content}, file, f"format: {format}") == expected


HALF = "\\ud83d"
ROW = '{"file_name": "1", "text": "Took aspirin.", "entities": [%s]}'
ENTITY = '{"start": 5, "end": 12, "entity_type": "Drug", "entity_text": "aspirin"}'
SPANS = '{"id": "a", "text": "aspirin", "spans": [{"start": 0, "end": 7, "label": "Drug", "text": "aspirin"}]}'
HALF_PAIRS = {
    "brat": [
        {"1.txt": b"Took \xed\xa0\xbd", "1.ann": ""},
        {"1.txt": "Took", "1.ann": b"T1\tD\xed\xa0\xbd 0 4\tTook\n"},
    ],
    "conll": [{"c": b"aspirin\xed\xa0\xbd\tB-Drug\n"}],
    "pubtator": [{"c": b"7|t|Took \xed\xa0\xbd\n"}],
    "docbin": [{"c": b"\xed\xa0\xbd"}],
    "rudrec": [
        {"c": (ROW % ENTITY).replace(said, HALF, 1)}
        for said in ("Took", "file_name", '1"', "Drug", "entity_text", "entities")
    ]
    + [{"c": ROW % ENTITY.replace('"aspirin"', f'"{HALF}"')}],
    "jsonl": [
        {"c": SPANS.replace(f'{key}: "{said}"', f'{key}: "{HALF}"', 1)}
        for key, said in (('{"id"', "a"), (', "text"', "aspirin"), ('"label"', "Drug"), ('"Drug", "text"', "aspirin"))
    ]
    + [{"c": f'{{"text": "a", "spans": [], "answer": "{HALF}"}}'}, {"c": f'{{"{HALF}": 1, "text": "a"}}'}],
    "uima": [
        {
            "a/1.json": '{"%TYPES": {}, "%FEATURE_STRUCTURES": [{"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaNum": 1, '
            '"sofaID": "_InitialView", "mimeType": "text", "sofaString": "a \\ud83d"}], "%VIEWS": {"_InitialView": '
            '{"%SOFA": 1, "%MEMBERS": []}}}'
        }
    ],
    "bigbio": [
        {"c": f'{{"id": "1", "passages": [{{"text": ["a {HALF}"], "offsets": [[0, 3]]}}], "entities": []}}'},
        {"c": f'{{"id": "1{HALF}", "passages": [{{"text": ["a"], "offsets": [[0, 1]]}}], "entities": []}}'},
    ],
    "bioc": [
        {"c.json": f'{{"documents": [{{"id": "1", "passages": [{{"offset": 0, "text": "a {HALF}"}}]}}]}}'},
        {"c.json": f'{{"documents": [{{"id": "1{HALF}", "passages": [{{"offset": 0, "text": "a"}}]}}]}}'},
        {"c.xml": b"<collection><document><id>1\xed\xa0\xbd</id></document></collection>"},
    ],
    "huggingface": [
        {"c": f'{{"tokens": ["a{HALF}"], "ner_tags": ["O"]}}'},
        {"c": f'{{"tokens": ["a"], "ner_tags": ["B-{HALF}"]}}'},
    ],
    "label_studio": [
        {"c": f'[{{"id": 1, "data": {{"text": "a {HALF}"}}, "annotations": [{{"id": 1, "result": []}}]}}]'},
    ],
    "spacy_tuples": [
        {"c": f'["a {HALF}", {{"entities": []}}]'},
        {"c": f'["aspirin", {{"entities": [[0, 7, "Drug{HALF}"]]}}]'},
    ],
    "webanno": [{"c.tsv": b"#FORMAT=WebAnno TSV 3.3\n\n\n#Text=a \xed\xa0\xbd\n1-1\t0-1\ta\t\n"}],
}


@pytest.mark.parametrize(
    ("format", "files"), [(format, files) for format, cases in HALF_PAIRS.items() for files in cases]
)
def test_half_of_a_surrogate_pair_is_one_line(tmp_path, format, files):
    said = message(tmp_path, files, "c" if "c" in files else "", f"format: {format}")
    assert said != "no error"
    said.encode("utf8")


def test_every_format_has_its_half_pairs():
    assert set(HALF_PAIRS) == set(FORMATS)


def test_a_file_name_that_is_not_utf8_is_one_line(tmp_path):
    (tmp_path / "raw").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path / "raw") + b"/\xff.txt")).write_text("x")
    except OSError:
        pytest.skip("this file system has no such names")
    said = message(tmp_path, BRAT, "", "format: brat")
    assert said == r"RAW: a file name that is not UTF-8: '\udcff.txt'. Rename the file"


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in BAD_UIMA], ids=[case[0] for case in BAD_UIMA])
def test_uima(tmp_path, files, expected):
    assert message(tmp_path, files, "", "format: uima") == expected


@pytest.mark.parametrize(
    ("files", "path", "settings", "expected"), [case[1:] for case in BAD_FILES], ids=[case[0] for case in BAD_FILES]
)
def test_files_and_settings(tmp_path, files, path, settings, expected):
    assert message(tmp_path, files, path, settings) == expected


def test_a_link_that_leads_back(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "again").symlink_to(tmp_path / "raw")
    expected = "again: a symbolic link that points to a folder above it. Remove it"
    assert message(tmp_path, BRAT, "", "format: brat") == expected


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_file_without_read_permission(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "0.ann").write_text("")
    (tmp_path / "raw" / "0.txt").write_text("x")
    (tmp_path / "raw" / "0.txt").chmod(0)
    expected = "0.txt: permission denied: check the owner and the mode of the folder"
    assert message(tmp_path, BRAT, "", "format: brat") == expected
