"""Carry out the runs of an experiment by an executor: skip what is finished, show progress, put results on record."""
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

import srsly
from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.base.files import write_json, write_text, write_zipped_json
from scripts.base.progress import TaskBar
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO
from scripts.experiments.analysis import analyse_all
from scripts.experiments.executors.inline import Inline
from scripts.experiments.executors.task import Ended, Executor, Task, Work
from scripts.experiments.journal import Journal, failure_line
from scripts.experiments.models import model_job
from scripts.experiments.plan import Run, planned_runs, sizes_left_out
from scripts.experiments.rounds import check_choosable, is_finished
from scripts.experiments.run import RunJob, run_job
from scripts.experiments.work import Jobs, RunWork, tasks_of
from scripts.experiments.workspace import Workspace
from scripts.results.analysis import analysis_file
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, Kind
from scripts.results.rounds import round_file, write_round
from scripts.results.runs import Ledger, Plan, PlannedRun, RunResult, plan_file


def carry_out_kind(
    workspace: Workspace, kind: Kind, executor: Optional[Executor] = None, verbose: bool = False
) -> list[RunResult]:
    """Bring every run of a kind on record.

    First the plan is written, `KIND.json` beside the folder of runs: which runs belong to the experiment as it is now,
    whatever earlier settings left in the folder. The report goes by it, also while runs are missing.

    workspace (Workspace): The experiment and its surroundings.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    executor (Optional[Executor]): What carries the runs out; None for this process.
    verbose (bool): Whether to print the experiment's settings, whatever was printed before.
    RETURNS (list[RunResult]): Their results, in the order of the plan. Runs that were on record are read, not repeated.
    RAISES (ProjectError): If runs failed. The others are on record.
    """
    ledger = Ledger(workspace.runs)
    ledger.check_layout()
    jobs = jobs_of(workspace, kind)
    show_settings(workspace, anew=verbose or kind == IN_CORPUS)
    if kind == FEW_SHOT:
        tell_left_out(workspace)
    write_plan(workspace, kind, jobs)
    finished = {run: job for run, job in jobs.items() if is_finished(workspace, run, job)}
    pending = {run: job for run, job in jobs.items() if run not in finished}
    tell_pending(ledger, jobs, pending)
    failed = carry_out_all(workspace, pending, executor)
    analyse_all(workspace, finished)
    results = [ledger.read(run.id) for run in jobs if run.id not in failed]
    tell_problems(results)
    check_failed(workspace, failed)
    return results


def show_settings(workspace: Workspace, anew: bool) -> None:
    """Print the experiment's settings, unless those of the last command were the same.

    workspace (Workspace): The experiment and its surroundings.
    anew (bool): Whether to print them in any case, as at the first step of a workflow.
    """
    settings, file = srsly.yaml_dumps(workspace.experiment.model_dump(mode="json")), settings_file(workspace)
    is_known = file.is_file() and file.read_text(encoding="utf8") == settings
    if anew or not is_known:
        print(settings)
    if not is_known:
        write_text(file, settings)


def settings_file(workspace: Workspace) -> Path:
    """RETURNS (Path): Where the settings of the last command stand, defaults included."""
    return workspace.results / "settings.yml"


def check_failed(workspace: Workspace, failed: Mapping[str, str]) -> None:
    """Tell of runs that failed, and stop.

    workspace (Workspace): The experiment and its surroundings.
    failed (Mapping[str, str]): Why, by run.
    RAISES (ProjectError): If there are any.
    """
    for name, reason in failed.items():
        print(failure_line(name, reason))
    if failed:
        what = f"{len(failed)} of the runs and source models failed; the others are on record"
        remedy = "start the command again: only these are repeated"
        raise ProjectError(what, where=workspace.results / "failures", remedy=remedy)


def jobs_of(workspace: Workspace, kind: Kind) -> dict[Run, RunJob]:
    """RETURNS (dict[Run, RunJob]): All runs of a kind, and what decides the result of each.

    RAISES (ProjectError): If a target's training part is too small for any sample, or its models can't choose one.
    """
    if kind == FEW_SHOT:
        check_choosable(workspace)
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
    again = sum(ledger.is_finished(run.id, job.fingerprint) for run, job in pending.items())
    if again:
        msg.warn(f"On record, but without what the next round takes from it, and made anew: {again} of these runs")
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


def carry_out_all(workspace: Workspace, jobs: Jobs, executor: Optional[Executor] = None) -> dict[str, str]:
    """Carry runs out, with one bar for all of them and the time left.

    workspace (Workspace): The experiment and its surroundings.
    jobs (Mapping[Run, RunJob]): The runs.
    executor (Optional[Executor]): What carries them out; None for this process.
    RETURNS (dict[str, str]): Why those runs failed that did, and the models that they need, by id.
    """
    put_down = partial(put_on_record, workspace)
    return do_tasks(workspace, RunWork(workspace), tasks_of(workspace, jobs), executor, put_down)


def do_tasks(
    workspace: Workspace,
    work: Work,
    tasks: Sequence[Task],
    executor: Optional[Executor],
    put_down: Callable[[Ended, Journal], str],
) -> dict[str, str]:
    """Have tasks done, with one bar for all of them, the time left, and a log.

    workspace (Workspace): The experiment and its surroundings.
    work (Work): How a task is done.
    tasks (Sequence[Task]): The tasks.
    executor (Optional[Executor]): What does them; None for this process.
    put_down (Callable): Puts a task that is over on record and in the log, and gives the line that tells of it.
    RETURNS (dict[str, str]): Why those failed that did, by id.
    """
    if not tasks:
        return {}
    executor, journal = executor or Inline(workspace.gpu_id), Journal(workspace.results)
    with TaskBar({task.id: task.cost for task in tasks}, "sentence") as bar:
        with closing(executor.carry_out(work, tasks, bar.move)) as over:
            for ended in over:
                bar.end(ended.task.id, put_down(ended, journal))
    return journal.failed


def put_on_record(workspace: Workspace, ended: Ended, journal: Journal) -> str:
    """Put what a run left behind on record, if it is a run and was carried out.

    workspace (Workspace): The experiment and its surroundings.
    ended (Ended): A run, or the training of a source model, which is kept where it was trained.
    journal (Journal): The log.
    RETURNS (str): What is told of it on the screen.
    """
    if ended.failure or not isinstance(ended.task.payload, Run):
        return journal.note(ended, problem="" if ended.failure else ended.value.problem)
    ledger, done = Ledger(workspace.runs), ended.value
    if done.round:
        write_round(round_file(workspace.results, done.result.run), done.round)
    ledger.write(done.result, done.config, done.sample, done.predictions)
    write_zipped_json(analysis_file(ledger.folder, done.result.run), done.analysis)
    return journal.note(ended, done.result.scores.tokens[MICRO].f1, done.result.problem)


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
