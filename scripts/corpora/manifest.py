"""Keep the manifest of a converted corpus: what was read, what became of it, which document is in which part."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Mapping

from pydantic import TypeAdapter, ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_data, read_json, write_json
from scripts.corpora.schema import Changed, Cut, Dropped

FILE = "manifest.json"
# In the order in which they are shown; a corpus has the second only if one is published.
PARTS = ("train", "dev", "test")
_AGAIN = "run `weasel run convert` again"


@dataclass(frozen=True)
class Mentions:
    """How many mentions a part has: as many were read as were kept and dropped together.

    read (Mapping[str, int]): As read, by the corpus's own label.
    kept (Mapping[str, int]): Entities, by each of the corpus's entity types.
    dropped (Mapping[str, int]): Those left out, by reason; a reason that does not occur is not listed.
    changed (Mapping[str, int]): Those of the kept ones that are not where they were annotated, by how.
    """

    read: Mapping[str, int]
    kept: Mapping[str, int]
    dropped: Mapping[str, int]
    changed: Mapping[str, int]


@dataclass(frozen=True)
class PartAccount:
    """What is in a part of a corpus.

    documents (int): Documents with text.
    empty_documents (int): Documents without text, which are not in the file.
    sentences (int): Sentences in which somebody annotated a token, which are all of them in ordinary corpora.
    tokens (int): Tokens that are not white space.
    mentions (Mentions): What became of the mentions.
    boundaries_removed (int): Sentence starts that gave way to a mention; none but in a training part.
    mentions_cut (int): Entities that a sentence start cuts; none in a training part.
    ids (Mapping[str, str]): Of each document, empty ones included, the sha256 of its text, by document id.
    partly_annotated (int): Documents with tokens that nobody annotated, be it all of them.
    unknown_tokens (int): The tokens, white space left out, that nobody annotated.
    outside_tokens (int): The tokens, white space left out, that somebody annotated as outside of all entities.
    sha256 (str): The hash of the part's file; empty before it is saved.
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
    """What stands in the raw files, before anything is dropped.

    documents (int): Documents, those without text included.
    empty_documents (int): Documents without text.
    mentions (Mapping[str, int]): Mentions, by the corpus's own label.
    fragmented (int): Mentions, of labels that are taken, in several fragments.
    joined (int): Those of them that have only white space between the fragments.
    overlapping_pairs (Mapping[str, int]): Pairs of mentions, of labels that are taken, that share a character, by how:
        `nested`, `crossing`, `same`.
    tag_schemes (Mapping[str, int]): Documents by the scheme of their tags, where the format has some.
    notes (Mapping[str, int]): What the reader repaired or passed over, and how often.
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
    """What the paper's Table 1 counts, as it counts: annotations as read, before any is dropped.

    Tokens are here runs of letters and digits, which is what the paper's mention lengths agree with.

    documents (int): Documents with text.
    sentences (int): Sentences, whether they are annotated or not.
    sentences_by_punkt (int): The same by the paper's splitter.
    mentions (Mapping[str, int]): Mentions, by entity type.
    subtypes (Mapping[str, int]): The same by the corpus's own label.
    sentences_per_document (float): Mean.
    tokens_per_sentence (float): Mean.
    mention_length (Mapping[str, float]): Mean number of tokens, by entity type.
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

    documents (int): How many.
    mentions (Mapping[str, int]): Their mentions, by the corpus's own label.
    ids (Mapping[str, str]): Why each is left out, by document id.
    """

    documents: int
    mentions: Mapping[str, int]
    ids: Mapping[str, str]


@dataclass(frozen=True)
class Copies:
    """The documents whose text, as `fold_text` leaves it, stands in another one too; those without text aside.

    texts (int): Texts that stand in several documents.
    documents (int): Those documents.
    of_several (int): Texts that several annotators have annotated.
    annotators (Mapping[str, int]): Documents of these texts, by annotator.
    in_train_and_test (int): Documents of the training part whose text stands in the test part too; none unless the
        split is a published one.
    """

    texts: int
    documents: int
    of_several: int
    annotators: Mapping[str, int]
    in_train_and_test: int


@dataclass(frozen=True)
class Manifest:
    """What `convert` did to a corpus.

    corpus (str): The corpus's name.
    language (str): Such as `en`.
    domain (str): Such as `ugt`.
    entity_types (tuple[str, ...]): The types that the corpus annotates, Drug and Disease first.
    settings (Mapping[str, Any]): The corpus file, with defaults filled in; not what it only tells people (`ABOUT`).
    fingerprint (str): A hash of all that the conversion depends on.
    read (ReadAccount): What stands in the raw files.
    statistics (Statistics): The figures of the paper's Table 1.
    splits (Mapping[str, PartAccount]): The parts, by name.
    left_out (LeftOut): The documents that are in no part.
    copies (Copies): The documents of equal text, before one annotator or the majority was chosen.
    dropped (tuple[Dropped, ...]): Every mention that was left out.
    changed (tuple[Changed, ...]): Every mention that is not where it was annotated.
    cut (tuple[Cut, ...]): Every entity that a sentence start cuts.
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


_MANIFEST = TypeAdapter(Manifest)


def identify(manifests: Mapping[str, Manifest]) -> str:
    """RETURNS (str): One hash over the settings and the files of converted corpora, by name."""
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
    RETURNS (Manifest): What `convert` wrote about it; shared by all callers.
    RAISES (ProjectError): If the corpus is not converted, was by an earlier version, or the file is damaged.
    """
    return _read_manifest(corpus / name / FILE)


@cache_by_file
def _read_manifest(path: Path) -> Manifest:
    data = read_json(path, made_by="convert")
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
    """Write the manifest of a corpus into its folder."""
    write_json(folder / FILE, asdict(manifest))
