"""Find annotated documents and their annotators in a project export of INCEpTION.

An export has `annotation/DOCUMENT/USER.SUFFIX`, `curation/DOCUMENT/CURATION_USER.SUFFIX`, `exportedproject.json` and
many other files: source texts, logs, settings, and the annotations again in Java's own serialization. If the export of
a document has several files, they are in `USER.zip`.

All copies are exported that an annotator has ever opened. INCEpTION only curates and compares those that are marked as
finished, which `exportedproject.json` records.
"""
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Collection, Iterable, Iterator, Mapping

from scripts.corpora.formats.json_rows import read_values
from scripts.corpora.formats.raw import RawFile, search_files, split_archive

FOLDERS = ("annotation", "curation")
PROJECT_FILE = "exportedproject"
# Each document is also exported as it was before annotation, next to the annotators' files.
INITIAL = "INITIAL_CAS"
BEFORE_ANNOTATION = f"the document as it was before annotation ({INITIAL})"
CURATED = "CURATION_USER"
FINISHED, IS_LOCKED = ("FINISHED", "CURATION_FINISHED"), "IGNORE"
UNFINISHED = "it is not marked as finished in INCEpTION"
LOCKED = "it is locked for its annotator in INCEpTION"


def find_projects(path: Path) -> dict[PurePosixPath, RawFile]:
    """RETURNS (dict[PurePosixPath, RawFile]): The project files at or below a path, by the folder of their export."""
    files = {PurePosixPath(name): file for name, file in search_files(path, [".json"]).items()}
    return {name.parent: file for name, file in files.items() if name.name.startswith(PROJECT_FILE)}


def project_files(path: Path) -> list[RawFile]:
    """RETURNS (list[RawFile]): The project files at or below a path, or next to it if it is a folder of an export."""
    beside: Iterable[RawFile] = []
    if path.name in FOLDERS and split_archive(path)[0]:
        top = PurePosixPath()
        beside = [file for folder, file in find_projects(path.parent).items() if folder == top]
    elif path.name in FOLDERS:
        # Only this folder, since anything may be next to a folder with such a name.
        beside = sorted(path.parent.glob(f"{PROJECT_FILE}*.json"))
    return [*find_projects(path).values(), *beside]


def read_states(files: Iterable[RawFile]) -> dict[PurePath, str]:
    """Read how far the work on each document is.

    files (Iterable[RawFile]): Project files.
    RETURNS (dict[PurePath, str]): INCEpTION's name of the state of each copy, by its path without the suffix.
    RAISES (ProjectError): If a file is not JSON.
    """
    states: dict[PurePath, str] = {}
    for file in files:
        folder = PurePath(str(file)).parent
        for _, project in read_values(file, "export the project again"):
            annotated, curated = (_records(project, f"{kind}_documents") for kind in ("annotation", "source"))
            states |= {folder / f"annotation/{one['name']}/{one.get('user')}": one["state"] for one in annotated}
            states |= {folder / f"curation/{one['name']}/{CURATED}": one["state"] for one in curated}
    return states


def _records(project: Any, key: str) -> Iterator[Mapping[str, Any]]:
    """YIELDS (Mapping): The records of documents with a name and a state."""
    found = project.get(key) if isinstance(project, dict) else None
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("state"), str):
            yield one


def why_left_out(file: RawFile, states: Mapping[PurePath, str]) -> str:
    """Find out why a copy is not used.

    file (RawFile): The file or the archive with the copy.
    states (Mapping): The states of all copies, from `read_states`.
    RETURNS (str): The reason. Empty if the copy is used.
    """
    path = PurePath(str(file))
    if INITIAL in (owner_of(file), path.stem):
        return BEFORE_ANNOTATION
    # An unpacked archive is a folder with the name of its owner.
    state = states.get(path.with_suffix(""), states.get(path.parent))
    if state == IS_LOCKED:
        return LOCKED
    return UNFINISHED if state and state not in FINISHED else ""


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
