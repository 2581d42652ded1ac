"""Train a pipeline with spaCy's own loop, in this process and without its output."""
import io
import math
import tempfile
import time
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable, Iterator, Mapping, Optional

from spacy.language import Language
from spacy.training.loop import train
from spacy.util import load_config, registry
from thinc.api import Config

import scripts.ner.training  # noqa: F401  (registers what the configs name)
from scripts.base.errors import ProjectError, is_out_of_memory
from scripts.base.progress import OnPasses, ignore_passes
from scripts.experiments.config import ENCODER, check_named_files, explain_config_error, resolve_config
from scripts.experiments.job import TrainingJob
from scripts.experiments.loading import check_loads
from scripts.experiments.pipeline_cache import PipelineCache

ON_UPDATE = "interlingual.OnUpdate.v1"
LOSS_NOT_FINITE = "its loss was not a finite number in update {update}: try a lower learn_rate"


@dataclass(frozen=True)
class Trained:
    """A trained pipeline.

    nlp (Language): The pipeline after the last update.
    config (Config): The resolved config of its training.
    seconds (float): Total wall-clock time.
    problem (str): What went wrong in its training. Empty if nothing did.
    """

    nlp: Language
    config: Config
    seconds: float
    problem: str = ""


def train_job(
    job: TrainingJob,
    source: Optional[Path],
    gpu_id: int,
    cache: PipelineCache,
    on_passes: OnPasses = ignore_passes,
) -> Trained:
    """Train a pipeline, as `spacy train` does with the resolved config.

    job (TrainingJob): The training.
    source (Optional[Path]): Folder of the pipeline to start from, if any.
    gpu_id (int): The GPU to use; -1 for the CPU.
    cache (PipelineCache): Creates the pipeline to train.
    on_passes (Callable): Called after every update with the number of sentences passed, to show progress.
    RETURNS (Trained): The pipeline.
    RAISES (ProjectError): If a file has changed since the job was made, or spaCy rejects the config.
    """
    job.check_files()
    check_named_files(job.template)
    config = resolve_config(job, source)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.cfg"
        config.to_disk(path)
        started, losses = time.monotonic(), Losses()
        nlp = train_config(path, job.template.path, gpu_id, cache, _count_passes(job, on_passes), losses)
    return Trained(nlp, config, time.monotonic() - started, losses.problem)


def _count_passes(job: TrainingJob, on_passes: OnPasses) -> Callable[[], None]:
    done = 0

    def on_update() -> None:
        nonlocal done
        done += 1
        on_passes(job.passes_after(done) - job.passes_after(done - 1))

    return on_update


class Losses:
    """Check the losses of a training."""

    def __init__(self) -> None:
        self.updates = 0
        self.problem = ""

    @contextmanager
    def watch(self, nlp: Language) -> Iterator[None]:
        """Check the loss of every update of a pipeline in the block."""
        # spaCy's loop reports losses to its logger only when it evaluates, which never happens here.
        update = nlp.update

        def watched(*arguments: Any, losses: dict[str, float], **settings: Any) -> Any:
            result = update(*arguments, losses=losses, **settings)
            self._look_at(losses)
            return result

        nlp.update = watched  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            del nlp.update

    def _look_at(self, losses: Mapping[str, float]) -> None:
        self.updates += 1
        # spaCy's "loss" of the encoder is the square of its gradient.
        wrong = [name for name, loss in losses.items() if name != ENCODER and not math.isfinite(loss)]
        if wrong and not self.problem:
            self.problem = LOSS_NOT_FINITE.format(update=self.updates)


def train_config(
    path: Path,
    template: Path,
    gpu_id: int,
    cache: PipelineCache,
    on_update: Callable[[], None] = lambda: None,
    losses: Optional[Losses] = None,
) -> Language:
    """Train a pipeline with a resolved config.

    path (Path): The config.
    template (Path): The unresolved config, for error messages.
    gpu_id (int): The GPU to use; -1 for the CPU.
    cache (PipelineCache): Creates the pipeline to train.
    on_update (Callable): Called after every update.
    losses (Optional[Losses]): Checks the losses.
    RETURNS (Language): The pipeline after the last update.
    RAISES (ProjectError): If spaCy rejects the config.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nlp = _initialize(path, template, gpu_id, cache, on_update)
        with losses.watch(nlp) if losses else nullcontext():
            train(nlp, None, use_gpu=gpu_id, stdout=io.StringIO(), stderr=io.StringIO())
    return nlp


def _initialize(
    path: Path, template: Path, gpu_id: int, cache: PipelineCache, on_update: Callable[[], None]
) -> Language:
    config = load_config(path)
    try:
        return cache.get(_with_logger(config, on_update), gpu_id)
    except Exception as error:
        # spaCy reports errors in files that the config refers to as errors in the config.
        if not is_out_of_memory(error):
            check_loads(config)
        if isinstance(error, ValueError):
            # spaCy raises this for invalid configs, with messages of several lines.
            raise ProjectError(explain_config_error(error), where=template) from error
        raise


def _with_logger(config: Config, on_update: Callable[[], None]) -> Config:
    """RETURNS (Config): The config with a logger that only calls `on_update`. Loggers don't affect the training."""

    def setup(nlp: Language, stdout: IO, stderr: IO) -> tuple[Callable[[Any], None], Callable[[], None]]:
        return lambda info: on_update(), lambda: None

    registry.loggers(ON_UPDATE, func=lambda: setup)
    config["training"]["logger"] = {"@loggers": ON_UPDATE}
    return config
