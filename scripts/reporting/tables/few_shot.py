"""List every point of Figure 1: F1 at each sample size, with each seed's value."""
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Table
from scripts.reporting.results import Results
from scripts.reporting.tables.captions import missing_runs, without_gold
from scripts.reporting.tables.score_cells import by_seed
from scripts.results.kinds import FEW_SHOT


def table_few_shot(results: Results) -> Table:
    """RETURNS (Table): Every point of Figure 1: F1 at each sample size, with each seed's value."""
    columns = ("target", "source", "transfer", "model", "type", "size", "mean F1", "sd", "seeds", "F1 by seed")
    rows = [
        (target, setup.name, setup.transfer, setup.model, entity_type, size)
        + (point.mean, point.sd, len(point.values), by_seed([point]))
        for target in results.targets
        for setup in results.setups(FEW_SHOT, target=target)
        for entity_type in (*results.types, MICRO)
        for size, point in results.curve(target, setup, entity_type).points
    ]
    caption = "Size: sentences of the target used for training. sd: sample standard deviation over the seeds."
    caption += without_gold(results) + missing_runs(results, FEW_SHOT)
    return Table("few_shot", "Every point of Figure 1", caption, columns, tuple(rows))
