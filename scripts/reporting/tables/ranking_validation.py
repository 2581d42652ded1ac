"""Compare the rankings of sources with what the sources gained."""
from typing import Sequence

from scripts.evaluation.ranking import (
    COMBINED,
    FEATURES,
    PERMUTATIONS,
    MeasuredTarget,
    validate_ranking,
)
from scripts.reporting.formats import PValue, Table
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.ranked_sources import gain_of, groups_of_sources, ranked_setups
from scripts.results.kinds import FEW_SHOT


def table_ranking_validation(results: Results) -> Table:
    """RETURNS (Table): How well each feature, and all of them together, rank the sources by their gain."""
    targets = [_measured(results, target, group) for target, group in groups_of_sources(results)]
    names = {**FEATURES, COMBINED: "all together"}
    validations = validate_ranking(targets)
    rows = tuple(
        (names[one.feature], one.correlation, one.groups, one.pairs)
        + (None if one.p_value is None else PValue(one.p_value),)
        for one in validations
    )
    caption = "How well ranking the sources by features known before training agrees with ranking them by their gain."
    terms = (
        ("rank correlation", "Spearman's: 1 for the same order, -1 for the reverse."),
        ("groups", "A target at a sample size with a run for every source. Ranks are within a group."),
        ("sources in groups", "Number of ranks that are correlated; none if a feature can't tell sources apart."),
        (
            "p",
            f"Share of {PERMUTATIONS} random orders of a target's sources that correlate as much, in either direction. "
            "With one target and three sources, it can't be below a third.",
        ),
    )
    columns = ("feature", "rank correlation", "groups", "sources in groups", "p")
    title = "Which source to use. How well rankings predict the gain"
    return Table("ranking_validation", title, caption, columns, rows, terms)


def _measured(results: Results, target: str, group: Sequence[Setup]) -> MeasuredTarget:
    ranked = ranked_setups(results, target, group)
    sizes = sorted({run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target)})
    gains = {size: tuple(gain_of(results, target, setup, size) for _, setup in ranked) for size in sizes}
    complete = {size: by_source for size, by_source in gains.items() if None not in by_source}
    return MeasuredTarget(tuple(source for source, _ in ranked), complete)
