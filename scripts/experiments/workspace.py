"""Where an experiment's corpora, encoder, models and results are: what a command knows before the first run."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.corpora.manifest import read_manifest
from scripts.corpora.schema import in_order
from scripts.encoders.record import EncoderRecord, find_encoder
from scripts.experiments.device import choose_precision
from scripts.experiments.settings import Experiment, read_experiment


@dataclass(frozen=True)
class Recipe:
    """What a model is made of.

    template (Path): Its spaCy config.
    encoder (EncoderRecord): The encoder that its trainings start from, if its config has one.
    """

    template: Path
    encoder: EncoderRecord


@dataclass(frozen=True)
class Workspace:
    """An experiment and its surroundings.

    name (str): The experiment's name.
    experiment (Experiment): Its settings.
    template (Path): The spaCy config of its model.
    corpus (Path): Folder of the converted corpora.
    encoder (EncoderRecord): The encoder that all runs start from, baselines aside.
    training (Path): Folder for models that are kept.
    metrics (Path): Folder for run files, tables, figures and report.
    threads (int): CPU threads per run.
    gpu_id (int): The GPU to use; -1 for the CPU.
    precision (str): What trainings compute in: `float32` or `bfloat16`.
    baselines (Mapping[str, Recipe]): What the baselines are made of.
    """

    name: str
    experiment: Experiment
    template: Path
    corpus: Path
    encoder: EncoderRecord
    training: Path
    metrics: Path
    threads: int = 1
    gpu_id: int = -1
    precision: str = "float32"
    baselines: Mapping[str, Recipe] = field(default_factory=dict)

    @property
    def runs(self) -> Path:
        """RETURNS (Path): Folder of the run files."""
        return self.metrics / self.name / "runs"

    def models(self, baseline: Optional[str] = None) -> Path:
        """RETURNS (Path): Folder of the models that are kept for this experiment, or for a baseline of it."""
        return self.training / self.name / (baseline or self.experiment.model)

    def recipe(self, baseline: Optional[str] = None) -> Recipe:
        """RETURNS (Recipe): What the experiment's own model, or a baseline, is made of."""
        return self.baselines[baseline] if baseline else Recipe(self.template, self.encoder)

    def decides(self, baseline: Optional[str] = None) -> dict[str, Any]:
        """RETURNS (dict): What decides the weights of every training, whatever its data: for fingerprints."""
        recipe = self.recipe(baseline)
        return {
            "template": hash_file(recipe.template),
            "encoder": recipe.encoder.sha256,
            "lower_case": self.experiment.lower_case,
            "frozen": self.experiment.frozen,
            "precision": self.precision,
            "threads": self.threads,
        }

    @property
    def tokenizer(self) -> Path:
        """RETURNS (Path): Folder of the blank pipeline whose tokenizer all pipelines have."""
        return self.corpus / "tokenizer"

    @property
    def entity_types(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): What is looked for in every run: the types of all corpora together."""
        names = self.experiment.corpora
        return in_order(kind for name in names for kind in self.manifest(name)["entity_types"])

    def part(self, corpus: str, part: str) -> Path:
        """RETURNS (Path): The DocBin file of a corpus's `train` or `test` part."""
        return self.corpus / corpus / f"{part}.spacy"

    def manifest(self, corpus: str) -> dict[str, Any]:
        """RETURNS (dict): What `convert` wrote about a corpus."""
        return read_manifest(self.corpus, corpus)

    def data_hash(self, corpus: str, part: str) -> str:
        """RETURNS (str): The hash of a part of a corpus, as its manifest holds it."""
        return self.manifest(corpus)["splits"][part]["sha256"]


def open_workspace(
    experiment: str, configs: Path, corpus: Path, training: Path, metrics: Path, seed: int, threads: int, gpu_id: int
) -> Workspace:
    """Read the settings of an experiment and check that what it needs is there.

    experiment (str): Its name.
    configs (Path): Folder with `experiments/` and `corpora/`; a model's config in it goes before the project's own.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder of the encoders' records and of models that are kept.
    metrics (Path): Folder for results.
    seed (int): Added to every seed of the experiment.
    threads (int): CPU threads per run.
    gpu_id (int): The GPU to use; -1 for the CPU.
    RETURNS (Workspace): The experiment and its surroundings.
    RAISES (ProjectError): If settings are wrong, or a corpus or the encoder has not been made.
    """
    settings = shift_seeds(read_experiment(configs, experiment), seed)
    encoder = find_encoder(training, settings.encoder)
    template = find_template(configs, settings.model)
    precision = choose_precision(settings.precision, gpu_id)
    places = (template, corpus, encoder, training, metrics)
    baselines = {
        name: Recipe(find_template(configs, own.config), find_encoder(training, own.encoder or settings.encoder))
        for name, own in settings.baselines.items()
    }
    workspace = Workspace(experiment, settings, *places, threads, gpu_id, precision, baselines)
    for name in settings.corpora:
        workspace.manifest(name)
    return workspace


def find_template(configs: Path, model: str) -> Path:
    """RETURNS (Path): A model's spaCy config, from the folder given or else from the project's own."""
    candidates = [folder / f"{model}.cfg" for folder in (configs, Path("configs"))]
    for path in candidates:
        if path.is_file():
            return path
    remedy = "models are the .cfg files in configs/"
    raise ProjectError(f"no config for model '{model}'", where=candidates[0], remedy=remedy)


def shift_seeds(experiment: Experiment, seed: int) -> Experiment:
    """RETURNS (Experiment): The same experiment with a number, 0 or more, added to every seed."""
    if seed < 0:
        raise ProjectError(f"seed {seed}", where="--seed", remedy="give 0 or more")
    data = experiment.model_dump()
    data["in_corpus"]["seeds"] = [seed + number for number in data["in_corpus"]["seeds"]]
    data["ship"]["seed"] += seed
    if data["pretraining"]:
        data["pretraining"]["seeds"] = [seed + number for number in data["pretraining"]["seeds"]]
    if data["few_shot"]:
        data["few_shot"]["seeds"] = [seed + number for number in data["few_shot"]["seeds"]]
    return Experiment.model_validate(data)
