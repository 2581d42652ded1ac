"""One run: its fingerprint, its training, its test, its result."""
import platform
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

import spacy
from spacy.language import Language

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data
from scripts.corpora.parts import read_sentences, reference_doc, sample
from scripts.evaluation.scores import Score
from scripts.experiments.config import SAMPLE_SEED_OFFSET, TrainingJob, resolve_config, training_length
from scripts.experiments.models import KeptModel, find_model, get_model, model_fingerprint, types_of, updates_of
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import Run, SourceModel, tested_model, tested_sources
from scripts.experiments.score import predict, score, take_test
from scripts.experiments.settings import Training
from scripts.experiments.train import train_pipeline
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT, ZERO_SHOT
from scripts.results.runs import Ledger, RunResult

# What a source is judged by before anything else is annotated: so many sentences of the target's training part.
FIRST_SENTENCES, FIRST_SENTENCES_SEED = 50, 0
LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers")


def run_fingerprint(workspace: Workspace, run: Run) -> str:
    """RETURNS (str): Hash of all that decides a run's scores: settings, config, encoder, data, source."""
    model = tested_model(workspace.experiment, run)
    if model is not None:
        decides: dict[str, Any] = {"model": model_fingerprint(workspace, model)}
    else:
        decides = {
            **workspace.decides(),
            "training": workspace.experiment.few_shot.training.model_dump(),
            "seed": run.seed,
            "size": run.size,
            "extra_updates": run.extra_updates,
            "transfer": run.transfer,
            "entity_types": types_of(workspace, run.entity_type),
            "train": workspace.data_hash(run.target, "train"),
            "source": run.source and model_fingerprint(workspace, run.source),
        }
    tested = (run.target, *tested_sources(workspace.experiment, run))
    tests = {name: workspace.data_hash(name, "test") for name in tested}
    return hash_data({**decides, "tests": tests, "threads": workspace.threads})


def training_of(workspace: Workspace, run: Run) -> Training:
    """RETURNS (Training): The settings that the tested model is trained with."""
    model = tested_model(workspace.experiment, run)
    return model.training if model else workspace.experiment.few_shot.training


def batch_size(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): Sentences per update."""
    return training_of(workspace, run).batch_size


def model_passes(workspace: Workspace, model: SourceModel) -> int:
    """RETURNS (int): What a model's own training costs, in sentences passed through it; 0 if it is there."""
    if find_model(workspace, model):
        return 0
    there = sum(workspace.manifest(name).splits["train"].sentences for name in model.corpora)
    sentences = min(there, model.max_sentences or there)
    return training_length(sentences, model.training).updates * model.training.batch_size


def sample_passes(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): What the training on a sample costs, in sentences passed; 0 for a run that only tests a model."""
    if run.kind != FEW_SHOT:
        return 0
    training = workspace.experiment.few_shot.training
    return training_length(run.size, training, run.extra_updates).updates * training.batch_size


@dataclass(frozen=True)
class ModelUnderTest:
    """A trained pipeline, and how it came about.

    nlp (Language): The pipeline.
    config (str): The resolved config that it was trained by.
    seconds (float): Wall-clock time of its training.
    updates (int): Updates of its training.
    sentences (int): Training sentences.
    sample (tuple): (document id, number of the sentence) of each sentence of the sample; empty for whole parts.
    """

    nlp: Language
    config: str
    seconds: float
    updates: int
    sentences: int
    sample: tuple[tuple[str, int], ...] = ()


def carry_out(
    workspace: Workspace, run: Run, device: str, cache: PipelineCache, on_update: Callable[[], None] = lambda: None
) -> RunResult:
    """Train if need be, test, and put the result on record.

    workspace (Workspace): The experiment and its surroundings.
    run (Run): What to do.
    device (str): What it runs on, for the record.
    cache (PipelineCache): Makes the pipelines that few-shot runs train.
    on_update (Callable): Called after every update of a training, to show progress.
    RETURNS (RunResult): The result.
    """
    # Before the work, during which somebody may change a config or a corpus.
    fingerprint = run_fingerprint(workspace, run)
    model = get_model_under_test(workspace, run, cache, on_update)
    types = types_of(workspace, run.entity_type)
    test = take_test(model.nlp, workspace.part(run.target, "test"), types)
    result = RunResult(
        run=run.id,
        coordinates=run.coordinates(workspace.name, workspace.experiment.model, workspace.threads),
        settings=resolved_settings(workspace, run),
        fingerprint=fingerprint,
        versions=versions(),
        device=device,
        seconds={"train": round(model.seconds, 2), "predict": test.seconds},
        updates=model.updates,
        sentences={"train": model.sentences, "test": test.sentences},
        scores=test.scores,
        source_updates=updates_of(workspace, run.source) if run.source and run.kind == FEW_SHOT else 0,
        source_tests={
            name: take_test(model.nlp, workspace.part(name, "test"), types).scores.tokens
            for name in tested_sources(workspace.experiment, run)
        },
        first_sentences=score_first_sentences(workspace, run, model.nlp, types) if run.kind == ZERO_SHOT else {},
    )
    Ledger(workspace.runs).write(result, model.config, model.sample, test.predictions)
    return result


def score_first_sentences(
    workspace: Workspace, run: Run, nlp: Language, types: tuple[str, ...]
) -> Mapping[str, Score]:
    """Score a source model on the first sentences of the target's sample, which a person would annotate first.

    They are training sentences: what they tell of the source may be used to choose one.

    workspace (Workspace): The experiment and its surroundings.
    run (Run): The zero-shot run.
    nlp (Language): The source model.
    types (tuple[str, ...]): What is scored.
    RETURNS (Mapping[str, Score]): On tokens.
    """
    sentences = read_sentences([str(workspace.part(run.target, "train"))])
    drawn = [sentences[number] for number in sample(len(sentences), FIRST_SENTENCES, FIRST_SENTENCES_SEED)]
    gold = [reference_doc(nlp.vocab, sentence) for sentence in drawn]
    for number, doc in enumerate(gold):
        doc.user_data.update(id=str(number), mentions=[])
    return score(gold, list(predict(nlp, gold)), types).tokens


def get_model_under_test(
    workspace: Workspace, run: Run, cache: PipelineCache, on_update: Callable[[], None]
) -> ModelUnderTest:
    """RETURNS (ModelUnderTest): A kept model on whole training parts, or in few-shot one trained for this run."""
    model = tested_model(workspace.experiment, run)
    if model is None:
        return _train_on_sample(workspace, run, cache, on_update)
    kept = get_model(workspace, model, on_update)
    nlp, config = spacy.load(kept.pipeline), kept.config.read_text(encoding="utf8")
    return ModelUnderTest(nlp, config, kept.seconds, kept.updates, kept.sentences)


def _train_on_sample(
    workspace: Workspace, run: Run, cache: PipelineCache, on_update: Callable[[], None]
) -> ModelUnderTest:
    check_size(workspace, run)
    source = get_model(workspace, run.source) if run.source else None
    job = few_shot_job(workspace, run, source)
    sentences = read_sentences([str(workspace.part(run.target, "train"))])
    numbers = sample(len(sentences), run.size, run.seed)
    drawn = tuple((sentences[number].document, sentences[number].number) for number in numbers)
    config = resolve_config(job)
    with tempfile.TemporaryDirectory() as folder:
        config.to_disk(Path(folder) / "config.cfg")
        trained = train_pipeline(Path(folder) / "config.cfg", job.template, workspace.gpu_id, cache, on_update)
    updates = training_length(job.n_sentences, job.training, job.extra_updates).updates
    return ModelUnderTest(trained.nlp, config.to_str(), trained.seconds, updates, job.n_sentences, drawn)


def few_shot_job(workspace: Workspace, run: Run, source: Optional[KeptModel]) -> TrainingJob:
    """RETURNS (TrainingJob): How a run on a sample of the target is trained."""
    return TrainingJob(
        template=workspace.template,
        encoder=workspace.encoder.path,
        tokenizer=workspace.tokenizer,
        train=(workspace.part(run.target, "train"),),
        n_sentences=run.size,
        entity_types=types_of(workspace, run.entity_type),
        training=workspace.experiment.few_shot.training,
        seed=run.seed + SAMPLE_SEED_OFFSET,
        frozen=workspace.experiment.frozen,
        lower_case=workspace.experiment.lower_case,
        precision=workspace.precision,
        limit=run.size,
        extra_updates=run.extra_updates,
        sample_seed=run.seed,
        source=source.pipeline if source else None,
        transfer=run.transfer,
    )


def check_size(workspace: Workspace, run: Run) -> None:
    """RAISES (ProjectError): If a run wants a sample of more sentences than the target's training part has."""
    if run.kind != FEW_SHOT:
        return
    available = workspace.manifest(run.target).splits["train"].sentences
    if run.size > available:
        raise ProjectError(
            f"sample size {run.size}, but {run.target} has {available} training sentences",
            where=f"experiment {workspace.name}, key few_shot.sizes",
            remedy="take a smaller size",
        )


def resolved_settings(workspace: Workspace, run: Run) -> dict[str, Any]:
    """RETURNS (dict): The settings that a run was made with, for the record; its config has the rest."""
    model = tested_model(workspace.experiment, run)
    source, encoder = model or run.source, workspace.recipe(run.baseline).encoder
    return {
        "training": training_of(workspace, run).model_dump(),
        "training_seed": model.seed if model else run.seed + SAMPLE_SEED_OFFSET,
        "frozen": workspace.experiment.frozen,
        "lower_case": workspace.experiment.lower_case,
        "precision": workspace.precision,
        "drop_shared_sentences": workspace.experiment.drop_shared_sentences,
        "max_sentences": source.max_sentences if source else None,
        "entity_types": list(types_of(workspace, run.entity_type)),
        "encoder": {key: str(value) for key, value in asdict(encoder).items() if key != "path"},
    }


@cache
def versions() -> dict[str, str]:
    """RETURNS (dict): Versions of Python and of the libraries that decide the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
