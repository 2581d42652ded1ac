"""Find how many sentences of a target are needed for 99 % of its full F1, with which sources, and how sure that is."""
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from scripts.evaluation.curves import Curve, SentencesNeeded, best_and_worst, sentences_needed
from scripts.evaluation.scores import MICRO
from scripts.reporting.full_model import TRAIN_LONGER, doubts_of_full
from scripts.reporting.results import SHARE, Results, Setup


@dataclass(frozen=True)
class Needed:
    """How many sentences of a target are needed for 99 % of its full F1.

    full (float): Mean F1 after training on the whole training part, in percent.
    training (Optional[int]): Sentences in that part; None if not known.
    largest (int): The largest sample that was tried.
    sentences (Optional[int]): The fewest sentences that reach the goal; None if no sample does.
    sources (tuple[str, ...]): The setups that reach it with that many and stay above it; if there are none, those that
        reach it; if none reaches it, the one that comes closest.
    falling (tuple[str, ...]): The setups that reach it with that many, but fall below it with a larger sample.
    untested (tuple[str, ...]): The setups that reach it with that many, but were not run with a larger sample, although
        others were.
    share (int): Percent of the full F1 that the best setup reaches, rounded down.
    by_seed (str): How the seeds of `sources` differ: in the sentences that each needs or, if no sample is enough, in
        the percentage that each reaches, such as `single seeds: 91 to 95 %`. Only seeds that were run at every size
        count.
    without (Optional[SentencesNeeded]): Sentences needed without a source; None if there is no such run.
    largest_without (Optional[int]): The largest sample without a source; None if none was tried.
    full_seeds (int): Number of seeds that the full F1 is a mean of.
    doubts (tuple[str, ...]): Reasons to take the goal for too low; empty if there are none.
    """

    full: float
    training: Optional[int]
    largest: int
    sentences: Optional[int]
    sources: tuple[str, ...]
    falling: tuple[str, ...]
    untested: tuple[str, ...]
    share: int
    by_seed: str
    without: Optional[SentencesNeeded]
    largest_without: Optional[int]
    full_seeds: int
    doubts: tuple[str, ...]

    @property
    def goal(self) -> float:
        """RETURNS (float): The F1 to reach, in percent."""
        return SHARE * self.full


def find_needed(results: Results, target: str, model: str) -> Optional[Needed]:
    """Find how many sentences of a target are needed for 99 % of its full F1, for all types together.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    RETURNS (Optional[Needed]): None without an in-corpus model, or if its F1 is 0.
    """
    needed, full = results.needed(target, model, MICRO), results.full(target, model, MICRO)
    known = {setup: need for setup, need in needed.items() if need is not None and need.best_share is not None}
    if full is None or not known:
        return None
    curves = {setup: results.curve(target, setup, MICRO) for setup in known}
    largest = {setup: curve.sizes[-1] for setup, curve in curves.items()}
    nearest = max(known, key=lambda setup: known[setup].best_share or 0)
    first = best_and_worst(known).best
    steady, falling, untested = _by_steadiness(first, known, largest)
    best = steady or untested or falling or [nearest]
    base = next((setup for setup in known if setup.is_no_pretrain), None)
    return Needed(
        *(full.mean, results.corpora.training_sentences(target), max(largest.values())),
        sentences=known[first[0]].first if first else None,
        sources=tuple(map(results.label, best)),
        falling=tuple(map(results.label, falling)),
        untested=tuple(map(results.label, untested)),
        share=known[nearest].percent,
        by_seed=_by_seed([curves[one] for one in best], full.mean),
        without=known[base] if base else None,
        largest_without=largest[base] if base else None,
        full_seeds=len(full.values),
        doubts=doubts_of_goal(results, target, model),
    )


def _by_steadiness(
    first: Sequence[Setup], needed: Mapping[Setup, SentencesNeeded], largest: Mapping[Setup, int]
) -> tuple[list[Setup], list[Setup], list[Setup]]:
    """Tell apart the setups that reach the goal first by what follows.

    first (Sequence[Setup]): These setups.
    needed (Mapping[Setup, SentencesNeeded]): The sentences that each setup needs.
    largest (Mapping[Setup, int]): The largest sample of each setup.
    RETURNS (tuple): Those that stay above the goal, those that don't, and those without a larger sample although others
        have one.
    """
    falling = [setup for setup in first if not needed[setup].is_sustained]
    untested = [setup for setup in first if needed[setup].first == largest[setup] < max(largest.values())]
    return [setup for setup in first if setup not in (*falling, *untested)], falling, untested


def doubts_of_goal(results: Results, target: str, model: str) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): Reasons to take the goal for too low, each with the remedy."""
    doubts = doubts_of_full(results, target, model, [MICRO])
    return tuple(f"The full F1 may be too low a goal: {one}. {TRAIN_LONGER}" for one in doubts)


def _by_seed(curves: Sequence[Curve], full: float) -> str:
    if all(len(curve.seeds) == 1 for curve in curves):
        return "one seed only"
    single = [curve for several in curves for curve in several.by_seed()]
    if not single:
        return "no seed was run at every size"
    needed = [sentences_needed(curve, full, SHARE) for curve in single]
    reached = sorted(need.first for need in needed if need.first is not None)
    if not reached:
        shares = sorted(need.percent for need in needed)
        return f"single seeds: {_range(f'{shares[0]}', f'{shares[-1]}')} %"
    tried = [curve.sizes[-1] for curve, need in zip(single, needed, strict=True) if need.first is None]
    high = f"more than {max(tried)}" if tried else f"{reached[-1]}"
    return f"single seeds: {_range(f'{reached[0]}', high)}"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
