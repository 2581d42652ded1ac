"""One run: its fingerprint, its training, its test, its result."""
import platform
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable, Optional

import spacy
from spacy.language import Language

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data
from scripts.evaluation.runs import RunResult
from scripts.experiments.config import SAMPLE_SEED_OFFSET, TrainingJob, resolve_config, training_length
from scripts.experiments.ledger import Ledger
from scripts.experiments.models import KeptModel, find_model, get_model, model_fingerprint
from scripts.experiments.plan import FEW_SHOT, IN_CORPUS, Run, SourceModel
from scripts.experiments.score import predict, read_documents, score
from scripts.experiments.settings import Training
from scripts.experiments.start import Starts
from scripts.experiments.train import train_pipeline
from scripts.experiments.workspace import Workspace
from scripts.ner.training import read_sentences, sample

LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers")


def tested_model(workspace: Workspace, run: Run) -> Optional[SourceModel]:
    """RETURNS (SourceModel): The model on whole training parts that the run only has to test; None in few-shot."""
    if run.kind == FEW_SHOT:
        return None
    if run.kind != IN_CORPUS:
        return run.source
    training = workspace.experiment.in_corpus.training
    return SourceModel((run.target,), run.seed, training)


def run_fingerprint(workspace: Workspace, run: Run) -> str:
    """RETURNS (str): Hash of all that decides a run's scores: settings, config, encoder, data, source."""
    model = tested_model(workspace, run)
    if model is not None:
        decides: dict[str, Any] = {"model": model_fingerprint(workspace, model)}
    else:
        decides = {
            "training": workspace.experiment.few_shot.training.model_dump(),
            "seed": run.seed,
            "size": run.size,
            "transfer": run.transfer,
            "freeze": workspace.experiment.freeze_word_embeddings,
            "precision": workspace.precision,
            "template": workspace.template_hash(),
            "encoder": workspace.encoder.sha256,
            "entity_types": workspace.entity_types,
            "train": workspace.data_hash(run.target, "train"),
            "source": run.source and model_fingerprint(workspace, run.source),
        }
    return hash_data({**decides, "test": workspace.data_hash(run.target, "test"), "threads": workspace.threads})


def training_of(workspace: Workspace, run: Run) -> Training:
    """RETURNS (Training): The settings that the tested model is trained with."""
    model = tested_model(workspace, run)
    return model.training if model else workspace.experiment.few_shot.training


def batch_size(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): Sentences per update."""
    return training_of(workspace, run).batch_size


def sentence_passes(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): What training costs, in sentences passed through the encoder; 0 for a model that is there."""
    training = training_of(workspace, run)
    if run.kind == FEW_SHOT:
        return training_length(run.size, training).updates * training.batch_size
    model = tested_model(workspace, run)
    if find_model(workspace, model):
        return 0
    sentences = sum(workspace.manifest(name)["splits"]["train"]["sentences"] for name in model.corpora)
    return training_length(sentences, training).updates * training.batch_size


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
    workspace: Workspace, run: Run, device: str, starts: Starts, on_update: Callable[[], None] = lambda: None
) -> RunResult:
    """Train if need be, test, and put the result on record.

    workspace (Workspace): The experiment and its surroundings.
    run (Run): What to do.
    device (str): What it runs on, for the record.
    starts (Starts): Makes the pipelines that few-shot runs train.
    on_update (Callable): Called after every update of a training, to show progress.
    RETURNS (RunResult): The result.
    """
    # Before the work, during which somebody may change a config or a corpus.
    fingerprint = run_fingerprint(workspace, run)
    model = get_model_under_test(workspace, run, starts, on_update)
    documents = read_documents(workspace.part(run.target, "test"))
    started = time.monotonic()
    predictions = list(predict(model.nlp, documents))
    seconds = {"train": round(model.seconds, 2), "predict": round(time.monotonic() - started, 2)}
    result = RunResult(
        run=run.id,
        coordinates=run.coordinates(workspace.name, workspace.experiment.model, workspace.threads),
        settings=resolved_settings(workspace, run),
        fingerprint=fingerprint,
        versions=versions(),
        device=device,
        seconds=seconds,
        updates=model.updates,
        sentences={"train": model.sentences, "test": sum(1 for document in documents for _ in document.sents)},
        scores=score(documents, predictions, workspace.entity_types),
    )
    Ledger(workspace.runs).write(result, model.config, model.sample, predictions)
    return result


def get_model_under_test(
    workspace: Workspace, run: Run, starts: Starts, on_update: Callable[[], None]
) -> ModelUnderTest:
    """RETURNS (ModelUnderTest): A kept model on whole training parts, or in few-shot one trained for this run."""
    model = tested_model(workspace, run)
    if model is None:
        return _train_on_sample(workspace, run, starts, on_update)
    kept = get_model(workspace, model, on_update)
    nlp, config = spacy.load(kept.pipeline), kept.config.read_text(encoding="utf8")
    return ModelUnderTest(nlp, config, kept.seconds, kept.updates, kept.sentences)


def _train_on_sample(
    workspace: Workspace, run: Run, starts: Starts, on_update: Callable[[], None]
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
        trained = train_pipeline(Path(folder) / "config.cfg", job.template, workspace.gpu_id, starts, on_update)
    updates = training_length(job.n_sentences, job.training).updates
    return ModelUnderTest(trained.nlp, config.to_str(), trained.seconds, updates, job.n_sentences, drawn)


def few_shot_job(workspace: Workspace, run: Run, source: Optional[KeptModel]) -> TrainingJob:
    """RETURNS (TrainingJob): How a run on a sample of the target is trained."""
    return TrainingJob(
        template=workspace.template,
        encoder=workspace.encoder.path,
        tokenizer=workspace.tokenizer,
        train=(workspace.part(run.target, "train"),),
        n_sentences=run.size,
        entity_types=workspace.entity_types,
        training=workspace.experiment.few_shot.training,
        seed=run.seed + SAMPLE_SEED_OFFSET,
        freeze_word_embeddings=workspace.experiment.freeze_word_embeddings,
        precision=workspace.precision,
        limit=run.size,
        sample_seed=run.seed,
        source=source.pipeline if source else None,
        transfer=run.transfer,
    )


def check_size(workspace: Workspace, run: Run) -> None:
    """RAISES (ProjectError): If a run wants a sample of more sentences than the target's training part has."""
    if run.kind != FEW_SHOT:
        return
    available = workspace.manifest(run.target)["splits"]["train"]["sentences"]
    if run.size > available:
        raise ProjectError(
            f"sample size {run.size}, but {run.target} has {available} training sentences",
            where=f"experiment {workspace.name}, key few_shot.sizes",
            remedy="take a smaller size",
        )


def resolved_settings(workspace: Workspace, run: Run) -> dict[str, Any]:
    """RETURNS (dict): The settings that a run was made with, for the record; its config has the rest."""
    model = tested_model(workspace, run)
    return {
        "training": training_of(workspace, run).model_dump(),
        "training_seed": model.seed if model else run.seed + SAMPLE_SEED_OFFSET,
        "freeze_word_embeddings": workspace.experiment.freeze_word_embeddings,
        "precision": workspace.precision,
        "drop_shared_sentences": workspace.experiment.drop_shared_sentences,
        "entity_types": list(workspace.entity_types),
        "encoder": {key: str(value) for key, value in asdict(workspace.encoder).items() if key != "path"},
    }


@cache
def versions() -> dict[str, str]:
    """RETURNS (dict): Versions of Python and of the libraries that decide the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
