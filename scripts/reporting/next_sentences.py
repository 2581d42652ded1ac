"""Forecast from learning curves what the next sentences will bring, and whether they are worth annotating."""
from dataclasses import dataclass
from typing import Collection, Optional

from scripts.evaluation.curves import Curve
from scripts.evaluation.forecast import FEWEST_SIZES, LEVEL, Forecast, Interval, forecast, predict
from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.stopping import ENOUGH, MORE, needed_for_enough, reached
from scripts.results.kinds import FEW_SHOT


@dataclass(frozen=True)
class Outlook:
    """The forecast of what the next sentences of a target will bring.

    target (str): The corpus to learn.
    name (str): The setup, which is the best one at the largest sample, of those with enough sizes.
    size (int): The largest sample, in sentences.
    f1 (float): Mean F1 there over the seeds, in percent.
    expected (Interval): F1 of one run with `MORE` more sentences, in percent.
    verdict (str): Whether 99 % of the plateau is reached, in a clause.
    """

    target: str
    name: str
    size: int
    f1: float
    expected: Interval
    verdict: str


def next_sentences(results: Results, targets: Collection[str] = ()) -> list[str]:
    """Say what the next sentences of each target are expected to bring.

    results (Results): The experiment.
    targets (Collection[str]): The corpora to include; empty for all.
    RETURNS (list[str]): A sentence or two on the best setup of each target whose curve has enough sizes.
    """
    wanted = [target for target in results.targets if not targets or target in targets]
    return [_line(found) for target in wanted if (found := outlook(results, target))]


def outlook(results: Results, target: str, model: Optional[str] = None) -> Optional[Outlook]:
    """Forecast what the next sentences of a target will bring.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (Optional[str]): Name of the spaCy config; None for the best of all.
    RETURNS (Optional[Outlook]): The outlook of the best setup; None if all curves have too few sizes.
    """
    setup = _best(results, target, model)
    curve = results.curve(target, setup, MICRO) if setup else Curve(())
    found = forecast(curve)
    if setup is None or found is None:
        return None
    size, now = curve.points[-1]
    (more,) = predict(curve, (size + MORE,))
    return Outlook(target, results.label(setup), size, now.mean, more.f1, _plateau(found, curve))


def _best(results: Results, target: str, model: Optional[str]) -> Optional[Setup]:
    """RETURNS (Optional[Setup]): The setup with the highest mean F1 at the largest sample, if it has enough sizes."""
    setups = [setup for setup in results.setups(FEW_SHOT, target=target) if model in (None, setup.model)]
    curves = {setup: results.curve(target, setup, MICRO) for setup in setups}
    long = {setup: curve for setup, curve in curves.items() if len(curve.points) >= FEWEST_SIZES}
    return max(long, key=lambda setup: (long[setup].sizes[-1], long[setup].points[-1][1].mean), default=None)


def _line(found: Outlook) -> str:
    f1 = found.expected
    return (
        f"{found.target} ({found.name}): F1 is {found.f1:.1f} with {found.size} sentences; with {MORE} more it is "
        f"expected to be {f1.value:.1f} ({f1.low:.1f} to {f1.high:.1f} with a probability of {100 * LEVEL:.0f} %). "
        f"{found.verdict}"
    )


def _plateau(found: Forecast, curve: Curve) -> str:
    share, needed = f"{100 * ENOUGH:.0f} % of the plateau", needed_for_enough(found)
    if needed is None:
        return f"Whether {share} is reached is unknown ({found.problem})."
    verdict, is_endless = reached(curve.sizes[-1], needed), needed.value == float("inf")
    if is_endless and verdict == "no":
        return "The fitted curve hasn't leveled off; how many sentences that takes can't be told yet."
    takes = "" if is_endless else f": that takes about {needed.value:.0f} sentences"
    verdicts = {
        "yes": "is reached: it is time to stop.",
        "probably": "is probably reached.",
        "maybe": f"may be reached{takes}.",
        "no": f"is not reached{takes}.",
    }
    return f"{share} {verdicts[verdict]}"
