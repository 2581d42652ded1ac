"""Rank source corpora by features known before training, and measure how well a ranking predicts the gain."""
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

import numpy as np
from scipy.stats import rankdata

from scripts.evaluation.curves import TOLERANCE

# Fields of a candidate with their display names, in the order of the tables.
FEATURES = {
    "zero_shot": "zero-shot F1 (training)",
    "overlap": "vocabulary overlap",
    "sentences": "sentences",
    "mentions": "mentions",
    "same_language": "same language",
    "same_domain": "same domain",
}
COMBINED = "combined"
PERMUTATIONS = 2000


@dataclass(frozen=True)
class Candidate:
    """The features of a source for a target before any few-shot run. They are None if unknown.

    source (str): Name of the source.
    zero_shot (Optional[float]): F1 in percent on the first sentences of the target's training part.
    overlap (Optional[float]): Percentage of the word pieces in the target's mentions that the source's mentions share,
        both in the training part.
    sentences (Optional[int]): Number of sentences in the source's training part.
    mentions (Optional[int]): Number of mentions in the source's training part.
    same_language (Optional[bool]): Whether source and target have the same language.
    same_domain (Optional[bool]): Whether source and target have the same domain.
    """

    source: str
    zero_shot: Optional[float] = None
    overlap: Optional[float] = None
    sentences: Optional[int] = None
    mentions: Optional[int] = None
    same_language: Optional[bool] = None
    same_domain: Optional[bool] = None


@dataclass(frozen=True)
class RankedSource:
    """A source with its ranks among the candidates for a target. Rank 1 is the best, and ties share their mean rank.

    candidate (Candidate): The source's features.
    ranks (Mapping[str, float]): Rank by each feature, with the highest value first. Only features that distinguish the
        candidates.
    score (Optional[float]): Mean of these ranks, or None if there are none.
    rank (Optional[float]): Rank by that mean, with the lowest first.
    """

    candidate: Candidate
    ranks: Mapping[str, float]
    score: Optional[float]
    rank: Optional[float]


@dataclass(frozen=True)
class MeasuredTarget:
    """The ranked sources of one target with their measured gains.

    ranked (tuple[RankedSource, ...]): The sources.
    gains (Mapping[int, tuple[float, ...]]): For each sample size, each source's F1 minus that of no pretrain, in points
        and in the order of `ranked`.
    """

    ranked: tuple[RankedSource, ...]
    gains: Mapping[int, tuple[float, ...]]


@dataclass(frozen=True)
class RankValidation:
    """How well a feature's ranking agrees with the ranking by measured gain, over all targets and sample sizes.

    feature (str): A field of `Candidate`, or "combined".
    correlation (Optional[float]): Pooled rank correlation within groups (Spearman), -1 to 1. None if undefined.
    pairs (int): Number of ranks compared, summed over the groups.
    groups (int): Number of combinations of target and sample size in which the feature distinguishes the sources.
    p_value (Optional[float]): Share of permutations with a correlation at least as strong, in either direction.
    """

    feature: str
    correlation: Optional[float]
    pairs: int
    groups: int
    p_value: Optional[float]


def rank_sources(candidates: Sequence[Candidate]) -> tuple[RankedSource, ...]:
    """Rank the candidates for one target by every feature, and by the mean of these ranks.

    All features have the same weight, as there are too few targets to learn weights from. A feature that is unknown for
    a candidate, or the same for all of them, is not used.

    candidates (Sequence[Candidate]): Sources for the same target.
    RETURNS (tuple[RankedSource, ...]): The sources, with the best first. Ties keep the order given.
    """
    by_feature = {name: _ranks([getattr(candidate, name) for candidate in candidates]) for name in FEATURES}
    telling = {name: ranks for name, ranks in by_feature.items() if ranks is not None}
    if not telling:
        return tuple(RankedSource(candidate, {}, None, None) for candidate in candidates)
    scores = np.mean(list(telling.values()), axis=0)
    ranked = [
        RankedSource(candidate, {name: ranks[position] for name, ranks in telling.items()}, float(score), float(rank))
        for position, (candidate, score, rank) in enumerate(zip(candidates, scores, rankdata(scores), strict=True))
    ]
    return tuple(ranked[position] for position in np.argsort(scores, kind="stable"))


def validate_ranking(targets: Sequence[MeasuredTarget], seed: int = 0) -> tuple[RankValidation, ...]:
    """Compare the rankings with the gains that were measured afterwards.

    A group is a target at one sample size. Within it, sources are ranked by the feature and by their gain, and the
    group's mean rank is subtracted. Pearson's correlation over the ranks of all groups is then Spearman's correlation
    within groups, so that easy targets and small samples don't favor a feature. For the p-value, the feature's ranks
    are permuted among the sources of a target, in the same way at all its sizes, because sizes are not independent.

    targets (Sequence[MeasuredTarget]): Ranked sources and their gains.
    seed (int): Seed of the permutations.
    RETURNS (tuple[RankValidation, ...]): A result per feature, then "combined".
    """
    return tuple(_validate(targets, feature, seed) for feature in (*FEATURES, COMBINED))


def _ranks(values: Sequence[Optional[float]]) -> Optional[list[float]]:
    known = [value for value in values if value is not None]
    if len(known) < len(values) or len(set(known)) < 2:
        return None
    return rankdata([-value for value in known]).tolist()


def _validate(targets: Sequence[MeasuredTarget], feature: str, seed: int) -> RankValidation:
    pairs = [pair for target in targets for pair in _centered(target, feature)]
    groups = sum(len(gains) for _, gains in pairs)
    compared = sum(gains.size for _, gains in pairs)
    spread = sum(len(gains) * ranks @ ranks for ranks, gains in pairs) * sum((gains**2).sum() for _, gains in pairs)
    if not spread:
        return RankValidation(feature, None, compared, groups, None)
    random = np.random.default_rng(seed)
    agreement = sum(ranks @ gains.sum(axis=0) for ranks, gains in pairs)
    permuted = sum(
        random.permuted(np.tile(ranks, (PERMUTATIONS, 1)), axis=1) @ gains.sum(axis=0) for ranks, gains in pairs
    )
    # The actual order counts as one of the permutations, so that no p-value is 0.
    as_much = 1 + np.count_nonzero(np.abs(permuted) >= abs(agreement) - TOLERANCE)
    return RankValidation(
        feature, float(agreement / np.sqrt(spread)), compared, groups, float(as_much / (1 + PERMUTATIONS))
    )


def _centered(target: MeasuredTarget, feature: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """RETURNS (list): One pair of ranks by feature (sources,) and by gain (sizes, sources). Empty if undefined."""
    ranks = [source.rank if feature == COMBINED else source.ranks.get(feature) for source in target.ranked]
    known = [rank for rank in ranks if rank is not None]
    if len(known) < len(ranks) or len(set(known)) < 2 or not target.gains:
        return []
    gains = rankdata([[-gain for gain in gains] for gains in target.gains.values()], axis=1)
    return [(np.array(known) - np.mean(known), gains - gains.mean(axis=1, keepdims=True))]
