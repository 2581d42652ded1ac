"""Check whether a converted corpus is still up to date with its raw files and settings."""
from importlib.metadata import version
from pathlib import Path
from typing import Any, Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, hash_file, hash_files, read_checked_json, write_checked_json
from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.raw import hash_raw, list_unread, split_archive
from scripts.corpora.manifest import read_manifest
from scripts.corpora.recognize import name_format
from scripts.corpora.settings import CorpusSettings
from scripts.corpora.sides import FILE, Sides, is_converted_with

TOKENIZER = "tokenizer"
TOKENIZER_RECORD = "saved.json"
LIBRARIES = ("spacy", "pysbd", "razdel", "nltk", "dkpro-cassis", "lxml")


def check_present(settings: Mapping[str, CorpusSettings]) -> None:
    """Check that the raw files of all corpora exist, before the first one is read.

    settings (Mapping[str, CorpusSettings]): The corpus files, by corpus.
    RAISES (ProjectError): If corpora are missing, with all of them and where to get them.
    """
    missing = []
    for name, corpus in settings.items():
        paths = [split_archive(path)[0] or path for path in _paths(corpus)]
        absent = [path for path in paths if not path.exists()]
        if absent:
            missing.append(f"{name} in {' and '.join(map(str, absent))} ({corpus.obtain or 'see `path` in its file'})")
    if missing:
        raise ProjectError(f"{len(missing)} of {len(settings)} corpora are missing: {'; '.join(missing)}")


def fingerprint(settings: CorpusSettings) -> str:
    """Hash everything a converted corpus depends on: settings, raw files, this package's code and library versions.

    settings (CorpusSettings): The corpus file.
    RETURNS (str): A sha256.
    RAISES (ProjectError): If raw files are missing.
    """
    with name_format(settings.path_here, settings.format):
        raw = FORMATS[settings.format].raw_files(settings.path_here, settings.annotations_here)
    raw_files = [(str(path), hash_raw(path)) for path in raw]
    return hash_data({"settings": settings.decisive, "raw files": raw_files, **_converter()})


def _converter() -> dict[str, Any]:
    """RETURNS (dict): This package's code and the versions of the libraries, for a hash."""
    package = Path(__file__).parent
    return {
        "code": hash_files(package.rglob("*.py"), package),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def hash_raw_files(settings: CorpusSettings) -> str:
    """RETURNS (str): A sha256 of the contents of a corpus's raw files, wherever they are. Empty if they can't be read,
    as on another machine."""
    try:
        raw = FORMATS[settings.format].raw_files(settings.path_here, settings.annotations_here)
        return hash_data(sorted(hash_raw(path) for path in raw))
    except (OSError, ProjectError):
        return ""


def list_unread_files(settings: CorpusSettings) -> str:
    """RETURNS (str): The files in a corpus's folders that its reader leaves out, as in `list_unread`."""
    raw = FORMATS[settings.format].raw_files(settings.path_here, settings.annotations_here)
    return list_unread(_paths(settings), raw)


def _paths(settings: CorpusSettings) -> list[Path]:
    return [path for path in (settings.path_here, settings.annotations_here) if path]


def is_current(corpus: Path, name: str, expected: str, sides: Optional[Sides]) -> bool:
    """Check whether a converted corpus is up to date.

    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    expected (str): The expected fingerprint.
    sides (Optional[Sides]): The side that each document should be on, or None if the split is a published one.
    RETURNS (bool): True if the manifest has this fingerprint, the documents are on their sides, and the files match the
        manifest.
    """
    try:
        manifest = read_manifest(corpus, name)
    except ProjectError:
        # Missing, damaged or from an earlier version: converting fixes it in any case.
        return False
    folder = corpus / name
    hashes = {folder / f"{part}.spacy": account.sha256 for part, account in manifest.splits.items()}
    return (
        manifest.fingerprint == expected
        and is_converted_with(manifest, sides)
        and (sides is None or (folder / FILE).is_file())
        and all(file.is_file() and hash_file(file) == sha256 for file, sha256 in hashes.items())
    )


def is_tokenizer_saved(corpus: Path) -> bool:
    """RETURNS (bool): Whether the tokenizer of the converted corpora has been saved, and hasn't changed since."""
    folder = corpus / TOKENIZER
    if not (folder / "tokenizer").is_file() or not (folder / "config.cfg").is_file():
        return False
    if not (folder / TOKENIZER_RECORD).is_file():
        # Saved by an earlier version.
        return True
    return _read_tokenizer_record(folder).get("sha256") == _hash_tokenizer(folder)


def is_tokenizer_current(corpus: Path) -> bool:
    """RETURNS (bool): Whether the saved tokenizer is the one that corpora are tokenized with when they are converted
    now. An earlier version may have saved another one."""
    return is_tokenizer_saved(corpus) and _read_tokenizer_record(corpus / TOKENIZER).get("made_by") == _made_by()


def write_tokenizer_record(folder: Path) -> None:
    """Record the files of the tokenizer that was saved to a folder, and what made them."""
    write_checked_json(folder / TOKENIZER_RECORD, {"sha256": _hash_tokenizer(folder), "made_by": _made_by()})


def _read_tokenizer_record(folder: Path) -> Mapping[str, Any]:
    """RETURNS (Mapping): The record of the tokenizer. Empty if it is missing or damaged."""
    try:
        record = read_checked_json(folder / TOKENIZER_RECORD)
    except ProjectError:
        return {}
    return record if isinstance(record, dict) else {}


def _made_by() -> str:
    return hash_data(_converter())


def _hash_tokenizer(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != TOKENIZER_RECORD]
    return hash_files(files, folder)
