"""Test that damaged or hostile raw files are one-line errors in every format."""
import json
import os
import struct
import time
import zipfile
from pathlib import Path
from typing import Callable

import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.account import overlapping_pairs
from scripts.corpora.conversion import convert_corpus
from scripts.corpora.fingerprint import fingerprint
from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.raw import hash_raw, open_archive, read_bytes
from scripts.corpora.parts import read_documents
from scripts.corpora.schema import LONGEST_DOCUMENT, Mention
from scripts.corpora.settings import CorpusSettings

SUFFIX = {
    **dict.fromkeys(("bigbio", "bioc", "label_studio", "spacy_tuples", "uima"), ".json"),
    **dict.fromkeys(("huggingface", "jsonl"), ".jsonl"),
    **dict.fromkeys(("brat", "pubtator"), ".txt"),
    **dict.fromkeys(("conll", "webanno"), ".tsv"),
    "docbin": ".spacy",
}
PATIENT = "Ivanov MRN 4711, diagnosed with gonorrhoea"
PIPE = "neither a file nor a folder, but a pipe, a device or a socket"


def settings(path: Path, format: str, **changes: object) -> CorpusSettings:
    """RETURNS (CorpusSettings): A corpus file."""
    said = {"language": "en", "domain": "ugt", "format": format, "path": str(path), "labels": {"Drug": "Drug"}}
    return CorpusSettings.model_validate({**said, **changes})


def mistake(path: Path, format: str, **changes: object) -> str:
    """RETURNS (str): What converting, fingerprint and all, says of raw files."""
    with pytest.raises(ProjectError) as raised:
        convert_corpus("mine", settings(path, format, **changes))
    assert str(raised.value).isprintable()
    return str(raised.value)


def zipped(path: Path, name: str) -> bytearray:
    """RETURNS (bytearray): An archive of one member that is compressed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "Took aspirin for the pain, and it was gone. " * 20)
    return bytearray(path.read_bytes())


def patch(local: int, central: int, value: bytes) -> Callable[[bytearray], None]:
    """RETURNS (Callable): Writes a value into both headers of the first member."""

    def change(data: bytearray) -> None:
        begin = data.index(b"PK\x01\x02")
        data[local : local + len(value)] = value
        data[begin + central : begin + central + len(value)] = value

    return change


def break_body(data: bytearray) -> None:
    name, extra = struct.unpack("<HH", data[26:30])
    data[30 + name + extra] ^= 0xFF


# By the fields of the two headers of a member in a zip archive.
DAMAGES: dict[str, Callable[[bytearray], None]] = {
    "body": break_body,
    "encrypted": patch(6, 8, b"\x01\x00"),
    "patched data": patch(6, 8, b"\x20\x00"),
    "no such method": patch(8, 10, struct.pack("<H", 99)),
    "bzip2": patch(8, 10, struct.pack("<H", 12)),
    "lzma": patch(8, 10, struct.pack("<H", 14)),
    "check sum": patch(14, 16, b"\0\0\0\0"),
    "packed size": patch(18, 20, struct.pack("<I", 3)),
    "size too small": patch(22, 24, struct.pack("<I", 7)),
    "size too large": patch(22, 24, struct.pack("<I", 900)),
    "local name": lambda data: data.__setitem__(30, data[30] ^ 1),
    "offset": lambda data: data.__setitem__(data.index(b"PK\x01\x02") + 44, 9),
    "version": lambda data: data.__setitem__(data.index(b"PK\x01\x02") + 6, 200),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("format", sorted(SUFFIX))
def test_a_member_of_an_archive_that_cannot_be_unpacked(tmp_path, format, damage):
    data = zipped(tmp_path / "c.zip", f"1{SUFFIX[format]}")
    DAMAGES[damage](data)
    (tmp_path / "c.zip").write_bytes(data)
    # Hashed first, which tells nothing of a declared size that is too large.
    assert str(tmp_path / "c.zip") in mistake(tmp_path / "c.zip", format)


@pytest.mark.parametrize("damage", sorted(set(DAMAGES) - {"version"}))
def test_such_a_member_is_never_read(tmp_path, damage):
    data = zipped(tmp_path / "c.zip", "1.txt")
    DAMAGES[damage](data)
    (tmp_path / "c.zip").write_bytes(data)
    with pytest.raises(ProjectError, match=r"c\.zip/1\.txt: can't be unpacked|c\.zip: not a zip archive"):
        read_bytes(open_archive(tmp_path / "c.zip") / "1.txt")


def test_a_whole_member_is_read_and_hashed(tmp_path):
    zipped(tmp_path / "c.zip", "1.txt")
    member = open_archive(tmp_path / "c.zip") / "1.txt"
    (tmp_path / "1.txt").write_bytes(read_bytes(member))
    assert hash_raw(member) == hash_raw(tmp_path / "1.txt")


def test_every_format_that_reads_folders_is_tried():
    assert {*SUFFIX} == {*FORMATS} - {"rudrec"}


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("format", sorted(SUFFIX))
def test_what_never_ends_among_the_files_is_not_opened(tmp_path, format, kind):
    file = tmp_path / f"1{SUFFIX[format]}"
    os.mkfifo(file) if kind == "pipe" else file.symlink_to("/dev/zero")
    if format == "brat":
        (tmp_path / "1.ann").write_text("")
    with pytest.raises(ProjectError, match=PIPE):
        fingerprint(settings(tmp_path, format))
    assert PIPE in mistake(tmp_path, format)
    if format != "brat":
        assert PIPE in mistake(file, format)


@pytest.mark.parametrize("name", ["c.zip", "1.ann", "TypeSystem.xml"])
def test_a_pipe_in_the_place_of_another_file(tmp_path, name):
    os.mkfifo(tmp_path / name)
    (tmp_path / "1.txt").write_text("Took aspirin.")
    (tmp_path / "1.xmi").write_text("<xmi:XMI/>")
    format = "uima" if name == "TypeSystem.xml" else "brat"
    assert PIPE in mistake(tmp_path / "c.zip" if name == "c.zip" else tmp_path, format)


def rows(*rows: dict[str, object]) -> str:
    """RETURNS (str): JSON lines."""
    return "\n".join(json.dumps(row) for row in rows)


def row(name: str, label: str = "Drug", start: int = 5) -> dict[str, object]:
    """RETURNS (dict): A row with a text of its own."""
    return {"id": name, "text": f"Took aspirin {name}.", "spans": [{"start": start, "end": start + 7, "label": label}]}


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        ([row("1", PATIENT), row("2")], {}),
        ([row(PATIENT), row(PATIENT)], {}),
        ([row(f"{PATIENT} {number}", start=500) for number in range(4)], {}),
        ([row(f"{PATIENT} 1"), row(f"{PATIENT} 2")], {"published_split": {"train": ["a"], "test": ["b"]}}),
        ([{**row("1"), "_annotator_id": PATIENT}, row("2")], {"annotators": "anna"}),
        ([{**row("1"), PATIENT: 1, "x": {PATIENT: 1}}, row("2", "Other")], {}),
    ],
)
def test_no_error_quotes_what_stands_in_the_place_of_a_label_or_an_id(tmp_path, data, changes):
    (tmp_path / "c.jsonl").write_text(rows(*data))
    said = mistake(tmp_path / "c.jsonl", "jsonl", **changes)
    assert not any(word.strip(",") in said for word in PATIENT.split() if word != "with")


def test_a_key_that_stands_twice_is_not_quoted(tmp_path):
    (tmp_path / "c.jsonl").write_text(f'{{"{PATIENT}": 1, "{PATIENT}": 2}}')
    assert "Ivanov" not in mistake(tmp_path / "c.jsonl", "jsonl")


def test_no_more_than_forty_unknown_labels_are_named(tmp_path):
    (tmp_path / "c.jsonl").write_text(rows(*(row(str(number), f"label{number}") for number in range(500))))
    said = mistake(tmp_path / "c.jsonl", "jsonl")
    assert said.count("1x") == 40 and "460 others" in said and len(said) < 1200


def test_names_have_nothing_in_them_that_a_terminal_obeys(tmp_path):
    odd = "a\x1b]0;x\x07\n"
    data = [{**row(f"{odd}{number}"), "_annotator_id": odd} for number in range(4)]
    lost = {"start": 500, "end": 505, "label": "Drug"}
    data[0]["spans"] = [{"start": 5, "end": 12, "label": "Drug", "id": odd}, lost]
    (tmp_path / "c.jsonl").write_text(rows(*data))
    manifest = convert_corpus("mine", settings(tmp_path / "c.jsonl", "jsonl")).manifest
    names = [name for part in manifest.splits.values() for name in part.ids]
    shown = [*names, *manifest.left_out.ids, *manifest.copies.annotators, *(one.document for one in manifest.dropped)]
    assert len(shown) > 4 and all(name.isprintable() for name in shown)
    (tmp_path / "c.jsonl").write_text(rows(row("1", "Dr\x1b[8mug"), row("2")))
    assert r"'Dr\x1b[8mug'" not in mistake(tmp_path / "c.jsonl", "jsonl")


def test_a_text_that_no_pipeline_takes(tmp_path):
    long = "a " * (LONGEST_DOCUMENT // 2) + "a"
    (tmp_path / "c.jsonl").write_text(rows({"text": long, "spans": []}, row("2")))
    assert "document '1' has 1,000,001 characters, but spaCy allows at most 1,000,000" in mistake(
        tmp_path / "c.jsonl", "jsonl"
    )


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_part_without_text(tmp_path, part):
    (tmp_path / "c.jsonl").write_text(rows(row("1"), {"id": "2", "text": " \n", "spans": []}))
    split = {"train": ["2"], "test": ["1"]} if part == "train" else {"train": ["1"], "test": ["2"]}
    said = mistake(tmp_path / "c.jsonl", "jsonl", published_split=split)
    assert f"no document in the {part} part has any text" in said


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_damaged_part_of_a_converted_corpus(tmp_path, keep):
    (tmp_path / "c.jsonl").write_text(rows(row("1"), row("2")))
    convert_corpus("mine", settings(tmp_path / "c.jsonl", "jsonl")).parts["train"].to_disk(tmp_path / "train.spacy")
    data = (tmp_path / "train.spacy").read_bytes()
    (tmp_path / "train.spacy").write_bytes(data[:keep])
    with pytest.raises(ProjectError, match=r"train\.spacy: not a DocBin file, or damaged .*weasel run convert"):
        read_documents(tmp_path / "train.spacy")


@pytest.mark.parametrize(
    "annotations",
    [
        "T1\tDrug 0 1\ta\n" * 20_000,
        "".join(f"T{number}\tDrug 0 {2 * (number % 200) + 1}\t{'a ' * (number % 200)}a\n" for number in range(20_000)),
        f"T1\tDrug 0 {2 * 20_000 - 1}\ta\n" + "a\n" * 19_999,
        "T1\tDrug 3 4\ta\n" + "a\n" * 19_999,
    ],
    ids=["equal", "nested", "a text of many lines", "a text of many lines elsewhere"],
)
def test_time_grows_with_lines_and_not_with_pairs(tmp_path, annotations):
    (tmp_path / "1.txt").write_text("a\n" * 20_000)
    (tmp_path / "1.ann").write_text(annotations)
    started = time.process_time()
    (document,) = FORMATS["brat"].read(tmp_path)
    overlapping_pairs(document.mentions)
    # It takes a second or two; pair by pair, or with the whole text for each line, it took minutes.
    assert time.process_time() - started < 10


def test_pairs_are_those_that_are_found_one_by_one():
    spans = [(0, 4), (0, 4), (0, 2), (1, 3), (2, 6), (3, 3), (3, 5), (4, 9), (5, 6), (5, 6), (5, 9)]
    found: dict[str, int] = {"same": 0, "nested": 0, "crossing": 0}
    filled = [span for span in spans if span[0] < span[1]]
    for number, (start, end) in enumerate(filled):
        for other in filled[:number]:
            if other[0] < end and start < other[1]:
                inside = (other[0] <= start and end <= other[1]) or (start <= other[0] and other[1] <= end)
                found["same" if other == (start, end) else "nested" if inside else "crossing"] += 1
    assert overlapping_pairs([Mention(*span, "Drug") for span in spans]) == found
