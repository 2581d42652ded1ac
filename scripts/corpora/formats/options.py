"""Define the options in a corpus file for the reader of its raw files."""
from dataclasses import dataclass, field
from typing import Literal, Mapping, Optional, Sequence

# Units of offsets: code points, as in Python; UTF-16 units, as in Java and JavaScript; bytes of UTF-8.
OffsetUnit = Literal["characters", "utf16", "bytes"]


@dataclass(frozen=True)
class Options:
    """The options for a reader. Each format supports those in its module's `OPTIONS`.

    offsets (Optional[OffsetUnit]): The unit of offsets, or None to detect it from the mentions' texts.
    columns (Mapping[str, int]): The columns for `token` and `tag` in a CoNLL file. The first column is 0, and the last
        one is -1. Empty to detect them.
    label (Optional[str]): The label of all mentions, if the tags are only B, I and O.
    tag_names (Sequence[str]): The names of numeric tags. Empty to find them.
    spans_key (Optional[str]): The key of `doc.spans` to read, or None to read `doc.ents`.
    feature (Optional[str]): The feature of custom layers that has the labels, or None for the first one with a value.
    """

    offsets: Optional[OffsetUnit] = None
    columns: Mapping[str, int] = field(default_factory=dict)
    label: Optional[str] = None
    tag_names: Sequence[str] = ()
    spans_key: Optional[str] = None
    feature: Optional[str] = None


NO_OPTIONS = Options()
