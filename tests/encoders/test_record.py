"""Test that each encoder has its own record, which no other encoder and no changed file can match."""
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json, write_checked_json
from scripts.encoders import folder as encoder_folder
from scripts.encoders.record import EncoderRecord, chosen_encoder, find_encoder, record_file, write_encoder
from scripts.encoders.resolve import resolve_encoder

NAMES = st.one_of(
    st.text(min_size=1, max_size=80), st.from_regex(r"[a-z]{1,3}([-./][a-z0-9A-Z]{1,12}){0,2}", fullmatch=True)
)


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of the tiny encoder that a test may change."""
    return Path(shutil.copytree(tiny_encoder, tmp_path / "bert"))


def record(training: Path, encoder: Path) -> EncoderRecord:
    """RETURNS (EncoderRecord): What `weasel run encoder` would leave behind for a folder."""
    found = resolve_encoder(str(encoder), training / "assets")
    write_encoder(found, record_file(training, str(encoder)))
    return found


def mistake(training: Path, encoder: str) -> str:
    with pytest.raises(ProjectError) as failure:
        find_encoder(training, encoder)
    assert "\n" not in str(failure.value) and encoder in str(failure.value)
    return str(failure.value)


class TestFiles:
    @pytest.mark.parametrize("encoder", ["offline", "untrained", "bert-base-multilingual-cased"])
    def test_a_plain_name_is_the_files(self, encoder, tmp_path):
        assert record_file(tmp_path, encoder) == tmp_path / "encoders" / f"{encoder}.json"

    def test_other_names_can_be_recognized(self, tmp_path):
        assert record_file(tmp_path, "dmis-lab/BioBERT-v1.1").name.startswith("dmis-lab-biobert-v1-1.")
        assert record_file(tmp_path, "/models/biobert").name.startswith("models-biobert.")
        assert len(record_file(tmp_path, "/models" * 100).name) < 100

    @given(one=NAMES, other=NAMES)
    def test_no_two_encoders_share_a_file_whatever_the_file_system(self, one, other):
        files = [record_file(Path("training"), name) for name in (one, other)]
        assert all(file.parent == Path("training") / "encoders" for file in files)
        assert (files[0] == files[1]) == (one == other)
        # Where capitals do not count, two of these would be one file.
        assert files[0].name == files[0].name.lower()

    def test_the_name_of_one_encoders_file_is_not_anothers(self, tmp_path):
        other = record_file(tmp_path, "lab/bert").name.removesuffix(".json")
        for encoder in (other, other.replace(".", "-"), "lab-bert", "Lab/bert", "lab/bert/", "./lab/bert"):
            assert record_file(tmp_path, encoder) != record_file(tmp_path, "lab/bert")


class TestFinding:
    def test_a_record_reads_back(self, folder, tmp_path):
        written = record(tmp_path, folder)
        assert find_encoder(tmp_path, str(folder)) == written

    def test_each_encoder_has_its_own_whatever_was_recorded_last(self, folder, tmp_path):
        other = Path(shutil.copytree(folder, tmp_path / "other"))
        record(tmp_path, folder), record(tmp_path, other)
        assert [find_encoder(tmp_path, str(name)).path for name in (folder, other)] == [folder, other]

    def test_an_encoder_that_was_not_recorded_names_the_command(self, folder, tmp_path):
        record(tmp_path, folder)
        expected = f"{record_file(tmp_path, 'offline')}: no record of encoder 'offline'. Run `weasel run encoder` first"
        assert mistake(tmp_path, "offline") == expected

    @pytest.mark.parametrize("data", [[], {"name": "offline"}, None])
    def test_a_file_that_is_no_record_is_an_error(self, data, tmp_path):
        path = record_file(tmp_path, "offline")
        path.parent.mkdir()
        path.write_text(json.dumps(data))
        assert mistake(tmp_path, "offline").endswith(
            "not the record of encoder 'offline'. Run `weasel run encoder` again"
        )

    @pytest.mark.parametrize("path", [None, 3, []])
    def test_a_record_of_no_folder_is_an_error(self, path, folder, tmp_path):
        record(tmp_path, folder)
        file = record_file(tmp_path, str(folder))
        write_checked_json(file, {**read_checked_json(file), "path": path})
        assert "not the record of encoder" in mistake(tmp_path, str(folder))

    def test_a_record_that_was_edited_is_an_error_that_names_the_command(self, folder, tmp_path):
        record(tmp_path, folder)
        file = record_file(tmp_path, str(folder))
        file.write_text(file.read_text().replace('"layers": ', '"layers": 1'))
        with pytest.raises(ProjectError, match="checksum doesn't match.*Run `weasel run encoder` again"):
            find_encoder(tmp_path, str(folder))

    def test_the_record_of_another_encoder_is_an_error(self, folder, tmp_path):
        write_encoder(record(tmp_path, folder), record_file(tmp_path, "offline"))
        assert "not the record of encoder 'offline'" in mistake(tmp_path, "offline")

    def test_a_folder_that_is_gone_is_an_error(self, folder, tmp_path):
        found = record(tmp_path, folder)
        write_encoder(replace(found, path=tmp_path / "gone"), record_file(tmp_path, str(folder)))
        assert mistake(tmp_path, str(folder)).endswith("is gone. Run `weasel run encoder` again")


class TestChangedFiles:
    @pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
    def test_each_file_of_an_encoder_is_held_against_the_record(self, file, folder, tmp_path):
        record(tmp_path, folder)
        content = (folder / file).read_bytes()
        # As long as before, and written again: neither size nor inode tell.
        (folder / file).write_bytes(bytes([content[0] ^ 1]) + content[1:])
        os.utime(folder / file, ns=(0, 0))
        expected = f"the files of encoder '{folder}' in {folder} have changed since they were recorded"
        assert mistake(tmp_path, str(folder)) == f"{expected}. Run `weasel run encoder` again"

    def test_a_file_that_is_gone_or_new_is_held_against_it_too(self, folder, tmp_path):
        record(tmp_path, folder)
        (folder / "added_tokens.json").write_text("{}")
        assert "have changed since they were recorded" in mistake(tmp_path, str(folder))
        (folder / "added_tokens.json").unlink()
        assert find_encoder(tmp_path, str(folder))
        (folder / "tokenizer.json").unlink()
        assert "have changed since they were recorded" in mistake(tmp_path, str(folder))

    def test_it_is_good_again_once_it_is_recorded_again(self, folder, tmp_path):
        before = record(tmp_path, folder)
        (folder / "tokenizer_config.json").write_text((folder / "tokenizer_config.json").read_text() + "\n")
        assert "have changed since they were recorded" in mistake(tmp_path, str(folder))
        after = record(tmp_path, folder)
        assert find_encoder(tmp_path, str(folder)) == after
        assert before.sha256 != after.sha256

    def test_files_are_read_once_until_they_change(self, folder, tmp_path, monkeypatch):
        read: list[Path] = []
        hash_files = encoder_folder.hash_files
        monkeypatch.setattr(encoder_folder, "hash_files", lambda *given: read.append(folder) or hash_files(*given))
        record(tmp_path, folder)
        for _ in range(3):
            find_encoder(tmp_path, str(folder))
        assert len(read) == 1


def test_the_option_goes_before_the_experiments_file():
    assert chosen_encoder("experiment", "lab/bert") == "lab/bert"
    assert chosen_encoder("offline", "lab/bert") == "offline"
