"""Carries a list of runs out in this process, one after the other: what is finished is skipped, progress is shown."""
from typing import Sequence

from tqdm import tqdm
from wasabi import msg

from scripts.evaluation.runs import RunResult, read_run
from scripts.experiments.ledger import Ledger
from scripts.experiments.plan import Run
from scripts.experiments.run import carry_out, run_fingerprint, sentence_passes
from scripts.experiments.train import use_device
from scripts.experiments.workspace import Workspace

def carry_out_all(workspace: Workspace, runs: Sequence[Run]) -> list[RunResult]:
    """Bring every run on record.

    workspace (Workspace): The experiment and its surroundings.
    runs (Sequence[Run]): The runs that are wanted.
    RETURNS (list[RunResult]): Their results, in the same order. Runs that were on record are read, not repeated.
    """
    ledger = Ledger(workspace.runs)
    pending = [run for run in runs if not ledger.is_finished(run.id, run_fingerprint(workspace, run))]
    msg.info(f"{len(runs)} runs, {len(runs) - len(pending)} finished before, {len(pending)} to do")
    device = use_device(workspace.threads, workspace.gpu_id)
    # Even a test alone costs something, and a bar of zero length shows nothing.
    costs = [1 + sentence_passes(workspace, run) for run in pending]
    with tqdm(total=sum(costs), unit="sentence", disable=not pending) as progress:
        for run, cost in zip(pending, costs):
            progress.set_description(run.id)
            carry_out(workspace, run, device)
            progress.update(cost)
    return [read_run(workspace.runs / f"{run.id}.json") for run in runs]


def show(results: Sequence[RunResult]) -> None:
    """Print one line of scores per run."""
    header = ("Run", "Sentences", "Updates", "Drug F1", "Disease F1", "Micro F1")
    rows = [
        (
            result.run,
            result.sentences["train"],
            result.updates,
            *(f"{result.scores.tokens[name].f1:.1f}" for name in ("Drug", "Disease", "micro")),
        )
        for result in results
    ]
    msg.table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "r", "r"))
