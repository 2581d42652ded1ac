"""Calibrate the confidences of the shipped pipeline on documents held out from a second training.

The shipped weights are trained on all training documents, so there are none left to measure how often they are right.
Instead, those of a second training, with the same settings but without a fifth of the documents, are measured on these.
"""
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Mapping, Optional, Sequence

import numpy
from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, write_checked_json
from scripts.base.garbage import free_unused
from scripts.base.progress import progress
from scripts.corpora.parts import read_documents
from scripts.evaluation.calibration import (
    BetaCalibration,
    JudgedMention,
    calibration_error,
    fit_beta,
    reliability_bins,
)
from scripts.experiments.config import head_of, load_template
from scripts.experiments.device import use_device
from scripts.experiments.executors.task import Task
from scripts.experiments.job import TrainingJob, check_unchanged, decisive
from scripts.experiments.loading import load_pipeline
from scripts.experiments.models import find_model, get_model, model_folder, model_job
from scripts.experiments.plan import shipped_model, shipped_runs
from scripts.experiments.run import ScoredPart, run_job
from scripts.experiments.second_training import (
    HELD_OUT,
    SPLIT_SEED,
    HeldOutMentions,
    SecondTraining,
    find_held_out,
    judge_raw_text,
    train_again,
    with_splitter,
    write_held_out,
)
from scripts.experiments.settings import CALIBRATION
from scripts.experiments.work import TEST_COST, model_id, shared_files
from scripts.experiments.workspace import Workspace
from scripts.ner.bio_ner import FACTORY, calibrated, log_right_and_wrong
from scripts.results.calibration import Calibration, Reliability, calibration_file, find_calibration

# Increase this when the same job would produce a different calibration.
CALIBRATION_VERSION = 3


@dataclass(frozen=True)
class CalibrationJob:
    """Everything that determines a calibration.

    model (TrainingJob): The training of the shipped weights.
    corpora (tuple[str, ...]): The training corpora, in the order of the training's parts and repeated like these.
    tests (tuple[ScoredPart, ...]): The test parts to measure the calibration on.
    held_out (float): Share of the training documents to hold out from the second training.
    split_seed (int): Seed of the split.
    """

    model: TrainingJob
    corpora: tuple[str, ...]
    tests: tuple[ScoredPart, ...]
    held_out: float = HELD_OUT
    split_seed: int = SPLIT_SEED

    @cached_property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of everything that determines the calibration."""
        return hash_data({"version": CALIBRATION_VERSION, "job": decisive(self)})

    @property
    def second(self) -> SecondTraining:
        """RETURNS (SecondTraining): The part of it that needs a training, and no test part."""
        types = {test.corpus: test.entity_types for test in self.tests}
        annotated = tuple(types[corpus] for corpus in self.corpora)
        return SecondTraining(self.model, self.corpora, annotated, self.held_out, self.split_seed)

    @property
    def tested(self) -> int:
        """RETURNS (int): Approximate number of sentences to predict."""
        return self.second.tested + sum(test.part.sentences for test in self.tests)


def can_calibrate(workspace: Workspace) -> bool:
    """RETURNS (bool): Whether the experiment asks for a calibration, and its model has confidences to calibrate."""
    template = load_template(workspace.recipe.template.path)
    head = template["components"][head_of(template)]
    return workspace.experiment.ship.calibrate and head.get("factory") == FACTORY


def calibration_job(workspace: Workspace) -> CalibrationJob:
    """RETURNS (CalibrationJob): Everything that determines the calibration of the shipped pipeline."""
    model = shipped_model(workspace.experiment)
    tests = tuple(run_job(workspace, run).test for run in shipped_runs(workspace.experiment))
    return CalibrationJob(model_job(workspace, model), model.repeated_corpora, tests)


def get_calibration(workspace: Workspace) -> Optional[Calibration]:
    """Find the calibration of the shipped pipeline, or fit and save it.

    workspace (Workspace): The experiment and its environment.
    RETURNS (Optional[Calibration]): The calibration. None if the experiment doesn't ask for it, or its model has no
        confidences.
    """
    if not can_calibrate(workspace):
        return None
    job = calibration_job(workspace)
    try:
        found = find_calibration(workspace.results, job.fingerprint)
    except ProjectError:
        msg.warn("Calibrating again because the calibration is damaged")
    else:
        if found:
            return found
        if calibration_file(workspace.results).is_file():
            msg.warn("Calibrating again because settings, data or the encoder have changed")
    calibration = make_calibration(workspace, job)
    write_checked_json(calibration_file(workspace.results), asdict(calibration))
    if not calibration.fitted:
        msg.warn("The confidences are not calibrated: the model found no mentions in the held-out documents")
    return calibration


def second_training_tasks(workspace: Workspace) -> list[Task]:
    """List the second training as a task, so that it can run next to the first.

    workspace (Workspace): The experiment and its environment.
    RETURNS (list[Task]): The task. Empty if the experiment has no calibration, or nothing has to be trained for it.
    """
    if not can_calibrate(workspace):
        return []
    job = calibration_job(workspace)
    if _is_on_record(workspace, job) or find_held_out(workspace, job.second):
        return []
    before = shipped_model(workspace.experiment).before
    is_missing = before is not None and find_model(workspace, before) is None
    return [
        Task(
            id=CALIBRATION,
            payload=job.second,
            cost=job.second.passes + TEST_COST,
            after=(model_id(workspace, before),) if before and is_missing else (),
            reads=(*shared_files(workspace), *([model_folder(workspace, before)] if before else [])),
        )
    ]


def _is_on_record(workspace: Workspace, job: CalibrationJob) -> bool:
    try:
        return find_calibration(workspace.results, job.fingerprint) is not None
    except ProjectError:
        return False


def find_own_calibration(workspace: Workspace) -> Optional[Calibration]:
    """Find the calibration of the shipped pipeline.

    workspace (Workspace): The experiment and its environment.
    RETURNS (Optional[Calibration]): The calibration. None if the pipeline hasn't been calibrated with the current
        settings and data.
    RAISES (ProjectError): If the file is damaged.
    """
    if not can_calibrate(workspace):
        return None
    return find_calibration(workspace.results, calibration_job(workspace).fingerprint)


def make_calibration(workspace: Workspace, job: CalibrationJob) -> Calibration:
    """Fit the calibration on the held-out documents, and measure it on the test parts.

    workspace (Workspace): The experiment and its environment.
    job (CalibrationJob): Everything that determines the calibration.
    RETURNS (Calibration): The calibration of the shipped pipeline.
    """
    # This takes seconds to import, and the report, which only reads the calibration, doesn't need it.
    from scripts.ner.rounding import round_encoder

    held_out = find_held_out(workspace, job.second) or _train_again(workspace, job.second)
    started = time.monotonic()
    fitted, tests = fit(held_out.found), []
    # Pipelines have reference cycles: without this, the last one would stay in memory together with the next one.
    free_unused()
    use_device(workspace.threads, workspace.gpu_id)
    shipped = load_pipeline(get_model(workspace, shipped_model(workspace.experiment)).pipeline)
    round_encoder(shipped)
    shipped = with_splitter(shipped)
    with progress(len(job.tests), "test part") as bar:
        bar.set_description("calibration", refresh=False)
        for test in job.tests:
            check_unchanged(test.part.path, test.part.sha256)
            found = judge_raw_text(shipped, read_documents(test.part.path), test.entity_types)
            tests.append(measure(test.corpus, found, fitted))
            bar.update()
    seconds = round(held_out.seconds + time.monotonic() - started, 2)
    return Calibration(job.fingerprint, fitted, held_out.documents, held_out.sentences, seconds, tuple(tests))


def _train_again(workspace: Workspace, job: SecondTraining) -> HeldOutMentions:
    with progress(job.passes, "sentence", smoothing=0.05) as bar:
        bar.set_description("calibration", refresh=False)
        mentions = train_again(workspace, job, bar.update)
    write_held_out(workspace, mentions)
    return mentions


def fit(found: Sequence[JudgedMention]) -> dict[str, BetaCalibration]:
    """RETURNS (dict[str, BetaCalibration]): The correction for each entity type that was found."""
    fitted = {}
    for label in sorted({mention.label for mention in found}):
        own = [mention for mention in found if mention.label == label]
        right, wrong = zip(*(log_right_and_wrong(numpy.log(mention.confidence)) for mention in own), strict=True)
        fitted[label] = fit_beta(right, wrong, [mention.is_right for mention in own])
    return fitted


def measure(corpus: str, found: Sequence[JudgedMention], fitted: Mapping[str, BetaCalibration]) -> Reliability:
    """Measure confidences on a test part.

    corpus (str): The corpus of the test part.
    found (Sequence[JudgedMention]): The mentions that the shipped model finds in it, with uncalibrated confidences.
    fitted (Mapping[str, BetaCalibration]): The corrections, by entity type.
    RETURNS (Reliability): The reliability of the uncalibrated and calibrated confidences.
    """
    raw = reliability_bins(found)
    after = reliability_bins([corrected(mention, fitted.get(mention.label)) for mention in found])
    right = sum(mention.is_right for mention in found) / max(1, len(found))
    return Reliability(corpus, len(found), right, raw, calibration_error(raw), after, calibration_error(after))


def corrected(mention: JudgedMention, fitted: Optional[BetaCalibration]) -> JudgedMention:
    """RETURNS (JudgedMention): The mention with its calibrated confidence."""
    if fitted is None:
        return mention
    confidence = calibrated(numpy.log(mention.confidence), fitted.low, fitted.high, fitted.intercept)
    return replace(mention, confidence=confidence)
