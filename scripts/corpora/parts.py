"""Read a part of a converted corpus as documents or sentences, and draw samples of sentences."""
import random
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Optional, Sequence

from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from scripts.base.errors import ProjectError
from scripts.base.files import cache_by_file, hash_file
from scripts.corpora.docbin import annotated_sentences
from scripts.corpora.duplicates import find_duplicates
from scripts.corpora.fingerprint import hash_raw_files
from scripts.corpora.manifest import Manifest, read_manifest
from scripts.corpora.schema import ANNOTATED_TYPES
from scripts.corpora.settings import read_corpus_settings


@dataclass(frozen=True)
class Part:
    """A part of a converted corpus.

    path (Path): Its DocBin file.
    sha256 (str): Hash of the file.
    sentences (int): Number of sentences with an annotated token.
    """

    path: Path
    sha256: str
    sentences: int


def find_part(corpus: Path, name: str, part: str) -> Part:
    """Find a part of a converted corpus.

    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    part (str): `train`, `dev` or `test`.
    RETURNS (Part): The file, with the hash and the count from the corpus's manifest.
    RAISES (ProjectError): If the corpus is not converted or has no such part.
    """
    splits = read_manifest(corpus, name).splits
    if part not in splits:
        raise ProjectError(f"no part '{part}'", where=f"corpus {name}", remedy=f"use one of {', '.join(splits)}")
    return Part(corpus / name / f"{part}.spacy", splits[part].sha256, splits[part].sentences)


def check_converted(corpus: Path, name: str, file: Path) -> Manifest:
    """Check that a converted corpus matches its corpus file and its manifest.

    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    file (Path): Its corpus file.
    RETURNS (Manifest): Its manifest.
    RAISES (ProjectError): If it is not converted, its corpus file or its raw files have changed since, or a part was
        replaced.
    """
    manifest, remedy, settings = read_manifest(corpus, name), "run `weasel run convert`", read_corpus_settings(file)
    if settings.decisive != manifest.settings:
        raise ProjectError(f"the settings of {name} have changed since it was converted", where=file, remedy=remedy)
    # The raw files may be on another machine.
    if manifest.raw and hash_raw_files(settings) not in ("", manifest.raw):
        what = f"the raw files of {name} have changed since it was converted"
        raise ProjectError(what, where=settings.path, remedy=remedy)
    for part in (find_part(corpus, name, part) for part in manifest.splits):
        if not part.path.is_file() or hash_file(part.path) != part.sha256:
            raise ProjectError("the file doesn't match its manifest", where=part.path, remedy=remedy)
    return manifest


@cache_by_file
def part_of(path: Path) -> Part:
    """RETURNS (Part): A part for a DocBin file without a manifest."""
    return Part(path, hash_file(path), len(read_sentences([str(path)])))


class Sentence(NamedTuple):
    """A sentence of a document.

    document (str): The document's id. Empty if the file has none.
    number (int): Number of the sentence in the document, from 0.
    text (str): Its text, without whitespace after the last token.
    words (list[str]): Its tokens.
    spaces (list[bool]): Whether each token is followed by a space.
    mentions (list[tuple]): (start token, end token, entity type) of each mention.
    unknown (list[int]): Tokens without annotation, and those of a mention cut by a sentence boundary.
    annotated (Optional[tuple[str, ...]]): The entity types that the document's corpus annotates, or None if the file
        doesn't say.
    """

    document: str
    number: int
    text: str
    words: list[str]
    spaces: list[bool]
    mentions: list[tuple[int, int, str]]
    unknown: list[int]
    annotated: Optional[tuple[str, ...]] = None


@cache_by_file
def read_documents(path: Path) -> list[Doc]:
    """Read the documents of a DocBin file, including those that nobody annotated.

    RETURNS (list[Doc]): The documents, with gold sentences and entities. They are shared, so don't change them.
    """
    return _load(path)


def read_sentences(
    paths: Sequence[str], without: Sequence[str] = (), without_kinds: Sequence[str] = ("exact",)
) -> list[Sentence]:
    """Read the annotated sentences of documents, which are those with an annotated token.

    paths (Sequence[str]): DocBin files.
    without (Sequence[str]): DocBin files with sentences to leave out, annotated or not.
    without_kinds (Sequence[str]): Kinds of duplicates of these to leave out. See `scripts.corpora.duplicates`.
    RETURNS (list[Sentence]): The sentences in the order of the files.
    """
    sentences = [sentence for path in paths for sentence in _sentences_of(Path(path))]
    if not without:
        return sentences
    unwanted = [text for path in without for text in _texts_of(Path(path))]
    matches = find_duplicates([sentence.text for sentence in sentences], unwanted).matches
    return [sentence for sentence, match in zip(sentences, matches, strict=True) if match.kind not in without_kinds]


# Every run of a grid reads the same files three times: for the sample, for initialization and for training.
@cache_by_file
def _sentences_of(path: Path) -> list[Sentence]:
    return [
        Sentence(
            document.user_data.get("id", ""),
            number,
            span.text,
            [token.text for token in span],
            [bool(token.whitespace_) for token in span],
            [(ent.start - span.start, ent.end - span.start, ent.label_) for ent in span.ents],
            _unknown_tokens(span),
            _annotated_types(document),
        )
        for document in _load(path)
        for number, span in annotated_sentences(document)
    ]


@cache_by_file
def _texts_of(path: Path) -> list[str]:
    return [span.text for document in _load(path) for span in document.sents]


def _annotated_types(document: Doc) -> Optional[tuple[str, ...]]:
    types = document.user_data.get(ANNOTATED_TYPES)
    return None if types is None else tuple(types)


def _unknown_tokens(sentence: Span) -> list[int]:
    whole = {token.i for ent in sentence.ents for token in ent}
    return [token.i - sentence.start for token in sentence if token.ent_iob_ != "O" and token.i not in whole]


def sample(n_sentences: int, limit: Optional[int], seed: int) -> list[int]:
    """Draw a sample of sentences.

    n_sentences (int): Number of sentences to draw from.
    limit (int): Size of the sample. Defaults to all sentences, in their order.
    seed (int): Seed. With the same seed, a smaller sample is a prefix of a larger one.
    RETURNS (list[int]): Numbers of the sentences.
    """
    numbers = list(range(n_sentences))
    if limit is None:
        return numbers
    random.Random(seed).shuffle(numbers)
    return numbers[:limit]


def reference_doc(vocab: Vocab, sentence: Sentence, entity_types: Optional[Sequence[str]] = None) -> Doc:
    """Create a Doc from a sentence.

    vocab (Vocab): The Doc's vocabulary.
    sentence (Sentence): The sentence.
    entity_types (Optional[Sequence[str]]): Types of the entities to set. Defaults to all.
    RETURNS (Doc): The sentence with its entities, and with `user_data["annotated_types"]` if they are known.
    """
    starts: list[bool | int | None] = [number == 0 for number in range(len(sentence.words))]
    doc = Doc(vocab, words=sentence.words, spaces=sentence.spaces, sent_starts=starts)
    kept = [mention for mention in sentence.mentions if entity_types is None or mention[2] in entity_types]
    missing = [doc[number : number + 1] for number in sentence.unknown]
    doc.set_ents([Span(doc, *mention) for mention in kept], missing=missing)
    if sentence.annotated is not None:
        doc.user_data[ANNOTATED_TYPES] = list(sentence.annotated)
    return doc


def _load(path: Path) -> list[Doc]:
    try:
        return list(DocBin(store_user_data=True).from_disk(path).get_docs(Vocab()))
    except OSError:
        raise
    except Exception as error:  # For a damaged file, spaCy, msgpack and NumPy raise many kinds of errors.
        what = f"not a DocBin file, or damaged ({type(error).__name__})"
        raise ProjectError(what, where=path, remedy="delete its folder and run `weasel run convert`") from None
