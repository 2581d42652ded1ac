"""Plan an experiment: list its runs, and the models on whole training parts that the runs need."""
from dataclasses import dataclass, replace
from typing import Callable, Mapping, Optional, Sequence

from scripts.annotation.methods import RANDOM
from scripts.base.errors import ProjectError
from scripts.experiments.job import SAMPLE_SEED_OFFSET
from scripts.experiments.settings import Experiment, FewShot, Pretraining, Shipped, SourceSet, Training
from scripts.results.kinds import FEW_SHOT, FULL, IN_CORPUS, NO_TRANSFER, SHIPPED, ZERO_SHOT, Kind, Transfer
from scripts.results.runs import Coordinates

# Takes a corpus and a part (`train` or `test`), and returns the number of sentences.
SentenceCount = Callable[[str, str], int]


@dataclass(frozen=True)
class SourceModel:
    """A model to keep, trained on the training parts of one or more corpora, or on a sample of them.

    corpora (tuple[str, ...]): The training corpora.
    seed (int): Training seed.
    training (Training): Settings of the training.
    max_sentences (int): Maximum number of training sentences. None for all.
    before (SourceModel): The model to start from, if sources are used in sequence or the model is fine-tuned.
    transfer (str): The part of that model to start from: `full` or `encoder`.
    is_few_shot (bool): Whether it is trained exactly like the few-shot run with the same coordinates.
    baseline (str): The baseline it belongs to. None for the experiment's own model.
    entity_type (str): The entity type to train for. None for all types jointly.
    repeats (tuple[int, ...]): How many times an epoch reads each of the corpora. Empty for once.
    """

    corpora: tuple[str, ...]
    seed: int
    training: Training
    max_sentences: Optional[int] = None
    before: Optional["SourceModel"] = None
    transfer: Transfer = FULL
    is_few_shot: bool = False
    baseline: Optional[str] = None
    entity_type: Optional[str] = None
    repeats: tuple[int, ...] = ()

    @property
    def repeated_corpora(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The corpora, each as many times as an epoch reads it."""
        times = self.repeats or (1,) * len(self.corpora)
        return tuple(name for name, number in zip(self.corpora, times, strict=True) for _ in range(number))

    @property
    def training_seed(self) -> int:
        """RETURNS (int): Seed of the training. The sample uses `seed`."""
        return self.seed + SAMPLE_SEED_OFFSET if self.is_few_shot else self.seed

    @property
    def sources(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): All corpora that the model has seen, in order of training."""
        return (*(self.before.sources if self.before else ()), *self.corpora)

    @property
    def name(self) -> str:
        """RETURNS (str): The model's name within the experiment."""
        entity_type = [f"type-{self.entity_type}"] if self.entity_type else []
        return ".".join([name_of_sources(self.sources, self.before is not None), *entity_type, f"seed-{self.seed}"])


@dataclass(frozen=True)
class Run:
    """One training, or one test of a trained model, at given coordinates.

    kind (str): in-corpus, zero-shot, few-shot or shipped.
    target (str): The corpus to test on, and to train on except in zero-shot.
    seed (int): Seed of the sample and the training.
    source (SourceModel): The model to start from. None in in-corpus and without pretraining.
    transfer (str): The part of the source model to start from: `full`, `encoder` or `none`.
    size (int): Sample size in sentences. 0 in zero-shot; None for the whole training part.
    extra_updates (int): Updates in addition to those for the sample. Above 0 in a compute-matched control.
    baseline (str): The baseline it belongs to. None for the experiment's own model.
    entity_type (str): The entity type to train and score for. None for all types jointly.
    selection (str): How the sentences of the sample are selected.
    words_of (str): For a random sample used as a comparison, the method whose sample has as many words. Empty for
        samples of `size` sentences.
    """

    kind: Kind
    target: str
    seed: int
    source: Optional[SourceModel] = None
    transfer: Transfer = NO_TRANSFER
    size: Optional[int] = None
    extra_updates: int = 0
    baseline: Optional[str] = None
    entity_type: Optional[str] = None
    selection: str = RANDOM
    words_of: str = ""

    @property
    def is_at_random(self) -> bool:
        """RETURNS (bool): Whether the sample, if there is one, is a plain random one."""
        return self.selection == RANDOM and not self.words_of

    @property
    def sources(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The source corpora. Empty without pretraining."""
        return self.source.sources if self.source else ()

    @property
    def in_sequence(self) -> bool:
        """RETURNS (bool): Whether the model was pretrained on its sources one after the other."""
        return self.source is not None and self.source.before is not None

    @property
    def id(self) -> str:
        """RETURNS (str): The run's name within the experiment, also used for its file."""
        parts = [self.kind, *([self.baseline] if self.baseline else []), self.target]
        source = name_of_sources(self.sources, self.in_sequence)
        if self.kind == FEW_SHOT:
            parts += [f"from-{source}", self.transfer, f"size-{self.size}"]
            parts += [f"extra-{self.extra_updates}"] if self.extra_updates else []
            parts += [] if self.is_at_random else [name_of_selection(self.selection, self.words_of)]
        elif self.source:
            parts.append(f"from-{source}")
        parts += [f"type-{self.entity_type}"] if self.entity_type else []
        return ".".join([*parts, f"seed-{self.seed}"])

    def coordinates(self, experiment: str, model: str, threads: int) -> Coordinates:
        """RETURNS (Coordinates): The run's coordinates, as stored in its file."""
        return Coordinates(
            experiment=experiment,
            kind=self.kind,
            model=self.baseline or model,
            transfer=self.transfer,
            sources=self.sources,
            target=self.target,
            size=self.size,
            seed=self.seed,
            threads=threads,
            in_sequence=self.in_sequence,
            extra_updates=self.extra_updates,
            entity_type=self.entity_type,
            selection=self.selection,
            words_of=self.words_of,
        )


def name_of_selection(selection: str, words_of: str) -> str:
    """RETURNS (str): The name of a method, or a name such as `random-words-of-uncertainty`."""
    return f"{selection}-words-of-{words_of}" if words_of else selection


def name_of_sources(sources: tuple[str, ...], in_sequence: bool) -> str:
    """RETURNS (str): A name such as `a+b` for corpora together, `a-then-b` in sequence, or `none` without any."""
    return ("-then-" if in_sequence else "+").join(sources) or "none"


def in_corpus_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Training and testing within each corpus, per model and seed (paper, Table 2)."""
    seeds = experiment.in_corpus.seeds
    corpora = experiment.corpora if experiment.in_corpus.corpora is None else experiment.in_corpus.corpora
    own = [Run(IN_CORPUS, name, seed) for name in corpora for seed in seeds]
    return own + [
        Run(IN_CORPUS, corpus, seed, baseline=name)
        for name, baseline in experiment.baselines.items()
        for corpus in baseline.corpora or corpora
        for seed in seeds
    ]


def zero_shot_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Every source model on every target that isn't among its sources (paper, Table 3)."""
    targets = experiment.corpora if experiment.zero_shot is None else experiment.zero_shot
    return [
        Run(ZERO_SHOT, target, seed, source_model(experiment, source, seed), FULL, size=0)
        for target in targets
        for source in sources_of(experiment)
        if target not in source.corpora
        for seed in pretraining_of(experiment).seeds
    ]


def few_shot_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Every point of the learning curves (paper, Figure 1), except compute-matched controls. Each
    comes after the runs that select its sentences."""
    few_shot = experiment.few_shot
    if few_shot is None:
        return []
    return [
        Run(
            *(FEW_SHOT, target, seed, _start(experiment, source, position), transfer, size),
            selection=selection,
            words_of=words_of,
        )
        for target in few_shot.targets
        for source in few_shot_sources(experiment, target)
        for transfer in (few_shot.transfer if source.corpora else [NO_TRANSFER])
        for size in few_shot.sizes
        for selection, words_of in _selections(few_shot)
        for position, seed in enumerate(few_shot.seeds)
    ]


def _selections(few_shot: FewShot) -> list[tuple[str, str]]:
    """RETURNS (list[tuple]): Selections, each with the method to match in words. The matched ones come first."""
    chosen = [(name, "") for name in few_shot.methods]
    controls = [(RANDOM, name) for name in few_shot.methods] if few_shot.equal_words else []
    return [(RANDOM, ""), *chosen, *controls]


def control_runs(experiment: Experiment, updates_of: Callable[[SourceModel], int]) -> list[Run]:
    """List the compute-matched controls: no pretrain, with as many updates in total as a run with a source.

    experiment (Experiment): The experiment.
    updates_of (Callable): Returns the number of updates of a source model and of those it starts from.
    RETURNS (list[Run]): One run per number of updates, target, size and seed.
    """
    sizes = experiment.few_shot.compute_matched if experiment.few_shot else []
    runs = {
        Run(FEW_SHOT, run.target, run.seed, None, NO_TRANSFER, run.size, extra_updates=updates_of(run.source))
        for run in few_shot_runs(experiment)
        if run.source and run.size in sizes
    }
    return sorted(runs, key=lambda run: (run.target, run.extra_updates, run.size or 0, run.seed))


def shipped_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Tests of the pipeline to package, on each corpus of the experiment."""
    model = shipped_model(experiment)
    return [Run(SHIPPED, target, model.seed, model, FULL) for target in experiment.corpora]


def tested_model(experiment: Experiment, run: Run) -> Optional[SourceModel]:
    """RETURNS (SourceModel): The model on whole training parts that a run only tests. None in few-shot."""
    if run.kind == FEW_SHOT:
        return None
    if run.kind != IN_CORPUS:
        return run.source
    own = experiment.baselines[run.baseline].training if run.baseline else None
    return SourceModel(
        corpora=(run.target,),
        seed=run.seed,
        training=own or experiment.in_corpus.training,
        baseline=run.baseline,
        entity_type=run.entity_type,
    )


def models_of(experiment: Experiment, run: Run) -> list[SourceModel]:
    """RETURNS (list[SourceModel]): The models on whole training parts that a run needs, in order of training."""
    model = tested_model(experiment, run) or run.source
    models: list[SourceModel] = []
    while model:
        models.insert(0, model)
        model = model.before
    return models


def tested_sources(experiment: Experiment, run: Run) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The sources to also test a run on, before and after training on the target, to measure
    forgetting."""
    sizes = experiment.few_shot.source_tests if experiment.few_shot else []
    is_few_shot = run.kind == FEW_SHOT and run.is_at_random
    is_tested = bool(sizes) if run.kind == ZERO_SHOT else is_few_shot and run.size in sizes
    return run.sources if is_tested else ()


def planned_runs(
    experiment: Experiment,
    kind: Kind,
    count: SentenceCount,
    annotated: Mapping[str, Sequence[str]],
    updates_of: Callable[[SourceModel], int],
) -> list[Run]:
    """List all runs of a kind. In few-shot, the compute-matched controls come last.

    experiment (Experiment): The experiment.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    count (Callable): Returns the number of sentences of a corpus's part.
    annotated (Mapping[str, Sequence[str]]): The annotated entity types, by corpus.
    updates_of (Callable): Returns the number of updates of a source model and of those it starts from.
    RETURNS (list[Run]): The runs, without samples that exceed a training part.
    RAISES (ProjectError): If a target's training part is too small for every sample.
    """
    runs = RUNS_OF[kind](experiment)
    if kind == SHIPPED:
        check_shipped_size(experiment.ship, count)
    if kind == FEW_SHOT and experiment.few_shot:
        check_sources(experiment)
        check_sizes(experiment.few_shot, count)
        runs = [run for run in runs if has_enough_sentences(run, count)]
        runs += [run for run in control_runs(experiment, updates_of) if has_enough_sentences(run, count)]
    if experiment.types == "joint" or kind == SHIPPED:
        return runs
    return [one for run in runs for one in per_type(run, annotated)]


def has_enough_sentences(run: Run, count: SentenceCount) -> bool:
    """RETURNS (bool): Whether the target's training part has enough sentences for a few-shot run."""
    return run.size is None or run.size <= count(run.target, "train")


def sizes_left_out(few_shot: FewShot, target: str, count: SentenceCount) -> list[int]:
    """RETURNS (list[int]): The sample sizes that exceed a target's training part."""
    return [size for size in few_shot.sizes if size > count(target, "train")]


def check_sizes(few_shot: FewShot, count: SentenceCount) -> None:
    """RAISES (ProjectError): If a target's training part is too small for every sample size."""
    for target in few_shot.targets:
        if len(sizes_left_out(few_shot, target, count)) == len(few_shot.sizes):
            raise ProjectError(
                f"the smallest sample size is {few_shot.sizes[0]}, but {target} has only "
                f"{count(target, 'train')} training sentences",
                where="key few_shot.sizes",
                remedy="add a smaller size, or leave the target out",
            )


def check_shipped_size(ship: Shipped, count: SentenceCount) -> None:
    """RAISES (ProjectError): If the size of the shipped pipeline's sample exceeds its target's training part."""
    if ship.target and ship.size and ship.size > count(ship.target, "train"):
        what = f"size {ship.size}, but {ship.target} has only {count(ship.target, 'train')} training sentences"
        raise ProjectError(what, where="key ship.size", remedy="use a smaller size, or remove the key to use all")


def check_sources(experiment: Experiment) -> None:
    """RAISES (ProjectError): If a few-shot target has no source, not even no pretrain."""
    for target in experiment.few_shot.targets if experiment.few_shot else ():
        if not few_shot_sources(experiment, target):
            what = f"no enabled source for target '{target}'"
            raise ProjectError(what, where="key few_shot.sources", remedy="add one, or [] for no pretrain")


def per_type(run: Run, annotated: Mapping[str, Sequence[str]]) -> list[Run]:
    """RETURNS (list[Run]): The run for each entity type by itself, with source models for this type only. Types that
    the target or a source doesn't annotate are left out."""
    corpora = (run.target, *run.sources)
    types = [kind for kind in annotated[run.target] if all(kind in annotated[corpus] for corpus in corpora)]
    return [
        replace(run, entity_type=entity_type, source=run.source and _of_type(run.source, entity_type))
        for entity_type in types
    ]


def _of_type(model: SourceModel, entity_type: str) -> SourceModel:
    return replace(model, entity_type=entity_type, before=model.before and _of_type(model.before, entity_type))


def pretraining_of(experiment: Experiment) -> Pretraining:
    """RETURNS (Pretraining): Settings of the source models. By default, those of in-corpus with its first seed."""
    in_corpus = experiment.in_corpus
    return experiment.pretraining or Pretraining(seeds=in_corpus.seeds[:1], training=in_corpus.training)


def source_model(experiment: Experiment, source: SourceSet, seed: int) -> SourceModel:
    """RETURNS (SourceModel): The model for these sources and this seed."""
    pretraining = pretraining_of(experiment)
    steps = [source.corpora] if source.together else [(corpus,) for corpus in source.in_sequence]
    model = SourceModel(steps[0], seed, pretraining.training, pretraining.max_sentences)
    for corpora in steps[1:]:
        model = replace(model, corpora=corpora, before=model)
    return model


def _start(experiment: Experiment, source: SourceSet, position: int) -> Optional[SourceModel]:
    seeds = pretraining_of(experiment).seeds
    return source_model(experiment, source, seeds[position % len(seeds)]) if source.corpora else None


def shipped_model(experiment: Experiment) -> SourceModel:
    """RETURNS (SourceModel): The model to package."""
    ship = experiment.ship
    if ship.target is None:
        training = ship.training or experiment.in_corpus.training
        corpora = tuple(ship.corpora or experiment.corpora)
        repeats = tuple(ship.repeat.get(name, 1) for name in corpora)
        return SourceModel(corpora, ship.seed, training, repeats=repeats if max(repeats) > 1 else ())
    few_shot = experiment.few_shot
    seeds = few_shot.seeds if few_shot else []
    # Use the source model of the few-shot run with this seed, so that the shipped model is the evaluated one.
    position = seeds.index(ship.seed) if ship.seed in seeds else 0
    training = few_shot.training if few_shot else experiment.in_corpus.training
    return SourceModel(
        corpora=(ship.target,),
        seed=ship.seed,
        training=ship.training or training,
        max_sentences=ship.size,
        before=_start(experiment, ship.source, position),
        transfer=ship.transfer,
        is_few_shot=True,
    )


def sources_of(experiment: Experiment) -> list[SourceSet]:
    """RETURNS (list[SourceSet]): Every corpus by itself, followed by few-shot's sources with more than one corpus."""
    named = (experiment.few_shot and experiment.few_shot.sources) or []
    several = [source for source in named if source.enabled and len(source.corpora) > 1]
    return [*(SourceSet(together=[name]) for name in experiment.corpora), *several]


def few_shot_sources(experiment: Experiment, target: str) -> list[SourceSet]:
    """RETURNS (list[SourceSet]): The sources of a target's curves, in the order of the experiment file."""
    few_shot = experiment.few_shot
    if few_shot is None:
        return []
    if few_shot.sources is None:
        others = [name for name in experiment.corpora if name != target]
        return [SourceSet(), *(SourceSet(together=[name]) for name in others)]
    return [source for source in few_shot.sources if source.serves(target)]


RUNS_OF = {
    IN_CORPUS: in_corpus_runs,
    ZERO_SHOT: zero_shot_runs,
    FEW_SHOT: few_shot_runs,
    SHIPPED: shipped_runs,
}
