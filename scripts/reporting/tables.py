"""The results of an experiment in, the paper's Tables 1 to 5 and every point of its curves out."""
import math
from typing import Mapping, Optional, Sequence

from scripts.evaluation.curves import TOLERANCE, SentencesNeeded, Spread, best_and_worst
from scripts.evaluation.scores import MICRO
from scripts.reporting.corpora_tables import PAPER
from scripts.reporting.formats import Cell, Table
from scripts.reporting.paper_tables import (
    MODELS,
    named_in_paper,
    paper_full,
    paper_in_corpus,
    paper_name,
    paper_sentences,
    paper_zero_shot,
)
from scripts.reporting.results import Results, Setup, measure
from scripts.results.kinds import NO_PRETRAIN
from scripts.results.paper import MULTI_BERT, Pretrain
from scripts.results.runs import RunResult

MISSING_NAMED = 6
PRETRAIN = {"none": NO_PRETRAIN, "best": "best source", "worst": "worst source"}
# Which count of the paper a setup is held against, by its verdict.
COUNTERPARTS = {"best": "best", "best and worst": "best", "tie": "best", "worst": "worst"}
BESIDE = (
    " The paper's figures are of the corpora that ours are or stand in for ({names}). Its splits are lost, and a "
    "stand-in has other texts, as RuDReC has for the paper's own reviews: no deviation is an error by itself."
)
BESIDE_F1 = (
    " Paper F1: its Multi-BERT beside softmax, whatever our encoder, BioBERT beside biobert, LSTM-CRF beside lstm_crf; "
    "only F1, since its precision and recall are exchanged in print. Deviation: our mean minus it."
)
CORRECTED = (
    " In rows that name RU EHR the paper exchanges source and target too; they stand here the right way round, and "
    "`paper's row` says how they were printed."
)
BESIDE_SENTENCES = (
    " The paper's rows: its Table 5 as printed, and the full F1 of its Table 2. Deviation: our sentences minus the "
    "paper's, of no pretrain, of the best and of the worst source, whichever source that is. The paper's shares of the "
    "training part are not shown, since their denominators differ."
)


def table2_in_corpus(results: Results) -> Table:
    """RETURNS (Table): Table 2 of the paper: training and testing within one corpus."""
    rows = []
    for target in results.corpus_names:
        for setup in results.setups("in-corpus", target=target):
            runs = results.of("in-corpus", target=target, **vars(setup))
            paper = paper_in_corpus(results, target, setup.model)
            rows.append((target, setup.model, *_score_cells(results, runs, paper)))
    caption = "Trained on the whole training part of a corpus, tested on its test part."
    caption += _how_to_read(results, "in-corpus") + _beside_paper(results, BESIDE_F1) + _missing(results, "in-corpus")
    columns = ("corpus", "model", *_score_columns(results))
    return Table("table2_in_corpus", "Table 2. In-corpus results", caption, columns, tuple(rows))


def table3_zero_shot(results: Results) -> Table:
    """RETURNS (Table): Table 3 of the paper: trained on a source, tested on a target that it has never seen."""
    rows = []
    for setup in results.setups("zero-shot"):
        for target in results.corpus_names:
            runs = results.of("zero-shot", target=target, **vars(setup))
            if runs:
                paper = paper_zero_shot(results, setup, target)
                cells = _score_cells(results, runs, {name: found.f1 for name, found in paper.items()})
                note = next((found.note for found in paper.values()), None)
                row = (setup.name, target, setup.model, *cells)
                rows.append((*row, *_if_compared(results, note or None)))
    caption = "Trained on the source, tested on the target without any of its sentences."
    caption += _how_to_read(results, "zero-shot") + _beside_paper(results, BESIDE_F1 + CORRECTED)
    caption += _missing(results, "zero-shot")
    columns = ("source", "target", "model", *_score_columns(results), *_if_compared(results, "paper's row"))
    return Table("table3_zero_shot", "Table 3. Zero-shot results", caption, columns, tuple(rows))


def table5_sentences_needed(results: Results) -> Table:
    """RETURNS (Table): Table 5 of the paper: sentences of the target that are needed for 99 % of its full F1."""
    columns = ("target", "type", "full F1", "pretrain", "sentences needed")
    columns += ("sustained", "% of training part", "verdict", *_if_compared(results, "deviation"))
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
    caption += _beside_paper(results, BESIDE_SENTENCES)
    caption += _missing(results, "few-shot") + _missing(results, "in-corpus", results.targets)
    title = "Table 5. Sentences needed for 99 % of the full F1"
    return Table("table5_sentences_needed", title, caption, columns, tuple(rows))


def few_shot(results: Results) -> Table:
    """RETURNS (Table): Every point of Figure 1: F1 at each sample size, with each seed's value."""
    columns = ("target", "source", "transfer", "model", "type", "size", "mean F1", "sd", "seeds", "F1 by seed")
    rows = [
        (target, _sources(setup), setup.transfer, setup.model, entity_type, size)
        + (point.mean, point.sd, len(point.values), _by_seed([point]))
        for target in results.targets
        for setup in results.setups("few-shot", target=target)
        for entity_type in (*results.types, MICRO)
        for size, point in results.curve(target, setup, entity_type).points
    ]
    caption = "Size: sentences of the target that were trained on. sd: sample standard deviation over the seeds."
    caption += _missing(results, "few-shot")
    return Table("few_shot", "Every point of Figure 1", caption, columns, tuple(rows))


def never(need: SentencesNeeded) -> str:
    """RETURNS (str): Why no sample size is enough, such as `never (max 91 % at 150)`."""
    if need.best_share is None:
        return "not defined (full F1 is 0)"
    # Rounded down: 98.9 % is not 99 %.
    return f"never (max {math.floor(100 * need.best_share + TOLERANCE)} % at {need.best_size})"


def _sources(setup: Setup) -> str:
    return setup.name if setup.sources else f"none{setup.name.removeprefix(NO_PRETRAIN)}"


def _score_columns(results: Results) -> tuple[str, ...]:
    per_type = ("P", "R", "F1", *_if_compared(results, "paper F1", "deviation"))
    by_type = [f"{name} {column}" for name in results.types for column in per_type]
    seeds = " / ".join([*results.types, MICRO])
    return (*by_type, "micro F1", "micro F1 (characters)", f"seeds: F1 of {seeds}")


def _score_cells(results: Results, runs: Sequence[RunResult], paper: Mapping[str, float]) -> tuple[Cell, ...]:
    by_type = [cell for name in results.types for cell in _type_cells(results, runs, name, paper.get(name))]
    seeds = [measure(runs, name) for name in (*results.types, MICRO)]
    return (*by_type, measure(runs, MICRO), measure(runs, MICRO, view="characters"), _by_seed(seeds))


def _type_cells(results: Results, runs: Sequence[RunResult], name: str, paper: Optional[float]) -> tuple[Cell, ...]:
    precision, recall, f1 = (measure(runs, name, name=percentage) for percentage in ("precision", "recall", "f1"))
    deviation = f1.mean - paper if f1 is not None and paper is not None else None
    return (precision, recall, f1, *_if_compared(results, paper, deviation))


def _if_compared(results: Results, *cells: Cell) -> tuple[Cell, ...]:
    return cells if named_in_paper(results) else ()


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
        paper = paper_sentences(results, target, entity_type) if MODELS.get(model) == MULTI_BERT else {}
        for setup, need in needed.items():
            cells = _needed_cells(need, results.corpora.training_sentences(target))
            verdict = verdicts.get(setup, "")
            beside = _if_compared(results, _deviation(setup, need, verdict, paper))
            rows.append((target, entity_type, full, results.label(setup), *cells, verdict, *beside))
    return rows + _paper_rows(results, target, entity_type)


def _deviation(
    setup: Setup, need: Optional[SentencesNeeded], verdict: str, paper: Mapping[Pretrain, int]
) -> Optional[int]:
    counterpart = "none" if setup.is_no_pretrain else COUNTERPARTS.get(verdict)
    if need is None or need.first is None or counterpart not in paper:
        return None
    return need.first - paper[counterpart]


def _paper_rows(results: Results, target: str, entity_type: str) -> list[tuple[Cell, ...]]:
    full = paper_full(results, target, entity_type)
    paper = paper_sentences(results, target, entity_type)
    name = f"{PAPER}{paper_name(results, target)}"
    return [
        (name, entity_type, full, label, paper[pretrain], None, None, "", None)
        for pretrain, label in PRETRAIN.items()
        if pretrain in paper
    ]


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


def _beside_paper(results: Results, how: str) -> str:
    names = ", ".join(f"{corpus}: {name}" for corpus, name in named_in_paper(results).items())
    return BESIDE.format(names=names) + how if names else ""


def _missing(results: Results, kind: str, targets: Optional[Sequence[str]] = None) -> str:
    names = results.missing(kind, targets)
    if not names:
        return "" if results.of(kind) else f" No {kind} run is finished."
    more = f"; and {len(names) - MISSING_NAMED} more" if len(names) > MISSING_NAMED else ""
    count = "1 run" if len(names) == 1 else f"{len(names)} runs"
    return f" {count} missing ({kind}: {'; '.join(names[:MISSING_NAMED])}{more})."
