"""Carry out one run: train if need be, test, and put the result on record."""
import platform
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.metadata import version
from typing import Mapping, Optional

import spacy
from spacy.language import Language

from scripts.base.files import hash_data
from scripts.base.machine import processor
from scripts.corpora.parts import Part, read_sentences, reference_doc, sample
from scripts.evaluation.scores import Score
from scripts.experiments.health import find_problem
from scripts.experiments.job import SAMPLE_SEED_OFFSET, SCORING_VERSION, TrainingJob, check_unchanged, decisive
from scripts.experiments.models import get_model, model_job, types_of
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import Run, tested_model, tested_sources
from scripts.experiments.score import Outcome, predict, score, take_test
from scripts.experiments.train import OnPasses, ignore_passes, train_job
from scripts.experiments.workspace import Workspace
from scripts.ner.rounding import round_encoder
from scripts.results.kinds import FEW_SHOT, SHIPPED, ZERO_SHOT
from scripts.results.runs import LAYOUT, Ledger, RunResult

# What a source is judged by before anything else is annotated: so many sentences of the target's training part.
FIRST_SENTENCES, FIRST_SENTENCES_SEED = 50, 0
LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers")


@dataclass(frozen=True)
class ScoredPart:
    """A part that a trained pipeline is tested on.

    corpus (str): Its corpus.
    part (Part): The part.
    entity_types (tuple[str, ...]): What is scored: the types of the training that the corpus annotates.
    """

    corpus: str
    part: Part
    entity_types: tuple[str, ...]


@dataclass(frozen=True)
class RunJob:
    """All that decides the result of a run.

    training (TrainingJob): The training of the pipeline that is tested.
    test (ScoredPart): The test part of its target.
    source_tests (tuple[ScoredPart, ...]): Those of its sources, where it is tested for what it has forgotten.
    first_sentences (Optional[ScoredPart]): The training part whose first sentences it is scored on too, if on any.
    is_rounded (bool): Whether the encoder is tested as a package stores it, in half precision.
    """

    training: TrainingJob
    test: ScoredPart
    source_tests: tuple[ScoredPart, ...] = ()
    first_sentences: Optional[ScoredPart] = None
    is_rounded: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of all that decides the result."""
        run = decisive(self)
        # Where nothing is rounded, results that were on record before anything was are still those of today.
        if not run["is_rounded"]:
            del run["is_rounded"]
        return hash_data({"version": SCORING_VERSION, "training": self.training.fingerprint, "run": run})


@dataclass(frozen=True)
class ModelUnderTest:
    """A trained pipeline, and how it came about.

    nlp (Language): The pipeline.
    config (str): The resolved config that it was trained by.
    seconds (float): Wall-clock time of its training.
    sample (tuple): (document id, number of the sentence) of each sentence of the sample; empty for whole parts.
    """

    nlp: Language
    config: str
    seconds: float
    sample: tuple[tuple[str, int], ...] = ()


def run_job(workspace: Workspace, run: Run) -> RunJob:
    """RETURNS (RunJob): What a run trains and what it is tested on."""
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
    )


def _test(workspace: Workspace, corpus: str, part: str, types: tuple[str, ...]) -> ScoredPart:
    annotated = workspace.corpora[corpus].entity_types
    return ScoredPart(corpus, workspace.part(corpus, part), tuple(name for name in types if name in annotated))


def _sample_job(workspace: Workspace, run: Run) -> TrainingJob:
    """RETURNS (TrainingJob): How a run on a sample of the target is trained."""
    assert workspace.experiment.few_shot
    return workspace.job(
        (run.target,),
        entity_types=types_of(workspace, run.entity_type),
        training=workspace.experiment.few_shot.training,
        seed=run.seed + SAMPLE_SEED_OFFSET,
        limit=run.size,
        sample_seed=run.seed,
        extra_updates=run.extra_updates,
        source=model_job(workspace, run.source) if run.source else None,
        transfer=run.transfer,
    )


def carry_out(
    workspace: Workspace,
    run: Run,
    device: str,
    cache: PipelineCache,
    on_passes: OnPasses = ignore_passes,
) -> RunResult:
    """Train if need be, test, and put the result on record.

    workspace (Workspace): The experiment and its surroundings.
    run (Run): What to do.
    device (str): What it runs on, for the record.
    cache (PipelineCache): Makes the pipelines that few-shot runs train.
    on_passes (Callable): Told after every update how many sentences passed, to show progress.
    RETURNS (RunResult): The result.
    """
    job = run_job(workspace, run)
    model = get_model_under_test(workspace, run, job.training, cache, on_passes)
    outcome = _take(job.test, model.nlp)
    result = RunResult(
        run=run.id,
        coordinates=run.coordinates(workspace.name, workspace.experiment.model, workspace.threads),
        settings=job.training.record,
        fingerprint=job.fingerprint,
        layout=LAYOUT,
        training=job.training.fingerprint,
        versions=versions(),
        device=device,
        hardware=processor(),
        predictions=hash_data([asdict(prediction) for prediction in outcome.predictions]),
        seconds={"train": round(model.seconds, 2), "predict": outcome.seconds},
        updates=job.training.length.updates,
        sentences={"train": job.training.n_sentences, "test": outcome.sentences},
        scores=outcome.scores,
        source_updates=job.training.source.updates_in_all if job.training.source and run.kind == FEW_SHOT else 0,
        source_tests={test.corpus: _take(test, model.nlp).scores.tokens for test in job.source_tests},
        first_sentences=_score_first_sentences(job.first_sentences, model.nlp) if job.first_sentences else {},
        problem=find_problem(model.nlp, job.training, outcome),
    )
    Ledger(workspace.runs).write(result, model.config, model.sample, outcome.predictions)
    return result


def _take(test: ScoredPart, nlp: Language) -> Outcome:
    check_unchanged(test.part.path, test.part.sha256)
    return take_test(nlp, test.part.path, test.entity_types)


def _score_first_sentences(test: ScoredPart, nlp: Language) -> Mapping[str, Score]:
    """Score a source model on the first sentences of the target's sample, which a person would annotate first.

    They are training sentences: what they tell of the source may be used to choose one.

    test (ScoredPart): The training part of the target.
    nlp (Language): The source model.
    RETURNS (Mapping[str, Score]): On tokens.
    """
    sentences = read_sentences([str(test.part.path)])
    drawn = [sentences[number] for number in sample(len(sentences), FIRST_SENTENCES, FIRST_SENTENCES_SEED)]
    gold = [reference_doc(nlp.vocab, sentence) for sentence in drawn]
    for number, doc in enumerate(gold):
        doc.user_data.update(id=str(number), mentions=[])
    return score(gold, list(predict(nlp, gold)), test.entity_types).tokens


def get_model_under_test(
    workspace: Workspace, run: Run, job: TrainingJob, cache: PipelineCache, on_passes: OnPasses
) -> ModelUnderTest:
    """RETURNS (ModelUnderTest): A kept model on whole training parts, or in few-shot one trained for this run."""
    model = tested_model(workspace.experiment, run)
    if model is not None:
        kept = get_model(workspace, model, on_passes)
        nlp = spacy.load(kept.pipeline)
        if run.kind == SHIPPED:
            round_encoder(nlp)
        return ModelUnderTest(nlp, kept.config.read_text(encoding="utf8"), kept.seconds)
    source = get_model(workspace, run.source, on_passes).pipeline if run.source else None
    trained = train_job(job, source, workspace.gpu_id, cache, on_passes)
    drawn = tuple((sentence.document, sentence.number) for sentence in job.sentences())
    return ModelUnderTest(trained.nlp, trained.config.to_str(), trained.seconds, drawn)


@cache
def versions() -> dict[str, str]:
    """RETURNS (dict): Versions of Python and of the libraries that decide the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
