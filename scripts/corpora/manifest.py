"""A converted corpus's manifest: what it was made from, and whether it still is what would be made now."""
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any, Mapping

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_data, hash_file, hash_files, read_json
from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.raw import split_archive
from scripts.corpora.settings import CorpusSettings

FILE = "manifest.json"
# In the order in which they are shown; a corpus has the second only if one is published.
PARTS = ("train", "dev", "test")
TOKENIZER = "tokenizer"
LIBRARIES = ("spacy", "pysbd", "razdel", "nltk", "dkpro-cassis")


def check_present(settings: Mapping[str, CorpusSettings]) -> None:
    """Check that the raw files of all corpora are there, before the first one is read.

    settings (Mapping[str, CorpusSettings]): The corpus files, by corpus.
    RAISES (ProjectError): All corpora that are missing, and where each is to be had.
    """
    missing = []
    for name, corpus in settings.items():
        paths = [split_archive(path)[0] or path for path in (corpus.path, corpus.annotations) if path]
        absent = [path for path in paths if not path.exists()]
        if absent:
            missing.append(f"{name} in {' and '.join(map(str, absent))} ({corpus.obtain or 'see `path` in its file'})")
    if missing:
        raise ProjectError(f"{len(missing)} of {len(settings)} corpora are missing: {'; '.join(missing)}")


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
        "raw files": [(str(path), hash_file(path)) for path in raw],
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
    files = {folder / f"{part}.spacy": counts["sha256"] for part, counts in manifest["splits"].items()}
    return all(file.is_file() and hash_file(file) == sha256 for file, sha256 in files.items())


def read_manifest(corpus: Path, name: str) -> dict[str, Any]:
    """Read the manifest of a converted corpus.

    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    RETURNS (dict): What `convert` wrote about it.
    RAISES (ProjectError): If the corpus is not converted, or was by an earlier version of this project.
    """
    return _read_manifest(corpus / name / FILE)


@cache_by_file
def _read_manifest(path: Path) -> dict[str, Any]:
    manifest = read_json(path, made_by="convert")
    if "entity_types" not in manifest:
        raise ProjectError("written by an earlier version", where=path, remedy="run `weasel run convert` again")
    return manifest


def hash_text(text: str) -> str:
    """RETURNS (str): The sha256 of a text."""
    return hashlib.sha256(text.encode("utf8")).hexdigest()


def is_tokenizer_saved(corpus: Path) -> bool:
    """RETURNS (bool): Whether the tokenizer that goes with the converted corpora is there."""
    return (corpus / TOKENIZER / "tokenizer").is_file() and (corpus / TOKENIZER / "config.cfg").is_file()
