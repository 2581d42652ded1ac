"""Define the statistics of an experiment's corpora for the report, and read them from their file."""
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from scripts.results.shapes import read_shape


@dataclass(frozen=True)
class PaperCorpus:
    """The paper's own statistics of a corpus, as printed in its Table 1.

    name (str): Name of the corpus, such as `RU EHR`.
    documents (int): Number of documents.
    sentences (int): Number of sentences, by untrained Punkt.
    mentions (Mapping[str, int]): Mentions of each entity type.
    sentences_per_document (float): Mean length of a document, in sentences.
    tokens_per_sentence (float): Mean length of a sentence, in tokens.
    mention_length (Mapping[str, float]): Mean length of a mention of each type, in tokens.
    """

    name: str
    documents: int
    sentences: int
    mentions: Mapping[str, int]
    sentences_per_document: float
    tokens_per_sentence: float
    mention_length: Mapping[str, float]


@dataclass(frozen=True)
class Corpus:
    """The statistics of a corpus (paper, Table 1).

    documents (int): Number of documents with text.
    sentences (int): Number of sentences.
    sentences_by_punkt (int): Number of sentences by the paper's splitter.
    mentions (Mapping[str, int]): Number of mentions of each entity type, as read.
    subtypes (Mapping[str, int]): Number of mentions of each of the corpus's own labels.
    labels (Mapping[str, str]): The entity type of each of these labels.
    sentences_per_document (float): Mean length of a document, in sentences.
    tokens_per_sentence (float): Mean length of a sentence, in tokens.
    mention_length (Mapping[str, float]): Mean length of a mention of each type, in tokens.
    splits (Mapping): Counts for each part.
    paper (Optional[PaperCorpus]): The paper's statistics of the corpus that this one is, or replaces.
    """

    language: str
    domain: str
    documents: int
    sentences: int
    sentences_by_punkt: int
    mentions: Mapping[str, int]
    subtypes: Mapping[str, int]
    labels: Mapping[str, str]
    sentences_per_document: float
    tokens_per_sentence: float
    mention_length: Mapping[str, float]
    splits: Mapping[str, Mapping[str, Any]]
    paper: Optional[PaperCorpus] = None


@dataclass(frozen=True)
class VocabularyOverlap:
    """The overlap between the word pieces in the mentions of two corpora (paper, Table 4).

    unique_a (int): Number of unique word pieces in the mentions of corpus a.
    shared (int): Number of these that are also in corpus b.
    percent_a (float): `shared` as a percentage of `unique_a`.
    paper (Optional[VocabularyOverlap]): The paper's own overlap, with its corpora in the same order.
    """

    corpus_a: str
    corpus_b: str
    type: str
    unique_a: int
    unique_b: int
    shared: int
    percent_a: float
    percent_b: float
    paper: Optional["VocabularyOverlap"] = None


@dataclass(frozen=True)
class SharedSentences:
    """The sentences of a source's training part that are also in a target's test part.

    sentences (int): Number of sentences in the training part.
    exact (int): Number of these with the same words as a test sentence.
    near (int): Number of these with nearly the same words as a test sentence.
    """

    source: str
    target: str
    sentences: int
    exact: int
    near: int


@dataclass(frozen=True)
class Corpora:
    """The corpora of an experiment by name, and their overlaps. Empty if there is no such file.

    training_overlap (tuple): The vocabulary overlap of the training parts alone. Empty in files of earlier versions.
    tokenizer (str): The tokenizer used for word pieces.
    made_from (str): Hash of the settings and files of the corpora.
    """

    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    vocabulary_overlap: tuple[VocabularyOverlap, ...] = ()
    training_overlap: tuple[VocabularyOverlap, ...] = ()
    shared_sentences: tuple[SharedSentences, ...] = ()
    tokenizer: str = ""
    made_from: str = ""

    def training_sentences(self, name: str) -> Optional[int]:
        """RETURNS (Optional[int]): Number of sentences in the training part of a corpus, or None if unknown."""
        corpus = self.corpora.get(name)
        return corpus.splits.get("train", {}).get("sentences") if corpus else None

    def training_mentions(self, name: str) -> Optional[int]:
        """RETURNS (Optional[int]): Number of entities in the training part of a corpus, or None if unknown."""
        corpus = self.corpora.get(name)
        mentions = corpus.splits.get("train", {}).get("mentions") if corpus else None
        return sum(mentions["kept"].values()) if mentions else None


def read_corpora(path: Path) -> Corpora:
    """Read the statistics of an experiment's corpora.

    path (Path): The file `corpora.json`.
    RETURNS (Corpora): The statistics. Empty if there is no such file.
    RAISES (ProjectError): If the file is damaged.
    """
    remedy = "run `weasel run describe` to write it again"
    return read_shape(path, Corpora, remedy) if os.path.lexists(path) else Corpora()
