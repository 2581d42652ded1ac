"""Provide what tests of the whole project share: a copy of it, and a way to start Weasel there."""
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import srsly

ROOT = Path(__file__).parents[1]
FILES = ("project.yml", "README.md", "docs/commands.md", "requirements.txt", "CITATION.cff")
COPIED = (*FILES, "configs", "scripts", "assets/sample", "assets/paper", "assets/report")


def read_project() -> dict[str, Any]:
    """RETURNS (dict): What project.yml holds."""
    return srsly.read_yaml(ROOT / "project.yml")


def copy_project(folder: Path) -> Path:
    """RETURNS (Path): A copy of the project without anything that its commands made; a built encoder comes along."""
    for name in COPIED:
        source, destination = ROOT / name, folder / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, destination)
    if (ROOT / "assets" / "encoder").is_dir():
        (folder / "assets" / "encoder").symlink_to(ROOT / "assets" / "encoder")
    return folder


def weasel(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """RETURNS (CompletedProcess): What `python -m weasel` printed in a folder, both streams in `stdout`."""
    return subprocess.run(
        [sys.executable, "-m", "weasel", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "NO_COLOR": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
