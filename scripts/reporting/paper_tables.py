"""The paper's own numbers in; which of them belong beside ours, and its Table 5 made anew from its Figure 1, out."""
from typing import Optional

from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.results.paper import (
    MULTI_BERT,
    NO_PRETRAIN,
    Paper,
    PaperCurve,
    PaperZeroShot,
    Pretrain,
    ranking_by_curves,
    table5_of_curves,
)

# By the name of our model: the paper's row in its Table 2.
MODELS = {"softmax": MULTI_BERT, "biobert": "BioBERT", "lstm_crf": "LSTM-CRF"}


def paper_name(results: Results, corpus: str) -> Optional[str]:
    """RETURNS (Optional[str]): The paper's corpus that one of ours is or stands in for; None if there is none."""
    known = results.corpora.corpora.get(corpus)
    return known.paper.name if results.paper and known and known.paper else None


def named_in_paper(results: Results) -> dict[str, str]:
    """RETURNS (dict[str, str]): The paper's names of our corpora, of those that have one; none without its numbers."""
    names = {corpus: paper_name(results, corpus) for corpus in results.corpus_names}
    return {corpus: name for corpus, name in names.items() if name is not None}


def paper_in_corpus(results: Results, target: str, model: str) -> dict[str, float]:
    """RETURNS (dict[str, float]): F1 of the paper's Table 2 by entity type; empty if it has no such row."""
    if results.paper is None:
        return {}
    row = (paper_name(results, target), MODELS.get(model))
    return {name: f1 for (*key, name), f1 in results.paper.table2.items() if tuple(key) == row}


def paper_full(results: Results, target: str, entity_type: str) -> Optional[float]:
    """RETURNS (Optional[float]): The full F1 of the paper's 99 % rule: Multi-BERT without pretraining, its Table 2."""
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


def table5_paper_recomputed(paper: Paper) -> Table:
    """RETURNS (Table): The paper's Table 5 as printed and as its own rule makes it of its Figure 1."""
    recomputed = table5_of_curves(paper)
    targets = [target for _, _, target in paper.table5]
    cells = sorted(paper.table5, key=lambda cell: targets.index(cell[2]))
    rows = tuple(_recomputed_row(paper, *cell, recomputed[cell]) for cell in cells)
    agreeing = sum(recomputed[cell] == printed for cell, printed in paper.table5.items())
    caption = (
        f"{agreeing} of {len(rows)} cells agree. Sentences at which a curve of the paper's Figure 1 first reaches 99 % "
        "of the full F1 of its Table 2, by the code that makes our own Table 5; sizes at which its curves are "
        "interpolated do not count. Best and worst: fewest and most sentences over the pretrainings that reach it, for "
        "each entity type by itself. The curves are digitised from the published plots, to about 0.03 F1."
    )
    columns = ("target", "type", "pretrain", "Table 5 as printed", "from Figure 1", "pretrained on")
    columns += ("never reach it", "why they differ")
    title = "Table 5, the paper's own. As printed, and from its Figure 1"
    return Table("table5_paper_recomputed", title, caption, columns, rows)


def _recomputed_row(
    paper: Paper, pretrain: Pretrain, entity_type: str, target: str, recomputed: Optional[int]
) -> tuple[Cell, ...]:
    ranking = ranking_by_curves(paper, target, entity_type)
    names = {"best": ranking.best, "worst": ranking.worst, "none": (NO_PRETRAIN,)}[pretrain]
    never = () if pretrain == "none" else ranking.never
    cell = (pretrain, entity_type, target)
    return (
        *(target, entity_type, pretrain, paper.table5[cell]),
        *("never" if recomputed is None else recomputed, " or ".join(names)),
        *(", ".join(never) or None, paper.table5_differences.get(cell)),
    )
