"""Describe converted corpora by statistics, shared vocabulary and shared sentences, next to the paper's numbers."""
from dataclasses import asdict
from itertools import combinations, product
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

from spacy.tokens import Doc

from scripts.corpora.docbin import annotated_sentences
from scripts.corpora.duplicates import find_duplicates
from scripts.corpora.manifest import Manifest, read_manifest
from scripts.corpora.parts import read_documents
from scripts.corpora.schema import in_order
from scripts.corpora.statistics import vocabulary_overlap

# Keys that identify documents and files, but don't describe the corpus.
NOT_COUNTS = ("ids", "sha256")
Docs = dict[str, dict[str, list[Doc]]]


def describe_corpora(
    corpus: Path, names: Sequence[str], tokenize: Callable[[str], list[str]], paper: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe the corpora of an experiment.

    corpus (Path): Folder of the converted corpora.
    names (Sequence[str]): Names of the corpora.
    tokenize (Callable): Function that splits a text into sub-words.
    paper (Mapping): The paper's own Tables 1 and 4.
    RETURNS (dict): `corpora` (statistics and counts by name), `vocabulary_overlap` (each pair and type),
        `training_overlap` (the same without test parts) and `shared_sentences` (each training part with each test
        part). The paper's numbers are included for corpora whose
        files set `paper_corpus`.
    RAISES (ProjectError): If a corpus is not converted.
    """
    manifests = {name: read_manifest(corpus, name) for name in names}
    docs: Docs = {
        name: {part: read_documents(corpus / name / f"{part}.spacy") for part in manifest.splits}
        for name, manifest in manifests.items()
    }
    training = {name: {"train": parts["train"]} for name, parts in docs.items()}
    return {
        "corpora": {name: _summary(manifest, paper["table1"]) for name, manifest in manifests.items()},
        "vocabulary_overlap": list(_overlaps(manifests, docs, tokenize, paper["table4"])),
        "training_overlap": list(_overlaps(manifests, training, tokenize, [])),
        "shared_sentences": _shared(docs),
    }


def _summary(manifest: Manifest, table1: Mapping[str, Any]) -> dict[str, Any]:
    splits = {
        part: {key: value for key, value in asdict(account).items() if key not in NOT_COUNTS}
        for part, account in manifest.splits.items()
    }
    name = manifest.settings["paper_corpus"]
    return {
        "language": manifest.language,
        "domain": manifest.domain,
        **asdict(manifest.statistics),
        "labels": manifest.settings["labels"],
        "splits": splits,
        "paper": {"name": name, **table1[name]} if name in table1 else None,
    }


def _shared(docs: Docs) -> list[dict[str, Any]]:
    # Unannotated sentences are not used for training. In a test part, all count, because annotations may be added.
    learnt = {name: [span.text for doc in docs[name]["train"] for _, span in annotated_sentences(doc)] for name in docs}
    tested = {name: [span.text for doc in docs[name]["test"] for span in doc.sents] for name in docs}
    rows = []
    for source, target in product(docs, repeat=2):
        train = learnt[source]
        found = find_duplicates(train, tested[target])
        counts = {"sentences": len(train), "exact": found.exact, "near": found.near}
        rows.append({"source": source, "target": target, **counts})
    return rows


def _overlaps(
    manifests: Mapping[str, Manifest],
    docs: Docs,
    tokenize: Callable[[str], list[str]],
    table4: Sequence[Mapping[str, Any]],
) -> Iterator[dict[str, Any]]:
    types = in_order(kind for manifest in manifests.values() for kind in manifest.entity_types)
    texts = {(name, kind): mention_texts(docs[name], manifests[name], kind) for name in docs for kind in types}
    for a, b in combinations(docs, 2):
        names = manifests[a].settings["paper_corpus"], manifests[b].settings["paper_corpus"]
        for kind in types:
            overlap = vocabulary_overlap(texts[a, kind], texts[b, kind], tokenize)
            yield {"corpus_a": a, "corpus_b": b, "type": kind, **overlap, "paper": _of_paper(*names, kind, table4)}


def _of_paper(a: str, b: str, kind: str, table4: Sequence[Mapping[str, Any]]) -> Optional[dict[str, Any]]:
    """RETURNS (Optional[dict]): The paper's row for a pair, in our order of the two corpora. None if it has none."""
    for row in table4:
        if row["type"] == kind and (row["corpus_a"], row["corpus_b"]) == (a, b):
            return dict(row)
        if row["type"] == kind and (row["corpus_b"], row["corpus_a"]) == (a, b):
            turned = {f"{key}_a": row[f"{key}_b"] for key in ("corpus", "unique", "percent")}
            return {**row, **turned, **{f"{key}_b": row[f"{key}_a"] for key in ("corpus", "unique", "percent")}}
    return None


def mention_texts(parts: Mapping[str, Sequence[Doc]], manifest: Manifest, kind: str) -> list[str]:
    """Collect the texts of a type's mentions, including those dropped for a longer one.

    parts (Mapping[str, Sequence[Doc]]): The corpus's documents, of all of its parts or of some.
    manifest (Manifest): Its manifest, which lists the dropped mentions.
    kind (str): The entity type.
    RETURNS (list[str]): The texts.
    """
    texts = {doc.user_data["id"]: doc.text for docs in parts.values() for doc in docs}
    kept = [
        doc.text[start:end]
        for docs in parts.values()
        for doc in docs
        for start, end, label in doc.user_data["mentions"]
        if label == kind
    ]
    labels = manifest.settings["labels"]
    dropped = [
        texts[one.document][one.start : one.end]
        for one in manifest.dropped
        if one.document in texts and one.reason in ("nested", "overlapping") and labels[one.label] == kind
    ]
    return kept + dropped
