"""Test means, spreads and the 99 % rule of learning curves, by hand and on the paper's curves."""
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.curves import (
    SentencesNeeded,
    best_and_worst,
    curve_of,
    curves_in_common,
    sentences_needed,
    spread_of,
    within_spread,
)
from scripts.results.paper import MULTI_BERT, read_paper

PAPER = Path(__file__).parents[2] / "assets" / "paper"
# The sources behind the cells of the paper's Table 5 (best, worst); it silently leaves out every other one.
PAPER_SOURCES = {
    ("EN UGT", "Drug"): ("EN EHR", "RU EHR"),
    ("EN UGT", "Disease"): ("RU EHR", "RU EHR"),
    ("RU UGT", "Drug"): ("EN UGT+RU EHR", "EN UGT"),
    ("RU UGT", "Disease"): ("EN UGT+RU EHR", "EN UGT"),
    ("RU EHR", "Drug"): ("EN UGT", "EN EHR"),
    ("RU EHR", "Disease"): ("RU UGT", "RU UGT"),
}


def one_seed(f1s):
    """A curve with one seed: the paper's have no more."""
    return curve_of({size: {0: f1} for size, f1 in f1s.items()})


def test_spread_over_seeds():
    spread = spread_of({2: 70.0, 0: 60.0, 1: 80.0})
    assert spread.values == ((0, 60.0), (1, 80.0), (2, 70.0))
    assert (spread.mean, spread.sd, spread.low, spread.high) == (70.0, 10.0, 60.0, 80.0)


def test_one_seed_has_no_standard_deviation():
    assert spread_of({0: 60.0}).sd is None


def test_curve_is_sorted_by_size_and_keeps_every_seed():
    curve = curve_of({100: {0: 50.0}, 50: {0: 40.0, 1: 44.0}})
    assert curve.sizes == (50, 100)
    assert curve.at(50).values == ((0, 40.0), (1, 44.0))
    assert curve.at(75) is None


def test_curves_have_sizes_and_seeds_in_common():
    one = curve_of({50: {0: 40.0, 1: 44.0}, 100: {0: 50.0}, 150: {0: 60.0}})
    other = curve_of({50: {1: 45.0, 2: 46.0}, 100: {1: 55.0}, 150: {0: 65.0}, 200: {0: 70.0}})
    expected = [curve_of({50: {1: 44.0}, 150: {0: 60.0}}), curve_of({50: {1: 45.0}, 150: {0: 65.0}})]
    assert [*curves_in_common(one, other)] == expected


def test_first_and_sustained_crossing_differ_where_the_curve_falls_back():
    curve = one_seed({50: 60.0, 100: 79.5, 150: 70.0, 200: 79.3, 250: 81.0})
    assert sentences_needed(curve, 80.0) == SentencesNeeded(100, 200, 81.0 / 80.0, 250)


def test_a_curve_that_falls_back_at_its_end_is_not_sustained():
    need = sentences_needed(one_seed({50: 80.0, 100: 70.0}), 80.0)
    assert (need.first, need.sustained) == (50, None)


def test_never_is_a_value_that_tells_how_near_it_comes():
    assert sentences_needed(one_seed({50: 40.0, 100: 60.0, 150: 60.0}), 80.0) == SentencesNeeded(None, None, 0.75, 100)


def test_the_threshold_itself_is_reached():
    assert sentences_needed(one_seed({50: 0.99 * 84.88}), 84.88).first == 50
    assert sentences_needed(one_seed({50: 84.03}), 84.88).first is None


def test_the_share_can_be_chosen():
    assert sentences_needed(one_seed({50: 40.0, 100: 72.0}), 80.0, share=0.9).first == 100


def test_the_mean_over_seeds_decides_not_the_best_seed():
    curve = curve_of({50: {0: 90.0, 1: 60.0}, 100: {0: 80.0, 1: 79.0}})
    assert sentences_needed(curve, 80.0).first == 100


def test_a_share_of_a_full_f1_of_zero_means_nothing():
    assert sentences_needed(one_seed({50: 0.0}), 0.0) == SentencesNeeded(None, None, None, None)


@given(st.dictionaries(st.integers(1, 2000), st.floats(0, 100), min_size=1), st.floats(1, 100))
def test_sustained_is_never_before_first(f1s, full_f1):
    need = sentences_needed(one_seed(f1s), full_f1)
    assert (need.first is not None) == (need.best_share >= 0.99 - 1e-9)
    if need.sustained is not None:
        assert need.first <= need.sustained
        assert all(f1s[size] >= 0.99 * full_f1 - 1e-6 for size in f1s if size >= need.sustained)


def test_best_and_worst_are_among_those_that_reach_it():
    needed = {
        "en_ugt": SentencesNeeded(500, 500, 1.0, 500),
        "en_ehr": SentencesNeeded(None, None, 0.9, 1950),
        "ru_ehr": SentencesNeeded(900, None, 1.0, 900),
        "ru_ugt": SentencesNeeded(500, 700, 1.1, 1000),
    }
    ranking = best_and_worst(needed)
    assert (ranking.best, ranking.worst, ranking.never) == (("en_ugt", "ru_ugt"), ("ru_ehr",), ("en_ehr",))


def test_nothing_reaches_it():
    ranking = best_and_worst({"en_ugt": SentencesNeeded(None, None, 0.9, 50)})
    assert (ranking.best, ranking.worst, ranking.never) == ((), (), ("en_ugt",))


def test_within_spread_compares_with_the_wider_range():
    low, high = spread_of({0: 50.0, 1: 54.0}), spread_of({0: 55.0, 1: 56.0})
    assert within_spread(low, high) is True
    assert within_spread(low, spread_of({0: 57.0, 1: 58.0})) is False
    assert within_spread(low, spread_of({0: 52.0})) is None


@pytest.fixture(scope="module")
def paper():
    """What the paper's curves need, without the points that its figure interpolates, and its Table 5."""
    paper = read_paper(PAPER)
    needed = {
        (target, entity_type, pretrain): sentences_needed(curve.trained, paper.table2[target, MULTI_BERT, entity_type])
        for (target, entity_type, pretrain), curve in paper.figure1.items()
    }
    return needed, paper.table5


def test_table5_of_the_paper_from_its_figure1(paper):
    needed, table5 = paper
    differing = set()
    for (target, entity_type), (best, worst) in PAPER_SOURCES.items():
        for name, source in (("best", best), ("worst", worst), ("none", "No pretrain")):
            if needed[target, entity_type, source].first != table5[name, entity_type, target]:
                differing.add((target, entity_type, name))
    assert differing == {("EN UGT", "Drug", "none"), ("EN UGT", "Disease", "none"), ("RU EHR", "Drug", "none")}


def test_sources_that_the_paper_leaves_out_never_reach_the_threshold(paper):
    needed, _ = paper
    drug = {source: need for (target, name, source), need in needed.items() if (target, name) == ("EN UGT", "Drug")}
    ranking = best_and_worst({source: need for source, need in drug.items() if source != "No pretrain"})
    assert (ranking.best, ranking.worst, ranking.never) == (("EN EHR",), ("RU EHR",), ("RU UGT",))
