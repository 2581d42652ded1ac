"""Partial matches: F1 by kind of match, few-shot at the largest size, and none where there is no mention."""
from dataclasses import replace

from scripts.evaluation.curves import Spread
from scripts.evaluation.partial import KINDS, MatchScore
from scripts.reporting.tables.partial_matches import table_partial_matches
from tests.reporting.made_up import dicts, make_run, without_gold


def with_matches(results):
    """The results with F1s of 10, 20, 30 and 40, one more by seed, by kind of match and for every type."""
    runs = []
    for run in results.runs:
        f1s = {kind: 10.0 * rank + run.coordinates.seed for rank, kind in enumerate(KINDS, start=1)}
        matches = {kind: dict.fromkeys(("micro", "Drug", "Disease"), MatchScore(0, 0, f1)) for kind, f1 in f1s.items()}
        runs.append(replace(run, matches=matches))
    return replace(results, runs=tuple(runs))


def test_f1_by_kind_over_seeds(read_made_up):
    runs = [make_run("few-shot", "ru_ugt", 50, ("en_ugt",), size, seed) for size in (25, 50) for seed in (0, 1)]
    rows = dicts(table_partial_matches(with_matches(read_made_up(runs))))
    assert [(row["size"], row["type"]) for row in rows] == [(50, "Drug"), (50, "Disease"), (50, "micro")]
    assert rows[0]["strict"] == Spread(((0, 10.0), (1, 11.0)))
    assert [rows[0][kind].mean for kind in KINDS] == [10.5, 20.5, 30.5, 40.5]


def test_a_type_without_a_mention_has_no_row(read_made_up):
    results = with_matches(read_made_up([without_gold(make_run("in-corpus", "ru_ugt", 50), "Drug")]))
    assert [row["type"] for row in dicts(table_partial_matches(results))] == ["Disease", "micro"]
