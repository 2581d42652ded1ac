"""Measure how well confidences match the share of right mentions, and fit a calibration."""
from dataclasses import dataclass
from typing import Sequence

import numpy
from scipy.special import expit

# Naeini et al. 2015; Guo et al. 2017.
BINS = 15


@dataclass(frozen=True)
class JudgedMention:
    """A predicted mention.

    label (str): Its entity type.
    confidence (float): Its confidence, from 0 to 1.
    is_right (bool): Whether exactly this mention is annotated.
    """

    label: str
    confidence: float
    is_right: bool


@dataclass(frozen=True)
class ReliabilityBin:
    """Predicted mentions with similar confidences.

    low (float): The lowest confidence in the bin.
    high (float): The end of the bin, where the next one starts.
    mentions (int): Number of mentions.
    confidence (float): Their mean confidence.
    right (float): The share of them that are right.
    """

    low: float
    high: float
    mentions: int
    confidence: float
    right: float


@dataclass(frozen=True)
class BetaCalibration:
    """The three parameters of a beta calibration (Kull et al. 2017).

    On the logit scale, the calibration is a curve with different slopes for low and high confidences. If both slopes
    are equal, it is a straight line, which is Platt scaling.

    low (float): Slope toward 0. Below 1 if the model is overconfident.
    high (float): Slope toward 1. Below 1 if the model is overconfident.
    intercept (float): Below 0 if the model is right less often than its confidence says.
    mentions (int): Number of mentions it was fitted on.
    """

    low: float
    high: float
    intercept: float
    mentions: int


def reliability_bins(found: Sequence[JudgedMention], n_bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Sort mentions into bins of equal width by their confidence.

    found (Sequence[JudgedMention]): All mentions predicted in a test part.
    n_bins (int): Number of bins between 0 and 1.
    RETURNS (tuple[ReliabilityBin, ...]): The bins from low to high, without empty ones.
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
    """Compute the expected calibration error: the mean difference between confidence and share of right mentions.

    bins (Sequence[ReliabilityBin]): The predicted mentions.
    RETURNS (float): The error, from 0 to 1. 0 if there are no mentions.
    """
    total = sum(one.mentions for one in bins)
    return sum(one.mentions * abs(one.confidence - one.right) for one in bins) / total if total else 0.0


def overconfidence(bins: Sequence[ReliabilityBin]) -> float:
    """RETURNS (float): Mean confidence minus the share of right mentions. Above 0 if the model is overconfident."""
    total = sum(one.mentions for one in bins)
    return sum(one.mentions * (one.confidence - one.right) for one in bins) / total if total else 0.0


def fit_beta(log_right: Sequence[float], log_wrong: Sequence[float], is_right: Sequence[bool]) -> BetaCalibration:
    """Fit a beta calibration by maximum likelihood, with Platt's prior of one more right and one more wrong mention.

    The prior keeps confidences away from 0 and 1 if there are few mentions, or if all of them are right. Neither slope
    is below 0, so the order of confidences doesn't change.

    log_right (Sequence[float]): log(p) of the model's own confidences p. At least one.
    log_wrong (Sequence[float]): log(1 - p) of the same confidences.
    is_right (Sequence[bool]): Whether each mention is right.
    RETURNS (BetaCalibration): The calibration.
    """
    # Only a fit needs it, and every command imports this module.
    from scipy.optimize import minimize

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
