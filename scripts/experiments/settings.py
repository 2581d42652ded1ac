"""What an experiment file may say, and where corpus and experiment files are found."""
from pathlib import Path
from typing import Annotated, Literal, Optional

from pydantic import AfterValidator, Field, field_validator, model_validator

from scripts.base.errors import ProjectError
from scripts.base.settings import Settings, read_settings, suggest

Transfer = Literal["full", "encoder"]
Duplicate = Literal["exact", "near"]
Precision = Literal["auto", "float32", "bfloat16"]


def _without_repeats(values: list) -> list:
    repeated = [value for value in values if values.count(value) > 1]
    if repeated:
        raise ValueError(f"{repeated[0]!r} stands here more than once")
    return values


Corpora = Annotated[list[str], AfterValidator(_without_repeats)]
Seed = Annotated[int, Field(ge=0)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_without_repeats)]


class Training(Settings):
    """How long and how fast one kind of run is trained.

    epochs (float): Passes over the training sentences.
    min_updates (int): A floor on the number of updates, which decides at small sample sizes (paper protocol: none).
    batch_size (int): Sentences per update.
    learn_rate (float): Highest learning rate of the encoder.
    head_learn_rate (float): Highest learning rate of the head.
    """

    epochs: float = Field(gt=0)
    min_updates: int = Field(default=0, ge=0)
    batch_size: int = Field(default=16, gt=0)
    learn_rate: float = Field(default=2e-4, gt=0)
    head_learn_rate: float = Field(default=1e-3, gt=0)


class FewShot(Settings):
    """The learning curves: every target with every source (and with none) at every sample size and seed.

    targets (list[str]): Corpora to learn from few sentences of.
    sources (list[list[str]]): Each a corpus or several together; an empty list is no pretrain.
        Left out: no pretrain and every other corpus of the experiment by itself.
    sizes (list[int]): Sample sizes, in sentences.
    seeds (list[int]): One run for each.
    transfer (list[str]): `full` (encoder and head of the source) and/or `encoder` (a fresh head).
    training (Training): Settings of these runs.
    """

    targets: Corpora = Field(min_length=1)
    sources: Optional[Annotated[list[Corpora], AfterValidator(_without_repeats)]] = None
    sizes: list[int] = Field(min_length=1)
    seeds: Seeds
    transfer: Annotated[list[Transfer], AfterValidator(_without_repeats)] = Field(default=["full"], min_length=1)
    training: Training

    @field_validator("sizes")
    @classmethod
    def _ascending(cls, sizes: list[int]) -> list[int]:
        if sizes != sorted(set(sizes)) or sizes[0] < 1:
            raise ValueError("sizes must be positive, ascending and without repeats")
        return sizes


class FullTraining(Settings):
    """Runs on whole training parts.

    seeds (list[int]): One run for each; the models of the first seed are the sources of zero-shot and few-shot.
    training (Training): Settings of these runs.
    """

    seeds: Seeds
    training: Training


class Shipped(Settings):
    """The pipeline that is packaged: named before any score is known.

    corpora (list[str]): Corpora whose training parts it is trained on; left out: all of the experiment.
    seed (int): Its training seed.
    training (Training): Its settings; left out: those of in-corpus.
    examples (Path): Folder of *.jsonl files with annotated texts that stand in no corpus, one {"text": ..., "entities":
        [{"start": ..., "end": ..., "label": ...}]} a line; the package is scored on them too. Left out: none.
    """

    corpora: Optional[Annotated[Corpora, Field(min_length=1)]] = None
    seed: Seed = 0
    training: Optional[Training] = None
    examples: Optional[Path] = None


class Experiment(Settings):
    """An experiment: corpora, and what is trained on and scored on which.

    corpora (list[str]): Names of corpus files.
    model (str): Name of the spaCy config, such as `softmax`.
    freeze_word_embeddings (bool): Whether the encoder's word embeddings stay as they are.
    precision (str): What trainings compute matrix products in: `float32`, `bfloat16`, or `auto`, which is bfloat16
        where the hardware multiplies it natively. Weights, and predictions, are float32 in any case.
    drop_shared_sentences (list[str]): Leave out of the sources' training sets what also stands in a target's test set:
        `exact` duplicates, `near` ones, or both, of sentences of five words and more. `describe` tells how many there
        are. Left out: none.
    in_corpus (FullTraining): Training and testing within one corpus; these models are the sources too.
    zero_shot (list[str]): Targets that every source is tested on; left out: all corpora.
    few_shot (FewShot): The learning curves; left out: none.
    ship (Shipped): The pipeline to package.
    """

    corpora: Corpora = Field(min_length=1)
    model: str = "softmax"
    freeze_word_embeddings: bool = True
    precision: Precision = "auto"
    drop_shared_sentences: Annotated[list[Duplicate], AfterValidator(_without_repeats)] = []
    in_corpus: FullTraining
    zero_shot: Optional[Corpora] = None
    few_shot: Optional[FewShot] = None
    ship: Shipped = Shipped()

    @model_validator(mode="after")
    def _known_corpora(self) -> "Experiment":
        named = list(self.zero_shot or []) + list(self.ship.corpora or [])
        if self.few_shot:
            named += self.few_shot.targets + [name for source in self.few_shot.sources or [] for name in source]
        for name in named:
            if name not in self.corpora:
                raise ValueError(f"unknown corpus '{name}' ({suggest(name, self.corpora)})")
        return self


def corpus_file(configs: Path, name: str) -> Path:
    """RETURNS (Path): Where the corpus file of that name is looked for."""
    return configs / "corpora" / f"{name}.yml"


def read_experiment(configs: Path, name: str) -> Experiment:
    """Read an experiment file and check that its corpus files exist.

    configs (Path): Folder with `experiments/` and `corpora/`.
    name (str): The experiment's name: its file is `experiments/NAME.yml`.
    RETURNS (Experiment): The validated settings.
    RAISES (ProjectError): If a file is absent or wrong.
    """
    path = configs / "experiments" / f"{name}.yml"
    experiment = read_settings(path, Experiment)
    known = [file.stem for file in (configs / "corpora").glob("*.yml")]
    for corpus in experiment.corpora:
        if corpus not in known:
            raise ProjectError(f"unknown corpus '{corpus}'", where=path, remedy=suggest(corpus, known) if known else "")
    return experiment
