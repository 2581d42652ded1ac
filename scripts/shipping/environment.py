"""Install a wheel in a clean virtual environment, and run the package there."""
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import read_json, write_json
from scripts.base.leftovers import temporary_folder
from scripts.shipping import installed
from scripts.shipping.process import run_quietly

Question = Mapping[str, Any]
TokenMention = tuple[int, int, str]
# What pip says of a requirement if it reaches no index, and finds it in no folder either.
NO_VERSIONS = "(from versions: none)"


@dataclass(frozen=True)
class Answer:
    """The entities that an installed package finds in a text.

    tokens (tuple): (start, end, type) of each entity in tokens, end exclusive.
    characters (tuple): (start, end, type) of each entity in characters, end exclusive.
    confidences (tuple[Optional[float], ...]): Confidences, in the same order. None for an entity without one.
    """

    tokens: tuple[TokenMention, ...]
    characters: tuple[TokenMention, ...]
    confidences: tuple[Optional[float], ...]


@dataclass(frozen=True)
class Speed:
    """Speed of an installed package on this machine.

    load_seconds (float): Duration of `spacy.load`.
    words_per_second (float): Tokens per second on raw text, not counting whitespace.
    """

    load_seconds: float
    words_per_second: float


@dataclass(frozen=True)
class Answers:
    """Answers of an installed package.

    groups (Mapping[str, list[Answer]]): Answers by the name of the group of questions.
    versions (Mapping[str, str]): Versions of Python and of the installed libraries.
    speed (Speed): Speed of the package.
    """

    groups: Mapping[str, list[Answer]]
    versions: Mapping[str, str]
    speed: Speed


@contextmanager
def clean_environment(folder: Path) -> Iterator[Path]:
    """Create a virtual environment that is deleted at the end of the block.

    folder (Path): Folder to create it in.
    YIELDS (Path): The environment's Python.
    RAISES (ProjectError): If it can't be created.
    """
    with temporary_folder(folder.absolute() / "environment") as environment:
        remedy = "on Debian and Ubuntu, install python3-venv"
        run_quietly([sys.executable, "-m", "venv", environment], "making a virtual environment", folder, remedy=remedy)
        yield environment / "bin" / "python"


class NoPackageIndex(ProjectError):
    """pip found no version at all of a requirement, because no package index could be reached."""


def install_wheel(python: Path, wheel: Path, constraints: Path) -> None:
    """Install a wheel and its requirements.

    python (Path): The environment's Python.
    wheel (Path): The wheel.
    constraints (Path): A requirements file with pinned versions.
    RAISES (ProjectError): If the requirements file is missing, or pip fails.
    RAISES (NoPackageIndex): If pip reaches no package index.
    """
    if not constraints.is_file():
        raise ProjectError("no such file", where=constraints, remedy="use the project's requirements.txt")
    # Compiling every module of torch takes longer than unpacking it.
    install = ["-m", "pip", "install", "--no-compile", "--no-input", "-c", constraints.absolute(), wheel.absolute()]
    remedy = "check the network and the constraints, and start the command again"
    try:
        run_quietly([python, "-I", *install], f"installing {wheel.name}", python.parent, remedy=remedy)
    except ProjectError as error:
        if NO_VERSIONS in str(error):
            raise NoPackageIndex(f"installing {wheel.name} failed", remedy=remedy) from error
        raise


def ask(python: Path, package: str, questions: Mapping[str, Sequence[Question]], threads: int) -> Answers:
    """Run an installed package on questions, in isolation from the project.

    python (Path): The Python of its environment.
    package (str): The name for `spacy.load`.
    questions (Mapping): Groups of questions; see `installed`.
    threads (int): CPU threads.
    RETURNS (Answers): Groups of answers, in the same order.
    RAISES (ProjectError): If the package can't be loaded or fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_json(folder / "questions.json", questions)
        program = [python, "-I", Path(installed.__file__).absolute(), package]
        files = [folder / "questions.json", folder / "answers.json"]
        threads_of_torch = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        run_quietly([*program, *files], f"running {package}", folder, threads_of_torch)
        result = read_json(folder / "answers.json")
    groups = {name: [_read_answer(answer) for answer in group] for name, group in result["answers"].items()}
    return Answers(groups, result["versions"], Speed(**result["speed"]))


def _read_answer(answer: Mapping[str, list]) -> Answer:
    mentions = {unit: tuple(tuple(mention) for mention in answer[unit]) for unit in ("tokens", "characters")}
    return Answer(**mentions, confidences=tuple(answer["confidences"]))
