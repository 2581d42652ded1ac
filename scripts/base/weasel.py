"""Tell whether Weasel has started this process, and how; if so, end with it."""
import os
from pathlib import Path

import psutil

from scripts.base import signals
from scripts.base.parent import end_with_parent


def parent_words() -> list[str]:
    """RETURNS (list[str]): The command line of the process that has started this one; empty if it can't be read."""
    try:
        return psutil.Process(os.getppid()).cmdline()
    except psutil.Error:
        return []


def is_weasel(words: list[str]) -> bool:
    """Tell whether a command line is that of `weasel run`, however it was started.

    words (list[str]): Such as `python -m weasel run all`, `.venv/bin/weasel run all` or `spacy project run all`.
    RETURNS (bool): Whether it is.
    """
    programs = [Path(word).name for word in words[: words.index("run")]] if "run" in words else []
    return "weasel" in programs or programs[-2:] == ["spacy", "project"]


def end_with_weasel() -> None:
    """End this process as soon as the Weasel that has started it ends; any other parent, such as a shell, may go."""
    parent = os.getppid()
    if is_weasel(parent_words()):
        signals.tell_of_parent(parent)
        end_with_parent(parent)
