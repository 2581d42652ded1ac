"""What a corpus file may say: where the raw files are, and how their labels become entity types."""
from pathlib import Path
from typing import Literal, Optional

from pydantic import Field, field_validator, model_validator

from scripts.base.settings import Settings, read_settings, suggest
from scripts.corpora.formats import FORMATS

EntityType = Literal["Drug", "Disease"]
Discontinuous = Literal["span", "first", "drop"]
Splitter = Literal["by_script", "punkt"]


class Split(Settings):
    """How documents are dealt to the training and the test part.

    train (float): Share of the documents in the training part (the paper: 0.7).
    seed (int): Seed of the shuffle.
    """

    train: float = Field(default=0.7, gt=0, lt=1)
    seed: int = 0


class CorpusSettings(Settings):
    """A corpus file; the corpus is called as the file is.

    language (str): Such as `en`.
    domain (str): Such as `ugt` (user-generated text) or `ehr` (health records).
    format (str): One of the formats of `scripts/corpora/formats`.
    path (Path): The raw file or the folder of raw files, absolute or relative to the project folder.
    annotations (Optional[Path]): The folder of the annotations, where that is another one.
    labels (dict[str, str]): The corpus's own labels that are taken, and the entity type that each becomes.
    ignore (list[str]): The corpus's own labels that are left out; one that stands in neither list is an error.
    discontinuous (str): A mention in several pieces is kept as the `span` from its first to its last character, as
        its `first` piece only, or is left out (`drop`).
    sentences (str): The sentence splitter, where the format itself does not fix the sentences: by the script of the
        text, or as in the paper (`punkt`).
    split (Split): How documents are dealt to the training and the test part.
    """

    language: str = Field(pattern="^[a-z]{2,3}$")
    domain: str = Field(pattern="^[a-z][a-z0-9_]*$")
    format: str
    path: Path
    annotations: Optional[Path] = None
    labels: dict[str, EntityType] = Field(min_length=1)
    ignore: list[str] = []
    discontinuous: Discontinuous = "span"
    sentences: Splitter = "by_script"
    split: Split = Split()

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in FORMATS:
            raise ValueError(f"unknown format ({suggest(name, list(FORMATS))})")
        return name

    @model_validator(mode="after")
    def _taken_or_ignored(self) -> "CorpusSettings":
        both = sorted(set(self.labels) & set(self.ignore))
        if both:
            raise ValueError(f"label '{both[0]}' stands in both `labels` and `ignore`")
        return self


def read_corpus_settings(path: Path) -> CorpusSettings:
    """RETURNS (CorpusSettings): The validated corpus file."""
    return read_settings(path, CorpusSettings)
