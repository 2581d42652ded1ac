"""Test the Python blocks of the pages that use the package, which is installed without the project."""
import re
import subprocess

import pytest

from tests.project import ROOT


@pytest.mark.parametrize("page", ["shipping.md", "performance.md"])
def test_python_of_the_page_runs(python, tmp_path, page):
    text = (ROOT / "docs" / page).read_text("utf8").replace("xx_drug_disease", "xx_tiny_one")
    program = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert "spacy.load" in program
    done = subprocess.run([python, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
