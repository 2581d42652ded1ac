"""Prepare the material that all peers are measured on: sentences, texts, encoder and trained weights in a folder."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Sequence

from spacy.vocab import Vocab

from scripts.base.errors import ProjectError
from scripts.base.files import read_json, write_json
from scripts.benchmarks.settings import BenchmarkSettings
from scripts.corpora.docbin import pack_docs
from scripts.corpora.parts import Sentence, part_of, read_documents, read_sentences, reference_doc, sample
from scripts.encoders.record import find_encoder, record_file, write_encoder
from scripts.experiments.config import read_template
from scripts.experiments.job import TrainingJob
from scripts.experiments.pipeline_cache import NoCache
from scripts.experiments.train import train_job
from scripts.experiments.workspace import Workspace, find_tokenizer
from scripts.ner.bio_ner import bio_tags
from scripts.shipping.pipeline import encoder_name, shipped_pipeline

FILE = "material.json"
REMEDY = "choose an experiment with a model that has one, such as softmax"
# Enough updates for a model that finds mentions, instead of one that decodes noise.
UPDATES = 60


@dataclass(frozen=True)
class Material:
    """Settings and files for the workers.

    folder (str): Folder of the files below.
    experiment (str): Name of the experiment.
    configs (str): Folder of the experiment's settings.
    corpus (str): Folder of the converted corpora.
    encoder (str): Folder of the encoder.
    requested (str): The encoder's name in the experiment.
    template (str): The model's spaCy config.
    tokenizer (str): Folder of the blank pipeline with the tokenizer that all pipelines use.
    entity_types (list[str]): The types to predict.
    precision (str): Precision of the default recipe on this machine: `float32` or `bfloat16`.
    threads (int): CPU threads.
    gpu_id (int): The GPU to use; -1 for the CPU.
    settings (dict): Settings of the benchmark file.
    """

    folder: str
    experiment: str
    configs: str
    corpus: str
    encoder: str
    requested: str
    template: str
    tokenizer: str
    entity_types: list[str]
    precision: str
    threads: int
    gpu_id: int
    settings: dict[str, Any]

    @property
    def benchmark(self) -> BenchmarkSettings:
        """RETURNS (BenchmarkSettings): The benchmark file's settings."""
        return BenchmarkSettings.model_validate(self.settings)

    @property
    def train(self) -> Path:
        """RETURNS (Path): DocBin of the training sentences, with one document per sentence."""
        return Path(self.folder) / "train.spacy"

    @property
    def pipeline(self) -> Path:
        """RETURNS (Path): The trained pipeline, as in a package."""
        return Path(self.folder) / "pipeline"

    @property
    def checkpoint(self) -> Path:
        """RETURNS (Path): The same weights as a Hugging Face token classifier."""
        return Path(self.folder) / "checkpoint"

    @property
    def training(self) -> Path:
        """RETURNS (Path): Folder of the encoder's record and of the grid's trained models."""
        return Path(self.folder) / "training"

    @property
    def tags(self) -> list[str]:
        """RETURNS (list[str]): The BIO tags of the entity types."""
        return bio_tags(self.entity_types)

    def sentences(self) -> list[Sentence]:
        """RETURNS (list[Sentence]): The training sentences."""
        return read_sentences([str(self.train)])

    def texts(self, kind: str) -> list[str]:
        """RETURNS (list[str]): Texts to predict on: `sentences`, `documents`, or the sentences `of_documents`."""
        return read_json(Path(self.folder) / f"{kind}.json")

    def words(self, kind: str) -> int:
        """RETURNS (int): Number of tokens in these texts, the same for all peers."""
        return read_json(Path(self.folder) / "words.json")[kind]


def read_material(folder: Path) -> Material:
    """RETURNS (Material): The material in a folder written by `prepare_material`."""
    return Material(**read_json(folder / FILE))


def prepare_material(workspace: Workspace, configs: Path, settings: BenchmarkSettings, folder: Path) -> Material:
    """Sample sentences and texts, and train the weights for predictions.

    workspace (Workspace): The experiment and its environment.
    configs (Path): Folder of its settings.
    settings (BenchmarkSettings): Settings of the benchmark file.
    folder (Path): Folder to write to.
    RETURNS (Material): The material.
    RAISES (ProjectError): If the corpora have too few sentences or documents.
    """
    encoder = workspace.recipe.encoder
    if encoder is None:
        raise ProjectError(f"model '{workspace.experiment.model}' has no encoder", where="--experiment", remedy=REMEDY)
    material = Material(
        folder=str(folder),
        experiment=workspace.name,
        configs=str(configs),
        corpus=str(workspace.corpus),
        encoder=str(encoder.path),
        requested=workspace.experiment.encoder,
        template=str(workspace.recipe.template.path),
        tokenizer=str(workspace.tokenizer.path),
        entity_types=sorted(workspace.entity_types),
        precision=workspace.started_with.precision,
        threads=workspace.threads,
        gpu_id=workspace.gpu_id,
        settings=settings.model_dump(),
    )
    write_json(folder / FILE, asdict(material))
    write_encoder(encoder, record_file(material.training, workspace.experiment.encoder))
    _write_sentences(workspace, settings, material)
    _write_texts(workspace, settings, folder)
    _write_models(workspace, material)
    return material


def training_job(material: Material, **changes: Any) -> TrainingJob:
    """RETURNS (TrainingJob): A training on the sentences of the material."""
    settings = {
        "template": read_template(Path(material.template)),
        "encoder": find_encoder(material.training, material.requested),
        "tokenizer": find_tokenizer(Path(material.corpus)),
        "train": (part_of(material.train),),
        "entity_types": tuple(material.entity_types),
        "training": material.benchmark.training,
        "seed": material.benchmark.seed,
        "precision": material.precision,
    }
    return TrainingJob(**{**settings, **changes})


def _draw(items: Sequence[Any], number: int, seed: int, what: str) -> list[Any]:
    if number > len(items):
        remedy = "use a smaller number"
        raise ProjectError(f"{number} {what}, but the corpora have {len(items)}", where="benchmark.yml", remedy=remedy)
    return [items[position] for position in sample(len(items), number, seed)]


def _write_sentences(workspace: Workspace, settings: BenchmarkSettings, material: Material) -> None:
    parts = [str(workspace.part(name, "train").path) for name in workspace.experiment.corpora]
    drawn = _draw(read_sentences(parts), settings.sentences, settings.seed, "training sentences")
    vocab = Vocab()
    pack_docs(reference_doc(vocab, sentence) for sentence in drawn).to_disk(material.train)


def _write_texts(workspace: Workspace, settings: BenchmarkSettings, folder: Path) -> None:
    parts = [workspace.part(name, "test").path for name in workspace.experiment.corpora]
    sentences = _draw(read_sentences([*map(str, parts)]), settings.predicted_sentences, settings.seed, "test sentences")
    documents = [document for part in parts for document in read_documents(part)]
    documents = _draw(documents, settings.documents, settings.seed, "test documents")
    write_json(folder / "sentences.json", [sentence.text for sentence in sentences])
    write_json(folder / "documents.json", [document.text for document in documents])
    write_json(folder / "of_documents.json", [span.text for document in documents for span in document.sents])
    words = {"sentences": sum(len(sentence.words) for sentence in sentences), "documents": sum(map(len, documents))}
    write_json(folder / "words.json", words)


def _write_models(workspace: Workspace, material: Material) -> None:
    training = material.benchmark.training.model_copy(update={"min_updates": UPDATES})
    trained = Path(material.folder) / "trained"
    job = training_job(material, training=training)
    train_job(job, None, workspace.gpu_id, NoCache()).nlp.to_disk(trained)
    nlp = shipped_pipeline(trained, encoder_name(workspace.recipe.encoder), {}, {})
    nlp.to_disk(material.pipeline)
    _write_checkpoint(nlp, material)


def _write_checkpoint(nlp: Any, material: Material) -> None:
    import torch
    from transformers import AutoModelForTokenClassification
    from transformers.utils import logging

    # It would warn that the head is new, but its weights are set below.
    logging.set_verbosity_error()
    names = dict(enumerate(material.tags))
    classifier = AutoModelForTokenClassification.from_pretrained(
        material.encoder,
        id2label=names,
        label2id={name: number for number, name in names.items()},
        trust_remote_code=False,
    )
    encoder = nlp.get_pipe("transformer").model
    head = nlp.get_pipe("bio_ner").model.get_ref("output")
    getattr(classifier, classifier.base_model_prefix).load_state_dict(encoder.transformer.state_dict(), strict=False)
    with torch.no_grad():
        classifier.classifier.weight.copy_(torch.as_tensor(head.get_param("W")))
        classifier.classifier.bias.copy_(torch.as_tensor(head.get_param("b")))
    classifier.save_pretrained(material.checkpoint)
    encoder.tokenizer.save_pretrained(material.checkpoint)
