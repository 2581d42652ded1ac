"""Warn if an in-corpus model is too weak for 99 % of its F1 to be a useful goal."""
from typing import Iterator, Sequence

from scripts.reporting.results import Results, no_pretrain_by, type_label
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, NO_PRETRAIN

TRAIN_LONGER = "Train the in-corpus models longer (`in_corpus.training` in the experiment file)."


def doubts_of_full(results: Results, target: str, model: str, entity_types: Sequence[str]) -> list[str]:
    """Compare the in-corpus model of a target with few-shot runs: its updates with no pretrain, its F1 with all.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    entity_types (Sequence[str]): Entity types, or "micro".
    RETURNS (list[str]): Reasons to doubt it; empty if it had as many updates and scores as high.
    """
    below = [doubt for entity_type in entity_types for doubt in _below_a_sample(results, target, model, entity_type)]
    return [*_fewer_updates(results, target, model), *below]


def careful(doubts: Sequence[str]) -> str:
    """RETURNS (str): A sentence with the doubts and the remedy; empty if there are none."""
    if not doubts:
        return ""
    return (
        f" The goal of 99 % means little where the full F1 is too low: {'; '.join(doubts)}. {TRAIN_LONGER}"
    )


def _fewer_updates(results: Results, target: str, model: str) -> Iterator[str]:
    full = [run.updates for run in results.of(IN_CORPUS, target=target, model=model)]
    # A compute-matched control also has the updates of a source, which an in-corpus model doesn't need.
    sampled = results.of(FEW_SHOT, target=target, **vars(no_pretrain_by(model)))
    most = max(sampled, key=lambda run: run.updates, default=None)
    if full and most and min(full) < most.updates:
        yield (
            f"the model trained on all of {target} had {min(full)} updates, and {NO_PRETRAIN} with "
            f"{most.coordinates.size} sentences had {most.updates}"
        )


def _below_a_sample(results: Results, target: str, model: str, entity_type: str) -> Iterator[str]:
    full = results.full(target, model, entity_type)
    # Setups with a source count too: if one scores higher after a few sentences, 99 % of the full F1 is a low bar.
    setups = results.setups(FEW_SHOT, target=target, model=model)
    curves = {setup: results.curve(target, setup, entity_type) for setup in setups}
    points = [(point.mean, size, setup) for setup, curve in curves.items() for size, point in curve.points]
    best, size, setup = max(points, default=(0.0, 0, None))
    # Compare the rounded figures, so that none seems to be below itself.
    if full and setup and round(best, 1) > round(full.mean, 1):
        yield (
            f"the model trained on all of {target} scores {full.mean:.1f} F1 for {type_label(entity_type)}, but only "
            f"{size} sentences of {target} give {best:.1f} with {results.label(setup)}"
        )
