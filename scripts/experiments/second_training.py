"""Train the shipped model a second time without a fifth of its documents, and judge what it finds in these."""
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, hash_data, write_checked_json
from scripts.base.progress import OnPasses
from scripts.corpora import sentences
from scripts.corpora.copies import fold_text
from scripts.corpora.docbin import pack_docs
from scripts.corpora.holding_out import hold_out
from scripts.corpora.parts import Part, part_of, read_documents
from scripts.evaluation.calibration import JudgedMention
from scripts.experiments.device import use_device
from scripts.experiments.job import TrainingJob, check_unchanged, decisive
from scripts.experiments.models import get_model
from scripts.experiments.plan import shipped_model
from scripts.experiments.score import DOCUMENTS_PER_BATCH, judged_characters
from scripts.experiments.settings import CALIBRATION
from scripts.experiments.workspace import Workspace
from scripts.ner.bio_ner import BioNer
from scripts.results.shapes import read_shape

# Increase this when the same second training would find or judge other mentions.
SECOND_TRAINING_VERSION = 1
# One fold: in a corpus with hundreds of mentions to fit on, the error falls below 0.05, and every further fold would
# take another training.
HELD_OUT, SPLIT_SEED = 0.2, 0


@dataclass(frozen=True)
class SecondTraining:
    """Everything that determines the second training and what is found in the documents held out from it.

    model (TrainingJob): The training of the shipped weights.
    corpora (tuple[str, ...]): The training corpora, in the order of the training's parts and repeated like these.
    entity_types (tuple[tuple[str, ...], ...]): The types that each of them annotates.
    held_out (float): Share of the training documents to hold out.
    split_seed (int): Seed of the split.
    """

    model: TrainingJob
    corpora: tuple[str, ...]
    entity_types: tuple[tuple[str, ...], ...]
    held_out: float = HELD_OUT
    split_seed: int = SPLIT_SEED

    @cached_property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of everything that determines what is found."""
        return hash_data({"version": SECOND_TRAINING_VERSION, "job": decisive(self)})

    @property
    def passes(self) -> int:
        """RETURNS (int): Approximate number of sentences that the training passes through the network."""
        return round((1 - self.held_out) * self.model.passes)

    @property
    def tested(self) -> int:
        """RETURNS (int): Approximate number of sentences to predict."""
        return round(self.held_out * sum(part.sentences for part in set(self.model.train)))


@dataclass(frozen=True)
class HeldOutMentions:
    """What the second training finds in the held-out documents.

    fingerprint (str): Fingerprint of the second training.
    found (tuple[JudgedMention, ...]): The mentions, with uncalibrated confidences.
    documents (Mapping[str, int]): Number of held-out documents per corpus.
    sentences (int): Number of sentences that the second training used.
    seconds (float): Wall-clock time of the training and the predictions.
    """

    fingerprint: str
    found: tuple[JudgedMention, ...]
    documents: Mapping[str, int]
    sentences: int
    seconds: float


@dataclass(frozen=True)
class Dealt:
    """The training documents of the shipped model, split for a second training and for fitting the calibration.

    train (tuple[Part, ...]): The training data of the second training.
    held_out (Mapping[str, Sequence[Doc]]): The held-out documents by corpus. None has a copy in the training data.
    """

    train: tuple[Part, ...]
    held_out: Mapping[str, Sequence[Doc]]


def held_out_file(workspace: Workspace) -> Path:
    """RETURNS (Path): The file of the mentions in the held-out documents: types and confidences, but no text."""
    return workspace.training / workspace.name / CALIBRATION / "mentions.json"


def find_held_out(workspace: Workspace, job: SecondTraining) -> Optional[HeldOutMentions]:
    """RETURNS (Optional[HeldOutMentions]): What a second training found. None if there was none with these settings and
    data, or its file is damaged."""
    try:
        found = read_shape(held_out_file(workspace), HeldOutMentions, "")
    except ProjectError:
        return None
    return found if found.fingerprint == job.fingerprint else None


def write_held_out(workspace: Workspace, mentions: HeldOutMentions) -> None:
    """Write what a second training found."""
    write_checked_json(held_out_file(workspace), asdict(mentions))


def train_again(workspace: Workspace, job: SecondTraining, on_passes: OnPasses) -> HeldOutMentions:
    """Train without the held-out documents, and judge what is found in them.

    workspace (Workspace): The experiment and its environment.
    job (SecondTraining): The parts, share and seed.
    on_passes (Callable): Called after every update with the number of sentences passed, to show progress.
    RETURNS (HeldOutMentions): The mentions.
    """
    use_device(workspace.threads, workspace.gpu_id)
    started = time.monotonic()
    dealt = deal(workspace, job)
    training = second_job(job, dealt)
    nlp = with_splitter(_train(workspace, training, on_passes))
    types = dict(zip(job.corpora, job.entity_types, strict=True))
    found = [
        mention for name, there in dealt.held_out.items() for mention in judge_raw_text(nlp, there, types[name])
    ]
    documents = {corpus: len(there) for corpus, there in dealt.held_out.items()}
    seconds = round(time.monotonic() - started, 2)
    return HeldOutMentions(job.fingerprint, tuple(found), documents, training.n_sentences, seconds)


def deal(workspace: Workspace, job: SecondTraining) -> Dealt:
    """Split the documents of each training part. Documents with equal text go to the same side.

    workspace (Workspace): The experiment and its environment.
    job (SecondTraining): The parts, share and seed.
    RETURNS (Dealt): The parts for the second training, as files, and the held-out documents. Documents that are also in
        another part that the second training or its source sees are left out.
    RAISES (ProjectError): If a part has changed since the command started.
    """
    folder = workspace.training / workspace.name / CALIBRATION
    for part in job.model.train:
        check_unchanged(part.path, part.sha256)
    there = {name: read_documents(part.path) for name, part in zip(job.corpora, job.model.train, strict=True)}
    held_out = {name: _draw(documents, job.held_out, job.split_seed) for name, documents in there.items()}
    with atomic_folder(folder) as partial:
        for name, documents in there.items():
            kept = [document for document in documents if document.user_data["id"] not in held_out[name]]
            pack_docs(kept).to_disk(partial / f"{name}.spacy")
    files = {name: part_of(folder / f"{name}.spacy") for name in there}
    train = tuple(files[name] for name in job.corpora)
    parts = _parts_seen(replace(job.model, train=train))
    seen = {fold_text(document.text) for part in parts for document in read_documents(part)}
    unseen = {
        name: [doc for doc in documents if doc.user_data["id"] in held_out[name] and fold_text(doc.text) not in seen]
        for name, documents in there.items()
    }
    return Dealt(train, unseen)


def second_job(job: SecondTraining, dealt: Dealt) -> TrainingJob:
    """RETURNS (TrainingJob): The training of the shipped weights, without the held-out documents."""
    return replace(job.model, train=dealt.train)


def _draw(documents: Sequence[Doc], share: float, seed: int) -> set[str]:
    """RETURNS (set[str]): Ids of the documents to hold out. Empty for a corpus with only one text."""
    is_single = len({fold_text(document.text) for document in documents}) < 2
    return set() if is_single else hold_out(documents, share, seed)


def _parts_seen(job: Optional[TrainingJob]) -> Iterator[Path]:
    """YIELDS (Path): The files of the parts that a training and its sources have seen."""
    while job:
        yield from (part.path for part in job.train)
        job = job.source


def _train(workspace: Workspace, job: TrainingJob, on_passes: OnPasses) -> Language:
    from scripts.experiments.pipeline_cache import NoCache
    from scripts.experiments.train import train_job

    before = shipped_model(workspace.experiment).before
    source = get_model(workspace, before).pipeline if before else None
    return train_job(job, source, workspace.gpu_id, NoCache(), on_passes).nlp


def with_splitter(nlp: Language) -> Language:
    """RETURNS (Language): The pipeline with the sentence splitter of the package."""
    nlp.add_pipe(sentences.NAME, first=True)
    return nlp


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
