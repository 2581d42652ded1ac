"""Test the code blocks of the pages that use the package, which is installed without the project."""
import re
import shlex
import shutil
import subprocess

import pytest

from tests.project import ROOT


def read(page):
    """A page as if the package of the tests were the one that it names."""
    return (ROOT / "docs" / page).read_text("utf8").replace("xx_drug_disease", "xx_tiny_one")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["shipping.md", "performance.md"])
def test_python_of_the_page_runs(python, tmp_path, page):
    program = "\n".join(blocks(page, "python"))
    assert "spacy.load" in program
    done = subprocess.run([python, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_commands_of_spacy_on_the_page_run(python, packaged, tmp_path):
    for name, part in (("train", "train"), ("dev", "test")):
        shutil.copyfile(packaged.root / "corpus" / "en_ugt" / f"{part}.spacy", tmp_path / f"{name}.spacy")
    (config,) = blocks("shipping.md", "ini")
    (tmp_path / "short.cfg").write_text(config, "utf8")
    lines = re.findall(r"^python -m spacy .*$", "".join(blocks("shipping.md", "bash")), re.MULTILINE)
    assert [shlex.split(line)[3] for line in lines] == ["find-threshold", "init", "train"]
    for line in lines:
        words = [str(python), "-I", *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-2000:])
    trained = tmp_path / "training" / "more" / "model-last"
    program = f"import spacy; spacy.load({str(trained)!r})('Took aspirin.')"
    done = subprocess.run([python, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
