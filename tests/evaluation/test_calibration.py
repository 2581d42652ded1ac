"""Calibration error against a computation written otherwise, and fits that find the parameters of simulated answers."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.calibration import (
    BINS,
    JudgedMention,
    calibration_error,
    fit_platt,
    overconfidence,
    reliability_bins,
)

MENTIONS = st.lists(
    st.builds(JudgedMention, st.just("Drug"), st.floats(0, 1) | st.sampled_from([0.0, 1.0, 1 / 3]), st.booleans()),
    max_size=30,
)


def error_by_hand(found):
    """The same error, mention by mention: each edge of a bin by numpy's own histogram."""
    if not found:
        return 0.0
    confidences, edges = [mention.confidence for mention in found], numpy.arange(BINS + 1) / BINS
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = [m for m in found if low <= m.confidence < high or (high == 1 and m.confidence == 1)]
        total += abs(sum(m.confidence - m.is_right for m in inside))
    return total / len(confidences)


def simulated(slope, intercept, n, seed=0):
    """Logits, and answers that are right as often as slope and intercept say."""
    random = numpy.random.default_rng(seed)
    logits = random.normal(1.5, 2.0, n)
    return logits, random.random(n) < 1 / (1 + numpy.exp(-(slope * logits + intercept)))


@given(MENTIONS)
def test_the_error_is_the_mean_gap_of_the_bins(found):
    assert calibration_error(reliability_bins(found)) == pytest.approx(error_by_hand(found), abs=1e-12)


@given(MENTIONS)
def test_bins_hold_every_mention_once(found):
    bins = reliability_bins(found)
    assert sum(one.mentions for one in bins) == len(found)
    assert all(one.low <= one.confidence <= one.high and one.mentions for one in bins)
    assert sum(one.mentions * one.right for one in bins) == pytest.approx(sum(m.is_right for m in found))
    too_sure = numpy.mean([m.confidence - m.is_right for m in found]) if found else 0.0
    assert overconfidence(bins) == pytest.approx(too_sure)


def test_an_error_by_hand():
    # Two at 0.9, one of them right: a gap of 0.4; two at 0.1, both wrong: a gap of 0.1.
    found = [JudgedMention("Drug", *pair) for pair in ((0.9, True), (0.9, False), (0.1, False), (0.1, False))]
    assert calibration_error(reliability_bins(found)) == pytest.approx((2 * 0.4 + 2 * 0.1) / 4)


@pytest.mark.parametrize("slope, intercept", [(1.0, 0.0), (0.5, -1.0), (2.0, 0.7), (0.0, 0.4)])
def test_a_fit_finds_the_parameters(slope, intercept):
    found = fit_platt(*simulated(slope, intercept, 20_000))
    assert (found.slope, found.intercept) == (pytest.approx(slope, abs=0.06), pytest.approx(intercept, abs=0.06))
    assert found.mentions == 20_000


def test_a_fit_makes_confidences_the_share_that_is_right():
    logits, right = simulated(0.4, -0.8, 4000, seed=1)
    fresh_logits, fresh_right = simulated(0.4, -0.8, 4000, seed=2)
    platt = fit_platt(logits, right)
    errors = []
    for slope, intercept in ((1.0, 0.0), (platt.slope, platt.intercept)):
        confidences = 1 / (1 + numpy.exp(-(slope * fresh_logits + intercept)))
        found = [JudgedMention("Drug", *pair) for pair in zip(confidences, fresh_right, strict=True)]
        errors.append(calibration_error(reliability_bins(found)))
    assert errors[0] > 0.2 and errors[1] < 0.03


@pytest.mark.parametrize("is_right, low, high", [(True, 0.5, 0.99), (False, 0.01, 0.5)])
def test_a_few_mentions_that_are_all_alike_make_nothing_sure(is_right, low, high):
    platt = fit_platt([3.0, 4.0, 5.0], [is_right] * 3)
    for logit in (3.0, 5.0):
        assert low < 1 / (1 + numpy.exp(-(platt.slope * logit + platt.intercept))) < high


def test_a_higher_confidence_never_becomes_a_lower_one():
    assert fit_platt([-2.0, -1.0, 1.0, 2.0], [True, True, False, False]).slope == 0.0
