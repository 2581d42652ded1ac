"""Show how the shipped pipeline scores on each test part, as it is and in capitals."""
from typing import Optional, Sequence

from scripts.corpora.schema import in_order
from scripts.evaluation.curves import Spread
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import measure, spread_of_scores
from scripts.reporting.tables.score_cells import by_seed
from scripts.results.runs import RunResult

COLUMNS = (
    "test part",
    "type",
    "F1",
    "F1 in capitals",
    "F1 (characters)",
    "F1 in capitals (characters)",
    "seeds: F1 / in capitals",
)
CAPTION = (
    "Exact match in percent, given the tokens and sentences of the corpus. Characters: scored on the original offsets, "
    "so mentions that begin or end inside a token or are lost to truncation or the sentence splitter count as missed. "
    "In capitals: on the same texts in capital letters."
)
SPREAD = " Mean ± sample standard deviation over the seeds."


def table_shipped(results: Sequence[RunResult]) -> Table:
    """Show F1 on each test part.

    results (Sequence[RunResult]): Results of the shipped pipeline, with one seed or several.
    RETURNS (Table): For each test part, a row for all types together and one for each type.
    """
    by_corpus: dict[str, list[RunResult]] = {}
    for result in results:
        by_corpus.setdefault(result.coordinates.target, []).append(result)
    rows = tuple(
        (corpus, name, *_cells(runs, name))
        for corpus, runs in by_corpus.items()
        for name in (MICRO, *in_order({name for run in runs for name in run.scores.tokens} - {MICRO}))
    )
    seeds = sorted({result.coordinates.seed for result in results})
    told = SPREAD if len(seeds) > 1 else "".join(f" Seed {seed}." for seed in seeds)
    return Table("shipped", "Scores of the shipped pipeline", CAPTION + told, COLUMNS, rows)


def _cells(runs: Sequence[RunResult], name: str) -> tuple[Cell, ...]:
    tokens, characters = measure(runs, name), measure(runs, name, view="characters")
    tokens_in_capitals, characters_in_capitals = (_in_capitals(runs, name, view) for view in ("tokens", "characters"))
    seeds = by_seed([tokens, tokens_in_capitals])
    return (tokens, tokens_in_capitals, characters, characters_in_capitals, seeds)


def _in_capitals(runs: Sequence[RunResult], name: str, view: str) -> Optional[Spread]:
    scored = {run.coordinates.seed: run.capitals for run in runs if run.capitals}
    return spread_of_scores({seed: getattr(scores, view) for seed, scores in scored.items()}, name)
