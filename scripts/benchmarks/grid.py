"""Measure a small few-shot grid with the project's own executor, to see how much of its time isn't the network's."""
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable

from scripts.benchmarks.material import Material
from scripts.benchmarks.measure import Measurement, measured, stopwatch
from scripts.benchmarks.settings import Grid
from scripts.experiments.execute import execute_all
from scripts.experiments.models import get_model
from scripts.experiments.plan import Run, SourceModel, few_shot_sources
from scripts.experiments.run import run_job
from scripts.experiments.settings import FewShot
from scripts.experiments.workspace import Workspace, open_workspace
from scripts.ner.sentence_transformer import EncoderShim
from scripts.results.kinds import FEW_SHOT, FULL, NO_TRANSFER

# The quality of the source doesn't affect the duration of a run.
SOURCE_UPDATES = 20


class Network:
    """Measure the seconds spent in the encoder's passes and updates within a `with` block.

    training (float): Seconds of passes and updates in training.
    testing (float): Seconds of forward passes in testing.
    """

    def __init__(self) -> None:
        self.training = self.testing = 0.0

    def __enter__(self) -> "Network":
        self._own = {name: getattr(EncoderShim, name) for name in ("predict", "begin_update", "finish_update")}
        EncoderShim.predict = self._timed(self._own["predict"], "testing")
        EncoderShim.finish_update = self._timed(self._own["finish_update"], "training")
        timed_begin = self._timed(self._own["begin_update"], "training")

        def begin(shim: EncoderShim, inputs: Any) -> tuple[Any, Callable]:
            output, backprop = timed_begin(shim, inputs)
            return output, self._timed(backprop, "training")

        EncoderShim.begin_update = begin
        return self

    def __exit__(self, *error: Any) -> None:
        for name, method in self._own.items():
            setattr(EncoderShim, name, method)

    def _timed(self, function: Callable, what: str) -> Callable:
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            result = function(*arguments)
            setattr(self, what, getattr(self, what) + time.perf_counter() - started)
            return result

        return timed


def execute_grid(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): A few runs with and without a source. The source's training isn't measured."""
    with TemporaryDirectory() as folder:
        workspace = grid_workspace(material, material.benchmark.grid, Path(folder))
        runs = grid_runs(workspace, material.benchmark.grid)
        for source in {run.source for run in runs if run.source}:
            get_model(workspace, source)
        with Network() as network, stopwatch() as watch:
            execute_all(workspace, {run: run_job(workspace, run) for run in runs})
    rest = watch.wall - network.training - network.testing
    # Also report the share of the time without tests, since long tests would make any overhead look small.
    shares = {"share": rest / watch.wall, "share_without_tests": rest / (watch.wall - network.testing)}
    spent = {"training": network.training, "testing": network.testing, "rest": rest}
    return [measured("grid", len(runs), "runs", watch, **spent, **shares)]


def grid_runs(workspace: Workspace, grid: Grid) -> list[Run]:
    """RETURNS (list[Run]): Runs on the first target, without a source and with the first source, for each seed."""
    target, *_ = workspace.experiment.few_shot.targets
    few_updates = grid.training.model_copy(update={"epochs": 1e-9, "min_updates": SOURCE_UPDATES})
    sources = [source for source in few_shot_sources(workspace.experiment, target) if source.corpora][:1]
    models = [None, *(SourceModel(source.corpora, grid.seeds[0], few_updates) for source in sources)]
    transfers = [FULL if model else NO_TRANSFER for model in models]
    return [
        Run(FEW_SHOT, target, seed, model, transfer, grid.size)
        for model, transfer in zip(models, transfers, strict=True)
        for seed in grid.seeds
    ]


def grid_workspace(material: Material, grid: Grid, folder: Path) -> Workspace:
    """RETURNS (Workspace): The experiment with the benchmark's grid instead of its own. Results go to a folder."""
    places = [Path(material.configs), Path(material.corpus), material.training, folder]
    settings = [material.benchmark.seed, material.threads, material.gpu_id]
    workspace = open_workspace(material.experiment, *places, *settings)
    own = workspace.experiment.few_shot
    changed = FewShot(
        targets=own.targets if own else workspace.experiment.corpora[:1],
        sources=own.sources if own else None,
        sizes=[grid.size],
        seeds=grid.seeds,
        training=grid.training,
    )
    return replace(workspace, experiment=workspace.experiment.model_copy(update={"few_shot": changed}))
