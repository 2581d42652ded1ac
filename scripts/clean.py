"""Delete the converted corpora, models, results and wheels."""
import os
import shutil
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.locks import locked

GENERATED = ("corpus", "training", "metrics", "packages")
# No command could restore this file. It says which side of the split each document of a growing corpus is on.
KEPT = "split.json"


def main() -> None:
    """Delete the converted corpora, models, results and wheels.

    Raw corpora, settings, the downloaded encoder (assets/), the splits of corpora (corpus/NAME/split.json), texts/,
    predictions/ and suggestions/ are kept.
    """
    found = [path for name in GENERATED for path in sorted(Path(name).glob("*"))]
    with locked(write=[path for path in found if path.is_dir() and not path.is_symlink()]):
        # Not what has been made since, without a lock. A process that has ended may have deleted something by itself.
        for path in filter(os.path.lexists, found):
            delete(path)
            msg.text(f"Deleted {path}, except for {KEPT}" if path.exists() else f"Deleted {path}")
    msg.good("Clean. `weasel run all` creates everything again")


def delete(path: Path) -> None:
    """Delete a file or a folder, except for the split of a corpus."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    elif not (path / KEPT).is_file():
        shutil.rmtree(path)
    else:
        for other in path.iterdir():
            if other.name != KEPT:
                delete(other)


if __name__ == "__main__":
    command.run(main)
