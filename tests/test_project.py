"""Test project.yml against the code: dependencies, outputs, overrides, help."""
import ast
import importlib
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Annotated, Any, Iterator, Literal, get_args, get_origin, get_type_hints

import pytest
import srsly
from pydantic import ValidationError

from scripts.base import command as frame
from scripts.base.settings import Settings
from tests.project import ROOT, copy_project, read_project, weasel

PROJECT = read_project()
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
# `package` trains and scores what it packages, as `train` and `evaluate` do.
ASIDE = (
    *("plan", "train", "evaluate", "search", "verify", "errors", "benchmark", "benchmark-growth"),
    *("predict", "suggest", "demo"),
)
VARIABLES = {
    "experiment": "other",
    "configs": "elsewhere",
    "encoder": "bert-base-multilingual-cased",
    "tokenizer": "bert-base-multilingual-cased",
    "gpu_id": "3",
    "threads": "2",
    "pipeline": "xx_other",
    "port": "8765",
    "texts": "notes",
    "format": "doccano",
    "output": "elsewhere.jsonl",
    "sentences": "20",
    "words": "900",
    "method": "diversity",
    "random_share": "0.3",
    "annotated": "my_notes",
    "runs": "5",
    "executor": "ray",
    "workers": "3",
    "address": "10.0.0.1:6379",
    "gpus_per_run": "0.25",
    "seed": "17",
    "resplit": "my_notes",
    "name": "another_name",
    "version": "7.8.9",
}


def command_module(command: dict) -> str:
    return re.search(r"-m (scripts\.\w+)", command["script"][0]).group(1)


def imported_files(module: str, seen: set[Path] | None = None) -> set[Path]:
    """Files of the project that a module imports, by itself or through others."""
    seen = set() if seen is None else seen
    path = ROOT.joinpath(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    if not file.is_file() or file in seen:
        return seen
    seen.add(file)
    for name in imported_names(file):
        imported_files(name, seen)
    return seen


@cache
def imported_names(file: Path) -> tuple[str, ...]:
    """Modules of the project, or what is in them, that a file imports itself."""
    names = []
    for node in ast.walk(ast.parse(file.read_text("utf8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in names if name.startswith("scripts"))


def test_workflow_names_known_commands_and_all_that_make_something():
    assert set(PROJECT["workflows"]["all"]) == set(COMMANDS) - {"clean", "convert-strict", *ASIDE}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_imported_room_is_a_dependency(name):
    command = COMMANDS[name]
    if name == "clean":
        return
    declared = [ROOT / dependency for dependency in command["deps"]]
    for file in imported_files(command_module(command)):
        if file.name == "__init__.py" and len(file.read_text("utf8").splitlines()) == 1:
            continue
        assert any(path == file or path in file.parents for path in declared), f"{name} misses {file}"


@pytest.mark.parametrize("name", COMMANDS)
def test_declared_scripts_exist(name):
    for dependency in COMMANDS[name].get("deps", []):
        if dependency.startswith("scripts"):
            assert (ROOT / dependency).exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_options_in_project_file_exist_in_the_command(name, monkeypatch, capsys):
    command = COMMANDS[name]
    # In this process: each of its own would import the same libraries for seconds.
    main = importlib.import_module(command_module(command)).main
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as end:
        frame.run(main)
    assert end.value.code == 0
    given = set(re.findall(r"--[a-z-]+", " ".join(command["script"])))
    assert given <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert command["help"]


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory):
    """What Weasel would start with every variable overridden."""
    folder = copy_project(tmp_path_factory.mktemp("dry"))
    overrides = [part for name, value in VARIABLES.items() for part in (f"--vars.{name}", value)]
    runs = [weasel(folder, "run", name, ".", *overrides, "--dry", "--force") for name in ("all", *ASIDE)]
    return "\n".join(run.stdout for run in runs)


def test_every_variable_is_tested_and_documented():
    assert set(VARIABLES) == set(PROJECT["vars"])
    page = (ROOT / "docs" / "experiments.md").read_text("utf8")
    assert all(f"`{name}`" in page for name in VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_override_reaches_the_commands_that_use_it(dry_run, name):
    users = [command["name"] for command in PROJECT["commands"] if f"${{vars.{name}}}" in " ".join(command["script"])]
    assert users
    lines = [line for line in dry_run.splitlines() if "-m scripts." in line]
    option = "--" + name.replace("_", "-")
    for user in users:
        line = next(line for line in lines if f"{command_module(COMMANDS[user])} " in line)
        assert f"{option} {VARIABLES[name]}" in line


def test_misspelt_override_stops_with_a_hint(tmp_path):
    run = weasel(copy_project(tmp_path), "run", "convert", ".", "--vars.experimant", "sample")
    assert run.returncode != 0
    assert "Did you mean 'experiment'" in run.stdout
    assert not (tmp_path / "corpus" / "en_ugt").exists()


def test_no_dependency_holds_a_variable_and_so_no_command_is_skipped():
    """Weasel would say of a misspelt one that a file is missing, and not see that the settings have changed."""
    for name, command in COMMANDS.items():
        assert not [path for path in command.get("deps", []) if "${vars." in path], name
        assert command.get("no_skip") or not command.get("deps"), name


@pytest.fixture(scope="module")
def private_project(tmp_path_factory):
    """A copy of the project with a private folder: an experiment on a corpus of its own and on one of the project's."""
    folder = copy_project(tmp_path_factory.mktemp("private"))
    for kind in ("experiments", "corpora"):
        (folder / "private" / kind).mkdir(parents=True)
    settings = {"corpora": ["notes", "en_ehr"], "in_corpus": {"seeds": [0], "training": {"epochs": 1}}}
    srsly.write_yaml(folder / "private" / "experiments" / "mine.yml", settings)
    corpus = (folder / "configs" / "corpora" / "ru_ehr.yml").read_text("utf8")
    (folder / "private" / "corpora" / "notes.yml").write_text(corpus, "utf8")
    return folder


def test_a_private_experiment_finds_the_corpora_of_the_project(private_project):
    run = weasel(private_project, "run", "convert", ".", "--vars.configs", "private", "--vars.experiment", "mine")
    assert run.returncode == 0, run.stdout
    assert {path.parent.name for path in private_project.glob("corpus/*/manifest.json")} == {"notes", "en_ehr"}


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        ("convert", ["--vars.experiment", "sampel"], "sampel.yml: no such settings file. Did you mean 'sample'?"),
        ("describe", ["--vars.experiment", "sampel"], "sampel.yml: no such settings file. Did you mean 'sample'?"),
        ("convert", ["--vars.configs", "private", "--vars.experiment", "mina"], "Did you mean 'mine'?"),
        ("all", ["--vars.config", "private", "--vars.experiment", "mine"], "Did you mean 'configs'?"),
        ("convert", ["--vars.configs", "privat"], "privat/experiments/sample.yml: no such settings file"),
    ],
)
def test_a_misspelt_name_gets_the_hint_of_this_project(private_project, command, words, said):
    for folder in ("corpus", "training/encoders"):
        (private_project / folder).mkdir(parents=True, exist_ok=True)
    run = weasel(private_project, "run", command, ".", *words)
    assert run.returncode != 0
    assert said in run.stdout
    assert "Maybe you forgot" not in run.stdout and "Traceback" not in run.stdout


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a repository")
def test_git_leaves_a_private_folder_alone():
    run = ["git", "check-ignore", "--no-index", "private/corpora/notes.yml", "configs/corpora/en_ehr.yml"]
    ignored = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ignored.stdout.split() == ["private/corpora/notes.yml"]


def settings_models() -> list[type[Settings]]:
    for path in (ROOT / "scripts").rglob("*.py"):
        if "(Settings):" in path.read_text("utf8"):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return [model for model in Settings.__subclasses__() if model.__module__.startswith("scripts.")]


def wrong_values(annotation: Any) -> Iterator[Any]:
    """YIELDS (Any): Values of a type's shape with a boolean for each number in it, and a number for each boolean."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in (int, float, bool):
        yield 1 if annotation is bool else True
    elif origin is Annotated:
        yield from wrong_values(inner[0])
    elif origin is list:
        yield from ([value] for value in wrong_values(inner[0]))
    elif origin is dict:
        yield from ({"a": value} for value in wrong_values(inner[1]))
    elif origin is not Literal:
        yield from (value for part in inner for value in wrong_values(part))


NUMBERS = [
    pytest.param(model, name, value, id=f"{model.__name__}.{name}")
    for model in settings_models()
    for name, hint in get_type_hints(model, include_extras=True).items()
    if name in model.model_fields
    for value in wrong_values(hint)
]


@pytest.mark.parametrize(("model", "name", "value"), NUMBERS)
def test_no_settings_file_takes_a_boolean_for_a_number_or_the_other_way_round(model, name, value):
    with pytest.raises(ValidationError) as failure:
        model.model_validate({name: value})
    mistakes = [mistake["msg"] for mistake in failure.value.errors() if mistake["loc"][0] == name]
    assert any(re.fullmatch("Input should be a valid (integer|number|boolean)", message) for message in mistakes)


def test_the_version_is_the_same_wherever_it_stands():
    version = PROJECT["vars"]["version"]
    assert srsly.read_yaml(ROOT / "CITATION.cff")["version"] == version
    changelog = (ROOT / "CHANGELOG.md").read_text("utf8")
    assert re.findall(r"^## \[(\d.*?)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)[0] == version
    # The commands are not imported here: that takes seconds.
    for command in ("package", "evaluate_package"):
        assert f'version: str = option("{version}"' in (ROOT / "scripts" / f"{command}.py").read_text("utf8")
    assert f'version: Version = "{version}"' in (ROOT / "scripts" / "report.py").read_text("utf8")


def test_whatever_the_contributing_guide_names_is_there():
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    paths = re.findall(r"\b(?:scripts|tests|configs|\.ci)/[\w/.]*\w", guide)
    assert len(paths) > 3
    assert [path for path in paths if not (ROOT / path).exists()] == []
    (test,) = re.findall(r"::(\w+)", guide)
    assert f"def {test}(" in (ROOT / "tests" / "corpora" / "test_split.py").read_text("utf8")
    makefile = (ROOT / "Makefile").read_text("utf8")
    assert all(f"\n{target}: " in makefile for target in re.findall(r"`make ([\w-]+)`", guide))


def make_python(folder: Path, version: str, *arguments: str) -> subprocess.CompletedProcess:
    """RETURNS (CompletedProcess): What make says of a Python of that version, and of the environment in a folder."""
    python = write_python(folder / "python", version)
    command = ["make", "-C", str(ROOT), "python", f"VENV={folder / 'venv'}", *(arguments or [f"PYTHON={python}"])]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_python(path: Path, version: str) -> Path:
    """Write a program that says its version as Python would if asked by make."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("version", ["3.10", "3.14", "4.0"])
def test_make_refuses_a_python_that_the_requirements_are_not_there_for(version, tmp_path):
    run = make_python(tmp_path, version)
    assert run.returncode != 0
    assert f"Python 3.11, 3.12 or 3.13 is required (got {version})." in run.stdout


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_make_does_not_mix_two_pythons_in_one_environment(version, tmp_path):
    assert make_python(tmp_path, version).returncode == 0
    write_python(tmp_path / "venv" / "bin" / "python", version)
    assert make_python(tmp_path, version).returncode == 0
    write_python(tmp_path / "venv" / "bin" / "python", "3.10")
    run = make_python(tmp_path, version)
    assert run.returncode != 0 and f"has Python 3.10, not {version}." in run.stdout
    # Whoever names no Python takes the environment as it is.
    assert make_python(tmp_path, version, "ARGS=").returncode == 0


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_requirements_are_pinned_and_explained(name):
    lines = (ROOT / name).read_text("utf8").splitlines()
    assert lines[0].startswith("#")
    assert all(re.fullmatch(r"#.*|[\w-]+==[\w.]+|-r requirements.txt", line) for line in lines)


def imported_packages(folder: str) -> set[str]:
    """RETURNS (set[str]): The packages whose modules are imported somewhere in a folder, wherever in its files."""
    modules = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    distributions = packages_distributions()
    return {package for module in modules for package in distributions.get(module, [])}


def test_commands_need_nothing_that_only_tests_have():
    required = {
        name: {line.partition("==")[0] for line in (ROOT / name).read_text("utf8").splitlines() if "==" in line}
        for name in ("requirements.txt", "requirements-test.txt")
    }
    assert not imported_packages("scripts") & required["requirements-test.txt"]
    assert {"pytest", "hypothesis", "seqeval"} <= imported_packages("tests") & required["requirements-test.txt"]
