"""Find the raw files of a corpus below a folder or in a zip archive, and read them without changing a character."""
import gzip
import hashlib
import io
import lzma
import os
import struct
import zipfile
import zlib
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Iterable, Iterator, Optional, Sequence, Union, cast

from scripts.base.errors import ProjectError

if TYPE_CHECKING:
    from lxml.etree import XMLSyntaxError

RawFile = Union[Path, zipfile.Path]
BYTE_ORDER_MARK = "\ufeff"
ZIPPED = ".gz"
# What an archive or a compressed file may come to when unpacked, so that a small one cannot fill the memory.
LARGEST_ARCHIVE = 2**31
_DISTRUST = "do not trust it: fetch it again from where it is published"
_UNZIP = "unpack it yourself, and name the file without `.gz`"
_CHECK = "check `path` and `annotations` in the corpus file"
# An encrypted file is a RuntimeError, an unknown method of compression a NotImplementedError, which is one too.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError)


def find_files(folder: RawFile, suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find files by their suffixes, at any depth; symbolic links are followed.

    folder (RawFile): Where to look. It may be a zip archive, or a folder in one: `a.zip/*/b`, `*` being any one folder.
    suffixes (Sequence[str]): Such as `[".txt"]`.
    RETURNS (dict[str, RawFile]): By name: the path below the folder without the suffix. Sorted by name.
    RAISES (ProjectError): If there is no such folder, none such file in it, two files of one name, or a link that
        leads back to a folder above it.
    """
    found = search_files(folder, suffixes)
    if not found:
        named = " or ".join(suffix for suffix in suffixes if not suffix.endswith(ZIPPED))
        raise ProjectError(f"no {named} files in this folder", where=folder, remedy=_CHECK)
    return found


def search_files(folder: RawFile, suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find files as `find_files` does, of which there may be none.

    folder (RawFile): Where to look.
    suffixes (Sequence[str]): Such as `[".txt"]`.
    RETURNS (dict[str, RawFile]): By name. Sorted by name.
    RAISES (ProjectError): If there is no such folder, two files of one name, or a link that leads back.
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


def find_hidden(folder: Path, suffixes: Sequence[str]) -> list[RawFile]:
    """Find what `find_files` leaves out for its name, but for what macOS writes beside each file (`._NAME`).

    folder (Path): A folder as in `find_files`.
    suffixes (Sequence[str]): Such as `[".txt"]`.
    RETURNS (list[RawFile]): Hidden files; those in hidden folders are not looked for.
    """
    hidden = [file for _, file in _files(folder) if _is_hidden(file) and not file.name.startswith("._")]
    return [file for file in hidden if _suffix(file.name).lower() in suffixes]


def find_file_or_files(path: Path, suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Take a single file, whatever its suffix, or find the files of a folder.

    path (Path): A file, or a folder as in `find_files`.
    suffixes (Sequence[str]): Which files of a folder are meant; with `.gz` behind it they are too.
    RETURNS (dict[str, RawFile]): By name; see `find_files`.
    RAISES (ProjectError): If there is neither file nor folder, or the folder holds no such file.
    """
    archive, _ = split_archive(path)
    if path.is_file() and archive is None:
        return {path.name.removesuffix(_suffix(path.name)): path}
    if not (archive or path).exists():
        raise ProjectError("no such file or folder", where=path, remedy="check `path` in the corpus file")
    return find_files(path, [*suffixes, *(suffix + ZIPPED for suffix in suffixes)])


def split_archive(path: Path) -> tuple[Optional[Path], tuple[str, ...]]:
    """RETURNS (tuple): The zip archive that a path leads into and the folders within it; None if it leads into none."""
    for number, part in enumerate(path.parts, start=1):
        candidate = Path(*path.parts[:number])
        if part.lower().endswith(".zip") and not candidate.is_dir():
            return candidate, path.parts[number:]
    return None, ()


def find_own_files(path: Path, annotations: Optional[Path], suffixes: Sequence[str]) -> dict[str, RawFile]:
    """Find the files of a format that keeps annotations with the texts.

    path (Path): A file, or a folder as in `find_files`.
    annotations (Optional[Path]): Has to be None.
    suffixes (Sequence[str]): Which files of a folder are meant.
    RETURNS (dict[str, RawFile]): By name; see `find_files`.
    RAISES (ProjectError): If a folder of annotations is given, or there is no such file.
    """
    refuse_annotations(annotations)
    return find_file_or_files(path, suffixes)


def refuse_annotations(annotations: Optional[Path]) -> None:
    """RAISES (ProjectError): If a folder of annotations is given to a format that keeps them with the texts."""
    if annotations is not None:
        raise ProjectError("this format has no `annotations` of its own", where=annotations, remedy="remove the key")


def open_archive(archive: RawFile) -> zipfile.Path:
    """Open a zip archive, after a look at what is in it.

    archive (RawFile): The archive, which may itself lie in one.
    RETURNS (zipfile.Path): Its uppermost folder.
    RAISES (ProjectError): If it is none or damaged, names paths outside of itself, or unpacks to too much.
    """
    _refuse_special(archive)
    try:
        opened = zipfile.ZipFile(archive if isinstance(archive, Path) else io.BytesIO(read_bytes(archive)))
    except _DAMAGED as error:
        raise ProjectError(f"not a zip archive ({error})", where=archive, remedy="fetch it again") from None
    # An archive in memory has no name, and what lies in it is called after it in errors.
    opened.filename = str(archive)
    outside = [name for name in opened.namelist() if name.startswith("/") or ".." in name.split("/")]
    if outside:
        what = f"the archive names a path outside of itself ({outside[0]})"
        raise ProjectError(what, where=archive, remedy=_DISTRUST)
    check_unpacked_size([zipfile.Path(opened)], archive)
    return zipfile.Path(opened)


def check_unpacked_size(archives: Iterable[zipfile.Path], where: RawFile) -> None:
    """Check what archives come to together.

    archives (Iterable[zipfile.Path]): Opened ones.
    where (RawFile): Where they lie, for the error.
    RAISES (ProjectError): If that is more than `LARGEST_ARCHIVE`.
    """
    size = sum(info.file_size for archive in archives for info in archive.root.infolist())
    if size > LARGEST_ARCHIVE:
        what = f"the archive unpacks to {size / 2**30:.1f} GiB, more than {LARGEST_ARCHIVE / 2**30:.0f}"
        raise ProjectError(what, where=where, remedy="unpack it yourself, and name the folder")


def read_text(file: RawFile) -> str:
    """Read a text whose offsets count every character: line ends and a byte order mark stay as they are.

    file (RawFile): A UTF-8 file.
    RETURNS (str): Its text.
    RAISES (ProjectError): If it is not UTF-8, or its archive is damaged.
    """
    # Bytes, since text mode would turn `\r\n` into one character.
    try:
        return read_bytes(file).decode("utf8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"not UTF-8 (byte {error.start})", where=file, remedy="convert the file to UTF-8") from None


def read_lines(file: RawFile) -> list[str]:
    """Read the lines of a file that is not itself an annotated text.

    file (RawFile): A UTF-8 file.
    RETURNS (list[str]): Lines without their ends and without a byte order mark; the last one may be empty.
    RAISES (ProjectError): If it is not UTF-8, or its archive is damaged.
    """
    return split_lines(read_text(file))


def split_lines(text: str) -> list[str]:
    """RETURNS (list[str]): The lines of a text, parted at `\\n` and `\\r\\n` and nowhere else."""
    # Not `splitlines`: a mention may hold a character such as U+2028 that is a line break elsewhere.
    return [line.removesuffix("\r") for line in text.removeprefix(BYTE_ORDER_MARK).split("\n")]


def read_bytes(file: RawFile) -> bytes:
    """Read a file, and unpack it if its name ends in `.gz`.

    file (RawFile): The file.
    RETURNS (bytes): What it holds.
    RAISES (ProjectError): If it is damaged or unpacks to too much, lies in an archive that is damaged or encrypted, or
        is a pipe, a device or a socket.
    """
    with open_file(file) as stream:
        data = stream.read()
        if isinstance(file, zipfile.Path) and len(data) != file.root.getinfo(file.at).file_size:
            raise zipfile.BadZipFile("it has not the size that the archive says")
        return _unzip(data, file) if file.name.lower().endswith(ZIPPED) else data


def hash_raw(file: RawFile) -> str:
    """Hash a file as it lies there, or as it is in its archive.

    file (RawFile): The file.
    RETURNS (str): The sha256 of its bytes, in hex.
    RAISES (ProjectError): As `read_bytes` does.
    """
    with open_file(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def open_file(file: RawFile) -> Iterator[io.BufferedIOBase]:
    """Open a file as it lies there, or as it is in its archive.

    file (RawFile): The file.
    YIELDS (io.BufferedIOBase): Its bytes; what is found damaged while they are read becomes an error that names it.
    RAISES (ProjectError): As `read_bytes` does.
    """
    _refuse_special(file)
    try:
        with file.open("rb") as stream:
            yield cast(io.BufferedIOBase, stream)
    except _DAMAGED as error:
        raise _not_unpacked(error, file) from None
    except OSError as error:
        # What bz2 raises of damaged data, other than the system, has no number.
        if error.errno is not None:
            raise
        raise _not_unpacked(error, file) from None


def _not_unpacked(error: Exception, file: RawFile) -> ProjectError:
    return ProjectError(f"cannot be unpacked ({error})", where=file, remedy="fetch the archive again")


def _refuse_special(file: RawFile) -> None:
    """A pipe, a device or a socket would keep a reader waiting, or give it bytes without end."""
    if isinstance(file, Path) and file.exists() and not file.is_file():
        what = "neither a file nor a folder, but a pipe, a device or a socket"
        raise ProjectError(what, where=file, remedy="remove it, or copy what it gives to a file")


def explain_xml_error(error: "XMLSyntaxError") -> str:
    """RETURNS (str): What is wrong with a file of XML, by libxml2's name for it, as its message may quote the text."""
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
        raise ProjectError(what, where=file, remedy="part it into several files")
    return unpacked


def _suffix(name: str) -> str:
    """RETURNS (str): The suffix of a file's name, `.gz` and the one before it being one."""
    suffix = PurePath(name).suffix
    return PurePath(name.removesuffix(suffix)).suffix + suffix if suffix.lower() == ZIPPED else suffix


def _is_hidden(file: RawFile) -> bool:
    return file.name.startswith(".")


def _files(folder: RawFile) -> Iterator[tuple[str, RawFile]]:
    """YIELDS (tuple): Path below the folder and file, for all but those in hidden folders."""
    if isinstance(folder, zipfile.Path):
        yield from _walk_archive(folder, "")
        return
    archive, inner = split_archive(folder)
    if archive:
        yield from _walk_archive(_enter(archive, inner), "")
    elif folder.is_dir():
        yield from ((file.relative_to(folder).as_posix(), file) for file in _walk(folder, ()))
    elif folder.is_file():
        raise ProjectError("a file, not a folder", where=folder, remedy="name the folder that it lies in")
    else:
        _refuse_special(folder)
        raise ProjectError("no such folder", where=folder, remedy=_CHECK)


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:
        raise ProjectError("a symbolic link that leads back to a folder above it", where=folder, remedy="remove it")
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for path in (folder / name for name in names):
        if _is_hidden(path):
            # Not so much as looked at, if it is a folder or a link.
            yield from () if path.is_dir() or path.is_symlink() else (path,)
        elif path.is_dir():
            yield from _walk(path, (*above, real))
        elif path.is_symlink() and not path.exists():
            raise ProjectError("a symbolic link that leads nowhere", where=path, remedy="mend or remove it")
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
