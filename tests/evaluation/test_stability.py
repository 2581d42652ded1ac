"""Test the stability of a learning curve by hand: spread over seeds, and first differences."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluation.curves import curve_of
from scripts.evaluation.stability import Stability, stability_of


def test_spread_and_steps_by_hand():
    curve = curve_of({50: {0: 40.0, 1: 44.0}, 100: {0: 50.0, 1: 60.0}, 150: {0: 58.0, 1: 58.0}})
    stability = stability_of(curve)
    # Standard deviations of two seeds: difference / sqrt(2); means 42, 55, 58.
    assert stability.spread == pytest.approx((4 + 10 + 0) / 3 / 2**0.5)
    assert stability.steps == pytest.approx((13 - 3) / 2**0.5)
    # Seed 0: 10, 8. Seed 1: 16, -2.
    assert stability.seed_steps == pytest.approx((2 / 2**0.5 + 18 / 2**0.5) / 2)


def test_a_size_with_one_seed_does_not_count_in_the_spread():
    curve = curve_of({50: {0: 40.0}, 100: {0: 50.0, 1: 60.0}})
    assert stability_of(curve).spread == pytest.approx(10 / 2**0.5)


def test_a_seed_that_misses_a_size_has_no_steps():
    curve = curve_of({50: {0: 40.0, 1: 0.0}, 100: {0: 50.0}, 150: {0: 56.0, 1: 90.0}})
    assert stability_of(curve).seed_steps == pytest.approx(4 / 2**0.5)


@pytest.mark.parametrize(
    ("f1s", "expected"),
    [
        ({}, Stability(None, None, None)),
        ({50: {0: 40.0}}, Stability(None, None, None)),
        ({50: {0: 40.0}, 100: {0: 50.0}}, Stability(None, None, None)),
        ({50: {0: 40.0}, 100: {0: 50.0}, 150: {0: 60.0}}, Stability(None, 0.0, 0.0)),
        ({50: {0: 40.0}, 100: {1: 50.0}, 150: {0: 60.0}}, Stability(None, 0.0, None)),
    ],
)
def test_what_is_undefined_is_none(f1s, expected):
    assert stability_of(curve_of(f1s)) == expected


@given(st.integers(0, 20), st.integers(-5, 5), st.integers(3, 9))
def test_a_straight_line_is_perfectly_steady_wherever_it_starts(start, slope, n_sizes):
    curve = curve_of({50 * n: {0: start + slope * n, 1: start + slope * n} for n in range(n_sizes)})
    assert stability_of(curve) == Stability(0.0, 0.0, 0.0)
