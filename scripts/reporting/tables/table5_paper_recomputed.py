"""Recompute the paper's Table 5 from its Figure 1, and compare it with the printed one."""
from typing import Optional

from scripts.reporting.formats import Cell, Table
from scripts.results.paper import NO_PRETRAIN, Paper, Pretrain, ranking_by_curves, table5_of_curves


def table5_paper_recomputed(paper: Paper) -> Table:
    """RETURNS (Table): The paper's Table 5 as printed, and as its own rule gives it from Figure 1."""
    recomputed = table5_of_curves(paper)
    targets = [target for _, _, target in paper.table5]
    cells = sorted(paper.table5, key=lambda cell: targets.index(cell[2]))
    rows = tuple(_recomputed_row(paper, *cell, recomputed[cell]) for cell in cells)
    agreeing = sum(recomputed[cell] == printed for cell, printed in paper.table5.items())
    caption = (
        f"{agreeing} of {len(rows)} cells agree. Sentences at which a curve of the paper's Figure 1 first reaches 99 % "
        "of the full F1 in its Table 2, by the code for our own Table 5. Sizes where its curves are interpolated are "
        "not counted. Best and worst: fewest and most sentences among the pretrainings that reach it, for each entity "
        "type separately. The curves are digitised from the published plots, to about 0.03 F1."
    )
    columns = ("target", "type", "pretrain", "Table 5 as printed", "from Figure 1", "pretrained on")
    columns += ("don't reach it", "why they differ")
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
        *("not reached" if recomputed is None else recomputed, " or ".join(names)),
        *(", ".join(never) or None, paper.table5_differences.get(cell)),
    )
