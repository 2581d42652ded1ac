"""Test that an error is one line with what, where and what to do."""
import errno
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError, explain_os_error, explain_unforeseen, name_id, name_label, visible
from scripts.base.settings import read_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("where", "remedy", "line"),
    [
        ("", "", "no such corpus"),
        ("a.yml", "", "a.yml: no such corpus"),
        ("a.yml:3", "did you mean 'en'?", "a.yml:3: no such corpus. Did you mean 'en'?"),
        ("", "run it again.", "no such corpus. Run it again"),
    ],
)
def test_what_where_and_remedy_are_one_line(where: str, remedy: str, line: str):
    assert str(ProjectError("no such corpus.", where=where, remedy=remedy)) == line


def test_errors_of_the_system_are_told_in_a_users_words():
    assert explain_os_error(OSError(errno.ENOSPC, "No space left on device", "/a/b")) == (
        "/a/b: the disk is full: free some space on the disk of / and start the command again"
    )
    assert explain_os_error(OSError(errno.EIO, "Input/output error")) == "Input/output error"
    assert explain_os_error(OSError("odd")) == "odd"


def test_of_a_move_the_destination_is_told(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as error:
        (tmp_path / "file").replace(tmp_path / "folder")
    assert explain_os_error(error.value).startswith(f"{tmp_path / 'folder'}: there is a folder in the place of this")


def test_what_is_in_the_place_of_a_file_or_folder_is_told_with_a_remedy(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for write, name, said in (
        (Path.touch, "file/new", "a file in the place of a folder"),
        (Path.read_bytes, "folder", "a folder in the place of this file"),
        (Path.mkdir, "file", "something else in the place of this folder"),
        (Path.read_bytes, "loop", "a symbolic link that leads back to itself"),
    ):
        with pytest.raises(OSError) as error:
            write(tmp_path / name)
        told = explain_os_error(error.value)
        assert told.startswith(f"{tmp_path / name}: ") and said in told and told.endswith(": delete or move it")


@pytest.mark.parametrize(
    "odd", ["\x1b[8m", "\x1b]0;title\x07", "\n", "\r", "\t", "\x00", "\x7f", "\x9b2J", "\u2028", "\u202e"]
)
def test_a_terminal_obeys_nothing_of_an_error(odd: str):
    said = str(ProjectError(f"a{odd}b", where=f"c{odd}d", remedy=f"e{odd}f")), explain_os_error(OSError(5, "g", odd))
    assert all(line.isprintable() for line in said)
    assert said[0].startswith("c\\")


def test_what_is_no_control_character_is_left_as_it_is():
    for text in ("боль в спине", "naïve", "a\u0301", "👩\u200d⚕️", "5\xa0mg", "a\\b", "'«»'"):
        assert visible(text) == text


LABELS = ["Adverse_Reaction", "B-ADR", "Adverse Drug Reaction", "дозировка", "Therapeutic_or_Preventive_Procedure"]


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_named(label: str):
    assert name_label(label) == label


NO_LABELS = ["Ivanov, MRN 4711", "born 1948", "took it for a week", "病" * 31, "a " * 16, "a" * 61, "", "a  b", "x\x1b"]


@pytest.mark.parametrize("text", NO_LABELS)
def test_what_is_no_label_is_told_by_its_length(text: str):
    assert name_label(text) == f"<{len(text)} characters>"


def test_an_id_is_named_and_a_sentence_is_not():
    for name in ("7", "train/0/12", "PMC1234567", "1948-07", "ADVIL-PM.2", "note 12"):
        assert name_id(name) == name
    for text in ("Ivanov, MRN 4711", "took it for a week", "a" * 61, "a\nb"):
        assert name_id(text) == f"<{len(text)} characters>"


def test_of_an_error_that_nobody_foresaw_its_place_is_told_and_not_its_message():
    try:
        read_settings(None, None)
    except AttributeError as error:
        told = explain_unforeseen(error)
    place = told.removeprefix("AttributeError at scripts/base/settings.py:")
    line = (ROOT / "scripts" / "base" / "settings.py").read_text().splitlines()[int(place) - 1]
    assert "path.is_file()" in line
    assert explain_unforeseen(KeyError("Petrov")) == "KeyError"
