"""Test which vocabulary pieces are kept, and how the tokenizer uses them."""
import pytest

from scripts.base.errors import ProjectError
from scripts.encoders.vocabulary import make_tokenizer, pieces_to_keep
from tests.encoders.containers import KEPT, PIECES

#              0      1        2       3        4    5    6     7      8     9    10   11   12
HAND_MADE = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab", "▁да", "д", "а", "fi", "<mask>"]
SCORES = [0.0, 0.0, 0.0, 0.0, -2.0, -3.0, -3.0, -4.0, -4.0, -3.0, -3.0, -3.0, 0.0]


def test_english_and_russian_pieces_are_kept_and_others_are_not():
    assert [PIECES[index] for index in pieces_to_keep(PIECES)] == KEPT


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("ab", [7]),
        ("ba", [4, 6, 5]),
        ("ab ab", [7, 7]),
        ("ab  \t\n ab", [7, 7]),
        ("да аб", [8, 4, 10, 3]),
        # A no-break space is a space, a zero-width space too; a bell is dropped, and a ligature is two letters (NFKC).
        ("ab\u00a0ab\u200bab", [7, 7, 7]),
        ("a\x07b", [7]),
        ("\ufb01", [4, 11]),
        ("Ab", [4, 3, 6]),
        ("a<mask>b", [4, 5, 12, 4, 6]),
        ("", []),
    ],
)
def test_tokenizer_gives_the_ids_worked_out_by_hand(text: str, ids: list[int]):
    assert make_tokenizer(HAND_MADE, SCORES).encode(text).ids == [0, *ids, 2]


def test_tokenizer_takes_the_likeliest_pieces():
    # -4 for "▁ab" against -2 - 3 - 3; at -9 the single pieces win.
    scores = [score if piece != "▁ab" else -9.0 for piece, score in zip(HAND_MADE, SCORES, strict=True)]
    assert make_tokenizer(HAND_MADE, scores).encode("ab").ids == [0, 4, 5, 6, 2]


def test_offsets_are_those_of_the_text_as_given():
    encoding = make_tokenizer(HAND_MADE, SCORES).encode("ab  да")
    assert encoding.offsets == [(0, 0), (0, 2), (4, 6), (0, 0)]


def test_pair_and_decoding():
    tokenizer = make_tokenizer(HAND_MADE, SCORES)
    assert tokenizer.encode("ab", "да").ids == [0, 7, 2, 2, 8, 2]
    assert tokenizer.decode([0, 7, 8, 2]) == "ab да"
    assert tokenizer.get_vocab_size() == len(HAND_MADE)


@pytest.mark.parametrize("pieces", [HAND_MADE[1:], HAND_MADE[:-1], ["<pad>", "<s>", *HAND_MADE[2:]]])
def test_special_tokens_out_of_place_are_an_error(pieces: list[str]):
    with pytest.raises(ProjectError, match="must start with <s> <pad> </s> <unk> and end with <mask>"):
        make_tokenizer(pieces, SCORES[: len(pieces)])
