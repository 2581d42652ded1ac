"""Delete what the commands made: corpora, models, results and wheels."""
import shutil
from pathlib import Path

from wasabi import msg

from scripts.base import command

GENERATED = ("corpus", "training", "metrics", "packages")


def main() -> None:
    """Delete what the commands made: corpora, models, results and wheels.

    Raw corpora, settings and the downloaded encoder (assets/) stay.
    """
    for name in GENERATED:
        for path in sorted(Path(name).glob("*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            msg.text(f"deleted {path}")
    msg.good("Clean. `weasel run all` makes everything again")


if __name__ == "__main__":
    command.run(main)
