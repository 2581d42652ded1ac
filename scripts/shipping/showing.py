"""Lay out for the screen what an installed package achieves."""
from typing import Mapping, Optional, Sequence

from wasabi import msg

from scripts.base.errors import visible
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO, Score
from scripts.results.calibration import Calibration
from scripts.shipping.environment import Answer
from scripts.shipping.evaluation import Evaluation
from scripts.shipping.examples import AnnotatedText

SHOWN_PER_FILE = 3


def show_evaluation(evaluation: Evaluation, examples: Mapping[str, Sequence[AnnotatedText]]) -> None:
    """Print what an installed package achieves, and what it found in the first texts of each file of examples."""
    header, *rows = score_table(evaluation)
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * (len(header) - 2))
    for name, texts in examples.items():
        msg.divider(name)
        print(*example_lines(texts, evaluation.example_answers[name]), sep="\n")


def show_calibration(calibration: Optional[Calibration]) -> None:
    """Print what the confidences of a package are worth; nothing if there are none that could be calibrated."""
    if calibration:
        rows = [
            (test.corpus, test.mentions, f"{test.raw_error:.3f}", f"{test.calibrated_error:.3f}")
            for test in calibration.tests
        ]
        header = ("Test part, raw text", "Found", "Calibration error before", "after")
        msg.table(rows, header=header, divider=True, aligns=["l", "r", "r", "r"])


def score_table(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """RETURNS (list[tuple]): A header, two rows for each corpus and one for each file of examples."""
    names = _columns(evaluation)
    rows: list[tuple[str, ...]] = [("Texts", "Asked with", *(f"{name} F1" for name in names))]
    for name, scores in evaluation.corpora.items():
        rows.append((name, "tokens and sentences", *_f1(scores.given_sentences, names)))
        rows.append((name, "raw text", *_f1(scores.raw_text, names)))
    for name, example_scores in evaluation.examples.items():
        rows.append((f"examples: {name}", "raw text", *_f1(example_scores, names)))
    return rows


def example_lines(texts: Sequence[AnnotatedText], answers: Sequence[Answer]) -> list[str]:
    """RETURNS (list[str]): The first texts as they come, not the best ones, each followed by what was found in it."""
    lines = []
    for text, answer in list(zip(texts, answers, strict=True))[:SHOWN_PER_FILE]:
        pairs = zip(answer.characters, answer.confidences, strict=True)
        found = [f"{text.text[start:end]} = {label}{_in_brackets(score)}" for (start, end, label), score in pairs]
        lines += [text.text, f"    {'; '.join(found) or 'nothing found'}"]
    return [visible(line) for line in lines]


def _in_brackets(confidence: Optional[float]) -> str:
    return "" if confidence is None else f" ({confidence:.2f})"


def _columns(evaluation: Evaluation) -> list[str]:
    scored = [corpus.given_sentences for corpus in evaluation.corpora.values()] + list(evaluation.examples.values())
    return [*in_order({name for scores in scored for name in scores} - {MICRO}), MICRO]


def _f1(scores: Mapping[str, Score], names: Sequence[str]) -> list[str]:
    """RETURNS (list[str]): A dash for a type that the corpus does not annotate."""
    return [f"{scores[name].f1:.1f}" if name in scores else "-" for name in names]
