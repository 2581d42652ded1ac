"""What an experiment would cost: its runs, the sentences that these pass through the network, and the time for it."""
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable, Sequence

from spacy.language import Language

from scripts.corpora.parts import read_documents
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.config import TrainingJob, resolve_config, training_length
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import RUNS_OF, Run, SourceModel, control_runs, models_of, tested_sources
from scripts.experiments.score import predict
from scripts.experiments.settings import Experiment, corpus_file
from scripts.experiments.train import train_pipeline
from scripts.results.kinds import FEW_SHOT, SHIPPED

# Updates that are timed, behind the first ones, in which memory is laid out.
TIMED_UPDATES, FIRST_UPDATES = 8, 3
TIMED_TEST_SENTENCES = 200
SentenceCount = Callable[[str, str], int]


@dataclass(frozen=True)
class Cost:
    """What the runs of one kind and one model cost.

    kind (str): in-corpus, zero-shot, few-shot or shipped.
    model (str): Name of the experiment's own model or of a baseline.
    runs (int): How many there are.
    trainings (int): Models that are trained for them, sources that no kind before has needed included.
    passes (int): Sentences that these trainings pass through the network, each epoch anew.
    tested (int): Sentences of test parts that are predicted.
    """

    kind: str
    model: str
    runs: int
    trainings: int
    passes: int
    tested: int


@dataclass(frozen=True)
class Speed:
    """How fast this machine is.

    training (float): Sentence passes per second in training.
    testing (float): Sentences per second in prediction.
    """

    training: float
    testing: float

    def hours(self, cost: Cost) -> float:
        """RETURNS (float): How long runs take."""
        return (cost.passes / self.training + cost.tested / self.testing) / 3600


class Counter:
    """Adds up what runs cost; a model that several runs need is trained once.

    experiment (Experiment): The settings.
    sentences (Callable): Number of sentences of a corpus's part, `train` or `test`.
    """

    def __init__(self, experiment: Experiment, sentences: SentenceCount) -> None:
        self.experiment = experiment
        self.sentences = sentences
        self.trained: set[SourceModel] = set()

    def updates_of(self, model: SourceModel) -> int:
        """RETURNS (int): The updates of a model, those of the models before it included."""
        return self._own_updates(model) + (self.updates_of(model.before) if model.before else 0)

    def costs(self, kind: str, runs: Sequence[Run]) -> list[Cost]:
        """RETURNS (list[Cost]): What runs of a kind cost, for each model."""
        names = dict.fromkeys(run.baseline or self.experiment.model for run in runs)
        groups = {name: [run for run in runs if (run.baseline or self.experiment.model) == name] for name in names}
        return [self._cost(kind, name, group) for name, group in groups.items()]

    def _cost(self, kind: str, model: str, runs: Sequence[Run]) -> Cost:
        trainings = [passes for run in runs for passes in self._passes(run)]
        tested = sum(self._tested(run) for run in runs)
        return Cost(kind, model, len(runs), len(trainings), sum(trainings), tested)

    def _passes(self, run: Run) -> Iterable[int]:
        """YIELDS (int): Sentence passes of each training that the run needs and no run before it has needed."""
        for model in models_of(self.experiment, run):
            if model not in self.trained:
                self.trained.add(model)
                yield self._own_updates(model) * model.training.batch_size
        if run.kind == FEW_SHOT:
            training = self.experiment.few_shot.training
            yield training_length(run.size, training, run.extra_updates).updates * training.batch_size

    def _own_updates(self, model: SourceModel) -> int:
        there = sum(self.sentences(corpus, "train") for corpus in model.corpora)
        return training_length(min(there, model.max_sentences or there), model.training).updates

    def _tested(self, run: Run) -> int:
        parts = (run.target, *tested_sources(self.experiment, run))
        return sum(self.sentences(corpus, "test") for corpus in parts)


def estimate(experiment: Experiment, configs: Path, sentences: SentenceCount) -> list[Cost]:
    """Count what an experiment costs, whatever of it is done already.

    experiment (Experiment): The settings.
    configs (Path): Folder with `corpora/`, whose files tell the entity types.
    sentences (Callable): Number of sentences of a corpus's part, `train` or `test`.
    RETURNS (list[Cost]): For each kind and model, in the order of the workflow.
    """
    counter = Counter(experiment, sentences)
    types = {kind for name in experiment.corpora for kind in entity_types(configs, name)}
    costs = []
    for kind, runs_of in RUNS_OF.items():
        runs = runs_of(experiment)
        if kind == FEW_SHOT and runs:
            runs = within_training_parts(runs + control_runs(experiment, counter.updates_of), sentences)
        costs += counter.costs(kind, runs)
    factor = len(types) if experiment.types == "per_type" else 1
    return [_times(cost, factor if cost.kind != SHIPPED else 1) for cost in costs]


def within_training_parts(runs: Sequence[Run], sentences: SentenceCount) -> list[Run]:
    """RETURNS (list[Run]): The runs whose sample the target's training part is large enough for."""
    return [run for run in runs if run.kind != FEW_SHOT or run.size <= sentences(run.target, "train")]


def entity_types(configs: Path, corpus: str) -> set[str]:
    """RETURNS (set[str]): The entity types that a corpus file names."""
    return set(read_corpus_settings(corpus_file(configs, corpus)).labels.values())


def measure_speed(job: TrainingJob, gpu_id: int) -> Speed:
    """Time a few updates, and the prediction of a few documents of the same file.

    job (TrainingJob): A training, of which only the first updates are done.
    gpu_id (int): The GPU to use; -1 for the CPU.
    RETURNS (Speed): What was measured.
    """
    settings = {"epochs": 1e-9, "min_updates": FIRST_UPDATES + TIMED_UPDATES}
    job = replace(job, training=job.training.model_copy(update=settings))
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.cfg"
        resolve_config(job).to_disk(config)
        trained = train_pipeline(config, job.template, gpu_id, PipelineCache(), lambda: times.append(time.monotonic()))
    passes = TIMED_UPDATES * min(job.training.batch_size, job.n_sentences)
    return Speed(passes / (times[-1] - times[FIRST_UPDATES - 1]), _testing_speed(trained.nlp, job.train[0]))


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


def _times(cost: Cost, factor: int) -> Cost:
    numbers = (cost.runs, cost.trainings, cost.passes, cost.tested)
    return Cost(cost.kind, cost.model, *(factor * number for number in numbers))
