"""Test comparisons of candidates with the base: means, differences, better runs and winners."""
import pytest

from scripts.evaluation.search import SearchResult, compare_candidates


def results_of(scores, size=50):
    """Results of candidates; for each the F1 of seeds 0 and 1 on en_ugt, then on en_ehr."""
    return [
        SearchResult(candidate, corpus, size, seed, f1)
        for candidate, values in scores.items()
        for (corpus, seed), f1 in zip([("en_ugt", 0), ("en_ugt", 1), ("en_ehr", 0), ("en_ehr", 1)], values, strict=True)
    ]


def test_means_are_over_seeds_then_corpora_and_differences_from_the_base():
    base, other = compare_candidates(results_of({"base": [60, 64, 40, 44], "epochs: 8": [63, 63, 50, 52]}))
    assert (base.candidate, base.size, base.mean, base.difference) == ("base", 50, 52, 0)
    assert (base.by_corpus["en_ugt"].mean, base.by_corpus["en_ehr"].mean) == (62, 42)
    assert base.by_corpus["en_ugt"].sd == pytest.approx(2.8284271)
    assert (other.mean, other.difference) == (57, 5)


def test_runs_are_compared_with_the_base_of_the_same_corpus_and_seed():
    base, other = compare_candidates(results_of({"base": [60, 64, 40, 44], "epochs: 8": [63, 63, 40, 52]}))
    # Higher, lower, equal, higher.
    assert (other.better, other.runs) == (2, 4)
    assert (base.better, base.runs) == (0, 4)


def test_each_size_has_a_winner_of_its_own():
    small = results_of({"base": [50, 50, 50, 50], "epochs: 8": [60, 60, 50, 50]})
    whole = results_of({"base": [90, 90, 90, 90], "epochs: 8": [95, 95, 80, 80]}, size=None)
    comparisons = compare_candidates(small + whole)
    assert [(one.size, one.candidate, one.is_winner) for one in comparisons] == [
        (50, "base", False),
        (50, "epochs: 8", True),
        (None, "base", True),
        (None, "epochs: 8", False),
    ]


def test_at_equal_means_the_base_stays():
    base, other = compare_candidates(results_of({"base": [50, 60, 50, 60], "epochs: 8": [60, 50, 60, 50]}))
    assert base.is_winner and not other.is_winner
