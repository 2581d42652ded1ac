"""Print the scores of an installed package."""
from typing import Mapping, Optional, Sequence

from wasabi import msg

from scripts.base.errors import visible
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO, Score, f1_text
from scripts.results.calibration import Calibration, Reliability
from scripts.shipping.environment import Answer
from scripts.shipping.evaluation import Evaluation
from scripts.shipping.examples import AnnotatedText

SHOWN_PER_FILE = 3


def show_evaluation(evaluation: Evaluation, examples: Mapping[str, Sequence[AnnotatedText]]) -> None:
    """Print the scores of an installed package, and the entities it found in the first texts of each example file."""
    header, *rows = score_table(evaluation)
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * (len(header) - 2))
    for name, texts in examples.items():
        msg.divider(name)
        print(*example_lines(texts, evaluation.example_answers[name]), sep="\n")


def show_calibration(calibration: Optional[Calibration]) -> None:
    """Print the calibration error of a package's confidences, if they can be calibrated. A dash means that no mentions
    were found."""
    if calibration:
        rows = [(test.corpus, test.mentions, *_errors(test)) for test in calibration.tests]
        header = ("Test part (raw text)", "Mentions found", "Calibration error", "After calibration")
        msg.table(rows, header=header, divider=True, aligns=["l", "r", "r", "r"])


def score_table(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """RETURNS (list[tuple]): A header, three rows per corpus and two rows per example file."""
    names = _columns(evaluation)
    rows: list[tuple[str, ...]] = [("Texts", "Input", *(f"{name} F1" for name in names))]
    for name, scores in evaluation.corpora.items():
        rows.append((name, "tokens and sentences", *_f1(scores.given_sentences, names)))
        rows.append((name, "raw text", *_f1(scores.raw_text, names)))
        rows.append((name, "raw text in capitals", *_f1(scores.raw_text_in_capitals, names)))
    for name, example_scores in evaluation.examples.items():
        rows.append((f"examples: {name}", "raw text", *_f1(example_scores, names)))
        in_capitals = evaluation.examples_in_capitals[name]
        rows.append((f"examples: {name}", "raw text in capitals", *_f1(in_capitals, names)))
    return rows


def example_lines(texts: Sequence[AnnotatedText], answers: Sequence[Answer]) -> list[str]:
    """RETURNS (list[str]): The first texts (not the best ones), each followed by the entities found in it."""
    lines = []
    for text, answer in list(zip(texts, answers, strict=True))[:SHOWN_PER_FILE]:
        pairs = zip(answer.characters, answer.confidences, strict=True)
        found = [f"{text.text[start:end]} = {label}{_in_brackets(score)}" for (start, end, label), score in pairs]
        lines += [text.text, f"    {'; '.join(found) or 'nothing found'}"]
    return [visible(line) for line in lines]


def _errors(test: Reliability) -> tuple[str, ...]:
    return tuple(f"{error:.3f}" if test.mentions else "-" for error in (test.raw_error, test.calibrated_error))


def _in_brackets(confidence: Optional[float]) -> str:
    return "" if confidence is None else f" ({confidence:.2f})"


def _columns(evaluation: Evaluation) -> list[str]:
    scored = [corpus.given_sentences for corpus in evaluation.corpora.values()] + list(evaluation.examples.values())
    return [*in_order({name for scores in scored for name in scores} - {MICRO}), MICRO]


def _f1(scores: Mapping[str, Score], names: Sequence[str]) -> list[str]:
    """RETURNS (list[str]): F1 scores, with a dash for a type that isn't annotated there, or has no mention."""
    return [f1_text(scores, name) for name in names]
