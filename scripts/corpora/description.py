"""Describe converted corpora: statistics, shared vocabulary and shared sentences, as plain data and as tables."""
from itertools import combinations, product
from pathlib import Path
from typing import Any, Callable, Sequence

import spacy
from spacy.tokens import Doc

from scripts.corpora.docbin import read_docs
from scripts.corpora.manifest import SPLITS, read_manifest
from scripts.corpora.schema import ENTITY_TYPES
from scripts.corpora.statistics import shared_sentences, vocabulary_overlap

# What identifies documents and files says nothing about the corpus.
NOT_COUNTS = ("ids", "sha256")


def describe_corpora(corpus: Path, names: Sequence[str], tokenize: Callable[[str], list[str]]) -> dict[str, Any]:
    """Gather what is known about the corpora of an experiment.

    corpus (Path): Folder of the converted corpora.
    names (Sequence[str]): Which of them.
    tokenize (Callable): Makes the encoder's sub-words of a text.
    RETURNS (dict): `corpora` (statistics and counts by name), `vocabulary_overlap` (each pair and type) and
        `shared_sentences` (each training part with each test part).
    RAISES (ProjectError): If a corpus is not converted.
    """
    manifests = {name: read_manifest(corpus, name) for name in names}
    vocab = spacy.blank("xx").vocab
    docs = {name: {part: read_docs(corpus / name / f"{part}.spacy", vocab) for part in SPLITS} for name in names}
    return {
        "corpora": {name: _summary(manifest) for name, manifest in manifests.items()},
        "vocabulary_overlap": _overlaps(docs, tokenize),
        "shared_sentences": _shared(docs),
    }


def _summary(manifest: dict[str, Any]) -> dict[str, Any]:
    splits = {
        part: {key: value for key, value in counts.items() if key not in NOT_COUNTS}
        for part, counts in manifest["splits"].items()
    }
    return {"language": manifest["language"], "domain": manifest["domain"], **manifest["statistics"], "splits": splits}


def _shared(docs: dict[str, dict[str, list[Doc]]]) -> list[dict[str, Any]]:
    return [
        {"source": a, "target": b, "count": len(shared_sentences(docs[a]["train"], docs[b]["test"]))}
        for a, b in product(docs, repeat=2)
    ]


def _overlaps(docs: dict[str, dict[str, list[Doc]]], tokenize: Callable[[str], list[str]]) -> list[dict[str, Any]]:
    texts = {(name, kind): _mention_texts(docs[name], kind) for name in docs for kind in ENTITY_TYPES}
    return [
        {"corpus_a": a, "corpus_b": b, "type": kind, **vocabulary_overlap(texts[a, kind], texts[b, kind], tokenize)}
        for a, b in combinations(docs, 2)
        for kind in ENTITY_TYPES
    ]


def _mention_texts(parts: dict[str, list[Doc]], kind: str) -> list[str]:
    return [
        doc.text[start:end]
        for docs in parts.values()
        for doc in docs
        for start, end, label in doc.user_data["mentions"]
        if label == kind
    ]


def statistics_table(description: dict[str, Any]) -> list[list[str]]:
    """RETURNS (list[list[str]]): The paper's Table 1: a header, and a row for each corpus."""
    corpora = description["corpora"]
    figures = [key for key in next(iter(corpora.values())) if key != "splits"]
    rows = [[name, *(_show(corpora[name][key]) for key in figures)] for name in corpora]
    return [["corpus", *(key.replace("_", " ") for key in figures)], *rows]


def overlap_table(description: dict[str, Any]) -> list[list[str]]:
    """RETURNS (list[list[str]]): The paper's Table 4: a header, and a row for each pair and type."""
    return _table(description["vocabulary_overlap"])


def shared_sentences_table(description: dict[str, Any]) -> list[list[str]]:
    """RETURNS (list[list[str]]): A header, and a row for each training part and each test part."""
    return _table(description["shared_sentences"])


def _table(records: list[dict[str, Any]]) -> list[list[str]]:
    header = list(records[0]) if records else []
    return [[key.replace("_", " ") for key in header], *([_show(record[key]) for key in header] for record in records)]


def _show(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
