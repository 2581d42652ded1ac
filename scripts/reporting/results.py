"""Read the runs of an experiment, and look up F1 over seeds, learning curves and missing runs."""
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Optional, Sequence, TypeVar

from scripts.base.errors import ProjectError
from scripts.corpora.schema import in_order
from scripts.evaluation.curves import Curve, SentencesNeeded, Spread, curve_of, sentences_needed, spread_of
from scripts.evaluation.scores import MICRO, Score, defined_score
from scripts.evaluation.significance import DocumentCounts
from scripts.results.analysis import read_document_counts, with_analysis
from scripts.results.corpora import Corpora, read_corpora
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, NO_PRETRAIN, NO_TRANSFER, ZERO_SHOT
from scripts.results.paper import Paper, read_paper
from scripts.results.per_type import join_counts, join_types, parts_of
from scripts.results.runs import Coordinates, CurrentState, Ledger, PlannedRun, RunResult, read_plans, read_runs

Named = TypeVar("Named", RunResult, PlannedRun)
SHARE = 0.99
# The name of "micro" for readers. No entity type may have it.
ALL_TYPES = "all types"
NOT_DESCRIBED = "The corpus statistics are missing: run `weasel run describe` first."
DESCRIBED_BEFORE = "The corpus statistics are left out, as the corpora have changed: run `weasel run describe` again."


@dataclass(frozen=True, order=True)
class Setup:
    """How a model is trained before it sees the target: one line of Figure 1.

    sources (tuple[str, ...]): Corpora it is pretrained on; empty for no pretrain.
    transfer (str): none, full or encoder.
    model (str): Name of the spaCy config.
    in_sequence (bool): Whether it is trained on one source after the other, instead of all together.
    extra_updates (int): Above 0 for a compute-matched control: no pretrain with that many more updates.
    """

    sources: tuple[str, ...]
    transfer: str
    model: str
    in_sequence: bool = False
    extra_updates: int = 0

    @property
    def name(self) -> str:
        """RETURNS (str): Its sources, and the extra updates of a control, without transfer mode and model."""
        name = (" then " if self.in_sequence else " + ").join(self.sources) or NO_PRETRAIN
        return f"{name}, {self.extra_updates} updates more" if self.is_control else name

    @property
    def no_pretrain(self) -> "Setup":
        """RETURNS (Setup): The setup it is compared with: the same model without a source."""
        return no_pretrain_by(self.model)

    @property
    def is_no_pretrain(self) -> bool:
        """RETURNS (bool): Whether it is the baseline of every source: no pretrain, without extra updates."""
        return not self.sources and not self.extra_updates

    @property
    def is_control(self) -> bool:
        """RETURNS (bool): Whether it is a compute-matched control."""
        return self.extra_updates > 0


@dataclass(frozen=True)
class Results:
    """The data of a report.

    experiment (str): Name of the experiment.
    runs (tuple[RunResult, ...]): Finished runs with meaningful scores, sorted by id. Few-shot runs are those on plain
        random samples, which all comparisons of sources use.
    failed (tuple[RunResult, ...]): Runs whose training failed, which are listed but not compared.
    corpora (Corpora): Statistics of the corpora.
    planned (tuple[Coordinates, ...]): Runs that should exist, with 0 threads. Empty without a plan, when missing runs
        are not known.
    paper (Optional[Paper]): The paper's figures, to show next to ours; None if there are none.
    folder (Path): Folder of the run files.
    outdated (Mapping[str, int]): Number of finished runs of each kind that were left out, as the data, settings or
        encoder have changed since.
    remarks (tuple[str, ...]): What else a reader should know before comparing runs.
    chosen (tuple[RunResult, ...]): The few-shot runs on other samples: those that a model chose, and random samples
        with as many words. See `scripts.reporting.selections`.
    """

    experiment: str
    runs: tuple[RunResult, ...]
    failed: tuple[RunResult, ...]
    corpora: Corpora
    planned: tuple[Coordinates, ...]
    paper: Optional[Paper]
    folder: Path
    outdated: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    chosen: tuple[RunResult, ...] = ()

    def of(self, kind: str, **wanted: object) -> list[RunResult]:
        """Find runs.

        kind (str): in-corpus, zero-shot, few-shot or shipped.
        **wanted (object): Values of further coordinates, such as `target="ru_ugt"`.
        RETURNS (list[RunResult]): The runs that match all of them.
        """
        wanted = {"kind": kind, **wanted}
        return [run for run in self.runs if all(getattr(run.coordinates, key) == wanted[key] for key in wanted)]

    @property
    def corpus_names(self) -> list[str]:
        """RETURNS (list[str]): Corpora in the order of their statistics, then any others that runs use."""
        named = {name for run in self.runs for name in (run.coordinates.target, *run.coordinates.sources)}
        known = list(self.corpora.corpora)
        return known + sorted(named - set(known))

    @property
    def types(self) -> list[str]:
        """RETURNS (list[str]): Scored entity types: Drug and Disease first."""
        found = {name for run in self.runs for name in run.scores.tokens} - {MICRO}
        return list(in_order(found))

    @property
    def unscored(self) -> dict[str, list[str]]:
        """RETURNS (dict[str, list[str]]): By tested corpus, the entity types without a score, as they are not annotated
        there or have no mention in its test part. Corpora with a score for every type are left out."""
        scored: dict[str, set[str]] = {}
        for run in self.runs:
            known = {name for name in run.scores.tokens if defined_score(run.scores.tokens, name)}
            scored.setdefault(run.coordinates.target, set()).update(known)
        tested = [name for name in self.corpus_names if name in scored]
        missing = {name: [one for one in self.types if one not in scored[name]] for name in tested}
        return {name: types for name, types in missing.items() if types}

    def is_scored(self, target: str) -> bool:
        """RETURNS (bool): Whether the test part of a corpus has any mention to score."""
        return len(self.unscored.get(target, ())) < len(self.types)

    @property
    def targets(self) -> list[str]:
        """RETURNS (list[str]): Targets of the learning curves."""
        found = {run.coordinates.target for run in self.of(FEW_SHOT)}
        return [name for name in self.corpus_names if name in found]

    def setups(self, kind: str, **wanted: object) -> list[Setup]:
        """RETURNS (list[Setup]): Setups of the matching runs: no pretrain, single sources, then combined sources."""
        order = {name: position for position, name in enumerate(self.corpus_names)}
        found = {setup_of(run.coordinates) for run in self.of(kind, **wanted)}
        return sorted(found, key=lambda setup: (len(setup.sources), [order[name] for name in setup.sources], setup))

    def label(self, setup: Setup) -> str:
        """RETURNS (str): A setup's name, with transfer mode and model if the experiment has several."""
        modes = {run.coordinates.transfer for run in self.of(FEW_SHOT)} - {NO_TRANSFER}
        models = {run.coordinates.model for run in self.runs}
        mode = f" ({setup.transfer})" if setup.sources and len(modes) > 1 else ""
        return setup.name + mode + (f" [{setup.model}]" if len(models) > 1 else "")

    def curve(self, target: str, setup: Setup, entity_type: str) -> Curve:
        """RETURNS (Curve): F1 on tokens at the sample sizes that were run; it may have no points."""
        f1s: dict[int, dict[int, float]] = {}
        for run in self.of(FEW_SHOT, target=target, **vars(setup)):
            score = defined_score(run.scores.tokens, entity_type)
            if score and run.coordinates.size is not None:
                f1s.setdefault(run.coordinates.size, {})[run.coordinates.seed] = score.f1
        return curve_of(f1s)

    def learning_curves(self) -> Iterator[tuple[str, Setup, str]]:
        """YIELDS (tuple[str, Setup, str]): Target, setup and entity type (or "micro") of every curve with points."""
        for target in self.targets:
            for setup in self.setups(FEW_SHOT, target=target):
                for entity_type in (*self.types, MICRO):
                    if self.curve(target, setup, entity_type).points:
                        yield target, setup, entity_type

    def no_pretrain_of(self, run: RunResult) -> Optional[RunResult]:
        """RETURNS (Optional[RunResult]): The run without pretraining on the same sample as a few-shot run."""
        return self._without_source.get(_place(run, 0))

    def control_of(self, run: RunResult) -> Optional[RunResult]:
        """RETURNS (Optional[RunResult]): The compute-matched control of a few-shot run: without a source, on the same
        sample, with as many updates in total. None if there is none, or the updates of the source are not known."""
        # If they aren't known, 0 would find no pretrain.
        return self._without_source.get(_place(run, run.source_updates)) if run.source_updates else None

    @cached_property
    def _without_source(self) -> dict[tuple[object, ...], RunResult]:
        runs = self.of(FEW_SHOT, sources=())
        return {_place(run, run.coordinates.extra_updates): run for run in runs}

    def full(self, target: str, model: str, entity_type: str) -> Optional[Spread]:
        """RETURNS (Optional[Spread]): F1 of the in-corpus runs, the reference of the 99 % rule; None without them."""
        return measure(self.of(IN_CORPUS, target=target, model=model), entity_type)

    def zero_shot(self, target: str, setup: Setup, entity_type: str) -> Optional[Spread]:
        """RETURNS (Optional[Spread]): F1 of a setup's sources on the target without any of its sentences."""
        return measure(self.tests_of_sources(setup, target=target), entity_type)

    def tests_of_sources(self, setup: Setup, **wanted: object) -> list[RunResult]:
        """RETURNS (list[RunResult]): The zero-shot runs of a setup's source models, whatever its transfer mode."""
        sources = {"sources": setup.sources, "model": setup.model, "in_sequence": setup.in_sequence}
        return self.of(ZERO_SHOT, **sources, **wanted)

    def needed(self, target: str, model: str, entity_type: str) -> dict[Setup, Optional[SentencesNeeded]]:
        """Find how many sentences of a target each setup needs for 99 % of the full F1.

        target (str): The corpus to learn.
        model (str): Name of the spaCy config, of the curves and of the full F1.
        entity_type (str): An entity type, or "micro".
        RETURNS (dict): By setup, no pretrain first; None without an in-corpus run to compare with.
        """
        full = self.full(target, model, entity_type)
        setups = self.setups(FEW_SHOT, target=target, model=model)
        curves = {setup: self.curve(target, setup, entity_type) for setup in setups}
        return {
            setup: sentences_needed(curve, full.mean, SHARE) if full else None
            for setup, curve in curves.items()
            if curve.points
        }

    def document_counts(self, run: RunResult) -> Optional[DocumentCounts]:
        """RETURNS (Optional[DocumentCounts]): A run's counts by test document; None if they are not known."""
        return join_counts([read_document_counts(self.folder, part) for part in parts_of(run)])

    def missing(self, kind: str, targets: Optional[Sequence[str]] = None) -> list[str]:
        """Name the runs of a kind that are planned but not finished, except those on chosen samples.

        kind (str): in-corpus, zero-shot or few-shot.
        targets (Optional[Sequence[str]]): Only runs on these targets; None for all.
        RETURNS (list[str]): Such as `ru_ugt from en_ugt at 50 sentences, seed 1`.
        """
        missing = [run for run in self._missing if run.is_at_random and run.kind == kind]
        return [self.name_of(run) for run in missing if targets is None or run.target in targets]

    def missing_chosen(self) -> list[str]:
        """RETURNS (list[str]): Names of the runs on chosen samples that are planned but not finished."""
        return [self.name_of(run) for run in self._missing if not run.is_at_random]

    @cached_property
    def _missing(self) -> list[Coordinates]:
        done = {replace(run.coordinates, threads=0) for run in (*self.runs, *self.chosen, *self.failed)}
        return [run for run in self.planned if run not in done]

    def name_of(self, run: Coordinates) -> str:
        """RETURNS (str): A run's name within its kind, such as `ru_ugt from en_ugt at 50 sentences, seed 1`."""
        source = f" from {self.label(setup_of(run))}" if run.kind != IN_CORPUS else ""
        amount = f" at {run.size} sentences" if run.kind == FEW_SHOT else ""
        chosen = "" if run.is_at_random else f" ({name_selection(run.selection, run.words_of)})"
        return f"{run.target}{source}{amount}{chosen}, seed {run.seed}"


def read_results(
    folder: Path, experiment: str, paper: Optional[Path] = None, current: Optional[CurrentState] = None
) -> Results:
    """Read the results of an experiment.

    folder (Path): The metrics folder, which holds a folder per experiment.
    experiment (str): Its name.
    paper (Optional[Path]): Folder of the paper's figures, to show next to ours; it may be absent. None to show none of
        them, not even those in the description of the corpora.
    current (Optional[CurrentState]): The plan and the corpora of the experiment as it is now. None if they can't be
        known; the plans of the finished runs are then used.
    RETURNS (Results): Corpora, and the finished runs that belong to the experiment as it is now. Others are counted.
    RAISES (ProjectError): If there is no finished run, a file is damaged, or runs are from an earlier version.
    """
    runs_folder = folder / experiment / "runs"
    Ledger(runs_folder).check_layout()
    plans = read_plans(folder / experiment)
    plan = current.planned if current else {name: one for own in plans.values() for name, one in own.runs.items()}
    plan = {name: _named(one, experiment) for name, one in plan.items()}
    # If the current plan isn't known, runs of a kind without a plan are used as they are.
    known = [_named(run, experiment) for run in read_runs(runs_folder)]
    found = [run for run in known if run.run in plan or not (current or run.coordinates.kind in plans)]
    runs = [run for run in found if run.run not in plan or run.fingerprint == plan[run.run].fingerprint]
    if not runs:
        raise _nothing_finished(folder, runs_folder, len(found))
    of_paper = read_paper(paper) if paper and paper.is_dir() else None
    corpora, remarks = _corpora(folder / experiment / "corpora.json", current)
    if of_paper is None:
        corpora = without_paper(corpora)
    planned = dict.fromkeys(replace(run.coordinates, threads=0, entity_type=None) for run in plan.values())
    analyzed = join_types((with_analysis(runs_folder, run) for run in runs), [run.coordinates for run in plan.values()])
    sound = [run for run in analyzed if not run.problem]
    # The only place that separates them.
    at_random = tuple(run for run in sound if run.coordinates.is_at_random)
    chosen = tuple(run for run in sound if not run.coordinates.is_at_random)
    failed = tuple(run for run in analyzed if run.problem)
    outdated = Counter(run.coordinates.kind for run in found if run not in runs)
    places = (tuple(planned), of_paper, runs_folder, outdated, remarks)
    return Results(experiment, at_random, failed, corpora, *places, chosen)


def _named(run: Named, experiment: str) -> Named:
    """RETURNS (Named): A run under the experiment's present name, which differs if the experiment was renamed since."""
    return replace(run, coordinates=replace(run.coordinates, experiment=experiment))


def _corpora(path: Path, current: Optional[CurrentState]) -> tuple[Corpora, tuple[str, ...]]:
    """RETURNS (tuple): The description of the corpora, if it is up to date, and the remarks on the results."""
    corpora, remarks = read_corpora(path), current.remarks if current else ()
    if current is None or corpora.made_from == current.corpora:
        return corpora, remarks
    return Corpora(), (*remarks, DESCRIBED_BEFORE if corpora.corpora else NOT_DESCRIBED)


def without_paper(corpora: Corpora) -> Corpora:
    """RETURNS (Corpora): The corpora without the paper's figures."""
    own = {name: replace(corpus, paper=None) for name, corpus in corpora.corpora.items()}
    overlap = tuple(replace(pair, paper=None) for pair in corpora.vocabulary_overlap)
    return replace(corpora, corpora=own, vocabulary_overlap=overlap)


def _nothing_finished(folder: Path, runs_folder: Path, outdated: int) -> ProjectError:
    if outdated:
        what = f"all {outdated} finished runs used other data, settings or another encoder"
        return ProjectError(what, where=runs_folder, remedy="run the experiment again")
    others = sorted(path.parent.name for path in folder.glob("*/runs") if any(path.glob("*.json")))
    remedy = f"experiments with runs: {', '.join(others)}" if others else "run the experiment first"
    return ProjectError("no finished run", where=runs_folder, remedy=remedy)


def _place(run: RunResult, extra_updates: int) -> tuple[object, ...]:
    at = run.coordinates
    return at.target, at.model, at.size, at.seed, extra_updates


def type_label(entity_type: str) -> str:
    """RETURNS (str): The name of an entity type, or of all types together, for readers."""
    return ALL_TYPES if entity_type == MICRO else entity_type


def name_selection(selection: str, words_of: str) -> str:
    """RETURNS (str): How samples are chosen: a method, or for example `random, as many words as uncertainty`."""
    return f"{selection}, as many words as {words_of}" if words_of else selection


def no_pretrain_by(model: str) -> Setup:
    """RETURNS (Setup): No pretrain, for the model with this spaCy config."""
    return Setup((), NO_TRANSFER, model)


def setup_of(run: Coordinates) -> Setup:
    """RETURNS (Setup): The setup that a run belongs to."""
    return Setup(run.sources, run.transfer, run.model, run.in_sequence, run.extra_updates)


def measure(runs: Iterable[RunResult], entity_type: str, view: str = "tokens", name: str = "f1") -> Optional[Spread]:
    """Collect one percentage over the seeds of some runs.

    runs (Iterable[RunResult]): Runs that differ in their seeds only.
    entity_type (str): An entity type, or "micro".
    view (str): `tokens` or `characters`.
    name (str): `precision`, `recall` or `f1`.
    RETURNS (Optional[Spread]): Its spread; None without runs, or without gold mentions.
    """
    return spread_of_scores({run.coordinates.seed: getattr(run.scores, view) for run in runs}, entity_type, name)


def spread_of_scores(
    by_seed: Mapping[int, Mapping[str, Score]], entity_type: str, name: str = "f1"
) -> Optional[Spread]:
    """Collect one percentage from the scores of several seeds.

    by_seed (Mapping[int, Mapping[str, Score]]): Scores by entity type, and "micro", of each seed.
    entity_type (str): An entity type, or "micro".
    name (str): `precision`, `recall` or `f1`.
    RETURNS (Optional[Spread]): Its spread; None if no seed has a defined score.
    """
    scores = {seed: defined_score(own, entity_type) for seed, own in by_seed.items()}
    values = {seed: getattr(score, name) for seed, score in scores.items() if score}
    return spread_of(values) if values else None
