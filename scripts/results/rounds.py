"""Read and write what a round of a learning curve passes on to the next ones: sentence numbers, but no text."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from scripts.base.errors import ProjectError
from scripts.base.files import write_checked_json
from scripts.results.shapes import read_shape


@dataclass(frozen=True)
class NextSentences:
    """The sentences that the model of a round selected for the next round.

    size (int): The sample size of the next round, in sentences.
    numbers (tuple[int, ...]): Numbers of the added sentences, in the order of the reader.
    edits (int): Number of edits to correct this round's predictions in them. See `scripts.evaluation.edits`.
    problem (str): Why the model can't select sentences. Empty if it can.
    """

    size: int
    numbers: tuple[int, ...]
    edits: int
    problem: str = ""


@dataclass(frozen=True)
class Round:
    """A run as a round of its learning curve.

    fingerprint (str): Fingerprint of its training.
    before (str): Fingerprint of the previous round's training. Empty for the first round.
    numbers (tuple[int, ...]): Numbers of all sentences of its sample in the training part, in order.
    words (int): Number of words in them, which are tokens other than whitespace.
    edits (int): Number of edits in all rounds so far.
    next (Optional[NextSentences]): The sentences for the next round, or None if this is the last.
    """

    fingerprint: str
    before: str
    numbers: tuple[int, ...]
    words: int
    edits: int
    next: Optional[NextSentences] = None


def round_file(results: Path, run: str) -> Path:
    """RETURNS (Path): The file of a run's round, in the experiment's folder of results."""
    return results / "rounds" / f"{run}.json"


def read_round(path: Path) -> Optional[Round]:
    """RETURNS (Optional[Round]): A run's round. None if its file is missing or damaged, so the run must be repeated."""
    try:
        return read_shape(path, Round, "")
    except ProjectError:
        return None


def write_round(path: Path, found: Round) -> None:
    """Write a run's round."""
    write_checked_json(path, asdict(found))
