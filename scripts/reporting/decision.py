"""Decide for every target which source to use, how certain that is, and how many sentences are still needed."""
from dataclasses import dataclass
from typing import Optional

from scripts.evaluation.curves import Spread
from scripts.evaluation.scores import MICRO
from scripts.reporting.best_selection import BestSelection, best_selection
from scripts.reporting.best_source import DocumentCountsOf, Gain, find_gain, points_at, smallest_size
from scripts.reporting.needed import Needed, doubts_of_goal, find_needed
from scripts.reporting.next_sentences import Outlook, outlook
from scripts.reporting.results import Results
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT

# Below this many gold mentions, one mention is more than 1 point of recall and about as much of F1.
SMALL_TEST_SET = 100


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
    gain, needed = find_gain(results, target, model, document_counts), find_needed(results, target, model)
    return Decision(
        *(target, shown, gain, needed, outlook(results, target, model), zero_shot),
        selection=best_selection(results, target, model),
        open_points=_open_points(results, target, model, gain, needed),
        cautions=small if needed else (*small, *doubts_of_goal(results, target, model)),
    )


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
    size = smallest_size(results, target, model)
    there = points_at(results, target, model, size)
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
