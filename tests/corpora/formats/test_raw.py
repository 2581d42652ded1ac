"""Test that raw files are found in folders and zip archives, and are read unchanged."""
import gzip
import os
import zipfile
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.formats import FORMATS, brat, raw


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf8")
    return folder


def archive(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return path


def test_files_are_found_at_any_depth_by_names_without_suffix(tmp_path):
    write(tmp_path, "b.TXT", "a/1.txt", "a/LIPITOR.2.txt", "a/1.ann", ".hidden.txt", ".git/x.txt")
    assert list(raw.find_files(tmp_path, [".txt"])) == ["a/1", "a/LIPITOR.2", "b"]


def test_symbolic_links_to_folders_and_files_are_followed(tmp_path):
    write(tmp_path / "elsewhere", "1.txt", "2.txt")
    folder = write(tmp_path / "corpus", "0.txt")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    (folder / "one.txt").symlink_to(tmp_path / "elsewhere" / "1.txt")
    assert list(raw.find_files(folder, [".txt"])) == ["0", "again/1", "again/2", "linked/1", "linked/2", "one"]


def test_a_link_that_leads_back_is_an_error(tmp_path):
    write(tmp_path, "a/1.txt")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    with pytest.raises(ProjectError, match="a/back: a symbolic link that points to a folder above it. Remove it"):
        raw.find_files(tmp_path, [".txt"])


def test_a_link_that_leads_nowhere_is_an_error(tmp_path):
    write(tmp_path, "1.txt")
    (tmp_path / "2.txt").symlink_to(tmp_path / "absent.txt")
    with pytest.raises(ProjectError, match="2.txt: a broken symbolic link"):
        raw.find_files(tmp_path, [".txt"])


def test_two_files_of_one_name_are_an_error(tmp_path):
    write(tmp_path, "1.txt", "1.TXT")
    if len(os.listdir(tmp_path)) == 1:
        pytest.skip("this file system does not tell cases apart")
    with pytest.raises(ProjectError, match="the same name as 1.TXT. Rename one of the two"):
        raw.find_files(tmp_path, [".txt"])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_folder_without_permission_is_an_error_and_not_an_empty_one(tmp_path):
    write(tmp_path, "1.txt", "locked/2.txt")
    (tmp_path / "locked").chmod(0)
    try:
        with pytest.raises(PermissionError):
            raw.find_files(tmp_path, [".txt"])
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_file_is_taken_whatever_its_suffix_and_a_folder_by_suffix(tmp_path):
    write(tmp_path, "a.data", "b.tsv")
    assert list(raw.find_file_or_files(tmp_path / "a.data", [".tsv"])) == ["a"]
    assert list(raw.find_file_or_files(tmp_path, [".tsv"])) == ["b"]
    with pytest.raises(ProjectError, match="c: no such file or folder"):
        raw.find_file_or_files(tmp_path / "c", [".tsv"])


def test_lines_end_at_line_feeds_alone_and_lose_a_byte_order_mark(tmp_path):
    (tmp_path / "a").write_bytes("\ufeffa\r\nb\u2028c\x0bd\re\n".encode())
    assert raw.read_lines(tmp_path / "a") == ["a", "b\u2028c\x0bd\re", ""]
    assert raw.read_text(tmp_path / "a").startswith("\ufeffa\r\n")


class TestArchive:
    FILES = {"x-main/IN/main/1.txt": b"\xd0\xb1\r\n", "x-main/IN/main/1.ann": b"", "x-main/README.txt": b"no document"}

    def test_a_folder_in_it_is_read_like_a_folder(self, tmp_path):
        path = archive(tmp_path / "a.zip", **self.FILES)
        (document,) = brat.read(path / "*" / "IN")
        assert (document.id, document.text) == ("main/1", "б\r\n")
        assert list(raw.find_files(path, [".txt"])) == ["x-main/IN/main/1", "x-main/README"]
        assert [document.id for document in brat.read(path / "*" / "IN" / "main")] == ["1"]

    def test_an_error_names_archive_and_file(self, tmp_path):
        path = archive(tmp_path / "a.zip", **{"n/1.txt": b"aspirin", "n/1.ann": b"T1 Drug 0 7"})
        with pytest.raises(ProjectError, match=r"a\.zip/n/1\.ann:1: not a brat annotation"):
            brat.read(path / "n")

    @pytest.mark.parametrize(("inner", "found"), [("IN", 0), ("*/NO", 0), ("?", 2)])
    def test_a_folder_that_is_not_there_or_not_the_only_one_is_an_error(self, tmp_path, inner, found):
        files = self.FILES if found == 0 else {"a/1.txt": b"", "b/1.txt": b""}
        path = archive(tmp_path / "a.zip", **files)
        with pytest.raises(ProjectError, match=rf"a\.zip: {found} folders "):
            raw.find_files(path / inner, [".txt"])

    def test_what_is_no_archive_is_an_error(self, tmp_path):
        (tmp_path / "a.zip").write_text("<html>not found</html>")
        with pytest.raises(ProjectError, match=r"a\.zip: not a zip archive .*Download it again"):
            raw.find_files(tmp_path / "a.zip", [".txt"])

    def test_a_folder_called_like_an_archive_is_a_folder(self, tmp_path):
        write(tmp_path / "a.zip", "1.txt")
        assert list(raw.find_files(tmp_path / "a.zip", [".txt"])) == ["1"]

    def test_a_damaged_file_is_an_error(self, tmp_path):
        path = archive(tmp_path / "a.zip", **{"1.txt": os.urandom(500).hex().encode()})
        data = bytearray(path.read_bytes())
        data[100] ^= 255
        path.write_bytes(data)
        with pytest.raises(ProjectError, match=r"1\.txt: can't be unpacked"):
            raw.read_text(raw.find_files(path, [".txt"])["1"])

    def test_an_archive_that_would_fill_the_memory_is_refused_before_it_is_unpacked(self, tmp_path, monkeypatch):
        monkeypatch.setattr(raw, "LARGEST_ARCHIVE", 2**20)
        path = archive(tmp_path / "bomb.zip", **{f"{number}.txt": bytes(2**18) for number in range(5)})
        assert path.stat().st_size < 2**14
        with pytest.raises(ProjectError, match=r"bomb\.zip: the archive unpacks to 0\.0 GiB, more than 0\. Unpack it"):
            raw.find_files(path, [".txt"])

    @pytest.mark.parametrize("name", ["../secret.txt", "/etc/secret.txt", "a/../../secret.txt"])
    def test_an_archive_that_leads_out_of_itself_is_refused(self, tmp_path, name):
        path = archive(tmp_path / "a.zip", **{"1.txt": b"", name: b""})
        with pytest.raises(ProjectError, match="has a path outside of itself .*Don't trust it"):
            raw.find_files(path, [".txt"])


LINES = {
    "conll": ("a.tsv", "Took\tO\naspirin\tB-Drug\n"),
    "jsonl": ("a.jsonl", '{"text": "Took aspirin", "spans": [[5, 12, "Drug"]]}\n'),
    "pubtator": ("a.pubtator", "7|t|Took aspirin\n7\t5\t12\taspirin\tDrug\n"),
    "rudrec": (
        "a.json",
        '{"file_name": "1", "text": "Took aspirin", "entities": '
        '[{"start": 5, "end": 12, "entity_type": "Drug", "entity_text": "aspirin"}]}\n',
    ),
}
OF_ONE_FILE = ("rudrec",)
PASSAGE = '"passages": [{"offset": 0, "text": "Took aspirin", "annotations": [{"id": "1", "infons": {"type": "Drug"}, '
LABELS = '{"value": {"start": 5, "end": 12, "text": "aspirin", "labels": ["Drug"]}, "type": "labels"}'
# Of these, too, a single file may be zipped.
OTHERS = {
    "bigbio": (
        "a.jsonl",
        '{"id": "1", "passages": [{"text": ["Took aspirin"], "offsets": [[0, 12]]}], '
        '"entities": [{"id": "2", "type": "Drug", "text": ["aspirin"], "offsets": [[5, 12]]}]}\n',
    ),
    "bioc": (
        "a.json",
        '{"documents": [{"id": "1", ' + PASSAGE + '"locations": [{"offset": 5, "length": 7}], "text": "aspirin"}]}]}]}',
    ),
    "huggingface": ("a.jsonl", '{"tokens": ["Took", "aspirin"], "ner_tags": ["O", "B-Drug"]}\n'),
    "label_studio": (
        "a.json",
        '[{"id": 1, "data": {"text": "Took aspirin"}, "annotations": [{"id": 2, "result": [' + LABELS + "]}]}]",
    ),
    "webanno": (
        "a.tsv",
        "#FORMAT=WebAnno TSV 3.3\n#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|value\n\n\n"
        "#Text=Took aspirin\n1-1\t0-4\tTook\t_\t\n1-2\t5-12\taspirin\tDrug\t\n",
    ),
    "spacy_tuples": ("a.jsonl", '["Took aspirin", {"entities": [[5, 12, "Drug"]]}]\n'),
}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.txt", "a.ann"])
def test_a_file_in_utf_16_is_not_read_as_something_else(tmp_path, name, encoding):
    contents = {"a.txt": "Took aspirin.", "a.ann": "T1\tDrug 5 12\taspirin\n"}
    for file, text in contents.items():
        (tmp_path / file).write_bytes(text.encode(encoding if file == name else "utf8"))
    with pytest.raises(ProjectError, match=f"{name}: NUL characters, as in UTF-16. Convert the file to UTF-8"):
        brat.read(tmp_path)


def test_every_format_that_is_a_text_file_is_here():
    # brat and UIMA have two files for a text, and a DocBin is compressed.
    assert {*LINES, *OTHERS} == {*FORMATS} - {"brat", "docbin", "uima"}


class TestZipped:
    """Every format of lines is read from `.gz` as it is from the file itself."""

    def read(self, format, path):
        return [
            (document.id, document.text, [(m.start, m.end, m.label) for m in document.mentions])
            for document in FORMATS[format].read(path)
        ]

    @pytest.mark.parametrize("format", [*LINES, *OTHERS])
    def test_a_file_is_read_as_it_is_unpacked(self, tmp_path, format):
        name, content = {**LINES, **OTHERS}[format]
        (tmp_path / name).write_text(content, "utf8")
        (tmp_path / "zipped").mkdir()
        zipped = tmp_path / "zipped" / f"{name}.gz"
        # In two parts, as `cat a.gz b.gz` makes them.
        half = len(content) // 2
        zipped.write_bytes(gzip.compress(content[:half].encode()) + gzip.compress(content[half:].encode()))
        expected = self.read(format, tmp_path / name)
        assert expected and self.read(format, zipped) == expected
        if format not in OF_ONE_FILE:
            assert self.read(format, tmp_path / "zipped") == expected
            assert FORMATS[format].raw_files(tmp_path / "zipped") == [zipped]

    @pytest.mark.parametrize("format", LINES)
    def test_in_folders_and_archives_the_name_is_without_both_suffixes(self, tmp_path, format):
        if format in OF_ONE_FILE:
            return
        name, content = LINES[format]
        # Documents that are equal may be read once.
        other = content.replace("Took", "Take")
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / f"1.{name}.GZ").write_bytes(gzip.compress(content.encode()))
        (tmp_path / "b" / f"2.{name}").write_text(other, "utf8")
        names = [document[0].rpartition("/")[0] for document in self.read(format, tmp_path / "b")]
        assert names == ["1.a", "2.a"]
        path = archive(tmp_path / "c.zip", **{f"x/{name}.gz": gzip.compress(content.encode()), f"x/b{name}": b""})
        with zipfile.ZipFile(path, "a") as opened:
            opened.writestr(f"x/2{name}", other)
        if format not in ("jsonl",):
            assert {document[0].rpartition("/")[0] for document in self.read(format, path / "x")} == {"a", "2a"}

    @pytest.mark.parametrize("format", LINES)
    def test_the_same_name_zipped_and_not_is_an_error(self, tmp_path, format):
        if format in OF_ONE_FILE:
            return
        name, content = LINES[format]
        (tmp_path / name).write_text(content, "utf8")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
        with pytest.raises(ProjectError, match="the same name as"):
            self.read(format, tmp_path)

    @pytest.mark.parametrize("format", LINES)
    @pytest.mark.parametrize("damage", ["cut", "flipped", "not zipped", "empty", "junk behind"])
    def test_a_damaged_one_is_one_line_without_its_text(self, tmp_path, format, damage):
        name, content = LINES[format]
        data = bytearray(gzip.compress(content.encode()))
        damaged = {
            "cut": data[:-9],
            "flipped": data[:20] + bytes([data[20] ^ 255]) + data[21:],
            "not zipped": content.encode(),
            "empty": b"",
            "junk behind": data + b"Took",
        }[damage]
        (tmp_path / f"{name}.gz").write_bytes(damaged)
        if damage == "empty" and format != "jsonl":
            # No text at all, of which `convert` says that it makes no corpus.
            assert self.read(format, tmp_path / f"{name}.gz") == []
            return
        with pytest.raises(ProjectError) as error:
            self.read(format, tmp_path / f"{name}.gz")
        assert f"{name}.gz" in str(error.value) and "\n" not in str(error.value)
        assert "Took" not in str(error.value) and "To'" not in str(error.value)

    @pytest.mark.parametrize("format", LINES)
    def test_one_that_would_fill_the_memory_is_refused(self, tmp_path, format, monkeypatch):
        monkeypatch.setattr(raw, "LARGEST_ARCHIVE", 2**20)
        name = LINES[format][0]
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(bytes(2**24)))
        with pytest.raises(ProjectError, match=rf"{name}\.gz: unpacks to more than 0 GiB"):
            self.read(format, tmp_path / f"{name}.gz")
