"""Test which names and versions a package may have."""
import pytest

from scripts.base.errors import ProjectError
from scripts.shipping.naming import package_name


def test_names_follow_from_name_and_version():
    package = package_name("drug_disease2", "0.1.0rc1")
    assert package.distribution == "xx_drug_disease2"
    assert package.wheel == "xx_drug_disease2-0.1.0rc1-py3-none-any.whl"


BAD_NAMES = ["", "Drug", "drug-disease", "2drugs", "drug__disease", "_drug", "drug_", "drüg", "a b"]
BAD_VERSIONS = [("one", "Use one such as 0.1.0"), ("", "such as"), ("v1.0-rc1", "Use 1.0rc1")]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_pip_or_spacy_would_change_is_refused(name):
    with pytest.raises(ProjectError, match="--name: .*lower-case words") as raised:
        package_name(name, "0.1.0")
    assert "\n" not in str(raised.value)


def test_a_name_with_the_language_is_refused_with_the_name_to_give():
    with pytest.raises(ProjectError, match="Use drugs"):
        package_name("xx_drugs", "0.1.0")


@pytest.mark.parametrize("version, remedy", BAD_VERSIONS)
def test_a_version_that_pip_would_change_is_refused(version, remedy):
    with pytest.raises(ProjectError, match=f"--version: .*{remedy}"):
        package_name("drugs", version)


@pytest.mark.parametrize(
    ("name", "version", "where"),
    [("a" * 300, "0.1.0", "--name: the name has 300"), ("drugs", "9" * 300, "--version: the version has 300")],
)
def test_a_name_that_no_file_can_have_is_refused(name, version, where):
    with pytest.raises(ProjectError, match=f"{where} characters. Use at most") as raised:
        package_name(name, version)
    assert len(str(raised.value)) < 100


def test_the_longest_names_make_a_file_name():
    assert len(package_name("a" * 64, "9" * 32).wheel) < 200
