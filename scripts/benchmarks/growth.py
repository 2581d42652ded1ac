"""Measure how cost grows with one size at a time: sentences, their length, length of documents, labels, runs."""
import io
import random
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Sequence

import spacy
from spacy.tokens import Doc
from spacy.training.loop import train
from spacy.vocab import Vocab

from scripts.benchmarks.grid import grid_runs, grid_workspace
from scripts.benchmarks.material import Material, training_job
from scripts.benchmarks.measure import Measurement, measured, stopwatch
from scripts.corpora.docbin import pack_docs
from scripts.corpora.parts import Sentence, part_of, reference_doc
from scripts.experiments.config import resolve_config
from scripts.experiments.execute import execute_all
from scripts.experiments.pipeline_cache import NoCache
from scripts.experiments.run import run_job

LENGTH, FEW = 16, 32
TWO_TYPES = ("TYPE-0", "TYPE-1")


def sentences(material: Material, size: int) -> list[Measurement]:
    """RETURNS (list[Measurement]): One epoch over `size` sentences of 16 words."""
    return [_train(material, "sentences", size, make_sentences(material, size, LENGTH), TWO_TYPES)]


def words(material: Material, size: int) -> list[Measurement]:
    """RETURNS (list[Measurement]): One epoch over 32 sentences of `size` words."""
    return [_train(material, "words in a sentence", size, make_sentences(material, FEW, size), TWO_TYPES)]


def types(material: Material, size: int) -> list[Measurement]:
    """RETURNS (list[Measurement]): One epoch over 128 sentences with `size` entity types."""
    names = tuple(f"TYPE-{number}" for number in range(size))
    return [_train(material, "entity types", size, make_sentences(material, 4 * FEW, LENGTH, names), names)]


def document(material: Material, size: int) -> list[Measurement]:
    """RETURNS (list[Measurement]): Prediction on one document of `size` sentences, one of them long."""
    nlp = spacy.load(material.pipeline)
    long = make_sentences(material, 1, 20 * LENGTH)
    docs = [reference_doc(nlp.vocab, each) for each in [*long, *make_sentences(material, size - 1, LENGTH)]]
    joined = Doc.from_docs(docs)
    nlp(docs[1].copy())
    with stopwatch() as watch:
        nlp(joined)
    return [measured("sentences in a document", size, "sentences in a document", watch)]


def runs(material: Material, size: int) -> list[Measurement]:
    """RETURNS (list[Measurement]): `size` few-shot runs of a few updates, one after the other in one process."""
    grid = material.benchmark.grid
    short = grid.training.model_copy(update={"epochs": 1e-9, "min_updates": 10})
    grid = grid.model_copy(update={"seeds": list(range(size)), "training": short})
    with TemporaryDirectory() as folder:
        workspace = grid_workspace(material, grid, Path(folder))
        planned = [run for run in grid_runs(workspace, grid) if not run.source]
        with stopwatch() as watch:
            execute_all(workspace, {run: run_job(workspace, run) for run in planned})
    return [measured("runs", size, "runs", watch)]


def make_sentences(
    material: Material, number: int, length: int, types: Sequence[str] = TWO_TYPES
) -> list[Sentence]:
    """Create sentences of a given length from the words of the material. One word in eight is a mention.

    material (Material): The material, with training sentences to take the words from, in order.
    number (int): Number of sentences.
    length (int): Number of words per sentence.
    types (Sequence[str]): Entity types to choose from at random.
    RETURNS (list[Sentence]): The sentences.
    """
    generator = random.Random(material.benchmark.seed)
    stream = cycle(word for sentence in material.sentences() for word in sentence.words if word.strip())
    made = []
    for count in range(number):
        taken = list(islice(stream, length))
        mentions = [(start, start + 1, generator.choice(types)) for start in range(0, length, 8)]
        made.append(Sentence("", count, " ".join(taken), taken, [True] * (length - 1) + [False], mentions, []))
    return made


def _train(
    material: Material, task: str, size: int, made: Sequence[Sentence], types: Sequence[str]
) -> Measurement:
    vocab = Vocab()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "train.spacy"
        pack_docs(reference_doc(vocab, sentence) for sentence in made).to_disk(path)
        job = training_job(material, train=(part_of(path),), entity_types=tuple(types))
        nlp = NoCache().get(resolve_config(job), material.gpu_id)
        with stopwatch() as watch:
            train(nlp, None, use_gpu=material.gpu_id, stdout=io.StringIO(), stderr=io.StringIO())
    return measured(task, size, task, watch)
