"""Raw files of a corpus: found below a folder, and read without a character being changed."""
import os
from pathlib import Path
from typing import Iterator, Optional, Sequence

from scripts.base.errors import ProjectError

BYTE_ORDER_MARK = "\ufeff"
_CHECK = "check `path` and `annotations` in the corpus file"


def find_files(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Find files by their suffixes, at any depth; symbolic links are followed.

    folder (Path): Where to look.
    suffixes (Sequence[str]): Such as `[".txt"]`.
    RETURNS (dict[str, Path]): By name: the path below the folder without the suffix. Sorted by name.
    RAISES (ProjectError): If there is no such folder, none such file in it, two files of one name, or a link that
        leads back to a folder above it.
    """
    if not folder.is_dir():
        raise ProjectError("no such folder", where=folder, remedy=_CHECK)
    found: dict[str, Path] = {}
    for file in _walk(folder, ()):
        if file.suffix.lower() not in suffixes:
            continue
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise ProjectError(f"the same name as {found[name].name}", where=file, remedy="rename one of the two")
        found[name] = file
    if not found:
        raise ProjectError(f"no {' or '.join(suffixes)} files in this folder", where=folder, remedy=_CHECK)
    return dict(sorted(found.items()))


def find_file_or_files(path: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Take a single file, whatever its suffix, or find the files of a folder.

    path (Path): A file or a folder.
    suffixes (Sequence[str]): Which files of a folder are meant.
    RETURNS (dict[str, Path]): By name; see `find_files`.
    RAISES (ProjectError): If there is neither file nor folder, or the folder holds no such file.
    """
    if path.is_file():
        return {path.stem: path}
    if not path.is_dir():
        raise ProjectError("no such file or folder", where=path, remedy="check `path` in the corpus file")
    return find_files(path, suffixes)


def refuse_annotations(annotations: Optional[Path]) -> None:
    """RAISES (ProjectError): If a folder of annotations is given to a format that keeps them with the texts."""
    if annotations is not None:
        raise ProjectError("this format has no `annotations` of its own", where=annotations, remedy="remove the key")


def read_text(file: Path) -> str:
    """Read a text whose offsets count every character: line ends and a byte order mark stay as they are.

    file (Path): A UTF-8 file.
    RETURNS (str): Its text.
    RAISES (ProjectError): If it is not UTF-8.
    """
    # Bytes, since text mode would turn `\r\n` into one character.
    try:
        return file.read_bytes().decode("utf8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"not UTF-8 (byte {error.start})", where=file, remedy="convert the file to UTF-8") from None


def read_lines(file: Path) -> list[str]:
    """Read the lines of a file that is not itself an annotated text.

    file (Path): A UTF-8 file.
    RETURNS (list[str]): Lines without their ends and without a byte order mark; the last one may be empty.
    RAISES (ProjectError): If it is not UTF-8.
    """
    return split_lines(read_text(file))


def split_lines(text: str) -> list[str]:
    """RETURNS (list[str]): The lines of a text, parted at `\\n` and `\\r\\n` and nowhere else."""
    # Not `splitlines`: a mention may hold a character such as U+2028 that is a line break elsewhere.
    return [line.removesuffix("\r") for line in text.removeprefix(BYTE_ORDER_MARK).split("\n")]


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """YIELDS (Path): The files below a folder, but for hidden ones, which some systems leave beside each file."""
    real = folder.resolve()
    if real in above:
        raise ProjectError("a symbolic link that leads back to a folder above it", where=folder, remedy="remove it")
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    for path in (folder / name for name in names):
        if path.is_dir():
            yield from _walk(path, (*above, real))
        elif path.is_symlink() and not path.exists():
            raise ProjectError("a symbolic link that leads nowhere", where=path, remedy="mend or remove it")
        else:
            yield path
