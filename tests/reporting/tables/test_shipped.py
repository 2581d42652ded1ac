"""Test the scores of the shipped pipeline: as it is, in capitals, and over seeds."""
import pytest

from scripts.reporting.tables.shipped import table_shipped
from tests.reporting.made_up import make_run, make_scores


def shipped(target, seed, quality, in_capitals=None):
    run = make_run("shipped", target, quality, ("en_ugt",), seed=seed)
    return {**run, "capitals": make_scores(target, in_capitals) if in_capitals is not None else None}


def rows(results):
    table = table_shipped(results.of("shipped"))
    return table, {row[:2]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_scores_in_capitals_stand_beside_the_others_with_their_spread(read_made_up):
    runs = [shipped("ru_ugt", 0, 80, 60), shipped("ru_ugt", 1, 70, 50), shipped("ru_ehr", 0, 75, 75)]
    table, found = rows(read_made_up(runs))
    assert sorted(found) == [(name, kind) for name in ("ru_ehr", "ru_ugt") for kind in ("Disease", "Drug", "micro")]
    row = found["ru_ugt", "Drug"]
    assert [seed for seed, _ in row["F1"].values] == [seed for seed, _ in row["F1 in capitals"].values] == [0, 1]
    assert row["F1"].mean - row["F1 in capitals"].mean == pytest.approx(20, abs=1.5)
    assert row["F1 (characters)"].mean < row["F1"].mean
    first, second = (dict(row["F1"].values)[seed] for seed in (0, 1))
    seeds = row["seeds: F1 / in capitals"]
    assert seeds.startswith(f"0: {first:.2f} / ") and f"; 1: {second:.2f} / " in seeds
    assert found["ru_ehr", "Drug"]["F1"].mean == found["ru_ehr", "Drug"]["F1 in capitals"].mean
    assert "over the seeds" in table.caption


def test_runs_without_scores_in_capitals_leave_their_cells_empty(read_made_up):
    table, found = rows(read_made_up([shipped("ru_ugt", 0, 80)]))
    assert found["ru_ugt", "micro"]["F1"].mean > 70
    assert found["ru_ugt", "micro"]["F1 in capitals"] is found["ru_ugt", "micro"]["F1 in capitals (characters)"] is None
    assert "over the seeds" not in table.caption
