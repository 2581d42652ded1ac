"""Execute one run: train its pipeline if necessary, test it, and analyze its errors."""
import gc
import platform
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Union

from spacy.language import Language

from scripts.base.files import file_stamp, hash_data
from scripts.base.garbage import free_unused
from scripts.base.machine import processor
from scripts.corpora.parts import read_sentences, sample
from scripts.evaluation.scores import Score
from scripts.experiments.analysis import SeenMentions, analyze
from scripts.experiments.choose import Chooser
from scripts.experiments.device import use_device
from scripts.experiments.health import find_problem
from scripts.experiments.job import TrainingJob, check_unchanged
from scripts.experiments.loading import load_pipeline
from scripts.experiments.models import KeptModel, get_model
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import Run, SourceModel, tested_model
from scripts.experiments.rounds import count_words, place_of, with_sentences
from scripts.experiments.run import FinishedRun, RunJob, ScoredPart, run_job
from scripts.experiments.score import Outcome, predict_sentences, score_tokens, take_test, take_test_in_capitals
from scripts.experiments.second_training import HeldOutMentions, SecondTraining, train_again
from scripts.experiments.train import OnPasses, ignore_passes, train_job
from scripts.experiments.workspace import Workspace
from scripts.ner.rounding import round_encoder
from scripts.results.kinds import FEW_SHOT, SHIPPED
from scripts.results.runs import LAYOUT, RunResult

# Sources are compared on this many sentences of the target's training part, before others are annotated.
FIRST_SENTENCES, FIRST_SENTENCES_SEED = 50, 0
# What the tasks of `scripts.experiments.work` and of the calibration ask a worker to do.
Payload = Union[Run, SourceModel, SecondTraining]
LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers")

# Imported modules stay in memory. Without this, the garbage collector would go through all of them after every run,
# which takes as long as several updates of a training. Workers, which are forked from a process that has imported
# this module, would each get their own copy.
gc.freeze()


@dataclass(frozen=True)
class ModelUnderTest:
    """A trained pipeline, with details of its training.

    nlp (Language): The pipeline.
    config (str): The resolved config of its training.
    seconds (float): Wall-clock time of its training.
    sample (tuple): (document id, sentence number) of each sentence of the sample. Empty for whole parts.
    problem (str): What went wrong in its training. Empty if nothing did.
    """

    nlp: Language
    config: str
    seconds: float
    sample: tuple[tuple[str, int], ...] = ()
    problem: str = ""


class RunWorker:
    """Execute runs one after the other, and keep pipelines in memory that the next run may start from.

    workspace (Workspace): The experiment and its environment. Its GPU and threads are set up for this process.
    RAISES (ProjectError): If the GPU can't be used.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._device = use_device(workspace.threads, workspace.gpu_id)
        self._starts = PipelineCache()
        self._trained = KeptPipeline()
        self._seen = SeenMentions()

    def do(self, what: Payload, on_passes: OnPasses) -> Union[FinishedRun, KeptModel, HeldOutMentions]:
        """RETURNS (FinishedRun, KeptModel or HeldOutMentions): Everything to save of a run, the model, which is already
        saved, or what a second training found."""
        is_few_shot = isinstance(what, Run) and what.kind == FEW_SHOT
        # Two pipelines at a time need twice the memory.
        if is_few_shot or not isinstance(what, Run):
            self._trained.forget()
        if not is_few_shot:
            self._starts.forget()
        if isinstance(what, Run):
            return execute_run(self.workspace, what, self._device, self._starts, self._trained, self._seen, on_passes)
        trained = self._train(what, on_passes)
        free_unused()
        return trained

    def _train(
        self, what: Union[SourceModel, SecondTraining], on_passes: OnPasses
    ) -> Union[KeptModel, HeldOutMentions]:
        if isinstance(what, SourceModel):
            return get_model(self.workspace, what, on_passes)
        return train_again(self.workspace, what, on_passes)


class KeptPipeline:
    """Load pipelines from disk and cache the last one, which is often tested on several corpora."""

    def __init__(self) -> None:
        self._kept: Optional[tuple[tuple[Any, ...], Language]] = None

    def load(self, folder: Path, is_rounded: bool) -> Language:
        """Load a pipeline, or return the cached one.

        folder (Path): Folder of the pipeline.
        is_rounded (bool): Whether to round the encoder's weights, as a package does.
        RETURNS (Language): The pipeline, which must not be changed.
        """
        key = folder, file_stamp(folder), is_rounded
        if self._kept and self._kept[0] == key:
            return self._kept[1]
        self.forget()
        nlp = load_pipeline(folder)
        if is_rounded:
            round_encoder(nlp)
        self._kept = key, nlp
        return nlp

    def forget(self) -> None:
        """Free the memory of the last pipeline. It has reference cycles, so this needs the garbage collector."""
        self._kept = None
        free_unused()


def execute_run(
    workspace: Workspace,
    run: Run,
    device: str,
    starts: PipelineCache,
    trained: KeptPipeline,
    seen: SeenMentions,
    on_passes: OnPasses = ignore_passes,
) -> FinishedRun:
    """Train if necessary, test, and analyze the errors.

    workspace (Workspace): The experiment and its environment.
    run (Run): The run.
    device (str): `cpu` or the name of the GPU, to save with the result.
    starts (PipelineCache): Creates the pipelines for few-shot runs to train.
    trained (KeptPipeline): Loads the trained pipelines for other runs to test.
    seen (SeenMentions): Collects the mentions in a run's training data.
    on_passes (Callable): Called after every update with the number of sentences passed, to show progress.
    RETURNS (FinishedRun): Everything to save.
    """
    job, place = run_job(workspace, run), place_of(workspace, run)
    chooser = Chooser(workspace, run, job, place) if place else None
    drawn = chooser.sample(_source_loader(workspace, run, starts, trained, on_passes)) if chooser else None
    if drawn:
        trained.forget()
        job = with_sentences(job, drawn.numbers)
    model = get_model_under_test(workspace, run, job.training, starts, trained, on_passes)
    outcome = _take(job.test, model.nlp)
    result = _result(workspace, run, job, model, outcome, device)
    if drawn:
        result = replace(result, cost={**result.cost, "edits": drawn.edits})
    analysis = analyze(job, [asdict(prediction) for prediction in outcome.predictions], seen.of(job.training))
    left = chooser.leave(model.nlp, drawn, result.problem) if chooser and drawn else None
    return FinishedRun(result, model.config, model.sample, outcome.predictions, analysis, left)


def _result(
    workspace: Workspace, run: Run, job: RunJob, model: ModelUnderTest, outcome: Outcome, device: str
) -> RunResult:
    test = job.test
    return RunResult(
        run=run.id,
        coordinates=run.coordinates(workspace.name, workspace.experiment.model, workspace.threads),
        settings=job.training.record,
        fingerprint=job.fingerprint,
        layout=LAYOUT,
        training=job.training.fingerprint,
        versions=versions(),
        device=device,
        hardware=processor(),
        predictions=hash_data([asdict(prediction) for prediction in outcome.predictions]),
        seconds={"train": round(model.seconds, 2), "predict": outcome.seconds},
        updates=job.training.length.updates,
        sentences={"train": job.training.n_sentences, "test": outcome.sentences},
        scores=outcome.scores,
        source_updates=job.training.source.updates_in_all if job.training.source and run.kind == FEW_SHOT else 0,
        source_tests={one.corpus: _take(one, model.nlp).scores.tokens for one in job.source_tests},
        first_sentences=_score_first_sentences(job.first_sentences, model.nlp) if job.first_sentences else {},
        problem=model.problem or find_problem(model.nlp, job.training, outcome),
        capitals=take_test_in_capitals(model.nlp, test.part.path, test.entity_types) if job.in_capitals else None,
        cost={"words": count_words(job.training.sentences())} if run.kind == FEW_SHOT else {},
    )


def _source_loader(
    workspace: Workspace, run: Run, starts: PipelineCache, trained: KeptPipeline, on_passes: OnPasses
) -> Callable[[], Language]:
    def load() -> Language:
        # Two pipelines at a time need twice the memory.
        starts.forget()
        assert run.source
        return trained.load(get_model(workspace, run.source, on_passes).pipeline, is_rounded=False)

    return load


def _take(test: ScoredPart, nlp: Language) -> Outcome:
    check_unchanged(test.part.path, test.part.sha256)
    return take_test(nlp, test.part.path, test.entity_types)


def _score_first_sentences(test: ScoredPart, nlp: Language) -> Mapping[str, Score]:
    """Score a source model on the first sentences of the target's sample, which would be annotated first.

    These are training sentences, so the scores may be used to choose a source.

    test (ScoredPart): The training part of the target.
    nlp (Language): The source model.
    RETURNS (Mapping[str, Score]): On tokens.
    """
    sentences = read_sentences([str(test.part.path)])
    drawn = [sentences[number] for number in sample(len(sentences), FIRST_SENTENCES, FIRST_SENTENCES_SEED)]
    gold, predictions = predict_sentences(nlp, drawn)
    return score_tokens(gold, [prediction.tokens for prediction in predictions], test.entity_types)


def get_model_under_test(
    workspace: Workspace,
    run: Run,
    job: TrainingJob,
    starts: PipelineCache,
    trained: KeptPipeline,
    on_passes: OnPasses = ignore_passes,
) -> ModelUnderTest:
    """RETURNS (ModelUnderTest): A saved model on whole training parts or, in few-shot, a model trained for this run."""
    model = tested_model(workspace.experiment, run)
    if model is not None:
        kept = get_model(workspace, model, on_passes)
        config = kept.config.read_text(encoding="utf8")
        nlp = trained.load(kept.pipeline, is_rounded=run.kind == SHIPPED)
        return ModelUnderTest(nlp, config, kept.seconds, problem=kept.problem)
    source = get_model(workspace, run.source, on_passes).pipeline if run.source else None
    after = train_job(job, source, workspace.gpu_id, starts, on_passes)
    drawn = tuple((sentence.document, sentence.number) for sentence in job.sentences())
    return ModelUnderTest(after.nlp, after.config.to_str(), after.seconds, drawn, after.problem)


@cache
def versions() -> dict[str, str]:
    """RETURNS (dict): Versions of Python and of the libraries that affect the results."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
