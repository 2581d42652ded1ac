"""Score the four kinds of match of SemEval 2013 (task 9.1) per entity type."""
from dataclasses import dataclass
from typing import Collection, Optional, Sequence

from nervaluate import Evaluator
from nervaluate.entities import EvaluationResult

from scripts.evaluation.scores import MICRO, MentionKey, check_same_length

# strict: borders and type; exact: borders, whatever the type; partial: an overlap counts half, whatever the type;
# ent_type: the type, and an overlap.
KINDS = ("strict", "exact", "partial", "ent_type")


@dataclass(frozen=True)
class MatchScore:
    """Percentages of one kind of match (0 where undefined).

    precision (float): Of the predicted mentions.
    recall (float): Of the gold mentions.
    f1 (float): Their harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def score_matches(
    gold: Sequence[Collection[MentionKey]], predicted: Sequence[Collection[MentionKey]], types: Sequence[str]
) -> dict[str, dict[str, MatchScore]]:
    """Score by each kind of match with the library nervaluate (Segura-Bedmar et al. 2013, section 4).

    The score of one type sees the mentions of that type only, whatever the kind.
    gold (Sequence[Collection]): For each document its (start, end, type) mentions, `end` behind the last token or
        character; a repeated one counts once.
    predicted (Sequence[Collection]): The same documents, in the same order. An overlap counts from 1 % of the gold
        mention on, so that tokens are the safer offsets.
    types (Sequence[str]): Entity types to score; mentions of any other type are ignored.
    RETURNS (dict[str, dict[str, MatchScore]]): By kind, then by type, and under "micro" that of all of them together.
    RAISES (ProjectError): If the two sides do not have the same number of documents.
    """
    check_same_length(gold, predicted, "documents")
    known = [sorted(mentions) for mentions in map(set, gold)]
    given = [_exact_first(set(mentions), expected) for mentions, expected in zip(predicted, known, strict=True)]
    # Its own guess at the form of the data fails on empty documents.
    results = Evaluator(_as_dicts(known), _as_dicts(given), tags=list(types), loader="dict").evaluate()
    return {
        kind: {
            MICRO: _to_score(results["overall"].get(kind)),
            **{name: _to_score(results["entities"].get(name, {}).get(kind)) for name in types},
        }
        for kind in KINDS
    }


def _exact_first(predicted: Collection[MentionKey], gold: Sequence[MentionKey]) -> list[MentionKey]:
    """The library gives each prediction in turn the first gold mention that is free: it must not take another's own."""
    borders = {(start, end) for start, end, _ in gold}
    return sorted(predicted, key=lambda mention: (mention not in gold, mention[:2] not in borders, mention))


def _as_dicts(documents: Sequence[Sequence[MentionKey]]) -> list[list[dict]]:
    # The library's ends are those of the last token.
    return [
        [{"label": name, "start": start, "end": end - 1} for start, end, name in mentions] for mentions in documents
    ]


def _to_score(result: Optional[EvaluationResult]) -> MatchScore:
    # Absent without documents, or for a type without mentions.
    result = result or EvaluationResult()
    return MatchScore(100.0 * result.precision, 100.0 * result.recall, 100.0 * result.f1)
