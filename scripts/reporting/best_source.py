"""Find the best source of a target at the smallest and at the largest sample, and test what it gains."""
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence

from scripts.evaluation.curves import Spread, in_common, within_spread
from scripts.evaluation.scores import MICRO
from scripts.evaluation.significance import RESAMPLES, Comparison, DocumentCounts
from scripts.reporting.results import Results, Setup
from scripts.reporting.tables.significance import PairedRuns, over_documents
from scripts.results.kinds import FEW_SHOT
from scripts.results.runs import RunResult

CLEAR, UNSURE, NONE, UNTESTED = "clear gain", "may be chance", "no gain", "one seed only"
DocumentCountsOf = Callable[[RunResult], Optional[DocumentCounts]]


@dataclass(frozen=True)
class BestSource:
    """The source with the highest gain at one sample size.

    source (str): Its name.
    size (int): Sentences of the target.
    f1 (float): Mean F1 with the source, in percent.
    without (float): Mean F1 without any source, in percent.
    gains (tuple[float, ...]): The gain of each seed that was run both with the source and without, in points of F1,
        from the lowest to the highest. The means are over these seeds.
    as_good (tuple[str, ...]): Sources that differ from it by no more than the seeds differ from each other.
    """

    source: str
    size: int
    f1: float
    without: float
    gains: tuple[float, ...]
    as_good: tuple[str, ...]

    @property
    def seeds(self) -> int:
        """RETURNS (int): Number of seeds that the means are over."""
        return len(self.gains)

    @property
    def gain(self) -> float:
        """RETURNS (float): The gain in points of F1; only the difference is rounded."""
        # Without the zero, it could be -0.0.
        return round(self.f1 - self.without, 1) + 0.0


@dataclass(frozen=True)
class Gain:
    """What sources gain on a target.

    best (BestSource): The best source at the smallest sample.
    at_largest (Optional[BestSource]): The best source at the largest sample; None if there is only one size, or if no
        source can be compared at the largest.
    not_at_largest (tuple[str, ...]): Sources that were compared at the smallest sample, but not at the largest.
    has_control (bool): Whether a compute-matched control of the best source was run at the smallest sample.
    interval (Optional[tuple[float, float]]): 95 % interval of the gain at the smallest sample over test documents, in
        points of F1; None if the counts by document are not known.
    documents (int): Number of test documents; 0 if not known.
    certainty (str): `clear gain`, `may be chance`, `no gain` or `one seed only`, at the smallest sample.
    """

    best: BestSource
    at_largest: Optional[BestSource]
    not_at_largest: tuple[str, ...]
    has_control: bool
    interval: Optional[tuple[float, float]]
    documents: int
    certainty: str


def find_gain(results: Results, target: str, model: str, document_counts: DocumentCountsOf) -> Optional[Gain]:
    """Compare the sources of a target.

    results (Results): The experiment.
    target (str): The corpus to learn.
    model (str): Name of the spaCy config.
    document_counts (Callable): Gives a run's counts by test document; None where they are not known.
    RETURNS (Optional[Gain]): None if no source was run with the same seeds as no pretrain at the smallest sample.
    """
    sizes = _sizes(results, target, model)
    paired = _with_and_without(points_at(results, target, model, sizes[0]))
    if not paired:
        return None
    setup = _best(paired)
    runs = results.of(FEW_SHOT, target=target, size=sizes[0], **vars(setup))
    compared = _over_documents(results, runs, sizes[0], document_counts)
    last = _with_and_without(points_at(results, target, model, sizes[-1])) if len(sizes) > 1 else {}
    return Gain(
        best=_best_source(results, paired, sizes[0]),
        at_largest=_best_source(results, last, sizes[-1]) if last else None,
        not_at_largest=tuple(results.label(setup) for setup in paired if setup not in last),
        has_control=any(map(results.control_of, runs)),
        interval=compared.interval,
        documents=compared.n,
        certainty=_certainty(*paired[setup], compared.interval),
    )


def smallest_size(results: Results, target: str, model: str) -> int:
    """RETURNS (int): The smallest sample of a target, in sentences."""
    return _sizes(results, target, model)[0]


def points_at(results: Results, target: str, model: str, size: int) -> dict[Setup, Spread]:
    """RETURNS (dict[Setup, Spread]): F1 of all types at one sample size, for the setups that were run at it."""
    setups = results.setups(FEW_SHOT, target=target, model=model)
    points = {setup: results.curve(target, setup, MICRO).at(size) for setup in setups}
    return {setup: point for setup, point in points.items() if point is not None}


def _sizes(results: Results, target: str, model: str) -> list[int]:
    return sorted({run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target, model=model)})


def _with_and_without(points: Mapping[Setup, Spread]) -> dict[Setup, tuple[Spread, Spread]]:
    """RETURNS (dict): By setup with a source, its F1 and that of no pretrain, over the seeds that both have."""
    base = next((point for setup, point in points.items() if setup.is_no_pretrain), Spread(()))
    paired = {setup: in_common(point, base) for setup, point in points.items() if setup.sources}
    return {setup: pair for setup, pair in paired.items() if pair[0].values}


def _best(paired: Mapping[Setup, tuple[Spread, Spread]]) -> Setup:
    # By the gain, as sources may have been run with different seeds.
    return max(paired, key=lambda setup: paired[setup][0].mean - paired[setup][1].mean)


def _best_source(results: Results, paired: Mapping[Setup, tuple[Spread, Spread]], size: int) -> BestSource:
    best = _best(paired)
    own, base = paired[best]
    others = {setup: in_common(other, own) for setup, (other, _) in paired.items() if setup != best}
    as_good = tuple(results.label(setup) for setup, spreads in others.items() if within_spread(*spreads))
    pairs = zip(own.values, base.values, strict=True)
    gains = tuple(sorted(one - other for (_, one), (_, other) in pairs))
    return BestSource(results.label(best), size, own.mean, base.mean, gains, as_good)


def _over_documents(
    results: Results, runs: Sequence[RunResult], size: int, document_counts: DocumentCountsOf
) -> Comparison:
    pairs = tuple((run, other) for run in runs if (other := results.no_pretrain_of(run)))
    counts = {run.run: document_counts(run) for pair in pairs for run in pair}
    if not pairs:
        return Comparison("documents", 0, 0.0, {})
    return over_documents(PairedRuns(size, "", pairs), MICRO, counts, RESAMPLES)


def _certainty(own: Spread, base: Spread, interval: Optional[tuple[float, float]]) -> str:
    if round(own.mean - base.mean, 1) <= 0:
        return NONE
    judged = within_spread(own, base)
    if judged or (interval and interval[0] <= 0):
        return UNSURE
    if judged is None:
        return UNTESTED
    return CLEAR if interval else UNSURE
