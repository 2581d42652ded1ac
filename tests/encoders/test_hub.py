"""Test downloads with the real huggingface_hub, from a small local server with the hub's routes."""
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Iterator

import pytest

from scripts.base.files import hash_file

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODEL = "lab/tiny"
ROOT = Path(__file__).parents[2]
CALL = "import sys; from scripts.encoders.hub import download_snapshot; print(download_snapshot(sys.argv[1]))"


class Hub(BaseHTTPRequestHandler):
    """One model in `folder`; `asked` lists what was downloaded."""

    folder: Path
    asked: list[str]

    def do_GET(self) -> None:
        if self.path.split("?")[0].startswith(f"/api/models/{MODEL}"):
            files = [{"rfilename": path.name} for path in sorted(self.folder.iterdir())]
            self.answer(200, json.dumps({"id": MODEL, "sha": COMMIT, "siblings": files}).encode())
        elif self.path.startswith(f"/{MODEL}/resolve/"):
            self.answer_file(self.path.rpartition("/")[2])
        else:
            self.answer(404, b"{}", **{"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def answer_file(self, name: str) -> None:
        if self.command == "GET":
            self.asked.append(name)
        path = self.folder / name
        self.answer(200, path.read_bytes(), **{"ETag": f'"{hash_file(path)}"', "X-Repo-Commit": COMMIT})

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, type[Hub]]]:
    folder = tmp_path / "published"
    folder.mkdir()
    for name in ("config.json", "vocab.txt", "tokenizer_config.json", "pytorch_model.bin", "tf_model.h5", "README.md"):
        (folder / name).write_text(name)
    handler = type("OneHub", (Hub,), {"folder": folder, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def download(name: str, home: Path, **variables: str) -> subprocess.CompletedProcess:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment = {**kept, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", **variables}
    command = [sys.executable, "-c", CALL, name]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)


def fails_with(done: subprocess.CompletedProcess, message: str) -> bool:
    last = done.stderr.strip().splitlines()[-1]
    return done.returncode != 0 and last.startswith("scripts.base.errors.ProjectError") and message in last


def test_only_the_needed_files_are_fetched_and_then_found_without_network(hub, tmp_path: Path):
    address, handler = hub
    done = download(MODEL, tmp_path / "home", HF_ENDPOINT=address)
    folder = Path(done.stdout.strip())
    assert folder.name == COMMIT and folder.is_relative_to(tmp_path / "home")
    needed = ["config.json", "pytorch_model.bin", "tokenizer_config.json", "vocab.txt"]
    assert sorted(handler.asked) == needed
    assert sorted(path.name for path in folder.iterdir()) == needed
    again = download(MODEL, tmp_path / "home", HF_HUB_OFFLINE="1")
    assert Path(again.stdout.strip()) == folder


def test_safetensors_are_preferred(hub, tmp_path: Path):
    address, handler = hub
    (handler.folder / "model.safetensors").write_text("weights")
    download(MODEL, tmp_path / "home", HF_ENDPOINT=address)
    assert "model.safetensors" in handler.asked and "pytorch_model.bin" not in handler.asked


def test_model_without_weights_is_an_error(hub, tmp_path: Path):
    address, handler = hub
    (handler.folder / "pytorch_model.bin").unlink()
    done = download(MODEL, tmp_path / "home", HF_ENDPOINT=address)
    assert fails_with(done, f"'{MODEL}' has neither model.safetensors nor pytorch_model.bin")


def test_unknown_name_is_an_error(hub, tmp_path: Path):
    done = download("lab/tinny", tmp_path / "home", HF_ENDPOINT=hub[0])
    assert fails_with(done, "no model 'lab/tinny' on the Hugging Face hub. Check the spelling")


@pytest.mark.parametrize("variable", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_no_network_is_an_error(variable: dict[str, str], tmp_path: Path):
    done = download(MODEL, tmp_path / "home", **variable)
    assert fails_with(done, f"can't reach the Hugging Face hub, and '{MODEL}' is not in its cache")
