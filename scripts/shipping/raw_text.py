"""Run a pipeline over portions of raw text with workers, to predict entities or to select sentences to annotate."""
from contextlib import closing
from pathlib import Path
from typing import Any, Mapping

from spacy.language import Language

from scripts.annotation.pipelines import PipelineSource, load_pipeline
from scripts.annotation.predict import Predictor, Unfinished
from scripts.annotation.suggest import Observer
from scripts.annotation.texts import Portion, TextFiles
from scripts.base.errors import ProjectError
from scripts.base.progress import OnPasses, TaskBar
from scripts.experiments.calibration import find_own_calibration
from scripts.experiments.device import use_device
from scripts.experiments.executors.task import Executor, Task, Work
from scripts.experiments.folders import lock_experiment
from scripts.experiments.models import check_as_saved, find_model
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import Workspace, open_workspace

# Option value for the experiment's shipped pipeline.
OF_EXPERIMENT = "experiment"


def shipped_source(workspace: Workspace) -> PipelineSource:
    """Find the shipped pipeline of an experiment, as it would be packaged.

    workspace (Workspace): The experiment and its environment.
    RETURNS (PipelineSource): The pipeline, with calibrated confidences if it was packaged after its training.
    RAISES (ProjectError): If it hasn't been trained with the current settings and data, or it or its calibration is
        damaged.
    """
    kept = find_model(workspace, shipped_model(workspace.experiment))
    if kept is None:
        what = "the shipped pipeline hasn't been trained with the current settings and data, or is damaged"
        remedy = "run `weasel run train` first, or choose another pipeline with --vars.pipeline"
        raise ProjectError(what, where=f"experiment {workspace.name}", remedy=remedy)
    calibration = find_own_calibration(workspace)
    return PipelineSource(str(kept.pipeline), calibration.numbers if calibration else {}, is_rounded=True)


def find_source(
    pipeline: str,
    experiment: str,
    configs: Path,
    corpus: Path,
    training: Path,
    metrics: Path,
    seed: int,
    threads: int,
    gpu_id: int,
    encoder: str,
) -> PipelineSource:
    """Find the pipeline for a command.

    pipeline (str): `experiment`, a folder, or the name of an installed package. For the other arguments, which are only
        used with `experiment`, see `open_workspace`.
    RETURNS (PipelineSource): The pipeline.
    RAISES (ProjectError): If there is no such pipeline, or it is damaged.
    """
    if pipeline != OF_EXPERIMENT:
        source = PipelineSource(pipeline)
        # Report an invalid name before the texts are read.
        check_as_saved(source.folder)
        return source
    with lock_experiment(experiment, configs, corpus, training, metrics):
        return shipped_source(
            open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        )


def folders_of(pipeline: str, training: Path, experiment: str) -> list[Path]:
    """RETURNS (list[Path]): Folders that no other command may change while a pipeline is in use; see `find_source`."""
    return [training / experiment] if pipeline == OF_EXPERIMENT else []


class TextWork:
    """Run a pipeline over portions of raw text in a worker.

    source (PipelineSource): The pipeline.
    texts (Path): Path of the texts.
    threads (int): CPU threads per worker.
    """

    module = "scripts.annotation.pipelines"
    workspace = None

    def __init__(self, source: PipelineSource, texts: Path, threads: int) -> None:
        self._source, self._texts, self._threads = source, texts, threads
        self._worker: Any = None

    def make_worker(self, nlp: Language, files: TextFiles) -> Any:
        """RETURNS (Any): An object that processes portions, with `do(number, places, on_texts)`."""
        raise NotImplementedError

    def open(self, gpu_id: int) -> None:
        """See `Work.open`."""
        use_device(self._threads, gpu_id)
        self._worker = self.make_worker(load_pipeline(self._source), TextFiles(self._texts))

    def do(self, payload: Any, on_passes: OnPasses) -> Any:
        """See `Work.do`."""
        number, places = payload
        return self._worker.do(number, places, on_passes)


class PredictWork(TextWork):
    """Predict entities, and write them.

    unfinished (Unfinished): The output. For the other arguments, see `TextWork`.
    """

    def __init__(self, source: PipelineSource, texts: Path, threads: int, unfinished: Unfinished) -> None:
        super().__init__(source, texts, threads)
        self._unfinished = unfinished

    def make_worker(self, nlp: Language, files: TextFiles) -> Predictor:
        """RETURNS (Predictor): The object that predicts entities."""
        return Predictor(nlp, files, self._unfinished)


class ObserveWork(TextWork):
    """Compute the features that sentences are selected by.

    method (str): The selection method. For the other arguments, see `TextWork`.
    """

    def __init__(self, source: PipelineSource, texts: Path, threads: int, method: str) -> None:
        super().__init__(source, texts, threads)
        self._method = method

    def make_worker(self, nlp: Language, files: TextFiles) -> Observer:
        """RETURNS (Observer): The object that computes features."""
        return Observer(nlp, files, self._method)


def do_portions(work: Work, executor: Executor, portions: Mapping[int, Portion]) -> dict[int, Any]:
    """Process portions of texts, with a progress bar.

    work (Work): How to process a portion.
    executor (Executor): The executor.
    portions (Mapping[int, Portion]): Portions by number.
    RETURNS (dict[int, Any]): The results by number.
    RAISES (ProjectError): If any portion failed, after all others have been processed.
    """
    tasks = [
        Task(str(number), (number, portion.places), cost=portion.characters) for number, portion in portions.items()
    ]
    values: dict[int, Any] = {}
    failed: list[str] = []
    with TaskBar({str(number): portion.texts for number, portion in portions.items()}, "text") as bar:
        with closing(executor.execute(work, tasks, bar.move)) as over:
            for ended in over:
                if ended.failure:
                    failed.append(ended.failure.reason)
                else:
                    values[int(ended.task.id)] = ended.value
    if failed:
        remedy = "fix the problem and start the command again"
        raise ProjectError(f"{len(failed)} of {len(tasks)} portions of the texts failed: {failed[0]}", remedy=remedy)
    return values
