"""Install a wheel in a clean virtual environment, and put questions to it there."""
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


@dataclass(frozen=True)
class Answer:
    """The entities that an installed package finds in a text.

    tokens (tuple): (start, end, type) in tokens, end exclusive.
    characters (tuple): The same in characters.
    confidences (tuple[Optional[float], ...]): In the same order; None for an entity without one.
    """

    tokens: tuple[TokenMention, ...]
    characters: tuple[TokenMention, ...]
    confidences: tuple[Optional[float], ...]


@dataclass(frozen=True)
class Speed:
    """How fast an installed package is, on this machine.

    load_seconds (float): What `spacy.load` takes.
    words_per_second (float): Tokens a second on raw text, white space aside.
    """

    load_seconds: float
    words_per_second: float


@dataclass(frozen=True)
class Answers:
    """What an installed package answered.

    groups (Mapping[str, list[Answer]]): By the name of the group of questions.
    versions (Mapping[str, str]): Versions of Python and of the libraries beside the package.
    speed (Speed): How fast it was.
    """

    groups: Mapping[str, list[Answer]]
    versions: Mapping[str, str]
    speed: Speed


@contextmanager
def clean_environment(folder: Path) -> Iterator[Path]:
    """Make a virtual environment that lasts as long as the block does.

    folder (Path): Where to make it.
    YIELDS (Path): Its Python.
    RAISES (ProjectError): If it can not be made.
    """
    with temporary_folder(folder.absolute() / "environment") as environment:
        remedy = "on Debian and Ubuntu, install python3-venv"
        run_quietly([sys.executable, "-m", "venv", environment], "making a virtual environment", folder, remedy=remedy)
        yield environment / "bin" / "python"


def install_wheel(python: Path, wheel: Path, constraints: Path) -> None:
    """Install a wheel and all that it requires.

    python (Path): The environment's Python.
    wheel (Path): The wheel.
    constraints (Path): A requirements file that fixes versions.
    RAISES (ProjectError): If there is no such file, or pip fails.
    """
    if not constraints.is_file():
        raise ProjectError("no such file", where=constraints, remedy="name the project's requirements.txt")
    # Compiling every module of torch takes longer than unpacking it.
    install = ["-m", "pip", "install", "--no-compile", "--no-input", "-c", constraints.absolute(), wheel.absolute()]
    remedy = "check the network and the constraints, and start the command again"
    run_quietly([python, "-I", *install], f"installing {wheel.name}", python.parent, remedy=remedy)


def ask(python: Path, package: str, questions: Mapping[str, Sequence[Question]], threads: int) -> Answers:
    """Put questions to an installed package, far from the project.

    python (Path): The Python that has it.
    package (str): What `spacy.load` takes.
    questions (Mapping): Groups of questions; see `installed`.
    threads (int): CPU threads.
    RETURNS (Answers): Groups of answers, in the same order.
    RAISES (ProjectError): If the package does not load or fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_json(folder / "questions.json", questions)
        program = [python, "-I", Path(installed.__file__).absolute(), package]
        files = [folder / "questions.json", folder / "answers.json"]
        threads_of_torch = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        run_quietly([*program, *files], f"asking {package}", folder, threads_of_torch)
        result = read_json(folder / "answers.json")
    groups = {name: [_read_answer(answer) for answer in group] for name, group in result["answers"].items()}
    return Answers(groups, result["versions"], Speed(**result["speed"]))


def _read_answer(answer: Mapping[str, list]) -> Answer:
    mentions = {unit: tuple(tuple(mention) for mention in answer[unit]) for unit in ("tokens", "characters")}
    return Answer(**mentions, confidences=tuple(answer["confidences"]))
