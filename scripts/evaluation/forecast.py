"""Continue a learning curve by inverse power laws, and tell what more sentences would bring."""
import math
import statistics
from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

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
# Points of F1; a plateau that may lie that near to the ceiling may lie anywhere up to it.
NEAR_CEILING = 1.0
# What is held probable before any run is seen. Exponents are log-normal, 80 % of them from 0.29 to 1.04: the median is
# that of the paper's 34 whole curves, of which 80 % are from 0.23 to 0.78. Runs of the largest size stray by about a
# point, which weighs as much as two runs do; at 500 sentences, those of the paper stray by 0.5 to 8 points.
EXPONENT = 0.55
EXPONENT_SPREAD = 0.5
NOISE = 1.0
NOISE_RUNS = 2
# Borders of the cells that exponents are drawn from.
EXPONENTS = np.geomspace(0.05, 3.0, 201)
DRAWS = 2000
# Stands for probabilities too small to be told from 0.
SMALLEST = 1e-300
# Points of F1 that arithmetic may be off by.
ROUNDING = 1e-9
STILL_RISING = "still rising: where it levels off cannot be told"
FLAT = "flat: no rise that could be continued"


@dataclass(frozen=True)
class Fit:
    """An inverse power law, F1(n) = plateau - scale * n ** -exponent.

    plateau (float): F1 with endlessly many sentences, in percent: 0 to 100.
    scale (float): Points of F1 below it at one sentence; not negative.
    exponent (float): How fast the distance shrinks: 0.05 to 3.
    """

    plateau: float
    scale: float
    exponent: float

    def at(self, size: float) -> float:
        """RETURNS (float): The fitted F1 in percent at a sample size in sentences, 0 at least."""
        return max(self.plateau - self.scale * size**-self.exponent, 0.0)


@dataclass(frozen=True)
class Interval:
    """A value and the interval that holds it with a probability of 80 % (see `LEVEL`).

    value (float): Median, in percent or in sentences; infinite for more sentences than can be told.
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

    fit (Fit): The most probable law.
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
    """Laws drawn by their probability given the runs of a curve, one per element of its arrays.

    plateau (np.ndarray): F1 in percent.
    scale (np.ndarray): Points of F1.
    exponent (np.ndarray): Exponents.
    stray (np.ndarray): Points of F1 by which a further run of the largest size strays from each.
    largest (int): That size, in sentences.
    best (Fit): The most probable one.
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
        """RETURNS (np.ndarray): F1 in percent of a further run at a sample size in sentences."""
        # Beyond the data the noise is not let fall further: there, the law itself is off by something too.
        noise = self.stray * math.sqrt(self.largest / min(size, self.largest))
        return (self.plateau - self.scale * size**-self.exponent + noise).clip(0, CEILING)


@dataclass(frozen=True)
class _Student:
    """Student's t distributions, one per element of its arrays.

    freedom (int): Degrees of freedom.
    centre (np.ndarray): Centres.
    spread (np.ndarray): Scales.
    """

    freedom: int
    centre: np.ndarray
    spread: np.ndarray

    def mass(self, low: float, high: float) -> np.ndarray:
        """RETURNS (np.ndarray): The probability between two values."""
        _, below, above = self._between(low, high)
        return np.maximum(above - below, SMALLEST)

    def draw(self, low: float, high: float, random: np.random.Generator) -> np.ndarray:
        """RETURNS (np.ndarray): A value between two of each distribution."""
        side, below, above = self._between(low, high)
        quantiles = below + random.random(len(self.centre)) * (above - below)
        drawn = self.centre + side * self.spread * stdtrit(self.freedom, np.maximum(quantiles, SMALLEST))
        return drawn.clip(low, high)

    def _between(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # A tail above is mirrored: near 1, probabilities lose the digits that they keep near 0.
        side = np.where(self.centre < low, -1.0, 1.0)
        ends = np.sort([side * (low - self.centre) / self.spread, side * (high - self.centre) / self.spread], axis=0)
        return side, stdtr(self.freedom, ends[0]), stdtr(self.freedom, ends[1])


@dataclass(frozen=True)
class _Regression:
    """Regression of F1 on a power of the size, which is linear once the exponent is given.

    Runs count by their sentences, since the variance of their noise is in inverse proportion to these. A law is told
    by its plateau and its drop: the points of F1 from there down to the smallest size.

    sizes (np.ndarray): Sentences of each run, ascending.
    f1s (np.ndarray): F1 of each in percent.
    """

    sizes: np.ndarray
    f1s: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """RETURNS (np.ndarray): The weight of each run; 1 for those of the largest size."""
        return self.sizes / self.sizes[-1]

    def falls(self, exponents: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): What is left of the drop at each run, 1 to 0, shape (exponents, runs)."""
        return (self.sizes / self.sizes[0]) ** -exponents[:, None]

    def rises(self) -> bool:
        """RETURNS (bool): Whether a straight line over the logarithm of the size rises."""
        slope, _ = np.polyfit(np.log(self.sizes), self.f1s, 1, w=np.sqrt(self.sizes))
        return slope > ROUNDING

    def misfit(self, exponents: np.ndarray, plateaus: np.ndarray, drops: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): Weighted squares of the residuals of each law and, before any run, of the noise."""
        residuals = self.f1s - plateaus[:, None] + drops[:, None] * self.falls(exponents)
        return NOISE_RUNS * NOISE**2 + residuals**2 @ self.weights

    def plateaus(self, exponents: np.ndarray) -> tuple[_Student, np.ndarray]:
        """RETURNS (tuple): Distribution of the plateau given each exponent, and how probable that exponent is (log)."""
        falls, shares = self.falls(exponents), self.weights / self.weights.sum()
        mean_fall = falls @ shares
        centred = falls - mean_fall[:, None]
        variance = centred**2 @ shares
        drops = -(centred @ (shares * self.f1s)) / variance
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
        """RETURNS (_Student): Distribution of the plateau of a law without a drop, once for each exponent."""
        means = np.full(len(exponents), np.average(self.f1s, weights=self.weights))
        freedom = NOISE_RUNS + len(self.f1s) - 1
        misfit = self.misfit(exponents, means, np.zeros(len(exponents)))
        return _Student(freedom, means, np.sqrt(misfit / freedom / self.weights.sum()))


def predict(curve: Curve, sizes: Sequence[int], seed: int = 0) -> tuple[Prediction, ...]:
    """Predict the F1 of one run at sizes within or beyond a learning curve.

    curve (Curve): F1 by sample size.
    sizes (Sequence[int]): Sentences.
    seed (int): Seed of the draws.
    RETURNS (tuple[Prediction, ...]): One per size; empty with fewer than four sizes in the curve.
    """
    if len(curve.points) < FEWEST_SIZES:
        return ()
    laws = _draw_laws(curve, seed)
    return tuple(_predict(laws, size) for size in sizes)


def forecast(curve: Curve, seed: int = 0) -> Optional[Forecast]:
    """Tell what twice as many sentences would bring, where the curve levels off, and how many it takes to come near.

    curve (Curve): F1 by sample size.
    seed (int): Seed of the draws.
    RETURNS (Optional[Forecast]): The forecast; None with fewer than four sizes.
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
    """RETURNS (int): Half of a curve's largest size: what a back-test is fitted up to; 0 for a curve without points."""
    return curve.sizes[-1] // 2 if curve.points else 0


def back_test(curve: Curve, fitted_up_to: int, seed: int = 0) -> tuple[BackTest, ...]:
    """Fit a curve's smaller sizes, predict its larger ones, and hold both against the runs there.

    curve (Curve): F1 by sample size.
    fitted_up_to (int): The fit sees sizes up to here, in sentences.
    seed (int): Seed of the draws.
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


def _draw_laws(curve: Curve, seed: int) -> _Laws:
    """Draw inverse power laws (Cortes et al. 1994; Figueroa et al. 2012) by their probability given a curve's runs.

    By Bayes' rule, so that a curve with few runs keeps the doubt that a best fit drops: of the best fits to four runs,
    those that look certain are those that noise made look so. Before any run is seen, all plateaus and drops are alike
    probable; of exponents and noise see `EXPONENT` and `NOISE`. Noise is normal, with a variance in inverse proportion
    to the sentences. A curve that does not rise is level.

    curve (Curve): F1 by sample size, at four sizes at least.
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
    # Exponents from a grid; the rest in closed form (conjugate regression), within bounds. What is drawn first knows
    # nothing of the bound on what is drawn last, so that draws count by the probability within that bound.
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
    # Positions by weight, evenly spread (systematic resampling), which leaves less to chance than independent ones.
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
    # Nothing lies above what is beyond reach: all that the interval leaves out lies below.
    return Interval(interval.value, _quantile(sentences, 1 - LEVEL), math.inf)


def _sentences(laws: _Laws, share: float) -> np.ndarray:
    # One sentence at least; a plateau of 0 and an exponent near 0 are endlessly many.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        sentences = (laws.scale / ((1 - share) * laws.plateau)) ** (1 / laws.exponent)
    return np.maximum(np.nan_to_num(sentences, nan=np.inf, posinf=np.inf), 1.0)


def _interval(values: np.ndarray, spread: np.ndarray) -> Interval:
    return Interval(_quantile(values, 0.5), _quantile(spread, (1 - LEVEL) / 2), _quantile(spread, (1 + LEVEL) / 2))


def _quantile(values: np.ndarray, share: float) -> float:
    # Without interpolating: between a number and infinity there is nothing.
    return float(np.quantile(values, share, method="inverted_cdf"))
