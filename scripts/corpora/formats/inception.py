"""Know the layout of a project that INCEpTION exports: whose copy of a document lies where in it.

An export holds `annotation/DOCUMENT/USER.SUFFIX`, `curation/DOCUMENT/CURATION_USER.SUFFIX` and much else beside
`exportedproject.json`: the source texts, logs, settings, and the annotations once more in Java's own serialisation.
Where several files make up an export of one document, they lie in `USER.zip`.
"""
from pathlib import Path, PurePath, PurePosixPath
from typing import Collection, Mapping

from scripts.corpora.formats.raw import RawFile, search_files

FOLDERS = ("annotation", "curation")
PROJECT_FILE = "exportedproject"
# Each document is exported once more as it was before anyone worked on it, beside the annotators' files.
INITIAL = "INITIAL_CAS"
BEFORE_ANNOTATION = f"the document as it was before annotation ({INITIAL})"


def find_projects(path: Path) -> set[PurePosixPath]:
    """RETURNS (set[PurePosixPath]): The folders below a path, that itself included, that hold a project's export."""
    names = map(PurePosixPath, search_files(path, [".json"]))
    return {name.parent for name in names if name.name.startswith(PROJECT_FILE)}


def documents_of(files: Mapping[str, RawFile], projects: Collection[PurePosixPath]) -> dict[str, RawFile]:
    """Leave out what an export holds besides annotated documents.

    files (Mapping[str, RawFile]): By path below the folder that is read.
    projects (Collection[PurePosixPath]): What `find_projects` found there.
    RETURNS (dict[str, RawFile]): The files that lie where annotators' or curated documents do, or in no export.
    """
    return {name: file for name, file in files.items() if _is_document(PurePosixPath(name), projects)}


def _is_document(name: PurePosixPath, projects: Collection[PurePosixPath]) -> bool:
    holding = [project for project in projects if project in name.parents]
    return all(name.relative_to(project).parts[0] in FOLDERS for project in holding)


def owner_of(file: RawFile) -> str:
    """Tell whose copy of a document a file holds.

    file (RawFile): A file, or an archive, of an export; it may be unpacked into a folder of its name.
    RETURNS (str): The user's name, or INCEpTION's names for the curated and the untouched document; empty if the file
        does not lie as it would in an export.
    """
    parts = PurePath(str(file)).parts
    if parts[-3:-2] and parts[-3] in FOLDERS:
        return PurePath(parts[-1]).stem
    return parts[-2] if parts[-4:-3] and parts[-4] in FOLDERS else ""


def annotator_of(owner: str) -> str:
    """RETURNS (str): The owner of a document, unless it is the one that nobody has worked on."""
    return "" if owner == INITIAL else owner
