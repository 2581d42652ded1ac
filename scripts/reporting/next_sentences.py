"""Tell from finished learning curves what the next sentences are expected to bring, and whether they are worth it."""
from typing import Collection, Optional

from scripts.evaluation.curves import Curve
from scripts.evaluation.forecast import LEVEL, Forecast, forecast, predict
from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.stopping import ENOUGH, MORE, needed_for_enough, reached
from scripts.results.kinds import FEW_SHOT


def next_sentences(results: Results, targets: Collection[str] = ()) -> list[str]:
    """Say what the next sentences of each target are expected to bring.

    results (Results): The experiment.
    targets (Collection[str]): The corpora to speak of; empty for all.
    RETURNS (list[str]): A sentence or two for each target that has a curve of sizes enough, of its best setup.
    """
    wanted = [target for target in results.targets if not targets or target in targets]
    found = ((target, _best(results, target)) for target in wanted)
    return [line for target, setup in found if setup and (line := _line(results, target, setup))]


def _best(results: Results, target: str) -> Optional[Setup]:
    """RETURNS (Optional[Setup]): The setup with the highest mean F1 at the largest sample."""
    curves = {setup: results.curve(target, setup, MICRO) for setup in results.setups(FEW_SHOT, target=target)}
    drawn = {setup: curve for setup, curve in curves.items() if curve.points}
    return max(drawn, key=lambda setup: (drawn[setup].sizes[-1], drawn[setup].points[-1][1].mean), default=None)


def _line(results: Results, target: str, setup: Setup) -> str:
    curve = results.curve(target, setup, MICRO)
    found = forecast(curve)
    if found is None:
        return ""
    largest, now = curve.points[-1]
    (more,) = predict(curve, (largest + MORE,))
    f1 = more.f1
    return (
        f"{target} ({results.label(setup)}): F1 is {now.mean:.1f} with {largest} sentences; with {MORE} more it is "
        f"expected to be {f1.value:.1f} ({f1.low:.1f} to {f1.high:.1f} with a probability of {100 * LEVEL:.0f} %). "
        f"{_plateau(found, curve)}"
    )


def _plateau(found: Forecast, curve: Curve) -> str:
    share, needed = f"{100 * ENOUGH:.0f} % of the plateau", needed_for_enough(found)
    if needed is None:
        return f"Whether {share} is reached can't be told ({found.problem})."
    is_endless = needed.value == float("inf")
    takes = "" if is_endless else f": that takes about {needed.value:.0f} sentences"
    verdicts = {
        "yes": "is reached: it is time to stop.",
        "probably": "is probably reached.",
        "maybe": f"may be reached{takes}.",
        "no": "is far off." if is_endless else f"is not reached{takes}.",
    }
    return f"{share} {verdicts[reached(curve.sizes[-1], needed)]}"
