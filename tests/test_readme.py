"""The README's example, with the package that its two commands make of the sample: some twenty minutes."""
import re
import subprocess
import sys
import zipfile

import pytest

from tests.project import ROOT, copy_project, weasel

PROGRAM = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf8"), re.MULTILINE | re.DOTALL).group(1)


def test_every_print_of_the_example_has_its_output_below():
    lines = PROGRAM.splitlines()
    printing = [number for number, line in enumerate(lines) if line.startswith("print(")]
    assert printing and all(lines[number + 1].startswith("# ") for number in printing)


@pytest.mark.long
def test_example_prints_what_it_says(tmp_path, offline_encoder):
    folder = copy_project(tmp_path / "project")
    run = weasel(folder, "run", "all", ".")
    assert run.returncode == 0, run.stdout[-3000:]
    (wheel,) = (folder / "packages").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path / "installed", capture_output=True, text=True, check=False
    )
    expected = [line.removeprefix("# ") for line in PROGRAM.splitlines() if line.startswith("# ")]
    assert (done.stdout.splitlines(), done.stderr[-2000:]) == (expected, "")
