"""Delete what the commands made: corpora, models, results and wheels."""
import shutil
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.locks import locked

GENERATED = ("corpus", "training", "metrics", "packages")
# No command makes it again as it was: it says which side documents of a corpus that has grown were dealt to.
KEPT = "split.json"


def main() -> None:
    """Delete what the commands made: corpora, models, results and wheels.

    Raw corpora, settings, the downloaded encoder (assets/) and the sides of documents (corpus/NAME/split.json) stay.
    """
    found = {name: sorted(Path(name).glob("*")) for name in GENERATED}
    with locked(write=[path for paths in found.values() for path in paths if path.is_dir()]):
        for name in GENERATED:
            for path in sorted(Path(name).glob("*")):
                delete(path)
                msg.text(f"deleted {path}")
    msg.good("Clean. `weasel run all` makes everything again")


def delete(path: Path) -> None:
    """Delete a file, or a folder but for the sides of a corpus's documents."""
    if not path.is_dir():
        path.unlink()
    elif not (path / KEPT).is_file():
        shutil.rmtree(path)
    else:
        for other in path.iterdir():
            if other.name != KEPT:
                delete(other)


if __name__ == "__main__":
    command.run(main)
