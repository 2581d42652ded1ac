"""Estimate the cost of an experiment: runs, sentences passed through the network, and time."""
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Mapping, Optional

from spacy.language import Language

from scripts.corpora.parts import Part, read_documents
from scripts.encoders.record import AS_NAMED, EncoderRecord
from scripts.experiments.calibration import calibration_job, can_calibrate
from scripts.experiments.config import find_template, has_encoder, read_template
from scripts.experiments.execute import Jobs, jobs_of
from scripts.experiments.job import Tokenizer, TrainingJob, distinct
from scripts.experiments.pipeline_cache import NoCache
from scripts.experiments.plan import Run
from scripts.experiments.rounds import observed_sentences
from scripts.experiments.run import RunJob
from scripts.experiments.score import predict
from scripts.experiments.settings import Experiment
from scripts.experiments.train import train_job
from scripts.experiments.workspace import ConvertedCorpus, Recipe, Workspace
from scripts.results.kinds import KINDS, SHIPPED
from scripts.results.runs import StartedWith

# Updates to time, after the first ones, in which memory is allocated.
TIMED_UPDATES, FIRST_UPDATES = 8, 3
TIMED_TEST_SENTENCES = 200


@dataclass(frozen=True)
class Cost:
    """The cost of the runs of one kind and one model.

    kind (str): in-corpus, zero-shot, few-shot or shipped.
    model (str): Name of the experiment's own model or of a baseline.
    runs (int): Number of runs.
    trainings (int): Number of models to train for them, including sources that no earlier kind has needed.
    passes (int): Sentences that these trainings pass through the network, counted once per epoch.
    tested (int): Sentences to predict: those of test parts, without unannotated ones, and those of training parts that
        models select from.
    """

    kind: str
    model: str
    runs: int
    trainings: int
    passes: int
    tested: int


@dataclass(frozen=True)
class Speed:
    """The speed of this machine.

    training (float): Sentence passes per second in training.
    testing (float): Sentences per second in prediction.
    encoder (str): The encoder used. Empty for a model without one.
    """

    training: float
    testing: float
    encoder: str = ""

    def hours(self, cost: Cost) -> float:
        """RETURNS (float): Hours that runs take."""
        return (cost.passes / self.training + cost.tested / self.testing) / 3600


def planning_workspace(
    name: str, experiment: Experiment, configs: Path, corpora: Mapping[str, ConvertedCorpus]
) -> Workspace:
    """Set up an experiment to count its runs. Its corpora and encoders don't have to exist.

    name (str): The experiment's name.
    experiment (Experiment): The experiment's settings.
    configs (Path): Folder with the models' configs, which take precedence over the project's own.
    corpora (Mapping[str, ConvertedCorpus]): The converted corpora, or `expected_corpus` for those that aren't.
    RETURNS (Workspace): A workspace for planning only.
    """
    # Sentences shared with a test part are known only once the corpora are converted.
    is_converted = all(part.path.is_file() for corpus in corpora.values() for part in corpus.parts.values())
    kinds = experiment.drop_shared_sentences if is_converted else []
    return Workspace(
        name=name,
        experiment=experiment.model_copy(update={"drop_shared_sentences": kinds}),
        recipe=_planned_recipe(configs, experiment.model, experiment.encoder),
        corpora=corpora,
        corpus=Path(),
        tokenizer=Tokenizer(Path(), ""),
        training=Path(),
        metrics=Path(),
        started_with=StartedWith(seed=0, threads=1, precision="float32", encoder=AS_NAMED),
        baselines={
            key: _planned_recipe(configs, baseline.config, baseline.encoder or experiment.encoder)
            for key, baseline in experiment.baselines.items()
        },
    )


def expected_corpus(entity_types: tuple[str, ...], train: int, test: int, name: str) -> ConvertedCorpus:
    """RETURNS (ConvertedCorpus): A placeholder for a corpus that isn't converted: types, and sentences per part."""
    sizes = {"train": train, "test": test}
    parts = {part: Part(Path(name) / part, f"{name}/{part}", size) for part, size in sizes.items()}
    return ConvertedCorpus(entity_types, parts)


def _planned_recipe(configs: Path, model: str, encoder: str) -> Recipe:
    template = find_template(configs, model)
    record = EncoderRecord(encoder, encoder, Path(), "", encoder, 0, 0, 0) if has_encoder(template) else None
    return Recipe(read_template(template), record)


def estimate(workspace: Workspace) -> list[Cost]:
    """Count the cost of a whole experiment, including what is already done.

    workspace (Workspace): The experiment. See `planning_workspace`.
    RETURNS (list[Cost]): Costs per kind and model, in the order of the workflow.
    RAISES (ProjectError): If a target's training part is too small for every sample size.
    """
    trained: set[str] = set()
    costs = []
    for kind in KINDS:
        jobs = jobs_of(workspace, kind)
        for model in dict.fromkeys(_model_of(workspace, run) for run in jobs):
            group = {run: job for run, job in jobs.items() if _model_of(workspace, run) == model}
            costs.append(_cost(workspace, kind, model, group, trained))
    return [_with_calibration(workspace, cost) if cost.kind == SHIPPED else cost for cost in costs]


def _with_calibration(workspace: Workspace, cost: Cost) -> Cost:
    """RETURNS (Cost): The cost of the shipped pipeline, including the second training for its calibration."""
    if not can_calibrate(workspace):
        return cost
    job = calibration_job(workspace)
    return replace(
        cost, trainings=cost.trainings + 1, passes=cost.passes + job.second.passes, tested=cost.tested + job.tested
    )


def _model_of(workspace: Workspace, run: Run) -> str:
    return run.baseline or workspace.experiment.model


def _cost(workspace: Workspace, kind: str, model: str, jobs: Jobs, trained: set[str]) -> Cost:
    """RETURNS (Cost): The cost of runs. Updates `trained`, the fingerprints of the trainings counted so far."""
    trainings = [one for one in distinct([job.training for job in jobs.values()]) if one.fingerprint not in trained]
    trained.update(one.fingerprint for one in trainings)
    tested = sum(_tested(job) + observed_sentences(workspace, run) for run, job in jobs.items())
    return Cost(kind, model, len(jobs), len(trainings), sum(one.passes for one in trainings), tested)


def _tested(job: RunJob) -> int:
    again = (job.test,) if job.in_capitals else ()
    return sum(test.part.sentences for test in (job.test, *job.source_tests, *again))


def measure_speed(job: TrainingJob, gpu_id: int) -> Speed:
    """Time a few updates, and the prediction of a few documents from the same file.

    job (TrainingJob): A training without a source. Only its first updates are made.
    gpu_id (int): The GPU to use; -1 for the CPU.
    RETURNS (Speed): The measured speed.
    """
    settings = {"epochs": 1e-9, "min_updates": FIRST_UPDATES + TIMED_UPDATES}
    job = replace(job, training=job.training.model_copy(update=settings))
    times: list[float] = []
    trained = train_job(job, None, gpu_id, NoCache(), lambda passes: times.append(time.monotonic()))
    passes = TIMED_UPDATES * min(job.training.batch_size, job.n_sentences)
    speed = passes / (times[-1] - times[FIRST_UPDATES - 1])
    return Speed(speed, _testing_speed(trained.nlp, job.train[0].path), _name(job.encoder))


def _name(encoder: Optional[EncoderRecord]) -> str:
    return encoder.name if encoder else ""


def _testing_speed(nlp: Language, part: Path) -> float:
    documents, sentences = [], 0
    for document in read_documents(part):
        if sentences >= TIMED_TEST_SENTENCES:
            break
        documents.append(document)
        sentences += sum(1 for _ in document.sents)
    started = time.monotonic()
    for _ in predict(nlp, documents):
        pass
    return sentences / (time.monotonic() - started)
