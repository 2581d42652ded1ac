"""Answer the paper's three research questions in plain sentences."""
import statistics
from dataclasses import dataclass
from typing import Iterator, Optional, Sequence

from scripts.evaluation.curves import Spread
from scripts.evaluation.scores import MICRO
from scripts.evaluation.significance import PAIRED, compare_seeds
from scripts.evaluation.stability import stability_of
from scripts.reporting.answer import how_many
from scripts.reporting.results import Results, Setup, measure
from scripts.results.kinds import FEW_SHOT, NO_PRETRAIN, ZERO_SHOT

RQ1 = "RQ1. How well does a model of one corpus do on another language or domain?"
RQ2 = "RQ2. Does pretraining on another corpus spare annotated sentences, and which source is best?"
RQ3 = "RQ3. Is training steadier with pretraining?"
SIZES_TOLD = 5
PAPER = {
    RQ1: "The paper: best where language or domain is the same.",
    RQ2: "The paper: 98 to 99 % of the full F1 after 10 to 25 % of the sentences, on three of four corpora.",
    RQ3: "The paper gives no number for it.",
}


@dataclass(frozen=True)
class Question:
    """A research question and what the runs say about it.

    question (str): Its name and what it asks, in our words.
    answers (tuple[str, ...]): Sentences; none if there are no runs for it.
    paper (str): What the paper answers.
    """

    question: str
    answers: tuple[str, ...]
    paper: str


def research_questions(results: Results) -> list[Question]:
    """RETURNS (list[Question]): The paper's research questions, by name, with the answers of this experiment."""
    answers = {RQ1: _transfer(results), RQ2: _sentences_spared(results), RQ3: _steadiness(results)}
    return [Question(name, tuple(found), PAPER[name]) for name, found in answers.items()]


def _transfer(results: Results) -> Iterator[str]:
    shares: dict[str, list[float]] = {}
    for target in results.corpus_names:
        for setup in results.setups(ZERO_SHOT, target=target):
            full = results.full(target, setup.model, MICRO)
            score = results.zero_shot(target, setup, MICRO)
            if score is None:
                continue
            if full is None or full.mean == 0:
                yield f"{setup.name} to {target}: {_shown(score)} F1 (no in-corpus run of {target} to hold it against)."
                continue
            share = 100 * score.mean / full.mean
            yield f"{setup.name} to {target}: {_shown(score)} F1, {share:.0f} % of the in-corpus {_shown(full)}."
            if len(setup.sources) == 1:
                shares.setdefault(_likeness(results, setup.sources[0], target), []).append(share)
    if len(shares) > 1:
        means = [f"{likeness} {statistics.fmean(found):.0f} % ({len(found)})" for likeness, found in shares.items()]
        yield f"Mean share of the in-corpus F1 (pairs): {', '.join(sorted(means))}."


def _likeness(results: Results, source: str, target: str) -> str:
    """RETURNS (str): What two corpora have in common."""
    known = results.corpora.corpora
    if source not in known or target not in known:
        return "not known"
    alike = [name for name in ("language", "domain") if getattr(known[source], name) == getattr(known[target], name)]
    return f"same {' and '.join(alike)}" if alike else "neither the same"


def _sentences_spared(results: Results) -> Iterator[str]:
    for target in filter(results.is_scored, results.targets):
        setups = [setup for setup in results.setups(FEW_SHOT, target=target) if setup.sources]
        yield from (how_many(results, target, model) for model in sorted({setup.model for setup in setups}))
        for size in a_few(sorted({run.coordinates.size for run in results.of(FEW_SHOT, target=target)})):
            for setup in setups:
                yield from _gain(results, target, setup, size)


def a_few(sizes: Sequence[int]) -> list[int]:
    """RETURNS (list[int]): Some of the sizes: the first, the last, and three between them, evenly by their order."""
    if len(sizes) <= SIZES_TOLD:
        return [*sizes]
    return [sizes[round(step * (len(sizes) - 1) / (SIZES_TOLD - 1))] for step in range(SIZES_TOLD)]


def _gain(results: Results, target: str, setup: Setup, size: int) -> Iterator[str]:
    runs = results.of(FEW_SHOT, target=target, size=size, **vars(setup))
    own, base = measure(runs, MICRO), results.curve(target, setup.no_pretrain, MICRO).at(size)
    if own is None or base is None:
        return
    control = measure([found for run in runs if (found := results.control_of(run))], MICRO)
    against = f"; against {NO_PRETRAIN} with as many updates {_difference(own, control)}" if control else ""
    name = f"{target}, {size} sentences, {results.label(setup)}"
    yield f"{name}: {_shown(own)} F1, against {NO_PRETRAIN} {_difference(own, base)}{against}."


def _difference(one: Spread, other: Spread) -> str:
    compared = compare_seeds(one, other)
    if compared is None:
        return "not compared: no seed in common"
    p_value = compared.p_values.get(PAIRED)
    # Of the figures as printed, so that they add up for the reader, where they are of the same seeds.
    whole = compared.n == len(one.values) == len(other.values)
    difference = round(one.mean, 1) - round(other.mean, 1) if whole else compared.difference
    return f"{difference:+.1f} ({compared.n} seeds, paired t-test, {_tested(p_value)}, not corrected)"


def _tested(p_value: Optional[float]) -> str:
    if p_value is None:
        return "not tested"
    return f"p = {p_value:.3f}" if p_value >= 0.001 else "p < 0.001"


def _steadiness(results: Results) -> Iterator[str]:
    for target in results.targets:
        by_setup = {
            setup: stability_of(results.curve(target, setup, MICRO))
            for setup in results.setups(FEW_SHOT, target=target)
            if not setup.is_control
        }
        spreads = {setup: found.spread for setup, found in by_setup.items()}
        steps = {setup: found.steps for setup, found in by_setup.items()}
        yield from _steadier(target, "mean standard deviation over seeds", spreads)
        yield from _steadier(target, "standard deviation of the steps from size to size", steps)


def _steadier(target: str, what: str, values: dict[Setup, Optional[float]]) -> Iterator[str]:
    base = next((value for setup, value in values.items() if setup.is_no_pretrain), None)
    others = [value for setup, value in values.items() if setup.sources and value is not None]
    if base is None or not others:
        return
    fewer = sum(value < base for value in others)
    yield (
        f"{target}: {what} {base:.1f} points of F1 without pretraining, {statistics.fmean(others):.1f} with it (mean "
        f"of {len(others)} sources); steadier with {fewer} of {len(others)}."
    )


def _shown(spread: Spread) -> str:
    return f"{spread.mean:.1f}" + (f" ± {spread.sd:.1f}" if spread.sd is not None else "")
