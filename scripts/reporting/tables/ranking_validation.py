"""Hold the rankings of sources against what they gained."""
from typing import Sequence

from scripts.evaluation.ranking import (
    COMBINED,
    FEATURES,
    PERMUTATIONS,
    MeasuredTarget,
    validate_ranking,
)
from scripts.reporting.formats import Table
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.ranked_sources import gain_of, groups_of_sources, ranked_setups
from scripts.results.kinds import FEW_SHOT


def table_ranking_validation(results: Results) -> Table:
    """RETURNS (Table): How well each feature, and all of them together, rank the sources by what they gain."""
    targets = [_measured(results, target, group) for target, group in groups_of_sources(results)]
    names = {**FEATURES, COMBINED: "all together"}
    validations = validate_ranking(targets)
    rows = tuple((names[one.feature], one.correlation, one.groups, one.pairs, one.p_value) for one in validations)
    caption = "How far ranking the sources by what is known before agrees with ranking them by what they gained."
    terms = (
        ("rank correlation", "Spearman's: 1 for the same order, -1 for the reverse."),
        ("groups", "A target at a sample size for which every source was run; ranks are taken within each."),
        ("sources in groups", "How many ranks are correlated; where a feature cannot tell sources apart, none."),
        (
            "p",
            f"Share of {PERMUTATIONS} random orders of a target's sources that correlate as much, in either direction. "
            "With one target of three sources it cannot fall below a third.",
        ),
    )
    columns = ("feature", "rank correlation", "groups", "sources in groups", "p")
    title = "Which source to take. How well the rankings meet the gain"
    return Table("ranking_validation", title, caption, columns, rows, terms)


def _measured(results: Results, target: str, group: Sequence[Setup]) -> MeasuredTarget:
    ranked = ranked_setups(results, target, group)
    sizes = sorted({run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target)})
    gains = {size: tuple(gain_of(results, target, setup, size) for _, setup in ranked) for size in sizes}
    complete = {size: by_source for size, by_source in gains.items() if None not in by_source}
    return MeasuredTarget(tuple(source for source, _ in ranked), complete)
