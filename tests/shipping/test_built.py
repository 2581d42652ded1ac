"""Test how the wheel of an experiment is found among those of others."""
import pytest
import srsly

from scripts.base.files import hash_file
from scripts.shipping.built import find_wheel
from scripts.shipping.naming import package_name
from scripts.shipping.record import write_record


@pytest.mark.parametrize(("evaluated", "is_own"), [(None, True), ("own", True), ("another's", False)])
def test_a_wheel_that_another_experiment_built_since_is_not_the_experiments_own(tmp_path, evaluated, is_own):
    package = package_name("drug_disease", "0.1.0")
    wheel = tmp_path / "xx_drug_disease-0.1.0-py3-none-any.whl"
    assert find_wheel(tmp_path, package, tmp_path) is None
    wheel.touch()
    srsly.write_json(tmp_path / "xx_drug_disease-0.1.0.json", {"fingerprint": "f", "sha256": "own"})
    if evaluated:
        srsly.write_json(tmp_path / "package.json", {"conditions": {"wheel": evaluated}})
    assert find_wheel(tmp_path, package, tmp_path) == (wheel if is_own else None)


@pytest.mark.parametrize("evaluated", [None, "an older one"])
@pytest.mark.parametrize(("experiment", "is_own"), [("sample", True), ("release", False)])
def test_a_wheel_belongs_to_the_experiment_that_built_it_even_if_an_older_one_was_evaluated(
    tmp_path, evaluated, experiment, is_own
):
    package, results = package_name("drug_disease", "0.1.0"), tmp_path / "sample"
    wheel = tmp_path / package.wheel
    wheel.touch()
    write_record(wheel, package, "f", experiment, "t", "Trained.")
    results.mkdir()
    if evaluated:
        srsly.write_json(results / "package.json", {"conditions": {"wheel": evaluated}})
    assert find_wheel(tmp_path, package, results) == (wheel if is_own else None)


def test_an_equal_wheel_that_another_experiment_built_is_the_experiments_own_once_it_is_evaluated(tmp_path):
    package = package_name("drug_disease", "0.1.0")
    wheel = tmp_path / package.wheel
    wheel.touch()
    write_record(wheel, package, "f", "release", "t", "Trained.")
    srsly.write_json(tmp_path / "package.json", {"conditions": {"wheel": hash_file(wheel)}})
    assert find_wheel(tmp_path, package, tmp_path) == wheel


def test_a_wheel_whose_record_is_lost_is_not_named(tmp_path):
    package = package_name("drug_disease", "0.1.0")
    (tmp_path / package.wheel).touch()
    (tmp_path / "xx_drug_disease-0.1.0.json").write_text("{")
    assert find_wheel(tmp_path, package, tmp_path) is None
