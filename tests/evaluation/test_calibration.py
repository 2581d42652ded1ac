"""Test the calibration error against another computation, and fits on simulated answers with known parameters."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.calibration import (
    BINS,
    JudgedMention,
    calibration_error,
    fit_beta,
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


def logs(logits):
    """log(p) and log(1 - p)."""
    return -numpy.logaddexp(0, -logits), -numpy.logaddexp(0, logits)


def simulated(low, high, intercept, n, seed=0):
    """Logits, and answers that are right as often as the three numbers say."""
    random = numpy.random.default_rng(seed)
    logits = random.normal(1.0, 3.0, n)
    log_right, log_wrong = logs(logits)
    return logits, random.random(n) < 1 / (1 + numpy.exp(-(low * log_right - high * log_wrong + intercept)))


def fitted_to(logits, is_right):
    return fit_beta(*logs(numpy.asarray(logits)), is_right)


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


@pytest.mark.parametrize(
    "low, high, intercept", [(1.0, 1.0, 0.0), (0.5, 0.5, -1.0), (0.4, 1.5, 0.7), (1.2, 0.3, -0.5), (0.0, 0.0, 0.4)]
)
def test_a_fit_finds_the_parameters(low, high, intercept):
    found = fitted_to(*simulated(low, high, intercept, 40_000))
    assert (found.low, found.high) == (pytest.approx(low, abs=0.08), pytest.approx(high, abs=0.08))
    assert found.intercept == pytest.approx(intercept, abs=0.08) and found.mentions == 40_000


@pytest.mark.parametrize("low, high", [(0.4, 0.4), (1.0, 0.2)])
def test_a_fit_makes_confidences_the_share_that_is_right(low, high):
    beta = fitted_to(*simulated(low, high, -0.8, 8000, seed=1))
    fresh_logits, fresh_right = simulated(low, high, -0.8, 8000, seed=2)
    log_right, log_wrong = logs(fresh_logits)
    errors = []
    for a, b, c in ((1.0, 1.0, 0.0), (beta.low, beta.high, beta.intercept)):
        confidences = 1 / (1 + numpy.exp(-(a * log_right - b * log_wrong + c)))
        found = [JudgedMention("Drug", *pair) for pair in zip(confidences, fresh_right, strict=True)]
        errors.append(calibration_error(reliability_bins(found)))
    assert errors[0] > 0.15 and errors[1] < 0.03


@pytest.mark.parametrize("is_right, low, high", [(True, 0.5, 0.99), (False, 0.01, 0.5)])
def test_a_few_mentions_that_are_all_alike_make_nothing_sure(is_right, low, high):
    beta = fitted_to([3.0, 4.0, 5.0], [is_right] * 3)
    for logit in (3.0, 5.0):
        log_right, log_wrong = logs(logit)
        assert low < 1 / (1 + numpy.exp(-(beta.low * log_right - beta.high * log_wrong + beta.intercept))) < high


def test_a_higher_confidence_never_becomes_a_lower_one():
    beta = fitted_to([-2.0, -1.0, 1.0, 2.0], [True, True, False, False])
    assert (beta.low, beta.high) == (0.0, 0.0)
    # One side rises and the other falls: that one becomes level.
    one_sided = fitted_to([-4.0] * 9 + [-2.0] * 9 + [2.0] * 9 + [4.0] * 9, [0] * 9 + [1] * 9 + [1] * 9 + [0, 1, 1] * 3)
    assert one_sided.low > 0.5 and one_sided.high == 0.0
