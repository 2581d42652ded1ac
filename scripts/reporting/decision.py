"""Decide for every target which source to use, how certain that is, and how many sentences are still needed."""
import math
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence

from scripts.evaluation.curves import (
    TOLERANCE,
    Curve,
    SentencesNeeded,
    Spread,
    in_common,
    sentences_needed,
    within_spread,
)
from scripts.evaluation.scores import MICRO
from scripts.evaluation.significance import RESAMPLES, DocumentCounts
from scripts.reporting.best_selection import BestSelection, best_selection
from scripts.reporting.full_model import TRAIN_LONGER, doubts_of_full
from scripts.reporting.next_sentences import Outlook, outlook
from scripts.reporting.results import SHARE, Results, Setup
from scripts.reporting.tables.significance import PairedRuns, over_documents
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT
from scripts.results.runs import RunResult

# Below this many gold mentions, one mention is more than 1 point of recall and about as much of F1.
SMALL_TEST_SET = 100
CLEAR, UNSURE, NONE, UNTESTED = "clear gain", "may be chance", "no gain", "one seed only"
DocumentCountsOf = Callable[[RunResult], Optional[DocumentCounts]]


@dataclass(frozen=True)
class Gain:
    """What the best source of a target gains at the smallest sample size.

    source (str): Its name.
    size (int): Sentences of the target.
    f1 (float): Mean F1 with the source, in percent, as printed.
    without (float): Mean F1 without any source, as printed.
    seeds (int): How many seeds the means are over, which are those that were run both with the source and without.
    interval (Optional[tuple[float, float]]): 95 % interval of the difference over test documents, in points of F1; None
        if the counts by document are not known.
    certainty (str): `clear gain`, `may be chance`, `no gain` or `one seed only`.
    as_good (tuple[str, ...]): Sources that differ from it by no more than the seeds differ from each other.
    """

    source: str
    size: int
    f1: float
    without: float
    seeds: int
    interval: Optional[tuple[float, float]]
    certainty: str
    as_good: tuple[str, ...]

    @property
    def difference(self) -> float:
        """RETURNS (float): The gain in points of F1, between the rounded figures, so that they add up."""
        return self.f1 - self.without


@dataclass(frozen=True)
class Needed:
    """How many sentences of a target are needed for 99 % of its full F1.

    full (float): Mean F1 after training on the whole training part, in percent.
    training (Optional[int]): Sentences in that part; None if not known.
    largest (int): The largest sample that was tried.
    sentences (Optional[int]): The fewest sentences that reach the goal; None if no sample does.
    sources (tuple[str, ...]): The setups that reach it with that many; if none does, the one that comes closest.
    share (int): Percent of the full F1 that the best setup reaches, rounded down.
    by_seed (str): How the seeds of these setups differ: in the sentences that each needs or, if no sample is enough, in
        the percentage that each reaches. Only seeds that were run at every size count. Empty if there is only one seed.
    without (Optional[int]): Sentences needed without a source; None if no sample is enough.
    largest_without (Optional[int]): The largest sample without a source; None if none was tried.
    full_seeds (int): Number of seeds that the full F1 is a mean of.
    """

    full: float
    training: Optional[int]
    largest: int
    sentences: Optional[int]
    sources: tuple[str, ...]
    share: int
    by_seed: str
    without: Optional[int]
    largest_without: Optional[int]
    full_seeds: int

    @property
    def goal(self) -> float:
        """RETURNS (float): The F1 to reach, in percent."""
        return SHARE * self.full


@dataclass(frozen=True)
class Decision:
    """What the experiment says about one target.

    target (str): The corpus to learn.
    model (str): Name of the spaCy config; empty where the experiment has only one.
    gain (Optional[Gain]): What the best source gains; None if sources can't be compared yet.
    needed (Optional[Needed]): How many sentences are needed; None without an in-corpus model to compare with.
    outlook (Optional[Outlook]): What the next sentences would bring; None if there are too few sample sizes.
    zero_shot (Optional[tuple[str, float]]): The best source without any sentence of the target, and its F1.
    selection (Optional[BestSelection]): The best method of choosing sentences; None if none was tried.
    open_points (tuple[str, ...]): What is missing for a full answer.
    cautions (tuple[str, ...]): What a reader should know before trusting the answer.
    """

    target: str
    model: str
    gain: Optional[Gain] = None
    needed: Optional[Needed] = None
    outlook: Optional[Outlook] = None
    zero_shot: Optional[tuple[str, float]] = None
    selection: Optional[BestSelection] = None
    open_points: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def decide(results: Results, document_counts: DocumentCountsOf) -> list[Decision]:
    """Decide for every target of the learning curves, or for every zero-shot target if there are none.

    results (Results): The experiment.
    document_counts (Callable): Gives a run's counts by test document; None where they are not known.
    RETURNS (list[Decision]): One for each target and model; none if there are only in-corpus runs.
    """
    kind = FEW_SHOT if results.targets else ZERO_SHOT
    names = results.targets or results.corpus_names
    pairs = [(target, setup.model) for target in names for setup in results.setups(kind, target=target)]
    return [_decide(results, target, model, document_counts) for target, model in sorted(set(pairs), key=pairs.index)]


def in_corpus_scores(results: Results) -> list[tuple[str, str, dict[str, Spread]]]:
    """RETURNS (list): Corpus, model, and F1 in percent by entity type and "micro", for every in-corpus model."""
    setups = [(name, setup) for name in results.corpus_names for setup in results.setups(IN_CORPUS, target=name)]
    scores = []
    for name, setup in setups:
        by_type = {kind: results.full(name, setup.model, kind) for kind in (MICRO, *results.types)}
        known = {kind: f1 for kind, f1 in by_type.items() if f1 is not None}
        scores += [(name, setup.model, known)] if known else []
    return scores


def _decide(results: Results, target: str, model: str, document_counts: DocumentCountsOf) -> Decision:
    shown = model if len({run.coordinates.model for run in results.runs}) > 1 else ""
    if not results.is_scored(target):
        return Decision(target, shown, open_points=(f"The test part has no mention of {' or '.join(results.types)}.",))
    zero_shot, small = _best_zero_shot(results, target, model), _small_test(results, target)
    if target not in results.targets:
        lacking = ("Learning curves: no few-shot run is finished.",)
        return Decision(target, shown, zero_shot=zero_shot, open_points=lacking, cautions=small)
    gain, needed = _gain(results, target, model, document_counts), _needed(results, target, model)
    doubts = doubts_of_full(results, target, model, [MICRO])
    return Decision(
        *(target, shown, gain, needed, outlook(results, target, model), zero_shot),
        selection=best_selection(results, target, model),
        open_points=_open_points(results, target, model, gain, needed),
        cautions=(*small, *(f"The full F1 may be too low a goal: {one}. {TRAIN_LONGER}" for one in doubts)),
    )


def _gain(results: Results, target: str, model: str, document_counts: DocumentCountsOf) -> Optional[Gain]:
    size = _smallest(results, target, model)
    paired = _with_and_without(_points_at(results, target, model, size))
    if not paired:
        return None
    # By the gain, as sources may have been run with different seeds.
    best = max(paired, key=lambda setup: paired[setup][0].mean - paired[setup][1].mean)
    own, base = paired[best]
    pairs = _pairs(results, target, best, size)
    counts = {run.run: document_counts(run) for pair in pairs for run in pair}
    interval = over_documents(PairedRuns(size, "", pairs), MICRO, counts, RESAMPLES).interval if pairs else None
    others = {setup: in_common(other, own) for setup, (other, _) in paired.items() if setup != best}
    as_good = (setup for setup, spreads in others.items() if within_spread(*spreads))
    f1, without = round(own.mean, 1), round(base.mean, 1)
    return Gain(
        *(results.label(best), size, f1, without, len(own.values), interval),
        certainty=_certainty(own, base, interval),
        as_good=tuple(results.label(setup) for setup in as_good),
    )


def _smallest(results: Results, target: str, model: str) -> int:
    return min(run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target, model=model))


def _points_at(results: Results, target: str, model: str, size: int) -> dict[Setup, Spread]:
    setups = results.setups(FEW_SHOT, target=target, model=model)
    points = {setup: results.curve(target, setup, MICRO).at(size) for setup in setups}
    return {setup: point for setup, point in points.items() if point is not None}


def _with_and_without(points: Mapping[Setup, Spread]) -> dict[Setup, tuple[Spread, Spread]]:
    """RETURNS (dict): By setup with a source, its F1 and that of no pretrain, over the seeds that both have."""
    base = next((point for setup, point in points.items() if setup.is_no_pretrain), Spread(()))
    paired = {setup: in_common(point, base) for setup, point in points.items() if setup.sources}
    return {setup: pair for setup, pair in paired.items() if pair[0].values}


def _pairs(results: Results, target: str, setup: Setup, size: int) -> tuple[tuple[RunResult, RunResult], ...]:
    runs = results.of(FEW_SHOT, target=target, size=size, **vars(setup))
    return tuple((run, other) for run in runs if (other := results.no_pretrain_of(run)))


def _certainty(own: Spread, base: Spread, interval: Optional[tuple[float, float]]) -> str:
    if round(own.mean, 1) <= round(base.mean, 1):
        return NONE
    judged = within_spread(own, base)
    if judged or (interval and interval[0] <= 0):
        return UNSURE
    if judged is None:
        return UNTESTED
    return CLEAR if interval else UNSURE


def _needed(results: Results, target: str, model: str) -> Optional[Needed]:
    needed, full = results.needed(target, model, MICRO), results.full(target, model, MICRO)
    known = {setup: need for setup, need in needed.items() if need is not None and need.best_share is not None}
    if full is None or not known:
        return None
    reached = {setup: need.first for setup, need in known.items() if need.first is not None}
    nearest = max(known, key=lambda setup: known[setup].best_share or 0)
    fewest = min(reached.values(), default=None)
    best = [setup for setup, first in reached.items() if first == fewest] or [nearest]
    without = next((first for setup, first in reached.items() if setup.is_no_pretrain), None)
    curves = {setup: results.curve(target, setup, MICRO) for setup in known}
    largest = {setup: curve.sizes[-1] for setup, curve in curves.items()}
    return Needed(
        *(full.mean, results.corpora.training_sentences(target), max(largest.values()), fewest),
        *(tuple(map(results.label, best)), _share(known[nearest]), _by_seed([curves[one] for one in best], full.mean)),
        *(without, next((size for setup, size in largest.items() if setup.is_no_pretrain), None)),
        full_seeds=len(full.values),
    )


def _by_seed(curves: Sequence[Curve], full: float) -> str:
    if all(len(curve.seeds) == 1 for curve in curves):
        return ""
    single = [curve for several in curves for curve in several.by_seed()]
    if not single:
        return "none was run at every size"
    needed = [sentences_needed(curve, full, SHARE) for curve in single]
    reached = sorted(need.first for need in needed if need.first is not None)
    if not reached:
        shares = sorted(map(_share, needed))
        return f"{_range(f'{shares[0]}', f'{shares[-1]}')} %"
    tried = [curve.sizes[-1] for curve, need in zip(single, needed, strict=True) if need.first is None]
    return _range(f"{reached[0]}", f"more than {max(tried)}" if tried else f"{reached[-1]}")


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _share(need: SentencesNeeded) -> int:
    # Rounded down: 98.9 % is not 99 %.
    return math.floor(100 * (need.best_share or 0) + TOLERANCE)


def _best_zero_shot(results: Results, target: str, model: str) -> Optional[tuple[str, float]]:
    setups = results.setups(ZERO_SHOT, target=target, model=model)
    scores = {setup: results.zero_shot(target, setup, MICRO) for setup in setups}
    known = {setup.name: score.mean for setup, score in scores.items() if score is not None}
    return max(known.items(), key=lambda item: item[1]) if known else None


def _open_points(
    results: Results, target: str, model: str, gain: Optional[Gain], needed: Optional[Needed]
) -> tuple[str, ...]:
    points = []
    if gain is None:
        points.append(f"Best source: not compared, as {_lacking(results, target, model)} sentences.")
    if needed is None:
        full = results.full(target, model, MICRO)
        points.append(f"Sentences needed: {'the full F1 is 0' if full else 'no in-corpus run is finished'}.")
    return tuple(points)


def _lacking(results: Results, target: str, model: str) -> str:
    size = _smallest(results, target, model)
    there = _points_at(results, target, model, size)
    lacking = [] if any(setup.is_no_pretrain for setup in there) else ["without a source"]
    lacking += [] if any(setup.sources for setup in there) else ["with a source"]
    if not lacking:
        return f"no seed was run both with and without a source at {size}"
    return f"there is no run {' or '.join(lacking)} at {size}"


def _small_test(results: Results, target: str) -> tuple[str, ...]:
    scores = [run.scores.characters.get(MICRO) for run in results.runs if run.coordinates.target == target]
    gold = max((score.gold for score in scores if score), default=0)
    if not any(scores) or gold >= SMALL_TEST_SET:
        return ()
    return (f"Small test part: each of its {gold} mentions is worth about {100 / max(gold, 1):.1f} points of F1.",)
