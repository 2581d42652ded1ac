"""Test t-tests against tables, resampling against all resamples, and Holm's correction by hand."""
from itertools import product

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.evaluation.curves import spread_of
from scripts.evaluation.scores import Score, score_mentions
from scripts.evaluation.significance import (
    Comparison,
    bootstrap_differences,
    bootstrap_interval,
    bootstrap_p_value,
    compare_documents,
    compare_seeds,
    correct,
    count_documents,
    holm,
    mean_f1,
    paired_t_test,
    randomization_test,
    resamples_for,
    stack_seeds,
    welch_t_test,
)

TYPES = ("Drug", "Disease")
ROW = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
COUNTS = st.integers(2, 5).flatmap(lambda size: st.tuples(*[st.lists(ROW, min_size=size, max_size=size)] * 2))


def one_seed(*rows):
    """Counts of one run: (1, documents, 3) tp, fp and fn."""
    return numpy.array([rows])


def seeds(*values):
    """A spread over the seeds 0, 1 and so on."""
    return spread_of(dict(enumerate(values)))


def f1_of(rows):
    """F1 of summed counts, by the scores that everything else uses."""
    return Score(*numpy.sum(rows, axis=0).tolist()).f1


class TestSeeds:
    def test_paired_t_test_by_hand(self):
        # Differences 1, 2, 3: mean 2, sd 1, t = 2 * sqrt(3) with 2 degrees of freedom, whose distribution function is
        # 1/2 + t / (2 * sqrt(2 + t ** 2)): p = 1 - t / sqrt(2 + t ** 2) = 1 - sqrt(12 / 14).
        p_value = paired_t_test(seeds(61.0, 72.0, 53.0), seeds(60.0, 70.0, 50.0))
        assert p_value == pytest.approx(1 - (12 / 14) ** 0.5)

    def test_welch_t_test_by_hand(self):
        # Same variance and number of seeds: Welch is Student with 2 degrees of freedom. Means 2 and 0, variances 2,
        # t = 2 / sqrt(2 / 2 + 2 / 2) = sqrt(2), p = 1 - sqrt(2 / 4).
        assert welch_t_test(seeds(1.0, 3.0), seeds(-1.0, 1.0)) == pytest.approx(1 - 0.5**0.5)

    def test_welch_does_not_take_variances_as_equal(self):
        # One system that does not vary: the degrees of freedom are those of the other, 1 of 2, not 2 of 4 seeds.
        # t = 1 / sqrt(2 / 2) = 1, and with 1 degree of freedom p = 1 - 2 / pi * arctan(1).
        assert welch_t_test(seeds(0.0, 0.0), seeds(0.0, 2.0)) == pytest.approx(0.5)

    def test_seeds_are_paired_by_name_not_by_place(self):
        one, other = spread_of({0: 61.0, 1: 72.0, 2: 53.0, 7: 0.0}), spread_of({5: 99.0, 2: 50.0, 1: 70.0, 0: 60.0})
        assert paired_t_test(one, other) == pytest.approx(1 - (12 / 14) ** 0.5)

    def test_the_difference_that_every_seed_has_is_found_by_pairs_only(self):
        comparison = compare_seeds(seeds(40.5, 60.0, 80.5), seeds(38.5, 58.0, 78.0))
        assert comparison.p_values["paired t-test"] < 0.01
        assert comparison.p_values["Welch t-test"] > 0.8

    def test_a_comparison_is_over_the_seeds_that_both_have(self):
        comparison = compare_seeds(spread_of({0: 50.0, 1: 54.0, 2: 90.0}), spread_of({0: 48.0, 1: 51.0}))
        assert (comparison.unit, comparison.n, comparison.difference) == ("seeds", 2, 2.5)
        assert comparison.interval is None
        assert compare_seeds(spread_of({0: 50.0}), spread_of({1: 50.0})) is None

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ((50.0,), (40.0,)),
            ((50.0,), (40.0, 41.0)),
            # Without any variation t is not defined, be the difference 0 or not; nor by a rounding error.
            ((50.0, 50.0), (50.0, 50.0)),
            ((50.0, 50.0), (40.0, 40.0)),
        ],
    )
    def test_what_is_not_defined_is_none(self, one, other):
        assert welch_t_test(seeds(*one), seeds(*other)) is None
        assert paired_t_test(seeds(*one), seeds(*other)) is None
        assert compare_seeds(seeds(*one), seeds(*other)).p_values == {}

    def test_a_rounding_error_is_no_variation(self):
        assert paired_t_test(seeds(0.1 + 0.2, 10.0), seeds(0.3, 10.0)) is None

    def test_both_tails(self):
        one, other = seeds(50.0, 54.0, 51.0), seeds(48.0, 55.0, 47.0)
        for test in (welch_t_test, paired_t_test):
            assert test(one, other) == pytest.approx(test(other, one))


class TestDocumentCounts:
    def test_counts_of_each_document(self):
        gold = [[(0, 1, "Drug"), (3, 5, "Disease")], []]
        predicted = [[(0, 1, "Drug"), (3, 4, "Disease")], [(0, 1, "Drug")]]
        counts = count_documents(["a", "b"], gold, predicted, TYPES)
        assert counts.documents == ("a", "b")
        assert {name: rows.tolist() for name, rows in counts.counts.items()} == {
            "micro": [[1, 1, 1], [0, 1, 0]],
            "Drug": [[1, 0, 0], [0, 1, 0]],
            "Disease": [[0, 1, 1], [0, 0, 0]],
        }

    def test_their_sum_is_the_score(self):
        gold, predicted = [[(0, 1, "Drug")], [(2, 4, "Drug")]], [[(0, 1, "Drug")], [(2, 3, "Drug")]]
        counts = count_documents(["a", "b"], gold, predicted, TYPES)
        scores = score_mentions(gold, predicted, TYPES)
        assert {name: Score(*rows.sum(axis=0)) for name, rows in counts.counts.items()} == scores

    def test_no_documents(self):
        assert count_documents([], [], [], TYPES).counts["Drug"].shape == (0, 3)

    def test_another_number_of_documents_is_an_error(self):
        with pytest.raises(ProjectError, match="1 documents in the gold, but 2 in the predictions"):
            count_documents(["a"], [[]], [[], []], TYPES)
        with pytest.raises(ValueError):
            count_documents(["a", "b"], [[]], [[]], TYPES)

    def test_seeds_are_stacked(self):
        one = count_documents(["a"], [[(0, 1, "Drug")]], [[]], TYPES)
        other = count_documents(["a"], [[(0, 1, "Drug")]], [[(0, 1, "Drug")]], TYPES)
        assert stack_seeds([one, other], "Drug").tolist() == [[[0, 0, 1]], [[1, 0, 0]]]

    def test_runs_on_different_documents_are_an_error(self):
        runs = [count_documents([name], [[]], [[]], TYPES) for name in "ab"]
        with pytest.raises(ProjectError, match="tested on different documents"):
            stack_seeds(runs, "Drug")


class TestMeanF1:
    def test_f1_is_of_summed_counts_and_its_mean_is_over_seeds(self):
        # Seed 0: 3 of 4 and 1 wrong, 6 / 8. Seed 1: nothing found.
        counts = numpy.array([[[1, 1, 0], [2, 0, 1]], [[0, 0, 1], [0, 0, 3]]])
        assert mean_f1(counts) == pytest.approx((75.0 + 0.0) / 2)

    def test_no_mentions_is_zero(self):
        assert mean_f1(numpy.zeros((2, 3, 3), dtype=int)) == mean_f1(numpy.zeros((1, 0, 3), dtype=int)) == 0.0

    @given(st.lists(ROW, min_size=1, max_size=5))
    def test_it_is_the_f1_of_the_scores(self, rows):
        assert mean_f1(one_seed(*rows)) == pytest.approx(f1_of(rows))


class TestRandomization:
    @given(COUNTS)
    def test_it_comes_near_the_share_of_all_possible_exchanges(self, pair):
        one, other = pair
        observed = abs(f1_of(one) - f1_of(other))
        differences = []
        for coins in product([False, True], repeat=len(one)):
            first = [b if coin else a for a, b, coin in zip(one, other, coins, strict=True)]
            second = [a if coin else b for a, b, coin in zip(one, other, coins, strict=True)]
            differences.append(abs(f1_of(first) - f1_of(second)))
        exact = sum(difference >= observed - 1e-9 for difference in differences) / len(differences)
        # Five standard errors of a share among 10,000.
        assert randomization_test(one_seed(*one), one_seed(*other)) == pytest.approx(exact, abs=0.026)

    def test_a_clear_difference_has_the_smallest_p_value_there_is_and_never_0(self):
        better, worse = one_seed(*[(5, 0, 0)] * 40), one_seed(*[(0, 0, 5)] * 40)
        assert randomization_test(better, worse, resamples=999) == pytest.approx(1 / 1000)
        assert randomization_test(worse, better, resamples=999) == pytest.approx(1 / 1000)

    def test_the_same_output_is_no_difference(self):
        counts = one_seed((3, 1, 2), (0, 4, 1))
        assert randomization_test(counts, counts) == 1.0

    def test_a_document_changes_sides_in_all_seeds_at_once(self):
        # Two documents and three runs with the same outputs: 2 of 4 tosses give a difference as large. Were each run to
        # be tossed by itself, it would be 2 of 4 ** 3.
        one, other = numpy.array([[[4, 0, 0], [2, 0, 0]]] * 3), numpy.array([[[0, 0, 4], [0, 0, 2]]] * 3)
        assert randomization_test(one, other) == pytest.approx(0.5, abs=0.026)

    def test_one_document_tells_nothing(self):
        assert randomization_test(one_seed((1, 0, 0)), one_seed((0, 0, 1))) is None

    def test_resamples_that_are_no_multiple_of_a_chunk_all_count(self):
        same = one_seed((1, 0, 0), (0, 0, 1))
        assert randomization_test(same, same, resamples=1500) == 1.0

    def test_the_seed_decides(self):
        one, other = one_seed(*[(3, 1, 2)] * 9, (9, 0, 0)), one_seed(*[(2, 1, 3)] * 9, (0, 0, 9))
        assert randomization_test(one, other, seed=1) == randomization_test(one, other, seed=1)
        assert randomization_test(one, other, seed=1) != randomization_test(one, other, seed=2)


class TestBootstrap:
    def test_it_draws_as_all_possible_draws_do(self):
        one, other = [(4, 1, 0), (1, 0, 3), (2, 2, 2)], [(3, 0, 1), (2, 0, 2), (0, 1, 4)]
        drawn = bootstrap_differences(one_seed(*one), one_seed(*other), resamples=20_000)
        every = [
            f1_of([one[i] for i in places]) - f1_of([other[i] for i in places])
            for places in product(range(3), repeat=3)
        ]
        assert len(drawn) == 20_000
        assert set(drawn.round(6)) == set(numpy.round(every, 6))
        assert drawn.mean() == pytest.approx(numpy.mean(every), abs=0.5)
        assert drawn.std() == pytest.approx(numpy.std(every), abs=0.5)

    def test_all_seeds_are_drawn_alike_and_their_mean_is_taken(self):
        one, other = one_seed((4, 0, 0), (0, 0, 2)), one_seed((2, 0, 2), (0, 0, 2))
        alone = bootstrap_differences(one, other)
        twice = bootstrap_differences(numpy.repeat(one, 2, axis=0), numpy.repeat(other, 2, axis=0))
        assert twice == pytest.approx(alone)

    def test_p_value_by_hand(self):
        # Moved to 0: -4, -2, 0, 2, 4; two are at least 3 away.
        assert bootstrap_p_value(3.0, numpy.array([-1.0, 1.0, 3.0, 5.0, 7.0])) == pytest.approx((1 + 2) / (1 + 5))
        assert bootstrap_p_value(-3.0, numpy.array([1.0, -1.0, -3.0, -5.0, -7.0])) == pytest.approx((1 + 2) / (1 + 5))

    def test_p_value_is_never_0(self):
        assert bootstrap_p_value(50.0, numpy.full(999, 50.0)) == pytest.approx(1 / 1000)
        assert bootstrap_p_value(0.0, numpy.zeros(999)) == 1.0

    def test_interval_holds_the_middle_95_percent(self):
        assert bootstrap_interval(numpy.arange(1001.0)) == pytest.approx((25.0, 975.0))

    def test_one_document_tells_nothing(self):
        assert bootstrap_differences(one_seed((1, 0, 0)), one_seed((0, 0, 1))) is None


class TestCompareDocuments:
    def test_difference_p_values_and_interval(self):
        better, worse = one_seed(*[(4, 0, 1), (5, 0, 0)] * 20), one_seed(*[(2, 0, 3), (3, 0, 2)] * 20)
        comparison = compare_documents(better, worse)
        assert (comparison.unit, comparison.n) == ("documents", 40)
        assert comparison.difference == pytest.approx(100 * (9 * 2 / 19 - 5 * 2 / 15))
        assert comparison.p_values == pytest.approx({"randomization": 1 / 10_001, "bootstrap": 1 / 10_001})
        low, high = comparison.interval
        assert 20 < low < comparison.difference < high < 40

    @pytest.mark.parametrize("n_documents", [0, 1])
    def test_too_few_documents(self, n_documents):
        counts = numpy.ones((2, n_documents, 3), dtype=int)
        assert compare_documents(counts, counts) == Comparison("documents", n_documents, 0.0, {})

    def test_other_documents_or_seeds_are_an_error(self):
        with pytest.raises(ProjectError, match="can't compare 1 seeds on 2 documents with 3 seeds on 2 documents"):
            compare_documents(numpy.ones((1, 2, 3)), numpy.ones((3, 2, 3)))

    def test_no_difference_between_random_systems_is_found_at_the_rate_of_the_level(self):
        random = numpy.random.default_rng(0)
        found = 0
        for _ in range(200):
            one, other = random.integers(0, 6, (2, 1, 40, 3))
            found += randomization_test(one, other, resamples=400) <= 0.05
        # Of 200, 10 are expected; more than 20 has a chance of less than 1 in 1,000.
        assert 1 <= found <= 20


class TestHolm:
    def test_by_hand(self):
        # Sorted 0.01, 0.03, 0.04: times 3, 2, 1 = 0.03, 0.06, 0.04; the last is not below the one before it.
        assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])

    def test_no_more_than_1_and_nothing_to_correct(self):
        assert holm([0.6, 0.7]) == [1.0, 1.0]
        assert holm([0.04]) == [0.04]
        assert holm([]) == []

    @given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=8))
    def test_the_order_is_kept_and_no_p_value_falls(self, p_values):
        corrected = holm(p_values)
        assert all(before <= after <= 1.0 for before, after in zip(p_values, corrected, strict=True))
        assert min(corrected) == pytest.approx(min(1.0, len(p_values) * min(p_values)))
        order = sorted(range(len(p_values)), key=p_values.__getitem__)
        assert [corrected[n] for n in order] == sorted(corrected)

    def test_each_test_is_a_family_of_its_own(self):
        family = [
            Comparison("documents", 9, 1.0, {"randomization": 0.01, "bootstrap": 0.2}),
            Comparison("documents", 9, 1.0, {}),
            Comparison("documents", 9, 1.0, {"randomization": 0.04}),
        ]
        assert [dict(comparison.corrected) for comparison in correct(family)] == [
            {"randomization": 0.02, "bootstrap": 0.2},
            {},
            {"randomization": 0.04},
        ]

    @pytest.mark.parametrize("comparisons", [1, 240, 251, 10_000])
    def test_enough_resamples_to_find_anything_after_correction(self, comparisons):
        assert comparisons * 1 / (1 + resamples_for(comparisons)) < 0.05
        assert resamples_for(comparisons) >= 10_000
