"""Collect no garbage while libraries are imported: there is none, and looking for it takes time."""
import gc
import re
from typing import Sequence

COMMAND = re.compile(r"scripts\.\w+")


def starts_command(words: Sequence[str]) -> bool:
    """RETURNS (bool): Whether Python was started with `-m` and a command of this project, which collects again."""
    module = words[words.index("-m") + 1 :][:1] if "-m" in words else []
    return any(map(COMMAND.fullmatch, module))


def stop_collecting() -> None:
    """Stop collecting garbage. Call this before the libraries are imported."""
    gc.disable()


def collect_again() -> None:
    """Collect garbage again, but don't search what is already imported: that is most of all objects."""
    gc.freeze()
    gc.enable()
