"""Run an installed package on questions and write its answers, with the Python of a clean environment.

    python -I installed.py PACKAGE QUESTIONS ANSWERS

QUESTIONS and ANSWERS are JSON files with lists in named groups. A question is either a `text`, or a text as `words`,
`spaces` and `sent_starts`. An answer has the entities in `tokens` and in `characters`, and their `confidences`. A
confidence is null if the entity wasn't found by a `bio_ner`, for instance by spaCy's `ner`. ANSWERS also has the
seconds that loading took, and the words per second for all questions with a `text`.
"""
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import spacy
from spacy.language import Language
from spacy.tokens import Doc

LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers", "pysbd", "razdel")
# As in the runs, because the encoder's output depends slightly on the batch.
DOCUMENTS_PER_BATCH = 16
SPANS_KEY = "bio_ner"


def main(package: str, questions: Path, answers: Path) -> None:
    """Load a package as users do, and answer the questions."""
    start = time.perf_counter()
    nlp = spacy.load(package)
    load_seconds = time.perf_counter() - start
    groups = json.loads(questions.read_text(encoding="utf8"))
    given, words, seconds = {}, 0, 0.0
    for name, group in groups.items():
        start = time.perf_counter()
        given[name] = answer(nlp, group)
        texts = [question["text"] for question in group if "text" in question]
        seconds += time.perf_counter() - start if texts else 0
        words += sum(not token.is_space for text in texts for token in nlp.make_doc(text))
    speed = {"load_seconds": load_seconds, "words_per_second": words / seconds if words else 0.0}
    result = {"versions": versions(), "speed": speed, "answers": given}
    answers.write_text(json.dumps(result), encoding="utf8")


def answer(nlp: Language, questions: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """RETURNS (list[dict]): The answers to a group of questions, in their order."""
    inputs = (read_question(nlp, question) for question in questions)
    return [write_answer(doc) for doc in nlp.pipe(inputs, batch_size=DOCUMENTS_PER_BATCH)]


def read_question(nlp: Language, question: Dict[str, Any]) -> Union[str, Doc]:
    """RETURNS (str or Doc): The input for the pipeline."""
    return question["text"] if "text" in question else Doc(nlp.vocab, **question)


def write_answer(doc: Doc) -> Dict[str, Any]:
    """RETURNS (dict): The entities, ready for JSON."""
    scores = confidences(doc)
    return {
        "tokens": [[ent.start, ent.end, ent.label_] for ent in doc.ents],
        "characters": [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents],
        "confidences": [scores.get((ent.start, ent.end)) for ent in doc.ents],
    }


def confidences(doc: Doc) -> Dict[Tuple[int, int], float]:
    """RETURNS (dict): Confidences of the mentions found by `bio_ner`, by (start, end) in tokens."""
    if SPANS_KEY not in doc.spans:
        return {}
    group = doc.spans[SPANS_KEY]
    return {(span.start, span.end): score for span, score in zip(group, group.attrs["scores"], strict=True)}


def versions() -> Dict[str, str]:
    """RETURNS (dict): Versions of Python and of the libraries in this environment."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
