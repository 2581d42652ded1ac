"""Show the cost of an experiment, for a dry run."""
from typing import Optional, Sequence

from scripts.experiments.estimate import Cost, Speed
from scripts.reporting.formats import Cell, Table


def table_plan(experiment: str, costs: Sequence[Cost], speed: Optional[Speed]) -> Table:
    """RETURNS (Table): Runs, trainings, sentence passes and hours of each kind and model, and in total."""
    rows = [(cost.kind, cost.model, *_numbers([cost], speed)) for cost in costs]
    rows.append(("in all", "", *_numbers(costs, speed)))
    columns = ("runs", "model", "number", "trainings", "sentence passes", "sentences tested", "hours")
    caption = (
        "Trainings: models that are trained for these runs and not already for those above. Sentence passes: sentences "
        "that pass through the network, counted once per epoch. Sentences tested: those of test parts, and those that "
        "models choose from. Random samples with as many words as others are counted as if they had as many sentences. "
        "Finished runs are counted too."
    )
    if speed:
        caption += (
            f" Hours on this machine, at {speed.training:.1f} sentence passes and {speed.testing:.1f} tested sentences "
            f"per second, measured just now with {_timed(speed)}. Baselines are assumed to be as fast."
        )
    return Table("plan", f"Plan of the experiment {experiment}", caption, columns, tuple(rows))


def _timed(speed: Speed) -> str:
    return f"the encoder {speed.encoder}" if speed.encoder else "the experiment's own model"


def _numbers(costs: Sequence[Cost], speed: Optional[Speed]) -> tuple[Cell, ...]:
    names = ("runs", "trainings", "passes", "tested")
    sums = tuple(sum(getattr(cost, name) for cost in costs) for name in names)
    return *sums, sum(speed.hours(cost) for cost in costs) if speed else None
