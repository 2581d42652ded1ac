"""A converted corpus's manifest: what it was made from, and whether it still is what would be made now."""
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.base.files import hash_data, hash_file, hash_files, read_json
from scripts.corpora.formats import FORMATS
from scripts.corpora.settings import CorpusSettings

FILE = "manifest.json"
SPLITS = ("train", "test")
TOKENIZER = "tokenizer"
LIBRARIES = ("spacy", "pysbd", "razdel")


def fingerprint(settings: CorpusSettings) -> str:
    """Identify what a converted corpus depends on: settings, raw files, the code of this room, library versions.

    settings (CorpusSettings): The corpus file.
    RETURNS (str): A sha256.
    RAISES (ProjectError): If raw files are absent.
    """
    room = Path(__file__).parent
    raw = FORMATS[settings.format].raw_files(settings.path, settings.annotations)
    parts = {
        "settings": settings.model_dump(mode="json"),
        "raw files": [(path.as_posix(), hash_file(path)) for path in raw],
        "code": hash_files(room.rglob("*.py"), room),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    return hash_data(parts)


def is_current(folder: Path, expected: str) -> bool:
    """Tell whether a corpus needs no converting.

    folder (Path): The converted corpus.
    expected (str): The fingerprint that its manifest should hold.
    RETURNS (bool): True if it does, and the files are those that the manifest was written for.
    """
    if not (folder / FILE).is_file():
        return False
    manifest = read_json(folder / FILE)
    if manifest.get("fingerprint") != expected:
        return False
    files = {folder / f"{split}.spacy": manifest["splits"][split]["sha256"] for split in SPLITS}
    return all(file.is_file() and hash_file(file) == sha256 for file, sha256 in files.items())


def read_manifest(corpus: Path, name: str) -> dict[str, Any]:
    """RETURNS (dict): The manifest of a converted corpus; a ProjectError names the command that is missing."""
    return read_json(corpus / name / FILE, made_by="convert")


def hash_text(text: str) -> str:
    """RETURNS (str): The sha256 of a text."""
    return hashlib.sha256(text.encode("utf8")).hexdigest()


def is_tokenizer_saved(corpus: Path) -> bool:
    """RETURNS (bool): Whether the tokenizer that goes with the converted corpora is there."""
    return (corpus / TOKENIZER / "tokenizer").is_file() and (corpus / TOKENIZER / "config.cfg").is_file()
