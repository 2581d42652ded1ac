"""Test the table of significance: which runs are compared, in which unit, and the verdicts."""
from dataclasses import replace

import numpy
import pytest

from scripts.base.errors import ProjectError
from scripts.evaluation.significance import DocumentCounts
from scripts.reporting.formats import PValue, to_csv, to_markdown
from scripts.reporting.tables.significance import table_significance
from tests.reporting.made_up import (
    N_DOCUMENTS,
    few_shot,
)


def document_counts(run):
    """Counts that agree with the run's scores, spread evenly over the documents."""
    return DocumentCounts(
        tuple(f"d{number}" for number in range(N_DOCUMENTS)),
        {
            name: numpy.tile([score.tp // N_DOCUMENTS, 0, score.fn // N_DOCUMENTS], (N_DOCUMENTS, 1))
            for name, score in run.scores.tokens.items()
        },
    )


def nothing_known(run):
    """As of a run whose counts by document were not kept."""
    return None


def rows_of(table, entity_type="Drug"):
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return [row for row in rows if row["type"] == entity_type]


class TestSignificance:
    def test_a_source_is_held_against_no_pretrain_over_seeds_and_documents(self, read_made_up):
        # F1 of 4, 3, 3 against 2, 2, 1 of 5: 88.9, 75, 75 against 57.1, 57.1, 33.3.
        found = {("en_ugt",): (4, 3, 3), (): (2, 2, 1)}
        runs = [few_shot(tp, sources, seed=seed) for sources, tps in found.items() for seed, tp in enumerate(tps)]
        (row,) = rows_of(table_significance(read_made_up(runs), document_counts))
        assert (row["target"], row["size"], row["comparison"]) == ("ru_ugt", 50, "en_ugt against no pretrain")
        assert row["difference in F1"] == pytest.approx((800 / 9 + 150) / 3 - (2 * 400 / 7 + 100 / 3) / 3)
        assert (row["number of seeds"], row["number of documents"]) == (3, 40)
        # Differences 31.75, 17.86, 41.67: mean 30.42, sd 11.96, t = 4.41, 2 degrees of freedom: 1 - t / sqrt(2 + t²).
        assert row["p over seeds"] == row["corrected p over seeds"]
        assert row["p over seeds"].value == pytest.approx(0.0478, abs=5e-5)
        assert row["p over documents"] == row["corrected p over documents"] == PValue(1 / 10_001)
        # Every document is alike, so that drawing them anew changes nothing.
        assert row["95 % interval over documents"] == "30.42 to 30.42"
        assert row["verdict"] == "better over seeds and documents"

    def test_every_type_and_micro_has_its_rows(self, read_made_up):
        table = table_significance(read_made_up([few_shot(4, ("en_ugt",)), few_shot(2)]), document_counts)
        assert [row[2] for row in table.rows] == ["Drug", "Disease", "micro"]

    def test_p_values_are_corrected_within_target_and_type(self, read_made_up):
        runs = [few_shot(tp, (source,)) for source, tp in (("en_ugt", 4), ("en_ehr", 3), ("ru_ehr", 1))]
        rows = rows_of(table_significance(read_made_up([*runs, few_shot(2)]), document_counts))
        # 1 / 10,001, and three times that.
        assert [row["p over documents"] for row in rows] == [PValue(1 / 10_001)] * 3
        assert [row["corrected p over documents"] for row in rows] == [PValue(3 / 10_001)] * 3
        assert [row["verdict"] for row in rows] == [
            "better over documents",
            "better over documents",
            "worse over documents",
        ]

    def test_a_control_of_as_many_updates_is_an_opponent_of_its_own(self, read_made_up):
        runs = [few_shot(4, ("en_ugt",)), few_shot(2), few_shot(4, extra_updates=300), few_shot(1, extra_updates=200)]
        rows = rows_of(table_significance(read_made_up(runs), document_counts))
        assert [(row["comparison"], row["difference in F1"] > 0, row["verdict"]) for row in rows] == [
            ("en_ugt against no pretrain", True, "better over documents"),
            ("en_ugt against no pretrain with as many updates", False, "no difference shown over documents"),
        ]

    def test_controls_are_found_seed_by_seed(self, read_made_up):
        runs = [few_shot(4, ("en_ugt",), seed=seed, source_updates=300 + seed) for seed in (0, 1)]
        runs += [few_shot(2, seed=seed, extra_updates=300 + seed) for seed in (0, 1)]
        (row,) = rows_of(table_significance(read_made_up(runs), document_counts))
        assert row["number of seeds"] == 2

    def test_without_its_updates_a_source_has_no_control(self, read_made_up):
        runs = [few_shot(4, ("en_ugt",), source_updates=0), few_shot(2)]
        rows = rows_of(table_significance(read_made_up(runs), document_counts))
        assert [row["comparison"] for row in rows] == ["en_ugt against no pretrain"]

    def test_only_what_has_the_same_size_seed_and_model_is_compared(self, read_made_up):
        runs = [few_shot(4, ("en_ugt",), size=100), few_shot(4, ("en_ugt",), seed=1)]
        runs += [few_shot(2), few_shot(2, size=100, model="lstm_crf")]
        table = table_significance(read_made_up(runs), document_counts)
        assert table.rows == ()
        assert "Nothing to compare" in table.caption

    def test_one_seed_without_counts_by_document_is_not_tested(self, read_made_up):
        (row,) = rows_of(table_significance(read_made_up([few_shot(4, ("en_ugt",)), few_shot(2)]), nothing_known))
        tested = ("p over seeds", "p over documents", "number of documents", "95 % interval over documents")
        assert [row[name] for name in tested] == [None] * 4
        assert (row["number of seeds"], row["verdict"]) == (1, "not tested")

    def test_counts_of_one_side_only_are_no_comparison_over_documents(self, read_made_up):
        def known_of_sources(run):
            return document_counts(run) if run.coordinates.sources else None

        runs = [few_shot(tp, sources, seed=seed) for sources in ((), ("en_ugt",)) for seed, tp in enumerate((3, 4))]
        runs[-1] = few_shot(5, ("en_ugt",), seed=1)
        (row,) = rows_of(table_significance(read_made_up(runs), known_of_sources))
        assert row["p over documents"] is row["number of documents"] is None
        assert row["verdict"] == "no difference shown over seeds"

    def test_runs_that_were_tested_on_different_documents_are_an_error(self, read_made_up):
        def counts_of(run):
            counts = document_counts(run)
            return replace(counts, documents=counts.documents[::-1]) if run.coordinates.sources else counts

        with pytest.raises(ProjectError, match="different documents"):
            table_significance(read_made_up([few_shot(4, ("en_ugt",)), few_shot(2)]), counts_of)

    def test_each_run_is_asked_for_its_counts_once(self, read_made_up):
        asked = []
        table_significance(read_made_up([few_shot(4, ("en_ugt",)), few_shot(2)]), lambda run: asked.append(run.run))
        assert len(asked) == len(set(asked)) == 2

    def test_it_is_written_in_every_format(self, results):
        table = table_significance(results, nothing_known)
        # 2 targets, 4 sizes, 3 sources, 2 types and micro.
        assert len(table.rows) == to_csv(table).count("\n") - 1 == 72
        assert "en_ehr against no pretrain" in to_markdown(table)
