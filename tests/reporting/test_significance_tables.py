"""Significance, stability and errors as tables: who is held against whom, in which unit, and what it says."""
from dataclasses import replace

import numpy
import pytest

from scripts.base.errors import ProjectError
from scripts.evaluation.errors import ErrorCounts, Recalled, count_errors
from scripts.evaluation.scores import Score, with_micro
from scripts.evaluation.significance import DocumentCounts
from scripts.reporting.formats import to_csv, to_markdown
from scripts.reporting.significance_tables import table_errors, table_significance, table_stability
from tests.reporting.conftest import make_run

N_DOCUMENTS = 40
TYPES = ("Drug", "Disease")


def few_shot(tp, sources=(), size=50, seed=0, **changed):
    """A run on ru_ugt that finds `tp` of 5 mentions of either type in each of 40 documents, and nothing else."""
    source_updates = changed.pop("source_updates", 300 if sources else 0)
    run = make_run("few-shot", "ru_ugt", 0, sources, size, seed, **changed)
    one = Score(N_DOCUMENTS * tp, 0, N_DOCUMENTS * (5 - tp))
    scores = {name: score.to_dict() for name, score in with_micro(dict.fromkeys(TYPES, one)).items()}
    return {**run, "scores": {"tokens": scores, "characters": scores}, "source_updates": source_updates}


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
    rows = [dict(zip(table.columns, row)) for row in table.rows]
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
        assert row["p over seeds"] == row["corrected p over seeds"] == "0.0478"
        assert row["p over documents"] == row["corrected p over documents"] == "< 0.0001"
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
        assert [row["p over documents"] for row in rows] == ["< 0.0001"] * 3
        assert [row["corrected p over documents"] for row in rows] == ["0.0003"] * 3
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


class TestStability:
    def make_runs(self, sources, by_size, **changed):
        return [
            few_shot(tp, sources, size, seed, **changed)
            for size, tps in by_size.items()
            for seed, tp in enumerate(tps)
        ]

    def test_sources_beside_no_pretrain(self, read_made_up):
        # F1 of 1 to 5 of 5: 33.33, 57.14, 75, 88.89, 100.
        runs = self.make_runs((), {50: (1, 5), 100: (3, 3), 150: (1, 1)})
        runs += self.make_runs(("en_ugt",), {50: (4, 4), 100: (4, 4), 150: (4, 4)})
        runs += self.make_runs(("en_ehr",), {50: (1, 5), 100: (1, 5), 150: (1, 5)})
        rows = {row["pretrain"]: row for row in rows_of(table_stability(read_made_up(runs)))}
        # Seeds 33.33 and 100 at one of three sizes. Means 66.67, 75, 33.33: steps 8.33, -41.67. Steps of the seeds:
        # 41.67 and -41.67; -25 and -41.67.
        assert rows["no pretrain"]["sd over seeds"] == pytest.approx((200 / 3) / 2**0.5 / 3)
        assert rows["no pretrain"]["sd from size to size"] == pytest.approx(50 / 2**0.5)
        assert rows["no pretrain"]["sd from size to size, by seed"] == pytest.approx((250 / 3 + 50 / 3) / 2**0.5 / 2)
        verdicts = {name: row["steadier than no pretrain"] for name, row in rows.items()}
        assert verdicts == {"no pretrain": None, "en_ugt": "yes", "en_ehr": "from size to size only"}

    def test_the_answer_counts_micro_only_and_controls_too(self, read_made_up):
        runs = self.make_runs((), {50: (1,), 100: (3,), 150: (1,)})
        runs += self.make_runs(("en_ugt",), {50: (4,), 100: (4,), 150: (4,)})
        runs += self.make_runs((), {50: (1,), 100: (5,), 150: (1,)}, extra_updates=300)
        table = table_stability(read_made_up(runs))
        verdicts = {row["pretrain"]: row["steadier than no pretrain"] for row in rows_of(table, "micro")}
        assert verdicts == {"no pretrain": None, "no pretrain, 300 updates more": "no", "en_ugt": "yes"}
        assert "of 2 curves beside no pretrain, steadier no 1, yes 1" in table.caption

    def test_a_curve_as_steady_as_no_pretrain_is_not_steadier(self, read_made_up):
        curve = {50: (1, 2), 100: (3, 4), 150: (1, 3)}
        rows = rows_of(table_stability(read_made_up(self.make_runs((), curve) + self.make_runs(("en_ugt",), curve))))
        assert [row["steadier than no pretrain"] for row in rows] == [None, "no"]

    def test_curves_of_other_sizes_are_not_compared(self, read_made_up):
        runs = self.make_runs((), {50: (1,), 100: (3,), 150: (1,)})
        runs += self.make_runs(("en_ugt",), {50: (4,), 100: (4,), 200: (4,)})
        table = table_stability(read_made_up(runs))
        assert {row["steadier than no pretrain"] for row in rows_of(table)} == {None}
        assert "Nothing to compare yet" in table.caption

    def test_without_learning_curves(self, read_made_up):
        table = table_stability(read_made_up([make_run("in-corpus", "ru_ugt", 80)]))
        assert table.rows == ()


class TestErrors:
    @pytest.fixture()
    def errors(self):
        """RETURNS (dict): 1 seen Drug found, 1 unseen one with wrong borders, 1 spurious Disease."""
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
        row = dict(zip(table.columns, table.rows[0]))
        assert (row["runs"], row["target"], row["pretrain"]) == ("in-corpus", "ru_ugt", "no pretrain")
        assert row["size"] is None
        assert (row["type"], row["seeds"], row["correct"], row["wrong borders"]) == ("Drug", 2, 2, 2)
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
        assert "no run tells of its errors" in table_errors(results).caption

    def test_the_kinds_stand_under_their_headings(self, read_made_up):
        kinds = ("correct", "boundary", "type", "boundary and type", "missed", "spurious")
        errors = {"Drug": ErrorCounts({kind: n for n, kind in enumerate(kinds)}, Recalled(1, 2), Recalled(3, 4))}
        table = table_errors(self.with_errors(read_made_up([make_run("in-corpus", "ru_ugt", 80)]), errors))
        headings = ("correct", "wrong borders", "wrong type", "wrong borders and type", "missed", "spurious")
        row = dict(zip(table.columns, table.rows[0]))
        assert [row[heading] for heading in headings] == [0, 1, 2, 3, 4, 5]
        assert (row["recall of seen"], row["recall of unseen"]) == (50.0, 75.0)
