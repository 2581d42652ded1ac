"""What a corpus file may say: where the raw files are, how labels become entity types, what one expects to find."""
import json
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

from pydantic import Field, field_validator, model_validator

from scripts.base.errors import ProjectError
from scripts.base.settings import Settings, read_settings, suggest
from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.options import OffsetUnit, Options
from scripts.corpora.schema import CHANGES, REASONS, in_order

# Such as Drug; what is reported about all types together is called micro.
EntityType = Annotated[str, Field(pattern=r"^[^\W\d_]\w*$")]
RESERVED = "micro"
VARIABLE = re.compile(r"\$(?=\w|\{\w+\})\{?(\w+)\}?")
Discontinuous = Literal["span", "first", "drop"]
Splitter = Literal["by_script", "punkt"]
# The names stand in one place, as tuples; mypy takes only those that are written out here.
Reason = Literal[REASONS]  # type: ignore[valid-type]
Change = Literal[CHANGES]  # type: ignore[valid-type]
Count = Annotated[int, Field(ge=0)]
# What `license` is where nobody states one.
NONE_STATED = "none stated"
# The keys that say to people what a corpus is, and change nothing that is made of it.
ABOUT = ("title", "description", "invented", "license", "url", "author")
# Document ids, with * for any characters and ? for one.
Patterns = Annotated[list[str], Field(min_length=1)]


class Split(Settings):
    """How documents are dealt to the training and the test part by chance.

    train (float): Share of the documents in the training part (the paper: 0.7).
    seed (int): Seed of the shuffle.
    """

    train: float = Field(default=0.7, gt=0, lt=1)
    seed: int = 0


class PublishedSplit(Settings):
    """Which documents are in which part, where that has been published: patterns of document ids such as `test/*`.

    train (list[str]): The training part.
    dev (list[str]): A development part; left out: none. No command trains or tests on it.
    test (list[str]): The test part.
    left_out (list[str]): Documents that are in no part; left out: none. A document that no pattern matches is an error.
    """

    train: Patterns
    dev: Optional[Patterns] = None
    test: Patterns
    left_out: Optional[Patterns] = None


class Expected(Settings):
    """What is known of a corpus beforehand. `convert` compares, and `convert-strict` refuses what differs.

    Counts of losses that stand here are accepted by `convert-strict`; those that do not stand here it expects to be 0.

    documents (int): Documents, those without text included.
    empty_documents (int): Documents without text.
    sentences (int): Sentences of all parts.
    sentences_by_punkt (int): The same by the paper's splitter.
    mentions (dict[str, int]): Mentions as read, of any of the corpus's own labels.
    fragmented (int): Mentions, of labels that are taken, annotated in several fragments.
    joined (int): Those of them that have only white space between the fragments, such as a line break.
    overlapping_pairs (int): Pairs of mentions, of labels that are taken, that share a character.
    dropped (dict[str, int]): Mentions left out, by reason.
    changed (dict[str, int]): Mentions kept at other offsets than annotated, by how.
    cut (int): Mentions of a test part that a sentence boundary cuts.
    notes (int): What the reader repaired or passed over.
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
    """Which column of a CoNLL file holds what: the first one is 0, the last one -1.

    token (int): The words.
    tag (int): Their tags.
    """

    token: int = 0
    tag: int = -1


class CorpusSettings(Settings):
    """A corpus file; the corpus is called as the file is.

    language (str): Such as `en`.
    domain (str): Such as `ugt` (user-generated text) or `ehr` (health records).
    format (str): One of the formats of `scripts/corpora/formats`.
    path (Path): The raw file or the folder of raw files, absolute or relative to the project folder; `~`, `$NAME`
        and `${NAME}` (environment variables) may stand in it.
    annotations (Optional[Path]): The folder of the annotations, where that is another one.
    labels (dict[str, str]): The corpus's own labels that are taken, and the entity type that each becomes: Drug and
        Disease to compare corpora, or the label itself to train on the corpus's own.
    ignore (list[str]): The corpus's own labels that are left out; one that stands in neither list is an error.
    annotates (Optional[list[str]]): The entity types that were looked for in all texts; left out: what `labels` become.
        A type that another corpus has and this one does not annotate is unknown here, not absent.
    offsets (Optional[str]): What the offsets count: `characters`, `utf16` units or `bytes` of UTF-8; left out:
        whichever fits the text that the annotations give their mentions, characters where they give none.
    columns (Optional[Columns]): The columns of a CoNLL file; left out: found.
    label (Optional[str]): The label of all mentions, where the tags are a bare B, I and O.
    tag_names (Optional[list[str]]): The tags by their numbers, the first one that of 0, where rows of tokens have
        numbers for tags; left out: those that stand with the rows.
    spans_key (Optional[str]): The key of the `doc.spans` of a DocBin to read; left out: `doc.ents`.
    annotators (str): Of a text that several people annotated: `all` their copies, what the `majority` of them marked,
        or the copy of the one who is named here.
    discontinuous (str): A mention in several pieces is kept as the `span` from its first to its last character, as
        its `first` piece only, or is left out (`drop`).
    sentences (str): The sentence splitter, where the format itself does not fix the sentences: by the script of the
        text, or as in the paper (`punkt`).
    split (Split): How documents are dealt to the training and the test part.
    published_split (Optional[PublishedSplit]): Which documents are in which part, in place of `split`.
    expected (Expected): Counts that are known beforehand.
    paper_corpus (Optional[str]): The paper's corpus that this one is or stands in for, such as `RU EHR`: its figures
        are shown beside.
    obtain (str): Where the corpus is to be had and how it should lie in `path`; told when it is not there.
    title (str): What people call the corpus; left out: the name of this file.
    description (str): What kind of text it is, in one sentence without the full stop.
    invented (bool): Whether its texts were made up, so that scores on them say little about real text.
    license (str): The licence of its texts and annotations, as those who publish it state it.
    url (str): Its page.
    author (str): Who made it.
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
    annotators: str = "all"
    discontinuous: Discontinuous = "span"
    sentences: Splitter = "by_script"
    split: Split = Split()
    published_split: Optional[PublishedSplit] = None
    expected: Expected = Expected()
    paper_corpus: Optional[str] = None
    obtain: str = ""
    title: str = ""
    description: str = ""
    invented: bool = False
    license: str = NONE_STATED
    url: str = ""
    author: str = ""

    @property
    def decisive(self) -> dict[str, Any]:
        """RETURNS (dict): All settings but those that only tell people about the corpus, ready for JSON.

        A corrected licence leaves the converted corpus, and all that was trained on it, as it is.
        """
        return self.model_dump(mode="json", exclude=set(ABOUT))

    @property
    def entity_types(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The types that the corpus annotates, Drug and Disease first."""
        return in_order(self.labels.values() if self.annotates is None else self.annotates)

    @property
    def path_here(self) -> Path:
        """RETURNS (Path): `path` on this machine, its variables and `~` filled in; settings and manifest keep them."""
        return expand(self.path, "path")

    @property
    def annotations_here(self) -> Optional[Path]:
        """RETURNS (Optional[Path]): The same for `annotations`."""
        return expand(self.annotations, "annotations") if self.annotations else None

    @property
    def options(self) -> Options:
        """RETURNS (Options): What the reader of the raw files is told."""
        columns = self.columns.model_dump() if self.columns else {}
        return Options(
            offsets=self.offsets,
            columns=columns,
            label=self.label,
            tag_names=tuple(self.tag_names or ()),
            spans_key=self.spans_key,
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
        """YAML takes some words for something else: `true`, `null`, `5`, a date; but not `no` and `on`."""
        for name in value if isinstance(value, (dict, list)) else [] if value is None else [value]:
            if not isinstance(name, str):
                said = json.dumps(name, default=str).strip('"')
                raise ValueError(f"the label {said} is no text to YAML: write '{said}' in quotes")
        return value

    @field_validator("annotators", mode="before")
    @classmethod
    def _annotator_is_text(cls, value: Any) -> Any:
        """Label Studio calls people by their number, and YAML takes that for one."""
        if not isinstance(value, str):
            said = json.dumps(value, default=str).strip('"')
            raise ValueError(f"the annotator {said} is no text to YAML: write '{said}' in quotes")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "CorpusSettings":
        for option in (field.name for field in fields(Options) if getattr(self, field.name) is not None):
            if option not in FORMATS[self.format].OPTIONS:
                raise ValueError(f"`{option}` is not of the format '{self.format}': remove the key")
        both = sorted(set(self.labels) & set(self.ignore))
        if both:
            raise ValueError(f"label '{both[0]}' stands in both `labels` and `ignore`")
        if RESERVED in {*self.labels.values(), *self.entity_types}:
            raise ValueError(f"no entity type may be called '{RESERVED}': all types together are")
        missing = in_order(set(self.labels.values()) - set(self.entity_types))
        if missing:
            raise ValueError(f"`annotates` lacks {missing[0]}, which a label in `labels` becomes: add it")
        if self.published_split and "split" in self.model_fields_set:
            raise ValueError("give `split` or `published_split`, not both")
        return self


def expand(path: Path, key: str) -> Path:
    """Fill in what a path leaves to the machine: `~`, and environment variables as `$NAME` or `${NAME}`.

    path (Path): As it stands in the corpus file.
    key (str): Its key there, for the error.
    RETURNS (Path): Where that is here.
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
