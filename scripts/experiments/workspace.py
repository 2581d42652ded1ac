"""Open an experiment: its settings, corpora, encoders and folders, checked before the first run."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.corpora.fingerprint import TOKENIZER
from scripts.corpora.parts import Part, check_converted, find_part
from scripts.corpora.schema import in_order
from scripts.corpora.settings import CorpusSettings, read_corpus_settings
from scripts.encoders.record import AS_NAMED, EncoderRecord, find_encoder
from scripts.experiments.config import find_template, has_encoder, leaves_types_out, read_template
from scripts.experiments.device import choose_precision
from scripts.experiments.job import Template, Tokenizer, TrainingJob
from scripts.experiments.settings import Experiment, corpus_file, read_experiment
from scripts.results.runs import StartedWith

ONE_TYPE = "train one type at a time (`types: per_type`)"
# What is shipped, and what a search trains, finds all types also where the other models find one each.
ALL_TYPES = "leave the corpus out"


@dataclass(frozen=True)
class Recipe:
    """What a model is made of.

    template (Template): Its spaCy config.
    encoder (Optional[EncoderRecord]): The encoder that its trainings start from; None if its config has none.
    """

    template: Template
    encoder: Optional[EncoderRecord]


@dataclass(frozen=True)
class ConvertedCorpus:
    """What trainings and tests need of a converted corpus.

    entity_types (tuple[str, ...]): The types that it annotates.
    parts (Mapping[str, Part]): `train` and `test`.
    mentions (Optional[Mapping[str, int]]): Mentions of the training part, by entity type; None if it is not converted.
    outside (Optional[int]): Tokens of it that are annotated as outside of mentions; None if it is not converted.
    settings (Optional[CorpusSettings]): Its corpus file; None if it is not converted.
    """

    entity_types: tuple[str, ...]
    parts: Mapping[str, Part]
    mentions: Optional[Mapping[str, int]] = None
    outside: Optional[int] = None
    settings: Optional[CorpusSettings] = None


@dataclass(frozen=True)
class Workspace:
    """An experiment and its surroundings.

    name (str): The experiment's name.
    experiment (Experiment): Its settings.
    recipe (Recipe): What its model is made of.
    corpora (Mapping[str, ConvertedCorpus]): Its corpora, as they are converted now.
    corpus (Path): Folder of the converted corpora.
    tokenizer (Tokenizer): The tokenizer of all pipelines.
    training (Path): Folder for models that are kept.
    metrics (Path): Folder for run files, tables, figures and report.
    started_with (StartedWith): Seed, threads, precision and encoder that the command was given.
    gpu_id (int): The GPU to use; -1 for the CPU.
    baselines (Mapping[str, Recipe]): What the baselines are made of.
    """

    name: str
    experiment: Experiment
    recipe: Recipe
    corpora: Mapping[str, ConvertedCorpus]
    corpus: Path
    tokenizer: Tokenizer
    training: Path
    metrics: Path
    started_with: StartedWith
    gpu_id: int = -1
    baselines: Mapping[str, Recipe] = field(default_factory=dict)

    @property
    def threads(self) -> int:
        """RETURNS (int): CPU threads per run."""
        return self.started_with.threads

    @property
    def results(self) -> Path:
        """RETURNS (Path): Folder of all that the experiment leaves behind, models aside."""
        return self.metrics / self.name

    @property
    def runs(self) -> Path:
        """RETURNS (Path): Folder of the run files."""
        return self.results / "runs"

    def models(self, baseline: Optional[str] = None) -> Path:
        """RETURNS (Path): Folder of the models that are kept for this experiment, or for a baseline of it."""
        return self.training / self.name / (baseline or self.experiment.model)

    def recipe_of(self, baseline: Optional[str]) -> Recipe:
        """RETURNS (Recipe): What a baseline, or the experiment's own model, is made of."""
        return self.baselines[baseline] if baseline else self.recipe

    @property
    def entity_types(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): What is looked for in every run: the types of all corpora together."""
        return in_order(kind for corpus in self.corpora.values() for kind in corpus.entity_types)

    def part(self, corpus: str, part: str) -> Part:
        """RETURNS (Part): The `train` or `test` part of a corpus."""
        return self.corpora[corpus].parts[part]

    def count(self, corpus: str, part: str) -> int:
        """RETURNS (int): How many sentences a part of a corpus has."""
        return self.part(corpus, part).sentences

    def job(self, corpora: Sequence[str], baseline: Optional[str] = None, **own: Any) -> TrainingJob:
        """Describe a training of this experiment.

        corpora (Sequence[str]): What it is trained on: their training parts, unless `train` names other parts of them.
        baseline (Optional[str]): The baseline that it belongs to; None for the experiment's own model.
        **own (Any): What differs from training to training: `training`, `seed` and so on.
        RETURNS (TrainingJob): The training; what the experiment decides for all of them is filled in.
        RAISES (ProjectError): If a corpus does not annotate all of its types, and the model cannot leave types out, or
            a training part has no mention of any of them.
        """
        recipe = self.recipe_of(baseline)
        shared = {
            "train": tuple(self.part(name, "train") for name in corpora),
            "template": recipe.template,
            "encoder": recipe.encoder,
            "tokenizer": self.tokenizer,
            "entity_types": self.entity_types,
            "threads": self.threads,
            "frozen": self.experiment.frozen,
            "lower_case": self.experiment.lower_case,
            "precision": self.started_with.precision,
        }
        job = TrainingJob(**{**shared, **own})
        self._check_annotated(corpora, job, baseline or self.experiment.model)
        self._check_learnable(corpora, job.entity_types)
        return job

    def _check_annotated(self, corpora: Sequence[str], job: TrainingJob, model: str) -> None:
        for corpus in corpora:
            unknown = [name for name in job.entity_types if name not in self.corpora[corpus].entity_types]
            if unknown and not leaves_types_out(job.template.path):
                is_joint = self.experiment.types == "joint"
                raise ProjectError(
                    f"{corpus} does not annotate {', '.join(unknown)}, which model '{model}' would take for absent",
                    where=f"experiment {self.name}",
                    remedy=f"{ONE_TYPE if is_joint else ALL_TYPES}, or take the model softmax or softmax_crf",
                )

    def _check_learnable(self, corpora: Sequence[str], entity_types: Sequence[str]) -> None:
        for corpus in corpora:
            mentions = self.corpora[corpus].mentions
            if mentions is not None and not any(mentions.get(kind, 0) for kind in entity_types):
                raise ProjectError(
                    f"the training part of {corpus} has no mention of {' or '.join(entity_types)} to learn from",
                    where=f"experiment {self.name}",
                    remedy="see what `weasel run convert` tells about the corpus, or leave it out",
                )
        # Of binary answers, accepted mentions alone are known.
        if all(self.corpora[corpus].outside == 0 for corpus in corpora):
            raise ProjectError(
                f"nothing in the training part of {' or '.join(corpora)} is annotated as outside of mentions: a model "
                "trained on it would mark everything",
                where=f"experiment {self.name}",
                remedy="add sentences that are annotated throughout",
            )


def open_workspace(
    experiment: str,
    configs: Path,
    corpus: Path,
    training: Path,
    metrics: Path,
    seed: int,
    threads: int,
    gpu_id: int,
    encoder: str = AS_NAMED,
    precision: Optional[str] = None,
) -> Workspace:
    """Read the settings of an experiment and check that what it needs is there, and is what it was recorded as.

    experiment (str): Its name.
    configs (Path): Folder with `experiments/` and `corpora/`; a model's config in it goes before the project's own.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder of the encoders' records and of models that are kept.
    metrics (Path): Folder for results.
    seed (int): Added to every seed of the experiment.
    threads (int): CPU threads per run.
    gpu_id (int): The GPU to use; -1 for the CPU.
    encoder (str): What takes the place of the encoder that the experiment names; `experiment` leaves it.
    precision (Optional[str]): What trainings compute in; left out: what the experiment names, on this hardware.
    RETURNS (Workspace): The experiment and its surroundings.
    RAISES (ProjectError): If settings are wrong, or a corpus or an encoder has not been made or has changed since.
    """
    settings = read_experiment(configs, experiment).shifted(seed).with_encoder(encoder)
    return Workspace(
        name=experiment,
        experiment=settings,
        recipe=read_recipe(configs, training, settings.model, settings.encoder),
        corpora={name: find_corpus(configs, corpus, name) for name in settings.corpora},
        corpus=corpus,
        tokenizer=find_tokenizer(corpus),
        training=training,
        metrics=metrics,
        started_with=StartedWith(seed, threads, precision or choose_precision(settings.precision, gpu_id), encoder),
        gpu_id=gpu_id,
        baselines={
            name: read_recipe(configs, training, baseline.config, baseline.encoder or settings.encoder)
            for name, baseline in settings.baselines.items()
        },
    )


def read_recipe(configs: Path, training: Path, model: str, encoder: str) -> Recipe:
    """RETURNS (Recipe): A model's spaCy config, and the encoder's record if the config has an encoder."""
    template = find_template(configs, model)
    return Recipe(read_template(template), find_encoder(training, encoder) if has_encoder(template) else None)


def find_corpus(configs: Path, corpus: Path, name: str) -> ConvertedCorpus:
    """Find a converted corpus, and check that it is what its corpus file and its manifest say.

    configs (Path): Folder with `corpora/`.
    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    RETURNS (ConvertedCorpus): Its parts.
    RAISES (ProjectError): If it is not converted, its corpus file says something else by now, or a part was replaced.
    """
    file = corpus_file(configs, name)
    manifest = check_converted(corpus, name, file)
    parts = {part: find_part(corpus, name, part) for part in ("train", "test")}
    train, settings = manifest.splits["train"], read_corpus_settings(file)
    return ConvertedCorpus(manifest.entity_types, parts, train.mentions.kept, train.outside_tokens, settings)


def find_tokenizer(corpus: Path) -> Tokenizer:
    """RETURNS (Tokenizer): The tokenizer that `convert` has left with the corpora."""
    folder = corpus / TOKENIZER
    if not (folder / "tokenizer").is_file():
        raise ProjectError("no tokenizer", where=folder, remedy="run `weasel run convert`")
    return Tokenizer(folder, hash_file(folder / "tokenizer"))
