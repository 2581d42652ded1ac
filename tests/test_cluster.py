"""docs/cluster.md and its files against the project: what they name is there, and the shell files are valid."""
import re
import subprocess

import pytest
import srsly

from tests.project import ROOT, read_project

PROJECT = read_project()
PAGE = ROOT / "docs" / "cluster.md"
FOLDER = ROOT / "docs" / "cluster"
SHELL_FILES = sorted(FOLDER.glob("*.sh"))
FILES = (PAGE, *SHELL_FILES, *FOLDER.glob("*.yml"))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf8") for path in FILES}


def commands_of(text: str) -> set[str]:
    """RETURNS (set[str]): Commands of the project that a page or a shell file runs."""
    checks = re.findall(r"^check \S+ (?:run|on_gpu|paper) ([\w-]+)", text, re.MULTILINE)
    defaults = re.findall(r"\$\{COMMANDS:-([\w -]+)\}|COMMANDS=\"([\w -]+)\"", text)
    return {*re.findall(r"weasel run ([\w-]+)", text), *checks, *" ".join(sum(defaults, ())).split()}


def test_page_names_every_file_and_every_named_file_is_there():
    named = set(re.findall(r"docs/cluster/[\w.]+\w", TEXTS["docs/cluster.md"]))
    assert {path.relative_to(ROOT).as_posix() for path in FOLDER.iterdir() if path.is_file()} == named


@pytest.mark.parametrize("path", SHELL_FILES, ids=lambda path: path.name)
def test_shell_files_are_valid(path):
    run = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("name", TEXTS)
def test_every_variable_is_one_of_the_project(name):
    assert set(re.findall(r"--vars\.(\w+)", TEXTS[name])) - {"NAME"} <= set(PROJECT["vars"])


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_is_one_of_the_project(name):
    known = {command["name"] for command in PROJECT["commands"]} | set(PROJECT["workflows"])
    assert commands_of(TEXTS[name]) <= known
    assert commands_of(TEXTS[name]) or name.endswith(("slurm_worker.sh", ".yml"))


def test_every_requirements_file_of_the_cluster_is_there():
    mounts = srsly.read_yaml(FOLDER / "ray_cluster.yml")["file_mounts"]
    files = [source for source in mounts.values() if not source.startswith("~")]
    assert files and all((ROOT / source).is_file() for source in files)
