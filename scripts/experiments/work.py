"""Split the runs of an experiment into tasks, and define how a worker does one."""
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Optional

from scripts.base.progress import OnPasses
from scripts.experiments.config import named_files
from scripts.experiments.executors.task import Task
from scripts.experiments.models import find_model, model_folder, model_job
from scripts.experiments.plan import Run, SourceModel, models_of
from scripts.experiments.rounds import observed_sentences, place_of
from scripts.experiments.run import RunJob
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT
from scripts.results.rounds import round_file

# Loading and testing take about as long as training on this many sentences.
TEST_COST = 100
# Observing a sentence for a selection takes about as long as this share of a training sentence.
OBSERVING_COST = 0.25
Jobs = Mapping[Run, RunJob]


class WorkerWork:
    """Do tasks with a worker, in the process that this is sent to.

    workspace (Workspace): The experiment and its environment.
    """

    module: str

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._worker: Any = None

    def make_worker(self, workspace: Workspace) -> Any:
        """RETURNS (Any): The worker, with `do(payload, on_passes)`. Import its module here: it takes seconds, and the
        process that only hands out tasks doesn't need it."""
        raise NotImplementedError

    def open(self, gpu_id: int) -> None:
        """See `Work.open`."""
        self._worker = self.make_worker(replace(self.workspace, gpu_id=gpu_id))

    def do(self, payload: Any, on_passes: OnPasses) -> Any:
        """See `Work.do`."""
        return self._worker.do(payload, on_passes)


class RunWork(WorkerWork):
    """Train source models and execute runs."""

    module = "scripts.experiments.execute_run"

    def make_worker(self, workspace: Workspace) -> Any:
        """RETURNS (RunWorker): The worker that executes runs."""
        from scripts.experiments.execute_run import RunWorker

        return RunWorker(workspace)


def tasks_of(workspace: Workspace, jobs: Jobs) -> list[Task]:
    """Split runs into tasks: one per missing source model, and one per run.

    workspace (Workspace): The experiment and its environment.
    jobs (Mapping[Run, RunJob]): The runs to execute.
    RETURNS (list[Task]): The tasks. Each run comes after the models it needs, and after the runs that select its
        sentences.
    """
    shared, missing = shared_files(workspace), _Missing(workspace)
    tasks: dict[str, Task] = {}
    for run, job in jobs.items():
        models = models_of(workspace.experiment, run)
        for model in models:
            if missing.is_missing(model) and model_id(workspace, model) not in tasks:
                task = _model_task(workspace, model, shared, missing)
                tasks[task.id] = task
        place = place_of(workspace, run)
        needs = place.needs if place else []
        after = [model_id(workspace, model) for model in models if missing.is_missing(model)]
        tasks[run.id] = Task(
            id=run.id,
            payload=run,
            cost=_cost_of(workspace, run, job),
            after=(*after, *(other.id for other in needs if other in jobs)),
            start=_start_of(run, job),
            reads=(
                *(*shared, *(model_folder(workspace, model) for model in models)),
                *(round_file(workspace.results, other.id) for other in needs),
            ),
        )
    return list(tasks.values())


def _cost_of(workspace: Workspace, run: Run, job: RunJob) -> int:
    observing = round(OBSERVING_COST * observed_sentences(workspace, run))
    return TEST_COST + observing + (job.training.passes if run.kind == FEW_SHOT else 0)


class _Missing:
    """Find out which models have to be trained. Check each only once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[SourceModel, bool] = {}

    def is_missing(self, model: SourceModel) -> bool:
        if model not in self._known:
            self._known[model] = find_model(self._workspace, model) is None
        return self._known[model]


def model_id(workspace: Workspace, model: SourceModel) -> str:
    """RETURNS (str): The name of the task that trains a model."""
    return ".".join(["model", *([model.baseline] if model.baseline else []), model_folder(workspace, model).name])


def _model_task(workspace: Workspace, model: SourceModel, shared: tuple[Path, ...], missing: _Missing) -> Task:
    before: Optional[SourceModel] = model.before
    return Task(
        id=model_id(workspace, model),
        payload=model,
        cost=model_job(workspace, model).passes,
        after=(model_id(workspace, before),) if before and missing.is_missing(before) else (),
        reads=(*shared, *([model_folder(workspace, before)] if before else [])),
        writes=model_folder(workspace, model),
    )


def _start_of(run: Run, job: RunJob) -> str:
    """RETURNS (str): The key of what a worker keeps in memory for similar runs: their start, or the model they test."""
    if run.kind != FEW_SHOT:
        return job.training.fingerprint
    source = job.training.source.fingerprint if job.training.source else ""
    return ".".join([source, run.transfer, *job.training.entity_types])


def shared_files(workspace: Workspace) -> tuple[Path, ...]:
    """RETURNS (tuple[Path, ...]): What any run may read besides models: corpora, tokenizer, encoders and configs."""
    recipes = [workspace.recipe, *workspace.baselines.values()]
    templates = [path for recipe in recipes for path in (recipe.template.path, *named_files(recipe.template.path))]
    encoders = [recipe.encoder.path for recipe in recipes if recipe.encoder]
    parts = [part.path for corpus in workspace.corpora.values() for part in corpus.parts.values()]
    return tuple(dict.fromkeys([*parts, workspace.tokenizer.path, *templates, *encoders]))
