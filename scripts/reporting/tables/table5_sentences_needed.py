"""Create Table 5 of the paper: sentences of the target that are needed for 99 % of its full F1."""
from typing import Mapping, Optional

from scripts.evaluation.curves import SentencesNeeded, best_and_worst
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table
from scripts.reporting.full_model import careful, doubts_of_full
from scripts.reporting.paper_counterparts import MODELS, PAPER, if_compared, paper_full, paper_name, paper_sentences
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.captions import beside_paper, missing_runs, without_gold
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, NO_PRETRAIN
from scripts.results.paper import MULTI_BERT, Pretrain

PRETRAIN = {"none": NO_PRETRAIN, "best": "best source", "worst": "worst source"}
# Which count of the paper a setup is compared with, by its verdict.
COUNTERPARTS = {"best": "best", "best and worst": "best", "tie": "best", "worst": "worst"}
BESIDE_SENTENCES = (
    " The paper's rows: its Table 5 as printed, and the full F1 of its Table 2. Deviation: our sentences minus the "
    "paper's, for no pretrain, the best and the worst source, whichever source that is. The paper's shares of the "
    "training part are not shown, as their denominators differ."
)


def table5_sentences_needed(results: Results) -> Table:
    """RETURNS (Table): Table 5 of the paper: sentences of the target that are needed for 99 % of its full F1."""
    columns = ("target", "type", "full F1", "pretrain", "sentences needed")
    columns += ("sustained", "% of training part", "verdict", *if_compared(results, "deviation"))
    rows = [
        row
        for target in results.targets
        for entity_type in _entity_types(results, target)
        for row in _needed_rows(results, target, entity_type)
    ]
    caption = (
        "The smallest sample whose mean F1 reaches 99 % of the full F1, which is that of training without a source on "
        f"the whole training part ({_denominators(results)})."
    )
    terms = (
        ("sustained", "The size from which every larger sample reaches it too."),
        ("not reached", "By no sample that was tried; in brackets, the highest share of the full F1."),
        ("verdict", "Of the sources that reach it: which need the fewest, and which the most; tie: all as many."),
    )
    caption += _doubts(results) + without_gold(results) + beside_paper(results, BESIDE_SENTENCES)
    caption += missing_runs(results, FEW_SHOT) + missing_runs(results, IN_CORPUS, results.targets)
    title = "Table 5. Sentences needed for 99 % of the full F1"
    return Table("table5_sentences_needed", title, caption, columns, tuple(rows), terms)


def _entity_types(results: Results, target: str) -> list[str]:
    """RETURNS (list[str]): The entity types, and "micro" for all together if that is known."""
    models = {setup.model for setup in results.setups(FEW_SHOT, target=target)}
    is_known = len(results.types) > 1 and any(results.full(target, model, MICRO) for model in models)
    return [*results.types, *([MICRO] if is_known else [])]


def not_reached(need: SentencesNeeded) -> str:
    """RETURNS (str): Why no sample size is enough, such as `not reached (max 91 % at 150)`."""
    if need.best_share is None:
        return "not defined (full F1 is 0)"
    return f"not reached (max {need.percent} % at {need.best_size})"


def _needed_rows(results: Results, target: str, entity_type: str) -> list[tuple[Cell, ...]]:
    rows = []
    for model in sorted({setup.model for setup in results.setups(FEW_SHOT, target=target)}):
        full = results.full(target, model, entity_type)
        needed = results.needed(target, model, entity_type)
        verdicts = _verdicts({setup: need for setup, need in needed.items() if setup.sources})
        paper = paper_sentences(results, target, entity_type) if MODELS.get(model) == MULTI_BERT else {}
        for setup, need in needed.items():
            cells = _needed_cells(need, results.corpora.training_sentences(target))
            verdict = verdicts.get(setup, "")
            beside = if_compared(results, _deviation(setup, need, verdict, paper))
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
        return not_reached(need), "no", None
    percent = f"{100 * need.first / sentences:.1f} % of {sentences}" if sentences else None
    return need.first, need.sustained or "no", percent


def _verdicts(needed: dict[Setup, Optional[SentencesNeeded]]) -> dict[Setup, str]:
    known = {setup: need for setup, need in needed.items() if need is not None and need.best_share is not None}
    ranking = best_and_worst(known)
    best, worst = ("best", "worst") if ranking.best != ranking.worst else ("tie", "tie")
    if len(ranking.best) == 1 and ranking.best == ranking.worst:
        best = worst = "best and worst"
    names = {ranking.never: "not reached", ranking.worst: worst, ranking.best: best}
    return {setup: verdict for group, verdict in names.items() for setup in group}


def _doubts(results: Results) -> str:
    setups = [(target, setup) for target in results.targets for setup in results.setups(FEW_SHOT, target=target)]
    models = dict.fromkeys((target, setup.model) for target, setup in setups)
    doubts = (doubts_of_full(results, target, model, _entity_types(results, target)) for target, model in models)
    return careful([doubt for found in doubts for doubt in found])


def _denominators(results: Results) -> str:
    counts = [(target, results.corpora.training_sentences(target)) for target in results.targets]
    return ", ".join(f"{target}: {count or 'unknown number of'} sentences" for target, count in counts) or "no target"
