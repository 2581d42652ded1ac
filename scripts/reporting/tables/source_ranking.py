"""Rank the sources of each target before any few-shot run, and show what each gained."""
from typing import Optional

from scripts.evaluation.ranking import (
    FEATURES,
    RankedSource,
)
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results
from scripts.reporting.tables.captions import nothing_to_show
from scripts.reporting.tables.ranked_sources import gain_of, groups_of_sources, ranked_setups
from scripts.results.kinds import FEW_SHOT


def table_source_ranking(results: Results) -> Table:
    """RETURNS (Table): Sources of each target by what is known before any few-shot run, and what each gained."""
    sizes = sorted({run.coordinates.size or 0 for run in results.of(FEW_SHOT)})
    columns = ("target", "source", *FEATURES.values(), "mean of ranks", "rank", *(f"gain at {size}" for size in sizes))
    rows = tuple(
        (target, source.candidate.source, *_ranked_cells(source))
        + tuple(gain_of(results, target, setup, size) for size in sizes)
        for target, group in groups_of_sources(results)
        for source, setup in ranked_setups(results, target, group)
    )
    caption = "What is known of each source before any few-shot run, with its rank in brackets, and what it gained."
    terms = (
        ("zero-shot F1", "Of all types, on the first sentences of the target's training part."),
        ("vocabulary overlap", "Word pieces of the target's mentions that the source's have too, in percent."),
        ("sentences, mentions", "Of the source's training part; of sources together, summed."),
        ("rank", "By the mean of the ranks, all alike: there are too few targets to weigh them."),
        ("without a rank", "What is not known of every source, or is the same for all."),
        ("gain", "Mean F1 of all types minus that of no pretrain with as many sentences, in points."),
    )
    title = "Which source to take. Ranked before any few-shot run, and what it gained"
    caption += nothing_to_show("few-shot run with a source", rows)
    return Table("source_ranking", title, caption, columns, rows, terms)


def _ranked_cells(source: RankedSource) -> tuple[Cell, ...]:
    cells = [_feature_cell(getattr(source.candidate, name), source.ranks.get(name)) for name in FEATURES]
    return (*cells, source.score, None if source.rank is None else f"{source.rank:g}")


def _feature_cell(value: Optional[float], rank: Optional[float]) -> Cell:
    if value is None:
        return None
    words = {True: "yes", False: "no"}[value] if isinstance(value, bool) else None
    text = words or (str(value) if isinstance(value, int) else f"{value:.2f}")
    return text if rank is None else f"{text} ({rank:g})"
