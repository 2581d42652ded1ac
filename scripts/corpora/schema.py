"""The one form that every corpus takes after reading: documents with mentions at character offsets."""
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Optional

Fragment = tuple[int, int]


@dataclass(frozen=True)
class Mention:
    """A stretch of text that names a drug or a disease.

    start (int): Offset of its first character in the text.
    end (int): Offset behind its last character.
    label (str): The corpus's own label (subtype) as read; the entity type once harmonised.
    subtype (str): The corpus's own label, kept when harmonising.
    id (str): The mention's id in its document, such as `T3`.
    fragments (tuple): The (start, end) pairs as annotated; one pair unless discontinuous.
    text (Optional[str]): What the annotation says that the mention covers; None if the format does not tell.
    where (str): The mention's place in the raw file, as `file:line`, for error messages.
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
    """A text as it stands in its file, and its mentions.

    id (str): Unique within the corpus; holds the folder where file names repeat.
    text (str): Never altered: offsets in are offsets out.
    mentions (tuple[Mention, ...]): In the order of the file.
    meta (Mapping): What else the format tells. `sentence_starts` (tuple[int, ...]): where the format fixes the
        sentences, ascending offsets of characters, the first 0; empty for a text of white space. `notes`
        (tuple[str, ...]): what the reader passed over or repaired, in words that hold for any document, one each time
        it happened. `tag_scheme` (str): that of its tags, such as `IOB2`. `left_out` (str): why the document is not to
        be used: as the corpus itself says, or since another copy of its text is taken. `outvoted`
        (tuple[Mention, ...]): mentions that most annotators of the text did not mark, not among `mentions`.
    annotator (str): Who annotated this copy of the text; empty if the format does not tell.
    annotated (Optional[tuple[Fragment, ...]]): The (start, end) stretches that somebody annotated, ascending and apart;
        of the rest it is unknown what it holds. None if that is the whole text.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    annotator: str = ""
    annotated: Optional[tuple[Fragment, ...]] = None


@dataclass(frozen=True)
class Dropped:
    """A mention that did not make it into the corpus, and why.

    document (str): Document id.
    mention (str): Mention id.
    start (int): Offset of its first character as annotated.
    end (int): Offset behind its last character as annotated.
    label (str): The corpus's own label.
    reason (str): One of `REASONS`.
    split (str): The part that the document is in; empty until the corpus is dealt.
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
    """A mention that was kept at other offsets, or with another spelling, than it was annotated, and how.

    document (str): Document id.
    mention (str): Mention id.
    start (int): Offset of its first character as annotated.
    end (int): Offset behind its last character as annotated.
    label (str): The corpus's own label.
    how (str): One of `CHANGES`.
    new_start (int): Offset of its first character as kept.
    new_end (int): Offset behind its last character as kept.
    split (str): The part that the document is in; empty until the corpus is dealt.
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
    """An entity that a sentence start cuts, which no sentence-wise pipeline can find.

    document (str): Document id.
    start (int): Offset of its first character.
    end (int): Offset behind its last character.
    type (str): Entity type.
    split (str): The part that the document is in; empty until the corpus is dealt.
    """

    document: str
    start: int
    end: int
    type: str
    split: str = ""


ENTITY_TYPES = ("Drug", "Disease")
# The key in a Doc's `user_data`: the list of the entity types that its corpus annotates.
ANNOTATED_TYPES = "annotated_types"
# Keys in a Document's `meta`.
LEFT_OUT, OUTVOTED = "left_out", "outvoted"
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
# In several pieces with text between them; with white space at a border; with a border inside a word; kept where it is,
# though its text is spelled in another way than the document's.
IN_PIECES, TRIMMED, EXPANDED, RESPELLED = "in pieces", "trimmed", "expanded", "spelled otherwise"
CHANGES = (IN_PIECES, TRIMMED, EXPANDED, RESPELLED)


def in_order(entity_types: Iterable[str]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): Each of the types once, Drug and Disease first, the others by name."""
    found = set(entity_types)
    first = [name for name in ENTITY_TYPES if name in found]
    return (*first, *sorted(found - set(first)))
