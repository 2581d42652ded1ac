"""Hold what a corpus file tells a reader about its raw files."""
from dataclasses import dataclass, field
from typing import Literal, Mapping, Optional, Sequence

# What offsets count: code points, as Python does; UTF-16 units, as Java and JavaScript do; bytes of UTF-8.
OffsetUnit = Literal["characters", "utf16", "bytes"]


@dataclass(frozen=True)
class Options:
    """What a corpus file tells a reader; each format takes those that its module lists in `OPTIONS`.

    offsets (Optional[OffsetUnit]): What the offsets count; None to find out where the format has the mentions' text.
    columns (Mapping[str, int]): The columns of a CoNLL file by what they hold, `token` and `tag`; the first column is 0
        and the last one -1. Empty to find them.
    label (Optional[str]): The label of all mentions, where the tags are a bare B, I and O.
    tag_names (Sequence[str]): The tags by their numbers, where rows of tokens have numbers; empty to find them.
    spans_key (Optional[str]): The key of the `doc.spans` to read; None to read `doc.ents`.
    """

    offsets: Optional[OffsetUnit] = None
    columns: Mapping[str, int] = field(default_factory=dict)
    label: Optional[str] = None
    tag_names: Sequence[str] = ()
    spans_key: Optional[str] = None


NO_OPTIONS = Options()
