"""Find how many sentences of a target are needed for 99 % of its full F1, with which sources, and how sure that is."""
import math
from dataclasses import dataclass
from typing import Optional, Sequence

from scripts.evaluation.curves import TOLERANCE, Curve, SentencesNeeded, sentences_needed
from scripts.evaluation.scores import MICRO
from scripts.reporting.full_model import TRAIN_LONGER, doubts_of_full
from scripts.reporting.results import SHARE, Results


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
    without (Optional[int]): Sentences needed without a source; None if no sample is enough.
    is_without_falling (bool): Whether F1 without a source falls below the goal with a larger sample.
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
    without: Optional[int]
    is_without_falling: bool
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
    reached = {setup: need.first for setup, need in known.items() if need.first is not None}
    nearest = max(known, key=lambda setup: known[setup].best_share or 0)
    fewest = min(reached.values(), default=None)
    curves = {setup: results.curve(target, setup, MICRO) for setup in known}
    largest = {setup: curve.sizes[-1] for setup, curve in curves.items()}
    first = [setup for setup in reached if reached[setup] == fewest]
    falling = [setup for setup in first if known[setup].sustained != fewest]
    untested = [setup for setup in first if largest[setup] == fewest < max(largest.values())]
    best = [setup for setup in first if setup not in (*falling, *untested)] or untested or falling or [nearest]
    base = next((setup for setup in reached if setup.is_no_pretrain), None)
    return Needed(
        *(full.mean, results.corpora.training_sentences(target), max(largest.values()), fewest),
        *(tuple(map(results.label, setups)) for setups in (best, falling, untested)),
        share=_share(known[nearest]),
        by_seed=_by_seed([curves[one] for one in best], full.mean),
        without=reached[base] if base else None,
        is_without_falling=bool(base) and known[base].sustained != reached[base],
        largest_without=next((size for setup, size in largest.items() if setup.is_no_pretrain), None),
        full_seeds=len(full.values),
        doubts=doubts_of_goal(results, target, model),
    )


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
        shares = sorted(map(_share, needed))
        return f"single seeds: {_range(f'{shares[0]}', f'{shares[-1]}')} %"
    tried = [curve.sizes[-1] for curve, need in zip(single, needed, strict=True) if need.first is None]
    high = f"more than {max(tried)}" if tried else f"{reached[-1]}"
    return f"single seeds: {_range(f'{reached[0]}', high)}"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _share(need: SentencesNeeded) -> int:
    # Rounded down: 98.9 % is not 99 %.
    return math.floor(100 * (need.best_share or 0) + TOLERANCE)
