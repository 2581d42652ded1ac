"""Score mentions by the four kinds of match of SemEval 2013 (task 9.1) per entity type."""
from dataclasses import dataclass
from typing import Collection, Optional, Sequence

from nervaluate import Evaluator
from nervaluate.entities import EvaluationResult

from scripts.evaluation.scores import MICRO, MentionKey, check_same_length

# strict: boundaries and type. exact: boundaries, any type. partial: an overlap counts half, any type. ent_type: the
# type and an overlap.
KINDS = ("strict", "exact", "partial", "ent_type")


@dataclass(frozen=True)
class MatchScore:
    """The scores of one kind of match, in percent (0 if undefined).

    precision (float): Share of the predicted mentions.
    recall (float): Share of the gold mentions.
    f1 (float): Harmonic mean of both.
    """

    precision: float
    recall: float
    f1: float


def score_matches(
    gold: Sequence[Collection[MentionKey]], predicted: Sequence[Collection[MentionKey]], types: Sequence[str]
) -> dict[str, dict[str, MatchScore]]:
    """Score by each kind of match with the library nervaluate (Segura-Bedmar et al. 2013, section 4).

    For every kind of match, the score of a type considers only the mentions of that type.

    gold (Sequence[Collection]): (start, end, type) mentions of each document, with an exclusive `end` in tokens or
        characters. A repeated one counts once.
    predicted (Sequence[Collection]): The predicted mentions of each document. An overlap needs at least 1 % of the gold
        mention, so offsets in tokens are safer.
    types (Sequence[str]): Entity types to score. Mentions of other types are ignored.
    RETURNS (dict[str, dict[str, MatchScore]]): The scores by kind and type, with all types together under "micro".
    RAISES (ProjectError): If gold and predictions differ in their number of documents.
    """
    check_same_length(gold, predicted, "documents")
    known = [sorted(mentions) for mentions in map(set, gold)]
    given = [_exact_first(set(mentions), expected) for mentions, expected in zip(predicted, known, strict=True)]
    # The library can't detect the format of empty documents by itself.
    results = Evaluator(_as_dicts(known), _as_dicts(given), tags=list(types), loader="dict").evaluate()
    return {
        kind: {
            MICRO: _to_score(results["overall"].get(kind)),
            **{name: _to_score(results["entities"].get(name, {}).get(kind)) for name in types},
        }
        for kind in KINDS
    }


def _exact_first(predicted: Collection[MentionKey], gold: Sequence[MentionKey]) -> list[MentionKey]:
    """RETURNS (list[MentionKey]): Predictions with exact matches first. The library assigns each prediction in turn to
    the first free gold mention, which might otherwise be the exact match of a later prediction."""
    borders = {(start, end) for start, end, _ in gold}
    return sorted(predicted, key=lambda mention: (mention not in gold, mention[:2] not in borders, mention))


def _as_dicts(documents: Sequence[Sequence[MentionKey]]) -> list[list[dict]]:
    # The library's end is inclusive.
    return [
        [{"label": name, "start": start, "end": end - 1} for start, end, name in mentions] for mentions in documents
    ]


def _to_score(result: Optional[EvaluationResult]) -> MatchScore:
    # The library has no result without documents, or for a type without mentions.
    result = result or EvaluationResult()
    return MatchScore(100.0 * result.precision, 100.0 * result.recall, 100.0 * result.f1)
