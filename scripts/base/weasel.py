"""Find out whether Weasel started this process, and if so, end with it."""
import os
from pathlib import Path

import psutil
import srsly

from scripts.base import signals
from scripts.base.parent import end_with_parent


def parent_words() -> list[str]:
    """RETURNS (list[str]): The command line of the process that started this one. Empty if it can't be read."""
    try:
        return psutil.Process(os.getppid()).cmdline()
    except psutil.Error:
        return []


def is_weasel(words: list[str]) -> bool:
    """Check whether a command line is that of `weasel run`, however it was started.

    words (list[str]): Such as `python -m weasel run all`, `.venv/bin/weasel run all` or `spacy project run all`.
    RETURNS (bool): Whether it is.
    """
    programs = [Path(word).name for word in words[: words.index("run")]] if "run" in words else []
    return "weasel" in programs or programs[-2:] == ["spacy", "project"]


def delete_damaged_lock(lock: Path) -> bool:
    """Delete Weasel's record of commands if it is damaged: Weasel would fail after every command, and writes a new one.

    lock (Path): The file `project.lock`.
    RETURNS (bool): Whether it was damaged.
    """
    if not lock.is_file():
        return False
    try:
        is_damaged = not isinstance(srsly.read_yaml(lock), dict)
    # Given a file with unexpected contents, the parser may raise many kinds of errors.
    except Exception:
        is_damaged = True
    if is_damaged:
        lock.unlink()
    return is_damaged


def end_with_weasel() -> None:
    """End this process as soon as the Weasel that started it ends. The end of any other parent, such as a shell, is
    ignored."""
    parent = os.getppid()
    if is_weasel(parent_words()):
        signals.set_parent(parent)
        end_with_parent(parent)
