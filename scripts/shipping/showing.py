"""The scores of an installed package in; what is printed of them out."""
from typing import Mapping, Sequence

from scripts.evaluation.scores import MICRO, Score
from scripts.experiments.score import ENTITY_TYPES
from scripts.shipping.environment import Answer
from scripts.shipping.evaluation import Evaluation
from scripts.shipping.examples import AnnotatedText

COLUMNS = (*ENTITY_TYPES, MICRO)
HEADER = ("Texts", "Asked with", *(f"{name} F1" for name in COLUMNS))
SHOWN_PER_FILE = 3


def score_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """RETURNS (list[tuple]): Two rows for each corpus and one for each file of examples; see `HEADER`."""
    rows = []
    for name, scores in evaluation.corpora.items():
        rows.append((name, "tokens and sentences", *_f1(scores.given_sentences)))
        rows.append((name, "raw text", *_f1(scores.raw_text)))
    return rows + [(f"examples: {name}", "raw text", *_f1(scores)) for name, scores in evaluation.examples.items()]


def example_lines(texts: Sequence[AnnotatedText], answers: Sequence[Answer]) -> list[str]:
    """RETURNS (list[str]): The first texts as they come, not the best ones, each followed by what was found in it."""
    lines = []
    for text, answer in list(zip(texts, answers))[:SHOWN_PER_FILE]:
        pairs = zip(answer.characters, answer.confidences)
        found = [f"{text.text[start:end]} = {label} ({score:.2f})" for (start, end, label), score in pairs]
        lines += [text.text, f"    {'; '.join(found) or 'nothing found'}"]
    return lines


def _f1(scores: Mapping[str, Score]) -> list[str]:
    return [f"{scores[name].f1:.1f}" for name in COLUMNS]
