"""Read and write what the rounds of a learning curve leave to those behind them: numbers of sentences, no text."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from scripts.base.errors import ProjectError
from scripts.base.files import write_json
from scripts.results.shapes import read_shape


@dataclass(frozen=True)
class NextSentences:
    """What the model of a round has chosen for the next one.

    size (int): The sample size of that round, in sentences.
    numbers (tuple[int, ...]): Numbers of the sentences that are added, in the order in which the reader gives them.
    edits (int): What it takes to correct what this round's model marks in them; see `scripts.evaluation.edits`.
    problem (str): Why it can't choose; empty if it can.
    """

    size: int
    numbers: tuple[int, ...]
    edits: int
    problem: str = ""


@dataclass(frozen=True)
class Round:
    """One run as a round of its learning curve.

    fingerprint (str): Of its training.
    before (str): Of the training of the round before; empty for the first one.
    numbers (tuple[int, ...]): Numbers of all sentences of its sample, in the training part, in order.
    words (int): Their words: tokens that are no white space.
    edits (int): The edits of all rounds up to here.
    next (Optional[NextSentences]): For the next round; None if this is the last.
    """

    fingerprint: str
    before: str
    numbers: tuple[int, ...]
    words: int
    edits: int
    next: Optional[NextSentences] = None


def round_file(results: Path, run: str) -> Path:
    """RETURNS (Path): Where a run stands as a round, in the experiment's folder of results."""
    return results / "rounds" / f"{run}.json"


def read_round(path: Path) -> Optional[Round]:
    """RETURNS (Optional[Round]): A run as a round; None if that is lost or damaged: its run is to be repeated then."""
    try:
        return read_shape(path, Round, "")
    except ProjectError:
        return None


def write_round(path: Path, found: Round) -> None:
    """Write a run as a round."""
    write_json(path, asdict(found))
