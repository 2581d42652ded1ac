"""Open an experiment: read its settings, and check its corpora, encoders and folders before the first run."""
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.corpora.fingerprint import TOKENIZER, is_tokenizer_saved
from scripts.corpora.parts import Part, check_converted, find_part, read_sentences
from scripts.corpora.schema import in_order
from scripts.corpora.settings import CorpusSettings, read_corpus_settings
from scripts.encoders.record import AS_NAMED, EncoderRecord, find_encoder
from scripts.experiments.config import can_fold, find_template, has_encoder, leaves_types_out, read_template
from scripts.experiments.device import choose_precision
from scripts.experiments.job import Template, Tokenizer, TrainingJob
from scripts.experiments.settings import Baseline, Experiment, corpus_file, read_experiment
from scripts.results.kinds import ENCODER_ONLY
from scripts.results.runs import StartedWith

ONE_TYPE = "train one type at a time (`types: per_type`)"
# Shipped pipelines and those of a search predict all types, even if the other models predict one each.
ALL_TYPES = "leave the corpus out"


@dataclass(frozen=True)
class Recipe:
    """The spaCy config and the encoder of a model.

    template (Template): The spaCy config.
    encoder (Optional[EncoderRecord]): The encoder to start from. None if the config has none.
    """

    template: Template
    encoder: Optional[EncoderRecord]


@dataclass(frozen=True)
class ConvertedCorpus:
    """A converted corpus. The optional fields are None if it isn't converted yet.

    entity_types (tuple[str, ...]): The annotated types.
    parts (Mapping[str, Part]): The `train` and `test` parts.
    mentions (Optional[Mapping[str, int]]): Number of mentions in the training part, by entity type.
    outside (Optional[int]): Number of tokens in the training part that are annotated as outside of mentions.
    settings (Optional[CorpusSettings]): The corpus file.
    """

    entity_types: tuple[str, ...]
    parts: Mapping[str, Part]
    mentions: Optional[Mapping[str, int]] = None
    outside: Optional[int] = None
    settings: Optional[CorpusSettings] = None


@dataclass(frozen=True)
class Workspace:
    """An experiment and its environment.

    name (str): The experiment's name.
    experiment (Experiment): The experiment's settings.
    recipe (Recipe): The config and encoder of its model.
    corpora (Mapping[str, ConvertedCorpus]): Its corpora, as currently converted.
    corpus (Path): Folder of the converted corpora.
    tokenizer (Tokenizer): The tokenizer of all pipelines.
    training (Path): Folder for trained models.
    metrics (Path): Folder for run files, tables, figures and the report.
    started_with (StartedWith): The command's seed, threads, precision and encoder.
    gpu_id (int): The GPU to use; -1 for the CPU.
    baselines (Mapping[str, Recipe]): The configs and encoders of the baselines, and of the models that a search tries.
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
        """RETURNS (Path): Folder of everything that the experiment produces, except models."""
        return self.metrics / self.name

    @property
    def runs(self) -> Path:
        """RETURNS (Path): Folder of the run files."""
        return self.results / "runs"

    def models(self, baseline: Optional[str] = None) -> Path:
        """RETURNS (Path): Folder of the trained models of the experiment or of one of its baselines."""
        return self.training / self.name / (baseline or self.experiment.model)

    def recipe_of(self, baseline: Optional[str]) -> Recipe:
        """RETURNS (Recipe): The config and encoder of a baseline or of the experiment's own model."""
        return self.baselines[baseline] if baseline else self.recipe

    @property
    def entity_types(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The types to predict in every run: those of all corpora together."""
        return in_order(kind for corpus in self.corpora.values() for kind in corpus.entity_types)

    def part(self, corpus: str, part: str) -> Part:
        """RETURNS (Part): The `train` or `test` part of a corpus."""
        return self.corpora[corpus].parts[part]

    def count(self, corpus: str, part: str) -> int:
        """RETURNS (int): Number of sentences in a corpus's part."""
        return self.part(corpus, part).sentences

    def job(self, corpora: Sequence[str], baseline: Optional[str] = None, **own: Any) -> TrainingJob:
        """Describe a training of this experiment.

        corpora (Sequence[str]): The corpora to train on, with their training parts unless `train` names other parts.
            One that is listed several times is read several times per epoch.
        baseline (Optional[str]): The baseline it belongs to. None for the experiment's own model.
        **own (Any): Fields that differ from training to training, such as `training` and `seed`.
        RETURNS (TrainingJob): The training, with the experiment's settings filled in.
        RAISES (ProjectError): If a corpus doesn't annotate all types and the model can't leave types out, or a training
            part has no mentions of any type, or none are left without the sentences to leave out, or the encoder is to
            be transferred and is never trained.
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
            "fold_capitals": True if self.experiment.fold_capitals and can_fold(recipe.template.path) else None,
            "precision": self.started_with.precision,
        }
        job = TrainingJob(**{**shared, **own})
        names = tuple(dict.fromkeys(corpora))
        self._check_annotated(names, job, baseline or self.experiment.model)
        self._check_learnable(names, job.entity_types)
        self._check_left(names, job)
        self._check_encoder_trained(job, baseline or self.experiment.model)
        return job

    def _check_annotated(self, corpora: Sequence[str], job: TrainingJob, model: str) -> None:
        for corpus in corpora:
            unknown = [name for name in job.entity_types if name not in self.corpora[corpus].entity_types]
            if unknown and not leaves_types_out(job.template.path):
                is_joint = self.experiment.types == "joint"
                raise ProjectError(
                    f"{corpus} doesn't annotate {', '.join(unknown)}, and model '{model}' would treat that as absent",
                    where=f"experiment {self.name}",
                    remedy=f"{ONE_TYPE if is_joint else ALL_TYPES}, or use the model softmax or softmax_crf",
                )

    def _check_learnable(self, corpora: Sequence[str], entity_types: Sequence[str]) -> None:
        for corpus in corpora:
            mentions = self.corpora[corpus].mentions
            if mentions is not None and not any(mentions.get(kind, 0) for kind in entity_types):
                raise ProjectError(
                    f"the training part of {corpus} has no mentions of {' or '.join(entity_types)} to learn from",
                    where=f"experiment {self.name}",
                    remedy="check the output of `weasel run convert` for the corpus, or leave the corpus out",
                )
        # Of binary answers, only the accepted mentions are known.
        if all(self.corpora[corpus].outside == 0 for corpus in corpora):
            raise ProjectError(
                f"no tokens in the training part of {' or '.join(corpora)} are annotated as outside of mentions, so a "
                "model trained on it would tag everything as a mention",
                where=f"experiment {self.name}",
                remedy="add fully annotated sentences",
            )

    def _check_left(self, corpora: Sequence[str], job: TrainingJob) -> None:
        if not _has_mentions(job.train, job.without, job.without_kinds, job.entity_types):
            raise ProjectError(
                f"no mentions of {' or '.join(job.entity_types)} are left to learn from in {' and '.join(corpora)}, "
                "since `drop_shared_sentences` removes every sentence with one",
                where=f"experiment {self.name}",
                remedy="remove `drop_shared_sentences`, or leave a corpus out",
            )

    def _check_encoder_trained(self, job: TrainingJob, model: str) -> None:
        # Such a run would have the results of one without a source, as if the source brought nothing.
        if job.transfer == ENCODER_ONLY and (job.encoder is None or job.frozen == "encoder"):
            reason = f"model '{model}' has no encoder" if job.encoder is None else "`frozen: encoder` keeps it as it is"
            raise ProjectError(
                f"transfer 'encoder', but {reason}: nothing would be transferred",
                where=f"experiment {self.name}",
                remedy="use `full`",
            )


# Every run of a learning curve describes its source's training, and finding duplicates takes seconds.
@lru_cache(maxsize=1000)
def _has_mentions(
    train: tuple[Part, ...], without: tuple[Part, ...], kinds: tuple[str, ...], entity_types: tuple[str, ...]
) -> bool:
    """RETURNS (bool): Whether sentences with a mention are left. True if none are removed."""
    if not without:
        return True
    sentences = read_sentences([str(part.path) for part in train], [str(part.path) for part in without], kinds)
    return any(kind in entity_types for sentence in sentences for *_, kind in sentence.mentions)


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
    """Read the settings of an experiment, and check that its corpora and encoders exist and haven't changed.

    experiment (str): Name of the experiment.
    configs (Path): Folder with `experiments/` and `corpora/`. Models' configs in it take precedence over the project's.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder of the encoders' records and of trained models.
    metrics (Path): Folder for results.
    seed (int): Added to every seed of the experiment.
    threads (int): CPU threads per run.
    gpu_id (int): The GPU to use; -1 for the CPU.
    encoder (str): The encoder to use instead of the experiment's. `experiment` means its own.
    precision (Optional[str]): Precision of trainings. By default, the experiment's setting, resolved for this hardware.
    RETURNS (Workspace): The experiment and its environment.
    RAISES (ProjectError): If settings are invalid, or a corpus or an encoder is missing or has changed.
    """
    settings = read_experiment(configs, experiment).shifted(seed).with_encoder(encoder)
    others = {name: Baseline(config=name) for name in settings.search.values.model} if settings.search else {}
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
            name: read_recipe(configs, training, other.config, other.encoder or settings.encoder)
            for name, other in {**others, **settings.baselines}.items()
        },
    )


def read_recipe(configs: Path, training: Path, model: str, encoder: str) -> Recipe:
    """RETURNS (Recipe): A model's spaCy config, and the record of its encoder if it has one."""
    template = find_template(configs, model)
    return Recipe(read_template(template), find_encoder(training, encoder) if has_encoder(template) else None)


def find_corpus(configs: Path, corpus: Path, name: str) -> ConvertedCorpus:
    """Find a converted corpus, and check that it matches its corpus file and its manifest.

    configs (Path): Folder with `corpora/`.
    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    RETURNS (ConvertedCorpus): The converted corpus.
    RAISES (ProjectError): If it isn't converted, or its corpus file or a part has changed since.
    """
    file = corpus_file(configs, name)
    manifest = check_converted(corpus, name, file)
    parts = {part: find_part(corpus, name, part) for part in ("train", "test")}
    train, settings = manifest.splits["train"], read_corpus_settings(file)
    return ConvertedCorpus(manifest.entity_types, parts, train.mentions.kept, train.outside_tokens, settings)


def find_tokenizer(corpus: Path) -> Tokenizer:
    """RETURNS (Tokenizer): The tokenizer that `convert` saved with the corpora.

    RAISES (ProjectError): If there is none, or its files have changed since.
    """
    folder = corpus / TOKENIZER
    if not is_tokenizer_saved(corpus):
        raise ProjectError("the tokenizer is missing or damaged", where=folder, remedy="run `weasel run convert`")
    return Tokenizer(folder, hash_file(folder / "tokenizer"))
