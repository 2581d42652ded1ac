"""Measure whether confidences are the share of mentions that are right, and fit what makes them so."""
from dataclasses import dataclass
from typing import Sequence

import numpy
from scipy.optimize import minimize
from scipy.special import expit

# Naeini et al. 2015; Guo et al. 2017.
BINS = 15


@dataclass(frozen=True)
class JudgedMention:
    """A mention that was found.

    label (str): Its entity type.
    confidence (float): From 0 to 1.
    is_right (bool): Whether just this mention is annotated.
    """

    label: str
    confidence: float
    is_right: bool


@dataclass(frozen=True)
class ReliabilityBin:
    """The mentions found with about the same confidence.

    low (float): The least confidence of the bin.
    high (float): Its end, where the next one begins.
    mentions (int): How many mentions were found.
    confidence (float): Their mean confidence.
    right (float): The share of them that is right.
    """

    low: float
    high: float
    mentions: int
    confidence: float
    right: float


@dataclass(frozen=True)
class BetaCalibration:
    """A correction of probabilities by three numbers (beta calibration, Kull et al. 2017).

    On the scale of logits it is a curve, steep in one way for low confidences and in another for high ones. Platt
    scaling is the straight line among these curves.

    low (float): Its slope towards 0. Below 1 where the model is too sure.
    high (float): Its slope towards 1. Below 1 where the model is too sure.
    intercept (float): Below 0 where the model is right less often than it says.
    mentions (int): How many mentions it was fitted on.
    """

    low: float
    high: float
    intercept: float
    mentions: int


def reliability_bins(found: Sequence[JudgedMention], n_bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Put mentions into bins of equal width by their confidence.

    found (Sequence[JudgedMention]): All mentions that were found in a test part.
    n_bins (int): How many bins there are between 0 and 1.
    RETURNS (tuple[ReliabilityBin, ...]): From low to high; those without a mention are left out.
    """
    confidences = numpy.array([mention.confidence for mention in found])
    right = numpy.array([mention.is_right for mention in found], dtype=float)
    # A confidence of 1 belongs to the last bin.
    places = numpy.minimum((confidences * n_bins).astype(int), n_bins - 1)
    return tuple(
        ReliabilityBin(
            place / n_bins,
            (place + 1) / n_bins,
            int((places == place).sum()),
            float(confidences[places == place].mean()),
            float(right[places == place].mean()),
        )
        for place in numpy.unique(places).tolist()
    )


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """The expected calibration error: by how much confidence and share of right mentions differ, on average.

    bins (Sequence[ReliabilityBin]): The mentions found.
    RETURNS (float): From 0 to 1; 0 if none was found.
    """
    total = sum(one.mentions for one in bins)
    return sum(one.mentions * abs(one.confidence - one.right) for one in bins) / total if total else 0.0


def overconfidence(bins: Sequence[ReliabilityBin]) -> float:
    """RETURNS (float): Mean confidence minus the share of right mentions: above 0 where a model is too sure."""
    total = sum(one.mentions for one in bins)
    return sum(one.mentions * (one.confidence - one.right) for one in bins) / total if total else 0.0


def fit_beta(log_right: Sequence[float], log_wrong: Sequence[float], is_right: Sequence[bool]) -> BetaCalibration:
    """Fit the correction by maximum likelihood, with Platt's prior: as if one more had been right, and one wrong.

    So a few mentions, or mentions that are all right, do not make it sure of anything. A higher confidence never
    becomes a lower one: neither slope is below 0.

    log_right (Sequence[float]): log(p) of the model's own confidences p; at least one.
    log_wrong (Sequence[float]): log(1 - p) of the same.
    is_right (Sequence[bool]): Whether each mention is right.
    RETURNS (BetaCalibration): The correction.
    """
    right = numpy.asarray(is_right, dtype=bool)
    terms = numpy.stack([numpy.asarray(log_right), -numpy.asarray(log_wrong), numpy.ones(len(right))])
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    targets = numpy.where(right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))

    def loss(weights: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        scores = weights @ terms
        value = numpy.logaddexp(0, scores).sum() - (targets * scores).sum()
        return float(value), terms @ (expit(scores) - targets)

    bounds = [(0.0, None), (0.0, None), (None, None)]
    low, high, intercept = minimize(loss, numpy.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return BetaCalibration(float(low), float(high), float(intercept), len(right))
