"""Count prediction errors by kind, and measure recall on mentions seen and unseen in training."""
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import AbstractSet, Collection, Iterator, Mapping, Optional, Sequence

from scripts.evaluation.scores import MentionKey, check_same_length

# A gold mention: (start, end, type, text).
GoldMention = tuple[int, int, str, str]
Pair = tuple[Optional[MentionKey], Optional[MentionKey]]

CORRECT, BOUNDARY, TYPE, BOUNDARY_AND_TYPE = "correct", "boundary", "type", "boundary and type"
MISSED, SPURIOUS = "missed", "spurious"
KINDS = (CORRECT, BOUNDARY, TYPE, BOUNDARY_AND_TYPE, MISSED, SPURIOUS)
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Recalled:
    """The number of gold mentions that were found.

    found (int): Gold mentions that were predicted with the same start, end and type.
    total (int): All gold mentions.
    """

    found: int = 0
    total: int = 0

    @property
    def recall(self) -> Optional[float]:
        """RETURNS (Optional[float]): The recall in percent, or None if there are no gold mentions."""
        return 100 * self.found / self.total if self.total else None

    def __add__(self, other: "Recalled") -> "Recalled":
        return Recalled(self.found + other.found, self.total + other.total)


@dataclass(frozen=True)
class ErrorExample:
    """The location of an error, without any text.

    document (str): Document id.
    start (Optional[int]): Start of the gold mention. Like `end` and `type`, None if the error is spurious.
    predicted_start (Optional[int]): Start of the predicted mention. Like `predicted_end` and `predicted_type`, None if
        the gold mention was missed.
    """

    document: str
    start: Optional[int]
    end: Optional[int]
    type: Optional[str]
    predicted_start: Optional[int]
    predicted_end: Optional[int]
    predicted_type: Optional[str]


@dataclass(frozen=True)
class ErrorCounts:
    """The results for the mentions of one entity type, by kind.

    kinds (Mapping[str, int]): Number of mentions of each of `KINDS`. A gold mention predicted with a different type
        counts, with its prediction, under the gold type. All kinds except spurious therefore sum to the type's gold
        mentions, and over all types, all kinds except missed sum to the predictions.
    seen (Recalled): Recall of gold mentions with the same words as a mention of this type in training.
    unseen (Recalled): Recall of the other gold mentions.
    examples (Mapping[str, tuple[ErrorExample, ...]]): The first errors of each kind, at most 5.
    """

    kinds: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    seen: Recalled = Recalled()
    unseen: Recalled = Recalled()
    examples: Mapping[str, tuple[ErrorExample, ...]] = field(default_factory=dict)

    def __add__(self, other: "ErrorCounts") -> "ErrorCounts":
        return ErrorCounts(
            {kind: self.kinds[kind] + other.kinds[kind] for kind in KINDS},
            self.seen + other.seen,
            self.unseen + other.unseen,
            {
                kind: (*self.examples.get(kind, ()), *other.examples.get(kind, ()))[:MOST_EXAMPLES]
                for kind in KINDS
                if kind in self.examples or kind in other.examples
            },
        )


def surface(text: str) -> str:
    """RETURNS (str): A mention's text for comparison: case folded, with any whitespace as a single space."""
    return " ".join(text.casefold().split())


def count_errors(
    documents: Sequence[str],
    gold: Sequence[Collection[GoldMention]],
    predicted: Sequence[Collection[MentionKey]],
    types: Sequence[str],
    seen: AbstractSet[tuple[str, str]],
) -> dict[str, ErrorCounts]:
    """Count gold and predicted mentions by kind of error.

    documents (Sequence[str]): Ids of the documents.
    gold (Sequence[Collection]): (start, end, type, text) mentions of each document. A repeated one counts once.
    predicted (Sequence[Collection]): (start, end, type) mentions of each document.
    types (Sequence[str]): Entity types to count. Mentions of other types are ignored.
    seen (AbstractSet): (`surface`, type) of the mentions in the training sentences.
    RETURNS (dict[str, ErrorCounts]): The counts per entity type.
    RAISES (ProjectError): If gold and predictions differ in their number of documents.
    """
    check_same_length(gold, predicted, "documents")
    counts = {name: ErrorCounts() for name in types}
    for document, expected, given in zip(documents, gold, predicted, strict=True):
        words = {mention[:3]: mention[3] for mention in expected if mention[2] in counts}
        for pair in match([*words], [mention for mention in given if mention[2] in counts]):
            name = next(mention for mention in pair if mention)[2]
            is_seen = (surface(words[pair[0]] if pair[0] else ""), name) in seen
            counts[name] += _count(document, pair, is_seen)
    return counts


def match(gold: Collection[MentionKey], predicted: Collection[MentionKey]) -> Iterator[Pair]:
    """Pair the mentions of a document one to one, starting with the best overlap.

    The overlap is the intersection divided by the union. Ties go to pairs of the same type, then to the first gold
    mention in the document, then to the first predicted one.

    gold (Collection[MentionKey]): (start, end, type) mentions. A repeated one counts once.
    predicted (Collection[MentionKey]): The predicted mentions.
    YIELDS (tuple): (gold, predicted) pairs of mentions, with None in place of a missing partner.
    """
    expected, given = sorted(set(gold)), sorted(set(predicted))
    free = {(0, mention) for mention in expected} | {(1, mention) for mention in given}
    pairs = _overlapping(expected, given)
    for one, other in sorted(pairs, key=lambda pair: (-_overlap(*pair), pair[0][2] != pair[1][2], pair)):
        if (0, one) in free and (1, other) in free:
            free -= {(0, one), (1, other)}
            yield one, other
    yield from ((one, None) for one in expected if (0, one) in free)
    yield from ((None, other) for other in given if (1, other) in free)


def kind_of(pair: Pair) -> str:
    """RETURNS (str): The kind of a pair from `match`, one of `KINDS`."""
    one, other = pair
    if one is None or other is None:
        return MISSED if other is None else SPURIOUS
    if one[:2] == other[:2]:
        return CORRECT if one[2] == other[2] else TYPE
    return BOUNDARY if one[2] == other[2] else BOUNDARY_AND_TYPE


def _overlapping(
    gold: Sequence[MentionKey], predicted: Sequence[MentionKey]
) -> Iterator[tuple[MentionKey, MentionKey]]:
    # Bisection, because most of the tens of thousands of pairs in a document with hundreds of mentions are far apart.
    starts = [start for start, _, _ in predicted]
    longest = max((end - start for start, end, _ in predicted), default=0)
    for one in gold:
        nearby = predicted[bisect_right(starts, one[0] - longest) : bisect_left(starts, one[1])]
        yield from ((one, other) for other in nearby if _overlap(one, other))


def _overlap(one: MentionKey, other: MentionKey) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared / (one[1] - one[0] + other[1] - other[0] - shared) if shared > 0 else 0.0


def _count(document: str, pair: Pair, is_seen: bool) -> ErrorCounts:
    kind, nothing = kind_of(pair), (None, None, None)
    recalled = Recalled(int(kind == CORRECT), int(kind != SPURIOUS))
    return ErrorCounts(
        {**dict.fromkeys(KINDS, 0), kind: 1},
        recalled if is_seen else Recalled(),
        Recalled() if is_seen else recalled,
        {} if kind == CORRECT else {kind: (ErrorExample(document, *(pair[0] or nothing), *(pair[1] or nothing)),)},
    )
