"""Test errors by kind: sums over seeds, the largest size, and headings."""
from dataclasses import replace

import pytest

from scripts.evaluation.errors import ErrorCounts, Recalled, count_errors
from scripts.reporting.tables.errors import table_errors
from tests.reporting.made_up import (
    TYPES,
    few_shot,
    make_run,
)


class TestErrors:
    @pytest.fixture()
    def errors(self):
        """RETURNS (dict): 1 seen Drug found, 1 unseen one with wrong boundaries, 1 spurious Disease."""
        gold = [[(0, 1, "Drug", "aspirin"), (3, 5, "Drug", "ibuprofen 400")]]
        predicted = [[(0, 1, "Drug"), (3, 4, "Drug"), (7, 8, "Disease")]]
        return count_errors(["d"], gold, predicted, TYPES, {("aspirin", "Drug")})

    def with_errors(self, results, errors):
        return replace(results, runs=tuple(replace(run, errors=errors) for run in results.runs))

    def test_kinds_and_recall_summed_over_seeds(self, read_made_up, errors):
        results = read_made_up([make_run("in-corpus", "ru_ugt", 80, seed=seed) for seed in (0, 1)])
        table = table_errors(self.with_errors(results, errors))
        assert [row[6:] for row in table.rows] == [
            (2, 2, 0, 0, 0, 0, 2, 100.0, 2, 0.0),
            (0, 0, 0, 0, 0, 2, 0, None, 0, None),
        ]
        row = dict(zip(table.columns, table.rows[0], strict=True))
        assert (row["runs"], row["target"], row["pretrain"]) == ("in-corpus", "ru_ugt", "no pretrain")
        assert row["size"] is None
        assert (row["type"], row["seeds"], row["correct"], row["wrong boundaries"]) == ("Drug", 2, 2, 2)
        assert (row["seen mentions"], row["recall of seen"], row["recall of unseen"]) == (2, 100.0, 0.0)

    def test_few_shot_at_the_largest_size_and_zero_shot_by_source(self, read_made_up, errors):
        runs = [few_shot(4, sources, size) for sources in ((), ("en_ugt",)) for size in (50, 100)]
        runs += [make_run("zero-shot", "ru_ugt", 40, ("en_ugt",), 0)]
        table = table_errors(self.with_errors(read_made_up(runs), errors))
        # Each has the one correct Drug of one run.
        assert [(*row[:4], *row[5:7]) for row in table.rows if row[4] == "Drug"] == [
            ("zero-shot", "ru_ugt", "en_ugt", None, 1, 1),
            ("few-shot", "ru_ugt", "no pretrain", 100, 1, 1),
            ("few-shot", "ru_ugt", "en_ugt", 100, 1, 1),
        ]

    def test_runs_that_do_not_tell_are_left_out(self, read_made_up, errors):
        results = read_made_up([make_run("in-corpus", "ru_ugt", 80, seed=seed) for seed in (0, 1)])
        one = replace(results, runs=(replace(results.runs[0], errors=errors), results.runs[1]))
        assert [row[5:7] for row in table_errors(one).rows] == [(1, 1), (1, 0)]
        assert table_errors(results).rows == ()
        assert "no run has recorded its errors" in table_errors(results).caption

    def test_the_kinds_stand_under_their_headings(self, read_made_up):
        kinds = ("correct", "boundary", "type", "boundary and type", "missed", "spurious")
        errors = {"Drug": ErrorCounts({kind: n for n, kind in enumerate(kinds)}, Recalled(1, 2), Recalled(3, 4))}
        table = table_errors(self.with_errors(read_made_up([make_run("in-corpus", "ru_ugt", 80)]), errors))
        headings = ("correct", "wrong boundaries", "wrong type", "wrong boundaries and type", "missed", "spurious")
        row = dict(zip(table.columns, table.rows[0], strict=True))
        assert [row[heading] for heading in headings] == [0, 1, 2, 3, 4, 5]
        assert (row["recall of seen"], row["recall of unseen"]) == (50.0, 75.0)
