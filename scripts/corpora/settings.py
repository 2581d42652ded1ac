"""Define the settings of a corpus file: raw files, labels and entity types, split and expected counts."""
import json
import os
import re
import unicodedata
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

from pydantic import Field, field_validator, model_validator

from scripts.base.errors import ProjectError
from scripts.base.settings import Settings, read_settings, suggest
from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.options import OffsetUnit, Options
from scripts.corpora.schema import CHANGES, REASONS, in_order

# Such as Drug. Results for all types together are called micro.
EntityType = Annotated[str, Field(pattern=r"^[^\W\d_]\w*$")]
RESERVED = "micro"
VARIABLE = re.compile(r"\$(?=\w|\{\w+\})\{?(\w+)\}?")
Discontinuous = Literal["span", "first", "drop"]
Splitter = Literal["by_script", "punkt"]
# As in the paper's Table 1.
NameInPaper = Literal["EN UGT", "EN EHR", "RU UGT", "RU EHR"]
# The names are defined only once, as tuples, but mypy only accepts literals.
Reason = Literal[REASONS]  # type: ignore[valid-type]
Change = Literal[CHANGES]  # type: ignore[valid-type]
Count = Annotated[int, Field(ge=0)]
# Value of `license` if none is stated.
NONE_STATED = "none stated"
# Keys that only describe a corpus, and don't affect its conversion.
ABOUT = ("title", "description", "invented", "license", "url", "author")
# Keys that corpora converted by an earlier version don't have. They count only if they are set.
ADDED_LATER = ("feature",)
# Document ids, with * for any characters and ? for one character.
Patterns = Annotated[list[str], Field(min_length=1)]


class Split(Settings):
    """How documents are randomly split into a training and a test part.

    train (float): Share of the documents in the training part (0.7 in the paper).
    seed (int): Seed of the shuffle.
    """

    train: float = Field(default=0.7, gt=0, lt=1)
    seed: int = 0


class PublishedSplit(Settings):
    """A published split, as patterns of document ids such as `test/*`. Every document must match a pattern.

    train (list[str]): The training part.
    dev (list[str]): A development part. Defaults to none. No command trains or tests on it.
    test (list[str]): The test part.
    left_out (list[str]): Documents that are in no part. Defaults to none.
    """

    train: Patterns
    dev: Optional[Patterns] = None
    test: Patterns
    left_out: Optional[Patterns] = None


class Expected(Settings):
    """The expected counts of a corpus. `convert` reports differences, and `convert-strict` raises an error for them.

    `convert-strict` accepts the losses listed here, and expects all other losses to be 0.

    documents (int): Documents, including those without text.
    empty_documents (int): Documents without text.
    sentences (int): Sentences in all parts.
    sentences_by_punkt (int): Sentences by the paper's splitter.
    mentions (dict[str, int]): Mentions as read, by the corpus's own label.
    fragmented (int): Mentions with used labels that have several fragments.
    joined (int): Fragmented mentions with only whitespace, such as a line break, between the fragments.
    overlapping_pairs (int): Overlapping pairs of mentions with used labels.
    dropped (dict[str, int]): Dropped mentions, by reason.
    changed (dict[str, int]): Kept mentions that differ from their annotation, by kind of change.
    cut (int): Mentions in a test part that are cut by a sentence boundary.
    notes (int): Notes of the reader about what it repaired or skipped.
    """

    documents: Optional[Count] = None
    empty_documents: Optional[Count] = None
    sentences: Optional[Count] = None
    sentences_by_punkt: Optional[Count] = None
    mentions: dict[str, Count] = {}
    fragmented: Optional[Count] = None
    joined: Optional[Count] = None
    overlapping_pairs: Optional[Count] = None
    dropped: dict[Reason, Count] = {}
    changed: dict[Change, Count] = {}
    cut: Optional[Count] = None
    notes: Optional[Count] = None


class Columns(Settings):
    """The columns of a CoNLL file. The first one is 0, and the last one is -1.

    token (int): Column of the words.
    tag (int): Column of the tags.
    """

    token: int = 0
    tag: int = -1


class CorpusSettings(Settings):
    """The settings of a corpus file. The corpus has the file's name.

    language (str): Language, such as `en`.
    domain (str): Domain, such as `ugt` (user-generated text) or `ehr` (health records).
    format (str): One of the formats in `scripts/corpora/formats`.
    path (Path): The raw file or the folder with raw files, absolute or relative to the project folder. May include `~`,
        and environment variables as `$NAME` or `${NAME}`.
    annotations (Optional[Path]): The folder with the annotations, if they are in a separate one.
    labels (dict[str, str]): The corpus's own labels to use, with the entity type for each: Drug and Disease to compare
        corpora, or the label itself to train on the corpus's own types.
    ignore (list[str]): The corpus's own labels to leave out. Every label must be in `labels` or `ignore`.
    annotates (Optional[list[str]]): The entity types annotated in all texts. Defaults to the entity types in `labels`.
        Other types are treated as unknown in this corpus, not as absent.
    offsets (Optional[str]): The unit of offsets: `characters`, `utf16` or `bytes` (of UTF-8). By default, it is
        detected from the mentions' texts in the annotations. If there are none, it is characters.
    columns (Optional[Columns]): The columns of a CoNLL file. Detected by default.
    label (Optional[str]): The label of all mentions, if the tags are only B, I and O.
    tag_names (Optional[list[str]]): The names of numeric tags in rows of tokens, starting with tag 0. Defaults to the
        names stored with the rows.
    spans_key (Optional[str]): The key of `doc.spans` to read from a DocBin. Defaults to `doc.ents`.
    feature (Optional[str]): The feature that has the labels, in custom layers of INCEpTION and WebAnno. Defaults to the
        first one with a value, in the order of their names.
    annotators (str): What to use of a text with several annotators: `all` copies, the mentions marked by the
        `majority`, or the copy of the annotator with this name.
    discontinuous (str): How to keep a mention in several pieces: as the `span` from its first to its last character, as
        its `first` piece, or not at all (`drop`).
    sentences (str): The sentence splitter if the format doesn't set the sentences: `by_script` of the text, or `punkt`
        as in the paper.
    split (Split): How documents are split into a training and a test part.
    published_split (Optional[PublishedSplit]): The documents in each part, instead of `split`.
    expected (Expected): The expected counts.
    paper_corpus (Optional[str]): The paper's corpus that this one is, or replaces: `EN UGT`, `EN EHR`, `RU UGT` or
        `RU EHR`. The paper's numbers are shown next to this corpus's.
    obtain (str): Where to get the corpus and how to lay it out in `path`. Printed if the corpus is missing.
    title (str): The corpus's usual name. Defaults to the name of this file.
    description (str): The kind of text, in one sentence without the full stop.
    invented (bool): Whether the texts were made up, so that scores on them say little about real text.
    license (str): The license of the texts and annotations, as stated by the publisher.
    url (str): The corpus's web page.
    author (str): The corpus's authors.
    """

    language: str = Field(pattern="^[a-z]{2,3}$")
    domain: str = Field(pattern="^[a-z][a-z0-9_]*$")
    format: str
    path: Path
    annotations: Optional[Path] = None
    labels: dict[str, EntityType] = Field(min_length=1)
    ignore: list[str] = []
    annotates: Optional[list[EntityType]] = None
    offsets: Optional[OffsetUnit] = None
    columns: Optional[Columns] = None
    label: Optional[str] = None
    tag_names: Optional[list[str]] = Field(default=None, min_length=1)
    spans_key: Optional[str] = None
    feature: Optional[str] = None
    annotators: str = "all"
    discontinuous: Discontinuous = "span"
    sentences: Splitter = "by_script"
    split: Split = Split()
    published_split: Optional[PublishedSplit] = None
    expected: Expected = Expected()
    paper_corpus: Optional[NameInPaper] = None
    obtain: str = ""
    title: str = ""
    description: str = ""
    invented: bool = False
    license: str = NONE_STATED
    url: str = ""
    author: str = ""

    @property
    def decisive(self) -> dict[str, Any]:
        """RETURNS (dict): All settings, for JSON, except those that only describe the corpus. If the license is
        corrected, for instance, the converted corpus and the models trained on it stay valid."""
        dumped = self.model_dump(mode="json", exclude=set(ABOUT))
        return {key: value for key, value in dumped.items() if value is not None or key not in ADDED_LATER}

    @property
    def entity_types(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The types that the corpus annotates, with Drug and Disease first."""
        return in_order(self.labels.values() if self.annotates is None else self.annotates)

    @property
    def path_here(self) -> Path:
        """RETURNS (Path): `path` with `~` and variables expanded. Settings and manifest keep the original."""
        return expand(self.path, "path")

    @property
    def annotations_here(self) -> Optional[Path]:
        """RETURNS (Optional[Path]): `annotations` with `~` and variables expanded."""
        return expand(self.annotations, "annotations") if self.annotations else None

    @property
    def options(self) -> Options:
        """RETURNS (Options): The options for the reader of the raw files."""
        columns = self.columns.model_dump() if self.columns else {}
        return Options(
            offsets=self.offsets,
            columns=columns,
            label=self.label,
            tag_names=tuple(self.tag_names or ()),
            spans_key=self.spans_key,
            feature=self.feature,
        )

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in FORMATS:
            raise ValueError(f"unknown format ({suggest(name, list(FORMATS))})")
        return name

    @field_validator("labels", "ignore", "label", mode="before")
    @classmethod
    def _labels_are_text(cls, value: Any) -> Any:
        """Reject labels that YAML doesn't read as text: `true`, `null`, `5` or a date, but not `no` and `on`."""
        for name in value if isinstance(value, (dict, list)) else [] if value is None else [value]:
            if not isinstance(name, str):
                said = json.dumps(name, default=str).strip('"')
                raise ValueError(f"YAML doesn't read the label {said} as text: write '{said}' in quotes")
        return value

    @field_validator("labels", "ignore")
    @classmethod
    def _labels_in_normal_form(cls, value: Union[dict[str, str], list[str]]) -> Union[dict[str, str], list[str]]:
        if isinstance(value, dict):
            return {unicodedata.normalize("NFC", label): kind for label, kind in value.items()}
        return [unicodedata.normalize("NFC", label) for label in value]

    @field_validator("annotators", mode="before")
    @classmethod
    def _annotator_is_text(cls, value: Any) -> Any:
        """Reject an annotator that YAML doesn't read as text, such as the numbers that Label Studio uses."""
        if not isinstance(value, str):
            said = json.dumps(value, default=str).strip('"')
            raise ValueError(f"YAML doesn't read the annotator {said} as text: write '{said}' in quotes")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "CorpusSettings":
        for option in (field.name for field in fields(Options) if getattr(self, field.name) is not None):
            if option not in FORMATS[self.format].OPTIONS:
                raise ValueError(f"the format '{self.format}' has no option `{option}`: remove the key")
        both = sorted(set(self.labels) & set(self.ignore))
        if both:
            raise ValueError(f"label '{both[0]}' is in both `labels` and `ignore`: remove it from one")
        if RESERVED in {*self.labels.values(), *self.entity_types}:
            raise ValueError(f"no entity type can be called '{RESERVED}', which means all types together: rename it")
        missing = in_order(set(self.labels.values()) - set(self.entity_types))
        if missing:
            raise ValueError(f"`annotates` lacks {missing[0]}, which `labels` uses: add it")
        if self.published_split and "split" in self.model_fields_set:
            raise ValueError("set either `split` or `published_split`, not both")
        return self


def expand(path: Path, key: str) -> Path:
    """Expand `~`, and environment variables as `$NAME` or `${NAME}`, in a path.

    path (Path): The path in the corpus file.
    key (str): Its key there, for the error.
    RETURNS (Path): The expanded path.
    RAISES (ProjectError): If a variable is not defined.
    """
    for name in VARIABLE.findall(str(path)):
        if name not in os.environ:
            remedy = f"set it, or write `{key}` without it"
            raise ProjectError(f"no environment variable '{name}'", where=f"{key}: {path}", remedy=remedy)
    return Path(os.path.expanduser(VARIABLE.sub(lambda match: os.environ[match[1]], str(path))))


def read_corpus_settings(path: Path) -> CorpusSettings:
    """RETURNS (CorpusSettings): The validated corpus file."""
    return read_settings(path, CorpusSettings)
