"""Calibrate the confidences of the shipped pipeline on documents held out from a second training.

The shipped weights are trained on all training documents, so there are none left to measure how often they are right.
A second training with the same settings holds out a fifth of the documents, and is measured instead.
"""
import gc
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, hash_data, write_checked_json
from scripts.base.progress import OnPasses, progress
from scripts.corpora import sentences
from scripts.corpora.copies import fold_text
from scripts.corpora.docbin import pack_docs
from scripts.corpora.holding_out import hold_out
from scripts.corpora.parts import Part, part_of, read_documents
from scripts.evaluation.calibration import (
    BetaCalibration,
    JudgedMention,
    calibration_error,
    fit_beta,
    reliability_bins,
)
from scripts.experiments.config import head_of, load_template
from scripts.experiments.device import use_device
from scripts.experiments.job import TrainingJob, check_unchanged, decisive
from scripts.experiments.loading import load_pipeline
from scripts.experiments.models import get_model, model_job
from scripts.experiments.plan import shipped_model, shipped_runs
from scripts.experiments.run import ScoredPart, run_job
from scripts.experiments.score import DOCUMENTS_PER_BATCH, judged_characters
from scripts.experiments.settings import CALIBRATION
from scripts.experiments.work import TEST_COST
from scripts.experiments.workspace import Workspace
from scripts.ner.bio_ner import FACTORY, BioNer, calibrated, log_right_and_wrong
from scripts.results.calibration import Calibration, Reliability, calibration_file, find_calibration

# Increase this when the same job would produce a different calibration.
CALIBRATION_VERSION = 3
# One fold: in a corpus with hundreds of mentions to fit on, the error falls below 0.05, and every further fold would
# take another training.
HELD_OUT, SPLIT_SEED = 0.2, 0


@dataclass(frozen=True)
class CalibrationJob:
    """Everything that determines a calibration.

    model (TrainingJob): The training of the shipped weights.
    corpora (tuple[str, ...]): The training corpora, in the order of the training's parts.
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
    def passes(self) -> int:
        """RETURNS (int): Approximate number of sentences that the second training passes through the network."""
        return round((1 - self.held_out) * self.model.passes)

    @property
    def tested(self) -> int:
        """RETURNS (int): Approximate number of sentences to predict."""
        tested = sum(test.part.sentences for test in self.tests)
        return tested + round(self.held_out * sum(part.sentences for part in self.model.train))


@dataclass(frozen=True)
class Dealt:
    """The training documents of the shipped model, split for a second training and for fitting the calibration.

    train (tuple[Part, ...]): The training data of the second training.
    held_out (Mapping[str, Sequence[Doc]]): The held-out documents by corpus. None has a copy in the training data.
    """

    train: tuple[Part, ...]
    held_out: Mapping[str, Sequence[Doc]]


def can_calibrate(workspace: Workspace) -> bool:
    """RETURNS (bool): Whether the experiment asks for a calibration, and its model has confidences to calibrate."""
    template = load_template(workspace.recipe.template.path)
    head = template["components"][head_of(template)]
    return workspace.experiment.ship.calibrate and head.get("factory") == FACTORY


def calibration_job(workspace: Workspace) -> CalibrationJob:
    """RETURNS (CalibrationJob): Everything that determines the calibration of the shipped pipeline."""
    model = shipped_model(workspace.experiment)
    tests = tuple(run_job(workspace, run).test for run in shipped_runs(workspace.experiment))
    return CalibrationJob(model_job(workspace, model), model.corpora, tests)


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
    """Train without the held-out documents, fit the calibration on them, and measure it on the test parts.

    workspace (Workspace): The experiment and its environment.
    job (CalibrationJob): Everything that determines the calibration.
    RETURNS (Calibration): The calibration of the shipped pipeline.
    """
    # This takes seconds to import, and the report, which only reads the calibration, doesn't need it.
    from scripts.ner.rounding import round_encoder

    use_device(workspace.threads, workspace.gpu_id)
    started = time.monotonic()
    dealt = deal(workspace, job)
    second = second_job(job, dealt)
    # Pipelines have reference cycles: without this, the last one would stay in memory together with the next one.
    gc.collect()
    with progress(second.passes + TEST_COST * (1 + len(job.tests)), "sentence", smoothing=0.05) as bar:
        bar.set_description("calibration", refresh=False)
        fitted = fit(judge_held_out(_train(workspace, second, bar.update), workspace, dealt.held_out))
        bar.update(TEST_COST)
        gc.collect()
        shipped = load_pipeline(get_model(workspace, shipped_model(workspace.experiment)).pipeline)
        round_encoder(shipped)
        shipped = with_splitter(shipped)
        tests = []
        for test in job.tests:
            check_unchanged(test.part.path, test.part.sha256)
            found = judge_raw_text(shipped, read_documents(test.part.path), test.entity_types)
            tests.append(measure(test.corpus, found, fitted))
            bar.update(TEST_COST)
    documents = {corpus: len(there) for corpus, there in dealt.held_out.items()}
    seconds = round(time.monotonic() - started, 2)
    return Calibration(job.fingerprint, fitted, documents, second.n_sentences, seconds, tuple(tests))


def deal(workspace: Workspace, job: CalibrationJob) -> Dealt:
    """Split the documents of each training part. Documents with equal text go to the same side.

    workspace (Workspace): The experiment and its environment.
    job (CalibrationJob): The parts, share and seed.
    RETURNS (Dealt): The parts for the second training, as files, and the held-out documents. Documents that are also in
        another part that the second training or its source sees are left out.
    """
    folder = workspace.training / workspace.name / CALIBRATION
    there = {name: read_documents(part.path) for name, part in zip(job.corpora, job.model.train, strict=True)}
    held_out = {name: _draw(documents, job.held_out, job.split_seed) for name, documents in there.items()}
    with atomic_folder(folder) as partial:
        for name, documents in there.items():
            kept = [document for document in documents if document.user_data["id"] not in held_out[name]]
            pack_docs(kept).to_disk(partial / f"{name}.spacy")
    train = tuple(part_of(folder / f"{name}.spacy") for name in there)
    parts = _parts_seen(replace(job.model, train=train))
    seen = {fold_text(document.text) for part in parts for document in read_documents(part)}
    unseen = {
        name: [doc for doc in documents if doc.user_data["id"] in held_out[name] and fold_text(doc.text) not in seen]
        for name, documents in there.items()
    }
    return Dealt(train, unseen)


def _draw(documents: Sequence[Doc], share: float, seed: int) -> set[str]:
    """RETURNS (set[str]): Ids of the documents to hold out. Empty for a corpus with only one text."""
    is_single = len({fold_text(document.text) for document in documents}) < 2
    return set() if is_single else hold_out(documents, share, seed)


def _parts_seen(job: Optional[TrainingJob]) -> Iterator[Path]:
    """YIELDS (Path): The files of the parts that a training and its sources have seen."""
    while job:
        yield from (part.path for part in job.train)
        job = job.source


def second_job(job: CalibrationJob, dealt: Dealt) -> TrainingJob:
    """RETURNS (TrainingJob): The training of the shipped weights, without the held-out documents."""
    return replace(job.model, train=dealt.train)


def _train(workspace: Workspace, job: TrainingJob, on_passes: OnPasses) -> Language:
    from scripts.experiments.pipeline_cache import PipelineCache
    from scripts.experiments.train import train_job

    before = shipped_model(workspace.experiment).before
    source = get_model(workspace, before).pipeline if before else None
    return with_splitter(train_job(job, source, workspace.gpu_id, PipelineCache(), on_passes).nlp)


def with_splitter(nlp: Language) -> Language:
    """RETURNS (Language): The pipeline with the sentence splitter of the package."""
    nlp.add_pipe(sentences.NAME, first=True)
    return nlp


def judge_held_out(
    nlp: Language, workspace: Workspace, held_out: Mapping[str, Sequence[Doc]]
) -> list[JudgedMention]:
    """RETURNS (list[JudgedMention]): The mentions found in the held-out documents, with uncalibrated confidences."""
    types = {name: workspace.corpora[name].entity_types for name in held_out}
    return [mention for name, there in held_out.items() for mention in judge_raw_text(nlp, there, types[name])]


def judge_raw_text(nlp: Language, documents: Sequence[Doc], entity_types: Sequence[str]) -> list[JudgedMention]:
    """Find the mentions of documents from their raw text, as a user of the package does, and judge them by exact match.

    nlp (Language): A pipeline that splits sentences itself and isn't calibrated.
    documents (Sequence[Doc]): Gold documents, with `user_data["mentions"]` at the original character offsets.
    entity_types (Sequence[str]): The types annotated in them.
    RETURNS (list[JudgedMention]): The mentions found in annotated text.
    """
    head = nlp.get_pipe(nlp.pipe_names[-1])
    assert isinstance(head, BioNer)
    judged = []
    docs = nlp.pipe([document.text for document in documents], batch_size=DOCUMENTS_PER_BATCH)
    for document, doc in zip(documents, docs, strict=True):
        gold = {tuple(mention) for mention in document.user_data["mentions"]}
        group = doc.spans[head.spans_key or head.name]
        places = [(span.start_char, span.end_char, span.label_) for span in group]
        known = set(judged_characters(document, places))
        judged += [
            JudgedMention(place[2], score, place in gold)
            for place, score in zip(places, group.attrs["scores"], strict=True)
            if place in known and place[2] in entity_types
        ]
    return judged


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
