"""Test the clean environment: empty at first, and deleted at the end."""
import subprocess

import pytest

from scripts.base.errors import ProjectError
from scripts.shipping.environment import NoPackageIndex, ask, clean_environment, install_wheel
from tests.shipping.conftest import NAMES


def test_the_environment_has_no_libraries_of_ours_and_is_gone_after_an_interrupt(packaged, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        with clean_environment(tmp_path) as python:
            found = "from importlib.util import find_spec; print(*map(find_spec, ('spacy', 'torch', 'scripts')))"
            done = subprocess.run([python, "-I", "-c", found], capture_output=True, text=True, check=True)
            assert done.stdout.strip() == "None None None"
            unmet = tmp_path / "constraints.txt"
            unmet.write_text("spacy==0.0.1\n")
            with pytest.raises(ProjectError, match="installing xx_tiny_one.* failed .ERROR: ") as raised:
                install_wheel(python, packaged.wheels[0], unmet)
            assert not isinstance(raised.value, NoPackageIndex)
            assert "\n" not in str(raised.value)
            raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [unmet]


def test_absent_constraints_are_told_before_anything_is_installed(packaged, tmp_path):
    with pytest.raises(ProjectError, match="requirements.txt: no such file"):
        install_wheel(tmp_path / "python", packaged.wheels[0], tmp_path / "requirements.txt")


def test_a_package_that_does_not_load_is_told_in_one_line(python):
    with pytest.raises(ProjectError, match="running xx_absent failed .*E050") as raised:
        ask(python, "xx_absent", {}, threads=1)
    assert "\n" not in str(raised.value)
    assert NAMES[0] not in str(raised.value)


def test_without_an_index_that_is_what_is_said(packaged, tmp_path, monkeypatch):
    # As behind a firewall, and without the minute that pip tries again for.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    (tmp_path / "constraints.txt").write_text("")
    with clean_environment(tmp_path) as python:
        with pytest.raises(NoPackageIndex, match="[Cc]heck the network"):
            install_wheel(python, packaged.wheels[0], tmp_path / "constraints.txt")
