"""Find how the shipped pipeline scores when it is trained with other seeds."""
from collections import defaultdict
from dataclasses import replace

from wasabi import msg

from scripts.experiments.execute import jobs_of
from scripts.experiments.plan import shipped_model
from scripts.experiments.settings import shift_seeds
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import SHIPPED
from scripts.results.runs import Ledger, RunResult


def scores_of_other_seeds(workspace: Workspace) -> dict[str, list[RunResult]]:
    """Find the results of the same model with other training seeds, for the current settings and data.

    Warn of those that are damaged, since means are then over fewer seeds than were scored.

    workspace (Workspace): The experiment and its environment.
    RETURNS (dict[str, list[RunResult]]): The other results, by corpus, without those of failed trainings. Empty if
        there are none.
    """
    ledger, own = Ledger(workspace.runs), shipped_model(workspace.experiment).seed
    heads = [path.stem for path in workspace.runs.glob(f"{SHIPPED}.*.json")]
    seeds = {int(name.rpartition("seed-")[2]) for name in heads if name.rpartition("seed-")[2].isdigit()}
    found: defaultdict[str, list[RunResult]] = defaultdict(list)
    for seed in sorted(seeds - {own}):
        shifted = replace(workspace, experiment=shift_seeds(workspace.experiment, seed - own))
        damaged = []
        for run, job in jobs_of(shifted, SHIPPED).items():
            if ledger.is_finished(run.id, job.fingerprint):
                result = ledger.read(run.id)
                if not result.problem:
                    found[run.target].append(result)
            elif ledger.is_damaged(run.id):
                damaged.append(run.target)
        if damaged:
            option = f"--vars.experiment {workspace.name} --vars.seed {workspace.started_with.seed + seed - own}"
            what = f"Left out the results of seed {seed} on {', '.join(damaged)}: damaged or incomplete"
            msg.warn(what, f"To repeat them, run `weasel run evaluate . {option}`.")
    return dict(found)
