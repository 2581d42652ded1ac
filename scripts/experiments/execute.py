"""Run an experiment: skip finished runs, execute the others, show progress and save the results."""
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

import srsly
from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.base.files import write_checked_json, write_text, write_zipped_json
from scripts.base.progress import TaskBar
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO, f1_text
from scripts.experiments.analysis import analyze_all
from scripts.experiments.executors.inline import Inline
from scripts.experiments.executors.task import Ended, Executor, Task, Work
from scripts.experiments.journal import Journal, failure_line
from scripts.experiments.models import model_job
from scripts.experiments.plan import Run, planned_runs, sizes_left_out
from scripts.experiments.rounds import check_choosable, is_finished
from scripts.experiments.run import RunJob, run_job
from scripts.experiments.second_training import SecondTraining, write_held_out
from scripts.experiments.settings import Experiment
from scripts.experiments.work import Jobs, RunWork, tasks_of
from scripts.experiments.workspace import Workspace
from scripts.results.analysis import analysis_file
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, Kind
from scripts.results.rounds import round_file, write_round
from scripts.results.runs import Ledger, Plan, PlannedRun, RunResult, plan_file


def execute_kind(
    workspace: Workspace,
    kind: Kind,
    executor: Optional[Executor] = None,
    verbose: bool = False,
    beside: Sequence[Task] = (),
) -> list[RunResult]:
    """Run and save all runs of a kind.

    First, write the plan to `KIND.json` next to the folder of runs. It lists the runs that belong to the current
    experiment, whatever runs earlier settings left in the folder. The report follows it, even while runs are missing.

    workspace (Workspace): The experiment and its environment.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    executor (Optional[Executor]): The executor of the runs. None for this process.
    verbose (bool): Whether to print the experiment's settings even if they were printed before.
    beside (Sequence[Task]): Other tasks for the same workers, such as the training for a calibration.
    RETURNS (list[RunResult]): The results, in the order of the plan. Those of finished runs are read from their files.
    RAISES (ProjectError): If runs failed. The results of the others are saved.
    """
    ledger = Ledger(workspace.runs)
    ledger.check_layout()
    jobs = jobs_of(workspace, kind)
    show_settings(workspace, anew=verbose or kind == IN_CORPUS)
    if kind == FEW_SHOT:
        print_left_out(workspace)
    if not jobs:
        msg.warn(f"No {kind} runs: {explain_no_runs(workspace.experiment, kind)}")
    write_plan(workspace, kind, jobs)
    finished = {run: job for run, job in jobs.items() if is_finished(workspace, run, job)}
    pending = {run: job for run, job in jobs.items() if run not in finished}
    print_pending(ledger, jobs, pending)
    failed = execute_all(workspace, pending, executor, beside)
    analyze_all(workspace, finished)
    results = [ledger.read(run.id) for run in jobs if run.id not in failed]
    print_problems(results)
    check_failed(workspace, failed)
    return results


def show_settings(workspace: Workspace, anew: bool) -> None:
    """Print the experiment's settings, unless they are the same as for the previous command.

    workspace (Workspace): The experiment and its environment.
    anew (bool): Whether to print them in any case, as in the first step of a workflow.
    """
    settings, file = srsly.yaml_dumps(workspace.experiment.model_dump(mode="json")), settings_file(workspace)
    is_known = file.is_file() and file.read_bytes() == settings.encode("utf8")
    if anew or not is_known:
        print(settings)
    if not is_known:
        write_text(file, settings)


def settings_file(workspace: Workspace) -> Path:
    """RETURNS (Path): The file with the settings of the last command, including defaults."""
    return workspace.results / "settings.yml"


def check_failed(workspace: Workspace, failed: Mapping[str, str]) -> None:
    """Print why runs failed, and raise an error if any did.

    workspace (Workspace): The experiment and its environment.
    failed (Mapping[str, str]): The reasons, by run.
    RAISES (ProjectError): If any runs failed.
    """
    for name, reason in failed.items():
        print(failure_line(name, reason))
    if failed:
        what = f"{len(failed)} of the runs and source models failed; the results of the others are saved"
        remedy = "start the command again to repeat only those that failed"
        raise ProjectError(what, where=workspace.results / "failures", remedy=remedy)


def jobs_of(workspace: Workspace, kind: Kind) -> dict[Run, RunJob]:
    """RETURNS (dict[Run, RunJob]): All runs of a kind, each with everything that determines its result.

    RAISES (ProjectError): If a target's training part is too small for every sample, or its models can't select one.
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


def print_left_out(workspace: Workspace) -> None:
    """Print the sample sizes that exceed a target's training part."""
    few_shot = workspace.experiment.few_shot
    if few_shot is None:
        return
    for target in few_shot.targets:
        beyond = sizes_left_out(few_shot, target, workspace.count)
        if beyond:
            there, sizes = workspace.count(target, "train"), ", ".join(map(str, beyond))
            msg.warn(f"Skipping sample sizes {sizes}: {target} has only {there} training sentences")


def explain_no_runs(experiment: Experiment, kind: Kind) -> str:
    """RETURNS (str): Why an experiment has no runs of a kind."""
    if kind == FEW_SHOT:
        return "the experiment file has no `few_shot`"
    if len(experiment.corpora) == 1:
        return "the experiment has one corpus, so there is no other one to test on"
    return "`zero_shot` lists no target"


def print_pending(ledger: Ledger, jobs: Jobs, pending: Jobs) -> None:
    """Print how many runs are left to do, and how many saved results will be replaced."""
    print_outdated(sum(ledger.is_of_others(run.id, job.fingerprint) for run, job in pending.items()))
    damaged = sum(ledger.is_damaged(run.id) for run in pending)
    if damaged:
        msg.warn(f"Runs to repeat because they are damaged or incomplete: {damaged}")
    again = sum(ledger.is_finished(run.id, job.fingerprint) for run, job in pending.items())
    if again:
        msg.warn(f"Runs to repeat because the sentences for the next round are missing: {again}")
    msg.info(f"{len(jobs)} runs: {len(jobs) - len(pending)} already finished, {len(pending)} to do")


def print_outdated(count: int) -> None:
    """Print how many saved results will be replaced."""
    if count:
        msg.warn(f"Runs to repeat because settings, data or the encoder have changed: {count}")


def print_problems(results: Sequence[RunResult]) -> None:
    """Print the runs that trained without success."""
    for result in results:
        if result.problem:
            msg.warn(f"{result.run} is excluded from comparisons: {result.problem}")


def write_plan(workspace: Workspace, kind: Kind, jobs: Jobs) -> None:
    """Write the plan: the runs of a kind that belong to the experiment, each with its coordinates and fingerprint."""
    plan = Plan(workspace.started_with, {run.id: planned_run(workspace, run, job) for run, job in jobs.items()})
    write_checked_json(plan_file(workspace.results, kind), asdict(plan))


def planned_run(workspace: Workspace, run: Run, job: RunJob) -> PlannedRun:
    """RETURNS (PlannedRun): A run, as stored in a plan."""
    coordinates = run.coordinates(workspace.name, workspace.experiment.model, workspace.threads)
    return PlannedRun(coordinates, job.fingerprint)


def execute_all(
    workspace: Workspace, jobs: Jobs, executor: Optional[Executor] = None, beside: Sequence[Task] = ()
) -> dict[str, str]:
    """Execute runs, with one progress bar for all of them.

    workspace (Workspace): The experiment and its environment.
    jobs (Mapping[Run, RunJob]): The runs.
    executor (Optional[Executor]): The executor of the runs. None for this process.
    beside (Sequence[Task]): Other tasks for the same workers.
    RETURNS (dict[str, str]): The reasons for the failures of runs, and of the models they need, by id.
    """
    put_down = partial(put_on_record, workspace)
    tasks = [*tasks_of(workspace, jobs), *beside]
    return do_tasks(workspace, RunWork(workspace), tasks, executor, put_down)


def do_tasks(
    workspace: Workspace,
    work: Work,
    tasks: Sequence[Task],
    executor: Optional[Executor],
    put_down: Callable[[Ended, Journal], str],
) -> dict[str, str]:
    """Execute tasks, with one progress bar for all of them, and a log.

    workspace (Workspace): The experiment and its environment.
    work (Work): How to do a task.
    tasks (Sequence[Task]): The tasks.
    executor (Optional[Executor]): The executor of the tasks. None for this process.
    put_down (Callable): Saves and logs a finished task, and returns the line to print for it.
    RETURNS (dict[str, str]): The reasons for failures, by id.
    """
    if not tasks:
        return {}
    executor, journal = executor or Inline(workspace.gpu_id), Journal(workspace.results)
    with TaskBar({task.id: task.cost for task in tasks}, "sentence") as bar:
        with closing(executor.execute(work, tasks, bar.move)) as over:
            for ended in over:
                bar.end(ended.task.id, put_down(ended, journal))
    return journal.failed


def put_on_record(workspace: Workspace, ended: Ended, journal: Journal) -> str:
    """Save the result of a task that succeeded.

    workspace (Workspace): The experiment and its environment.
    ended (Ended): A run, a second training, or the training of a source model, which was saved when it was trained.
    journal (Journal): The log.
    RETURNS (str): The line to print.
    """
    if not ended.failure and isinstance(ended.task.payload, SecondTraining):
        write_held_out(workspace, ended.value)
        return journal.note(ended)
    if ended.failure or not isinstance(ended.task.payload, Run):
        return journal.note(ended, problem="" if ended.failure else ended.value.problem)
    ledger, done = Ledger(workspace.runs), ended.value
    if done.round:
        write_round(round_file(workspace.results, done.result.run), done.round)
    ledger.write(done.result, done.config, done.sample, done.predictions)
    write_zipped_json(analysis_file(ledger.folder, done.result.run), done.analysis)
    return journal.note(ended, done.result.scores.tokens[MICRO].f1, done.result.problem)


def show(results: Sequence[RunResult]) -> None:
    """Print one line of scores per run. A dash means that the target doesn't annotate a type, or has none of it."""
    names = [*in_order({name for result in results for name in result.scores.tokens} - {MICRO}), MICRO]
    header = ("Run", "Sentences", "Updates", *(f"{name[:1].upper()}{name[1:]} F1" for name in names))
    rows = [
        (
            result.run,
            result.sentences["train"],
            result.updates,
            *(f1_text(result.scores.tokens, name) for name in names),
        )
        for result in results
    ]
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1), max_col=120)
