"""Collect no garbage while libraries are imported: that takes time, and there is none."""
import gc


def stop_collecting() -> None:
    """Stop collecting garbage. Call this before the libraries are imported."""
    gc.disable()


def collect_again() -> None:
    """Collect garbage again, but don't search what is already imported: that is most of all objects."""
    gc.freeze()
    gc.enable()
