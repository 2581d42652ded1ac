"""Find how many sentences of a target are needed for 99 % of its full F1, with which sources, and how sure that is."""
import math
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from scripts.evaluation.curves import TOLERANCE, Curve, SentencesNeeded, sentences_needed
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
    sources (tuple[str, ...]): The setups that reach it with that many and stay above it, or all that reach it if none
        stays; if none reaches it, the one that comes closest.
    falling (tuple[str, ...]): The setups that reach it with that many, but fall below it again with more.
    share (int): Percent of the full F1 that the best setup reaches, rounded down.
    by_seed (str): How the seeds of `sources` differ: in the sentences that each needs or, if no sample is enough, in
        the percentage that each reaches, such as `single seeds: 91 to 95 %`. Only seeds that were run at every size
        count.
    without (Optional[int]): Sentences needed without a source; None if no sample is enough.
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
    share: int
    by_seed: str
    without: Optional[int]
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
    steady, falling = _by_steadiness(known, fewest)
    best = steady or falling or [nearest]
    curves = {setup: results.curve(target, setup, MICRO) for setup in known}
    largest = {setup: curve.sizes[-1] for setup, curve in curves.items()}
    return Needed(
        *(full.mean, results.corpora.training_sentences(target), max(largest.values()), fewest),
        *(tuple(map(results.label, best)), tuple(map(results.label, falling)), _share(known[nearest])),
        by_seed=_by_seed([curves[one] for one in best], full.mean),
        without=next((first for setup, first in reached.items() if setup.is_no_pretrain), None),
        largest_without=next((size for setup, size in largest.items() if setup.is_no_pretrain), None),
        full_seeds=len(full.values),
        doubts=_doubts(results, target, model),
    )


def _by_steadiness(needed: Mapping[Setup, SentencesNeeded], fewest: Optional[int]) -> tuple[list[Setup], list[Setup]]:
    """RETURNS (tuple): The setups that reach the goal first and stay above it, and those that fall below it again."""
    first = [setup for setup, need in needed.items() if fewest and need.first == fewest]
    steady = [setup for setup in first if needed[setup].sustained == fewest]
    return steady, [setup for setup in first if setup not in steady]


def _doubts(results: Results, target: str, model: str) -> tuple[str, ...]:
    doubts = doubts_of_full(results, target, model, [MICRO])
    return tuple(f"This goal may be too low: {one}. {TRAIN_LONGER}" for one in doubts)


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
