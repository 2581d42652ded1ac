"""Test that a manifest is read as it was written, and that other files are one-line errors."""
from dataclasses import fields, is_dataclass

import pytest

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json, write_checked_json, write_json
from scripts.corpora.manifest import Manifest, PartAccount, ReadAccount, read_manifest, write_manifest
from tests.corpora.test_account import make_manifest

MANIFEST = make_manifest(dropped=["nested"], changed=["expanded", "trimmed"], cut=1, notes=2)


@pytest.fixture
def written(tmp_path):
    """The corpus folder, with the manifest of one corpus."""
    (tmp_path / "c").mkdir()
    write_manifest(MANIFEST, tmp_path / "c")
    return tmp_path


def change(corpus, place, value=None):
    """Set the key at a place to a value, or take the key away."""
    path = corpus / "c" / "manifest.json"
    data = section = read_checked_json(path)
    for key in place[:-1]:
        section = section[key]
    del section[place[-1]]
    if value is not None:
        section[place[-1]] = value
    write_checked_json(path, data)


def places_of(part, place=()):
    """Every field of a manifest that has no default, as the keys that lead to it."""
    for field in fields(part):
        value = getattr(part, field.name)
        yield (*place, field.name)
        if is_dataclass(value):
            yield from places_of(value, (*place, field.name))


def test_a_manifest_is_read_as_it_was_written(written):
    assert read_manifest(written, "c") == MANIFEST
    again = read_manifest(written, "c")
    assert (type(again), type(again.read), type(again.splits["train"])) == (Manifest, ReadAccount, PartAccount)
    assert isinstance(again.dropped, tuple) and isinstance(again.entity_types, tuple)


# Only used where it is there.
ADDED_LATER = [("raw",)]


@pytest.mark.parametrize(
    "place",
    [*(place for place in places_of(MANIFEST) if place not in ADDED_LATER), ("splits", "train", "mentions", "kept")],
    ids=".".join,
)
def test_a_manifest_without_one_of_its_keys_is_of_an_earlier_version(written, place):
    change(written, place)
    with pytest.raises(ProjectError) as error:
        read_manifest(written, "c")
    file = written / "c" / "manifest.json"
    assert str(error.value) == f"{file}: written by an earlier version. Run `weasel run convert` again"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("read", "documents"), "many"),
        (("splits", "train", "sentences"), "nine"),
        (("dropped",), {"T1": 1}),
        (("entity_types",), "Drug"),
    ],
)
def test_a_wrong_value_is_named_by_its_key_in_one_line(written, place, value):
    change(written, place, value)
    with pytest.raises(ProjectError) as error:
        read_manifest(written, "c")
    message = str(error.value)
    assert f"manifest.json: key '{'.'.join(place)}': " in message
    assert "weasel run convert" in message and "\n" not in message


def test_a_manifest_that_was_edited_is_an_error_that_names_the_command(written):
    path = written / "c" / "manifest.json"
    path.write_text(path.read_text(encoding="utf8").replace('"documents": ', '"documents": 1'), encoding="utf8")
    with pytest.raises(ProjectError, match=r"manifest\.json: damaged or edited .* Run `weasel run convert` again"):
        read_manifest(written, "c")


def test_a_manifest_of_a_version_without_checksums_is_read(written):
    path = written / "c" / "manifest.json"
    write_json(path, read_checked_json(path))
    assert read_manifest(written, "c") == MANIFEST


def test_a_file_that_holds_something_else_is_no_manifest(written):
    write_json(written / "c" / "manifest.json", ["a", "list"])
    with pytest.raises(ProjectError, match=r"manifest\.json: not a manifest\. Run `weasel run convert` again"):
        read_manifest(written, "c")


def test_a_corpus_that_is_not_converted_names_the_command(tmp_path):
    with pytest.raises(ProjectError, match=r"c/manifest\.json: no such file\. Run `weasel run convert` first"):
        read_manifest(tmp_path, "c")
