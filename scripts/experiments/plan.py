"""From an experiment file to the coordinates of every run."""
from dataclasses import dataclass
from typing import Optional

from scripts.evaluation.runs import Coordinates
from scripts.experiments.settings import Experiment, FewShot, Training

IN_CORPUS, ZERO_SHOT, FEW_SHOT, SHIPPED = "in-corpus", "zero-shot", "few-shot", "shipped"
NO_TRANSFER = "none"


@dataclass(frozen=True)
class SourceModel:
    """A model trained on the whole training parts of one corpus or of several together.

    corpora (tuple[str, ...]): What it is trained on.
    seed (int): Its training seed.
    training (Training): Its settings.
    """

    corpora: tuple[str, ...]
    seed: int
    training: Training

    @property
    def name(self) -> str:
        """RETURNS (str): Its name among the models of the experiment."""
        return f"{'+'.join(self.corpora)}.seed-{self.seed}"


@dataclass(frozen=True)
class Run:
    """One training, or one test of a trained model, at given coordinates.

    kind (str): in-corpus, zero-shot, few-shot or shipped.
    target (str): The corpus that it is tested on, and trained on except in zero-shot.
    seed (int): Draws the sample and starts the training.
    source (SourceModel): The model that it starts from; none in in-corpus and without pretraining.
    transfer (str): What it takes from the source: `full`, `encoder` or `none`.
    size (int): Sample size in sentences; 0 in zero-shot; None for the whole training part.
    """

    kind: str
    target: str
    seed: int
    source: Optional[SourceModel] = None
    transfer: str = NO_TRANSFER
    size: Optional[int] = None

    @property
    def sources(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The source corpora; empty without pretraining."""
        return self.source.corpora if self.source else ()

    @property
    def id(self) -> str:
        """RETURNS (str): The run's name among the runs of the experiment, also its file name."""
        parts = [self.kind, self.target]
        if self.kind == FEW_SHOT:
            parts += [f"from-{'+'.join(self.sources) or 'none'}", self.transfer, f"size-{self.size}"]
        elif self.source:
            parts.append(f"from-{'+'.join(self.sources)}")
        return ".".join([*parts, f"seed-{self.seed}"])

    def coordinates(self, experiment: str, model: str, threads: int) -> Coordinates:
        """RETURNS (Coordinates): Where the run stands in the experiment, as its file holds it."""
        return Coordinates(
            experiment, self.kind, model, self.transfer, self.sources, self.target, self.size, self.seed, threads
        )


def in_corpus_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Training and testing within each corpus, for each seed (paper, Table 2)."""
    return [Run(IN_CORPUS, name, seed) for name in experiment.corpora for seed in experiment.in_corpus.seeds]


def zero_shot_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Every source model on every target that is not among its corpora (paper, Table 3)."""
    targets = experiment.corpora if experiment.zero_shot is None else experiment.zero_shot
    return [
        Run(ZERO_SHOT, target, source.seed, source, "full", size=0)
        for target in targets
        for source in (source_model(experiment, corpora) for corpora in sources_of(experiment))
        if target not in source.corpora
    ]


def few_shot_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): Every point of the learning curves (paper, Figure 1)."""
    few_shot = experiment.few_shot
    if few_shot is None:
        return []
    return [
        Run(FEW_SHOT, target, seed, source_model(experiment, corpora) if corpora else None, transfer, size)
        for target in few_shot.targets
        for corpora in few_shot_sources(experiment, target)
        for transfer in (few_shot.transfer if corpora else [NO_TRANSFER])
        for size in few_shot.sizes
        for seed in few_shot.seeds
    ]


def shipped_runs(experiment: Experiment) -> list[Run]:
    """RETURNS (list[Run]): The test of the pipeline to package on each corpus of the experiment."""
    model = shipped_model(experiment)
    return [Run(SHIPPED, target, model.seed, model, "full") for target in experiment.corpora]


def source_model(experiment: Experiment, corpora: tuple[str, ...]) -> SourceModel:
    """RETURNS (SourceModel): The in-corpus model of the first seed, or the like on several corpora together."""
    return SourceModel(corpora, experiment.in_corpus.seeds[0], experiment.in_corpus.training)


def shipped_model(experiment: Experiment) -> SourceModel:
    """RETURNS (SourceModel): The model that the experiment file names for packaging."""
    ship = experiment.ship
    training = ship.training or experiment.in_corpus.training
    return SourceModel(tuple(ship.corpora or experiment.corpora), ship.seed, training)


def sources_of(experiment: Experiment) -> list[tuple[str, ...]]:
    """RETURNS (list[tuple]): Every corpus by itself, then what few-shot names together."""
    named = [tuple(corpora) for corpora in (experiment.few_shot and experiment.few_shot.sources) or []]
    return [*((name,) for name in experiment.corpora), *(corpora for corpora in named if len(corpora) > 1)]


def few_shot_sources(experiment: Experiment, target: str) -> list[tuple[str, ...]]:
    """RETURNS (list[tuple]): What the target's curves start from, no pretraining (an empty tuple) first."""
    few_shot: FewShot = experiment.few_shot
    if few_shot.sources is None:
        return [(), *((name,) for name in experiment.corpora if name != target)]
    return [tuple(corpora) for corpora in few_shot.sources if target not in corpora]


RUNS_OF = {
    IN_CORPUS: in_corpus_runs,
    ZERO_SHOT: zero_shot_runs,
    FEW_SHOT: few_shot_runs,
    SHIPPED: shipped_runs,
}
