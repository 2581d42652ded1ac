"""Test the selection methods on pools made by hand: which sentences they select, and in which order."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.annotation.methods import DEFAULT_METHOD, DIVERSE_SENTENCES, METHODS, RANDOM, Budget, choose
from scripts.annotation.pool import Pool
from scripts.base.errors import ProjectError

# The measure that each method puts first.
MEASURES = {
    "expected_mentions": "expected_mentions",
    "uncertainty": "entropy",
    "least_confident": "least_confident",
}


def make_pool(n: int, seed: int = 0, width: int = 4, words: object = None) -> Pool:
    """RETURNS (Pool): Random sentences."""
    random = numpy.random.default_rng(seed)
    vectors = random.normal(size=(n, width)).astype("float32")
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return Pool(
        words=random.integers(1, 30, n) if words is None else numpy.array(words),
        expected_mentions=random.random(n),
        entropy=random.random(n),
        least_confident=random.random(n),
        vectors=vectors,
    )


def test_every_method_that_ranks_by_a_measure_is_tested_with_it():
    assert {*MEASURES, RANDOM, "uncertainty_mean", "diversity", "schedule"} == {*METHODS}


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_sentences_are_chosen_once_and_none_that_is_annotated_or_has_no_words(self, method):
        words = numpy.random.default_rng(1).integers(1, 9, 40)
        words[[3, 30]] = 0
        pool, annotated = make_pool(40, words=words), [0, 7, 39]
        chosen = choose(method, pool, Budget(sentences=100), 0, annotated)
        assert sorted(chosen) == sorted(set(range(40)) - {3, 30} - set(annotated))

    def test_the_same_seed_chooses_the_same(self, method):
        pool = make_pool(50)
        assert choose(method, pool, Budget(sentences=9), 5) == choose(method, pool, Budget(sentences=9), 5)

    def test_a_larger_budget_only_adds(self, method):
        pool = make_pool(300)
        more = choose(method, pool, Budget(sentences=200), 0)
        assert choose(method, pool, Budget(sentences=60), 0) == more[:60]

    def test_equal_sentences_are_chosen_at_random(self, method):
        ones = numpy.ones(30)
        pool = Pool(ones.astype(int), ones, ones, ones, numpy.tile(numpy.array([[0.6, 0.8]], dtype="float32"), (30, 1)))
        picks = {tuple(choose(method, pool, Budget(sentences=3), seed)) for seed in range(5)}
        assert len(picks) > 1

    def test_a_budget_in_words_ends_with_the_sentence_that_reaches_it(self, method):
        pool = make_pool(50)
        chosen = choose(method, pool, Budget(words=100), 0)
        assert pool.words[chosen].sum() >= 100 > pool.words[chosen[:-1]].sum()
        assert chosen == choose(method, pool, Budget(sentences=len(chosen)), 0)

    def test_an_empty_pool_gives_nothing(self, method):
        assert choose(method, make_pool(0), Budget(sentences=5), 0) == []


@pytest.mark.parametrize("method", MEASURES)
def test_the_largest_measures_come_first(method):
    pool = make_pool(60)
    measure = getattr(pool, MEASURES[method])
    assert choose(method, pool, Budget(sentences=60), 0) == sorted(range(60), key=lambda row: -measure[row])


def test_mean_uncertainty_does_not_prefer_long_sentences():
    ones = numpy.ones(3)
    pool = Pool(numpy.array([2, 10, 20]), ones, numpy.array([1.0, 2.0, 3.0]), ones)
    assert choose("uncertainty_mean", pool, Budget(sentences=3), 0) == [0, 1, 2]
    assert choose("uncertainty", pool, Budget(sentences=3), 0) == [2, 1, 0]


def test_random_draws_do_not_depend_on_what_the_model_says():
    one, other = make_pool(30, seed=1), make_pool(30, seed=2)
    assert choose("random", one, Budget(sentences=30), 4) == choose("random", other, Budget(sentences=30), 4)


class TestDiversity:
    def clusters(self, sizes: list[int]) -> Pool:
        """RETURNS (Pool): Sentences in tight groups that are at right angles to each other."""
        centers = numpy.repeat(numpy.eye(len(sizes)), sizes, axis=0)
        vectors = centers + numpy.random.default_rng(0).normal(scale=0.01, size=centers.shape)
        vectors = (vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")
        ones = numpy.ones(len(vectors))
        return Pool(ones.astype(int), ones, ones, ones, vectors)

    def groups(self, sizes: list[int], rows: list[int]) -> list[int]:
        return numpy.repeat(numpy.arange(len(sizes)), sizes)[rows].tolist()

    @pytest.mark.parametrize("seed", range(5))
    def test_each_group_comes_once_before_any_comes_again(self, seed):
        sizes = [40, 30, 20, 10]
        chosen = choose("diversity", self.clusters(sizes), Budget(sentences=4), seed)
        assert sorted(self.groups(sizes, chosen)) == [0, 1, 2, 3]

    @pytest.mark.parametrize("seed", range(5))
    def test_large_groups_come_before_sentences_that_are_like_no_other(self, seed):
        sizes = [20, 20, 20, *[1] * 30]
        chosen = choose("diversity", self.clusters(sizes), Budget(sentences=3), seed)
        assert sorted(self.groups(sizes, chosen)) == [0, 1, 2]

    @pytest.mark.parametrize("n_annotated", [1, 70])
    def test_groups_with_annotated_sentences_come_last(self, n_annotated):
        sizes = [80, 30, 20]
        chosen = choose("diversity", self.clusters(sizes), Budget(sentences=2), 0, annotated=range(n_annotated))
        assert sorted(self.groups(sizes, chosen)) == [1, 2]


class TestSchedule:
    def test_diversity_first_and_then_uncertainty(self):
        pool = make_pool(3 * DIVERSE_SENTENCES)
        chosen = choose("schedule", pool, Budget(sentences=2 * DIVERSE_SENTENCES), 0)
        diverse = choose("diversity", pool, Budget(sentences=DIVERSE_SENTENCES), 0)
        uncertain = choose("uncertainty", pool, Budget(sentences=DIVERSE_SENTENCES), 0, annotated=diverse)
        assert chosen == [*diverse, *uncertain]

    @given(st.integers(0, 2 * DIVERSE_SENTENCES))
    def test_what_is_annotated_counts(self, n_annotated):
        pool, annotated = make_pool(3 * DIVERSE_SENTENCES), range(n_annotated)
        chosen = choose("schedule", pool, Budget(sentences=3), 0, annotated)
        left = max(0, min(3, DIVERSE_SENTENCES - n_annotated))
        assert chosen[:left] == choose("diversity", pool, Budget(sentences=3), 0, annotated)[:left]
        rest = choose("uncertainty", pool, Budget(sentences=3), 0, [*annotated, *chosen[:left]])
        assert chosen[left:] == rest[: 3 - left]


class TestRefused:
    def test_an_unknown_method_is_named_with_those_that_there_are(self):
        with pytest.raises(ProjectError, match="unknown selection method 'entropie'.*[Uu]se random, expected_mentions"):
            choose("entropie", make_pool(3), Budget(sentences=1), 0)

    @pytest.mark.parametrize("budget", [{}, {"sentences": 1, "words": 1}, {"sentences": 0}, {"words": -3}])
    def test_a_budget_of_nothing_or_of_both(self, budget):
        with pytest.raises(ProjectError, match="--sentences|--words"):
            Budget(**budget)

    @pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.needs_probabilities])
    def test_probabilities_that_are_not_there(self, method):
        none = numpy.full(3, numpy.nan)
        pool = Pool(numpy.ones(3, dtype=int), none, none, none, make_pool(3).vectors)
        with pytest.raises(ProjectError, match="probabilities"):
            choose(method, pool, Budget(sentences=1), 0)

    @pytest.mark.parametrize("method", ["diversity", "schedule"])
    def test_vectors_that_are_not_there(self, method):
        ones = numpy.ones(3)
        with pytest.raises(ProjectError, match="vectors"):
            choose(method, Pool(ones.astype(int), ones, ones, ones), Budget(sentences=1), 0)


def test_the_default_method_is_one_of_them():
    assert DEFAULT_METHOD in METHODS
