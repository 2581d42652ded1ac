"""Run a command: check how it was started, print its resolved settings, and report an error in one line."""
import functools
import io
import os
import re
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import srsly
import typer
import wasabi.util
from click.shell_completion import split_arg_string
from wasabi import color, msg

from scripts.base import signals
from scripts.base.errors import (
    TRACEBACK,
    ProjectError,
    explain_os_error,
    explain_unforeseen,
    show_traceback,
    visible,
)
from scripts.base.garbage import collect_again
from scripts.base.leftovers import own_temporary_files
from scripts.base.settings import suggest
from scripts.base.weasel import delete_damaged_lock, end_with_weasel, is_weasel, parent_words

# Characters that do not survive the single quotes in project.yml, or Weasel's own parsing.
UNQUOTED = re.compile(r"""['"$`\\\x00-\x1f\x7f]""")
OPTION = re.compile(r"(?<![\w.-])--([a-z][a-z-]*)")
PROJECT_FILE = Path("project.yml")
LOCK_FILE = Path("project.lock")


def run(main: Callable[..., None]) -> None:
    """Run a command's `main` from the command line.

    main (Callable): A function with typed Typer parameters; its docstring is the help text.
    """
    _let_screens_lack_characters()
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(_framed(main))
    if main.__module__ == "__main__":
        signals.watch()
        end_with_weasel()
        collect_again()
    try:
        app()
    finally:
        if number := signals.stopped_by():
            signals.end(number)


def _let_screens_lack_characters() -> None:
    """Print a question mark for a character that the screen's encoding doesn't have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Otherwise wasabi encodes lines with an icon itself, then decodes them as UTF-8, whatever the encoding is.
    wasabi.util.ENCODING = "utf8"


def _framed(main: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(main)
    def framed(**settings: Any) -> None:
        try:
            words = started_with()
            check_overrides([word for word in words if _is_override(word)], PROJECT_FILE)
            check_values(words)
            print_settings(_command_name(main), settings)
            if is_weasel(parent_words()) and delete_damaged_lock(LOCK_FILE):
                msg.warn(f"Deleted {LOCK_FILE}, which was damaged: Weasel writes a new one")
            with signals.clearing_away(), own_temporary_files():
                main(**settings)
        except ProjectError as error:
            _stop(str(error))
        except OSError as error:
            _stop(explain_os_error(error))
        except Exception as error:
            show_traceback(error)
            remedy = f"Set {TRACEBACK}=1 to see the full traceback, which may quote texts"
            _stop(f"{explain_unforeseen(error)}: unexpected error. {remedy}")

    return framed


def _stop(reason: str) -> None:
    if signals.stopped_by():
        # The signal's own message has already said why.
        return
    # Not msg.fail, which wraps at 80 columns: an error should be one line that can be searched for and copied.
    line = f"✘ {name_variables(reason, PROJECT_FILE) if is_weasel(parent_words()) else reason}"
    print(f"\n{color(line, fg='red') if msg.show_color else line}\n", flush=True)
    sys.exit(1)


def name_variables(reason: str, project_file: Path) -> str:
    """Name the options in an error as Weasel's users write them.

    reason (str): Such as `--threads must be at least 1`.
    project_file (Path): The project.yml that declares the vars.
    RETURNS (str): Such as `--vars.threads must be at least 1`. Options without a variable are left as they are.
    """
    known = _declared(srsly.read_yaml(project_file).get("vars") or {}) if project_file.is_file() else []
    variables = {name.replace("_", "-"): f"--vars.{name}" for name in known}
    return OPTION.sub(lambda option: variables.get(option[1], option[0]), reason)


def print_settings(name: str, settings: dict[str, Any]) -> None:
    """Print the settings that a command was started with, including defaults."""
    msg.divider(name.rpartition(".")[2].replace("_", "-"))
    msg.table([(key, _shown(value)) for key, value in settings.items()])


def _shown(value: Any) -> str:
    """RETURNS (str): The value. A list is shown as its items. A list of empty items, which Weasel makes of an empty
    variable, is shown as an option that was left out."""
    if not isinstance(value, (list, tuple)):
        return visible(str(value))
    return ", ".join(str(item) for item in value if item != "") or str(None)


def started_with() -> list[str]:
    """RETURNS (list[str]): The arguments Weasel got, from WEASEL_CONFIG_OVERRIDES and from its command line."""
    # However Weasel was started, it runs a command as its own child. No other parent has arguments of this form.
    return split_arg_string(os.environ.get("WEASEL_CONFIG_OVERRIDES", "")) + parent_words()


def _is_override(word: str) -> bool:
    return word.startswith(("--vars.", "--env."))


def check_overrides(overrides: list[str], project_file: Path) -> None:
    """Raise an error for an override that Weasel would ignore without a warning.

    overrides (list[str]): Such as `--vars.seed` or `--vars.seed=3`.
    project_file (Path): The project.yml that declares the vars. If it doesn't exist, nothing is checked.
    RAISES (ProjectError): If an override names a variable that the file doesn't declare.
    """
    if not overrides or not project_file.is_file():
        return
    project = srsly.read_yaml(project_file)
    for override in overrides:
        word, equals, _ = override.partition("=")
        section, _, name = word.lstrip("-").partition(".")
        known = _declared(project.get(section) or {})
        underscored = name.replace("-", "_")
        # Weasel turns dashes into underscores, but only before an equals sign.
        if (underscored if equals else name) not in known:
            remedy = f"write --{section}.{underscored}" if underscored in known else suggest(name, known)
            raise ProjectError(f"no variable '{section}.{name}'", where=project_file, remedy=remedy)


def check_values(words: Sequence[str]) -> None:
    """Raise an error for an override whose value Weasel would change, or the command line would misread.

    words (Sequence[str]): The arguments Weasel got, such as `--vars.version=1.10`, or the same in two words.
    RAISES (ProjectError): If the command would get a different value from the one that was written.
    """
    for word, following in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if not _is_override(name) or (following.startswith("--") and not equals):
            continue
        value = value if equals else following
        if UNQUOTED.search(value) or (equals and "--" in value):
            what = "Weasel can't pass on a quote, `$`, `--`, a backslash or a control character in a value"
            raise ProjectError(what, where=name, remedy="choose another name, or rename the folder")
        number = _number(value)
        if number is not None and str(number) != value:
            remedy = f"write {number}, or a version in three parts, such as 1.10.0"
            raise ProjectError(f"{name} {value}: Weasel reads the value as the number {number}", remedy=remedy)


def _number(value: str) -> int | float | None:
    """RETURNS (int | float | None): The number that Weasel reads a value as, or None if it doesn't."""
    try:
        parsed = srsly.json_loads(value)
    except ValueError:
        return None
    return parsed if type(parsed) in (int, float) else None


def _declared(variables: dict[str, Any], prefix: str = "") -> list[str]:
    """RETURNS (list[str]): The names of variables, as `outer.inner` for those in a section."""
    names = []
    for name, value in variables.items():
        names.append(f"{prefix}{name}")
        names += _declared(value, f"{prefix}{name}.") if isinstance(value, dict) else []
    return names


def _command_name(main: Callable[..., None]) -> str:
    """RETURNS (str): The name of the module with a command's `main`, even when `python -m` calls it `__main__`."""
    spec = main.__globals__.get("__spec__")
    return spec.name if spec else main.__module__


def option(default: Any, text: str, name: Optional[str] = None) -> Any:
    """RETURNS (Any): A Typer option that shows its default in the help text."""
    names = [name] if name else []
    return typer.Option(default, *names, help=text, show_default=default is not ...)
