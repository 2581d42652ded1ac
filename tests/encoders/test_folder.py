"""Test folders with an encoder: which of them load, and why others are refused."""
import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from scripts.base.errors import ProjectError
from scripts.encoders.folder import Sizes, check_folder, hash_folder

WORD_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "aspirin", "Pain", "##s", "Боль"]


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of the tiny encoder that a test may damage."""
    return Path(shutil.copytree(tiny_encoder, tmp_path / "bert"))


def with_word_pieces(folder: Path, pieces: list[str]) -> None:
    for path in folder.glob("*token*.json"):
        path.unlink()
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf8")


def test_good_folder_gives_its_sizes(tiny_encoder: Path):
    config = json.loads((tiny_encoder / "config.json").read_text())
    assert check_folder(tiny_encoder) == Sizes(layers=2, hidden_size=32, vocabulary=config["vocab_size"])


def test_folder_with_only_a_word_piece_list_is_good(folder: Path):
    with_word_pieces(folder, [piece.lower() if piece[0] != "[" else piece for piece in WORD_PIECES])
    assert check_folder(folder).layers == 2


def test_cased_word_piece_list_must_say_that_it_is_cased(folder: Path):
    with_word_pieces(folder, WORD_PIECES)
    with pytest.raises(ProjectError, match='has capitals, but .* lower-cases. .*"do_lower_case": false'):
        check_folder(folder)
    assert check_folder(folder, lower_case=False).layers == 2
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert check_folder(folder).layers == 2


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", None, "no config.json"),
        ("config.json", "{", "can't load the config.json"),
        ("config.json", '{"model_type": "no-such"}', "can't load the config.json"),
        ("model.safetensors", None, r"no weights \(model.safetensors or pytorch_model.bin\)"),
        ("model.safetensors", "half a file", "can't load the weights"),
        ("tokenizer.json", "{", "can't load the tokenizer"),
    ],
)
def test_damaged_folder_is_one_line(file: str, content: str, message: str, folder: Path):
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(ProjectError, match=message) as failure:
        check_folder(folder)
    assert str(failure.value).startswith(str(folder)) and "\n" not in str(failure.value)


def test_weights_without_a_layer_are_an_error(folder: Path):
    weights = load_file(folder / "model.safetensors")
    kept = {name: values for name, values in weights.items() if "layer.1." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ProjectError, match="the weights lack 16 tensors of the model, such as encoder.layer.1."):
        check_folder(folder)


def test_tokenizer_with_more_tokens_than_rows_is_an_error(folder: Path):
    with_word_pieces(folder, [*WORD_PIECES[:5], *(f"w{number}" for number in range(1000))])
    with pytest.raises(ProjectError, match="1005 tokens, but only 358 word embeddings"):
        check_folder(folder)


def test_slow_tokenizer_is_an_error(folder: Path):
    for path in folder.glob("*token*.json"):
        path.unlink()
    (folder / "vocab.json").write_text('{"<unk>": 0, "a</w>": 1}')
    (folder / "merges.txt").write_text("#version: 0.2\n")
    # CTRL's tokenizer has no fast form, and no other file says what this folder's is.
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CTRLTokenizer"}')
    with pytest.raises(ProjectError, match="the tokenizer has no fast version"):
        check_folder(folder)


def test_hash_tells_an_encoder_by_its_own_files(folder: Path, tiny_encoder: Path):
    assert hash_folder(folder) == hash_folder(tiny_encoder)
    (folder / "README.md").write_text("notes")
    (folder / "pytorch_model.bin").write_bytes(b"not loaded beside safetensors")
    assert hash_folder(folder) == hash_folder(tiny_encoder)
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    assert hash_folder(folder) != hash_folder(tiny_encoder)


@pytest.mark.parametrize("model_type", ["bert", "of-its-own"])
def test_code_that_lies_with_an_encoder_is_never_run(folder: Path, tmp_path: Path, monkeypatch, model_type: str):
    mark = tmp_path / "it_ran"
    (folder / "own.py").write_text(
        f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
        "from transformers import BertConfig as OwnConfig, BertModel as OwnModel\n"
    )
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": model_type, "auto_map": own}))
    # What a piped `yes` answers to transformers' question.
    monkeypatch.setattr("builtins.input", lambda *question: "y")
    if model_type == "bert":
        assert check_folder(folder).layers == 2
    else:
        with pytest.raises(ProjectError, match=r"config.json \(it needs its own code .*`auto_map`.* never") as raised:
            check_folder(folder)
        assert "\n" not in str(raised.value)
    assert not mark.exists()
