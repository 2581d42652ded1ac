"""Hold what the report knows of an experiment's corpora."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from scripts.results.shapes import read_shape


@dataclass(frozen=True)
class PaperCorpus:
    """The paper's own figures of a corpus, as its Table 1 prints them.

    name (str): Such as `RU EHR`.
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
    """What a corpus is made of (paper, Table 1).

    documents (int): Number of documents with text.
    sentences (int): Number of sentences.
    sentences_by_punkt (int): The same by the paper's splitter.
    mentions (Mapping[str, int]): Mentions as read of each entity type.
    subtypes (Mapping[str, int]): The same by the corpus's own label.
    labels (Mapping[str, str]): The entity type of each of these labels.
    sentences_per_document (float): Mean length of a document, in sentences.
    tokens_per_sentence (float): Mean length of a sentence, in tokens.
    mention_length (Mapping[str, float]): Mean length of a mention of each type, in tokens.
    splits (Mapping): Counts of each part.
    paper (Optional[PaperCorpus]): The paper's figures of the corpus that this one is or stands in for.
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
    """How many word pieces of their mentions two corpora share (paper, Table 4).

    unique_a (int): Different word pieces in the mentions of corpus a.
    shared (int): Those that are also in corpus b.
    percent_a (float): `shared` in percent of `unique_a`.
    paper (Optional[VocabularyOverlap]): The paper's own figures, its corpora in the same order.
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
    """How many sentences of a source's training part also stand in a target's test part.

    sentences (int): Sentences of the training part.
    exact (int): Those with the same words.
    near (int): Those with nearly the same words.
    """

    source: str
    target: str
    sentences: int
    exact: int
    near: int


@dataclass(frozen=True)
class Corpora:
    """The corpora of an experiment by name, and how they overlap; empty where their file is absent.

    tokenizer (str): Whose word pieces were counted.
    made_from (str): Hash of the settings and files of the corpora that were described.
    """

    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    vocabulary_overlap: tuple[VocabularyOverlap, ...] = ()
    shared_sentences: tuple[SharedSentences, ...] = ()
    tokenizer: str = ""
    made_from: str = ""

    def training_sentences(self, name: str) -> Optional[int]:
        """RETURNS (Optional[int]): Sentences in the training part of a corpus; None if not known."""
        corpus = self.corpora.get(name)
        return corpus.splits.get("train", {}).get("sentences") if corpus else None


def read_corpora(path: Path) -> Corpora:
    """Read the statistics of an experiment's corpora.

    path (Path): The file `corpora.json`.
    RETURNS (Corpora): Statistics; empty if there is no such file.
    RAISES (ProjectError): If the file is damaged.
    """
    return read_shape(path, Corpora, "delete the file and start the experiment again") if path.is_file() else Corpora()
