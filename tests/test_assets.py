"""Test that `weasel assets` downloads the public corpora (from a local server here) and that `convert` reads them."""
import http.server
import json
import threading
import zipfile
from pathlib import Path

import pytest

from scripts import convert
from scripts.corpora.settings import read_corpus_settings
from tests.project import ROOT, copy_project, read_project, weasel

ROW = {
    "entities": [{"start": 5, "end": 10, "entity_type": "Drugname", "entity_text": "мезим", "concept_id": 1}],
}
EXPERIMENT = "corpora: [rudrec, ruccon, ruccon_published]\nin_corpus: {seeds: [0], training: {epochs: 1}}\n"
PUBLIC = {asset["dest"]: asset["url"] for asset in read_project()["assets"] if "url" in asset}


@pytest.fixture
def server(tmp_path):
    """The address of a server for a folder, and that folder."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()


def write_public_corpora(folder: Path) -> None:
    """Small invented files in the form in which RuDReC and RuCCoN come."""
    rows = [
        json.dumps({"file_name": f"{number}.tsv", "sentence_id": 0, "text": f"Пили мезим {number} раз.\n", **ROW})
        for number in range(3)
    ]
    (folder / "rudrec.json").write_text("\n".join(rows), "utf8")
    with zipfile.ZipFile(folder / "ruccon.zip", "w") as archive:
        archive.writestr("RuCCoN-main/README.txt", "not a document")
        for name in ("main/0/1", "main/0/2", "main1/1", "main2/1", "main3/1", "test/1"):
            archive.writestr(f"RuCCoN-main/RUCCON/{name}.txt", f"Назначен аспирин, см. {name}.")
            archive.writestr(f"RuCCoN-main/RUCCON/{name}.ann", "T1\tDrug 9 16\tаспирин\n")


def test_public_corpora_are_fetched_and_read_as_they_come(tmp_path, server, monkeypatch):
    address, served = server
    write_public_corpora(served)
    project = copy_project(tmp_path / "project")
    text = (project / "project.yml").read_text("utf8")
    for dest, url in PUBLIC.items():
        text = text.replace(url, f"{address}/{'ruccon.zip' if dest.endswith('.zip') else 'rudrec.json'}")
    (project / "project.yml").write_text(text, "utf8")
    fetched = weasel(project, "assets", ".")
    assert fetched.returncode == 0, fetched.stdout[-2000:]
    # What is private is named, with the place where it has to be put.
    assert "You need to add this file yourself" in fetched.stdout and "assets/cadec" in fetched.stdout
    (project / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT, "utf8")
    monkeypatch.chdir(project)
    convert.main("mine", Path("configs"), Path("corpus"))
    published = json.loads(Path("corpus/ruccon_published/manifest.json").read_text("utf8"))
    assert list(published["splits"]["train"]["ids"]) == ["main/0/1", "main/0/2"]
    assert list(published["splits"]["test"]["ids"]) == ["test/1"]
    assert set(published["left_out"]["ids"]) == {"main1/1", "main2/1", "main3/1"}
    assert json.loads(Path("corpus/rudrec/manifest.json").read_text("utf8"))["read"]["mentions"] == {"Drugname": 3}


def test_private_corpora_come_before_the_first_download_which_may_fail():
    has_url = ["url" in asset for asset in read_project()["assets"]]
    assert has_url == sorted(has_url)


def test_every_corpus_file_that_names_assets_names_a_declared_one():
    declared = {asset["dest"] for asset in read_project()["assets"]}
    for file in (ROOT / "configs" / "corpora").glob("*.yml"):
        path = read_corpus_settings(file).path.as_posix()
        if path.startswith("corpus/"):
            # A part of another corpus, which `convert` writes.
            continue
        assert any(path == dest or path.startswith(f"{dest}/") for dest in declared), file
