"""Test how raw texts are read: folders, archives and files, in portions, and continued from a position."""
import gzip
import json
import zipfile
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from scripts.annotation.texts import TextFiles, portions
from scripts.base.errors import ProjectError
from scripts.corpora.docbin import pack_docs

TEXTS = {"a": "Took aspirin.\r\nNo rash.", "b/c": "Приняла аспирин\u2028 💊", "empty": ""}


def rows(texts: dict[str, str]) -> str:
    return "\n".join(json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items())


def write_folder(folder: Path) -> Path:
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_bytes(text.encode("utf8"))
    return folder


def write_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.jsonl", rows(TEXTS))
    return path


def write_docbin(path: Path) -> Path:
    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text in TEXTS.values()]
    for doc, name in zip(docs, TEXTS, strict=True):
        doc.user_data["id"] = name
    pack_docs(docs).to_disk(path)
    return path


def write_all(folder: Path) -> dict[str, Path]:
    """RETURNS (dict[str, Path]): The same texts in every form that is read."""
    (folder / "rows.jsonl").write_text("\ufeff" + rows(TEXTS) + "\n\n", encoding="utf8")
    (folder / "zipped.jsonl.gz").write_bytes(gzip.compress(rows(TEXTS).encode("utf8")))
    return {
        "folder": write_folder(folder / "texts"),
        "rows": folder / "rows.jsonl",
        "compressed rows": folder / "zipped.jsonl.gz",
        "archive": write_zip(folder / "texts.zip"),
        "docbin": write_docbin(folder / "docs.spacy"),
    }


@pytest.fixture(scope="module")
def forms(tmp_path_factory) -> dict[str, Path]:
    return write_all(tmp_path_factory.mktemp("forms"))


@pytest.mark.parametrize("form", ["folder", "rows", "compressed rows", "archive", "docbin"])
class TestForms:
    def test_no_character_is_changed(self, forms, form):
        assert {text.id: text.text for _, text in TextFiles(forms[form]).scan()} == TEXTS

    @pytest.mark.parametrize("characters", [1, 30, 10_000])
    def test_portions_hold_each_text_once_and_are_read_again(self, forms, form, characters):
        found = list(portions(TextFiles(forms[form]), characters))
        again = TextFiles(forms[form])
        # In another order, as workers do them.
        read = {number: list(again.read(found[number].places)) for number in reversed(range(len(found)))}
        in_order = [text for number in range(len(found)) for text in read[number]]
        assert [(text.id, text.text) for text in in_order] == list(TEXTS.items())
        assert sum(portion.texts for portion in found) == 3
        assert sum(portion.characters for portion in found) == sum(map(len, TEXTS.values()))
        assert len(found) == {1: 3, 30: 2, 10_000: 1}[characters]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8), st.integers(1, 40), st.booleans())
def test_any_rows_are_read_again_from_where_they_stand(tmp_path_factory, texts, characters, end):
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    lines = [json.dumps({"text": text}, ensure_ascii=number % 2 == 0) for number, text in enumerate(texts)]
    path.write_bytes("\n".join(lines).encode("utf8", "surrogatepass") + b"\n" * end)
    files = TextFiles(path)
    found = [text for portion in portions(files, characters) for text in files.read(portion.places)]
    assert [(text.id, text.text) for text in found] == [(str(n), text) for n, text in enumerate(texts, start=1)]


def test_the_hash_changes_with_a_text_and_with_an_id(tmp_path):
    def digest(texts):
        (tmp_path / "rows.jsonl").write_text(rows(texts), encoding="utf8")
        return [portion.hash for portion in portions(TextFiles(tmp_path), 10_000)]

    assert len({*digest({"a": "b"}), *digest({"a": "c"}), *digest({"b": "b"})}) == 3


def test_rows_of_several_files_have_the_name_of_their_file_before_their_number(tmp_path):
    for name in "xy":
        (tmp_path / f"{name}.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf8")
    assert [text.id for _, text in TextFiles(tmp_path).scan()] == ["x/1", "x/2", "y/1", "y/2"]


class TestRefused:
    def scan(self, path):
        return list(TextFiles(path).scan())

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(ProjectError, match="no such file or folder.*Use a folder"):
            self.scan(tmp_path / "nowhere")

    def test_an_empty_folder(self, tmp_path):
        (tmp_path / "notes.pdf").write_bytes(b"")
        with pytest.raises(ProjectError, match="no texts in this folder"):
            self.scan(tmp_path)

    def test_a_file_of_another_kind(self, tmp_path):
        (tmp_path / "notes.csv").write_text("text", encoding="utf8")
        with pytest.raises(ProjectError, match=r"notes\.csv: unsupported file extension"):
            self.scan(tmp_path / "notes.csv")

    @pytest.mark.parametrize(("name", "where"), [("a.txt", r"a\.txt: not"), ("a.jsonl", r"a\.jsonl:1: not")])
    def test_a_text_that_is_not_utf8(self, tmp_path, name, where):
        (tmp_path / name).write_bytes(b'{"text": "caf\xe9"}')
        with pytest.raises(ProjectError, match=f"{where} UTF-8"):
            self.scan(tmp_path)

    @pytest.mark.parametrize("row", ["plain text", '["a"]', '{"body": "a"}', '{"text": 3}', '{"text": null}'])
    def test_a_row_without_text_is_named_and_not_quoted(self, tmp_path, row):
        (tmp_path / "rows.jsonl").write_text(f'{{"text": "a"}}\n{row}\n', encoding="utf8")
        with pytest.raises(ProjectError, match=r"rows\.jsonl:2: ") as failure:
            self.scan(tmp_path)
        assert "plain" not in str(failure.value)

    def test_two_texts_of_one_id(self, tmp_path):
        (tmp_path / "rows.jsonl").write_text('{"id": "a", "text": "b"}\n{"id": "a", "text": "c"}\n', encoding="utf8")
        with pytest.raises(ProjectError, match="two texts have the id 'a'"):
            self.scan(tmp_path)


def test_tokens_of_a_docbin_are_not_taken_over(tmp_path):
    nlp = spacy.blank("xx")
    pack_docs([Doc(nlp.vocab, words=["as", "pirin"], spaces=[False, False])]).to_disk(tmp_path / "docs.spacy")
    assert [text.text for _, text in TextFiles(tmp_path).scan()] == ["aspirin"]
