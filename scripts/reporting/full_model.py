"""Warn of in-corpus models that are too weak to measure 99 % by."""
from typing import Iterator, Sequence

from scripts.reporting.results import Results, no_pretrain_by
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, NO_PRETRAIN


def doubts_of_full(results: Results, target: str, model: str, entity_types: Sequence[str]) -> list[str]:
    """Hold the in-corpus model of a target against few-shot runs: its updates against no pretrain, its F1 against all.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    entity_types (Sequence[str]): Entity types, or "micro".
    RETURNS (list[str]): What speaks against it; empty if it has had as many updates and scores as high.
    """
    below = [doubt for entity_type in entity_types for doubt in _below_a_sample(results, target, model, entity_type)]
    return [*_fewer_updates(results, target, model), *below]


def careful(doubts: Sequence[str]) -> str:
    """RETURNS (str): The doubts in a sentence that says what to do; empty without any."""
    if not doubts:
        return ""
    return (
        f" Careful, 99 % of a full F1 that is too low means little: {'; '.join(doubts)}. Train the in-corpus models "
        "longer (`in_corpus.training` in the experiment file)."
    )


def _fewer_updates(results: Results, target: str, model: str) -> Iterator[str]:
    full = [run.updates for run in results.of(IN_CORPUS, target=target, model=model)]
    # A compute-matched control has the updates of a source on top, which no in-corpus model has to have.
    sampled = results.of(FEW_SHOT, target=target, **vars(no_pretrain_by(model)))
    most = max(sampled, key=lambda run: run.updates, default=None)
    if full and most and min(full) < most.updates:
        yield (
            f"the full model of {target} has had {min(full)} updates, {NO_PRETRAIN} at {most.coordinates.size} "
            f"sentences {most.updates}"
        )


def _below_a_sample(results: Results, target: str, model: str, entity_type: str) -> Iterator[str]:
    full = results.full(target, model, entity_type)
    # With a source too: what scores higher after a few sentences makes 99 % of the full F1 a low bar.
    setups = results.setups(FEW_SHOT, target=target, model=model)
    curves = {setup: results.curve(target, setup, entity_type) for setup in setups}
    points = [(point.mean, size, setup) for setup, curve in curves.items() for size, point in curve.points]
    best, size, setup = max(points, default=(0.0, 0, None))
    # Of the figures as printed, so that none seems to be below itself.
    if full and setup and round(best, 1) > round(full.mean, 1):
        yield (
            f"the full model of {target} scores {full.mean:.1f} F1 ({entity_type}), {results.label(setup)} at {size} "
            f"sentences {best:.1f}"
        )
