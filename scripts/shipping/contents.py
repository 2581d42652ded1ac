"""Open files of nested formats, down to single strings, numbers and blobs."""
import gzip
import io
import json
import pickletools
import zipfile
import zlib
from typing import Any, Iterator, NamedTuple, Union

import numpy
import srsly
from numpy.typing import NDArray

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
# Text of this many bytes rarely occurs in numbers by chance.
SHORTEST_RUN = 16
# Blobs are searched in chunks, which overlap so that no sentence is cut.
CHUNK, OVERLAP = 1 << 22, 4096


class Leaf(NamedTuple):
    """A value without nested values.

    where (str): The path of the file, and of the archive members that lead to it.
    value (Union[str, int, bytes]): A string of a table, a whole text, an integer, or bytes that are neither.
    """

    where: str
    value: Union[str, int, bytes]


def open_file(where: str, data: bytes) -> Iterator[Leaf]:
    """Open a file and everything nested in it.

    where (str): The file's path.
    data (bytes): The file's contents. Nothing is executed; only the strings in pickles are read.
    YIELDS (Leaf): Each string (including keys and names of members), integer and blob.
    """
    opened = _unpacked(data)
    if opened is not None:
        yield from open_file(where, opened)
    elif data.startswith(ZIP) and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                yield Leaf(where, info.filename)
                yield from open_file(f"{where}/{info.filename}", archive.read(info))
    elif data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and data.endswith(b"."):
        yield from _open_pickle(where, data)
    else:
        yield from _open_plain(where, data)


def _unpacked(data: bytes) -> bytes | None:
    try:
        if data.startswith(GZIP):
            return gzip.decompress(data)
        return zlib.decompress(data) if data.startswith(ZLIB) else None
    except (OSError, EOFError, zlib.error):
        return None


def _open_pickle(where: str, data: bytes) -> Iterator[Leaf]:
    try:
        values = [argument for _, argument, _ in pickletools.genops(data)]
    except ValueError:
        values = [data]
    for value in values:
        if isinstance(value, (str, bytes)):
            yield Leaf(where, value)


def _open_plain(where: str, data: bytes) -> Iterator[Leaf]:
    text = _as_text(data)
    if text is not None:
        yield from _open_text(where, text)
        return
    try:
        packed = srsly.msgpack_loads(data)
    # For bytes that are not msgpack, this may raise any error.
    except Exception:
        yield Leaf(where, data)
    else:
        yield from _open_value(where, packed)


def _as_text(data: bytes) -> str | None:
    """RETURNS (Optional[str]): The text of UTF-8 bytes. None if they are not text."""
    try:
        text = data.decode("utf8")
    except UnicodeDecodeError:
        return None
    return None if any(ord(character) < 32 for character in set(text) - set("\t\n\r\f")) else text


def _open_text(where: str, text: str) -> Iterator[Leaf]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _open_value(where, json.loads(text))
            return
        except ValueError:
            pass
    yield Leaf(where, text)


def _open_value(where: str, value: Any) -> Iterator[Leaf]:
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += [*value, *value.values()]
        elif isinstance(value, (list, tuple)):
            pending += value
        elif isinstance(value, str):
            yield from _open_text(where, value)
        elif isinstance(value, bytes):
            yield from open_file(where, value)
        elif isinstance(value, numpy.ndarray):
            yield Leaf(where, value.tobytes())
        elif isinstance(value, int) and not isinstance(value, bool):
            yield Leaf(where, value)


def text_runs(data: bytes) -> Iterator[str]:
    """Find text among numbers.

    data (bytes): A blob.
    YIELDS (str): Decoded runs of UTF-8 and UTF-16 text.
    """
    for start in range(0, len(data), CHUNK):
        chunk = data[max(start - OVERLAP, 0) : start + CHUNK]
        for first, end in _runs(_is_utf8(numpy.frombuffer(chunk, dtype=numpy.uint8)), SHORTEST_RUN):
            yield chunk[first:end].decode("utf8", errors="ignore")
        for offset in (0, 1):
            for name, kind in (("utf-16-le", "<u2"), ("utf-16-be", ">u2")):
                units = numpy.frombuffer(chunk, dtype=kind, offset=offset, count=(len(chunk) - offset) // 2)
                for first, end in _runs(_is_utf16(units), SHORTEST_RUN // 2):
                    yield units[first:end].tobytes().decode(name, errors="ignore")


def _is_utf8(data: NDArray[Any]) -> NDArray[numpy.bool_]:
    """RETURNS (ndarray): Which bytes are printable ASCII, or part of a character with two or more bytes."""
    ascii_text = (data >= 0x20) & (data < 0x7F) | (data == 0x0A) | (data == 0x0D) | (data == 0x09)
    lead, follows = data >= 0xC2, (data >= 0x80) & (data < 0xC0)
    before, after = numpy.zeros_like(follows), numpy.zeros_like(follows)
    before[1:] = lead[:-1] | follows[:-1]
    after[:-1] = follows[1:]
    result: NDArray[numpy.bool_] = ascii_text | (lead & after) | (follows & before)
    return result


def _is_utf16(units: NDArray[Any]) -> NDArray[numpy.bool_]:
    """RETURNS (ndarray): Which code units are Latin or Cyrillic letters, or printable ASCII."""
    latin = (units >= 0x20) & (units < 0x7F) | (units >= 0xA0) & (units < 0x250)
    result: NDArray[numpy.bool_] = latin | (units >= 0x400) & (units < 0x500) | (units == 0x0A)
    return result


def _runs(wanted: NDArray[numpy.bool_], shortest: int) -> list[tuple[int, int]]:
    """RETURNS (list[tuple]): The (start, end) of each run of true that is not shorter than that."""
    # Doubling the length leaves few places to look at; single runs in numbers are too many to list.
    length, whole = 1, wanted
    while length < shortest and len(whole):
        step = min(length, shortest - length)
        whole, length = whole[:-step] & whole[step:], length + step
    starts = numpy.flatnonzero(whole)
    if not len(starts):
        return []
    breaks = numpy.flatnonzero(numpy.diff(starts) > 1)
    firsts, lasts = starts[numpy.r_[0, breaks + 1]], starts[numpy.r_[breaks, len(starts) - 1]]
    return list(zip(firsts.tolist(), (lasts + shortest).tolist(), strict=True))
