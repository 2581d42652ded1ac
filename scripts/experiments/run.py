"""Describe a run: the training of its pipeline, the parts to test the pipeline on, and what to save of it."""
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Mapping, Optional

from scripts.annotation.methods import RANDOM
from scripts.base.files import hash_data
from scripts.corpora.parts import Part
from scripts.experiments.config import own_start
from scripts.experiments.job import SAMPLE_SEED_OFFSET, SCORING_VERSION, Selection, TrainingJob, decisive
from scripts.experiments.models import model_job, types_of
from scripts.experiments.plan import Run, tested_model, tested_sources
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FULL, SHIPPED, ZERO_SHOT
from scripts.results.rounds import Round
from scripts.results.runs import Prediction, RunResult

# Fields of a `RunJob` that count for its fingerprint only if they are set.
ADDED_LATER = frozenset({"is_rounded", "in_capitals"})


@dataclass(frozen=True)
class ScoredPart:
    """A part to test a trained pipeline on.

    corpus (str): The corpus of the part.
    part (Part): The part.
    entity_types (tuple[str, ...]): The types to score: those of the training that the corpus annotates.
    """

    corpus: str
    part: Part
    entity_types: tuple[str, ...]


@dataclass(frozen=True)
class RunJob:
    """Everything that determines the result of a run.

    training (TrainingJob): The training of the pipeline to test.
    test (ScoredPart): The test part of the target.
    source_tests (tuple[ScoredPart, ...]): The test parts of the sources, to measure forgetting.
    first_sentences (Optional[ScoredPart]): The training part with the first sentences to also score on, if any.
    is_rounded (bool): Whether to test the encoder in half precision, as stored in a package.
    in_capitals (bool): Whether to also test on the target's test part written in capitals.
    """

    training: TrainingJob
    test: ScoredPart
    source_tests: tuple[ScoredPart, ...] = ()
    first_sentences: Optional[ScoredPart] = None
    is_rounded: bool = False
    in_capitals: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of everything that determines the result."""
        run = decisive(self)
        # Results of other runs than shipped ones, from before there were these fields, must stay valid.
        run = {key: value for key, value in run.items() if value or key not in ADDED_LATER}
        return hash_data({"version": SCORING_VERSION, "training": self.training.fingerprint, "run": run})


@dataclass(frozen=True)
class FinishedRun:
    """Everything to save of a run.

    result (RunResult): The result.
    config (str): The resolved config of the training.
    sample (tuple): (document id, sentence number) of each sentence of the sample. Empty for whole parts.
    predictions (tuple[Prediction, ...]): The predictions on the target's test part.
    analysis (Mapping[str, Any]): Errors, kinds of match and counts by document.
    round (Optional[Round]): The sentences for the next round of the curve. None if curves have no rounds.
    """

    result: RunResult
    config: str
    sample: tuple[tuple[str, int], ...]
    predictions: tuple[Prediction, ...]
    analysis: Mapping[str, Any]
    round: Optional[Round] = None


def run_job(workspace: Workspace, run: Run) -> RunJob:
    """RETURNS (RunJob): The training and the tests of a run."""
    model = tested_model(workspace.experiment, run)
    types = types_of(workspace, run.entity_type)
    return RunJob(
        training=model_job(workspace, model) if model else _sample_job(workspace, run),
        test=_test(workspace, run.target, "test", types),
        source_tests=tuple(
            _test(workspace, name, "test", types) for name in tested_sources(workspace.experiment, run)
        ),
        first_sentences=_test(workspace, run.target, "train", types) if run.kind == ZERO_SHOT else None,
        is_rounded=run.kind == SHIPPED,
        in_capitals=run.kind == SHIPPED,
    )


def _test(workspace: Workspace, corpus: str, part: str, types: tuple[str, ...]) -> ScoredPart:
    annotated = workspace.corpora[corpus].entity_types
    return ScoredPart(corpus, workspace.part(corpus, part), tuple(name for name in types if name in annotated))


def _sample_job(workspace: Workspace, run: Run) -> TrainingJob:
    """RETURNS (TrainingJob): The training of a run on a sample of the target."""
    assert workspace.experiment.few_shot
    job = workspace.job(
        (run.target,),
        entity_types=types_of(workspace, run.entity_type),
        training=workspace.experiment.few_shot.training,
        seed=run.seed + SAMPLE_SEED_OFFSET,
        limit=run.size,
        sample_seed=run.seed,
        extra_updates=run.extra_updates,
        source=model_job(workspace, run.source) if run.source else None,
        transfer=run.transfer,
        own_start=own_start(workspace.recipe.template.path, run.transfer),
    )
    if run.is_at_random:
        return job
    sizes = tuple(size for size in workspace.experiment.few_shot.sizes if size <= (run.size or 0))
    chosen = _chosen_job(replace(job, limit=sizes[0]), run.words_of or run.selection, sizes)
    if not run.words_of:
        return chosen
    # If the first sample is random anyway, it is its own control.
    return replace(job, selection=Selection(RANDOM, words_of=chosen.fingerprint) if chosen.selection else None)


# In a curve with many sizes, each size is requested once per larger size.
@lru_cache(maxsize=10_000)
def _chosen_job(first: TrainingJob, method: str, sizes: tuple[int, ...]) -> TrainingJob:
    """Describe a training on a sample that a method has selected, round by round.

    first (TrainingJob): The training on the plain random sample of the first size.
    method (str): The method.
    sizes (tuple[int, ...]): The sample sizes of the rounds, up to this one.
    RETURNS (TrainingJob): The training of the last round.
    """
    *earlier, size = sizes
    if earlier:
        before = _chosen_job(first, method, tuple(earlier))
        return replace(first, limit=size, selection=Selection(method, before=before.fingerprint))
    # Without a complete model to start from, no model could select the first sentences.
    if first.source is None or first.transfer != FULL:
        return first
    return replace(first, selection=Selection(method, before=first.source.fingerprint))
