"""Test rankings of sources: ranks by hand, correlations against scipy, p-values by all orders."""
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from scripts.evaluation.ranking import COMBINED, Candidate, MeasuredTarget, rank_sources, validate_ranking

UGT = Candidate("en_ugt", zero_shot=40.0, overlap=60.0, sentences=5000, mentions=6000, same_domain=True)
EHR = Candidate("en_ehr", zero_shot=30.0, overlap=70.0, sentences=9000, mentions=4000, same_domain=False)
RU = Candidate("ru_ehr", zero_shot=50.0, overlap=70.0, sentences=2000, mentions=5000, same_domain=False)


def by_zero_shot(**f1s):
    """Ranked sources of which nothing but the zero-shot F1 is known, in the order given."""
    ranked = rank_sources([Candidate(name, zero_shot=f1) for name, f1 in f1s.items()])
    return tuple(sorted(ranked, key=lambda source: list(f1s).index(source.candidate.source)))


def validated(targets, feature="zero_shot"):
    return next(found for found in validate_ranking(targets) if found.feature == feature)


def test_ranks_and_their_mean_by_hand():
    ranked = {source.candidate.source: source for source in rank_sources([UGT, EHR, RU])}
    assert ranked["en_ugt"].ranks == {"zero_shot": 2, "overlap": 3, "sentences": 2, "mentions": 1, "same_domain": 1}
    assert ranked["en_ehr"].ranks == {"zero_shot": 3, "overlap": 1.5, "sentences": 1, "mentions": 3, "same_domain": 2.5}
    assert ranked["ru_ehr"].ranks == {"zero_shot": 1, "overlap": 1.5, "sentences": 3, "mentions": 2, "same_domain": 2.5}
    scores = {name: source.score for name, source in ranked.items()}
    assert scores == {"en_ugt": 1.8, "en_ehr": 2.2, "ru_ehr": 2.0}
    assert [(source.candidate.source, source.rank) for source in ranked.values()] == [
        ("en_ugt", 1.0),
        ("ru_ehr", 2.0),
        ("en_ehr", 3.0),
    ]


def test_what_is_not_known_of_every_source_ranks_nobody():
    ranked = rank_sources([UGT, replace(EHR, overlap=None), RU])
    assert all("overlap" not in source.ranks for source in ranked)
    # None of them has a language: nothing is known, and nothing is ranked.
    assert all("same_language" not in source.ranks for source in ranked)


def test_what_is_the_same_for_all_ranks_nobody():
    ranked = rank_sources([replace(UGT, same_language=True), replace(RU, same_language=True)])
    assert all("same_language" not in source.ranks for source in ranked)


@pytest.mark.parametrize("candidates", [[], [UGT], [Candidate("a"), Candidate("b")]])
def test_nothing_to_rank(candidates):
    ranked = rank_sources(candidates)
    assert [source.candidate for source in ranked] == candidates
    assert all((source.ranks, source.score, source.rank) == ({}, None, None) for source in ranked)


def test_sources_that_tie_share_their_rank():
    ranked = rank_sources([Candidate("a", zero_shot=5), Candidate("b", zero_shot=9), Candidate("c", zero_shot=5)])
    assert [(source.candidate.source, source.rank) for source in ranked] == [("b", 1.0), ("a", 2.5), ("c", 2.5)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=8))
def test_one_group_correlates_as_scipy_says(pairs):
    features, gains = zip(*pairs, strict=True)
    ranked = by_zero_shot(**{f"source{position}": feature for position, feature in enumerate(features)})
    found = validated([MeasuredTarget(ranked, {50: gains})])
    if len(set(features)) > 1 and len(set(gains)) > 1:
        assert found.correlation == pytest.approx(spearmanr(features, gains).statistic, abs=1e-9)
    else:
        assert (found.correlation, found.p_value) == (None, None)


def test_groups_are_ranked_by_themselves_and_pooled():
    # At 50 sentences as predicted, at 100 the other way round; gains of the second target are ten times as large.
    first = MeasuredTarget(by_zero_shot(a=30, b=20, c=10), {50: (3, 2, 1), 100: (1, 2, 3)})
    second = MeasuredTarget(by_zero_shot(a=1, b=2), {50: (10, 20)})
    found = validated([first, second])
    # Products of centered ranks: 2 - 2 + 0.5; squares on either side: 2 + 2 + 0.5.
    assert found.correlation == pytest.approx(0.5 / 4.5)
    assert (found.pairs, found.groups) == (8, 3)


def test_targets_with_one_source_or_no_size_carry_nothing():
    alone = MeasuredTarget(by_zero_shot(a=30), {50: (3.0,)})
    unmeasured = MeasuredTarget(by_zero_shot(a=30, b=20), {})
    found = validated([alone, unmeasured])
    assert (found.correlation, found.pairs, found.groups, found.p_value) == (None, 0, 0, None)


def test_every_feature_is_validated_and_the_combined_rank():
    ranked = rank_sources([UGT, EHR, RU])
    found = {each.feature: each for each in validate_ranking([MeasuredTarget(ranked, {50: (9, 8, 7)})])}
    assert list(found) == ["zero_shot", "overlap", "sentences", "mentions", "same_language", "same_domain", COMBINED]
    # By combined rank en_ugt, ru_ehr, en_ehr, as they gained; by sentences en_ehr, en_ugt, ru_ehr.
    assert found[COMBINED].correlation == pytest.approx(1.0)
    assert found["sentences"].correlation == pytest.approx(-0.5)
    assert found["same_language"].correlation is None


def test_sources_change_places_in_the_same_way_at_all_sizes():
    # Four sources always in the predicted order: 2 of the 24 orders correlate as much, however many sizes there are.
    ranked = by_zero_shot(a=40, b=30, c=20, d=10)
    for sizes in ((50,), (50, 100, 150, 200, 250)):
        found = validated([MeasuredTarget(ranked, {size: (4, 3, 2, 1) for size in sizes})])
        assert found.p_value == pytest.approx(2 / 24, abs=0.02)


def test_p_value_as_all_orders_give_it():
    gains = {50: (5, 9, 1, 3), 100: (6, 4, 2, 8)}
    ranked = by_zero_shot(a=40, b=30, c=20, d=10)
    ranks = np.array([[2, 1, 4, 3], [2, 3, 4, 1]]) - 2.5
    agreements = [abs((ranks @ (np.array(order) - 2.5)).sum()) for order in permutations((1, 2, 3, 4))]
    exact = sum(agreement >= agreements[0] for agreement in agreements) / 24
    assert validated([MeasuredTarget(ranked, gains)]).p_value == pytest.approx(exact, abs=0.03)


def test_same_targets_same_p_value():
    target = MeasuredTarget(by_zero_shot(a=40, b=30, c=20, d=10), {50: (5, 9, 1, 3)})
    assert validate_ranking([target]) == validate_ranking([target])
