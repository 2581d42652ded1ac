"""What an experiment file may say, and where corpus and experiment files are found."""
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
# The project's own, where `--vars.configs` names another folder.
OWN_CONFIGS = Path("configs")
# The folder beside the converted corpora; whoever asks for an encoder has no need of the room that makes it.
TOKENIZER = "tokenizer"


def _without_repeats(values: list) -> list:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValueError(f"{shorten(repr(repeated[0]))} stands here more than once")
    return values


Corpora = Annotated[list[str], AfterValidator(_without_repeats)]
# NumPy takes seeds up to twice this, and `--seed` adds to those of a file.
LARGEST_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_without_repeats)]

# The smallest of 0, 100, 200 and 400 that is within the seeds' spread of the best on held-out training documents of two
# corpora of 60 documents, in batches of 16; the README has the figures.
ENOUGH_UPDATES = 200
# More is a slip of the keyboard: the training would not end.
MOST_EPOCHS, MOST_UPDATES, LARGEST_BATCH = 10_000, 10_000_000, 100_000


class Training(Settings):
    """How long and how fast one kind of run is trained.

    epochs (float): Passes over the training sentences; more of them where they make fewer updates than the floor.
    min_updates (int): The floor: the fewest updates, however few the sentences. It is the same for whole training
        parts and for samples, so that at equal `epochs` no sample is trained on for longer than the part that it is
        drawn from. 0 is none (the paper's protocol).
    batch_size (int): Sentences per update.
    learn_rate (float): Highest learning rate of the encoder.
    head_learn_rate (float): Highest learning rate of the head.
    """

    epochs: float = Field(gt=0, le=MOST_EPOCHS)
    min_updates: int = Field(default=ENOUGH_UPDATES, ge=0, le=MOST_UPDATES)
    batch_size: int = Field(default=16, gt=0, le=LARGEST_BATCH)
    learn_rate: float = Field(default=2e-4, gt=0)
    head_learn_rate: float = Field(default=1e-3, gt=0)


class SourceSet(Settings):
    """What a run is pretrained on.

    together (list[str]): Corpora whose sentences are mixed; a plain list `[a, b]` in an experiment file is this.
    in_sequence (list[str]): Corpora that are trained on one after the other, each starting from the model before.
    targets (list[str]): Only for curves of these targets; left out: of all that are not among the sources.
    enabled (bool): Whether it is run.
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
            raise ValueError("one corpus alone is no sequence; write it as a plain list")
        return self

    @property
    def corpora(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The corpora; none for no pretrain."""
        return tuple(self.together or self.in_sequence)

    def serves(self, target: str) -> bool:
        """RETURNS (bool): Whether curves of that target start from it."""
        return self.enabled and target not in self.corpora and (self.targets is None or target in self.targets)


# More are a slip of the keyboard, and would fill the memory before anything is told.
MOST_SIZES = 10_000
# Part of paths.
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=40)]
EncoderName = Annotated[str, Field(min_length=1)]


def _as_source_set(value: Any) -> Any:
    return {"together": value} if isinstance(value, list) else value


def _as_sizes(value: Any) -> Any:
    """RETURNS (Any): A range `{first: 50, last: 2000, step: 50}`, both ends included, as a list; else as it is."""
    if not isinstance(value, dict):
        return value
    numbers = [value.get(key) for key in ("first", "last", "step")]
    # A boolean is an int to Python.
    whole = [number for number in numbers if type(number) is int and number > 0]
    if len(value) != 3 or len(whole) != 3:
        raise ValueError("a range is written {first: 50, last: 2000, step: 50}")
    first, last, step = whole
    # Not `len`, for which a range may be too long.
    count = max(0, (last - first) // step + 1)
    if count > MOST_SIZES:
        raise ValueError(f"a range of {shorten(str(count))} sizes; {MOST_SIZES} at most")
    return list(range(first, last + 1, step))


Sizes = Annotated[list[int], BeforeValidator(_as_sizes), Field(max_length=MOST_SIZES)]


def _known_selections(names: list[str]) -> list[str]:
    for name in names:
        if name not in METHODS:
            raise ValueError(f"unknown selection {shorten(repr(name))} ({suggest(name, list(METHODS))})")
    if RANDOM not in names:
        raise ValueError(f"'{RANDOM}' is missing, which the others are held against")
    return names


Selections = Annotated[list[str], AfterValidator(_known_selections), AfterValidator(_without_repeats)]


class FewShot(Settings):
    """The learning curves: every target with every source (and with none) at every sample size and seed.

    targets (list[str]): Corpora to learn from few sentences of.
    sources (list[SourceSet]): Each a corpus or several, together or in sequence; an empty list is no pretrain.
        Left out: no pretrain and every other corpus of the experiment by itself.
    sizes (list[int]): Sample sizes, in sentences; or a range, `{first: 50, last: 2000, step: 50}`.
    seeds (list[int]): One run for each.
    transfer (list[str]): `full` (encoder and head of the source) and/or `encoder` (a fresh head).
    compute_matched (list[int]): Sizes at which no pretrain is also run with as many more updates as the source models
        have had, so that a source is not credited with longer training.
    source_tests (list[int]): Sizes at which a pretrained model is also tested on its sources afterwards, to see what it
        forgot.
    selection (list[str]): How the sentences of the samples are chosen: at `random`, which must be among them, and by
        which methods. Of a method, the model after one size chooses what is added for the next one; the first size is
        chosen by the source's model, or at random where none is taken over as a whole. Every sentence is one of the
        target's training part.
    equal_words (bool): Whether for each sample that a method has chosen there is also a random one with as many words.
    training (Training): Settings of these runs.
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
        """RETURNS (list[str]): The selections that a model has a part in."""
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
            raise ValueError("sizes must be positive, ascending and without repeats")
        return sizes

    @model_validator(mode="after")
    def _consistent(self) -> "FewShot":
        for key in ("compute_matched", "source_tests"):
            for size in getattr(self, key):
                if size not in self.sizes:
                    raise ValueError(f"{key}: {size} is not among the sizes")
        if self.equal_words and not self.methods:
            raise ValueError(f"equal_words: `selection` has nothing but '{RANDOM}' to have as many words as")
        return self


class FullTraining(Settings):
    """Runs on whole training parts.

    corpora (list[str]): Corpora to do so on; left out: all of the experiment.
    seeds (list[int]): One run for each.
    training (Training): Settings of these runs.
    """

    corpora: Optional[Corpora] = None
    seeds: Seeds
    training: Training


class Pretraining(Settings):
    """The models that zero-shot and few-shot start from.

    seeds (list[int]): One model of each source for each. The first few-shot seed starts from the first of them, the
        second from the second, and so on, over again where there are fewer.
    training (Training): Settings of their trainings.
    max_sentences (int): The most sentences that a source model is trained on, all its corpora taken together: a seeded
        sample of what they hold. In a sequence it holds for each corpus. Left out: all sentences.
    """

    seeds: Seeds
    training: Training
    max_sentences: Optional[Annotated[int, Field(gt=0)]] = None


# Part of file names.
BaselineName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=40)]


class Baseline(Settings):
    """Another model to stand beside the experiment's own in Table 2.

    config (str): Name of its spaCy config, such as `lstm_crf`.
    encoder (str): Its encoder, as `weasel run encoder` takes it; left out: the experiment's.
    corpora (list[str]): What it is trained and tested on; left out: as in-corpus.
    training (Training): Its settings; left out: those of in-corpus.
    """

    config: ModelName
    encoder: Optional[EncoderName] = None
    corpora: Optional[Annotated[Corpora, Field(min_length=1)]] = None
    training: Optional[Training] = None


class Shipped(Settings):
    """The pipeline that is packaged: named before any score is known.

    Either all the corpora that it names are mixed, or it is trained as a few-shot run is: on a source, then a target.

    corpora (list[str]): Corpora whose training parts are mixed; left out: all of the experiment.
    target (str): In place of `corpora`: what it is trained on last, with the settings of few-shot.
    source (SourceSet): What it is pretrained on before; left out: nothing.
    size (int): How many sentences of the target; left out: its whole training part. With a size and a seed of few-shot
        it is the very model that few-shot evaluated.
    transfer (str): What it takes over of the source: `full` or `encoder`.
    seed (int): Its training seed.
    training (Training): Its settings; left out: those of in-corpus, or of few-shot if a target is named.
    examples (Path): Folder of *.jsonl files with annotated texts that stand in no corpus, one {"text": ..., "entities":
        [{"start": ..., "end": ..., "label": ...}]} a line; the package is scored on them too. Left out: none.
    calibrate (bool): Whether its confidences are calibrated, on documents of its training parts that a second training
        with the same settings does not see: that takes about four fifths of the time of its training once more. The
        pipeline that is packaged is trained on all of them in any case.
    license (str): The package's license, such as `MIT`.
    author (str): Who publishes it.
    email (str): The author's address.
    url (str): Where it is described.
    intended_use (str): What it is for, in the model card in place of a general sentence.
    """

    corpora: Optional[Annotated[Corpora, Field(min_length=1)]] = None
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
        if self.target and self.corpora:
            raise ValueError("give `corpora` or `target`, not both")
        named = [key for key in ("source", "size", "transfer") if key in self.model_fields_set]
        if named and not self.target:
            raise ValueError(f"`{named[0]}` belongs to a `target`, which is missing")
        if self.target in self.source.corpora:
            raise ValueError(f"'{self.target}' is both source and target")
        return self


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class SearchValues(Settings):
    """What a search tries in place of the base's values; one that the base has already is not tried again.

    learn_rate (list[float]): Highest learning rates of the encoder.
    head_learn_rate (list[float]): Highest learning rates of the head.
    epochs (list[float]): Passes over the training sentences; where `min_updates` decides they change nothing.
    min_updates (list[int]): Floors on the number of updates.
    batch_size (list[int]): Sentences per update.
    frozen (list[str]): What of the encoder stays as it is.
    """

    learn_rate: Annotated[list[Positive], AfterValidator(_without_repeats)] = []
    head_learn_rate: Annotated[list[Positive], AfterValidator(_without_repeats)] = []
    epochs: Annotated[list[Positive], AfterValidator(_without_repeats)] = []
    min_updates: Annotated[list[Annotated[int, Field(ge=0)]], AfterValidator(_without_repeats)] = []
    batch_size: Annotated[list[Count], AfterValidator(_without_repeats)] = []
    frozen: Annotated[list[Frozen], AfterValidator(_without_repeats)] = []


class Search(Settings):
    """A search for settings within training parts: no test part is opened.

    Each candidate changes one setting of the base: the product of all values would take too long.

    corpora (list[str]): Corpora whose training parts are searched on, each by itself and without a source.
    development (float): Share of their training documents that is held out to score on.
    split_seed (int): Seed by which these documents are drawn; the same ones for every candidate.
    sizes (list[int]): Sample sizes, in sentences; null is all sentences of the documents that are not held out.
    seeds (list[int]): One training for each.
    base (Training): What the candidates are compared with; what it leaves frozen is the experiment's `frozen`.
    values (SearchValues): What is tried.
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

    paper (bool): Whether the paper's values stand beside those of the corpora that are, or stand in for, the paper's.
    error_examples (bool): Whether the report quotes errors in their sentences. The texts may be private: a report that
        quotes them must be kept as the corpora are.
    """

    paper: bool = False
    error_examples: bool = False


class Experiment(Settings):
    """An experiment: corpora, and what is trained on and scored on which.

    corpora (list[str]): Names of corpus files.
    encoder (str): What every model starts from: `offline`, a Hugging Face name, a folder, or `untrained`.
    lower_case (bool): Whether the encoder's tokenizer lower-cases, where it has that choice (paper protocol B9). Left
        out: as the encoder's own files say.
    model (str): Name of the spaCy config, such as `softmax`.
    frozen (str): What of the encoder stays as it is: `nothing`, its `word_embeddings`, or the whole `encoder`.
    types (str): One model for all entity types (`joint`), or one for each (`per_type`; paper protocol B5).
    precision (str): What trainings compute matrix products in: `float32`, `bfloat16`, or `auto`, which is bfloat16
        where the hardware multiplies it natively. Weights, and predictions, are float32 in any case.
    drop_shared_sentences (list[str]): Leave out of the sources' training sets what also stands in a target's test set:
        `exact` duplicates, `near` ones, or both, of sentences of five words and more. `describe` tells how many there
        are. Left out: none.
    in_corpus (FullTraining): Training and testing within one corpus.
    baselines (dict[str, Baseline]): Other models that are trained and tested within one corpus too, by name.
    pretraining (Pretraining): The source models; left out: the in-corpus models of the first seed (paper protocol B11).
    zero_shot (list[str]): Targets that every source is tested on; left out: all corpora.
    few_shot (FewShot): The learning curves; left out: none.
    ship (Shipped): The pipeline to package.
    search (Search): Settings to try on training parts; left out: none.
    report (Report): What the report shows beyond the experiment's own results; left out: nothing.
    """

    corpora: Corpora = Field(min_length=1)
    encoder: EncoderName = "offline"
    lower_case: Optional[bool] = None
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
        return self

    @model_validator(mode="after")
    def _one_choice(self) -> "Experiment":
        if self.types == "per_type" and self.few_shot and self.few_shot.methods:
            raise ValueError("few_shot.selection: with `types: per_type` each model would choose sentences of its own")
        return self

    @model_validator(mode="after")
    def _own_name(self) -> "Experiment":
        if self.model in self.baselines:
            raise ValueError(f"baselines: '{self.model}' is the experiment's own model; give the baseline another name")
        return self

    def shifted(self, seed: int) -> "Experiment":
        """RETURNS (Experiment): The same experiment with a number, 0 or more, added to every seed."""
        if not 0 <= seed <= LARGEST_SEED:
            raise ProjectError(f"seed {seed}", where="--seed", remedy=f"give 0 to {LARGEST_SEED}")
        return shift_seeds(self, seed)

    def with_encoder(self, encoder: str) -> "Experiment":
        """RETURNS (Experiment): The same experiment with another encoder; `experiment` leaves its own."""
        return self.model_copy(update={"encoder": chosen_encoder(encoder, self.encoder)})


def shift_seeds(settings: SettingsT, seed: int) -> SettingsT:
    """Add a number to every seed of settings, however deep: each field that is called `seed` or `seeds`.

    settings (Settings): The settings. Seeds that draw a split have other names, and stay.
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
    """RETURNS (Path): The corpus file of that name: in the folder given, or else among the project's own; where it
    should be if it is in neither."""
    first, *others = (folder / f"{name}.yml" for folder in _corpus_folders(configs))
    return next((path for path in (first, *others) if path.is_file()), first)


def _check_corpora(names: list[str], where: Path) -> None:
    for name in names:
        check_name(name, f"{where}, key corpora", reserved=TOKENIZER)
    folded = [name.lower() for name in names]
    twice = [name for name in names if folded.count(name.lower()) > 1]
    if twice:
        what = f"{' and '.join(twice)} differ in capitals alone, which some file systems take for one"
        raise ProjectError(what, where=f"{where}, key corpora", remedy="rename one of their corpus files")


def _corpus_folders(configs: Path) -> list[Path]:
    """RETURNS (list[Path]): Where corpus files are looked for, as models' configs are. Commands run in the project."""
    return [folder / "corpora" for folder in (configs, OWN_CONFIGS)]


def read_experiment(configs: Path, name: str) -> Experiment:
    """Read an experiment file and check that its corpus files exist.

    configs (Path): Folder with `experiments/` and `corpora/`; what corpora it lacks are those of the project.
    name (str): The experiment's name: its file is `experiments/NAME.yml`.
    RETURNS (Experiment): The validated settings.
    RAISES (ProjectError): If a file is absent or wrong, or a name is none that files can have.
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
