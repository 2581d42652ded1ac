"""Test project exports of INCEpTION: whose copy of a document is read, and which files are not."""
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.corpora.formats import inception, raw, uima, webanno
from scripts.corpora.schema import Document
from tests.corpora.formats.test_uima import PROBLEM, TEXT, TYPES, make_cas

OWNERS = ["annotation/one.txt/INITIAL_CAS", "annotation/one.txt/anna", "annotation/one.txt/bert.b"]
CURATED = "curation/one.txt/CURATION_USER"
# By owner: how many problems each marked.
MARKED = dict(zip([*OWNERS, CURATED], (0, 1, 2, 3), strict=True))


def problems(count: int):
    return make_cas(*[(PROBLEM, *place) for place in ((7, 14), (19, 25), (0, 4))][:count])


def as_json(count: int) -> bytes:
    return problems(count).to_json().encode("utf8")


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def as_zip(count: int) -> bytes:
    """XMI comes with its type system, so that the export of one document is two files, in an archive."""
    return zipped(**{"one.txt.xmi": problems(count).to_xmi().encode("utf8"), "TypeSystem.xml": TYPES.to_xml().encode()})


def as_tsv(count: int) -> bytes:
    marks = ["*" if number < count else "_" for number in (2, 0, 1)]
    words = zip(("0-4\tTook", "8-15\taspirin", "20-26\thelped"), marks, strict=True)
    head = f"#FORMAT=WebAnno TSV 3.3\n#T_SP={PROBLEM}|\n\n\n#Text=Took 🙂 aspirin.\n"
    first, second, third = (f"1-{number}\t{word}\t{mark}\t\n" for number, (word, mark) in enumerate(words, start=1))
    return f"{head}{first}{second}\n#Text=It helped.\n2-1\t17-19\tIt\t_\t\n{third}".encode()


def states(curation: str | None = None, **annotators: str) -> dict:
    """Make the part of a project's settings that says who has finished what."""
    copies = [{"name": "one.txt", "user": user, "state": state} for user, state in annotators.items()]
    return {"source_documents": [{"name": "one.txt", "state": curation}], "annotation_documents": copies}


def project(suffix: str, copies: dict[str, bytes], settings: object = None) -> dict[str, bytes]:
    """Make the files of a project's export, with each owner's copy of the document in a format."""
    beside = {
        "exportedproject17.json": json.dumps(states() if settings is None else settings).encode(),
        "source/one.txt": TEXT.encode("utf8"),
        "source/two.json": as_json(1),
        "source/three.tsv": as_tsv(1),
        "source/four.zip": as_zip(1),
        "log/project-1.log": b"{}",
        "settings/preferences.json": b"{}",
        **{f"{name.replace('/', '_ser/', 1)}.ser": b"\xac\xed" for name in MARKED},
    }
    return {**beside, **{f"{name}{suffix}": content for name, content in copies.items()}}


def put(folder: Path, files: dict[str, bytes], is_zipped: bool) -> Path:
    if is_zipped:
        folder.with_suffix(".zip").write_bytes(zipped(**files))
        return folder.with_suffix(".zip")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


FORMATS = {".json": (uima, as_json), ".zip": (uima, as_zip), ".tsv": (webanno, as_tsv)}
wherever = pytest.mark.parametrize("is_zipped", [True, False], ids=["zipped", "unpacked"])
in_each = pytest.mark.parametrize("suffix", FORMATS)


def make(folder: Path, suffix: str, is_zipped: bool, settings: object = None) -> Path:
    copies = {name: FORMATS[suffix][1](count) for name, count in MARKED.items()}
    return put(folder / "export", project(suffix, copies, settings), is_zipped)


def left_out(documents: list[Document]) -> dict[str, str | None]:
    return {one.annotator: one.meta.get("left_out") for one in documents if one.annotator}


@wherever
@in_each
def test_each_copy_of_a_document_is_read_with_its_annotator_and_nothing_else(tmp_path, suffix, is_zipped):
    path, reader = make(tmp_path, suffix, is_zipped), FORMATS[suffix][0]
    documents = reader.read(path)
    assert {document.id: len(document.mentions) for document in documents} == MARKED
    assert [document.id for document in documents] == sorted(MARKED)
    assert [document.annotator for document in documents] == ["", "anna", "bert.b", "CURATION_USER"]
    assert [document.meta.get("left_out") for document in documents] == [inception.BEFORE_ANNOTATION, *[None] * 3]
    assert {document.text for document in documents} == {TEXT}
    assert {TEXT[m.start : m.end] for document in documents for m in document.mentions} == {"aspirin", "helped", "Took"}


@wherever
@in_each
def test_a_folder_of_an_export_may_be_named_alone(tmp_path, suffix, is_zipped):
    path, reader = make(tmp_path, suffix, is_zipped), FORMATS[suffix][0]
    assert [(document.id, document.annotator) for document in reader.read(path / "curation")] == [
        ("one.txt/CURATION_USER", "CURATION_USER")
    ]
    assert [document.annotator for document in reader.read(path / "annotation")] == ["", "anna", "bert.b"]


@wherever
@in_each
def test_raw_files_are_those_that_are_read(tmp_path, suffix, is_zipped):
    path = make(tmp_path, suffix, is_zipped)
    files = FORMATS[suffix][0].raw_files(path)
    read = [f"{path}/exportedproject17.json", *(f"{path}/{name}{suffix}" for name in MARKED)]
    assert sorted(str(file) for file in files) == sorted(read)
    assert all(hash_file(file) for file in files)


@wherever
@in_each
def test_copies_that_nobody_has_finished_are_left_out(tmp_path, suffix, is_zipped):
    """An export has all copies that were ever opened. INCEpTION itself curates and compares finished ones only."""
    settings = states("CURATION_IN_PROGRESS", **{"anna": "IN_PROGRESS", "bert.b": "IGNORE"})
    path, reader = make(tmp_path, suffix, is_zipped, settings), FORMATS[suffix][0]
    unfinished, locked = inception.UNFINISHED, inception.LOCKED
    assert left_out(reader.read(path)) == {"anna": unfinished, "bert.b": locked, "CURATION_USER": unfinished}
    assert left_out(reader.read(path / "annotation")) == {"anna": unfinished, "bert.b": locked}
    assert f"{path}/exportedproject17.json" in map(str, reader.raw_files(path / "curation"))
    finished = states("CURATION_FINISHED", **{"anna": "FINISHED", "bert.b": "FINISHED"})
    path = make(tmp_path / "2", suffix, False, finished)
    assert not any(left_out(reader.read(path)).values())


@pytest.mark.parametrize("settings", [[], {"annotation_documents": [5, {"name": 1, "user": "anna", "state": "x"}]}])
def test_settings_of_another_form_say_nothing_about_the_copies(tmp_path, settings):
    assert not any(left_out(webanno.read(make(tmp_path, ".tsv", False, settings))).values())


def test_an_unpacked_archive_is_left_out_as_the_archive_is(tmp_path):
    unpacked = {"one.txt.xmi": problems(2).to_xmi().encode("utf8"), "TypeSystem.xml": TYPES.to_xml().encode("utf8")}
    files = {f"{OWNERS[1]}/{name}": content for name, content in unpacked.items()}
    settings = {"exportedproject.json": json.dumps(states(anna="IN_PROGRESS")).encode()}
    assert left_out(uima.read(put(tmp_path / "export", {**files, **settings}, False))) == {"anna": inception.UNFINISHED}


@in_each
def test_projects_beside_each_other_are_each_read_so(tmp_path, suffix):
    for name in ("first", "second"):
        put(tmp_path / name, project(suffix, {OWNERS[1]: FORMATS[suffix][1](1)}), False)
    documents = FORMATS[suffix][0].read(tmp_path)
    assert [document.id for document in documents] == [f"first/{OWNERS[1]}", f"second/{OWNERS[1]}"]


@wherever
@pytest.mark.parametrize("reader", [uima, webanno])
def test_a_project_without_annotations_in_the_format_is_an_error(tmp_path, reader, is_zipped):
    path = put(tmp_path / "export", project(".txt", {OWNERS[1]: b"Took aspirin."}), is_zipped)
    with pytest.raises(ProjectError, match=r"export(\.zip)?: a project of INCEpTION without annotations in"):
        reader.read(path)


def test_a_mention_says_in_which_archive_it_stands(tmp_path):
    path = make(tmp_path, ".zip", True)
    (document,) = uima.read(path / "curation")
    assert {mention.where for mention in document.mentions} == {f"{path}/{CURATED}.zip/one.txt.xmi"}


def test_an_archive_of_several_documents_gives_each_its_own_name(tmp_path):
    put(tmp_path, {"annotation/x/anna.zip": zipped(**{"a.json": as_json(1), "b/c.json": as_json(2)})}, False)
    documents = uima.read(tmp_path)
    assert [(document.id, document.annotator) for document in documents] == [
        ("annotation/x/anna/a", "anna"),
        ("annotation/x/anna/b/c", "anna"),
    ]


@wherever
def test_an_archive_that_was_unpacked_where_it_lies_is_read_once(tmp_path, is_zipped):
    unpacked = {"one.txt.xmi": problems(2).to_xmi().encode("utf8"), "TypeSystem.xml": TYPES.to_xml().encode("utf8")}
    files = {f"{OWNERS[1]}/{name}": content for name, content in unpacked.items()}
    path = put(tmp_path / "export", {**files, f"{OWNERS[1]}.zip": as_zip(1)}, is_zipped)
    (document,) = uima.read(path)
    assert (document.id, document.annotator, len(document.mentions)) == (f"{OWNERS[1]}/one.txt", "anna", 2)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def spoilt(data: bytes) -> bytes:
    return data.replace(data[60:70], bytes(10), 1)


@wherever
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "anna.zip: not a zip archive"),
        (cut(as_zip(1)), "anna.zip: not a zip archive"),
        (spoilt(as_zip(1)), "anna.zip/one.txt.xmi: can't be unpacked"),
        (zipped(), "anna.zip: no UIMA CAS in this archive. Export it again as UIMA CAS JSON"),
        (zipped(**{"a.xmi": b"<a/>"}), "anna.zip/a.xmi: not a UIMA CAS, or damaged ("),
        (zipped(**{"../a.json": as_json(1)}), "anna.zip: the archive has a path outside of itself"),
        (zipped(**{"a.json": b"{"}), "anna.zip/a.json:1: not a UIMA CAS, or damaged (JSONDecodeError)"),
        (zipped(**{"a.json": bytes(5000)}), "export: the archive unpacks to 0.0 GiB, more than 0"),
    ],
)
def test_a_damaged_archive_in_a_project_is_an_error(tmp_path, monkeypatch, content, message, is_zipped):
    if "unpacks to" in message:
        monkeypatch.setattr(raw, "LARGEST_ARCHIVE", 9000)
        content = zipped(**{"a.json": bytes(5000)})
    files = {"annotation/one.txt/anna.zip": content, "annotation/one.txt/bert.zip": content}
    path = put(tmp_path / "export", files, is_zipped)
    with pytest.raises(ProjectError, match=re.escape(message).replace("export:", r"export(\.zip)?:")) as error:
        uima.read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("x/annotation/one.txt/anna.json", "anna"),
        ("annotation/one.txt/anna.b.xmi", "anna.b"),
        ("x.zip/curation/one.txt/CURATION_USER.json", "CURATION_USER"),
        ("x/annotation/one.txt/anna/one.xmi", "anna"),
        ("x/annotation/anna.json", ""),
        ("annotation.json", ""),
        ("one.txt/anna.json", ""),
    ],
)
def test_the_owner_of_a_file_is_known_by_where_it_lies(file, owner):
    assert inception.owner_of(Path(file)) == owner
