"""Convert a corpus: raw files in; training and test DocBin and a manifest of everything that happened out."""
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from spacy.tokens import Doc, Span
from tqdm import tqdm

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, hash_file, write_json
from scripts.corpora import punkt, sentences
from scripts.corpora.docbin import Aligned, align, count_entities, cut_mentions, join_cut_mentions, write_docs
from scripts.corpora.formats import FORMATS
from scripts.corpora.harmonise import Harmonised, harmonise
from scripts.corpora.manifest import FILE, SPLITS, TOKENIZER, fingerprint, hash_text
from scripts.corpora.schema import Document, Dropped
from scripts.corpora.settings import CorpusSettings
from scripts.corpora.split import split_documents
from scripts.corpora.statistics import corpus_statistics
from scripts.corpora.tokens import blank_pipeline


@dataclass(frozen=True)
class Part:
    """The training or the test part of a corpus.

    docs (list[Doc]): The documents with text.
    counts (dict): What the manifest says of the part, but for its file's hash.
    dropped (list[Dropped]): The mentions that were left out.
    cut (list[dict]): The mentions that a sentence start cuts; none in a training part.
    """

    docs: list[Doc]
    counts: dict[str, Any]
    dropped: list[Dropped]
    cut: list[dict[str, Any]]


def convert_corpus(name: str, settings: CorpusSettings, output: Path) -> dict[str, Any]:
    """Convert a corpus, wholly or not at all.

    name (str): The corpus's name.
    settings (CorpusSettings): The corpus file.
    output (Path): Where to put the folder NAME with `train.spacy`, `test.spacy` and `manifest.json`.
    RETURNS (dict): The manifest.
    RAISES (ProjectError): If something is wrong with the raw files.
    """
    made_from = fingerprint(settings)
    items = {item.document.id: item for item in read_harmonised(settings)}
    if len(items) < 2:
        raise ProjectError(
            f"{len(items)} documents do not make a training and a test part",
            where=f"corpus {name}",
            remedy=f"check what is in {settings.path}",
        )
    split = split_documents(list(items), settings.split.train, settings.split.seed)
    nlp = blank_pipeline()
    aligned = {}
    for id, item in tqdm(items.items(), desc=name, unit="doc", delay=1, leave=False, disable=None):
        if item.document.text.strip():
            aligned[id] = align(item.document, find_sentences(item.document, settings), nlp)
    parts = {part: convert_part(part, [items[id] for id in split[part]], aligned) for part in SPLITS}
    manifest = {**_head(name, settings), "fingerprint": made_from, **_body(parts)}
    with atomic_folder(output / name) as folder:
        for part in SPLITS:
            write_docs(folder / f"{part}.spacy", parts[part].docs)
            manifest["splits"][part]["sha256"] = hash_file(folder / f"{part}.spacy")
        write_json(folder / FILE, manifest)
    return manifest


def save_tokenizer(output: Path) -> Path:
    """Save the blank pipeline, for training configs to copy its tokenizer from.

    output (Path): Where the corpora are.
    RETURNS (Path): The folder `tokenizer` in it.
    """
    with atomic_folder(output / TOKENIZER) as folder:
        blank_pipeline().to_disk(folder)
    return output / TOKENIZER


def read_harmonised(settings: CorpusSettings) -> list[Harmonised]:
    """RETURNS (list[Harmonised]): The corpus's documents, in the order of the raw files."""
    documents = FORMATS[settings.format].read(settings.path, settings.annotations)
    return [harmonise(document, settings.labels, settings.ignore, settings.discontinuous) for document in documents]


def find_sentences(document: Document, settings: CorpusSettings) -> Sequence[int]:
    """RETURNS (Sequence[int]): Where sentences start: where the format says so, else where the splitter does."""
    if "sentence_starts" in document.meta:
        return document.meta["sentence_starts"]
    splitter = {"by_script": sentences, "punkt": punkt}[settings.sentences]
    return splitter.sentence_starts(document.text)


def convert_part(part: str, items: Sequence[Harmonised], aligned: Mapping[str, Aligned]) -> Part:
    """Account for every mention of a part.

    part (str): `train` or `test`: in training, sentence starts give way to mentions.
    items (Sequence[Harmonised]): The part's documents.
    aligned (Mapping[str, Aligned]): Those with text as tokens, by id; sentence starts may be changed in place.
    RETURNS (Part): Docs, counts and lists. Documents without text are counted but give no Doc.
    """
    chosen = [aligned[item.document.id] for item in items if item.document.id in aligned]
    docs = [item.doc for item in chosen]
    removed = sum(join_cut_mentions(doc) for doc in docs) if part == "train" else 0
    cut = [_describe_cut(doc.user_data["id"], entity) for doc in docs for entity in cut_mentions(doc)]
    dropped = [mention for item in (*items, *chosen) for mention in item.dropped]
    counts = {
        "documents": len(docs),
        "empty_documents": len(items) - len(docs),
        "sentences": sum(len(list(doc.sents)) for doc in docs),
        "tokens": sum(not token.is_space for doc in docs for token in doc),
        "mentions": _account(items, docs, dropped),
        "boundaries_removed": removed,
        "mentions_cut": len(cut),
        "mentions_expanded": sum(item.expanded for item in chosen),
        "ids": {item.document.id: hash_text(item.document.text) for item in items},
    }
    return Part(docs, counts, dropped, cut)


def _describe_cut(document: str, entity: Span) -> dict[str, Any]:
    return {"document": document, "start": entity.start_char, "end": entity.end_char, "type": entity.label_}


def _account(items: Iterable[Harmonised], docs: Iterable[Doc], dropped: Iterable[Dropped]) -> dict[str, dict[str, int]]:
    """The books: as many mentions read as kept and dropped together."""
    read = Counter(mention.subtype for item in items for mention in item.document.mentions)
    read.update(mention.label for item in items for mention in item.dropped)
    kept, reasons = count_entities(docs), Counter(mention.reason for mention in dropped)
    assert read.total() == sum(kept.values()) + reasons.total()
    return {"read": dict(sorted(read.items())), "kept": kept, "dropped": dict(sorted(reasons.items()))}


def _head(name: str, settings: CorpusSettings) -> dict[str, Any]:
    return {
        "corpus": name,
        "language": settings.language,
        "domain": settings.domain,
        "settings": settings.model_dump(mode="json"),
    }


def _body(parts: Mapping[str, Part]) -> dict[str, Any]:
    return {
        "statistics": corpus_statistics(doc for part in SPLITS for doc in parts[part].docs),
        "splits": {part: parts[part].counts for part in SPLITS},
        "dropped": [{**asdict(mention), "split": part} for part in SPLITS for mention in parts[part].dropped],
        "cut": [{**mention, "split": part} for part in SPLITS for mention in parts[part].cut],
    }
