"""Fit an inverse power law to learning curves, and forecast by it what more sentences would bring."""
import math
import statistics
from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from scripts.evaluation.curves import Curve, Spread

LEVEL = 0.8
SHARES = (0.95, 0.98, 0.99)
# Three parameters; with fewer sizes nothing is left that tells how well they fit.
FEWEST_SIZES = 4
# The paper's curves bear extrapolating that far (to 1950 sentences from 500); nothing was tried beyond.
REACH = 4
# Points of F1; a plateau that is known less well is not known.
WIDEST_PLATEAU = 20.0
CEILING = 100.0
# Points of F1; between two exponents of the grid, the best law within bounds stays a little below the ceiling.
NEAR_CEILING = 1.0
STEP = 1.04
EXPONENTS = 0.05 * STEP ** np.arange(105)
RESAMPLES = 1000
STILL_RISING = "still rising: where it levels off cannot be told"
FLAT = "flat: no rise that could be continued"


@dataclass(frozen=True)
class Fit:
    """An inverse power law, F1(n) = plateau - scale * n ** -exponent.

    plateau (float): F1 with endlessly many sentences, in percent: 0 to 100.
    scale (float): Points of F1 below it at one sentence; not negative.
    exponent (float): How fast the distance shrinks: 0.05 to 2.95.
    """

    plateau: float
    scale: float
    exponent: float

    def at(self, size: float) -> float:
        """RETURNS (float): The fitted F1 in percent at a sample size in sentences, 0 at least."""
        return max(self.plateau - self.scale * size**-self.exponent, 0.0)


@dataclass(frozen=True)
class Interval:
    """A value and the interval (80 %, see `LEVEL`) that it lies in.

    value (float): In percent, or in sentences; infinite for more sentences than can be told.
    low (float): Lower end.
    high (float): Upper end.
    """

    value: float
    low: float
    high: float

    def covers(self, value: float) -> bool:
        """RETURNS (bool): Whether a value lies within."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Prediction:
    """What one run with so many sentences would score.

    size (int): Sentences.
    f1 (Interval): F1 in percent.
    """

    size: int
    f1: Interval


@dataclass(frozen=True)
class Forecast:
    """What a learning curve tells of more sentences.

    fit (Fit): The law through its runs.
    twice (Prediction): At twice its largest size.
    plateau (Interval): F1 with endlessly many sentences, in percent.
    needed (tuple): (share of the plateau, sentences) pairs, by `SHARES`; empty if the plateau is not determined.
    problem (Optional[str]): Why the plateau is not determined; None if it is.
    """

    fit: Fit
    twice: Prediction
    plateau: Interval
    needed: tuple[tuple[float, Interval], ...]
    problem: Optional[str]


@dataclass(frozen=True)
class BackTest:
    """A prediction for a size whose runs were held out, and what they scored.

    fitted_up_to (int): Largest size of the fit, in sentences.
    prediction (Prediction): At the size held out.
    measured (Spread): F1 there over seeds, in percent.
    last (float): Mean F1 at the largest size of the fit: the naive prediction.
    """

    fitted_up_to: int
    prediction: Prediction
    measured: Spread
    last: float

    @property
    def error(self) -> float:
        """RETURNS (float): Predicted minus mean measured F1, in points."""
        return self.prediction.f1.value - self.measured.mean

    @property
    def naive_error(self) -> float:
        """RETURNS (float): The same of the naive prediction."""
        return self.last - self.measured.mean

    @property
    def covered(self) -> float:
        """RETURNS (float): Share of the runs held out that lie within the interval, 0 to 1."""
        return statistics.fmean(self.prediction.f1.covers(value) for _, value in self.measured.values)


@dataclass(frozen=True)
class BackTestSummary:
    """Means over back-tests.

    tests (int): Their number.
    error (float): Mean signed error, in points of F1; below 0 is too low.
    absolute_error (float): Mean absolute error, in points of F1.
    covered (float): Mean share of the runs within the interval, 0 to 1.
    naive_error (float): Mean signed error of the naive prediction.
    naive_absolute_error (float): Mean absolute error of the naive prediction.
    """

    tests: int
    error: float
    absolute_error: float
    covered: float
    naive_error: float
    naive_absolute_error: float


@dataclass(frozen=True)
class _Laws:
    """Laws through resampled runs, one per element of its arrays, and how far a further run strays from each.

    stray (np.ndarray): Points of F1 times the square root of the run's sentences.
    """

    plateau: np.ndarray
    scale: np.ndarray
    exponent: np.ndarray
    stray: np.ndarray


def fit_curve(curve: Curve) -> Optional[Fit]:
    """Fit an inverse power law (Cortes et al. 1994; Figueroa et al. 2012) to every run of a learning curve.

    Least squares, weighted by sample size: so do Figueroa et al., by rank, since larger samples vary less and matter
    more for what comes after. Bounded by the ranges of `Fit`.

    curve (Curve): F1 by sample size.
    RETURNS (Optional[Fit]): The best law; None with fewer than four sizes.
    """
    if len(curve.points) < FEWEST_SIZES:
        return None
    sizes, f1s = _runs(curve)
    (coarse,) = _fit(sizes, f1s[None], EXPONENTS)[2]
    bounds = (max(coarse / STEP, EXPONENTS[0]), min(coarse * STEP, EXPONENTS[-1]))
    fine = minimize_scalar(lambda exponent: _project(exponent, sizes, f1s[None])[0, 0], bounds=bounds).x
    return Fit(*(float(parameter[0]) for parameter in _fit(sizes, f1s[None], (coarse, fine))))


def predict(curve: Curve, sizes: Sequence[int], seed: int = 0) -> tuple[Prediction, ...]:
    """Predict the F1 of one run at sizes within or beyond a learning curve.

    curve (Curve): F1 by sample size.
    sizes (Sequence[int]): Sentences.
    seed (int): Seed of the resampling.
    RETURNS (tuple[Prediction, ...]): One per size; empty with fewer than four sizes in the curve.
    """
    fit = fit_curve(curve)
    if fit is None:
        return ()
    laws = _resample(curve, fit, seed)
    return tuple(_predict(fit, laws, size) for size in sizes)


def forecast(curve: Curve, seed: int = 0) -> Optional[Forecast]:
    """Tell what twice as many sentences would bring, where the curve levels off, and how many it takes to come near.

    curve (Curve): F1 by sample size.
    seed (int): Seed of the resampling.
    RETURNS (Optional[Forecast]): The forecast; None with fewer than four sizes.
    """
    fit = fit_curve(curve)
    if fit is None:
        return None
    laws = _resample(curve, fit, seed)
    plateau = _interval(fit.plateau, laws.plateau)
    problem = _problem(fit, plateau)
    reach = REACH * curve.sizes[-1]
    needed = () if problem else tuple((share, _needed(fit, laws, share, reach)) for share in SHARES)
    return Forecast(fit, _predict(fit, laws, 2 * curve.sizes[-1]), plateau, needed, problem)


def half_of(curve: Curve) -> int:
    """RETURNS (int): Half of a curve's largest size: what a back-test is fitted up to; 0 for a curve without points."""
    return curve.sizes[-1] // 2 if curve.points else 0


def back_test(curve: Curve, fitted_up_to: int, seed: int = 0) -> tuple[BackTest, ...]:
    """Fit a curve's smaller sizes, predict its larger ones, and hold both against the runs there.

    curve (Curve): F1 by sample size.
    fitted_up_to (int): The fit sees sizes up to here, in sentences.
    seed (int): Seed of the resampling.
    RETURNS (tuple[BackTest, ...]): One per larger size; empty if fewer than four sizes are left for the fit.
    """
    seen = Curve(tuple(point for point in curve.points if point[0] <= fitted_up_to))
    held_out = {size: spread for size, spread in curve.points if size > fitted_up_to}
    return tuple(
        BackTest(seen.sizes[-1], prediction, held_out[prediction.size], seen.points[-1][1].mean)
        for prediction in predict(seen, tuple(held_out), seed)
    )


def summarise(tests: Sequence[BackTest]) -> Optional[BackTestSummary]:
    """RETURNS (Optional[BackTestSummary]): Means over back-tests; None without any."""
    if not tests:
        return None
    return BackTestSummary(
        tests=len(tests),
        error=statistics.fmean(test.error for test in tests),
        absolute_error=statistics.fmean(abs(test.error) for test in tests),
        covered=statistics.fmean(test.covered for test in tests),
        naive_error=statistics.fmean(test.naive_error for test in tests),
        naive_absolute_error=statistics.fmean(abs(test.naive_error) for test in tests),
    )


def _runs(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    runs = [(size, f1) for size, spread in curve.points for _, f1 in spread.values]
    sizes, f1s = np.array(runs, dtype=float).T
    return sizes, f1s


def _fit(sizes: np.ndarray, f1s: np.ndarray, exponents: Iterable[float]) -> np.ndarray:
    """Fit the law to many series at once, by variable projection (Golub and Pereyra 1973).

    With the exponent given, plateau and scale follow in closed form. A grid of exponents therefore finds the best law
    without start values, and a thousand of them in the time that `scipy.optimize.curve_fit` takes for ten.

    sizes (np.ndarray): Sentences of each run, shape (runs,).
    f1s (np.ndarray): F1 in percent, shape (series, runs).
    exponents (Iterable[float]): The grid.
    RETURNS (np.ndarray): Plateau, scale and exponent, shape (3, series).
    """
    best = np.full((4, len(f1s)), np.inf)
    for exponent in exponents:
        law = _project(exponent, sizes, f1s)
        best = np.where(law[0] < best[0], law, best)
    return best[1:]


def _project(exponent: float, sizes: np.ndarray, f1s: np.ndarray) -> np.ndarray:
    weights, falls = sizes / sizes.sum(), sizes**-exponent
    centred = falls - weights @ falls
    scale = np.maximum(-(f1s @ (weights * centred)) / (weights @ centred**2), 0)
    plateau = f1s @ weights + scale * (weights @ falls)
    # The misfit is convex: where the free optimum is out of bounds, the best one lies on that bound.
    at_ceiling = np.maximum((CEILING - f1s) @ (weights * falls) / (weights @ falls**2), 0)
    plateau, scale = np.minimum(plateau, CEILING), np.where(plateau > CEILING, at_ceiling, scale)
    misfit = (f1s - plateau[:, None] + np.outer(scale, falls)) ** 2 @ weights
    return np.stack([misfit, plateau, scale, np.full(len(f1s), exponent)])


def _resample(curve: Curve, fit: Fit, seed: int) -> _Laws:
    """Fit the law anew to runs that are drawn around it (parametric bootstrap).

    A run's noise is normal, with a variance in inverse proportion to its sentences, taken from the residuals of all
    runs. How large it is, is known from few runs: each resample draws that too, which widens the interval as Student's
    t does. Chosen on the first 500 sentences of the paper's curves, where intervals from residuals drawn with
    replacement covered too little.
    """
    sizes, f1s = _runs(curve)
    fitted = np.array([fit.at(size) for size in sizes])
    freedom = len(sizes) - 3
    random = np.random.default_rng(seed)
    noise = np.sqrt(((f1s - fitted) ** 2 @ sizes) / random.chisquare(freedom, RESAMPLES))
    drawn = fitted + noise[:, None] * random.standard_normal((RESAMPLES, len(sizes))) / np.sqrt(sizes)
    stray = noise * random.standard_normal(RESAMPLES)
    return _Laws(*_fit(sizes, drawn.clip(0, CEILING), EXPONENTS), stray)


def _predict(fit: Fit, laws: _Laws, size: int) -> Prediction:
    f1s = laws.plateau - laws.scale * size**-laws.exponent + laws.stray / math.sqrt(size)
    return Prediction(size, _interval(fit.at(size), f1s.clip(0, CEILING)))


def _problem(fit: Fit, plateau: Interval) -> Optional[str]:
    if fit.scale <= 0 or fit.exponent >= EXPONENTS[-1]:
        return FLAT
    at_bound = plateau.high >= CEILING - NEAR_CEILING or fit.exponent <= EXPONENTS[0]
    return STILL_RISING if at_bound or plateau.high - plateau.low > WIDEST_PLATEAU else None


def _needed(fit: Fit, laws: _Laws, share: float, reach: int) -> Interval:
    value = float(_sentences(*(np.array([part]) for part in (fit.plateau, fit.scale, fit.exponent)), share)[0])
    interval = _interval(value, _sentences(laws.plateau, laws.scale, laws.exponent, share))
    return Interval(*(math.inf if end > reach else end for end in (interval.value, interval.low, interval.high)))


def _sentences(plateau: np.ndarray, scale: np.ndarray, exponent: np.ndarray, share: float) -> np.ndarray:
    # One sentence at least; a resampled plateau of 0 and an exponent near 0 are endlessly many.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        sentences = (scale / ((1 - share) * plateau)) ** (1 / exponent)
    return np.maximum(np.nan_to_num(sentences, nan=np.inf, posinf=np.inf), 1.0)


def _interval(value: float, resampled: np.ndarray) -> Interval:
    # Without interpolating: between a number and infinity there is nothing.
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    # A fit at a bound may lie outside its own resamples.
    return Interval(value, min(float(low), value), max(float(high), value))
