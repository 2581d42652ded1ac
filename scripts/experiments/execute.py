"""Carries a list of runs out in this process, one after the other: what is finished is skipped, progress is shown."""
from dataclasses import asdict
from typing import Mapping, Sequence

import srsly
from wasabi import msg

from scripts.base.files import write_json
from scripts.base.progress import progress
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO
from scripts.experiments.analysis import analyse_all
from scripts.experiments.device import use_device
from scripts.experiments.models import updates_of
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import RUNS_OF, Run, SourceModel, control_runs, models_of, per_type
from scripts.experiments.run import batch_size, carry_out, check_size, model_passes, run_fingerprint, sample_passes
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT, SHIPPED
from scripts.results.runs import Ledger, RunResult, read_run

# Loading and testing cost about as much as so many training sentences.
TEST_COST = 100


def carry_out_kind(workspace: Workspace, kind: str) -> list[RunResult]:
    """Bring every run of a kind on record.

    First the plan is written, `KIND.json` beside the folder of runs: which runs belong to the experiment as it is now,
    whatever earlier settings left in the folder. The report goes by it, also while runs are missing.

    workspace (Workspace): The experiment and its surroundings.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    RETURNS (list[RunResult]): Their results, in the order of the plan. Runs that were on record are read, not repeated.
    """
    fingerprints = {run: run_fingerprint(workspace, run) for run in planned_runs(workspace, kind)}
    for run in fingerprints:
        check_size(workspace, run)
    print(srsly.yaml_dumps(workspace.experiment.model_dump(mode="json")))
    if kind == FEW_SHOT:
        tell_left_out(workspace)
    write_plan(workspace, kind, fingerprints)
    ledger = Ledger(workspace.runs)
    pending = [run for run, fingerprint in fingerprints.items() if not ledger.is_finished(run.id, fingerprint)]
    finished = len(fingerprints) - len(pending)
    msg.info(f"{len(fingerprints)} runs, {finished} finished before, {len(pending)} to do")
    carry_out_all(workspace, pending)
    analyse_all(workspace, fingerprints)
    return [read_run(workspace.runs / f"{run.id}.json") for run in fingerprints]


def planned_runs(workspace: Workspace, kind: str) -> list[Run]:
    """RETURNS (list[Run]): All runs of a kind, the compute-matched controls of few-shot last."""
    runs = [run for run in RUNS_OF[kind](workspace.experiment) if fits(workspace, run)]
    if kind == FEW_SHOT and workspace.experiment.few_shot and workspace.experiment.few_shot.compute_matched:
        controls = control_runs(workspace.experiment, lambda model: updates_of(workspace, model))
        runs += [run for run in controls if fits(workspace, run)]
    if workspace.experiment.types == "joint" or kind == SHIPPED:
        return runs
    return [one for run in runs for one in per_type(run, workspace.entity_types)]


def fits(workspace: Workspace, run: Run) -> bool:
    """RETURNS (bool): Whether the target's training part has as many sentences as the run's sample is to have."""
    if run.kind != FEW_SHOT:
        return True
    # The smallest size stays in any case: that no size fits is an error of its own.
    too_large = run.size > workspace.manifest(run.target).splits["train"].sentences
    return not too_large or run.size == workspace.experiment.few_shot.sizes[0]


def tell_left_out(workspace: Workspace) -> None:
    """Print the sample sizes that a target's training part is too small for."""
    few_shot = workspace.experiment.few_shot
    for target in few_shot.targets if few_shot else ():
        there = workspace.manifest(target).splits["train"].sentences
        beyond = [str(size) for size in few_shot.sizes if size > there]
        if beyond:
            msg.warn(f"{target} has {there} training sentences; these sizes are left out: {', '.join(beyond)}")


def write_plan(workspace: Workspace, kind: str, fingerprints: Mapping[Run, str]) -> None:
    """Write which runs of a kind belong to the experiment: for each id its coordinates and its fingerprint."""
    plan = {
        run.id: {
            "coordinates": asdict(run.coordinates(workspace.name, workspace.experiment.model, workspace.threads)),
            "fingerprint": fingerprint,
        }
        for run, fingerprint in fingerprints.items()
    }
    write_json(workspace.runs.parent / f"{kind}.json", plan)


def carry_out_all(workspace: Workspace, runs: Sequence[Run]) -> None:
    """Carry runs out one after the other, with a bar of the sentence passes done and the time left."""
    device = use_device(workspace.threads, workspace.gpu_id)
    costs, cache = estimate_costs(workspace, runs), PipelineCache()
    with progress(sum(costs), "sentence", disable=not runs, smoothing=0.05) as bar:
        for run, cost in zip(runs, costs):
            bar.set_description(run.id, refresh=False)
            finished = bar.n + cost
            carry_out(workspace, run, device, cache, lambda: bar.update(batch_size(workspace, run)))
            # What was estimated and what was done may differ: a source may have been trained first, or been there.
            bar.update(finished - bar.n)


def estimate_costs(workspace: Workspace, runs: Sequence[Run]) -> list[int]:
    """RETURNS (list[int]): What each run costs, in sentence passes; a model that several runs need is trained once."""
    seen: set[SourceModel] = set()
    costs = []
    for run in runs:
        models = [model for model in models_of(workspace.experiment, run) if model not in seen]
        trained = sum(model_passes(workspace, model) for model in models)
        costs.append(TEST_COST + trained + sample_passes(workspace, run))
        seen.update(models)
    return costs


def show(results: Sequence[RunResult]) -> None:
    """Print one line of scores per run."""
    names = [*in_order({name for result in results for name in result.scores.tokens} - {MICRO}), MICRO]
    header = ("Run", "Sentences", "Updates", *(f"{name[:1].upper()}{name[1:]} F1" for name in names))
    rows = [
        (
            result.run,
            result.sentences["train"],
            result.updates,
            *(f"{result.scores.tokens[name].f1:.1f}" for name in names),
        )
        for result in results
    ]
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1), max_col=120)
