"""The results of an experiment in, the paper's Tables 1 to 5 and every point of its curves out."""
import math
from typing import Optional, Sequence

from scripts.evaluation.curves import TOLERANCE, SentencesNeeded, Spread, best_and_worst
from scripts.evaluation.runs import RunResult
from scripts.evaluation.scores import MICRO
from scripts.reporting.corpora_tables import (
    shared_sentences,
    table1_corpora,
    table1_subtypes,
    table4_vocabulary_overlap,
)
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup, measure

MISSING_NAMED = 6


def table2_in_corpus(results: Results) -> Table:
    """RETURNS (Table): Table 2 of the paper: training and testing within one corpus."""
    rows = []
    for target in results.corpus_names:
        for setup in results.setups("in-corpus", target=target):
            runs = results.of("in-corpus", target=target, **vars(setup))
            rows.append((target, setup.model, *_score_cells(results, runs)))
    caption = "Trained on the whole training part of a corpus, tested on its test part."
    caption += _how_to_read(results, "in-corpus") + _missing(results, "in-corpus")
    columns = ("corpus", "model", *_score_columns(results))
    return Table("table2_in_corpus", "Table 2. In-corpus results", caption, columns, tuple(rows))


def table3_zero_shot(results: Results) -> Table:
    """RETURNS (Table): Table 3 of the paper: trained on a source, tested on a target that it has never seen."""
    rows = []
    for setup in results.setups("zero-shot"):
        for target in results.corpus_names:
            runs = results.of("zero-shot", target=target, **vars(setup))
            if runs:
                rows.append((" + ".join(setup.sources), target, setup.model, *_score_cells(results, runs)))
    caption = "Trained on the source, tested on the target without any of its sentences."
    caption += _how_to_read(results, "zero-shot") + _missing(results, "zero-shot")
    columns = ("source", "target", "model", *_score_columns(results))
    return Table("table3_zero_shot", "Table 3. Zero-shot results", caption, columns, tuple(rows))


def table5_sentences_needed(results: Results) -> Table:
    """RETURNS (Table): Table 5 of the paper: sentences of the target that are needed for 99 % of its full F1."""
    columns = ("target", "type", "full F1", "pretrain", "sentences needed")
    columns += ("sustained", "% of training part", "verdict")
    rows = [
        row
        for target in results.targets
        for entity_type in results.types
        for row in _needed_rows(results, target, entity_type)
    ]
    caption = (
        "The smallest sample whose mean F1 reaches 99 % of the full F1, which is that of training without pretraining "
        f"on the whole training part ({_denominators(results)}). Sustained: from there on every larger sample reaches "
        "it too. Verdict: the sources that need fewest and most sentences, among those that reach it."
    )
    caption += _missing(results, "few-shot") + _missing(results, "in-corpus", results.targets)
    title = "Table 5. Sentences needed for 99 % of the full F1"
    return Table("table5_sentences_needed", title, caption, columns, tuple(rows))


def few_shot(results: Results) -> Table:
    """RETURNS (Table): Every point of Figure 1: F1 at each sample size, with each seed's value."""
    columns = ("target", "source", "transfer", "model", "type", "size", "mean F1", "sd", "seeds", "F1 by seed")
    rows = [
        (target, " + ".join(setup.sources) or "none", setup.transfer, setup.model, entity_type, size)
        + (point.mean, point.sd, len(point.values), _by_seed([point]))
        for target in results.targets
        for setup in results.setups("few-shot", target=target)
        for entity_type in (*results.types, MICRO)
        for size, point in results.curve(target, setup, entity_type).points
    ]
    caption = "Size: sentences of the target that were trained on. sd: sample standard deviation over the seeds."
    caption += _missing(results, "few-shot")
    return Table("few_shot", "Every point of Figure 1", caption, columns, tuple(rows))


def make_tables(results: Results) -> list[Table]:
    """RETURNS (list[Table]): Tables 1 to 5 of the paper and what belongs to them, then every point of Figure 1."""
    return [
        table1_corpora(results.corpora),
        table1_subtypes(results.corpora),
        table2_in_corpus(results),
        table3_zero_shot(results),
        table4_vocabulary_overlap(results.corpora),
        shared_sentences(results.corpora),
        table5_sentences_needed(results),
        few_shot(results),
    ]


def never(need: SentencesNeeded) -> str:
    """RETURNS (str): Why no sample size is enough, such as `never (max 91 % at 150)`."""
    if need.best_share is None:
        return "not defined (full F1 is 0)"
    # Rounded down: 98.9 % is not 99 %.
    return f"never (max {math.floor(100 * need.best_share + TOLERANCE)} % at {need.best_size})"


def _score_columns(results: Results) -> tuple[str, ...]:
    by_type = [f"{name} {letter}" for name in results.types for letter in ("P", "R", "F1")]
    seeds = " / ".join([*results.types, MICRO])
    return (*by_type, "micro F1", "micro F1 (characters)", f"seeds: F1 of {seeds}")


def _score_cells(results: Results, runs: Sequence[RunResult]) -> tuple[Cell, ...]:
    percentages = ("precision", "recall", "f1")
    by_type = [measure(runs, name, name=percentage) for name in results.types for percentage in percentages]
    seeds = [measure(runs, name) for name in (*results.types, MICRO)]
    return (*by_type, measure(runs, MICRO), measure(runs, MICRO, view="characters"), _by_seed(seeds))


def _by_seed(spreads: Sequence[Optional[Spread]]) -> str:
    by_seed: dict[int, list[str]] = {}
    for spread in spreads:
        for seed, value in spread.values if spread else ():
            by_seed.setdefault(seed, []).append(f"{value:.2f}")
    return "; ".join(f"{seed}: {' / '.join(values)}" for seed, values in by_seed.items())


def _needed_rows(results: Results, target: str, entity_type: str) -> list[tuple[Cell, ...]]:
    rows = []
    for model in sorted({setup.model for setup in results.setups("few-shot", target=target)}):
        full = results.full(target, model, entity_type)
        needed = results.needed(target, model, entity_type)
        verdicts = _verdicts({setup: need for setup, need in needed.items() if setup.sources})
        for setup, need in needed.items():
            cells = _needed_cells(need, results.corpora.training_sentences(target))
            rows.append((target, entity_type, full, results.label(setup), *cells, verdicts.get(setup, "")))
    return rows


def _needed_cells(need: Optional[SentencesNeeded], sentences: Optional[int]) -> tuple[Cell, Cell, Cell]:
    if need is None:
        return "unknown (in-corpus run missing)", None, None
    if need.first is None:
        return never(need), "never", None
    percent = f"{100 * need.first / sentences:.1f} % of {sentences}" if sentences else None
    return need.first, need.sustained or "never", percent


def _verdicts(needed: dict[Setup, Optional[SentencesNeeded]]) -> dict[Setup, str]:
    known = {setup: need for setup, need in needed.items() if need is not None and need.best_share is not None}
    ranking = best_and_worst(known)
    best, worst = ("best", "worst") if ranking.best != ranking.worst else ("tie", "tie")
    if len(ranking.best) == 1 and ranking.best == ranking.worst:
        best = worst = "best and worst"
    names = {ranking.never: "never reached", ranking.worst: worst, ranking.best: best}
    return {setup: verdict for group, verdict in names.items() for setup in group}


def _denominators(results: Results) -> str:
    counts = [(target, results.corpora.training_sentences(target)) for target in results.targets]
    return ", ".join(f"{target}: {count or 'unknown number of'} sentences" for target, count in counts) or "no target"


def _how_to_read(results: Results, kind: str) -> str:
    seeds = {run.coordinates.seed for run in results.of(kind)}
    spread = "Mean ± sample standard deviation over the seeds. " if len(seeds) > 1 else ""
    return (
        f" Exact match in percent, as the CoNLL script counts. {spread}Characters: scored against the original offsets,"
        " so that mentions lost by tokens, truncation or the sentence splitter are missed."
    )


def _missing(results: Results, kind: str, targets: Optional[Sequence[str]] = None) -> str:
    names = results.missing(kind, targets)
    if not names:
        return "" if results.of(kind) else f" No {kind} run is finished."
    more = f"; and {len(names) - MISSING_NAMED} more" if len(names) > MISSING_NAMED else ""
    count = "1 run" if len(names) == 1 else f"{len(names)} runs"
    return f" {count} missing ({kind}: {'; '.join(names[:MISSING_NAMED])}{more})."
