"""Find the raw files of a corpus in a folder or a zip archive, and read them without changing a character."""
import gzip
import hashlib
import io
import os
import zipfile
from collections import Counter
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Iterable, Iterator, Optional, Sequence, Union, cast

from scripts.base.errors import MOST_NAMED, ProjectError
from scripts.base.files import DAMAGED_ARCHIVE

if TYPE_CHECKING:
    from lxml.etree import XMLSyntaxError

RawFile = Union[Path, zipfile.Path]
BYTE_ORDER_MARK, NUL = "\ufeff", "\0"
ZIPPED = ".gz"
# Files that systems and people put next to others, by name without suffix and by suffix.
ASIDE = ("thumbs", "desktop", "readme", "license", "licence", "changelog")
NO_DATA = (".conf", ".cfg", ".yml", ".yaml", ".md", ".cff", ".bak", ".pdf", ".log")
# The largest unpacked size of an archive or a compressed file, so that a small one can't fill the memory.
LARGEST_ARCHIVE = 2**31
_DISTRUST = "don't trust it: download it again from its publisher"
_UNZIP = "unpack it yourself, and use the file without `.gz`"
_CHECK = "check `path` and `annotations` in the corpus file"


def find_files(folder: RawFile, suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find files by their suffixes, at any depth. Symbolic links are followed.

    folder (RawFile): The folder. It may be a zip archive, or a folder in one: `a.zip/*/b`, with `*` for any one folder.
    suffixes (Sequence[str]): The suffixes, such as `[".txt"]`.
    RETURNS (dict[str, RawFile]): The files by name, which is the path below the folder without the suffix. Sorted.
    RAISES (ProjectError): If there is no such folder or no such file, if two files have the same name, or if a link
        points to a folder above it.
    """
    found = search_files(folder, suffixes)
    if not found:
        named = " or ".join(suffix for suffix in suffixes if not suffix.endswith(ZIPPED))
        there = list_unread([folder], []) if isinstance(folder, Path) else ""
        what = f"no {named} files in this folder{f' (there are: {there})' if there else ''}"
        raise ProjectError(what, where=folder, remedy=_CHECK)
    return found


def search_files(folder: RawFile, suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find files as `find_files` does, but without an error if there are none.

    folder (RawFile): The folder.
    suffixes (Sequence[str]): The suffixes, such as `[".txt"]`.
    RETURNS (dict[str, RawFile]): The files by name. Sorted.
    RAISES (ProjectError): If there is no such folder, two files have the same name, or a link points to a folder above.
    """
    found: dict[str, RawFile] = {}
    for inner, file in _files(folder):
        suffix = _suffix(inner)
        if suffix.lower() not in suffixes or _is_hidden(file):
            continue
        name = inner.removesuffix(suffix)
        if not name.isprintable() and name.encode("utf8", "replace") != name.encode("utf8", "surrogateescape"):
            raise ProjectError(f"a file name that is not UTF-8: {inner!a}", where=folder, remedy="rename the file")
        if name in found:
            raise ProjectError(f"the same name as {found[name].name}", where=file, remedy="rename one of the two")
        found[name] = file
    return dict(sorted(found.items()))


def find_named(folder: RawFile, name: str) -> dict[str, RawFile]:
    """RETURNS (dict[str, RawFile]): The files with a name, at any depth, by their paths below the folder."""
    return {inner: file for inner, file in _files(folder) if inner.rpartition("/")[2] == name}


def find_hidden(folder: Path, suffixes: Sequence[str]) -> list[RawFile]:
    """Find the hidden files that `find_files` leaves out, except those that macOS adds for each file (`._NAME`).

    folder (Path): A folder as in `find_files`.
    suffixes (Sequence[str]): The suffixes, such as `[".txt"]`.
    RETURNS (list[RawFile]): The hidden files, without those in hidden folders.
    """
    hidden = [file for _, file in _files(folder) if _is_hidden(file) and not file.name.startswith("._")]
    return [file for file in hidden if _suffix(file.name).lower() in suffixes]


def list_unread(folders: Iterable[Path], read: Iterable[RawFile]) -> str:
    """List the files in folders that a reader leaves out, without those that don't look like data.

    folders (Iterable[Path]): Folders as in `find_files`. Next to a single file, nothing is looked for.
    read (Iterable[RawFile]): The files that are read.
    RETURNS (str): Number of files by suffix, such as `2 .zip, 1 .csv`. Empty if all are read.
    """
    known = {str(file) for file in read}
    places = [folder for folder in folders if split_archive(folder)[0] or not folder.is_file()]
    # One folder may be in the other.
    there = {str(file): file.name for folder in places for _, file in _files(folder) if not _is_hidden(file)}
    names = [name for path, name in there.items() if path not in known and PurePath(name).stem.lower() not in ASIDE]
    suffixes = [_suffix(name).lower() for name in names]
    left = Counter(suffix for suffix in suffixes if suffix and suffix not in NO_DATA and not suffix.endswith("~"))
    return ", ".join(f"{count} {suffix}" for suffix, count in left.most_common(MOST_NAMED))


def find_file_or_files(path: Path, suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find a single file with any suffix, or the files in a folder.

    path (Path): A file, or a folder as in `find_files`.
    suffixes (Sequence[str]): The suffixes of files in a folder. They may be followed by `.gz`.
    RETURNS (dict[str, RawFile]): The files by name, see `find_files`.
    RAISES (ProjectError): If there is no such file or folder, or no such file in the folder.
    """
    archive, _ = split_archive(path)
    if path.is_file() and archive is None:
        return {path.name.removesuffix(_suffix(path.name)): path}
    if not (archive or path).exists():
        raise ProjectError("no such file or folder", where=path, remedy="check `path` in the corpus file")
    return find_files(path, [*suffixes, *(suffix + ZIPPED for suffix in suffixes)])


def split_archive(path: Path) -> tuple[Optional[Path], tuple[str, ...]]:
    """RETURNS (tuple): The zip archive in a path and the folders within it, or None if there is no archive."""
    for number, part in enumerate(path.parts, start=1):
        candidate = Path(*path.parts[:number])
        if part.lower().endswith(".zip") and not candidate.is_dir():
            return candidate, path.parts[number:]
    return None, ()


def find_own_files(path: Path, annotations: Optional[Path], suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find the files of a format with texts and annotations in the same file.

    path (Path): A file, or a folder as in `find_files`.
    annotations (Optional[Path]): Must be None.
    suffixes (Sequence[str]): The suffixes of files in a folder.
    RETURNS (dict[str, RawFile]): The files by name, see `find_files`.
    RAISES (ProjectError): If `annotations` is set, or there is no such file.
    """
    refuse_annotations(annotations)
    return find_file_or_files(path, suffixes)


def refuse_annotations(annotations: Optional[Path]) -> None:
    """Check that `annotations` is not set for a format with texts and annotations in the same file.

    RAISES (ProjectError): If it is.
    """
    if annotations is not None:
        raise ProjectError("this format has no separate `annotations`", where=annotations, remedy="remove the key")


def open_archive(archive: RawFile) -> zipfile.Path:
    """Open a zip archive after checking its contents.

    archive (RawFile): The archive, which may itself be in an archive.
    RETURNS (zipfile.Path): Its top folder.
    RAISES (ProjectError): If it is not a zip archive or damaged, has paths outside of itself, or is too large unpacked.
    """
    _refuse_special(archive)
    try:
        opened = zipfile.ZipFile(archive if isinstance(archive, Path) else io.BytesIO(read_bytes(archive)))
    except DAMAGED_ARCHIVE as error:
        raise ProjectError(f"not a zip archive ({error})", where=archive, remedy="download it again") from None
    # An archive in memory has no name, which is needed in errors about its files.
    opened.filename = str(archive)
    outside = [name for name in opened.namelist() if name.startswith("/") or ".." in name.split("/")]
    if outside:
        what = f"the archive has a path outside of itself ({outside[0]})"
        raise ProjectError(what, where=archive, remedy=_DISTRUST)
    check_unpacked_size([zipfile.Path(opened)], archive)
    return zipfile.Path(opened)


def check_unpacked_size(archives: Iterable[zipfile.Path], where: RawFile) -> None:
    """Check the total unpacked size of archives.

    archives (Iterable[zipfile.Path]): Opened archives.
    where (RawFile): Their location, for the error.
    RAISES (ProjectError): If the size is more than `LARGEST_ARCHIVE`.
    """
    size = sum(info.file_size for archive in archives for info in archive.root.infolist())
    if size > LARGEST_ARCHIVE:
        what = f"the archive unpacks to {size / 2**30:.1f} GiB, more than {LARGEST_ARCHIVE / 2**30:.0f}"
        raise ProjectError(what, where=where, remedy="unpack it yourself, and use the folder")


def read_text(file: RawFile) -> str:
    """Read a text without changing line breaks or a byte order mark, since offsets count every character.

    file (RawFile): A UTF-8 file.
    RETURNS (str): Its text.
    RAISES (ProjectError): If it is not UTF-8, or its archive is damaged.
    """
    # As bytes, since text mode would convert `\r\n` to one character.
    try:
        text = read_bytes(file).decode("utf8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"not UTF-8 (byte {error.start})", where=file, remedy="convert the file to UTF-8") from None
    check_encoding(text, file)
    return text


def check_encoding(text: str, file: RawFile) -> None:
    """RAISES (ProjectError): If a text has NUL characters, as UTF-16 has when it is read in another encoding."""
    if NUL in text:
        raise ProjectError("NUL characters, as in UTF-16", where=file, remedy="convert the file to UTF-8")


def read_lines(file: RawFile) -> list[str]:
    """Read the lines of a file that isn't an annotated text itself.

    file (RawFile): A UTF-8 file.
    RETURNS (list[str]): The lines without line breaks and byte order mark. The last one may be empty.
    RAISES (ProjectError): If it is not UTF-8, or its archive is damaged.
    """
    return split_lines(read_text(file))


def split_lines(text: str) -> list[str]:
    """RETURNS (list[str]): The lines of a text, split only at `\\n` and `\\r\\n`."""
    # Not `splitlines`: a mention may contain a character such as U+2028, which counts as a line break there.
    return [line.removesuffix("\r") for line in text.removeprefix(BYTE_ORDER_MARK).split("\n")]


def read_bytes(file: RawFile) -> bytes:
    """Read a file, and unpack it if its name ends in `.gz`.

    file (RawFile): The file.
    RETURNS (bytes): Its contents.
    RAISES (ProjectError): If it is damaged or too large unpacked, is in a damaged or encrypted archive, or is a pipe, a
        device or a socket.
    """
    with open_file(file) as stream:
        data = stream.read()
        if isinstance(file, zipfile.Path) and len(data) != file.root.getinfo(file.at).file_size:
            raise zipfile.BadZipFile("its size is not the one in the archive")
        return _unzip(data, file) if file.name.lower().endswith(ZIPPED) else data


def hash_raw(file: RawFile) -> str:
    """Hash a file as stored on the disk or in an archive, without unpacking `.gz`.

    file (RawFile): The file.
    RETURNS (str): The sha256 of its bytes, in hex.
    RAISES (ProjectError): As `read_bytes` does.
    """
    with open_file(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def open_file(file: RawFile) -> Iterator[io.BufferedIOBase]:
    """Open a file as stored on the disk or in an archive, without unpacking `.gz`.

    file (RawFile): The file.
    YIELDS (io.BufferedIOBase): Its bytes. If they turn out to be damaged, the error names the file.
    RAISES (ProjectError): As `read_bytes` does.
    """
    _refuse_special(file)
    try:
        with file.open("rb") as stream:
            yield cast(io.BufferedIOBase, stream)
    except DAMAGED_ARCHIVE as error:
        raise _not_unpacked(error, file) from None
    except OSError as error:
        # Unlike errors of the system, those of bz2 for damaged data have no number.
        if error.errno is not None:
            raise
        raise _not_unpacked(error, file) from None


def _not_unpacked(error: Exception, file: RawFile) -> ProjectError:
    return ProjectError(f"can't be unpacked ({error})", where=file, remedy="download the archive again")


def _refuse_special(file: RawFile) -> None:
    """Raise an error for a pipe, a device or a socket, which may block the reader or never end."""
    if isinstance(file, Path) and file.exists() and not file.is_file():
        what = "neither a file nor a folder, but a pipe, a device or a socket"
        raise ProjectError(what, where=file, remedy="remove it, or copy its output to a file")


def explain_xml_error(error: "XMLSyntaxError") -> str:
    """RETURNS (str): The error in an XML file by libxml2's name for it, because its message may quote the text."""
    names = (entry.type_name for entry in error.error_log if entry.type == error.code)
    name = next(names, "ERR_UNKNOWN").removeprefix("ERR_").replace("_", " ").lower()
    return f"malformed XML ({name})"


def _unzip(data: bytes, file: RawFile) -> bytes:
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(data)).read(LARGEST_ARCHIVE + 1)
    except gzip.BadGzipFile:
        # Its own message quotes the first bytes.
        raise ProjectError("not compressed by gzip, or damaged", where=file, remedy=_UNZIP) from None
    if len(unpacked) > LARGEST_ARCHIVE:
        what = f"unpacks to more than {LARGEST_ARCHIVE / 2**30:.0f} GiB"
        raise ProjectError(what, where=file, remedy="split it into several files")
    return unpacked


def _suffix(name: str) -> str:
    """RETURNS (str): The suffix of a file's name, with `.gz` and the suffix before it as one."""
    suffix = PurePath(name).suffix
    return PurePath(name.removesuffix(suffix)).suffix + suffix if suffix.lower() == ZIPPED else suffix


def _is_hidden(file: RawFile) -> bool:
    return file.name.startswith(".")


def _files(folder: RawFile) -> Iterator[tuple[str, RawFile]]:
    """YIELDS (tuple): The path below the folder and the file, except for those in hidden folders."""
    if isinstance(folder, zipfile.Path):
        yield from _walk_archive(folder, "")
        return
    archive, inner = split_archive(folder)
    if archive:
        yield from _walk_archive(_enter(archive, inner), "")
    elif folder.is_dir():
        yield from ((file.relative_to(folder).as_posix(), file) for file in _walk(folder, ()))
    elif folder.is_file():
        raise ProjectError("a file, not a folder", where=folder, remedy="use the folder that it is in")
    else:
        _refuse_special(folder)
        raise ProjectError("no such folder", where=folder, remedy=_CHECK)


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:
        raise ProjectError("a symbolic link that points to a folder above it", where=folder, remedy="remove it")
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for path in (folder / name for name in names):
        if _is_hidden(path):
            # Hidden folders and links are not even opened.
            yield from () if path.is_dir() or path.is_symlink() else (path,)
        elif path.is_dir():
            yield from _walk(path, (*above, real))
        elif path.is_symlink() and not path.exists():
            raise ProjectError("a broken symbolic link", where=path, remedy="fix or remove it")
        else:
            yield path


def _enter(archive: Path, inner: Sequence[str]) -> zipfile.Path:
    """RETURNS (zipfile.Path): A folder of an archive."""
    folder = open_archive(archive)
    for part in inner:
        matching = [child for child in folder.iterdir() if child.is_dir() and fnmatchcase(child.name, part)]
        if len(matching) != 1:
            raise ProjectError(f"{len(matching)} folders '{part}' in {folder}", where=archive, remedy=_CHECK)
        folder = matching[0]
    return folder


def _walk_archive(folder: zipfile.Path, name: str) -> Iterator[tuple[str, zipfile.Path]]:
    for child in sorted(folder.iterdir(), key=lambda child: child.name):
        if not child.is_dir():
            yield f"{name}{child.name}", child
        elif not _is_hidden(child):
            yield from _walk_archive(child, f"{name}{child.name}/")
