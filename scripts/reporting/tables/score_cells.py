"""Write the scores of runs into the columns that Tables 2 and 3 have in common."""
from typing import Mapping, Optional, Sequence

from scripts.evaluation.curves import Spread
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import NOTHING, Cell
from scripts.reporting.paper_counterparts import if_compared
from scripts.reporting.results import Results, measure
from scripts.reporting.tables.captions import without_gold
from scripts.results.runs import RunResult

BESIDE_F1 = (
    " Paper F1: its Multi-BERT next to softmax, whatever our encoder, BioBERT next to biobert, LSTM-CRF next to "
    "lstm_crf; only F1, as precision and recall are exchanged in print. Deviation: our mean minus the paper's F1."
)


def score_columns(results: Results) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): Headings: scores of each entity type, of all types together, and F1 by seed."""
    per_type = ("P", "R", "F1", *if_compared(results, "paper F1", "deviation"))
    by_type = [f"{name} {column}" for name in results.types for column in per_type]
    seeds = " / ".join([*results.types, MICRO])
    return (*by_type, "micro F1", "micro F1 (characters)", f"seeds: F1 of {seeds}")


def score_cells(results: Results, runs: Sequence[RunResult], paper: Mapping[str, float]) -> tuple[Cell, ...]:
    """Fill the cells under these headings with the scores of runs.

    results (Results): The experiment.
    runs (Sequence[RunResult]): Runs that differ in their seeds only.
    paper (Mapping[str, float]): F1 of the paper by entity type, in percent.
    RETURNS (tuple[Cell, ...]): One for each heading.
    """
    by_type = [cell for name in results.types for cell in _type_cells(results, runs, name, paper.get(name))]
    seeds = [measure(runs, name) for name in (*results.types, MICRO)]
    return (*by_type, measure(runs, MICRO), measure(runs, MICRO, view="characters"), by_seed(seeds))


def _type_cells(results: Results, runs: Sequence[RunResult], name: str, paper: Optional[float]) -> tuple[Cell, ...]:
    precision, recall, f1 = (measure(runs, name, name=percentage) for percentage in ("precision", "recall", "f1"))
    deviation = f1.mean - paper if f1 is not None and paper is not None else None
    return (precision, recall, f1, *if_compared(results, paper, deviation))


def by_seed(spreads: Sequence[Optional[Spread]]) -> str:
    """RETURNS (str): The values of each seed, such as `0: 75.00 / 80.00; 1: 70.00 / 82.00`."""
    columns = [dict(spread.values) if spread else {} for spread in spreads]
    seeds = sorted({seed for column in columns for seed in column})
    rows = {seed: [f"{column[seed]:.2f}" if seed in column else NOTHING for column in columns] for seed in seeds}
    return "; ".join(f"{seed}: {' / '.join(values)}" for seed, values in rows.items())


def how_to_read(results: Results, kind: str) -> str:
    """RETURNS (str): How to read the scores of runs of a kind, for the caption."""
    seeds = {run.coordinates.seed for run in results.of(kind)}
    spread = "Mean ± sample standard deviation over the seeds. " if len(seeds) > 1 else ""
    return (
        f" Exact match in percent, as the CoNLL script counts. {spread}Characters: scored on the original offsets, so "
        "mentions that begin or end inside a token or are lost to truncation or the sentence splitter count as missed."
        + without_gold(results)
    )
