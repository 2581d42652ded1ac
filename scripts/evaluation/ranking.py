"""Rank source corpora by features known before training, and measure how well a ranking meets the gain."""
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

import numpy as np
from scipy.stats import rankdata

from scripts.evaluation.curves import TOLERANCE

# From the field of a candidate to its name for people, in the order of the tables.
FEATURES = {
    "zero_shot": "zero-shot F1",
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
    """What is known of a source for a target before any few-shot run; None where it is not known.

    source (str): Its name.
    zero_shot (Optional[float]): F1 in percent on the first sentences of the target's training part.
    overlap (Optional[float]): Word pieces of the target's mentions that the source's mentions have too, in percent.
    sentences (Optional[int]): Sentences of its training part.
    mentions (Optional[int]): Its mentions.
    same_language (Optional[bool]): Whether it is in the target's language.
    same_domain (Optional[bool]): Whether it is of the target's domain.
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
    """A source among the candidates for a target; rank 1 is the best, and ties share the mean of their ranks.

    candidate (Candidate): What is known of it.
    ranks (Mapping[str, float]): By feature, the highest value first; only features that tell the candidates apart.
    score (Optional[float]): Mean of these ranks; None if there are none.
    rank (Optional[float]): Rank by that mean, the lowest first.
    """

    candidate: Candidate
    ranks: Mapping[str, float]
    score: Optional[float]
    rank: Optional[float]


@dataclass(frozen=True)
class MeasuredTarget:
    """The ranked sources of one target, and what each turned out to gain.

    ranked (tuple[RankedSource, ...]): The sources.
    gains (Mapping[int, tuple[float, ...]]): By sample size, each source's F1 minus that of no pretrain, in points, in
        the order of `ranked`.
    """

    ranked: tuple[RankedSource, ...]
    gains: Mapping[int, tuple[float, ...]]


@dataclass(frozen=True)
class RankValidation:
    """How well a feature's ranking meets that by measured gain, over all targets and sample sizes.

    feature (str): A field of `Candidate`, or "combined".
    correlation (Optional[float]): Spearman's rank correlation within groups, pooled: -1 to 1; None if no group tells.
    pairs (int): Ranks compared: sources, summed over the groups.
    groups (int): Targets times sample sizes in which the feature tells the sources apart.
    p_value (Optional[float]): Share of permutations that correlate as much, in either direction.
    """

    feature: str
    correlation: Optional[float]
    pairs: int
    groups: int
    p_value: Optional[float]


def rank_sources(candidates: Sequence[Candidate]) -> tuple[RankedSource, ...]:
    """Rank the candidates for one target by every feature, and by the mean of these ranks.

    No feature weighs more than another: there are too few targets to learn weights from. A feature that is not known
    of every candidate, or the same for all, ranks nobody.

    candidates (Sequence[Candidate]): Sources for the same target.
    RETURNS (tuple[RankedSource, ...]): The best first; in the order given where they tie.
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
    """Hold the rankings against the gains that were measured afterwards.

    A group is a target at one sample size. Within it, sources are ranked by the feature and by their gain, and the
    group's mean rank is taken off; Pearson's correlation over the ranks of all groups is then Spearman's within them,
    so that neither an easy target nor a small sample speaks for a feature. For the p-value the feature's ranks change
    places among the sources of a target, in the same way at all of its sizes, which are not independent of each other.

    targets (Sequence[MeasuredTarget]): Ranked sources and their gains.
    seed (int): Seed of the permutations.
    RETURNS (tuple[RankValidation, ...]): One per feature, then "combined".
    """
    return tuple(_validate(targets, feature, seed) for feature in (*FEATURES, COMBINED))


def _ranks(values: Sequence[Optional[float]]) -> Optional[list[float]]:
    known = [value for value in values if value is not None]
    if len(known) < len(values) or len(set(known)) < 2:
        return None
    return rankdata([-value for value in known]).tolist()


def _validate(targets: Sequence[MeasuredTarget], feature: str, seed: int) -> RankValidation:
    pairs = [pair for target in targets for pair in _centred(target, feature)]
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
    # The order as it is counts among the permutations, so that no p-value is 0.
    as_much = 1 + np.count_nonzero(np.abs(permuted) >= abs(agreement) - TOLERANCE)
    return RankValidation(
        feature, float(agreement / np.sqrt(spread)), compared, groups, float(as_much / (1 + PERMUTATIONS))
    )


def _centred(target: MeasuredTarget, feature: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """RETURNS (list): A pair: ranks by feature (sources,), and by gain (sizes, sources); none if they tell nothing."""
    ranks = [source.rank if feature == COMBINED else source.ranks.get(feature) for source in target.ranked]
    known = [rank for rank in ranks if rank is not None]
    if len(known) < len(ranks) or len(set(known)) < 2 or not target.gains:
        return []
    gains = rankdata([[-gain for gain in gains] for gains in target.gains.values()], axis=1)
    return [(np.array(known) - np.mean(known), gains - gains.mean(axis=1, keepdims=True))]
