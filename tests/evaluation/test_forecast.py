"""Forecasts: the law behind a curve is found again, what cannot be told is not, the paper's far ends are met."""
import math
import statistics
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from scripts.evaluation.curves import Curve, curve_of
from scripts.evaluation.forecast import (
    FLAT,
    STILL_RISING,
    Fit,
    Interval,
    back_test,
    fit_curve,
    forecast,
    half_of,
    predict,
    summarise,
)
from scripts.results.paper import read_figure1

FIGURE1 = Path(__file__).parents[2] / "assets" / "paper" / "figure1.csv"
SIZES = (50, 100, 200, 300, 400, 600, 800)


def one_seed(f1s):
    """A curve with one run per size."""
    return curve_of({size: {0: f1} for size, f1 in f1s.items()})


def curve_by(law, sizes=SIZES, noise=0.0, seeds=1, seed=0):
    """A curve that a law makes, with normal noise that falls with the square root of the sentences."""
    random = np.random.default_rng(seed)
    strays = {size: random.normal(0, noise * math.sqrt(sizes[0] / size), seeds) for size in sizes}
    return curve_of({size: {run: law.at(size) + stray for run, stray in enumerate(strays[size])} for size in sizes})


def test_the_law_by_hand():
    law = Fit(plateau=80.0, scale=200.0, exponent=0.5)
    # 80 - 200 / 10; 80 - 200 / 20; 80 - 200 / 2 would be below 0.
    assert [law.at(size) for size in (100, 400, 4)] == [60.0, 70.0, 0.0]


@pytest.mark.parametrize("law", [Fit(80.0, 200.0, 0.5), Fit(65.0, 900.0, 0.9), Fit(92.0, 150.0, 0.4)])
def test_a_law_without_noise_is_found_again(law):
    found = forecast(curve_by(law))
    assert found.fit.plateau == pytest.approx(law.plateau, abs=0.05)
    assert found.fit.exponent == pytest.approx(law.exponent, rel=0.005)
    assert found.twice.size == 1600
    assert found.twice.f1.value == pytest.approx(law.at(1600), abs=0.02)


def test_the_fit_is_the_one_that_scipy_finds():
    curve = curve_by(Fit(80.0, 300.0, 0.6), noise=3.0)
    sizes, f1s = np.array([(size, point.mean) for size, point in curve.points]).T

    def law(size, plateau, scale, exponent):
        return plateau - scale * size**-exponent

    bounds = ((0, 0, 0.05), (100, np.inf, 3))
    theirs, _ = curve_fit(law, sizes, f1s, p0=(80, 200, 0.5), bounds=bounds, sigma=1 / np.sqrt(sizes))
    ours = fit_curve(curve)
    expected = law(np.array([50, 400, 1600]), *theirs)
    assert [ours.at(size) for size in (50, 400, 1600)] == pytest.approx(expected, abs=0.01)


def test_every_seed_counts_as_a_run():
    law = Fit(80.0, 200.0, 0.5)
    pairs = curve_of({size: {0: law.at(size) - 2, 1: law.at(size) + 2} for size in SIZES})
    found, alone = forecast(pairs), forecast(curve_by(law))
    assert found.twice.f1.value == pytest.approx(alone.twice.f1.value)
    # Without noise hardly anything is uncertain; with seeds 4 points apart, much is.
    assert alone.twice.f1.high - alone.twice.f1.low < 0.5
    assert found.twice.f1.high - found.twice.f1.low > 1.0


def test_sentences_for_a_share_of_the_plateau_by_hand():
    # 80 - 800 / n = 0.95 * 80 at n = 200; 0.98 * 80 at n = 500; 0.99 * 80 at n = 1000.
    needed = dict(forecast(curve_by(Fit(80.0, 800.0, 1.0))).needed)
    assert {share: interval.value for share, interval in needed.items()} == {
        0.95: pytest.approx(200, rel=0.01),
        0.98: pytest.approx(500, rel=0.01),
        0.99: pytest.approx(1000, rel=0.01),
    }


def test_sentences_far_beyond_the_data_are_not_told():
    # 80 - 200 / sqrt(n) = 0.98 * 80 at n = 15625, and the data end at 800: more than four times that is out of reach.
    needed = dict(forecast(curve_by(Fit(80.0, 200.0, 0.5))).needed)
    # 0.95 * 80 at n = 2500.
    assert needed[0.95].value == pytest.approx(2500, rel=0.01)
    assert needed[0.98] == Interval(math.inf, math.inf, math.inf)


def test_three_sizes_do_not_determine_a_law():
    curve = curve_by(Fit(80.0, 200.0, 0.5), sizes=SIZES[:3], seeds=5)
    assert (fit_curve(curve), forecast(curve), predict(curve, [1600])) == (None, None, ())
    assert forecast(Curve(())) is None


def test_a_curve_without_a_bend_has_no_plateau():
    found = forecast(one_seed({size: 12 * math.log2(size / 25) for size in (50, 100, 200, 400, 800)}))
    assert (found.problem, found.needed) == (STILL_RISING, ())


def test_a_plateau_that_the_noise_hides_is_not_told():
    found = forecast(one_seed({50: 30.0, 100: 48.0, 150: 46.0, 200: 57.0}))
    assert found.plateau.high - found.plateau.low > 20
    assert (found.problem, found.needed) == (STILL_RISING, ())


@pytest.mark.parametrize("f1s", [(50, 50, 50, 50), (60, 55, 52, 50), (0, 0, 0, 0)])
def test_a_curve_that_does_not_rise_is_flat(f1s):
    found = forecast(one_seed(dict(zip((50, 100, 200, 400), map(float, f1s), strict=True))))
    assert (found.problem, found.needed) == (FLAT, ())
    # The mean, by sample size: 1 * 60 + 2 * 55 + 4 * 52 + 8 * 50 = 778 over 15.
    expected = {50: 50.0, 60: 778 / 15, 0: 0.0}[f1s[0]]
    assert found.twice.f1.value == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=4, max_size=8))
def test_nothing_leaves_its_bounds(f1s):
    found = forecast(one_seed({50 * (position + 1): f1 for position, f1 in enumerate(f1s)}))
    assert 0 <= found.fit.plateau <= 100 + 1e-9
    assert found.fit.scale >= 0
    for interval in (found.plateau, found.twice.f1, *(needed for _, needed in found.needed)):
        assert 0 <= interval.low <= interval.value <= interval.high
    assert found.twice.f1.high <= 100 + 1e-9
    assert (found.problem is None) == bool(found.needed)


def test_more_sentences_never_predict_less():
    predictions = predict(curve_by(Fit(80.0, 200.0, 0.5), noise=2.0), range(50, 3000, 50))
    values = [prediction.f1.value for prediction in predictions]
    assert values == sorted(values)


def test_same_runs_same_forecast():
    curve = curve_by(Fit(80.0, 200.0, 0.5), noise=2.0)
    assert forecast(curve) == forecast(curve)
    assert forecast(curve, seed=1) != forecast(curve)


def test_intervals_cover_as_often_as_they_say():
    # 120 curves of which the law is known, with a further run at twice the sentences.
    law, size = Fit(80.0, 400.0, 0.7), 1600
    covered = []
    for seed in range(120):
        curve = curve_by(law, noise=3.0, seed=seed)
        further = law.at(size) + np.random.default_rng(1000 + seed).normal(0, 3.0 * math.sqrt(50 / size))
        covered.append(predict(curve, [size])[0].f1.covers(further))
    assert 0.7 <= statistics.fmean(covered) <= 0.9


def test_back_test_sees_nothing_beyond_its_fit():
    law = Fit(80.0, 200.0, 0.5)
    curve = curve_by(law, noise=1.0)
    other = Curve(tuple((size, spread if size <= 400 else curve.points[0][1]) for size, spread in curve.points))
    ours, theirs = back_test(curve, 400), back_test(other, 400)
    assert [test.prediction for test in ours] == [test.prediction for test in theirs]
    assert [test.prediction.size for test in ours] == [600, 800]
    assert {test.fitted_up_to for test in ours} == {400}


def test_back_test_by_hand():
    # The law says 70 at 400 and 80 - 200 / sqrt(1600) = 75 at 1600; measured there: 73 and 79, so 76 in the mean.
    law = Fit(80.0, 200.0, 0.5)
    f1s = {size: {0: law.at(size)} for size in (50, 100, 200, 400)}
    (test,) = back_test(curve_of({**f1s, 1600: {0: 75.0, 1: 79.0}}), 400)
    assert test.error == pytest.approx(75.0 - 77.0, abs=0.1)
    assert (test.last, test.naive_error) == (70.0, -7.0)
    assert test.covered == 0.5 or not test.prediction.f1.covers(75.0)


def test_back_test_needs_four_sizes_to_fit():
    curve = curve_by(Fit(80.0, 200.0, 0.5), sizes=(50, 100, 200, 800))
    assert half_of(curve) == 400
    assert back_test(curve, half_of(curve)) == ()
    assert half_of(Curve(())) == 0
    assert summarise([]) is None


def test_summary_keeps_the_sign_and_drops_it():
    law = Fit(80.0, 200.0, 0.5)
    f1s = {size: law.at(size) for size in (50, 100, 200, 400)}
    tests = back_test(one_seed({**f1s, 1600: 79.0}), 400) + back_test(one_seed({**f1s, 1600: 73.0}), 400)
    summary = summarise(tests)
    # Predicted 75: 4 too low and 2 too high. The last F1, 70: 9 and 3 too low.
    assert (summary.tests, summary.covered) == (2, 0.0)
    assert summary.error == pytest.approx(-1.0, abs=0.1)
    assert summary.absolute_error == pytest.approx(3.0, abs=0.1)
    assert (summary.naive_error, summary.naive_absolute_error) == (-6.0, 6.0)


@pytest.fixture(scope="module")
def paper():
    """The paper's curves fitted on their first 500 sentences, and the runs beyond."""
    return [test for curve in read_figure1(FIGURE1).values() for test in back_test(curve.trained, 500)]


@pytest.mark.parametrize(("size", "error"), [(1000, 2.5), (1950, 3.5)])
def test_the_papers_curves_from_their_first_500_sentences(paper, size, error):
    summary = summarise([test for test in paper if test.prediction.size == size])
    assert summary.tests == 34
    assert summary.absolute_error < error < summary.naive_absolute_error
    assert 0.7 <= summary.covered <= 0.9
