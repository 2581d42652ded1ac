"""Define the form of every corpus after reading: documents with mentions at character offsets."""
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Optional

Fragment = tuple[int, int]


@dataclass(frozen=True)
class Mention:
    """A stretch of text that names a drug or a disease.

    start (int): Offset of the first character in the text.
    end (int): Offset after the last character.
    label (str): The corpus's own label (subtype) as read, or the entity type once harmonized.
    subtype (str): The corpus's own label once harmonized.
    id (str): The mention's id in its document, such as `T3`.
    fragments (tuple): The (start, end) pairs as annotated. More than one if discontinuous.
    text (Optional[str]): The mention's text according to the annotation, or None if the format doesn't include it.
    where (str): The mention's location in the raw file as `file:line`, for error messages.
    """

    start: int
    end: int
    label: str
    subtype: str = ""
    id: str = ""
    fragments: tuple[Fragment, ...] = ()
    text: Optional[str] = None
    where: str = ""


@dataclass(frozen=True)
class Document:
    """A text, exactly as in its file, with its mentions.

    id (str): Id that is unique in the corpus. Includes the folder if file names repeat.
    text (str): The text. It is never altered, so that offsets stay the same.
    mentions (tuple[Mention, ...]): The mentions, in the order of the file.
    meta (Mapping): Other information from the format. `sentence_starts` (tuple[int, ...]): ascending character offsets,
        starting with 0, if the format sets the sentences. Empty if the text is only whitespace. `notes`
        (tuple[str, ...]): what the reader skipped or repaired, in general words, once for each time. `tag_scheme`
        (str): the scheme of the tags, such as `IOB2`. `left_out` (str): why the document is not used, because the
        corpus says so, or because another copy of its text is used. `outvoted` (tuple[Mention, ...]): mentions that
        most annotators of the text didn't mark. They are not in `mentions`.
    annotator (str): The annotator of this copy of the text. Empty if the format doesn't say.
    annotated (Optional[tuple[Fragment, ...]]): (start, end) of the annotated stretches, ascending and disjoint. The
        rest of the text is unknown. None if the whole text is annotated.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    annotator: str = ""
    annotated: Optional[tuple[Fragment, ...]] = None


@dataclass(frozen=True)
class Dropped:
    """A dropped mention, and the reason.

    document (str): Document id.
    mention (str): Mention id.
    start (int): Offset of the first character as annotated.
    end (int): Offset after the last character as annotated.
    label (str): The corpus's own label.
    reason (str): One of `REASONS`.
    split (str): The document's part. Empty until the corpus is split.
    """

    document: str
    mention: str
    start: int
    end: int
    label: str
    reason: str
    split: str = ""


@dataclass(frozen=True)
class Changed:
    """A mention that was kept with different offsets or a different spelling from its annotation.

    document (str): Document id.
    mention (str): Mention id.
    start (int): Offset of the first character as annotated.
    end (int): Offset after the last character as annotated.
    label (str): The corpus's own label.
    how (str): One of `CHANGES`.
    new_start (int): Offset of the first character as kept.
    new_end (int): Offset after the last character as kept.
    split (str): The document's part. Empty until the corpus is split.
    """

    document: str
    mention: str
    start: int
    end: int
    label: str
    how: str
    new_start: int
    new_end: int
    split: str = ""


@dataclass(frozen=True)
class Cut:
    """An entity cut by a sentence start, which no sentence-wise pipeline can find.

    document (str): Document id.
    start (int): Offset of the first character.
    end (int): Offset after the last character.
    type (str): Entity type.
    split (str): The document's part. Empty until the corpus is split.
    """

    document: str
    start: int
    end: int
    type: str
    split: str = ""


ENTITY_TYPES = ("Drug", "Disease")
# Key of a Doc's `user_data` for the list of entity types that its corpus annotates.
ANNOTATED_TYPES = "annotated_types"
# In characters: the default of spaCy's `nlp.max_length`.
LONGEST_DOCUMENT = 1_000_000
# Keys in a Document's `meta`.
LEFT_OUT, OUTVOTED, COPY_OF = "left_out", "outvoted", "copy_of"
# Also a key of JSON rows: the hash of the text that a sentence is from, whatever the id of its document is.
SOURCE_HASH = "source_hash"
# In `Document.meta`: whether it is a sentence of a file that doesn't mark where documents start.
BY_SENTENCE = "by_sentence"
SPLIT_BY_SENTENCE = (
    "sentence that is a document of its own, since no line marks where documents start: sentences of a text may be in "
    "both parts"
)
SINGLE_SENTENCE = (
    "document of one sentence, as all of them are: if it is from a longer text, other sentences of that text may be in "
    "the other part"
)
# Notes about a split at random, which is no fault of a file.
SPLIT_NOTES = (SPLIT_BY_SENTENCE, SINGLE_SENTENCE)
# A note of readers whose annotations have features.
SEVERAL_VALUES = (
    "annotation with several values, labeled with the first one in the order of its features' names; `feature` in the "
    "corpus file chooses another"
)
LABEL_NOT_MAPPED, NO_MAJORITY = "label not mapped", "no majority"
REASONS = (
    "nested",
    "overlapping",
    "duplicate",
    "discontinuous",
    "empty",
    "outside text",
    "text mismatch",
    NO_MAJORITY,
    LABEL_NOT_MAPPED,
)
# In several pieces with text between them; whitespace at a boundary; a boundary inside a word; same offsets, but a
# different spelling in the annotation.
IN_PIECES, TRIMMED, EXPANDED, RESPELLED = "in pieces", "trimmed", "expanded", "spelled otherwise"
CHANGES = (IN_PIECES, TRIMMED, EXPANDED, RESPELLED)


def in_order(entity_types: Iterable[str]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The unique types, with Drug and Disease first and the others by name."""
    found = set(entity_types)
    first = [name for name in ENTITY_TYPES if name in found]
    return (*first, *sorted(found - set(first)))
