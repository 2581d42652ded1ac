"""Test the container of the offline encoder: what is read, and what is refused."""
import struct

import numpy as np
import pytest

from scripts.base.errors import ProjectError
from scripts.encoders.container import dequantise, read_container
from tests.encoders.containers import PIECES, ROWS, piece_scores, quantised, tiny_tensors, write_container


def test_dequantise_gives_the_values_worked_out_by_hand():
    # f16 0x3800 is 0.5; half-byte 8 stands for 0. Byte 0 holds value 0 (low: 15 -> 3.5) and value 16 (high: 1 -> -3.5).
    half = bytes([0x00, 0x38, 0x1F, *[0x88] * 15])
    # f16 0xc000 is -2. The last byte holds value 15 (0 -> 16) and value 31 (15 -> -14).
    minus_two = bytes([0x00, 0xC0, *[0x88] * 15, 0xF0])
    values = dequantise(np.frombuffer(half + minus_two, np.uint8).reshape(1, 36))
    expected = np.zeros((1, 64), np.float32)
    expected[0, [0, 16, 32 + 15, 32 + 31]] = [3.5, -3.5, 16.0, -14.0]
    np.testing.assert_array_equal(values, expected)


def test_container_round_trips():
    tensors = tiny_tensors()
    container = read_container(write_container(tensors))
    assert container.pieces == PIECES
    np.testing.assert_array_equal(container.scores, piece_scores(PIECES))
    sizes = container.architecture
    assert (sizes.hidden_size, sizes.layers, sizes.heads, sizes.feed_forward_size) == (32, 2, 2, 64)
    assert (sizes.vocabulary, sizes.positions, sizes.token_types) == (ROWS, 8, 2)
    assert sizes.epsilon == np.float32(1e-12)
    assert set(container.entries) == set(tensors)
    for name, values in tensors.items():
        np.testing.assert_array_equal(container.tensor(name, values.shape), values)


def test_only_the_rows_asked_for_are_decoded():
    tensors = tiny_tensors()
    container = read_container(write_container(tensors))
    for name in ("emb.word", "emb.pos"):
        rows = container.tensor(name, tensors[name].shape, rows=np.array([5, 0]))
        np.testing.assert_array_equal(rows, tensors[name][[5, 0]])


def test_tensor_of_another_size_or_name_is_an_error():
    container = read_container(write_container(tiny_tensors()))
    with pytest.raises(ProjectError, match="no tensor 'emb.words'"):
        container.tensor("emb.words", (ROWS, 32))
    with pytest.raises(ProjectError, match="'emb.word' .* has 800 values, not 1600"):
        container.tensor("emb.word", (ROWS, 64))


def test_cut_anywhere_a_container_is_an_error():
    data = write_container(tiny_tensors())
    for size in [0, 3, 4, 8, 30, 60, 100, 400, 1000, len(data) // 2, len(data) - 1]:
        with pytest.raises(ProjectError, match="damaged|not an E5S1"):
            read_container(data[:size])


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (0, b"GGUF", "not an E5S1 container"),
        (40, struct.pack("<i", 64), "blocks of 64 values"),
        (44, struct.pack("<i", -5), "negative count \\(-5\\)"),
        (44, struct.pack("<i", 2**30), "damaged"),
        (64, struct.pack("<Q", 2**40), "damaged"),
    ],
)
def test_damaged_header_is_an_error(position: int, value: bytes, message: str):
    data = bytearray(write_container(tiny_tensors()))
    data[position : position + len(value)] = value
    with pytest.raises(ProjectError, match=message):
        read_container(bytes(data))


def test_damaged_text_and_unknown_tensor_type_are_errors():
    data = write_container(tiny_tensors())
    with pytest.raises(ProjectError, match="not UTF-8"):
        read_container(data.replace("漢".encode(), b"\xff\xff\xff"))
    with pytest.raises(ProjectError, match="'emb.pos' has an unknown type"):
        read_container(data.replace(b"emb.pos\x00", b"emb.pos\x07"))


def test_writer_of_these_tests_puts_low_half_bytes_first():
    values = np.zeros(32, np.float32)
    values[[0, 16]] = [-2.0, 1.75]
    # -2 / 0.25 + 8 = 0 in the low half, 1.75 / 0.25 + 8 = 15 in the high half; f16 0x3400 is 0.25.
    assert quantised(values)[:4] == bytes([0x00, 0x34, 0xF0, 0x88])
