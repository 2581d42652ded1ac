"""Read and write the manifest of a converted corpus, which accounts for all mentions and documents."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Mapping

from pydantic import TypeAdapter, ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_data, read_checked_json, write_checked_json
from scripts.corpora.schema import Changed, Cut, Dropped

FILE = "manifest.json"
# In display order. A corpus only has the second one if it was published with one.
PARTS = ("train", "dev", "test")
_AGAIN = "run `weasel run convert` again"


@dataclass(frozen=True)
class Mentions:
    """The mentions of a part. Those kept and dropped add up to those read.

    read (Mapping[str, int]): Mentions as read, by the corpus's own label.
    kept (Mapping[str, int]): Entities, by each of the corpus's entity types.
    dropped (Mapping[str, int]): Dropped mentions, by reason. Only reasons that occur are listed.
    changed (Mapping[str, int]): Kept mentions that differ from their annotation, by kind of change.
    """

    read: Mapping[str, int]
    kept: Mapping[str, int]
    dropped: Mapping[str, int]
    changed: Mapping[str, int]


@dataclass(frozen=True)
class PartAccount:
    """The contents of a part of a corpus.

    documents (int): Documents with text.
    empty_documents (int): Documents without text, which are not in the file.
    sentences (int): Sentences with an annotated token. In ordinary corpora, these are all sentences.
    tokens (int): Tokens other than whitespace.
    mentions (Mentions): The mentions.
    boundaries_removed (int): Sentence starts removed because of a mention. Only in a training part.
    mentions_cut (int): Entities cut by a sentence start. 0 in a training part.
    ids (Mapping[str, str]): The sha256 of each document's text by document id, including empty documents.
    partly_annotated (int): Documents with some or only tokens that nobody annotated.
    unknown_tokens (int): Tokens that nobody annotated, without whitespace.
    outside_tokens (int): Tokens annotated as outside of all entities, without whitespace.
    sha256 (str): The hash of the part's file. Empty before it is saved.
    """

    documents: int
    empty_documents: int
    sentences: int
    tokens: int
    mentions: Mentions
    boundaries_removed: int
    mentions_cut: int
    ids: Mapping[str, str]
    partly_annotated: int
    unknown_tokens: int
    outside_tokens: int
    sha256: str = ""


@dataclass(frozen=True)
class ReadAccount:
    """The contents of the raw files, before anything is dropped.

    documents (int): Documents, including those without text.
    empty_documents (int): Documents without text.
    mentions (Mapping[str, int]): Mentions, by the corpus's own label.
    fragmented (int): Mentions with used labels that have several fragments.
    joined (int): Fragmented mentions with only whitespace between the fragments.
    overlapping_pairs (Mapping[str, int]): Overlapping pairs of mentions with used labels, by kind: `nested`, `crossing`
        or `same`.
    tag_schemes (Mapping[str, int]): Documents by tag scheme, if the format has tags.
    notes (Mapping[str, int]): What the reader repaired or skipped, and how often.
    """

    documents: int
    empty_documents: int
    mentions: Mapping[str, int]
    fragmented: int
    joined: int
    overlapping_pairs: Mapping[str, int]
    tag_schemes: Mapping[str, int]
    notes: Mapping[str, int]


@dataclass(frozen=True)
class Statistics:
    """The statistics of the paper's Table 1, which count annotations as read, before any are dropped.

    Tokens here are runs of letters and digits, which agrees with the paper's mention lengths.

    documents (int): Documents with text.
    sentences (int): Sentences, annotated or not.
    sentences_by_punkt (int): Sentences by the paper's splitter.
    mentions (Mapping[str, int]): Mentions, by entity type.
    subtypes (Mapping[str, int]): Mentions, by the corpus's own label.
    sentences_per_document (float): Mean number of sentences per document.
    tokens_per_sentence (float): Mean number of tokens per sentence.
    mention_length (Mapping[str, float]): Mean number of tokens per mention, by entity type.
    """

    documents: int
    sentences: int
    sentences_by_punkt: int
    mentions: Mapping[str, int]
    subtypes: Mapping[str, int]
    sentences_per_document: float
    tokens_per_sentence: float
    mention_length: Mapping[str, float]


@dataclass(frozen=True)
class LeftOut:
    """The documents that are in no part.

    documents (int): Number of documents.
    mentions (Mapping[str, int]): Their mentions, by the corpus's own label.
    ids (Mapping[str, str]): The reason why each is left out, by document id.
    """

    documents: int
    mentions: Mapping[str, int]
    ids: Mapping[str, str]


@dataclass(frozen=True)
class Copies:
    """The documents with the same text as another one, normalized by `fold_text`. Empty ones don't count.

    texts (int): Texts in more than one document.
    documents (int): Documents with these texts.
    of_several (int): Texts annotated by several annotators.
    annotators (Mapping[str, int]): Documents with texts by several annotators, by annotator.
    in_train_and_test (int): Documents of the training part with a text that is also in the test part. 0 unless the
        split is a published one.
    """

    texts: int
    documents: int
    of_several: int
    annotators: Mapping[str, int]
    in_train_and_test: int


@dataclass(frozen=True)
class Manifest:
    """The record of what `convert` did to a corpus.

    corpus (str): The corpus's name.
    language (str): Language, such as `en`.
    domain (str): Domain, such as `ugt`.
    entity_types (tuple[str, ...]): The types that the corpus annotates, with Drug and Disease first.
    settings (Mapping[str, Any]): The corpus file with defaults, without the keys that are only descriptive (`ABOUT`).
    fingerprint (str): Hash of everything the conversion depends on.
    read (ReadAccount): The contents of the raw files.
    statistics (Statistics): The statistics of the paper's Table 1.
    splits (Mapping[str, PartAccount]): The parts, by name.
    left_out (LeftOut): The documents that are in no part.
    copies (Copies): The documents with the same text, before annotators were chosen.
    dropped (tuple[Dropped, ...]): All dropped mentions.
    changed (tuple[Changed, ...]): All kept mentions that differ from their annotation.
    cut (tuple[Cut, ...]): All entities cut by a sentence start.
    raw (str): Hash of the raw files. Empty if an earlier version converted the corpus.
    """

    corpus: str
    language: str
    domain: str
    entity_types: tuple[str, ...]
    settings: Mapping[str, Any]
    fingerprint: str
    read: ReadAccount
    statistics: Statistics
    splits: Mapping[str, PartAccount]
    left_out: LeftOut
    copies: Copies
    dropped: tuple[Dropped, ...]
    changed: tuple[Changed, ...]
    cut: tuple[Cut, ...]
    raw: str = ""


_MANIFEST = TypeAdapter(Manifest)


def identify(manifests: Mapping[str, Manifest]) -> str:
    """RETURNS (str): One hash of the settings and the files of converted corpora."""
    return hash_data(
        {
            name: [dict(manifest.settings), {part: account.sha256 for part, account in manifest.splits.items()}]
            for name, manifest in manifests.items()
        }
    )



def read_manifest(corpus: Path, name: str) -> Manifest:
    """Read the manifest of a converted corpus.

    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    RETURNS (Manifest): The manifest. It is shared by all callers.
    RAISES (ProjectError): If there is no manifest, or if it is damaged or was written by an earlier version.
    """
    return _read_manifest(corpus / name / FILE)


@cache_by_file
def _read_manifest(path: Path) -> Manifest:
    data = read_checked_json(path, made_by="convert", remedy=_AGAIN)
    try:
        return _MANIFEST.validate_python(data)
    except ValidationError as error:
        raise _explain(error, path) from None


def _explain(error: ValidationError, path: Path) -> ProjectError:
    mistakes = error.errors()
    if any(mistake["type"] == "missing" for mistake in mistakes):
        return ProjectError("written by an earlier version", where=path, remedy=_AGAIN)
    place = ".".join(map(str, mistakes[0]["loc"]))
    what = f"key '{place}': {mistakes[0]['msg']}" if place else "not a manifest"
    return ProjectError(what, where=path, remedy=_AGAIN)


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a corpus to its folder."""
    write_checked_json(folder / FILE, asdict(manifest))
