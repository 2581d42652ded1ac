"""Score exact matches of mentions: precision, recall and F1 per entity type and micro."""
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Collection, Mapping, Sequence, Union

from scripts.base.errors import ProjectError

MentionKey = tuple[int, int, str]
MICRO = "micro"


@dataclass(frozen=True)
class Score:
    """Counts of mentions, and the percentages that follow from them (0 where undefined, as in the CoNLL script).

    tp (int): Mentions found: same start, same end, same type.
    fp (int): Mentions predicted that are not in the gold.
    fn (int): Mentions of the gold that were not predicted.
    """

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """RETURNS (float): How many of the predicted mentions are right, in percent."""
        return _percent(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """RETURNS (float): How many of the gold mentions were found, in percent."""
        return _percent(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """RETURNS (float): The harmonic mean of precision and recall, in percent."""
        return _percent(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def gold(self) -> int:
        """RETURNS (int): The number of gold mentions."""
        return self.tp + self.fn

    def __add__(self, other: "Score") -> "Score":
        return Score(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    def to_dict(self) -> dict[str, Union[int, float]]:
        """RETURNS (dict): The counts and the percentages, ready for JSON."""
        counts = {"tp": self.tp, "fp": self.fp, "fn": self.fn}
        return {**counts, "precision": self.precision, "recall": self.recall, "f1": self.f1}


def score_mentions(
    gold: Sequence[Collection[MentionKey]], predicted: Sequence[Collection[MentionKey]], types: Sequence[str]
) -> dict[str, Score]:
    """Count exact matches document by document.

    gold (Sequence[Collection]): For each document its (start, end, type) mentions; a repeated one counts once.
    predicted (Sequence[Collection]): The same documents, in the same order.
    types (Sequence[str]): Entity types to score; mentions of any other type are ignored.
    RETURNS (dict[str, Score]): A score per type, and under "micro" that of all of them together.
    RAISES (ProjectError): If the two sides do not have the same number of documents.
    """
    check_same_length(gold, predicted, "documents")
    found, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for gold_mentions, predicted_mentions in zip(gold, predicted, strict=True):
        expected, given = set(gold_mentions), set(predicted_mentions)
        found.update(_types_of(expected & given))
        wrong.update(_types_of(given - expected))
        missed.update(_types_of(expected - given))
    return with_micro({name: Score(found[name], wrong[name], missed[name]) for name in types})


def judged(predicted: Collection[MentionKey], unknown: Sequence[tuple[int, int]]) -> list[MentionKey]:
    """Leave out the predicted mentions that the gold can't judge, since they touch what nobody annotated.

    predicted (Collection[MentionKey]): (start, end, type) mentions of a document.
    unknown (Sequence[tuple]): The (start, end) stretches of it that nobody annotated, ascending and apart, in the same
        units: tokens or characters.
    RETURNS (list[MentionKey]): The others, in their order.
    """
    ends = [end for _, end in unknown]

    def is_judged(start: int, end: int) -> bool:
        first = bisect_right(ends, start)
        return first == len(unknown) or unknown[first][0] >= end

    return [mention for mention in predicted if is_judged(*mention[:2])]


def with_micro(scores: Mapping[str, Score]) -> dict[str, Score]:
    """RETURNS (dict[str, Score]): The scores with "micro" before them: the score of their summed counts."""
    return {MICRO: sum(scores.values(), Score(0, 0, 0)), **scores}


def check_same_length(gold: Sequence, predicted: Sequence, what: str) -> None:
    """RAISES (ProjectError): If gold and prediction differ in length, which would shift every later pair."""
    if len(gold) != len(predicted):
        raise ProjectError(f"cannot score: {len(gold)} {what} in the gold, {len(predicted)} in the prediction")


def _types_of(mentions: set[MentionKey]) -> list[str]:
    return [entity_type for _, _, entity_type in mentions]


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
