"""Pipelines around the tiny encoder, and toy sentences to train them on."""
from pathlib import Path
from typing import Any, Iterable, Sequence

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

import scripts.ner.training  # noqa: F401  (registers the components)
from scripts.ner.bio_ner import BioNer

LABELS = ("Disease", "Drug")
TOY_SENTENCES = [
    ("Took aspirin for the headache .", [(1, 2, "Drug"), (4, 5, "Disease")]),
    ("No history of diabetes .", [(3, 4, "Disease")]),
    ("The patient was given ibuprofen for back pain .", [(4, 5, "Drug"), (6, 8, "Disease")]),
    ("Приняла аспирин от головной боли .", [(1, 2, "Drug"), (3, 5, "Disease")]),
    ("Больному назначен ибупрофен .", [(2, 3, "Drug")]),
    ("Всё прошло через час .", []),
]


def make_pipeline(encoder: Path, max_subwords: int = 510, seed: int = 0, labels: Sequence[str] = LABELS) -> Language:
    """RETURNS (Language): An initialized pipeline with a random head."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("transformer", config={"model": transformer_config(encoder, max_subwords)})
    nlp.add_pipe("bio_ner")
    nlp.config["initialize"]["components"]["bio_ner"] = {"labels": list(labels)}
    fix_random_seed(seed)
    nlp.initialize()
    return nlp


def transformer_config(encoder: Path, max_subwords: int = 510) -> dict[str, Any]:
    """RETURNS (dict): The settings of a sentence-wise transformer."""
    return {
        "@architectures": "interlingual.SentenceTransformer.v1",
        "name": str(encoder),
        "max_subwords": max_subwords,
        "tokenizer_config": {"use_fast": True},
    }


def toy_examples(nlp: Language) -> list[Example]:
    """RETURNS (list[Example]): The toy sentences."""
    return [example(nlp, words.split(), mentions) for words, mentions in TOY_SENTENCES]


def example(nlp: Language, words: list[str], mentions: Iterable[tuple[int, int, str]]) -> Example:
    """RETURNS (Example): A sentence of given words and mentions, and the same without mentions."""
    reference = Doc(nlp.vocab, words=words)
    reference.set_ents([Span(reference, *mention) for mention in mentions])
    return Example(Doc(nlp.vocab, words=words), reference)


def force_mentions(component: BioNer, *mentions: tuple[int, int, str]) -> None:
    """Make a component's model give high scores to the tags of given mentions, whatever the Doc."""
    tags = {f"{prefix}-{label}": 1 + 2 * n + i for n, label in enumerate(component.labels) for i, prefix in enumerate("BI")}

    def predict(docs: list[Doc]) -> list[numpy.ndarray]:
        return [scores(len(doc)) for doc in docs]

    def scores(length: int) -> numpy.ndarray:
        array = numpy.zeros((length, 1 + len(tags)), dtype="float32")
        array[:, 0] = 3.0
        for start, end, label in mentions:
            array[start:end, tags[f"I-{label}"]] = 6.0
            array[start, tags[f"B-{label}"]] = 9.0
        return array

    component.model.predict = predict


def entities(doc: Doc) -> list[tuple[int, int, str]]:
    """RETURNS (list): (start, end, type) of the entities of a Doc, in tokens."""
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]
