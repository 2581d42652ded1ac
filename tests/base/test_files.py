"""Test that files are complete or absent, whatever happens while they are written."""
import contextlib
import errno
import gzip
import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.base.files import (
    atomic_file,
    atomic_folder,
    cache_by_file,
    hash_data,
    hash_file,
    hash_files,
    read_checked_json,
    read_json,
    read_zipped_json,
    write_checked_json,
    write_json,
    write_text,
    write_zipped_json,
)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_file_appears_only_when_the_block_ends(tmp_path: Path):
    path = tmp_path / "new" / "scores.json"
    with atomic_file(path) as partial:
        partial.write_text("whole")
        assert not path.exists() and partial.parent == path.parent
    assert contents(tmp_path) == {"scores.json": "whole"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_the_older_file_stands(error: type[BaseException], tmp_path: Path):
    path = tmp_path / "scores.json"
    path.write_text("older")
    with pytest.raises(error):
        with atomic_file(path) as partial:
            partial.write_text("half")
            raise error
    assert contents(tmp_path) == {"scores.json": "older"}


def fill_the_disk(partial: Path) -> None:
    """Write to the device that answers every write with a full disk, by the name that was given."""
    partial.unlink(missing_ok=True)
    partial.symlink_to("/dev/full")
    partial.write_text("too much")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_full_disk_leaves_the_older_file_and_folder(tmp_path: Path):
    file, folder = tmp_path / "scores.json", tmp_path / "model"
    file.write_text("older")
    folder.mkdir()
    (folder / "weights").write_text("older")
    with pytest.raises(OSError) as failure:
        with atomic_file(file) as partial:
            fill_the_disk(partial)
    assert failure.value.errno == errno.ENOSPC
    with pytest.raises(OSError):
        with atomic_folder(folder) as partial:
            (partial / "config").write_text("new")
            fill_the_disk(partial / "weights")
    assert contents(tmp_path) == {"scores.json": "older", "weights": "older"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "scores.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder_is_an_error_of_the_system(tmp_path: Path):
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError):
        write_text(tmp_path / "scores.json", "x")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_folder_that_can_not_be_made_is_an_error_of_the_system(writer, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        with writer(tmp_path / "file" / "below" / "scores"):
            pytest.fail("there is nowhere to write")
    assert contents(tmp_path) == {"file": "in the way"}


def test_folder_replaces_the_older_one_whole(tmp_path: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").write_text("old")
    with atomic_folder(folder) as partial:
        (partial / "new").write_text("new")
        assert contents(folder) == {"old": "old"}
    assert contents(tmp_path) == {"new": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_older_folder_is_deleted_only_once_the_new_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").write_text("old")
    seen = []
    delete = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **kw: (seen.append(contents(folder)), delete(*args, **kw)))
    with atomic_folder(folder) as partial:
        (partial / "new").write_text("new")
    assert seen and all(state == {"new": "new"} for state in seen)


def test_after_an_error_the_older_folder_stands(tmp_path: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        with atomic_folder(folder) as partial:
            (partial / "new").write_text("half")
            raise KeyboardInterrupt
    assert contents(tmp_path) == {"old": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@dataclass
class Moves:
    """Moves within the file system, one of which fails: before it is made, or as by an interrupt just after it.

    fails (int): Which one, from 0 on; all that come later are made, unless `for_good`.
    error (BaseException): What it raises.
    made (bool): Whether it is made nevertheless.
    for_good (bool): Whether all that come later fail too.
    """

    fails: int
    error: BaseException
    made: bool = False
    for_good: bool = False
    count: int = 0

    def instead_of(self, move):
        def replaced(source, target, **kwargs):
            failing = self.count == self.fails or (self.for_good and self.count > self.fails)
            self.count += 1
            if not failing or self.made:
                move(source, target, **kwargs)
            if failing:
                raise self.error

        return replaced


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture()
def fail_move(monkeypatch: pytest.MonkeyPatch):
    """RETURNS (Callable): Makes a move of this process fail, by either name that the system call has in Python."""

    def fail_move(*args, **kwargs) -> Moves:
        moves = Moves(*args, **kwargs)
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, moves.instead_of(getattr(os, name)))
        return moves

    return fail_move


@pytest.mark.parametrize(
    ("error", "made"), [(FULL, False), (PermissionError(), False), (KeyboardInterrupt(), False), (SystemExit(), True)]
)
@pytest.mark.parametrize("fails", [0, 1])
@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_whichever_move_fails_the_older_or_the_new_one_stands_whole(
    writer, fails: int, error: BaseException, made: bool, tmp_path: Path, fail_move
):
    path = tmp_path / "model"
    with writer(path) as partial:
        fill(partial, "older")
    moves = fail_move(fails, error, made)
    with pytest.raises(type(error)) if fails < N_MOVES[writer] else contextlib.nullcontext():
        with writer(path) as partial:
            fill(partial, "new")
    assert moves.count > min(fails, N_MOVES[writer] - 1)
    in_place = made or fails >= N_MOVES[writer]
    # The first move of a folder is that of the older one, which is then put back.
    expected = "new" if in_place and (writer, fails) != (atomic_folder, 0) else "older"
    assert list(contents(tmp_path).values()) == [expected]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


N_MOVES = {atomic_file: 1, atomic_folder: 2}


def fill(path: Path, text: str) -> None:
    (path / "weights" if path.is_dir() else path).write_text(text)


def test_folder_that_can_not_even_be_put_back_is_kept_and_named(tmp_path: Path, fail_move):
    path = tmp_path / "model"
    with atomic_folder(path) as partial:
        fill(partial, "older")
    fail_move(1, FULL, for_good=True)
    with pytest.raises(ProjectError, match="the disk is full") as failure:
        with atomic_folder(path) as partial:
            fill(partial, "new")
    (kept,) = tmp_path.iterdir()
    assert contents(kept) == {"weights": "older"}
    assert str(failure.value).startswith(f"{path}: ") and kept.name in str(failure.value)
    assert "\n" not in str(failure.value)


def test_text_keeps_its_line_ends(tmp_path: Path):
    write_text(tmp_path / "a.txt", "one\r\ntwo\nтри")
    assert (tmp_path / "a.txt").read_bytes() == "one\r\ntwo\nтри".encode("utf8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(data=JSON)
def test_json_reads_back_as_it_was_written(data, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.getbasetemp() / "data.json"
    write_json(path, data)
    assert read_json(path) == data


def test_small_numbers_are_not_rounded_away(tmp_path: Path):
    write_json(tmp_path / "p.json", {"p": 1e-12, "f": 1 / 3})
    assert json.loads((tmp_path / "p.json").read_text()) == {"p": 1e-12, "f": 1 / 3}
    assert hash_data({"p": 1e-12}) != hash_data({"p": 0.0})


@pytest.mark.parametrize("data", [{"path": Path("x")}, {"f": float("nan")}])
def test_what_is_no_json_is_not_written(data, tmp_path: Path):
    with pytest.raises((TypeError, ValueError)):
        write_json(tmp_path / "a.json", data)
    assert contents(tmp_path) == {}


def test_absent_or_damaged_json_names_the_file_and_the_command(tmp_path: Path):
    path = tmp_path / "encoder.json"
    with pytest.raises(ProjectError) as failure:
        read_json(path, made_by="encoder")
    assert str(failure.value) == f"{path}: no such file. Run `weasel run encoder` first"
    path.mkdir()
    with pytest.raises(ProjectError, match="encoder.json: not a file. Restore the file, or make it again"):
        read_json(path)
    path.rmdir()
    with pytest.raises(ProjectError, match="encoder.json: no such file. Restore the file, or make it again"):
        read_zipped_json(path)
    for damaged in (b'{"name": "e5', b"", b"\xff\xfe"):
        path.write_bytes(damaged)
        with pytest.raises(ProjectError, match="encoder.json: not valid JSON .*Restore the file, or make it again"):
            read_json(path)


WAYS = ((write_checked_json, read_checked_json), (write_zipped_json, read_zipped_json))


@given(record=st.dictionaries(st.text(), JSON, max_size=3) | st.dictionaries(st.integers(), JSON, max_size=3))
def test_a_record_reads_back_without_its_checksum(record, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.getbasetemp() / "record.json"
    for write, read in WAYS:
        write(path, record)
        assert read(path) == json.loads(json.dumps(record))
        assert list(json.loads(content_of(path)))[-1] == "checksum"


@pytest.mark.parametrize("damage", [(b"12", b"13"), (b"tp", b"fp"), (b"0.5", b"0.25"), (b"}", b', "new": 1}')])
@pytest.mark.parametrize(("write", "read"), WAYS)
def test_a_record_that_was_changed_is_not_believed(write, read, damage, tmp_path: Path):
    path = tmp_path / "run.json"
    write(path, {"tp": 12, "f": 0.5})
    content = content_of(path)
    changed = content.replace(*damage)
    assert changed != content
    path.write_bytes(gzip.compress(changed) if read is read_zipped_json else changed)
    with pytest.raises(ProjectError, match="run.json: damaged or edited .its checksum doesn't match.*Do this") as error:
        read(path, remedy="do this")
    assert "\n" not in str(error.value)


def content_of(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


@pytest.mark.parametrize("data", [{"tp": 12}, ["a", "list"], None])
def test_a_record_of_an_earlier_version_has_no_checksum_and_is_read(data, tmp_path: Path):
    write_json(tmp_path / "run.json", data)
    (tmp_path / "run.json.gz").write_bytes(gzip.compress(json.dumps(data).encode("utf8")))
    assert read_checked_json(tmp_path / "run.json") == read_zipped_json(tmp_path / "run.json.gz") == data


def test_hashes(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"abc")
    two.write_bytes(b"")
    # FIPS 180-2, appendix B.1.
    assert hash_file(one) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_data({"a": 1, "b": [2]}) == hash_data({"b": [2], "a": 1}) != hash_data({"a": 1, "b": [3]})
    whole = hash_files([one, two], tmp_path)
    assert whole == hash_files([two, one], tmp_path)
    one.rename(tmp_path / "three")
    assert whole != hash_files([tmp_path / "three", two], tmp_path)


class TestReadOnce:
    @pytest.fixture()
    def read(self):
        """RETURNS (Callable): Reads a text file, and counts on itself how often it did."""

        @cache_by_file
        def read(path: Path) -> str:
            calls.append(path)
            return path.read_text()

        calls: list[Path] = []
        read.calls = calls
        return read

    def test_a_file_is_read_once(self, read, tmp_path: Path):
        (tmp_path / "one").write_text("1")
        (tmp_path / "two").write_text("2")
        assert [read(tmp_path / name) for name in ("one", "two", "one")] == ["1", "2", "1"]
        assert len(read.calls) == 2

    def test_a_file_that_changed_is_read_again(self, read, tmp_path: Path):
        path = tmp_path / "one"
        write_text(path, "1")
        assert read(path) == "1"
        # Of the same length, and within the same tick of a coarse clock.
        status = path.stat()
        write_text(path, "2")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert read(path) == "2"

    def test_a_file_that_is_not_there_is_the_readers_own_matter(self, read, tmp_path: Path):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "gone")
        (tmp_path / "gone").write_text("back")
        assert read(tmp_path / "gone") == "back"


UNREADABLE = [b"", b"[" * 100_000, b'{"a":' * 100_000, b'{"a": ', b"\0" * 50, b'"\xff"', b"{} {}", b"9" * 5000]
UNREADABLE += [b"[NaN]", b"[-Infinity]", b"[1e999]"]


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: repr(content[:6]))
def test_whatever_stands_in_a_json_file_is_one_line_that_names_it(content: bytes, tmp_path: Path):
    for read, path, written in (
        (read_json, tmp_path / "a.json", content),
        (read_zipped_json, tmp_path / "a.json.gz", gzip.compress(content)),
    ):
        path.write_bytes(written)
        with pytest.raises(ProjectError, match="Restore the file, or make it again") as error:
            read(path)
        assert str(error.value).startswith(f"{path}: ") and len(str(error.value)) < len(str(path)) + 200
