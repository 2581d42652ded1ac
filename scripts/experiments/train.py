"""A resolved config in, a trained pipeline out: spaCy's own loop, in this process and without its printing."""
import io
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable

from spacy.language import Language
from spacy.training.loop import train
from spacy.util import load_config, registry
from thinc.api import Config

import scripts.ner.training  # noqa: F401  (registers what the configs name)
from scripts.base.errors import ProjectError
from scripts.experiments.pipeline_cache import PipelineCache

ON_UPDATE = "interlingual.OnUpdate.v1"


@dataclass(frozen=True)
class Trained:
    """A trained pipeline.

    nlp (Language): The pipeline.
    seconds (float): Wall-clock time, start to end.
    """

    nlp: Language
    seconds: float


def train_pipeline(
    config_path: Path, template: Path, gpu_id: int, cache: PipelineCache, on_update: Callable[[], None] = lambda: None
) -> Trained:
    """Train as `spacy train` does.

    config_path (Path): A resolved config.
    template (Path): The model's config that it was resolved from, for error messages.
    gpu_id (int): The GPU to use; -1 for the CPU.
    cache (PipelineCache): Makes the pipeline that is trained.
    on_update (Callable): Called after every update, to show progress.
    RETURNS (Trained): The pipeline as it is after the last update.
    RAISES (ProjectError): If spaCy does not accept the config.
    """
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nlp = _initialize(config_path, template, gpu_id, cache, on_update)
        train(nlp, None, use_gpu=gpu_id, stdout=io.StringIO(), stderr=io.StringIO())
    return Trained(nlp, time.monotonic() - started)


def _initialize(
    config_path: Path, template: Path, gpu_id: int, cache: PipelineCache, on_update: Callable[[], None]
) -> Language:
    try:
        return cache.get(_with_logger(load_config(config_path), on_update), gpu_id)
    # Whatever spaCy finds wrong in a config; its messages have several lines.
    except ValueError as error:
        raise ProjectError(" ".join(str(error).split()), where=template) from error


def _with_logger(config: Config, on_update: Callable[[], None]) -> Config:
    """RETURNS (Config): The config with a logger that only tells of each update; no logger changes what is learned."""

    def setup(nlp: Language, stdout: IO, stderr: IO) -> tuple[Callable[[Any], None], Callable[[], None]]:
        return lambda info: on_update(), lambda: None

    registry.loggers(ON_UPDATE, func=lambda: setup)
    config["training"]["logger"] = {"@loggers": ON_UPDATE}
    return config
