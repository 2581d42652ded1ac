"""Test the Python blocks of docs/shipping.md, with a package that is installed without the project."""
import re
import subprocess

from tests.project import ROOT

PAGE = (ROOT / "docs" / "shipping.md").read_text("utf8").replace("xx_drug_disease", "xx_tiny_one")
PROGRAM = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def test_python_of_the_page_runs(python, tmp_path):
    assert PROGRAM.count("spacy.load") > 1
    done = subprocess.run([python, "-I", "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
