"""Test when a wheel is rebuilt."""
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from scripts import package as command
from scripts.base.files import hash_file, read_json
from scripts.evaluation.calibration import BetaCalibration
from scripts.evaluation.scores import Score
from scripts.results.calibration import Calibration
from scripts.results.runs import RunScores
from scripts.shipping import record
from scripts.shipping.built import record_file
from scripts.shipping.card import describe
from scripts.shipping.naming import package_name
from scripts.shipping.record import package_fingerprint
from tests.experiments.tiny import EXPERIMENT
from tests.shipping.conftest import NAMES, VERSION, name_examples


@pytest.fixture()
def project(packaged, tmp_path):
    """A copy of the packaged project."""
    root = shutil.copytree(packaged.root, tmp_path / "project")
    name_examples(root)
    return root


@dataclass
class Build:
    """Takes the place of the minute that `python -m build` takes; keeps count.

    wheels (list[str]): Names of the wheels that were built.
    """

    wheels: list[str] = field(default_factory=list)

    def __call__(self, nlp, package, output, documents, check):
        self.wheels.append(package.wheel)
        (output / package.wheel).write_bytes(f"wheel {len(self.wheels)}".encode())
        return output / package.wheel


@pytest.fixture()
def build(monkeypatch):
    made = Build()
    monkeypatch.setattr(command, "build_wheel", made)
    return made


def package(root, name=NAMES[0], version=VERSION):
    places = {place: root / place for place in ("configs", "corpus", "training", "metrics")}
    settings = {"experiment": EXPERIMENT, **places, "seed": 0, "threads": 1, "gpu_id": -1}
    command.main(**settings, output=root / "packages", name=name, version=version)


def stamps(*folders: Path) -> dict[Path, int]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime_ns for path in files}


def test_the_second_time_nothing_is_built_nor_trained(project, build, capsys):
    # The wheel is there; without the model on disk, to load or train it would be seen.
    shutil.rmtree(project / "training" / EXPERIMENT)
    places = [project / name for name in ("packages", "training", "corpus", f"metrics/{EXPERIMENT}/runs")]
    before = stamps(*places)
    package(project)
    assert stamps(*places) == before and build.wheels == []
    printed = capsys.readouterr().out
    assert "Nothing has changed since the wheel was built" in printed and "The package is" in printed


def replace_wheel(wheel, beside):
    shutil.copyfile(beside[1], wheel)


def cut_wheel(wheel, beside):
    wheel.write_bytes(wheel.read_bytes()[:-100])


def lose_wheel(wheel, beside):
    wheel.unlink()


def lose_record(wheel, beside):
    record_file(wheel, package_name(NAMES[0], VERSION)).unlink()


def damage_record(wheel, beside):
    record_file(wheel, package_name(NAMES[0], VERSION)).write_text('{"fingerprint": ', encoding="utf8")


@pytest.mark.parametrize(
    "damage, reason",
    [
        (replace_wheel, "the wheel is damaged or was replaced"),
        (cut_wheel, "damaged"),
        (lose_wheel, "there is no wheel yet"),
        (lose_record, "the wheel's record is missing or damaged"),
        (damage_record, "the wheel's record is missing or damaged"),
    ],
)
def test_a_wheel_or_record_that_is_not_the_one_that_was_left_is_made_again(project, build, capsys, damage, reason):
    wheels = [project / "packages" / f"xx_{name}-{VERSION}-py3-none-any.whl" for name in NAMES]
    damage(wheels[0], wheels)
    package(project)
    printed = " ".join(capsys.readouterr().out.split())
    assert build.wheels == [wheels[0].name] and reason in printed
    assert ("pip would keep the earlier wheel" in printed) is (damage is not lose_wheel)
    assert read_json(record_file(wheels[0], package_name(NAMES[0], VERSION)))["sha256"] == hash_file(wheels[0])
    package(project)
    assert build.wheels == [wheels[0].name]


def test_another_version_has_a_wheel_and_a_record_of_its_own(project, build):
    before = stamps(project / "packages")
    package(project, version="0.2.0")
    assert build.wheels == [f"xx_{NAMES[0]}-0.2.0-py3-none-any.whl"]
    after = stamps(project / "packages")
    assert {path: after[path] for path in before} == before
    assert {path.name for path in set(after) - set(before)} == {build.wheels[0], f"xx_{NAMES[0]}-0.2.0.json"}


def test_another_template_of_the_model_is_another_wheel(project, build):
    template = project / "configs" / "softmax.cfg"
    template.write_text(template.read_text(encoding="utf8") + "\n# changed\n", encoding="utf8")
    package(project)
    assert len(build.wheels) == 1


def fingerprint_of(packaged, results, calibration=None, **changes):
    named = replace(package_name(NAMES[0], VERSION), **changes)
    described = describe(packaged.workspace, named, results, calibration)
    return package_fingerprint(named, described.meta, described.documents(0), results, calibration)


def test_what_decides_a_wheel_changes_its_fingerprint(packaged, monkeypatch):
    results = packaged.results
    own = fingerprint_of(packaged, results)
    assert own == fingerprint_of(packaged, packaged.results)
    tokens = {**results[0].scores.tokens, "micro": Score(1, 2, 3)}
    beta = BetaCalibration(1.0, 1.0, 0.5, 9)
    changed = [
        fingerprint_of(packaged, results, name="other"),
        fingerprint_of(packaged, results, version="9.9.9"),
        fingerprint_of(packaged, results, Calibration("f", {"Drug": beta}, {}, 9, 1.0, ())),
        fingerprint_of(packaged, [replace(results[0], fingerprint="of other data"), *results[1:]]),
        fingerprint_of(packaged, [replace(result, training="of another model") for result in results]),
        fingerprint_of(packaged, [replace(results[0], scores=RunScores(tokens, tokens)), *results[1:]]),
    ]
    monkeypatch.setattr("scripts.shipping.record.version", lambda name: "99.1.0")
    changed.append(fingerprint_of(packaged, results))
    assert len({own, *changed}) == len(changed) + 1


@pytest.mark.parametrize("number", range(len(record.CODE)))
def test_code_that_is_bundled_or_builds_decides_too(packaged, monkeypatch, tmp_path, number):
    copies = [Path(shutil.copyfile(path, tmp_path / path.name)) for path in record.CODE]
    monkeypatch.setattr(record, "CODE", copies)
    monkeypatch.setattr(record, "SCRIPTS", tmp_path)
    before = fingerprint_of(packaged, packaged.results)
    copies[number].write_bytes(copies[number].read_bytes() + b"\n")
    assert fingerprint_of(packaged, packaged.results) != before


def test_all_that_is_bundled_counts_as_code():
    names = {path.name for path in record.CODE}
    bundled = {"bio_ner.py", "lstm.py", "sentence_transformer.py", "sentences.py"}
    assert bundled | {"package_init.py", "pipeline.py", "rounding.py", "wheel.py"} == names
