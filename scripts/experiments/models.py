"""Train and save models on whole training parts: the sources of transfer, and the pipeline to package."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import (
    atomic_folder,
    cache_by_file,
    hash_data,
    hash_files,
    read_checked_json,
    write_checked_json,
)
from scripts.base.garbage import free_unused
from scripts.base.progress import OnPasses, ignore_passes
from scripts.corpora.parts import Part
from scripts.experiments.config import own_start
from scripts.experiments.job import TrainingJob
from scripts.experiments.plan import SourceModel
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import NO_TRANSFER

RECORD = "model.json"


@dataclass(frozen=True)
class KeptModel:
    """A trained model on disk.

    folder (Path): Folder with `model-last/`, `config.cfg` and the record.
    fingerprint (str): Hash of the settings and data of its training.
    seconds (float): Time of its training.
    updates (int): Number of updates in its training.
    sentences (int): Number of training sentences.
    problem (str): What went wrong in its training. Empty if nothing did.
    sha256 (str): Hash of the pipeline and the config. Empty if an earlier version trained the model.
    """

    folder: Path
    fingerprint: str
    seconds: float
    updates: int
    sentences: int
    problem: str = ""
    sha256: str = ""

    @property
    def pipeline(self) -> Path:
        """RETURNS (Path): The folder for `spacy.load`."""
        return self.folder / "model-last"

    @property
    def config(self) -> Path:
        """RETURNS (Path): The resolved config of its training."""
        return self.folder / "config.cfg"


def model_folder(workspace: Workspace, model: SourceModel) -> Path:
    """RETURNS (Path): Folder of a model. Models with different settings have different folders."""
    settings: list[Any] = [model.training.model_dump(), model.max_sentences]
    settings += [model.transfer] if model.is_few_shot else []
    settings += [model.repeats] if model.repeats else []
    return workspace.models(model.baseline) / f"{model.name}.{hash_data(settings)[:8]}"


def model_job(workspace: Workspace, model: SourceModel) -> TrainingJob:
    """RETURNS (TrainingJob): The training of a model on training parts, or on a sample of them."""
    transfer = model.transfer if model.before else NO_TRANSFER
    return workspace.job(
        model.repeated_corpora,
        model.baseline,
        entity_types=types_of(workspace, model.entity_type),
        training=model.training,
        seed=model.training_seed,
        limit=model.max_sentences,
        sample_seed=model.seed,
        source=model_job(workspace, model.before) if model.before else None,
        transfer=transfer,
        without=left_out_parts(workspace, model),
        without_kinds=() if model.is_few_shot else tuple(workspace.experiment.drop_shared_sentences),
        own_start=own_start(workspace.recipe.template.path, transfer) if model.is_few_shot else None,
    )


def types_of(workspace: Workspace, entity_type: Optional[str]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The types of a training: the given one, or all types of the experiment."""
    return (entity_type,) if entity_type else workspace.entity_types


def left_out_parts(workspace: Workspace, model: SourceModel) -> tuple[Part, ...]:
    """RETURNS (tuple[Part, ...]): Test parts of other corpora with sentences to leave out of the model's training."""
    if model.is_few_shot or not workspace.experiment.drop_shared_sentences:
        return ()
    return tuple(workspace.part(name, "test") for name in workspace.experiment.corpora if name not in model.sources)


def find_model(workspace: Workspace, model: SourceModel) -> Optional[KeptModel]:
    """RETURNS (KeptModel): The saved model with the same settings and data. None if there is none, or it is damaged."""
    kept = _read_kept(model_folder(workspace, model))
    if kept is None or kept.fingerprint != model_job(workspace, model).fingerprint:
        return None
    is_whole = kept.config.is_file() and (kept.pipeline / "config.cfg").is_file()
    return kept if is_whole and _is_as_saved(kept) else None


def check_as_saved(pipeline: Path) -> None:
    """Check that a pipeline hasn't changed since a training of this project saved it. Other pipelines have no record.

    pipeline (Path): The folder of a pipeline.
    RAISES (ProjectError): If a file has changed.
    """
    kept = _read_kept(pipeline.resolve().parent)
    if kept and kept.pipeline == pipeline.resolve() and not _is_as_saved(kept):
        remedy = "remove files that you put next to it, or train it again; if you edited it, copy it to another folder"
        raise ProjectError("the pipeline is damaged, or was edited after its training", where=pipeline, remedy=remedy)


def _read_kept(folder: Path) -> Optional[KeptModel]:
    """RETURNS (Optional[KeptModel]): The model in a folder. None if its record is missing or damaged."""
    try:
        record: dict[str, Any] = read_checked_json(folder / RECORD)
        return KeptModel(folder, **record)
    except (ProjectError, TypeError):
        return None


def _is_as_saved(kept: KeptModel) -> bool:
    return kept.sha256 in ("", _hash_kept(kept.folder / RECORD))


# A grid uses the same few models in every run, and each may be gigabytes.
@cache_by_file
def _hash_kept(record: Path) -> str:
    """RETURNS (str): Hash of the files next to a record, which are read once until the record is replaced."""
    return _hash_model(record.parent)


def _hash_model(folder: Path) -> str:
    # Without what systems put into folders that somebody opens.
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return hash_files((path for path in files if path.name != RECORD), folder)


def get_model(
    workspace: Workspace, model: SourceModel, on_passes: OnPasses = ignore_passes
) -> KeptModel:
    """Find a saved model, or train and save it.

    workspace (Workspace): The experiment and its environment.
    model (SourceModel): The model.
    on_passes (Callable): Called after every update with the number of sentences passed, to show progress.
    RETURNS (KeptModel): The model on disk.
    """
    return find_model(workspace, model) or _train_model(workspace, model, on_passes)


def passes_to_train(workspace: Workspace, model: Optional[SourceModel]) -> int:
    """RETURNS (int): Sentence passes to train a model and the models it starts from, without those already saved."""
    if model is None or find_model(workspace, model):
        return 0
    return model_job(workspace, model).passes + passes_to_train(workspace, model.before)


def _train_model(workspace: Workspace, model: SourceModel, on_passes: OnPasses) -> KeptModel:
    # These take seconds to import, and aren't needed if the model is already saved.
    from scripts.experiments.device import use_device
    from scripts.experiments.pipeline_cache import NoCache
    from scripts.experiments.train import train_job

    # The threads are part of the fingerprint, whichever command trains. PyTorch's default number would also make them
    # wait for each other if anything else is running.
    use_device(workspace.threads, workspace.gpu_id)
    folder = model_folder(workspace, model)
    job = model_job(workspace, model)
    before = get_model(workspace, model.before, on_passes) if model.before else None
    source = before.pipeline if before else None
    with atomic_folder(folder) as partial:
        trained = train_job(job, source, workspace.gpu_id, NoCache(), on_passes)
        # Free what only the training needed, and has reference cycles: writing the pipeline takes as much memory again.
        free_unused()
        trained.config.to_disk(partial / "config.cfg")
        trained.nlp.to_disk(partial / "model-last")
        seconds, updates = round(trained.seconds, 2), job.length.updates
        about = trained.problem, _hash_model(partial)
        kept = KeptModel(folder, job.fingerprint, seconds, updates, job.n_sentences, *about)
        write_checked_json(partial / RECORD, {key: value for key, value in asdict(kept).items() if key != "folder"})
    return kept
