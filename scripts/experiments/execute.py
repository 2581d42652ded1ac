"""Carry a list of runs out in this process, one after the other: what is finished is skipped, progress is shown."""
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
from scripts.experiments.job import distinct
from scripts.experiments.models import find_model, model_job
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import Run, models_of, planned_runs, sizes_left_out
from scripts.experiments.run import RunJob, carry_out, run_job
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT, Kind
from scripts.results.runs import Ledger, Plan, PlannedRun, RunResult, plan_file

# Loading and testing cost about as much as so many training sentences.
TEST_COST = 100
Jobs = Mapping[Run, RunJob]


def carry_out_kind(workspace: Workspace, kind: Kind) -> list[RunResult]:
    """Bring every run of a kind on record.

    First the plan is written, `KIND.json` beside the folder of runs: which runs belong to the experiment as it is now,
    whatever earlier settings left in the folder. The report goes by it, also while runs are missing.

    workspace (Workspace): The experiment and its surroundings.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    RETURNS (list[RunResult]): Their results, in the order of the plan. Runs that were on record are read, not repeated.
    """
    ledger = Ledger(workspace.runs)
    ledger.check_layout()
    jobs = jobs_of(workspace, kind)
    print(srsly.yaml_dumps(workspace.experiment.model_dump(mode="json")))
    if kind == FEW_SHOT:
        tell_left_out(workspace)
    write_plan(workspace, kind, jobs)
    pending = {run: job for run, job in jobs.items() if not ledger.is_finished(run.id, job.fingerprint)}
    tell_pending(ledger, jobs, pending)
    carry_out_all(workspace, pending)
    analyse_all(workspace, jobs)
    results = [ledger.read(run.id) for run in jobs]
    tell_problems(results)
    return results


def jobs_of(workspace: Workspace, kind: Kind) -> dict[Run, RunJob]:
    """RETURNS (dict[Run, RunJob]): All runs of a kind, and what decides the result of each."""
    runs = planned_runs(
        workspace.experiment,
        kind,
        workspace.count,
        {name: corpus.entity_types for name, corpus in workspace.corpora.items()},
        lambda model: model_job(workspace, model).updates_in_all,
    )
    return {run: run_job(workspace, run) for run in runs}


def tell_left_out(workspace: Workspace) -> None:
    """Print the sample sizes that a target's training part is too small for."""
    few_shot = workspace.experiment.few_shot
    if few_shot is None:
        return
    for target in few_shot.targets:
        beyond = sizes_left_out(few_shot, target, workspace.count)
        if beyond:
            there, sizes = workspace.count(target, "train"), ", ".join(map(str, beyond))
            msg.warn(f"{target} has {there} training sentences; these sizes are left out: {sizes}")


def tell_pending(ledger: Ledger, jobs: Jobs, pending: Jobs) -> None:
    """Print how many runs are to be done, and which of them take the place of others."""
    tell_others(sum(ledger.is_of_others(run.id, job.fingerprint) for run, job in pending.items()))
    damaged = sum(ledger.is_damaged(run.id) for run in pending)
    if damaged:
        msg.warn(f"Damaged, or without their result or predictions, and made anew: {damaged} of these runs")
    msg.info(f"{len(jobs)} runs, {len(jobs) - len(pending)} finished before, {len(pending)} to do")


def tell_others(count: int) -> None:
    """Print how many results are about to give way to those of today."""
    if count:
        msg.warn(f"On record with other settings, data or another encoder, and made anew: {count} of these runs")


def tell_problems(results: Sequence[RunResult]) -> None:
    """Print the runs whose training has failed."""
    for result in results:
        if result.problem:
            msg.warn(f"{result.run} is not compared with others: {result.problem}")


def write_plan(workspace: Workspace, kind: Kind, jobs: Jobs) -> None:
    """Write which runs of a kind belong to the experiment: for each id its coordinates and its fingerprint."""
    plan = Plan(workspace.started_with, {run.id: planned_run(workspace, run, job) for run, job in jobs.items()})
    write_json(plan_file(workspace.results, kind), asdict(plan))


def planned_run(workspace: Workspace, run: Run, job: RunJob) -> PlannedRun:
    """RETURNS (PlannedRun): A run as a plan holds it."""
    coordinates = run.coordinates(workspace.name, workspace.experiment.model, workspace.threads)
    return PlannedRun(coordinates, job.fingerprint)


def carry_out_all(workspace: Workspace, jobs: Jobs) -> None:
    """Carry runs out one after the other, with a bar of the sentence passes done and the time left."""
    device = use_device(workspace.threads, workspace.gpu_id)
    costs, cache = estimate_costs(workspace, jobs), PipelineCache()
    with progress(sum(costs), "sentence", disable=not jobs, smoothing=0.05) as bar:
        for run, cost in zip(jobs, costs, strict=True):
            bar.set_description(run.id, refresh=False)
            finished = bar.n + cost
            carry_out(workspace, run, device, cache, bar.update)
            # What was estimated and what was done may differ, as by a test that takes longer.
            bar.update(finished - bar.n)


def estimate_costs(workspace: Workspace, jobs: Jobs) -> list[int]:
    """RETURNS (list[int]): What each run costs, in sentence passes; a model that several runs need is trained once."""
    models = {model for run in jobs for model in models_of(workspace.experiment, run)}
    seen = {model_job(workspace, model).fingerprint for model in models if find_model(workspace, model)}
    costs = []
    for job in jobs.values():
        trainings = [one for one in distinct([job.training]) if one.fingerprint not in seen]
        seen.update(one.fingerprint for one in trainings)
        costs.append(TEST_COST + sum(one.passes for one in trainings))
    return costs


def show(results: Sequence[RunResult]) -> None:
    """Print one line of scores per run; a dash where a target has no mention of a type, or does not annotate it."""
    names = [*in_order({name for result in results for name in result.scores.tokens} - {MICRO}), MICRO]
    header = ("Run", "Sentences", "Updates", *(f"{name[:1].upper()}{name[1:]} F1" for name in names))
    rows = [
        (result.run, result.sentences["train"], result.updates, *(_f1(result, name) for name in names))
        for result in results
    ]
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1), max_col=120)


def _f1(result: RunResult, name: str) -> str:
    score = result.scores.tokens.get(name)
    return f"{score.f1:.1f}" if score and score.gold else "-"
