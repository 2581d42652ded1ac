"""Delete the converted corpora, models, results and wheels."""
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
    found = {name: sorted(Path(name).glob("*")) for name in GENERATED}
    with locked(write=[path for paths in found.values() for path in paths if path.is_dir() and not path.is_symlink()]):
        for name in GENERATED:
            for path in sorted(Path(name).glob("*")):
                delete(path)
                msg.text(f"Deleted {path}")
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
