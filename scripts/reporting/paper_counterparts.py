"""Find the paper's figures to show next to ours, for its corpora that ours are or stand in for."""
from typing import Optional

from scripts.reporting.formats import Cell
from scripts.reporting.results import Results, Setup
from scripts.results.paper import (
    MULTI_BERT,
    PaperCurve,
    PaperZeroShot,
    Pretrain,
)

# Before the name of a corpus in the rows that hold the paper's figures.
PAPER = "paper: "
# The paper's row in its Table 2, by the name of our model.
MODELS = {"softmax": MULTI_BERT, "biobert": "BioBERT", "lstm_crf": "LSTM-CRF"}


def paper_name(results: Results, corpus: str) -> Optional[str]:
    """RETURNS (Optional[str]): The paper's corpus that one of ours is or stands in for; None if there is none."""
    known = results.corpora.corpora.get(corpus)
    return known.paper.name if results.paper and known and known.paper else None


def named_in_paper(results: Results) -> dict[str, str]:
    """RETURNS (dict[str, str]): The paper's names of our corpora that have one; empty without its figures."""
    names = {corpus: paper_name(results, corpus) for corpus in results.corpus_names}
    return {corpus: name for corpus, name in names.items() if name is not None}


def paper_in_corpus(results: Results, target: str, model: str) -> dict[str, float]:
    """RETURNS (dict[str, float]): F1 of the paper's Table 2 by entity type; empty if it has no such row."""
    if results.paper is None:
        return {}
    row = (paper_name(results, target), MODELS.get(model))
    return {name: f1 for (*key, name), f1 in results.paper.table2.items() if tuple(key) == row}


def paper_full(results: Results, target: str, entity_type: str) -> Optional[float]:
    """RETURNS (Optional[float]): The full F1 of the paper's 99 % rule: Multi-BERT without pretraining, in Table 2."""
    row = (paper_name(results, target), MULTI_BERT, entity_type)
    return results.paper.table2.get(row) if results.paper else None


def paper_zero_shot(results: Results, setup: Setup, target: str) -> dict[str, PaperZeroShot]:
    """RETURNS (dict[str, PaperZeroShot]): The paper's Table 3 by entity type; empty if it has no such row."""
    if results.paper is None or MODELS.get(setup.model) != MULTI_BERT or len(setup.sources) != 1:
        return {}
    row = (paper_name(results, setup.sources[0]), paper_name(results, target))
    return {name: found for (*key, name), found in results.paper.table3.items() if tuple(key) == row}


def paper_sentences(results: Results, target: str, entity_type: str) -> dict[Pretrain, int]:
    """RETURNS (dict[Pretrain, int]): A target's cells of the paper's Table 5; empty if it has none."""
    cells = results.paper.table5 if results.paper else {}
    wanted = (entity_type, paper_name(results, target))
    return {pretrain: count for (pretrain, *key), count in cells.items() if tuple(key) == wanted}


def paper_curves(results: Results, target: str, entity_type: str) -> dict[str, PaperCurve]:
    """RETURNS (dict[str, PaperCurve]): A target's curves in the paper's Figure 1, by pretrain; empty without any."""
    curves = results.paper.figure1 if results.paper else {}
    wanted = (paper_name(results, target), entity_type)
    return {pretrain: curve for (*key, pretrain), curve in curves.items() if tuple(key) == wanted}


def if_compared(results: Results, *cells: Cell) -> tuple[Cell, ...]:
    """RETURNS (tuple[Cell, ...]): The cells, or none if none of our corpora has a counterpart in the paper."""
    return cells if named_in_paper(results) else ()
