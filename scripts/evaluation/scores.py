"""Score exact matches of mentions: precision, recall and F1 per entity type and micro."""
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Collection, Mapping, Optional, Sequence, Union

from scripts.base.errors import ProjectError

MentionKey = tuple[int, int, str]
MICRO = "micro"


@dataclass(frozen=True)
class Score:
    """Counts of mentions, and the scores in percent (0 if undefined, as in the CoNLL script).

    tp (int): Gold mentions predicted with the same start, end and type.
    fp (int): Predicted mentions that are not in the gold.
    fn (int): Gold mentions that were not predicted.
    """

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """RETURNS (float): The percentage of predicted mentions that are right."""
        return _percent(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """RETURNS (float): The percentage of gold mentions that were found."""
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
        """RETURNS (dict): The counts and the percentages, for JSON."""
        counts = {"tp": self.tp, "fp": self.fp, "fn": self.fn}
        return {**counts, "precision": self.precision, "recall": self.recall, "f1": self.f1}


def score_mentions(
    gold: Sequence[Collection[MentionKey]], predicted: Sequence[Collection[MentionKey]], types: Sequence[str]
) -> dict[str, Score]:
    """Count exact matches, document by document.

    gold (Sequence[Collection]): (start, end, type) mentions of each document. A repeated one counts once.
    predicted (Sequence[Collection]): The predicted mentions of each document.
    types (Sequence[str]): Entity types to score. Mentions of other types are ignored.
    RETURNS (dict[str, Score]): The score per type, with all types together under "micro".
    RAISES (ProjectError): If gold and predictions differ in their number of documents.
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
    """Leave out predicted mentions that can't be scored because they touch text that nobody annotated.

    predicted (Collection[MentionKey]): (start, end, type) mentions of a document.
    unknown (Sequence[tuple]): (start, end) of the stretches that nobody annotated, in ascending order, without overlaps
        and in the same unit (tokens or characters).
    RETURNS (list[MentionKey]): The other mentions, in their order.
    """
    ends = [end for _, end in unknown]

    def is_judged(start: int, end: int) -> bool:
        first = bisect_right(ends, start)
        return first == len(unknown) or unknown[first][0] >= end

    return [mention for mention in predicted if is_judged(*mention[:2])]


def with_micro(scores: Mapping[str, Score]) -> dict[str, Score]:
    """RETURNS (dict[str, Score]): The scores, preceded by "micro", the score of their summed counts."""
    return {MICRO: sum(scores.values(), Score(0, 0, 0)), **scores}


def defined_score(scores: Mapping[str, Score], entity_type: str) -> Optional[Score]:
    """RETURNS (Optional[Score]): The score of an entity type, or of "micro". None if there is nothing to find, as the
    type is not annotated or has no gold mention."""
    score = scores.get(entity_type)
    return score if score and score.gold else None


def f1_text(scores: Mapping[str, Score], entity_type: str) -> str:
    """RETURNS (str): The F1 of an entity type, or of "micro", in percent. A dash if it is undefined."""
    score = defined_score(scores, entity_type)
    return f"{score.f1:.1f}" if score else "-"


def check_same_length(gold: Sequence, predicted: Sequence, what: str) -> None:
    """Check that gold and predictions have the same length, as a difference would shift every later pair.

    RAISES (ProjectError): If they don't.
    """
    if len(gold) != len(predicted):
        raise ProjectError(f"can't score: {len(gold)} {what} in the gold, but {len(predicted)} in the predictions")


def _types_of(mentions: set[MentionKey]) -> list[str]:
    return [entity_type for _, _, entity_type in mentions]


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
