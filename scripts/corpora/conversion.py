"""Convert a corpus to a DocBin per part, with a manifest that accounts for every mention."""
import hashlib
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tqdm import tqdm

from scripts.base.errors import ProjectError, name_id, visible
from scripts.base.files import atomic_folder, hash_file
from scripts.base.progress import progress
from scripts.corpora import punkt, sentences
from scripts.corpora.account import count_as_read, count_copies, refuse_heavy_losses
from scripts.corpora.copies import (
    choose_annotators,
    copies_of_sentences,
    find_copies,
    fold_text,
    join_groups,
    name_annotators,
)
from scripts.corpora.docbin import (
    align,
    annotated_sentences,
    cut_mentions,
    join_cut_mentions,
    outside_tokens,
    pack_docs,
    unknown_tokens,
)
from scripts.corpora.fingerprint import TOKENIZER, fingerprint, hash_raw_files, write_tokenizer_record
from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.documents import add_notes
from scripts.corpora.harmonize import check_labels, drop, harmonize
from scripts.corpora.manifest import PARTS, LeftOut, Manifest, Mentions, PartAccount, write_manifest
from scripts.corpora.recognize import name_format
from scripts.corpora.schema import (
    ANNOTATED_TYPES,
    BY_SENTENCE,
    COPY_OF,
    LABEL_NOT_MAPPED,
    LEFT_OUT,
    LONGEST_DOCUMENT,
    NO_MAJORITY,
    OUTVOTED,
    SINGLE_SENTENCE,
    SOURCE_HASH,
    SPLIT_BY_SENTENCE,
    Changed,
    Cut,
    Document,
    Dropped,
    Mention,
)
from scripts.corpora.settings import CorpusSettings
from scripts.corpora.sides import Sides, earlier_sides, hash_of, keep_left_out, sides_of, write_sides
from scripts.corpora.split import split_as_published, split_documents
from scripts.corpora.statistics import corpus_statistics, count_document
from scripts.corpora.tokens import blank_pipeline

# Fewer documents of one sentence say little about what a corpus consists of.
FEWEST_SENTENCES = 10


@dataclass
class Tally:
    """Running counts for the documents of a part, updated while they are converted.

    read (Counter): Mentions as read, by the corpus's own label.
    kept (Counter): Entities, by type.
    figures (Counter): Number of documents, annotated sentences, tokens, unknown tokens, tokens outside of entities, and
        removed sentence starts.
    statistics (Counter): See `statistics.count_document`.
    dropped (list[Dropped]): Mentions that were left out.
    changed (list[Changed]): Mentions kept at different offsets from the annotated ones.
    cut (list[Cut]): Entities that are cut by a sentence start. None in a training part.
    """

    read: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    statistics: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: list[Dropped] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    cut: list[Cut] = field(default_factory=list)


@dataclass(frozen=True)
class Converted:
    """A converted corpus that has not been saved yet.

    name (str): Its name.
    manifest (Manifest): Its manifest, without the hashes of the files.
    sides (Optional[Sides]): The side of the split that each document is on, or None if the split is a published one.
    parts (Mapping[str, DocBin]): The documents of each part, without empty ones.
    """

    name: str
    manifest: Manifest
    sides: Optional[Sides]
    parts: Mapping[str, DocBin]


def convert_corpus(name: str, settings: CorpusSettings, earlier: Optional[Sides] = None) -> Converted:
    """Read, harmonize, split and align a corpus.

    name (str): The corpus's name.
    settings (CorpusSettings): The corpus file.
    earlier (Optional[Sides]): The sides of an earlier conversion, which are kept if its `split` was the same.
    RETURNS (Converted): Its parts and its manifest.
    RAISES (ProjectError): If a raw file is invalid, a label is neither used nor ignored, most mentions are lost, or a
        part has text but no annotations.
    """
    made_from = fingerprint(settings)
    documents = read_raw_documents(name, settings)
    named = name_annotators(documents)
    texts = {document.id: hash_of(document) for document in documents}
    before = earlier_sides(earlier, settings.split, texts)
    dealt = deal_documents(name, settings, choose_annotators(named, settings.annotators, f"corpus {name}"), before)
    nlp = blank_pipeline()
    tallies = {part: Tally() for part in PARTS if part in dealt}
    total = sum(len(dealt[part]) for part in tallies)
    with progress(total, "document", desc=name, delay=2, leave=False) as bar:
        bins = {part: pack_docs(_convert(part, dealt[part], settings, nlp, tallies[part], bar)) for part in tallies}
    _check_annotated(name, settings, tallies)
    manifest = Manifest(
        corpus=name,
        language=settings.language,
        domain=settings.domain,
        entity_types=settings.entity_types,
        settings=settings.decisive,
        fingerprint=made_from,
        read=count_as_read(_with_split_noted(documents, settings), settings.labels),
        statistics=corpus_statistics(_add(tally.statistics for tally in tallies.values()), settings.labels),
        splits={part: _account(dealt[part], tally, settings) for part, tally in tallies.items()},
        left_out=_left_out(dealt[LEFT_OUT]),
        copies=count_copies(named, dealt),
        dropped=tuple(replace(one, split=part) for part, tally in tallies.items() for one in tally.dropped),
        changed=tuple(replace(one, split=part) for part, tally in tallies.items() for one in tally.changed),
        cut=tuple(replace(one, split=part) for part, tally in tallies.items() for one in tally.cut),
        raw=hash_raw_files(settings),
    )
    _check_books(manifest)
    refuse_heavy_losses(name, settings, manifest)
    sides = keep_left_out(sides_of(manifest), before, manifest.left_out.ids, texts)
    return Converted(name, manifest, sides, bins)


def _with_split_noted(documents: Sequence[Document], settings: CorpusSettings) -> Sequence[Document]:
    """RETURNS (Sequence[Document]): The documents, with a note at sentences that are split by chance."""
    if settings.published_split is not None:
        return documents
    is_of_sentences = len(documents) >= FEWEST_SENTENCES and all(_is_sentence(one, settings) for one in documents)
    others = [SINGLE_SENTENCE] if is_of_sentences else []
    return [add_notes(one, [SPLIT_BY_SENTENCE] if BY_SENTENCE in one.meta else others) for one in documents]


def _is_sentence(document: Document, settings: CorpusSettings) -> bool:
    """RETURNS (bool): Whether a document is one sentence, and no original document is known that it is from."""
    if COPY_OF in document.meta or SOURCE_HASH in document.meta:
        return False
    return BY_SENTENCE in document.meta or len(find_sentences(document, settings)) < 2


def save_corpus(converted: Converted, output: Path) -> Manifest:
    """Save a corpus atomically.

    converted (Converted): The corpus.
    output (Path): Parent of the folder NAME, which gets a `.spacy` file for each part, `manifest.json` and, unless the
        split is a published one, `split.json`.
    RETURNS (Manifest): The manifest, with the hashes of the files.
    """
    splits = {}
    with atomic_folder(output / converted.name) as folder:
        for part, docs in converted.parts.items():
            docs.to_disk(folder / f"{part}.spacy")
            splits[part] = replace(converted.manifest.splits[part], sha256=hash_file(folder / f"{part}.spacy"))
        manifest = replace(converted.manifest, splits=splits)
        if converted.sides is not None:
            write_sides(converted.sides, folder)
        write_manifest(manifest, folder)
    return manifest


def save_tokenizer(output: Path) -> Path:
    """Save the blank pipeline. Training configs copy its tokenizer.

    output (Path): Folder of the converted corpora.
    RETURNS (Path): The folder `tokenizer` in it.
    """
    with atomic_folder(output / TOKENIZER) as folder:
        blank_pipeline().to_disk(folder)
        write_tokenizer_record(folder)
    return output / TOKENIZER


def read_raw_documents(name: str, settings: CorpusSettings) -> list[Document]:
    """Read a corpus and run the checks that apply to every format.

    name (str): The corpus's name, for errors.
    settings (CorpusSettings): The corpus file.
    RETURNS (list[Document]): The documents as read, sorted by id, so that the order of files on disk doesn't matter.
    RAISES (ProjectError): If a raw file is invalid, two documents have the same id, or a label is neither used nor
        ignored.
    """
    with name_format(settings.path_here, settings.format):
        found = FORMATS[settings.format].read(settings.path_here, settings.annotations_here, settings.options)
    documents = sorted(map(_make_visible, found), key=lambda document: document.id)
    for first, second in pairwise(documents):
        if first.id == second.id:
            what = f"two documents have the id '{name_id(first.id)}'"
            raise ProjectError(what, where=settings.path, remedy="rename one")
    check_labels(documents, settings.labels, settings.ignore, f"corpus {name}")
    _check_lengths(documents, settings.path)
    return documents


def _make_visible(document: Document) -> Document:
    """RETURNS (Document): The same document, with names that are safe to print on a terminal."""
    mentions = tuple(
        replace(mention, id=visible(mention.id), label=_in_nfc(mention.label), subtype=_in_nfc(mention.subtype))
        for mention in document.mentions
    )
    return replace(document, id=visible(document.id), annotator=visible(document.annotator), mentions=mentions)


def _in_nfc(label: str) -> str:
    # Labels that look alike must be alike in the corpus file, where they are in this form too.
    return unicodedata.normalize("NFC", visible(label))


def _check_lengths(documents: Iterable[Document], path: Path) -> None:
    # No pipeline could be evaluated on longer texts, as spaCy rejects them.
    for document in documents:
        if len(document.text) > LONGEST_DOCUMENT:
            what = f"document '{name_id(document.id)}' has {len(document.text):,} characters, but spaCy allows at most "
            raise ProjectError(f"{what}{LONGEST_DOCUMENT:,}", where=path, remedy="split it into several documents")


def deal_documents(
    name: str, settings: CorpusSettings, documents: Sequence[Document], before: Mapping[str, str]
) -> dict[str, list[Document]]:
    """Split documents into parts. Documents marked as left out are in no part.

    Unless the split is a published one, documents with the same text are in the same part.

    name (str): The corpus's name, for errors.
    settings (CorpusSettings): The corpus file.
    documents (Sequence[Document]): The documents, after annotators have been chosen.
    before (Mapping[str, str]): The sides that documents were on, by id. See `earlier_sides`.
    RETURNS (dict[str, list[Document]]): The documents of each part, and those left out under `left_out`.
    RAISES (ProjectError): If a part would be empty, or a published split doesn't include a document.
    """
    used = {document.id: document for document in documents if LEFT_OUT not in document.meta}
    marked = [document for document in documents if LEFT_OUT in document.meta]
    if len(used) < 2:
        remedy = f"check what is in {settings.path}"
        if used and settings.format == "conll":
            remedy += ": a file with a single document mark at its top is one document"
        if marked:
            reasons = sorted({document.meta[LEFT_OUT] for document in marked})
            remedy += f": {len(marked)} are left out ({'; '.join(reasons)})"
        what = f"{len(used)} documents are not enough for a training and a test part"
        raise ProjectError(what, where=f"corpus {name}", remedy=remedy)
    if settings.published_split is None:
        dealt = _deal_by_chance(name, settings, documents, before)
    else:
        dealt = split_as_published(list(used), settings.published_split.model_dump(exclude_none=True))
    parts = {part: [used[id] for id in ids] for part, ids in dealt.items()}
    return {**parts, LEFT_OUT: parts.get(LEFT_OUT, []) + marked}


def _deal_by_chance(
    name: str, settings: CorpusSettings, documents: Sequence[Document], before: Mapping[str, str]
) -> dict[str, list[str]]:
    """RETURNS (dict[str, list[str]]): Ids of `train` and `test`. Documents stay on the side of an earlier conversion,
    and those with the same text are on the same side."""
    used = {document.id: document.text for document in documents if LEFT_OUT not in document.meta}
    texts = {fold_text(text) for text in used.values()} - {""}
    if len(texts) < 2:
        what = f"{len(used)} documents with {len(texts)} different texts are not enough for a training and a test part"
        raise ProjectError(what, where=f"corpus {name}", remedy=f"check what is in {settings.path}")
    # Copies that are left out count too, so that a text stays on its side if another annotator's copy is used.
    alike = find_copies({document.id: document.text for document in documents})
    copies = join_groups([*alike, *copies_of_sentences(documents, before)])
    dealt = split_documents(list(used), settings.split.train, settings.split.seed, before, copies)
    for part in (part for part in dealt if not dealt[part]):
        have_moved = any(before.get(id) == part for id in used)
        reason = "have copies in the other part" if have_moved else "are gone"
        remedy = f"split the others again with `weasel run convert . --vars.resplit {name}`"
        raise ProjectError(f"all documents of the {part} part {reason}", where=f"corpus {name}", remedy=remedy)
    return dealt


def find_sentences(document: Document, settings: CorpusSettings) -> Sequence[int]:
    """RETURNS (Sequence[int]): Character offsets of sentence starts, from the format or else from the splitter."""
    if "sentence_starts" in document.meta:
        return document.meta["sentence_starts"]
    splitter = {"by_script": sentences, "punkt": punkt}[settings.sentences]
    return splitter.sentence_starts(document.text)


def _convert(
    part: str, documents: Iterable[Document], settings: CorpusSettings, nlp: Language, tally: Tally, bar: tqdm
) -> Iterator[Doc]:
    """YIELDS (Doc): The documents with text. All changes are counted in the tally."""
    for document in documents:
        harmonized = harmonize(document, settings.labels, settings.discontinuous)
        outvoted = document.meta.get(OUTVOTED, ())
        tally.read.update(mention.label for mention in (*document.mentions, *outvoted))
        tally.dropped += (drop(document.id, mention, _why_outvoted(mention, settings)) for mention in outvoted)
        tally.dropped += harmonized.dropped
        tally.changed += harmonized.changed
        if document.text.strip():
            aligned = align(harmonized.document, find_sentences(document, settings), nlp)
            tally.dropped += aligned.dropped
            tally.changed += aligned.changed
            aligned.doc.user_data[ANNOTATED_TYPES] = list(settings.entity_types)
            _tally_doc(part, aligned.doc, tally)
            tally.statistics += count_document(document, aligned.doc, settings.labels)
            yield aligned.doc
        bar.update()


def _why_outvoted(mention: Mention, settings: CorpusSettings) -> str:
    """RETURNS (str): The reason for dropping a mention that most annotators didn't mark. Unused labels come first."""
    return NO_MAJORITY if mention.label in settings.labels else LABEL_NOT_MAPPED


def _tally_doc(part: str, doc: Doc, tally: Tally) -> None:
    """Count a Doc. In a training part, sentence starts inside mentions are removed. In other parts, mentions may be
    cut, as in the shipped pipeline."""
    tally.figures["boundaries_removed"] += join_cut_mentions(doc) if part == "train" else 0
    tally.figures["documents"] += 1
    tally.figures["sentences"] += sum(1 for _ in annotated_sentences(doc))
    tally.figures["tokens"] += sum(not token.is_space for token in doc)
    unknown = unknown_tokens(doc)
    tally.figures["unknown_tokens"] += len(unknown)
    tally.figures["outside_tokens"] += len(outside_tokens(doc))
    tally.figures["partly_annotated"] += bool(unknown)
    tally.kept.update(entity.label_ for entity in doc.ents)
    document = doc.user_data["id"]
    tally.cut += [Cut(document, ent.start_char, ent.end_char, ent.label_) for ent in cut_mentions(doc)]


def _check_annotated(name: str, settings: CorpusSettings, tallies: Mapping[str, Tally]) -> None:
    for part, figures in ((part, tally.figures) for part, tally in tallies.items()):
        if not figures["tokens"] and part in ("train", "test"):
            remedy = "add documents with text to it by `split` or `published_split` in the corpus file"
            raise ProjectError(f"no document in the {part} part has any text", where=f"corpus {name}", remedy=remedy)
        if figures["tokens"] and not figures["sentences"]:
            what = f"none of the {figures['documents']} documents in the {part} part is annotated"
            remedy = "annotate some of them, or leave them out"
            if "spans_key" in FORMATS[settings.format].OPTIONS and settings.spans_key is None:
                remedy += "; if their mentions are in `doc.spans`, name the group by `spans_key` in the corpus file"
            raise ProjectError(what, where=f"corpus {name}", remedy=remedy)


def _account(documents: Sequence[Document], tally: Tally, settings: CorpusSettings) -> PartAccount:
    """RETURNS (PartAccount): The manifest's entry for a part, without the hash of its file."""
    mentions = Mentions(
        read=dict(sorted(tally.read.items())),
        kept={kind: tally.kept[kind] for kind in settings.entity_types},
        dropped=dict(sorted(Counter(mention.reason for mention in tally.dropped).items())),
        changed=dict(sorted(Counter(mention.how for mention in tally.changed).items())),
    )
    return PartAccount(
        documents=tally.figures["documents"],
        empty_documents=len(documents) - tally.figures["documents"],
        sentences=tally.figures["sentences"],
        tokens=tally.figures["tokens"],
        mentions=mentions,
        boundaries_removed=tally.figures["boundaries_removed"],
        mentions_cut=len(tally.cut),
        ids={document.id: hash_text(document.text) for document in documents},
        partly_annotated=tally.figures["partly_annotated"],
        unknown_tokens=tally.figures["unknown_tokens"],
        outside_tokens=tally.figures["outside_tokens"],
    )


def hash_text(text: str) -> str:
    """RETURNS (str): The sha256 of a text."""
    return hashlib.sha256(text.encode("utf8")).hexdigest()


def _left_out(documents: Sequence[Document]) -> LeftOut:
    return LeftOut(
        documents=len(documents),
        mentions=dict(sorted(Counter(mention.label for doc in documents for mention in doc.mentions).items())),
        ids={document.id: document.meta.get(LEFT_OUT, "published split") for document in documents},
    )


def _check_books(manifest: Manifest) -> None:
    """Assert that the mentions kept, dropped and left out add up to those read, in each part and in total."""
    accounted = Counter(manifest.left_out.mentions)
    for part in manifest.splits.values():
        read, kept, dropped = (sum(n.values()) for n in (part.mentions.read, part.mentions.kept, part.mentions.dropped))
        assert read == kept + dropped, part.mentions
        accounted += Counter(part.mentions.read)
    assert accounted == Counter(manifest.read.mentions), accounted


def _add(counters: Iterable[Counter]) -> Counter:
    return sum(counters, Counter())
