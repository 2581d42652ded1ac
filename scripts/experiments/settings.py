"""Define the settings of experiment files, and find corpus and experiment files."""
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from scripts.annotation.methods import METHODS, RANDOM
from scripts.base.errors import ProjectError
from scripts.base.settings import Settings, check_name, read_settings, shorten, suggest
from scripts.encoders.record import FOLDER as ENCODERS
from scripts.encoders.record import chosen_encoder

Transfer = Literal["full", "encoder"]
SettingsT = TypeVar("SettingsT", bound=Settings)
Duplicate = Literal["exact", "near"]
Precision = Literal["auto", "float32", "bfloat16"]
Frozen = Literal["nothing", "word_embeddings", "encoder"]
Types = Literal["joint", "per_type"]
# The project's own folder, even if `--vars.configs` is another one.
OWN_CONFIGS = Path("configs")
# The folder next to the converted corpora. Defined here so that reading settings doesn't import the code that makes it.
TOKENIZER = "tokenizer"
# Folders next to those of an experiment's models.
CALIBRATION, SEARCH = "calibration", "search"


def _without_repeats(values: list) -> list:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValueError(f"{shorten(repr(repeated[0]))} is listed more than once")
    return values


Corpora = Annotated[list[str], AfterValidator(_without_repeats)]
# NumPy accepts seeds up to twice this number, and `--seed` is added to those of a file.
LARGEST_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_without_repeats)]

# The smallest of 0, 100, 200 and 400 with a score within the seeds' spread of the best, on held-out training documents
# of two corpora of 60 documents, in batches of 16. The scores are in docs/experiments.md.
ENOUGH_UPDATES = 200
# Larger values are typos: the training would never end.
MOST_EPOCHS, MOST_UPDATES, LARGEST_BATCH, MOST_REPEATS = 10_000, 10_000_000, 100_000, 1_000


class Training(Settings):
    """The length and learning rates of one kind of training.

    epochs (float): Passes over the training sentences. More are made if these give fewer than `min_updates` updates.
    min_updates (int): The minimum number of updates, however few sentences there are. It is the same for whole training
        parts and for samples, so at equal `epochs`, no sample is trained on for longer than the part it is drawn from.
        0 for no minimum (the paper's protocol).
    batch_size (int): Sentences per update.
    learn_rate (float): Peak learning rate of the encoder.
    head_learn_rate (float): Peak learning rate of the head. `transition` and `lstm_crf` don't have one: `learn_rate` is
        that of the whole model.
    """

    epochs: float = Field(gt=0, le=MOST_EPOCHS)
    min_updates: int = Field(default=ENOUGH_UPDATES, ge=0, le=MOST_UPDATES)
    batch_size: int = Field(default=16, gt=0, le=LARGEST_BATCH)
    learn_rate: float = Field(default=2e-4, gt=0)
    head_learn_rate: float = Field(default=1e-3, gt=0)


class SourceSet(Settings):
    """The corpora that a model is pretrained on.

    together (list[str]): Corpora to mix. In an experiment file, a plain list `[a, b]` means the same.
    in_sequence (list[str]): Corpora to train on one after the other. Each training starts from the previous model.
    targets (list[str]): Targets to use this source for. By default, all corpora that are not among the sources.
    enabled (bool): Whether to run it.
    """

    together: Corpora = []
    in_sequence: Corpora = []
    targets: Optional[Corpora] = None
    enabled: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> "SourceSet":
        if self.together and self.in_sequence:
            raise ValueError("give `together` or `in_sequence`, not both")
        if len(self.in_sequence) == 1:
            raise ValueError("`in_sequence` needs at least two corpora; write a single one as a plain list")
        return self

    @property
    def corpora(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The corpora. Empty for no pretrain."""
        return tuple(self.together or self.in_sequence)

    def serves(self, target: str) -> bool:
        """RETURNS (bool): Whether to use it as a source for this target."""
        return self.enabled and target not in self.corpora and (self.targets is None or target in self.targets)


# More are a typo, and would fill the memory before any error is reported.
MOST_SIZES = 10_000
# Part of paths.
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=40)]
EncoderName = Annotated[str, Field(min_length=1)]


def _as_source_set(value: Any) -> Any:
    return {"together": value} if isinstance(value, list) else value


def _as_sizes(value: Any) -> Any:
    """RETURNS (Any): A range `{first: 50, last: 2000, step: 50}`, with both ends, as a list. Other values as is."""
    if not isinstance(value, dict):
        return value
    numbers = [value.get(key) for key in ("first", "last", "step")]
    # `isinstance` would accept booleans.
    whole = [number for number in numbers if type(number) is int and number > 0]
    if len(value) != 3 or len(whole) != 3:
        raise ValueError("write a range as {first: 50, last: 2000, step: 50}, with whole numbers above 0")
    first, last, step = whole
    # Not `len`, which fails for very long ranges.
    count = max(0, (last - first) // step + 1)
    if count > MOST_SIZES:
        raise ValueError(f"the range has {shorten(str(count))} sizes, the maximum is {MOST_SIZES}; use a larger step")
    return list(range(first, last + 1, step))


Sizes = Annotated[list[int], BeforeValidator(_as_sizes), Field(max_length=MOST_SIZES)]


def _known_selections(names: list[str]) -> list[str]:
    for name in names:
        if name not in METHODS:
            raise ValueError(f"unknown selection {shorten(repr(name))} ({suggest(name, list(METHODS))})")
        if name != RANDOM and not METHODS[name].needs_model:
            raise ValueError(f"selection '{name}' is for `suggest` only, since it doesn't use a model; remove it here")
    if RANDOM not in names:
        raise ValueError(f"'{RANDOM}' is missing; add it, since the other methods are compared with it")
    return names


Selections = Annotated[list[str], AfterValidator(_known_selections), AfterValidator(_without_repeats)]


class FewShot(Settings):
    """The learning curves: every target with every source (and without one) at every sample size and seed.

    targets (list[str]): Corpora to sample training sentences from.
    sources (list[SourceSet]): Sources, each one or more corpora, together or in sequence. An empty list means no
        pretrain. By default, no pretrain and every other corpus of the experiment by itself.
    sizes (list[int]): Sample sizes in sentences, or a range such as `{first: 50, last: 2000, step: 50}`.
    seeds (list[int]): One run per seed.
    transfer (list[str]): `full` (the source's encoder and head) and/or `encoder` (with a fresh head).
    compute_matched (list[int]): Sizes at which to also run no pretrain with as many additional updates as the source
        models had, so that longer training doesn't count as an advantage of the source.
    source_tests (list[int]): Sizes at which to also test pretrained models on their sources, to measure forgetting.
    selection (list[str]): How to select the sentences of the samples: `random`, which is required, and other methods.
        With a method, the model trained at one size selects the sentences to add for the next size. For the first size,
        the source's model selects them, or they are random if the source's head isn't transferred. All sentences come
        from the target's training part.
    equal_words (bool): Whether to add a random sample with as many words for each sample that a method has selected.
    training (Training): Settings of these trainings.
    """

    targets: Corpora = Field(min_length=1)
    sources: Optional[list[Annotated[SourceSet, BeforeValidator(_as_source_set)]]] = None
    sizes: Sizes = Field(min_length=1)
    seeds: Seeds
    transfer: Annotated[list[Transfer], AfterValidator(_without_repeats)] = Field(default=["full"], min_length=1)
    compute_matched: Sizes = []
    source_tests: Sizes = []
    selection: Selections = [RANDOM]
    equal_words: bool = False
    training: Training

    @property
    def methods(self) -> list[str]:
        """RETURNS (list[str]): The selections that use a model."""
        return [name for name in self.selection if name != RANDOM]

    @field_validator("sources")
    @classmethod
    def _each_once(cls, sources: Optional[list[SourceSet]]) -> Optional[list[SourceSet]]:
        _without_repeats([(*source.corpora, bool(source.in_sequence)) for source in sources or []])
        return sources

    @field_validator("sizes", "compute_matched", "source_tests")
    @classmethod
    def _ascending(cls, sizes: list[int]) -> list[int]:
        if sizes != sorted(set(sizes)) or (sizes and sizes[0] < 1):
            raise ValueError("sizes must be positive, in ascending order and without repeats")
        return sizes

    @model_validator(mode="after")
    def _consistent(self) -> "FewShot":
        for key in ("compute_matched", "source_tests"):
            for size in getattr(self, key):
                if size not in self.sizes:
                    raise ValueError(f"{key}: {size} is not among the `sizes`; add it there, or remove it here")
        if self.equal_words and not self.methods:
            raise ValueError(f"equal_words: `selection` only has '{RANDOM}'; add a method, or remove `equal_words`")
        return self


class FullTraining(Settings):
    """Runs on whole training parts.

    corpora (list[str]): Corpora to train and test on. By default, all corpora of the experiment.
    seeds (list[int]): One run per seed.
    training (Training): Settings of these trainings.
    """

    corpora: Optional[Annotated[Corpora, Field(min_length=1)]] = None
    seeds: Seeds
    training: Training


class Pretraining(Settings):
    """The models that zero-shot and few-shot start from.

    seeds (list[int]): One model of each source per seed. The first few-shot seed starts from the first model, the
        second from the second, and so on, starting over if there are fewer models.
    training (Training): Settings of these trainings.
    max_sentences (int): Maximum number of training sentences of a source model, for all its corpora together. If they
        have more, a seeded sample is used. In a sequence, it applies to each corpus. By default, all sentences.
    """

    seeds: Seeds
    training: Training
    max_sentences: Optional[Annotated[int, Field(gt=0)]] = None


# Part of file names.
BaselineName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=40)]


class Baseline(Settings):
    """Another model to compare with the experiment's own in Table 2.

    config (str): Name of the spaCy config, such as `lstm_crf`.
    encoder (str): The encoder, as for `weasel run encoder`. By default, the experiment's.
    corpora (list[str]): Corpora to train and test on. By default, those of in-corpus.
    training (Training): Settings of the training. By default, those of in-corpus.
    """

    config: ModelName
    encoder: Optional[EncoderName] = None
    corpora: Optional[Annotated[Corpora, Field(min_length=1)]] = None
    training: Optional[Training] = None


class Shipped(Settings):
    """The pipeline to package, chosen before any scores are known.

    It is trained on a mix of `corpora`, or like a few-shot run: on a `source`, then on a `target`.

    corpora (list[str]): Corpora with training parts to mix. By default, all corpora of the experiment.
    repeat (dict[str, int]): How many times an epoch reads the sentences of some of these, which gives them more weight.
    target (str): Instead of `corpora`, the corpus to train on last, with the settings of few-shot.
    source (SourceSet): Corpora to pretrain on, without `targets` and `enabled`. By default, none.
    size (int): Number of sentences of the target. By default, its whole training part. With a size and a seed of
        few-shot, this is the same model that few-shot evaluated.
    transfer (str): The part of the source model to start from: `full` or `encoder`.
    seed (int): Training seed.
    training (Training): Settings of the training. By default, those of in-corpus, or of few-shot with a `target`.
    examples (Path): Folder of *.jsonl files with annotated texts that are not in any corpus, to also score the package
        on. One per line: {"text": ..., "entities": [{"start": ..., "end": ..., "label": ...}]}. By default, none.
    calibrate (bool): Whether to calibrate the confidences, on training documents that are held out from a second
        training with the same settings. This adds about four fifths of the training time. The packaged pipeline is
        trained on all documents in any case.
    license (str): License of the package, such as `MIT`.
    author (str): Author of the package.
    email (str): Email address of the author.
    url (str): URL of the package's home page.
    intended_use (str): Intended use, for the model card, to replace the general description.
    """

    corpora: Optional[Annotated[Corpora, Field(min_length=1)]] = None
    repeat: dict[str, Annotated[int, Field(ge=1, le=MOST_REPEATS)]] = {}
    target: Optional[str] = None
    source: Annotated[SourceSet, BeforeValidator(_as_source_set)] = SourceSet()
    size: Optional[Annotated[int, Field(gt=0)]] = None
    transfer: Transfer = "full"
    seed: Seed = 0
    training: Optional[Training] = None
    examples: Optional[Path] = None
    calibrate: bool = True
    license: str = ""
    author: str = ""
    email: str = ""
    url: str = ""
    intended_use: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "Shipped":
        for key in ("corpora", "repeat"):
            if self.target and getattr(self, key):
                raise ValueError(f"give `{key}` or `target`, not both")
        named = [key for key in ("source", "size", "transfer") if key in self.model_fields_set]
        if named and not self.target:
            raise ValueError(f"`{named[0]}` needs a `target`, which is missing")
        if self.target in self.source.corpora:
            raise ValueError(f"'{self.target}' is both source and target")
        if self.source.targets is not None or not self.source.enabled:
            key = "enabled" if self.source.targets is None else "targets"
            raise ValueError(f"source: `{key}` is for the sources of few_shot; remove it, or the whole `source`")
        if self.transfer == "encoder" and not self.source.corpora:
            raise ValueError("`transfer: encoder` needs a `source`, which is missing")
        return self


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class SearchValues(Settings):
    """The values that a search tries instead of the base's. The base's own values are not repeated.

    learn_rate (list[float]): Peak learning rates of the encoder.
    head_learn_rate (list[float]): Peak learning rates of the head.
    epochs (list[float]): Passes over the training sentences. They have no effect if `min_updates` decides the length.
    min_updates (list[int]): Minimum numbers of updates.
    batch_size (list[int]): Sentences per update.
    frozen (list[str]): The parts of the encoder that are not trained.
    model (list[str]): Names of spaCy configs, such as `softmax_crf`, or of baselines, of which only the config and the
        encoder count here.
    """

    learn_rate: Annotated[list[Positive], AfterValidator(_without_repeats)] = []
    head_learn_rate: Annotated[list[Positive], AfterValidator(_without_repeats)] = []
    epochs: Annotated[list[Positive], AfterValidator(_without_repeats)] = []
    min_updates: Annotated[list[Annotated[int, Field(ge=0)]], AfterValidator(_without_repeats)] = []
    batch_size: Annotated[list[Count], AfterValidator(_without_repeats)] = []
    frozen: Annotated[list[Frozen], AfterValidator(_without_repeats)] = []
    model: Annotated[list[ModelName], AfterValidator(_without_repeats)] = []


class Search(Settings):
    """A search for settings on training parts only. No test part is opened.

    Each candidate changes one setting of the base. The product of all values would take too long.

    corpora (list[str]): Corpora to search on, each by itself and without a source.
    development (float): Share of the training documents to hold out for scoring.
    split_seed (int): Seed of the split. All candidates use the same one.
    sizes (list[int]): Sample sizes in sentences. null means all sentences of the documents that are not held out.
    seeds (list[int]): One training per seed.
    base (Training): The settings to compare candidates with. The model and the frozen part are the experiment's.
    values (SearchValues): The values to try.
    """

    corpora: Annotated[Corpora, Field(min_length=1)]
    development: Annotated[float, Field(gt=0, lt=1)] = 0.2
    split_seed: Seed = 0
    sizes: Annotated[list[Optional[Count]], Field(min_length=1), AfterValidator(_without_repeats)]
    seeds: Seeds
    base: Training
    values: SearchValues


class Report(Settings):
    """What the report shows beyond the experiment's own results.

    paper (bool): Whether to show the paper's values next to those of the corpora that are, or represent, the paper's.
    error_examples (bool): Whether to quote errors in their sentences. The texts may be private. A report that quotes
        them must be protected like the corpora.
    """

    paper: bool = False
    error_examples: bool = False


class Experiment(Settings):
    """An experiment: the corpora, and the models to train and test on them.

    corpora (list[str]): Names of corpus files.
    encoder (str): The encoder of every model: `offline`, a Hugging Face name, a folder, or `untrained`.
    lower_case (bool): Whether the encoder's tokenizer lower-cases, if it has that option (paper protocol B9). By
        default, the setting in the encoder's files.
    fold_capitals (bool): Whether encoders read sentences in capitals or title case as if they were in lower case.
    model (str): Name of the spaCy config, such as `softmax`.
    frozen (str): The part of the encoder that isn't trained: `nothing`, its `word_embeddings`, or the whole `encoder`.
    types (str): One model for all entity types (`joint`), or one per type (`per_type`; paper protocol B5).
    precision (str): Precision of matrix products in training: `float32`, `bfloat16`, or `auto`, which means bfloat16
        if the hardware multiplies it natively. Weights and predictions are always float32.
    drop_shared_sentences (list[str]): Leave sentences out of the sources' training data that are also in a target's
        test part: `exact` duplicates, `near` duplicates or both, of sentences with at least five words. `describe`
        reports how many there are. By default, none are left out.
    in_corpus (FullTraining): Training and testing within one corpus.
    baselines (dict[str, Baseline]): Other models to train and test within one corpus, by name.
    pretraining (Pretraining): The source models. By default, in-corpus models of the first seed (paper protocol B11).
    zero_shot (list[str]): Targets to test every source on. By default, all corpora.
    few_shot (FewShot): The learning curves. By default, none.
    ship (Shipped): The pipeline to package.
    search (Search): Settings to try on training parts. By default, none.
    report (Report): What the report shows beyond the experiment's own results. By default, nothing.
    """

    corpora: Corpora = Field(min_length=1)
    encoder: EncoderName = "offline"
    lower_case: Optional[bool] = None
    fold_capitals: bool = True
    model: ModelName = "softmax"
    frozen: Frozen = "word_embeddings"
    types: Types = "joint"
    precision: Precision = "auto"
    drop_shared_sentences: Annotated[list[Duplicate], AfterValidator(_without_repeats)] = []
    in_corpus: FullTraining
    baselines: dict[BaselineName, Baseline] = {}
    pretraining: Optional[Pretraining] = None
    zero_shot: Optional[Corpora] = None
    few_shot: Optional[FewShot] = None
    ship: Shipped = Shipped()
    search: Optional[Search] = None
    report: Report = Report()

    @model_validator(mode="after")
    def _known_corpora(self) -> "Experiment":
        named = [*(self.in_corpus.corpora or []), *(self.zero_shot or []), *(self.ship.corpora or [])]
        named += [*([self.ship.target] if self.ship.target else []), *self.ship.source.corpora]
        if self.few_shot:
            sources = self.few_shot.sources or []
            named += self.few_shot.targets + [name for source in sources for name in source.corpora]
            named += [name for source in sources for name in source.targets or []]
        named += [name for baseline in self.baselines.values() for name in baseline.corpora or []]
        named += self.search.corpora if self.search else []
        for name in named:
            if name not in self.corpora:
                raise ValueError(f"unknown corpus '{name}' ({suggest(name, self.corpora)})")
        mixed = self.ship.corpora or self.corpora
        for name in self.ship.repeat:
            if name not in mixed:
                raise ValueError(f"ship.repeat: '{name}' is not trained on ({suggest(name, mixed)})")
        return self

    @model_validator(mode="after")
    def _one_choice(self) -> "Experiment":
        if self.types == "per_type" and self.few_shot and self.few_shot.methods:
            raise ValueError("few_shot.selection: use `types: joint`; with `per_type` each model would select its own")
        return self

    @model_validator(mode="after")
    def _own_name(self) -> "Experiment":
        if self.model in self.baselines:
            raise ValueError(f"baselines: '{self.model}' is the experiment's own model; give the baseline another name")
        for name in (self.model, *self.baselines):
            if name.lower() in (CALIBRATION, SEARCH):
                raise ValueError(f"model '{name}': the project itself uses this name; give the model another one")
        return self

    def shifted(self, seed: int) -> "Experiment":
        """RETURNS (Experiment): The same experiment with a number (0 or more) added to every seed."""
        if not 0 <= seed <= LARGEST_SEED:
            raise ProjectError(f"--seed must be from 0 to {LARGEST_SEED} (got {seed})")
        return shift_seeds(self, seed)

    def with_encoder(self, encoder: str) -> "Experiment":
        """RETURNS (Experiment): The same experiment with another encoder. `experiment` means its own."""
        return self.model_copy(update={"encoder": chosen_encoder(encoder, self.encoder)})


def shift_seeds(settings: SettingsT, seed: int) -> SettingsT:
    """Add a number to every seed in settings, including nested ones: each field named `seed` or `seeds`.

    settings (Settings): The settings. Seeds of splits have other names and don't change.
    seed (int): The number.
    RETURNS (Settings): The same settings with other seeds.
    """
    own = {name: _shift(name, getattr(settings, name), seed) for name in type(settings).model_fields}
    return settings.model_copy(update=own)


def _shift(name: str, value: Any, seed: int) -> Any:
    if name == "seed":
        return value + seed
    if name == "seeds":
        return [seed + number for number in value]
    if isinstance(value, Settings):
        return shift_seeds(value, seed)
    if isinstance(value, list):
        return [_shift("", item, seed) for item in value]
    return {key: _shift("", item, seed) for key, item in value.items()} if isinstance(value, dict) else value


def corpus_file(configs: Path, name: str) -> Path:
    """RETURNS (Path): The corpus file of that name, from the given folder or the project's own. If neither has one, its
    path in the given folder."""
    first, *others = (folder / f"{name}.yml" for folder in _corpus_folders(configs))
    return next((path for path in (first, *others) if path.is_file()), first)


def _check_corpora(names: list[str], where: Path) -> None:
    for name in names:
        check_name(name, f"{where}, key corpora", reserved=TOKENIZER)
    folded = [name.lower() for name in names]
    twice = [name for name in names if folded.count(name.lower()) > 1]
    if twice:
        what = f"{' and '.join(twice)} differ only in capital letters, which some file systems ignore"
        raise ProjectError(what, where=f"{where}, key corpora", remedy="rename one of their corpus files")


def _corpus_folders(configs: Path) -> list[Path]:
    """RETURNS (list[Path]): Folders to look for corpus files in. Commands run in the project's folder."""
    return [folder / "corpora" for folder in (configs, OWN_CONFIGS)]


def read_experiment(configs: Path, name: str) -> Experiment:
    """Read an experiment file and check that its corpus files exist.

    configs (Path): Folder with `experiments/` and `corpora/`. Corpora that it lacks are read from the project's own.
    name (str): The experiment's name. Its file is `experiments/NAME.yml`.
    RETURNS (Experiment): The validated settings.
    RAISES (ProjectError): If a file is missing or invalid, or the name can't be a file name.
    """
    check_name(name, "--experiment", reserved=ENCODERS)
    path = configs / "experiments" / f"{name}.yml"
    experiment = read_settings(path, Experiment)
    _check_corpora(experiment.corpora, path)
    known = sorted({file.stem for folder in _corpus_folders(configs) for file in folder.glob("*.yml")})
    for corpus in experiment.corpora:
        if corpus not in known:
            raise ProjectError(f"unknown corpus '{corpus}'", where=path, remedy=suggest(corpus, known) if known else "")
    return experiment
