"""Extrapolate a learning curve with inverse power laws, and forecast the gain from more sentences."""
import math
import statistics
from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from scripts.evaluation.curves import Curve, Spread

LEVEL = 0.8
SHARES = (0.95, 0.98, 0.99)
# A law has three parameters. With fewer sizes, its fit can't be judged.
FEWEST_SIZES = 4
# Extrapolating the paper's curves works up to this factor (to 1950 sentences from 500). Nothing beyond was tested.
REACH = 4
# Points of F1. A plateau with a wider interval counts as unknown.
WIDEST_PLATEAU = 20.0
CEILING = 100.0
# Points of F1. A plateau that may be this close to the ceiling may be anywhere up to it.
NEAR_CEILING = 1.0
# The priors. Exponents are log-normal, with 80 % of them between 0.29 and 1.04. The median is that of the paper's 34
# whole curves, 80 % of which are between 0.23 and 0.78. The noise of runs of the largest size is about a point of F1,
# with the weight of two runs. In the paper, the noise at 500 sentences is 0.5 to 8 points.
EXPONENT = 0.55
EXPONENT_SPREAD = 0.5
NOISE = 1.0
NOISE_RUNS = 2
# Boundaries of the cells that exponents are drawn from.
EXPONENTS = np.geomspace(0.05, 3.0, 201)
DRAWS = 2000
# Replaces probabilities too small to distinguish from 0.
SMALLEST = 1e-300
# Rounding errors, in points of F1.
ROUNDING = 1e-9
STILL_RISING = "still rising: where it levels off can't be predicted"
FLAT = "flat: there is no rise to extrapolate"


@dataclass(frozen=True)
class Fit:
    """An inverse power law, F1(n) = plateau - scale * n ** -exponent.

    plateau (float): F1 in the limit of infinitely many sentences, in percent (0 to 100).
    scale (float): Distance from the plateau at one sentence, in points of F1 (not negative).
    exponent (float): How fast the distance shrinks (0.05 to 3).
    """

    plateau: float
    scale: float
    exponent: float

    def at(self, size: float) -> float:
        """RETURNS (float): The fitted F1 in percent at a sample size in sentences, at least 0."""
        return max(self.plateau - self.scale * size**-self.exponent, 0.0)


@dataclass(frozen=True)
class Interval:
    """A value with its 80 % interval (see `LEVEL`).

    value (float): Median, in percent or in sentences. Infinite if it is beyond the reach of the forecast.
    low (float): Lower end.
    high (float): Upper end.
    """

    value: float
    low: float
    high: float

    def covers(self, value: float) -> bool:
        """RETURNS (bool): Whether a value is within the interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Prediction:
    """The predicted score of one run at a sample size.

    size (int): Sample size in sentences.
    f1 (Interval): F1 in percent.
    """

    size: int
    f1: Interval


@dataclass(frozen=True)
class Forecast:
    """The forecast of a learning curve for more sentences.

    fit (Fit): The most probable law.
    twice (Prediction): The prediction at twice the largest size.
    plateau (Interval): F1 in the limit of infinitely many sentences, in percent.
    needed (tuple): (share of the plateau, sentences) pairs for `SHARES`. Empty if the plateau is unknown.
    problem (Optional[str]): The reason why the plateau is unknown, or None.
    """

    fit: Fit
    twice: Prediction
    plateau: Interval
    needed: tuple[tuple[float, Interval], ...]
    problem: Optional[str]


@dataclass(frozen=True)
class BackTest:
    """A prediction for a held-out size, and the measured scores.

    fitted_up_to (int): Largest size of the fit, in sentences.
    prediction (Prediction): The prediction for the held-out size.
    measured (Spread): F1 at that size over seeds, in percent.
    last (float): Mean F1 at the largest size of the fit, which is the naive prediction.
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
        """RETURNS (float): Naive prediction minus mean measured F1, in points."""
        return self.last - self.measured.mean

    @property
    def covered(self) -> float:
        """RETURNS (float): Share of the held-out runs within the interval, 0 to 1."""
        return statistics.fmean(self.prediction.f1.covers(value) for _, value in self.measured.values)


@dataclass(frozen=True)
class BackTestSummary:
    """Means over back-tests.

    tests (int): Number of back-tests.
    error (float): Mean signed error, in points of F1. Below 0 if predictions are too low.
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
    """Laws sampled by their probability given the runs of a curve, one per element of the arrays.

    plateau (np.ndarray): F1 in percent.
    scale (np.ndarray): Points of F1.
    exponent (np.ndarray): Exponents.
    stray (np.ndarray): Deviation of another run of the largest size from each law, in points of F1.
    largest (int): The largest size, in sentences.
    best (Fit): The most probable law.
    """

    plateau: np.ndarray
    scale: np.ndarray
    exponent: np.ndarray
    stray: np.ndarray
    largest: int
    best: Fit

    def at(self, size: int) -> np.ndarray:
        """RETURNS (np.ndarray): F1 in percent at a sample size in sentences."""
        return (self.plateau - self.scale * size**-self.exponent).clip(0, CEILING)

    def run_at(self, size: int) -> np.ndarray:
        """RETURNS (np.ndarray): F1 in percent of another run at a sample size in sentences."""
        # Beyond the data, the noise doesn't decrease further, because the law itself is uncertain there.
        noise = self.stray * math.sqrt(self.largest / min(size, self.largest))
        return (self.plateau - self.scale * size**-self.exponent + noise).clip(0, CEILING)


@dataclass(frozen=True)
class _Student:
    """Student's t distributions, one per element of its arrays.

    freedom (int): Degrees of freedom.
    center (np.ndarray): Centers.
    spread (np.ndarray): Scales.
    """

    freedom: int
    center: np.ndarray
    spread: np.ndarray

    def mass(self, low: float, high: float) -> np.ndarray:
        """RETURNS (np.ndarray): The probability between two values."""
        _, below, above = self._between(low, high)
        return np.maximum(above - below, SMALLEST)

    def draw(self, low: float, high: float, random: np.random.Generator) -> np.ndarray:
        """RETURNS (np.ndarray): A random value of each distribution, between two values."""
        side, below, above = self._between(low, high)
        quantiles = below + random.random(len(self.center)) * (above - below)
        drawn = self.center + side * self.spread * stdtrit(self.freedom, np.maximum(quantiles, SMALLEST))
        return drawn.clip(low, high)

    def _between(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # Upper tails are mirrored, since probabilities lose precision near 1, but not near 0.
        side = np.where(self.center < low, -1.0, 1.0)
        ends = np.sort([side * (low - self.center) / self.spread, side * (high - self.center) / self.spread], axis=0)
        return side, stdtr(self.freedom, ends[0]), stdtr(self.freedom, ends[1])


@dataclass(frozen=True)
class _Regression:
    """Regression of F1 on a power of the size, which is linear for a given exponent.

    Runs are weighted by their number of sentences, because the variance of the noise is inversely proportional to it. A
    law is described by its plateau and its drop, the distance from the plateau at the smallest size in points of F1.

    sizes (np.ndarray): Sentences of each run, ascending.
    f1s (np.ndarray): F1 of each run in percent.
    """

    sizes: np.ndarray
    f1s: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """RETURNS (np.ndarray): The weight of each run, which is 1 for the largest size."""
        return self.sizes / self.sizes[-1]

    def falls(self, exponents: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): (exponents, runs): the remaining share of the drop at each run, 1 to 0."""
        return (self.sizes / self.sizes[0]) ** -exponents[:, None]

    def rises(self) -> bool:
        """RETURNS (bool): Whether a straight line fitted over the logarithm of the size rises."""
        slope, _ = np.polyfit(np.log(self.sizes), self.f1s, 1, w=np.sqrt(self.sizes))
        return slope > ROUNDING

    def misfit(self, exponents: np.ndarray, plateaus: np.ndarray, drops: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): Weighted sum of squared residuals of each law, plus the prior of the noise."""
        residuals = self.f1s - plateaus[:, None] + drops[:, None] * self.falls(exponents)
        return NOISE_RUNS * NOISE**2 + residuals**2 @ self.weights

    def plateaus(self, exponents: np.ndarray) -> tuple[_Student, np.ndarray]:
        """RETURNS (tuple): Distribution of the plateau given each exponent, and the exponent's log-probability."""
        falls, shares = self.falls(exponents), self.weights / self.weights.sum()
        mean_fall = falls @ shares
        centered = falls - mean_fall[:, None]
        variance = centered**2 @ shares
        drops = -(centered @ (shares * self.f1s)) / variance
        plateaus = self.f1s @ shares + drops * mean_fall
        misfit = self.misfit(exponents, plateaus, drops)
        freedom = NOISE_RUNS + len(self.f1s) - 2
        spread = np.sqrt(misfit / freedom * (1 + mean_fall**2 / variance) / self.weights.sum())
        given = _Student(freedom, plateaus, spread)
        fit = -freedom / 2 * np.log(misfit) - np.log(variance) / 2 + np.log(given.mass(0, CEILING))
        return given, fit + _log_prior(exponents)

    def drops(self, exponents: np.ndarray, plateaus: np.ndarray) -> _Student:
        """RETURNS (_Student): Distribution of the drop given each exponent and plateau."""
        falls = self.falls(exponents)
        squares = falls**2 @ self.weights
        drops = (falls * (plateaus[:, None] - self.f1s)) @ self.weights / squares
        freedom = NOISE_RUNS + len(self.f1s) - 1
        return _Student(freedom, drops, np.sqrt(self.misfit(exponents, plateaus, drops) / freedom / squares))

    def levels(self, exponents: np.ndarray) -> _Student:
        """RETURNS (_Student): Distribution of the plateau of a law without a drop, repeated for each exponent."""
        means = np.full(len(exponents), np.average(self.f1s, weights=self.weights))
        freedom = NOISE_RUNS + len(self.f1s) - 1
        misfit = self.misfit(exponents, means, np.zeros(len(exponents)))
        return _Student(freedom, means, np.sqrt(misfit / freedom / self.weights.sum()))


def predict(curve: Curve, sizes: Sequence[int], seed: int = 0) -> tuple[Prediction, ...]:
    """Predict the F1 of one run at sizes within or beyond a learning curve.

    curve (Curve): F1 by sample size.
    sizes (Sequence[int]): Sample sizes in sentences.
    seed (int): Seed of the draws.
    RETURNS (tuple[Prediction, ...]): A prediction per size. Empty if the curve has fewer than four sizes.
    """
    if len(curve.points) < FEWEST_SIZES:
        return ()
    laws = _draw_laws(curve, seed)
    return tuple(_predict(laws, size) for size in sizes)


def forecast(curve: Curve, seed: int = 0) -> Optional[Forecast]:
    """Predict F1 with twice as many sentences, the plateau of the curve, and the sentences needed to approach it.

    curve (Curve): F1 by sample size.
    seed (int): Seed of the draws.
    RETURNS (Optional[Forecast]): The forecast, or None if the curve has fewer than four sizes.
    """
    if len(curve.points) < FEWEST_SIZES:
        return None
    laws = _draw_laws(curve, seed)
    plateau = _interval(laws.plateau, laws.plateau)
    problem = _problem(laws, plateau)
    reach = REACH * curve.sizes[-1]
    needed = () if problem else tuple((share, _needed(laws, share, reach)) for share in SHARES)
    return Forecast(laws.best, _predict(laws, 2 * curve.sizes[-1]), plateau, needed, problem)


def half_of(curve: Curve) -> int:
    """RETURNS (int): Half of a curve's largest size, which back-tests are fitted up to. 0 if the curve is empty."""
    return curve.sizes[-1] // 2 if curve.points else 0


def back_test(curve: Curve, fitted_up_to: int, seed: int = 0) -> tuple[BackTest, ...]:
    """Fit a curve's smaller sizes, predict its larger ones, and compare the predictions with the runs.

    curve (Curve): F1 by sample size.
    fitted_up_to (int): Largest size to fit, in sentences.
    seed (int): Seed of the draws.
    RETURNS (tuple[BackTest, ...]): A back-test per larger size. Empty if there are fewer than four sizes to fit.
    """
    seen = Curve(tuple(point for point in curve.points if point[0] <= fitted_up_to))
    held_out = {size: spread for size, spread in curve.points if size > fitted_up_to}
    return tuple(
        BackTest(seen.sizes[-1], prediction, held_out[prediction.size], seen.points[-1][1].mean)
        for prediction in predict(seen, tuple(held_out), seed)
    )


def summarize(tests: Sequence[BackTest]) -> Optional[BackTestSummary]:
    """RETURNS (Optional[BackTestSummary]): Means over back-tests, or None if there are none."""
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


def _draw_laws(curve: Curve, seed: int) -> _Laws:
    """Sample inverse power laws (Cortes et al. 1994; Figueroa et al. 2012) by their probability given a curve's runs.

    This is Bayesian, so that curves with few runs keep the uncertainty that a best fit ignores: a best fit to four runs
    may look certain just because of noise. Plateaus and drops have flat priors. For the priors of exponents and noise,
    see `EXPONENT` and `NOISE`. Noise is normal, with a variance inversely proportional to the number of sentences. A
    curve that doesn't rise is modeled as level.

    curve (Curve): F1 by sample size, with at least four sizes.
    seed (int): Seed of the draws.
    RETURNS (_Laws): The laws.
    """
    runs, random = _Regression(*_runs(curve)), np.random.default_rng(seed)
    exponents, plateaus, drops = _draw_rising(runs, random) if runs.rises() else _draw_level(runs, random)
    misfit, freedom = runs.misfit(exponents, plateaus, drops), NOISE_RUNS + len(runs.f1s)
    stray = np.sqrt(misfit / random.chisquare(freedom, DRAWS)) * random.standard_normal(DRAWS)
    scales = drops * runs.sizes[0] ** exponents
    best = np.argmax(-freedom / 2 * np.log(misfit) + _log_prior(exponents))
    fit = Fit(float(plateaus[best]), float(scales[best]), float(exponents[best]))
    return _Laws(plateaus, scales, exponents, stray, curve.sizes[-1], fit)


def _draw_rising(runs: _Regression, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # Exponents come from a grid, the rest in closed form (conjugate regression) within bounds. The first draws ignore
    # the bound on the last one, so draws are weighted by the probability within that bound.
    exponents = _draw_exponents(runs, random)
    plateaus = runs.plateaus(exponents)[0].draw(0, CEILING, random)
    given = runs.drops(exponents, plateaus)
    drops = given.draw(0, math.inf, random)
    kept = _draw(given.mass(0, math.inf), random)
    return exponents[kept], plateaus[kept], drops[kept]


def _draw_level(runs: _Regression, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    exponents = np.full(DRAWS, EXPONENT)
    return exponents, runs.levels(exponents).draw(0, CEILING, random), np.zeros(DRAWS)


def _draw_exponents(runs: _Regression, random: np.random.Generator) -> np.ndarray:
    middles = np.sqrt(EXPONENTS[1:] * EXPONENTS[:-1])
    log_probable = runs.plateaus(middles)[1]
    cells = _draw(np.exp(log_probable - log_probable.max()), random)
    return EXPONENTS[cells] * (EXPONENTS[1] / EXPONENTS[0]) ** random.random(DRAWS)


def _draw(weights: np.ndarray, random: np.random.Generator) -> np.ndarray:
    # Systematic resampling has less variance than independent draws.
    steps = (np.arange(DRAWS) + random.random()) / DRAWS
    return np.searchsorted(np.cumsum(weights / weights.sum()), steps).clip(0, len(weights) - 1)


def _log_prior(exponents: np.ndarray) -> np.ndarray:
    return -((np.log(exponents / EXPONENT) / EXPONENT_SPREAD) ** 2) / 2


def _predict(laws: _Laws, size: int) -> Prediction:
    return Prediction(size, _interval(laws.at(size), laws.run_at(size)))


def _problem(laws: _Laws, plateau: Interval) -> Optional[str]:
    if laws.best.scale <= 0:
        return FLAT
    is_open = plateau.high >= CEILING - NEAR_CEILING or plateau.high - plateau.low > WIDEST_PLATEAU
    return STILL_RISING if is_open else None


def _needed(laws: _Laws, share: float, reach: int) -> Interval:
    sentences = _sentences(laws, share)
    sentences = np.where(sentences > reach, np.inf, sentences)
    interval = _interval(sentences, sentences)
    if math.isfinite(interval.high):
        return interval
    # The upper end is out of reach, so everything outside the interval is below it.
    return Interval(interval.value, _quantile(sentences, 1 - LEVEL), math.inf)


def _sentences(laws: _Laws, share: float) -> np.ndarray:
    # At least one sentence. A plateau of 0 or an exponent near 0 needs infinitely many.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        sentences = (laws.scale / ((1 - share) * laws.plateau)) ** (1 / laws.exponent)
    return np.maximum(np.nan_to_num(sentences, nan=np.inf, posinf=np.inf), 1.0)


def _interval(values: np.ndarray, spread: np.ndarray) -> Interval:
    return Interval(_quantile(values, 0.5), _quantile(spread, (1 - LEVEL) / 2), _quantile(spread, (1 + LEVEL) / 2))


def _quantile(values: np.ndarray, share: float) -> float:
    # Without interpolation, which is impossible between a number and infinity.
    return float(np.quantile(values, share, method="inverted_cdf"))
