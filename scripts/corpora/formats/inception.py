"""Find annotated documents and their annotators in a project export of INCEpTION.

An export has `annotation/DOCUMENT/USER.SUFFIX`, `curation/DOCUMENT/CURATION_USER.SUFFIX`, `exportedproject.json` and
many other files: source texts, logs, settings, and the annotations again in Java's own serialization. If the export of
a document has several files, they are in `USER.zip`.
"""
from pathlib import Path, PurePath, PurePosixPath
from typing import Collection, Mapping

from scripts.corpora.formats.raw import RawFile, search_files

FOLDERS = ("annotation", "curation")
PROJECT_FILE = "exportedproject"
# Each document is also exported as it was before annotation, next to the annotators' files.
INITIAL = "INITIAL_CAS"
BEFORE_ANNOTATION = f"the document as it was before annotation ({INITIAL})"


def find_projects(path: Path) -> set[PurePosixPath]:
    """RETURNS (set[PurePosixPath]): The folders with a project export, at or below a path."""
    names = map(PurePosixPath, search_files(path, [".json"]))
    return {name.parent for name in names if name.name.startswith(PROJECT_FILE)}


def documents_of(files: Mapping[str, RawFile], projects: Collection[PurePosixPath]) -> dict[str, RawFile]:
    """Leave out the files of an export that are not annotated documents.

    files (Mapping[str, RawFile]): The files, by path below the folder.
    projects (Collection[PurePosixPath]): The projects found by `find_projects`.
    RETURNS (dict[str, RawFile]): The files of annotators' and curated documents, and those that are not in an export.
    """
    return {name: file for name, file in files.items() if _is_document(PurePosixPath(name), projects)}


def _is_document(name: PurePosixPath, projects: Collection[PurePosixPath]) -> bool:
    holding = [project for project in projects if project in name.parents]
    return all(name.relative_to(project).parts[0] in FOLDERS for project in holding)


def owner_of(file: RawFile) -> str:
    """Find the user whose copy of a document is in a file.

    file (RawFile): A file or an archive of an export. It may be unpacked to a folder with its name.
    RETURNS (str): The user's name, or INCEpTION's name for the curated or the initial document. Empty if the file is
        not in the layout of an export.
    """
    parts = PurePath(str(file)).parts
    if parts[-3:-2] and parts[-3] in FOLDERS:
        return PurePath(parts[-1]).stem
    return parts[-2] if parts[-4:-3] and parts[-4] in FOLDERS else ""


def annotator_of(owner: str) -> str:
    """RETURNS (str): The owner of a document, or an empty string for the initial document."""
    return "" if owner == INITIAL else owner
