"""Rank the sources of each target by features known before any few-shot run, and measure what each gained."""
from typing import Optional, Sequence

from scripts.evaluation.curves import curves_in_common
from scripts.evaluation.ranking import (
    Candidate,
    RankedSource,
    rank_sources,
)
from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results, Setup, spread_of_scores
from scripts.results.kinds import FEW_SHOT


def groups_of_sources(results: Results) -> list[tuple[str, list[Setup]]]:
    """RETURNS (list): (target, setups with a source) pairs, whose setups can be ranked together."""
    groups: dict[tuple[str, str, str], list[Setup]] = {}
    for target in results.targets:
        for setup in results.setups(FEW_SHOT, target=target):
            if setup.sources:
                groups.setdefault((target, setup.model, setup.transfer), []).append(setup)
    return [(target, setups) for (target, _, _), setups in groups.items()]


def ranked_setups(results: Results, target: str, group: Sequence[Setup]) -> list[tuple[RankedSource, Setup]]:
    """RETURNS (list): The setups of a group with the features of each source, best first."""
    setups = {results.label(setup): setup for setup in group}
    ranked = rank_sources([_candidate(results, target, setup) for setup in group])
    return [(source, setups[source.candidate.source]) for source in ranked]


def gain_of(results: Results, target: str, setup: Setup, size: int) -> Optional[float]:
    """RETURNS (Optional[float]): Mean micro F1 minus that of no pretrain over the seeds that both have, in points; None
    if there is no such seed."""
    curve, base_curve = (results.curve(target, one, MICRO) for one in (setup, setup.no_pretrain))
    own, base = (common.at(size) for common in curves_in_common(curve, base_curve))
    return own.mean - base.mean if own and base else None


def _candidate(results: Results, target: str, setup: Setup) -> Candidate:
    known = results.corpora.corpora
    corpora = [known[name] for name in setup.sources if name in known]
    is_known = target in known and len(corpora) == len(setup.sources)
    sentences = [results.corpora.training_sentences(name) for name in setup.sources]
    mentions = [results.corpora.training_mentions(name) for name in setup.sources]
    return Candidate(
        source=results.label(setup),
        zero_shot=_first_sentences(results, target, setup),
        overlap=_overlap(results, target, setup),
        sentences=None if None in sentences else sum(sentences),
        mentions=None if None in mentions else sum(mentions),
        same_language=any(corpus.language == known[target].language for corpus in corpora) if is_known else None,
        same_domain=any(corpus.domain == known[target].domain for corpus in corpora) if is_known else None,
    )


def _first_sentences(results: Results, target: str, setup: Setup) -> Optional[float]:
    runs = results.tests_of_sources(setup, target=target)
    found = spread_of_scores({run.coordinates.seed: run.first_sentences for run in runs}, MICRO)
    return found.mean if found else None


def _overlap(results: Results, target: str, setup: Setup) -> Optional[float]:
    shares = [_shared_with(results, target, source) for source in setup.sources]
    return None if None in shares else max(shares)


def _shared_with(results: Results, target: str, source: str) -> Optional[float]:
    pairs = [
        (pair.shared, pair.unique_a if pair.corpus_a == target else pair.unique_b)
        for pair in results.corpora.training_overlap
        if {pair.corpus_a, pair.corpus_b} == {target, source}
    ]
    unique = sum(count for _, count in pairs)
    return 100 * sum(shared for shared, _ in pairs) / unique if unique else None
