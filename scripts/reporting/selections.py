"""Collect the learning curves by selection: F1 by the cost of the samples in sentences, words and edits."""
from dataclasses import dataclass
from typing import Optional, Sequence

from scripts.annotation.methods import RANDOM
from scripts.evaluation.curves import Curve, Spread, curve_of, spread_of
from scripts.evaluation.scores import defined_score
from scripts.reporting.results import Results, Setup, name_selection, setup_of
from scripts.results.kinds import FEW_SHOT
from scripts.results.runs import RunResult

SENTENCES, WORDS, EDITS = "sentences", "words", "edits"
COSTS = (SENTENCES, WORDS, EDITS)


@dataclass(frozen=True, order=True)
class Choice:
    """How the samples of a curve are chosen.

    selection (str): `random`, or a method.
    words_of (str): The method whose samples have as many words; empty if the sizes count sentences.
    """

    selection: str = RANDOM
    words_of: str = ""

    @property
    def name(self) -> str:
        """RETURNS (str): Such as `uncertainty`, or `random, as many words as uncertainty`."""
        return name_selection(self.selection, self.words_of)

    @property
    def is_method(self) -> bool:
        """RETURNS (bool): Whether models choose the sentences."""
        return self.selection != RANDOM


@dataclass(frozen=True)
class SelectionCurve:
    """The runs of one setup on one target whose samples are chosen in the same way.

    target (str): The corpus to learn.
    setup (Setup): What its models start from.
    choice (Choice): How its samples are chosen.
    runs (tuple[RunResult, ...]): Its runs.
    """

    target: str
    setup: Setup
    choice: Choice
    runs: tuple[RunResult, ...]

    @property
    def sizes(self) -> list[int]:
        """RETURNS (list[int]): Its sample sizes. Random samples by words have those of the samples they match."""
        return sorted({run.coordinates.size or 0 for run in self.runs})

    def at(self, size: int) -> list[RunResult]:
        """RETURNS (list[RunResult]): The runs at a sample size."""
        return [run for run in self.runs if run.coordinates.size == size]

    def f1(self, entity_type: str) -> Curve:
        """RETURNS (Curve): F1 on tokens by sample size; it may have no points."""
        found: dict[int, dict[int, float]] = {}
        for run in self.runs:
            score = defined_score(run.scores.tokens, entity_type)
            if score:
                found.setdefault(run.coordinates.size or 0, {})[run.coordinates.seed] = score.f1
        return curve_of(found)

    def cost(self, size: int, what: str) -> Optional[Spread]:
        """RETURNS (Optional[Spread]): The cost of a size's samples in `sentences`, `words` or `edits`; None if it isn't
        known for all of them."""
        costs = {run.coordinates.seed: _cost(run, what) for run in self.at(size)}
        known = {seed: float(cost) for seed, cost in costs.items() if cost is not None}
        return spread_of(known) if known and len(known) == len(costs) else None


def _cost(run: RunResult, what: str) -> Optional[int]:
    return run.sentences["train"] if what == SENTENCES else run.cost.get(what)


def selection_curves(results: Results) -> list[SelectionCurve]:
    """RETURNS (list[SelectionCurve]): For each target and setup the random curve, those of methods, and the random ones
    with as many words. Empty if all samples are plain random ones."""
    curves = []
    for target in results.targets:
        for setup in results.setups(FEW_SHOT, target=target):
            there = [run for run in results.chosen if run.coordinates.target == target]
            chosen = [run for run in there if setup_of(run.coordinates) == setup]
            groups = {Choice(): results.of(FEW_SHOT, target=target, **vars(setup))} if chosen else {}
            for choice in sorted({_choice_of(run) for run in chosen}, key=lambda one: (not one.is_method, one)):
                groups[choice] = [run for run in chosen if _choice_of(run) == choice]
            curves += [SelectionCurve(target, setup, choice, tuple(runs)) for choice, runs in groups.items()]
    return curves


def all_curves(results: Results) -> list[SelectionCurve]:
    """RETURNS (list[SelectionCurve]): Every learning curve, even if all samples are plain random ones."""
    by_selection = selection_curves(results)
    there = {(curve.target, curve.setup) for curve in by_selection}
    others = [
        SelectionCurve(target, setup, Choice(), tuple(results.of(FEW_SHOT, target=target, **vars(setup))))
        for target in results.targets
        for setup in results.setups(FEW_SHOT, target=target)
        if (target, setup) not in there
    ]
    return [*by_selection, *others]


def _choice_of(run: RunResult) -> Choice:
    return Choice(run.coordinates.selection, run.coordinates.words_of)


def random_of(curves: Sequence[SelectionCurve], curve: SelectionCurve, words_of: str = "") -> Optional[SelectionCurve]:
    """Find the random curve that a method's curve is compared with.

    curves (Sequence[SelectionCurve]): All curves.
    curve (SelectionCurve): The curve of a method.
    words_of (str): The method that it matches in words; empty for the one with as many sentences.
    RETURNS (Optional[SelectionCurve]): The one for the same target and setup; None if there is none.
    """
    wanted = (curve.target, curve.setup, Choice(RANDOM, words_of))
    return next((one for one in curves if (one.target, one.setup, one.choice) == wanted), None)
