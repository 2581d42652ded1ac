"""Measure for every target whether seeds differ less with a source than without (RQ3)."""
import statistics
from dataclasses import dataclass
from typing import Optional

from scripts.evaluation.scores import MICRO
from scripts.evaluation.stability import stability_of
from scripts.reporting.results import Results, Setup
from scripts.results.kinds import FEW_SHOT


@dataclass(frozen=True)
class Steadiness:
    """How much seeds differ on one target: standard deviation in points of F1, averaged over the sample sizes.

    target (str): The corpus to learn.
    model (str): Name of the spaCy config; empty where the experiment has only one.
    without (Optional[float]): Without a source; None if no size has two seeds.
    with_source (Optional[float]): Mean over the sources; None without any.
    sources (int): Number of sources in that mean.
    steadier (int): How many of them vary less than no pretrain.
    """

    target: str
    model: str
    without: Optional[float]
    with_source: Optional[float]
    sources: int
    steadier: int


def steadiness(results: Results) -> list[Steadiness]:
    """RETURNS (list[Steadiness]): One for each target and model of the learning curves."""
    pairs = [(target, setup.model) for target in results.targets for setup in results.setups(FEW_SHOT, target=target)]
    several = len({run.coordinates.model for run in results.runs}) > 1
    return [_of_target(results, target, model, several) for target, model in sorted(set(pairs), key=pairs.index)]


def _of_target(results: Results, target: str, model: str, several: bool) -> Steadiness:
    setups = results.setups(FEW_SHOT, target=target, model=model)
    spreads = {setup: stability_of(results.curve(target, setup, MICRO)).spread for setup in setups}
    base = _first({setup: spread for setup, spread in spreads.items() if setup.is_no_pretrain})
    others = [spread for setup, spread in spreads.items() if setup.sources and spread is not None]
    mean = statistics.fmean(others) if others else None
    fewer = sum(spread < base for spread in others) if base is not None else 0
    return Steadiness(target, model if several else "", base, mean, len(others), fewer)


def _first(spreads: dict[Setup, Optional[float]]) -> Optional[float]:
    return next(iter(spreads.values()), None)
