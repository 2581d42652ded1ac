"""Collect no garbage while libraries are imported, as there is none, and all of it once a pipeline isn't needed."""
import ctypes
import gc
import re
import sys
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


def free_unused() -> None:
    """Collect garbage, and give its memory back to the system, which the C library doesn't do by itself: pipelines have
    reference cycles, and their weights lie between other data."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        # Only glibc has it.
        if trim:
            trim(0)
