"""Measure for every target whether seeds differ less with a source than without (RQ3)."""
import statistics
from dataclasses import dataclass
from typing import Optional

from scripts.evaluation.scores import MICRO
from scripts.evaluation.stability import compare_stability
from scripts.reporting.results import Results, no_pretrain_by
from scripts.results.kinds import FEW_SHOT


@dataclass(frozen=True)
class Steadiness:
    """How much seeds differ on one target: standard deviation in points of F1, averaged over the sample sizes.

    Each source is compared with no pretrain at the sizes and seeds that both have.

    target (str): The corpus to learn.
    model (str): Name of the spaCy config; empty where the experiment has only one.
    without (Optional[float]): Without a source; None if no source can be compared at a size with two seeds.
    with_source (Optional[float]): Mean over the sources; None likewise.
    sources (int): Number of sources compared.
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
    base = results.curve(target, no_pretrain_by(model), MICRO)
    setups = [setup for setup in results.setups(FEW_SHOT, target=target, model=model) if setup.sources]
    compared = [compare_stability(results.curve(target, setup, MICRO), base) for setup in setups]
    spreads = [
        (own.spread, other.spread) for own, other in compared if own.spread is not None and other.spread is not None
    ]
    with_source, without = (statistics.fmean(side) for side in zip(*spreads, strict=True)) if spreads else (None, None)
    fewer = sum(own < other for own, other in spreads)
    return Steadiness(target, model if several else "", without, with_source, len(spreads), fewer)
