"""Test partial matches: F1 by kind of match, few-shot at the largest size, and no mentions at all."""
from dataclasses import replace

from scripts.evaluation.curves import Spread
from scripts.evaluation.partial import KINDS, MatchScore
from scripts.reporting.tables.partial_matches import table_partial_matches
from tests.reporting.made_up import dicts, make_run, without_gold


def with_matches(results):
    """The results with F1s of 10, 20, 30 and 40 by kind of match for every type, one more by seed and 20 sentences."""
    runs = []
    for run in results.runs:
        more = run.coordinates.seed + (run.coordinates.size or 0) / 20
        f1s = {kind: 10.0 * rank + more for rank, kind in enumerate(KINDS, start=1)}
        matches = {kind: dict.fromkeys(("micro", "Drug", "Disease"), MatchScore(0, 0, f1)) for kind, f1 in f1s.items()}
        runs.append(replace(run, matches=matches))
    return replace(results, runs=tuple(runs))


def test_f1_by_kind_over_seeds(read_made_up):
    runs = [make_run("few-shot", "ru_ugt", 50, ("en_ugt",), size, seed) for size in (50, 100) for seed in (0, 1)]
    rows = dicts(table_partial_matches(with_matches(read_made_up(runs))))
    assert [(row["size"], row["type"]) for row in rows] == [(100, "Drug"), (100, "Disease"), (100, "micro")]
    assert rows[0]["strict"] == Spread(((0, 15.0), (1, 16.0)))
    assert [rows[0][kind].mean for kind in KINDS] == [15.5, 25.5, 35.5, 45.5]


def test_a_curve_that_ends_before_the_largest_size_has_no_row(read_made_up):
    runs = [make_run("few-shot", "ru_ugt", 50, ("en_ugt",), size) for size in (50, 100)]
    runs.append(make_run("few-shot", "ru_ugt", 50, ("en_ehr",), 50))
    rows = dicts(table_partial_matches(with_matches(read_made_up(runs))))
    assert {(row["pretrain"], row["size"]) for row in rows} == {("en_ugt", 100)}


def test_a_type_without_a_mention_has_no_row(read_made_up):
    results = with_matches(read_made_up([without_gold(make_run("in-corpus", "ru_ugt", 50), "Drug")]))
    assert [row["type"] for row in dicts(table_partial_matches(results))] == ["Disease", "micro"]
