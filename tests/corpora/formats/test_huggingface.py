"""Test rows of tokens and tags as `datasets` writes them: JSON lines, a JSON array, Parquet, and any tag names."""
import io
import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.conversion import convert_corpus
from scripts.corpora.formats import conll, huggingface
from scripts.corpora.formats.options import Options
from scripts.corpora.formats.tags import NESTED, NOT_OPENED
from scripts.corpora.settings import CorpusSettings

NAMES = ["O", "B-Drug", "I-Drug", "B-Disease", "I-Disease"]
ROWS: list[dict[str, Any]] = [
    {"id": "0", "tokens": ["Took", "chalk", "syrup"], "ner_tags": [0, 1, 2]},
    {"id": "1", "tokens": ["No", "hiccups"], "ner_tags": [0, 3]},
]
# As `DatasetInfo.write_to_directory` writes it.
INFO = {
    "description": "",
    "features": {
        "id": {"dtype": "string", "_type": "Value"},
        "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"},
        "ner_tags": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "List"},
    },
}


def by_name(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "ner_tags": [NAMES[number] for number in row["ner_tags"]]}


def write(folder: Path, rows: list[Any], name: str = "train.jsonl") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    return file


def write_parquet(folder: Path, rows: list[Any], metadata: dict[bytes, bytes]) -> Path:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.Table.from_pylist(rows).replace_schema_metadata(metadata)
    parquet.write_table(table, folder / "train.parquet")
    return folder / "train.parquet"


def spans(document) -> list[tuple[str, str]]:
    assert all(document.text[one.start : one.end] == one.text for one in document.mentions)
    return [(one.text, one.label) for one in document.mentions]


def check(documents) -> None:
    assert [(one.id, one.text) for one in documents] == [("0", "Took chalk syrup"), ("1", "No hiccups")]
    assert [spans(one) for one in documents] == [[("chalk syrup", "Drug")], [("hiccups", "Disease")]]
    assert [one.meta for one in documents] == [{"sentence_starts": (0,), "tag_scheme": "IOB2"}] * 2


def test_tags_by_name_are_read(tmp_path):
    file = write(tmp_path, [by_name(row) for row in ROWS])
    documents = huggingface.read(file)
    check(documents)
    assert documents[0].mentions[0].where == f"{file}:1, token 2"
    assert huggingface.raw_files(file) == [file]


def test_tags_by_number_take_their_names_from_the_corpus_file(tmp_path):
    check(huggingface.read(write(tmp_path, ROWS), None, Options(tag_names=NAMES)))


def test_tags_by_number_take_their_names_from_what_datasets_writes_beside(tmp_path):
    file = write(tmp_path, ROWS)
    (tmp_path / "dataset_info.json").write_text(json.dumps(INFO, indent=4), "utf8")
    check(huggingface.read(file))
    check(huggingface.read(tmp_path))
    assert [one.name for one in huggingface.raw_files(tmp_path)] == ["train.jsonl", "dataset_info.json"]


def test_the_corpus_file_has_the_last_word_on_names(tmp_path):
    file = write(tmp_path, ROWS)
    (tmp_path / "dataset_info.json").write_text(json.dumps(INFO), "utf8")
    names = ["O", "B-A", "I-A", "B-B", "I-B"]
    assert spans(huggingface.read(file, None, Options(tag_names=names))[0]) == [("chalk syrup", "A")]


def test_each_folder_and_an_archive_have_names_of_their_own(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part, label in (("a", "A"), ("b", "B")):
            features = {"ner_tags": {"feature": {"names": ["O", f"B-{label}"], "_type": "ClassLabel"}}}
            archive.writestr(f"{part}/dataset_info.json", json.dumps({"features": features}))
            archive.writestr(f"{part}/data.jsonl", json.dumps({"tokens": ["x"], "ner_tags": [1]}))
    (tmp_path / "all.zip").write_bytes(stream.getvalue())
    documents = huggingface.read(tmp_path / "all.zip")
    assert [(one.id, *spans(one)) for one in documents] == [("a/data/1", ("x", "A")), ("b/data/1", ("x", "B"))]
    assert len(huggingface.raw_files(tmp_path / "all.zip")) == 4


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read(tmp_path, indent):
    (tmp_path / "a.json").write_text(json.dumps([by_name(row) for row in ROWS], indent=indent), "utf8")
    documents = huggingface.read(tmp_path / "a.json")
    check(documents)
    assert documents[1].mentions[0].where == f"{tmp_path / 'a.json'}, item 2, token 2"


def test_parquet_is_read_with_the_names_in_it(tmp_path):
    metadata = {b"huggingface": json.dumps({"info": {"features": INFO["features"]}}).encode()}
    file = write_parquet(tmp_path, ROWS, metadata)
    check(huggingface.read(file))
    (tmp_path / "dataset_info.json").write_text('{"features": null}', "utf8")
    check(huggingface.read(file))


def test_parquet_without_names_takes_those_of_the_corpus_file(tmp_path):
    check(huggingface.read(write_parquet(tmp_path, ROWS, {}), None, Options(tag_names=NAMES)))


def test_parquet_without_pyarrow_is_one_line_with_a_remedy(tmp_path, monkeypatch):
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ProjectError, match=r"a\.parquet: .*without pyarrow.*`pip install datasets`.*JSON lines"):
        huggingface.read(tmp_path / "a.parquet")


def test_damaged_parquet_is_one_line(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ProjectError, match=r"a\.parquet: not a Parquet file, or damaged \("):
        huggingface.read(tmp_path / "a.parquet")


def test_other_names_of_the_columns_and_bare_tags_are_read(tmp_path):
    file = write(tmp_path, [{"words": ["a", "b"], "tags": ["O", "B"], "pos_tags": [1, 2]}])
    (document,) = huggingface.read(file, None, Options(label="Disease"))
    assert (document.id, spans(document)) == ("1", [("b", "Disease")])


def test_nested_tags_are_noted(tmp_path):
    row = {"tokens": ["a", "b", "c"], "ner_tags": ["B-A", "I-A", "O"], "nested_ner_tags": ["O", "B-B", "O"]}
    (document,) = huggingface.read(write(tmp_path, [row]))
    assert (spans(document), document.meta["notes"]) == ([("a b", "A")], (NESTED,))


def test_tokens_without_characters_are_passed_over_and_noted(tmp_path):
    row = {"tokens": ["a", "", "b", "", "c"], "ner_tags": ["O", "B-A", "I-A", "O", "B-C"]}
    (document,) = huggingface.read(write(tmp_path, [row]))
    assert (document.text, spans(document)) == ("a b c", [("b", "A"), ("c", "C")])
    assert document.meta["notes"] == (huggingface.EMPTY_TOKEN, huggingface.EMPTY_TOKEN, NOT_OPENED)


def test_a_row_without_tokens_is_an_empty_document(tmp_path):
    (document,) = huggingface.read(write(tmp_path, [{"tokens": [], "ner_tags": []}]))
    assert (document.text, document.meta["sentence_starts"]) == ("", ())


def test_ids_name_the_file_if_there_are_several(tmp_path):
    for name in ("train.jsonl", "deep/test.jsonl"):
        write(tmp_path, [by_name(row) for row in ROWS], name)
    assert [one.id for one in huggingface.read(tmp_path)] == ["deep/test/0", "deep/test/1", "train/0", "train/1"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"ner_tags": []}, ":2: no key 'tokens'.*words.*ner_tags"),
        ({"tokens": []}, ":2: no key 'ner_tags'"),
        ({"tokens": "a b", "ner_tags": []}, ":2: key 'tokens' is not of type list"),
        ({"tokens": ["a"], "ner_tags": "O"}, ":2: key 'ner_tags' is not of type list"),
        ({"tokens": ["a"], "ner_tags": []}, ":2: 1 tokens, but 0 tags"),
        ({"tokens": ["a"], "ner_tags": [0]}, ":2, key 'ner_tags', tag 1: 0 is not .*\\(there are 0 names"),
        ({"tokens": ["a"], "ner_tags": [-100]}, ":2, key 'ner_tags', tag 1: -100 is not the number.*`tag_names: "),
        ({"tokens": ["a"], "ner_tags": [True]}, ":2, key 'ner_tags', tag 1: neither a tag nor the number of one.*bool"),
        ({"tokens": ["a"], "ner_tags": [None]}, ":2, key 'ner_tags', tag 1: neither a tag nor the number of one"),
        ({"tokens": ["a", "b"], "ner_tags": ["O", "Drug"]}, ":2, token 2: not a tag.*`B-Drug`"),
        ({"tokens": ["a"], "ner_tags": ["B"]}, ":2, token 1: a tag without a label"),
        ({"tokens": [7], "ner_tags": ["O"]}, ":2, token 1: not a token"),
        ({"tokens": ["\ud83d"], "ner_tags": ["O"]}, ":2, token 1: not a token: .* half of a surrogate pair"),
        ({"id": "0", "tokens": [], "ner_tags": []}, ":2: a second document with the id '0'.*:1"),
        ({"id": [], "tokens": [], "ner_tags": []}, ":2: key 'id' is not of type str"),
        (["a"], ", item 1: expected a JSON object, got str"),
    ],
)
def test_a_wrong_row_is_named_and_not_quoted(tmp_path, row, message):
    with pytest.raises(ProjectError, match=rf"train\.jsonl(:2)?{message}") as error:
        huggingface.read(write(tmp_path, [by_name(ROWS[0]), row]))
    assert "\n" not in str(error.value)


def test_a_number_beyond_the_names_is_named(tmp_path):
    with pytest.raises(ProjectError, match=r"tag 3: 2 is not the number of a tag \(there are 2 names"):
        huggingface.read(write(tmp_path, ROWS), None, Options(tag_names=NAMES[:2]))


@pytest.mark.parametrize("features", [None, [], {"ner_tags": 1}, {"ner_tags": {"feature": {"names": [1]}}}])
def test_an_info_that_names_no_tags_is_none(tmp_path, features):
    file = write(tmp_path, ROWS)
    (tmp_path / "dataset_info.json").write_text(json.dumps({"features": features}), "utf8")
    with pytest.raises(ProjectError, match="there are 0 names.*dataset_info.json"):
        huggingface.read(file)


def test_files_without_rows_are_errors(tmp_path):
    (tmp_path / "dataset_info.json").write_text(json.dumps(INFO), "utf8")
    with pytest.raises(ProjectError, match="only files such as dataset_info.json, which have no rows"):
        huggingface.read(tmp_path)
    write(tmp_path, [])
    with pytest.raises(ProjectError, match=r"train\.jsonl: no documents in this file"):
        huggingface.read(tmp_path)
    with pytest.raises(ProjectError, match="no separate `annotations`"):
        huggingface.read(tmp_path, tmp_path)


def test_a_corpus_file_names_the_tags(tmp_path):
    write(tmp_path, ROWS)
    choices = {"language": "en", "domain": "ugt", "format": "huggingface", "path": tmp_path, "tag_names": NAMES}
    settings = CorpusSettings(**choices, labels={"Drug": "Drug", "Disease": "Disease"})
    manifest = convert_corpus("mine", settings).manifest
    assert manifest.read.mentions == {"Disease": 1, "Drug": 1}


TOKENS = st.text("ab#O-\u00a0🙂\u0301", min_size=1, max_size=3)
TAGS = st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B", "S-A", "E-A"])


@given(st.lists(st.lists(st.tuples(TOKENS, TAGS), min_size=1, max_size=6), min_size=1, max_size=4), st.booleans())
def test_rows_are_read_as_the_same_sentences_of_a_conll_file(sentences, numbered):
    names = sorted({tag for sentence in sentences for _, tag in sentence})
    rows = [
        {"tokens": [word for word, _ in one], "ner_tags": [names.index(tag) if numbered else tag for _, tag in one]}
        for one in sentences
    ]
    lines: list[str] = []
    for number, one in enumerate(sentences, start=1):
        lines += [f"# newdoc id = {number}\n", *(f"{word}\t{tag}\n" for word, tag in one)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.tsv").write_text("".join(lines), "utf8", newline="")
        expected = conll.read(Path(folder) / "a.tsv")
        found = huggingface.read(write(Path(folder), rows), None, Options(tag_names=names))
    assert [(one.id, one.text, spans(one), one.meta) for one in found] == [
        (one.id, one.text, spans(one), one.meta) for one in expected
    ]
