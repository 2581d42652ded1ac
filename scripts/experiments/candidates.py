"""Train a candidate of a search and score it on the development documents."""
import time
from dataclasses import asdict
from typing import Any

from scripts.base.progress import OnPasses
from scripts.evaluation.scores import MICRO
from scripts.evaluation.search import SearchResult
from scripts.experiments.device import use_device
from scripts.experiments.execute_run import versions
from scripts.experiments.job import TrainingJob
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.run import RunJob
from scripts.experiments.score import Outcome, take_test
from scripts.experiments.search import DEVELOPMENT, TRAIN, SearchRun
from scripts.experiments.train import train_job
from scripts.experiments.workspace import Workspace


class SearchWorker:
    """Train and score candidates one after the other, and keep a pipeline in memory that the next one may start from.

    workspace (Workspace): The experiment and its environment. Its GPU and threads are set up for this process.
    RAISES (ProjectError): If the GPU can't be used.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._device = use_device(workspace.threads, workspace.gpu_id)
        self._starts = PipelineCache()

    def do(self, what: tuple[SearchRun, RunJob], on_passes: OnPasses) -> dict[str, Any]:
        """RETURNS (dict): The data to save."""
        run, job = what
        started = time.monotonic()
        trained = train_job(job.training, None, self.workspace.gpu_id, self._starts, on_passes)
        outcome = take_test(trained.nlp, job.test.part.path, job.test.entity_types)
        seconds = round(time.monotonic() - started, 2)
        return {"device": self._device, "seconds": seconds, **_record(run, job.training, outcome)}


def _record(run: SearchRun, job: TrainingJob, outcome: Outcome) -> dict[str, Any]:
    scores = outcome.scores.tokens
    return {
        "result": asdict(SearchResult(run.candidate.name, run.corpus, run.size, run.seed, scores[MICRO].f1)),
        "settings": job.record,
        "threads": job.threads,
        "versions": versions(),
        "updates": job.length.updates,
        "sentences": {TRAIN: job.n_sentences, DEVELOPMENT: outcome.sentences},
        "scores": {name: score.to_dict() for name, score in scores.items()},
    }
