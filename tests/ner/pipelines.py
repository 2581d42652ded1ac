"""Create pipelines around the tiny encoder, and sentences to train them on."""
from pathlib import Path
from typing import Any, Callable, Iterable, Sequence

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model, Optimizer, fix_random_seed

import scripts.ner.training  # noqa: F401  (registers the components)
from scripts.ner.bio_ner import DEFAULT_MODEL, BioNer

LABELS = ("Disease", "Drug")
SOFTMAX_HEAD = "interlingual.BioTagger.v2"
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
TOY_SENTENCES = [
    ("Took aspirin for the headache .", [(1, 2, "Drug"), (4, 5, "Disease")]),
    ("No history of diabetes .", [(3, 4, "Disease")]),
    ("The patient was given ibuprofen for back pain .", [(4, 5, "Drug"), (6, 8, "Disease")]),
    ("Приняла аспирин от головной боли .", [(1, 2, "Drug"), (3, 5, "Disease")]),
    ("Больному назначен ибупрофен .", [(2, 3, "Drug")]),
    ("Всё прошло через час .", []),
]


def make_pipeline(encoder: Path, seed: int = 0, tagger: str = SOFTMAX_HEAD, **settings: Any) -> Language:
    """RETURNS (Language): An initialized pipeline with a random head; the settings are those of its encoder."""
    nlp = spacy.blank("xx")
    architecture = {"@architectures": "interlingual.SentenceTransformer.v3", "name": str(encoder), **settings}
    nlp.add_pipe("transformer", config={"model": architecture})
    nlp.add_pipe("bio_ner", config={"model": {**DEFAULT_MODEL, "@architectures": tagger}})
    nlp.config["initialize"]["components"]["bio_ner"] = {"labels": list(LABELS)}
    fix_random_seed(seed)
    nlp.initialize()
    return nlp


def toy_examples(nlp: Language) -> list[Example]:
    """RETURNS (list[Example]): The toy sentences."""
    return [example(nlp, words.split(), mentions) for words, mentions in TOY_SENTENCES]


def update(nlp: Language, optimizer: Optimizer, drop: float = 0.0) -> float:
    """Learn once from the toy sentences, in the order of spaCy's training loop.

    RETURNS (float): The loss before.
    """
    losses = nlp.update(toy_examples(nlp), sgd=False, drop=drop)
    for _, component in nlp.pipeline:
        component.finish_update(optimizer)
    optimizer.step_schedules()
    return losses["bio_ner"]


def example(nlp: Language, words: list[str], mentions: Iterable[tuple[int, int, str]]) -> Example:
    """RETURNS (Example): A sentence of given words and mentions, and the same without mentions."""
    reference = Doc(nlp.vocab, words=words)
    reference.set_ents([Span(reference, *mention) for mention in mentions])
    return Example(Doc(nlp.vocab, words=words), reference)


def component_that_finds(nlp: Language, *mentions: tuple[int, int, str], labels: Sequence[str] = LABELS) -> BioNer:
    """RETURNS (BioNer): A component whose model scores the tags of given mentions highest, whatever the Doc."""

    def forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[list[numpy.ndarray], Callable]:
        return [scores(len(doc)) for doc in docs], lambda gradients: []

    def scores(length: int) -> numpy.ndarray:
        array = numpy.zeros((length, 1 + 2 * len(labels)), dtype="float32")
        array[:, 0] = 3.0
        for start, end, label in mentions:
            array[start:end, 2 + 2 * labels.index(label)] = 6.0
            array[start, 1 + 2 * labels.index(label)] = 9.0
        return array

    component = BioNer(nlp.vocab, Model("scores", forward))
    component.cfg["labels"] = list(labels)
    return component


def entities(doc: Doc) -> list[tuple[int, int, str]]:
    """RETURNS (list): (start, end, type) of the entities of a Doc, in tokens."""
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]
