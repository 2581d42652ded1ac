"""Show how the sources of each target are ranked before any few-shot run, and what each gained."""
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
    """RETURNS (Table): Sources of each target, ranked by features known before any few-shot run, and their gains."""
    sizes = sorted({run.coordinates.size or 0 for run in results.of(FEW_SHOT)})
    columns = ("target", "source", *FEATURES.values(), "mean of ranks", "rank", *(f"gain at {size}" for size in sizes))
    rows = tuple(
        (target, source.candidate.source, *_ranked_cells(source))
        + tuple(gain_of(results, target, setup, size) for size in sizes)
        for target, group in groups_of_sources(results)
        for source, setup in ranked_setups(results, target, group)
    )
    caption = (
        "Features of each source known before any few-shot run, with ranks in brackets, and what it gained. The next "
        "table shows how well such ranks predict the gain."
    )
    terms = (
        ("zero-shot F1 (training)", "For all types, on the first sentences of the target's training part."),
        (
            "vocabulary overlap",
            "Percent of the word pieces in the mentions of the target's whole training part that are also in those of "
            "the source's.",
        ),
        (
            "sentences, mentions",
            "In the source's training part, without mentions that were dropped; summed for sources together.",
        ),
        ("rank", "By the mean of the ranks, without weights: there are too few targets to fit any."),
        ("without a rank", "Features that are not known for every source, or are the same for all."),
        ("gain", "Mean F1 of all types minus that of no pretrain at the same size and with the same seeds, in points."),
    )
    title = "Which source to use. Ranks before any few-shot run, and gains"
    if results.corpora.vocabulary_overlap and not results.corpora.training_overlap:
        caption += " The vocabulary overlap of the training parts is not known: run `weasel run describe` again."
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
