"""Sort the errors of predictions by kind, and measure recall on mentions seen and unseen in training."""
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import AbstractSet, Collection, Iterator, Mapping, Optional, Sequence

from scripts.evaluation.scores import MentionKey, check_same_length

# A gold mention: (start, end, type, the words that it covers).
GoldMention = tuple[int, int, str, str]
Pair = tuple[Optional[MentionKey], Optional[MentionKey]]

CORRECT, BOUNDARY, TYPE, BOUNDARY_AND_TYPE = "correct", "boundary", "type", "boundary and type"
MISSED, SPURIOUS = "missed", "spurious"
KINDS = (CORRECT, BOUNDARY, TYPE, BOUNDARY_AND_TYPE, MISSED, SPURIOUS)
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Recalled:
    """How many mentions of the gold were found.

    found (int): Same start, same end, same type.
    total (int): Of the gold.
    """

    found: int = 0
    total: int = 0

    @property
    def recall(self) -> Optional[float]:
        """RETURNS (Optional[float]): How many were found, in percent; None where there is none to find."""
        return 100 * self.found / self.total if self.total else None

    def __add__(self, other: "Recalled") -> "Recalled":
        return Recalled(self.found + other.found, self.total + other.total)


@dataclass(frozen=True)
class ErrorExample:
    """Where an error is, without any text.

    document (str): Document id.
    start (Optional[int]): Of the gold mention; None for a spurious one, as are `end` and `type`.
    predicted_start (Optional[int]): Of the predicted mention; None for a missed one, as are the two behind it.
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
    """What became of the gold mentions of one entity type, and which of its predictions answer to none.

    kinds (Mapping[str, int]): Number of mentions of each of `KINDS`. A gold mention that was given another type counts
        with its own type, and so does its prediction: all but spurious sum to the gold mentions of the type, and over
        all types together all but missed sum to the predictions.
    seen (Recalled): Of the gold mentions whose words were a mention of this type in training too.
    unseen (Recalled): Of the others.
    examples (Mapping[str, tuple[ErrorExample, ...]]): The first few of each kind but correct, 5 at most.
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
    """RETURNS (str): A mention's words as they are compared: case folded, one space for any white space."""
    return " ".join(text.casefold().split())


def count_errors(
    documents: Sequence[str],
    gold: Sequence[Collection[GoldMention]],
    predicted: Sequence[Collection[MentionKey]],
    types: Sequence[str],
    seen: AbstractSet[tuple[str, str]],
) -> dict[str, ErrorCounts]:
    """Sort the mentions of gold and prediction by what went wrong.

    documents (Sequence[str]): Ids, one for each document.
    gold (Sequence[Collection]): For each document its (start, end, type, words) mentions; a repeated one counts once.
    predicted (Sequence[Collection]): The same documents, in the same order: (start, end, type) mentions.
    types (Sequence[str]): Entity types to count; mentions of any other type are ignored.
    seen (AbstractSet): The (`surface`, type) of the mentions of the training sentences.
    RETURNS (dict[str, ErrorCounts]): By entity type.
    RAISES (ProjectError): If the two sides do not have the same number of documents.
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
    """Pair the mentions of a document one to one, the best overlap first.

    The overlap is measured as the share of what either covers that both cover; of equal shares the pair of one type
    comes first, then the one whose gold mention, then whose predicted one comes first in the document.
    gold (Collection[MentionKey]): (start, end, type) mentions; a repeated one counts once.
    predicted (Collection[MentionKey]): The same of the prediction.
    YIELDS (tuple): (gold, predicted) mentions, one of them None where there is nothing left that overlaps.
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
    """RETURNS (str): What a pair of `match` means, one of `KINDS`."""
    one, other = pair
    if one is None or other is None:
        return MISSED if other is None else SPURIOUS
    if one[:2] == other[:2]:
        return CORRECT if one[2] == other[2] else TYPE
    return BOUNDARY if one[2] == other[2] else BOUNDARY_AND_TYPE


def _overlapping(
    gold: Sequence[MentionKey], predicted: Sequence[MentionKey]
) -> Iterator[tuple[MentionKey, MentionKey]]:
    # By bisection: a document of hundreds of mentions has tens of thousands of pairs that are nowhere near each other.
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
