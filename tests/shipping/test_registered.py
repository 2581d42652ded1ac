"""Test that spaCy finds the components of an installed package that nothing has imported."""
import json
import subprocess
import sysconfig
import venv
import zipfile
from configparser import ConfigParser
from pathlib import Path
from typing import Iterator

import pytest

from scripts.base.errors import ProjectError
from scripts.ner import sentence_transformer
from scripts.shipping.pipeline import FACTORIES
from scripts.shipping.wheel import complete_setup
from tests.shipping.conftest import NAMES, VERSION

PACKAGE = f"xx_{NAMES[0]}"
TEXT = "Took aspirin for the headache. Больному назначен аспирин 100 мг."
LOOK = f"""
def look(nlp):
    doc = nlp({TEXT!r})
    return [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents], doc.spans["bio_ner"].attrs["scores"]
"""
SAVE = f"import json, spacy\n{LOOK}\nnlp = spacy.load({PACKAGE!r})\nnlp.to_disk('saved')\nprint(json.dumps(look(nlp)))"
# Each of these runs in a process of its own.
ELSEWHERE = {
    "saved": "nlp = spacy.load('saved')",
    "the package's folder": "nlp = spacy.load(next(find().glob(f'{package}-*')))",
}
FIND = f"""
import importlib.util
from pathlib import Path
package = {PACKAGE!r}
def find():
    return Path(importlib.util.find_spec(package).origin).parent
"""


# Imports the libraries, which takes seconds, and nothing of the package. Runs each program that it is given in a copy
# of itself, as a fresh process would; tells its exit code, and what it printed on both streams.
COPIES = f"""
import json, os, sys, tempfile, traceback
import spacy_transformers
import spacy, torch

def run(program):
    try:
        exec(program, {{"__name__": "__main__"}})
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

torch.set_num_threads(1)
for line in sys.stdin:
    assert {PACKAGE!r} not in sys.modules
    with tempfile.TemporaryFile("w+") as printed:
        child = os.fork()
        if not child:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            code = run(json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        print(json.dumps([code, printed.read()]), flush=True)
"""
# The environment of a process that can reach no model hub.
UNREACHABLE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HF_HUB_ETAG_TIMEOUT": "1", "PATH": ""}


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Start Python in an environment where no model hub can be reached."""
    command = [str(python), "-I", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=UNREACHABLE, check=False)


class Copies:
    """Runs programs in copies of a process that has imported the libraries alone.

    process (Popen): That process.
    """

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process

    def output(self, program: str) -> str:
        """RETURNS (str): What a program prints; it has to end without an error."""
        self.process.stdin.write(json.dumps(program) + "\n")
        self.process.stdin.flush()
        code, printed = json.loads(self.process.stdout.readline())
        assert code == 0, printed
        return printed

    def answer(self, program: str) -> list:
        """RETURNS (list): What a program prints last."""
        return json.loads(self.output(program).splitlines()[-1])

    def spacy(self, *arguments: str) -> None:
        """Run `python -m spacy`."""
        self.output(f"import sys; sys.argv[1:] = {arguments!r}; from spacy.cli import setup_cli; setup_cli()")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """RETURNS (Path): A working folder."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def copies(python, folder) -> Iterator[Copies]:
    """RETURNS (Copies): Runs programs in the working folder, in an environment that has the package."""
    command = [str(python), "-I", "-c", COPIES]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=UNREACHABLE, **pipes) as process:
        yield Copies(process)
        process.stdin.close()


@pytest.fixture(scope="module")
def expected(copies) -> list:
    """RETURNS (list): What the installed pipeline finds. It is written to `saved` in the working folder."""
    entities, scores = copies.answer(SAVE)
    assert entities and len(scores) == len(entities)
    return [entities, scores]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_saved_pipeline_loads_in_a_fresh_process(copies, expected, place):
    program = f"import json, spacy\n{LOOK}\n{FIND}\n{ELSEWHERE[place]}\nprint(json.dumps(look(nlp)))"
    assert copies.answer(program) == expected


def test_it_loads_where_only_blank_pipelines_were_made_before(python, folder, expected):
    # In a process that has not even imported the libraries.
    program = f"import json, spacy\n{LOOK}\nspacy.blank('en')\nprint(json.dumps(look(spacy.load('saved'))))"
    done = run(python, folder, "-c", program)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == expected


def test_its_components_can_be_added_to_any_pipeline(copies):
    # But for the encoder, which has to be told its model.
    names = [name for name in FACTORIES if name != sentence_transformer.FACTORY]
    program = f"import json, spacy\nnlp = spacy.blank('en')\nfor name in {names!r}: nlp.add_pipe(name)\n"
    assert copies.answer(program + "print(json.dumps(nlp.pipe_names))") == names


def test_spacy_assembles_its_config_without_a_hub(copies, expected):
    copies.spacy("assemble", "saved/config.cfg", "assembled")
    assert copies.answer(f"import json, spacy\n{LOOK}\nprint(json.dumps(look(spacy.load('assembled'))))") == expected


def test_spacy_debugs_and_packages_it(copies, folder, expected):
    paths = ["--paths.train", "x.spacy", "--paths.dev", "x.spacy"]
    copies.spacy("debug", "config", "saved/config.cfg", *paths)
    (folder / "packages").mkdir()
    copies.spacy("package", "saved", "packages", "--name", "again", "--version", "1.2.3", "--build", "none")
    meta = json.loads((folder / "packages" / "xx_again-1.2.3" / "meta.json").read_text())
    assert [line for line in meta["requirements"] if line.startswith(PACKAGE)]


def test_its_encoder_taken_over_survives_the_disk(copies, expected):
    program = f"""
import json, spacy
{LOOK}
nlp = spacy.load({PACKAGE!r})
nlp.replace_listeners("transformer", "bio_ner", ["model.tok2vec"])
nlp.remove_pipe("transformer")
nlp.to_disk("own")
print(json.dumps([look(nlp), look(spacy.load("own"))]))
"""
    assert copies.answer(program) == [expected, expected]


def without(folder: Path, *absent: str) -> Path:
    """RETURNS (Path): A Python that has the package, and this environment's libraries but for some."""
    venv.create(folder / "environment", symlinks=True, with_pip=False)
    own = next((folder / "environment").glob("lib/python*/site-packages"))
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        name = entry.name.lower().split("-")[0].removesuffix(".py")
        if name not in absent and not entry.name.endswith(".pth") and not (own / entry.name).exists():
            (own / entry.name).symlink_to(entry)
    return folder / "environment" / "bin" / "python"


@pytest.mark.parametrize(
    "absent",
    [("razdel",), ("pysbd",), ("spacy_transformers",), ("spacy_transformers", "transformers", "torch")],
    ids=" and ".join,
)
def test_a_library_that_is_absent_breaks_no_other_pipeline(packaged, tmp_path, absent):
    bare = without(tmp_path, *absent)
    own = next((tmp_path / "environment").glob("lib/python*/site-packages"))
    zipfile.ZipFile(packaged.wheels[0]).extractall(own)
    program = f"import spacy; print(len(spacy.blank('en')('No rash'))); spacy.load({PACKAGE!r})"
    done = run(bare, tmp_path, "-c", program)
    assert done.stdout.split() == ["2"], done.stderr
    assert "can't be used: ModuleNotFoundError" in done.stderr and absent[-1] in done.stderr
    # The pipeline that needs the library is the one that breaks.
    assert done.returncode != 0
    assert "ModuleNotFoundError: No module named" in done.stderr.splitlines()[-1]


def test_a_library_that_is_damaged_breaks_no_other_pipeline(packaged, tmp_path):
    bare = without(tmp_path, "razdel")
    own = next((tmp_path / "environment").glob("lib/python*/site-packages"))
    zipfile.ZipFile(packaged.wheels[0]).extractall(own)
    (own / "razdel.py").write_text("raise AttributeError('another version')")
    done = run(bare, tmp_path, "-c", "import spacy; print(len(spacy.blank('en')('No rash')))")
    assert (done.returncode, done.stdout.split()) == (0, ["2"]), done.stderr
    assert f"{PACKAGE}.sentences can't be used: AttributeError: another version" in done.stderr


# What version 0.1.0 does on import: it registers its factory if there is none, and its functions in any case.
OLDER = """
from spacy.language import Language
from spacy.util import registry
def make(nlp, name, model, scorer): raise SystemError("the older one")
if not Language.has_factory("bio_ner"):
    Language.factory("bio_ner", func=make)
@registry.architectures("interlingual.SentenceTransformer.v2")
def encoder(name): raise SystemError("the older one")
"""


@pytest.mark.parametrize("first", ["older", PACKAGE])
def test_it_loads_beside_an_older_version_in_either_order(copies, folder, expected, first):
    (folder / "older.py").write_text(OLDER)
    program = f"""
import json, sys, spacy
sys.path.insert(0, ".")
{LOOK}
import {first}, older
spacy.blank("en")
print(json.dumps([look(spacy.load(name)) for name in ({PACKAGE!r}, "saved")]))
"""
    assert copies.answer(program) == [expected, expected]


def test_the_entry_points_name_what_is_there(unpacked):
    parser = ConfigParser()
    parser.optionxform = str
    parser.read(unpacked / f"{PACKAGE}-{VERSION}.dist-info" / "entry_points.txt")
    assert dict(parser["spacy_models"]) == {PACKAGE: PACKAGE}
    assert dict(parser["spacy_factories"]) == dict.fromkeys(FACTORIES, PACKAGE)
    assert set(parser["spacy_callbacks"]) == {"interlingual.load_package.v1"}
    assert "." not in "".join(FACTORIES)


def test_a_setup_file_that_spacy_writes_otherwise_is_refused(tmp_path):
    (tmp_path / "setup.py").write_text("setup(entry_points=MODELS)")
    with pytest.raises(ProjectError, match="setup.py: this version of spaCy writes other entry points"):
        complete_setup(tmp_path / "setup.py", PACKAGE)
