"""Models on whole training parts that are kept on disk: sources of transfer, and the pipeline that is packaged."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, hash_data, read_json, write_json
from scripts.corpora.parts import read_sentences
from scripts.experiments.config import TrainingJob, resolve_config, training_length
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import SourceModel
from scripts.experiments.train import train_pipeline
from scripts.experiments.workspace import Workspace

RECORD = "model.json"


@dataclass(frozen=True)
class KeptModel:
    """A trained model on disk.

    folder (Path): Holds `model-last/`, `config.cfg` and the record.
    fingerprint (str): Hash of the settings and the data that it was trained by.
    seconds (float): Time of its training.
    updates (int): Updates of its training.
    sentences (int): Training sentences.
    """

    folder: Path
    fingerprint: str
    seconds: float
    updates: int
    sentences: int

    @property
    def pipeline(self) -> Path:
        """RETURNS (Path): What `spacy.load` takes."""
        return self.folder / "model-last"

    @property
    def config(self) -> Path:
        """RETURNS (Path): The resolved config of its training."""
        return self.folder / "config.cfg"


def model_folder(workspace: Workspace, model: SourceModel) -> Path:
    """RETURNS (Path): Where a model is kept; models of other settings do not take each other's place."""
    settings = hash_data([model.training.model_dump(), model.max_sentences])[:8]
    return workspace.models(model.baseline) / f"{model.name}.{settings}"


def model_fingerprint(workspace: Workspace, model: SourceModel) -> str:
    """RETURNS (str): Hash of all that decides a model's weights: settings, config, encoder, data, threads."""
    parts = {name: workspace.data_hash(name, "train") for name in model.corpora}
    left_out = [workspace.data_hash(path.parent.name, "test") for path in left_out_parts(workspace, model)]
    return hash_data(
        {
            **workspace.decides(model.baseline),
            "training": model.training.model_dump(),
            "seed": model.seed,
            "max_sentences": model.max_sentences,
            "entity_types": types_of(workspace, model.entity_type),
            "train": parts,
            "without": left_out,
            "without_kinds": sorted(workspace.experiment.drop_shared_sentences),
            "before": model.before and model_fingerprint(workspace, model.before),
        }
    )


def types_of(workspace: Workspace, entity_type: Optional[str]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): What a training looks for: one type, or all of the experiment."""
    return (entity_type,) if entity_type else workspace.entity_types


def left_out_parts(workspace: Workspace, model: SourceModel) -> tuple[Path, ...]:
    """RETURNS (tuple[Path, ...]): Test parts of other corpora whose sentences the model must not have seen."""
    if not workspace.experiment.drop_shared_sentences:
        return ()
    return tuple(workspace.part(name, "test") for name in workspace.experiment.corpora if name not in model.sources)


def find_model(workspace: Workspace, model: SourceModel) -> Optional[KeptModel]:
    """RETURNS (KeptModel): A model that was trained before with the same settings and data; None if there is none."""
    folder = model_folder(workspace, model)
    try:
        record: dict[str, Any] = read_json(folder / RECORD)
        kept = KeptModel(folder, **record)
    except (ProjectError, TypeError):
        return None
    return kept if kept.fingerprint == model_fingerprint(workspace, model) else None


def get_model(workspace: Workspace, model: SourceModel, on_update: Callable[[], None] = lambda: None) -> KeptModel:
    """Find a model, or train and keep it.

    workspace (Workspace): The experiment and its surroundings.
    model (SourceModel): Which model.
    on_update (Callable): Called after every update of its training, to show progress.
    RETURNS (KeptModel): The model on disk.
    """
    return find_model(workspace, model) or _train_model(workspace, model, on_update)


def _train_model(workspace: Workspace, model: SourceModel, on_update: Callable[[], None]) -> KeptModel:
    folder = model_folder(workspace, model)
    # Before the training, during which somebody may change a config or a corpus.
    fingerprint = model_fingerprint(workspace, model)
    before = get_model(workspace, model.before, on_update) if model.before else None
    job = model_job(workspace, model, before)
    with atomic_folder(folder) as partial:
        resolve_config(job).to_disk(partial / "config.cfg")
        trained = train_pipeline(partial / "config.cfg", job.template, workspace.gpu_id, PipelineCache(), on_update)
        trained.nlp.to_disk(partial / "model-last")
        record = {
            "fingerprint": fingerprint,
            "seconds": round(trained.seconds, 2),
            "updates": training_length(job.n_sentences, job.training).updates,
            "sentences": job.n_sentences,
        }
        write_json(partial / RECORD, record)
    return KeptModel(folder, **record)


def model_job(workspace: Workspace, model: SourceModel, before: Optional[KeptModel] = None) -> TrainingJob:
    """RETURNS (TrainingJob): How a model on whole training parts, or on a sample of them, is trained."""
    recipe = workspace.recipe(model.baseline)
    return TrainingJob(
        template=recipe.template,
        encoder=recipe.encoder.path,
        tokenizer=workspace.tokenizer,
        train=tuple(workspace.part(name, "train") for name in model.corpora),
        n_sentences=training_sentences(workspace, model),
        entity_types=types_of(workspace, model.entity_type),
        training=model.training,
        seed=model.seed,
        frozen=workspace.experiment.frozen,
        lower_case=workspace.experiment.lower_case,
        precision=workspace.precision,
        limit=model.max_sentences,
        sample_seed=model.seed,
        source=before.pipeline if before else None,
        transfer="full" if before else "none",
        without=left_out_parts(workspace, model),
        without_kinds=tuple(workspace.experiment.drop_shared_sentences),
    )


def training_sentences(workspace: Workspace, model: SourceModel) -> int:
    """RETURNS (int): How many sentences a model is trained on."""
    train = [str(workspace.part(name, "train")) for name in model.corpora]
    without = [str(path) for path in left_out_parts(workspace, model)]
    there = len(read_sentences(train, without, tuple(workspace.experiment.drop_shared_sentences)))
    return min(there, model.max_sentences or there)


def updates_of(workspace: Workspace, model: SourceModel) -> int:
    """RETURNS (int): How many updates a model has in all, those of the models before it included."""
    own = training_length(training_sentences(workspace, model), model.training).updates
    return own + (updates_of(workspace, model.before) if model.before else 0)
