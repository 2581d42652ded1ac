"""Test the frame of a command, and the check of overrides under the real Weasel."""
import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Optional

import pytest
import typer

from scripts.base.command import check_overrides, check_values, option, run
from scripts.base.errors import TRACEBACK, ProjectError
from scripts.base.garbage import starts_command

ROOT = Path(__file__).parents[2]
PROJECT = """\
vars:
  seed: 1
  gpu_id: -1
  few_shot:
    size: 50
env:
  home: HOME
commands:
  - name: show
    script: ["python -m show --seed ${vars.seed} --gpu-id ${vars.gpu_id} --size ${vars.few_shot.size}"]
workflows:
  all: [show]
"""
MODULE = """\
from scripts.base.command import option, run


def main(seed: int = option(0, "Seed"), gpu_id: int = option(-1, "GPU"), size: int = option(0, "Size")) -> None:
    print(f"ran with {seed} {gpu_id} {size}")


if __name__ == "__main__":
    run(main)
"""
WEASEL = [str(Path(sys.executable).parent / "weasel"), "run"]
WEASEL_MODULE = [sys.executable, "-m", "weasel", "run"]
Finished = subprocess.CompletedProcess
SPACY_PROJECT = [sys.executable, "-m", "spacy", "project", "run"]


GARBAGE = """\
import gc

import scripts

while_importing = gc.isenabled()

from scripts.base.command import run


def main() -> None:
    print(while_importing, gc.isenabled(), gc.get_freeze_count() > 10_000)


if __name__ == "__main__":
    run(main)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project.yml").write_text(PROJECT)
    (tmp_path / "show.py").write_text(MODULE)
    return tmp_path


def start(project: Path, starter: list[str], *words: str, overrides: Optional[str] = None) -> Finished:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("WEASEL_CONFIG_OVERRIDES", None)
    if overrides is not None:
        environment["WEASEL_CONFIG_OVERRIDES"] = overrides
    command = [*starter, *words]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)


def squeezed(text: str) -> str:
    """RETURNS (str): A text without the padding of wasabi's tables."""
    return " ".join(text.split())


@pytest.mark.parametrize("content", [b"", b"[]", "show: {}".encode("utf-16"), b"show: {", b"\x00"])
def test_a_damaged_lock_of_weasel_is_deleted_and_written_anew(content: bytes, project: Path):
    # As in this project's commands. Weasel reads the lock before it runs another one.
    (project / "project.yml").write_text(PROJECT.replace("    script:", "    no_skip: true\n    script:"))
    (project / "project.lock").write_bytes(content)
    done = start(project, WEASEL, "show", ".")
    assert done.returncode == 0 and "Deleted project.lock, which was damaged" in squeezed(done.stdout)
    kept = (project / "project.lock").read_bytes()
    assert b"show:" in kept
    assert "Deleted" not in start(project, WEASEL, "show", ".").stdout
    assert (project / "project.lock").read_bytes() == kept


@pytest.mark.parametrize(
    ("starter", "words"),
    [
        (WEASEL, ["all", ".", "--vars.sede", "3"]),
        (WEASEL_MODULE, ["show", ".", "--vars.sede=3"]),
        (SPACY_PROJECT, ["all", ".", "--vars.sede", "3"]),
    ],
)
def test_misspelt_override_stops_with_a_hint(starter: list[str], words: list[str], project: Path):
    done = start(project, starter, *words)
    assert done.returncode != 0
    assert "✘ project.yml: no variable 'vars.sede'. Did you mean 'seed'?" in done.stdout
    assert "ran with" not in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_misspelt_override_in_the_environment_stops_with_a_hint(project: Path):
    done = start(project, WEASEL_MODULE, "all", overrides="--vars.few_shot.sise=3")
    assert done.returncode != 0
    assert "no variable 'vars.few_shot.sise'. Did you mean 'few_shot.size'?" in done.stdout
    assert "ran with" not in done.stdout


def test_dash_before_a_space_stops_because_weasel_would_ignore_it(project: Path):
    done = start(project, WEASEL_MODULE, "all", ".", "--vars.gpu-id", "0")
    assert done.returncode != 0
    assert "no variable 'vars.gpu-id'. Write --vars.gpu_id" in done.stdout


@pytest.mark.parametrize(
    ("starter", "words", "overrides", "result"),
    [
        (WEASEL, ["all", ".", "--vars.seed", "3", "--vars.gpu-id=0"], None, "ran with 3 0 50"),
        (WEASEL_MODULE, ["show"], "--vars.few_shot.size=100 --vars.seed 7", "ran with 7 -1 100"),
        (WEASEL_MODULE, ["all", ".", "--env.home", "x"], None, "ran with 1 -1 50"),
    ],
)
def test_right_overrides_pass(starter, words, overrides, result, project: Path):
    done = start(project, starter, *words, overrides=overrides)
    assert done.returncode == 0
    assert result in done.stdout


def test_settings_are_printed_under_the_commands_own_name(project: Path):
    done = start(project, [sys.executable, "-m", "show"], "--seed", "5")
    assert done.returncode == 0
    assert "= show =" in done.stdout and max(map(len, done.stdout.splitlines())) <= 120
    assert "seed 5 gpu_id -1 size 0 ran with 5 -1 0" in squeezed(done.stdout)


FAILING = """\
from scripts.base.command import run


def main() -> None:
    {"Petrov took aspirin".partition(" ")[0]: 1}["Petrov " + "\\n"]


if __name__ == "__main__":
    run(main)
"""


@pytest.mark.parametrize("asked", [False, True])
def test_an_error_that_nobody_foresaw_is_one_line_without_its_message_unless_asked_for(asked: bool, project: Path):
    (project / "failing.py").write_text(FAILING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **({TRACEBACK: "1"} if asked else {})}
    command = [sys.executable, "-m", "failing"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and f"Set {TRACEBACK}=1 to see the full traceback" in done.stdout
    assert "✘ KeyError at scripts/base/command.py:" in done.stdout
    assert ("Petrov" in done.stderr and "Traceback" in done.stderr) == asked and "Petrov" not in done.stdout


SPEAKING = """\
import sys
from wasabi import msg
from scripts.base.command import option, run
from scripts.base.errors import TRACEBACK, ProjectError
from scripts.base.garbage import starts_command


def main(seed: int = option(0, "Зерно 🤒")) -> None:
    print("Мезим 🤒")
    print("é", file=sys.stderr)
    msg.good("Готово 🤒")
    msg.table([("боль", "é")], header=("я", "ж"), divider=True)
    raise ProjectError("α\\ud83dω", where="Жж")


if __name__ == "__main__":
    run(main)
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1251", "cp866", "utf8"])
def test_a_screen_that_lacks_characters_gets_question_marks(encoding: str, project: Path):
    (project / "show.py").write_text(SPEAKING, encoding="utf8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    for words, code, said in (([], 1, "✘ Жж: α?ω"), (["--help"], 0, "Usage")):
        command = [sys.executable, "-m", "show", *words]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, timeout=120)
        assert done.returncode == code and b"Traceback" not in done.stdout + done.stderr
        assert said.encode(encoding, "replace") in done.stdout


MISTAKEN = """\
from scripts.base.command import option, run
from scripts.base.errors import ProjectError


def main(seed: int = option(0, "Seed"), gpu_id: int = option(-1, "GPU"), size: int = option(0, "Size")) -> None:
    raise ProjectError("--gpu-id must be 0 (got 1)", where="--seed 3", remedy="see --other, a--seed or `--vars.seed`")


if __name__ == "__main__":
    run(main)
"""


def test_errors_name_options_as_they_are_written(project: Path):
    (project / "show.py").write_text(MISTAKEN)
    alone = start(project, [sys.executable, "-m", "show"]).stdout
    assert "✘ --seed 3: --gpu-id must be 0 (got 1). See --other, a--seed or `--vars.seed`" in alone
    under_weasel = start(project, WEASEL, "all", ".").stdout
    line = "✘ --vars.seed 3: --vars.gpu_id must be 0 (got 1). See --other, a--seed or `--vars.seed`"
    assert line in under_weasel


def test_garbage_is_collected_once_everything_is_imported(tmp_path: Path):
    # A folder named like the package, as Python imports the package of a module before it sets the arguments.
    package = tmp_path / "scripts"
    package.mkdir()
    (package / "show.py").write_text(GARBAGE)
    (package / "base").symlink_to(ROOT / "scripts" / "base")
    (package / "__init__.py").symlink_to(ROOT / "scripts" / "__init__.py")
    command = [sys.executable, "-B", "-m", "scripts.show"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert found.stdout.splitlines()[-1] == "False True True", found.stderr


@pytest.mark.parametrize(
    ("words", "is_command"),
    [
        ("python -B -m scripts.convert --experiment sample", True),
        ("python -m scripts.benchmarks.worker", False),
        ("python -m pytest", False),
        ("python -m", False),
        ("python -c code", False),
    ],
)
def test_only_a_command_collects_garbage_again(words: str, is_command: bool):
    assert starts_command(words.split()) == is_command


def test_unknown_option_is_refused(project: Path):
    done = start(project, [sys.executable, "-m", "show"], "--sed", "5")
    assert done.returncode == 2 and "No such option" in done.stderr and "--seed" in done.stderr


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("--vars.sed", "Did you mean 'seed'?"),
        ("--vars.color=red", "Known: few_shot, few_shot.size, my-name, seed"),
        ("--env.home", "no variable 'env.home'. Known: none"),
        # Weasel reads `my_name` here, and no variable of that name is declared.
        ("--vars.my-name=x", "Did you mean 'my-name'?"),
    ],
)
def test_overrides_are_compared_with_what_is_declared(override: str, message: str, tmp_path: Path):
    file = tmp_path / "project.yml"
    file.write_text("vars:\n  seed: 1\n  my-name: a\n  few_shot: {size: 3}\n")
    check_overrides(["--vars.seed=2", "--vars.my-name", "--vars.few_shot.size", "--vars.few_shot={}"], file)
    with pytest.raises(ProjectError) as failure:
        check_overrides([override], file)
    assert message in str(failure.value)


@pytest.mark.parametrize(
    ("words", "override", "number"),
    [
        (["weasel", "run", "all", "--vars.version", "1.10"], "--vars.version 1.10", "1.1"),
        (["--vars.version=1.10"], "--vars.version 1.10", "1.1"),
        (["--vars.seed", "1e3", "."], "--vars.seed 1e3", "1000.0"),
    ],
)
def test_a_value_that_weasel_would_change_is_refused(words: list[str], override: str, number: str):
    with pytest.raises(ProjectError) as failure:
        check_values(words)
    assert str(failure.value) == (
        f"{override}: Weasel reads the value as the number {number}. "
        f"Write {number}, or a version in three parts, such as 1.10.0"
    )


@pytest.mark.parametrize(
    "value", ["a$b", "${vars.name}", "it's", 'a "b"', "a\\b", "`id`", "x' --strict '", "a\nb", "\x1b[8m"]
)
def test_a_value_that_would_not_come_out_is_refused(value: str):
    for words in (["run", "--vars.name", value, "."], [f"--vars.name={value}"]):
        with pytest.raises(ProjectError, match="^--vars.name: Weasel can't pass on a quote") as failure:
            check_values(words)
        assert str(failure.value).isprintable()


def test_dashes_that_weasel_would_take_out_are_refused():
    with pytest.raises(ProjectError, match="^--vars.name: Weasel can't pass on .*`--`"):
        check_values(["--vars.name=a--b"])
    check_values(["--vars.name", "a--b", "--vars.resplit", "--vars.seed", "3", "--force", "it's"])


def test_values_that_come_out_as_they_are_written_pass():
    check_values(["--vars.seed", "3", "--vars.gpu_id=-1", "--vars.version", "1.10.0", "--vars.name", "a", "x", "1.10"])
    check_values(["--vars.resplit"])
    check_values([])


def test_such_a_value_stops_the_command(project: Path):
    done = start(project, WEASEL_MODULE, "all", ".", "--env.home", "1.10")
    assert done.returncode != 0
    assert "--env.home 1.10: Weasel reads the value as the number 1.1" in done.stdout
    assert "ran with" not in done.stdout


def test_nothing_is_checked_without_a_project_file(tmp_path: Path):
    check_overrides(["--vars.anything"], tmp_path / "project.yml")


def run_here(monkeypatch: pytest.MonkeyPatch, main, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["tool", *words])
    monkeypatch.delenv("WEASEL_CONFIG_OVERRIDES", raising=False)
    with pytest.raises(SystemExit) as end:
        run(main)
    return end.value.code


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ProjectError("no such corpus", where="a.yml"), 1, "✘ a.yml: no such corpus"),
        (ProjectError("a", where="b" * 300, remedy="c " * 300 + "d"), 1, f"{'b' * 300}: a. C{' c' * 299} d"),
        (OSError(errno.ENOSPC, "No space left", "b.json"), 1, "✘ b.json: the disk is full: free some space on the"),
    ],
)
def test_errors_end_the_command_in_one_line(error, code: int, line: str, monkeypatch, capsys):
    def main(seed: int = option(1, "Seed")) -> None:
        """Fail."""
        raise error

    assert run_here(monkeypatch, main) == code
    assert any(line in printed for printed in capsys.readouterr().out.splitlines())


def test_help_shows_the_docstring_texts_and_defaults(monkeypatch, capsys):
    def main(corpus: Path = option(..., "Corpus file"), size: int = option(50, "Sample size", "--n")) -> None:
        """Draw a sample."""

    assert run_here(monkeypatch, main, "--help") == 0
    shown = squeezed(capsys.readouterr().out)
    assert "Draw a sample." in shown and "Corpus file [required]" in shown
    assert "--n " in shown and "Sample size [default: 50]" in shown
    assert run_here(monkeypatch, main) == 2
    assert "--corpus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], "corpus None sizes None size 50"),
        # What a variable of project.yml that is empty becomes.
        (["--corpus", ""], "corpus None sizes None size 50"),
        (["--corpus", "one", "--corpus", "", "--corpus", "two", "--sizes", "0"], "corpus one, two sizes 0 size 50"),
    ],
)
def test_lists_are_printed_as_their_items(words: list[str], shown: str, monkeypatch, capsys):
    def main(
        corpus: Annotated[Optional[list[str]], typer.Option()] = None,
        sizes: Annotated[Optional[list[int]], typer.Option()] = None,
        size: int = option(50, "Sample size"),
    ) -> None:
        """Draw samples."""

    assert run_here(monkeypatch, main, *words) == 0
    assert shown in squeezed(capsys.readouterr().out)
