"""Show errors in context, with gold and prediction in brackets."""
from pathlib import Path
from typing import Iterator, Mapping, Optional

from spacy.tokens import Doc

from scripts.corpora.parts import read_documents
from scripts.evaluation.errors import CORRECT, KINDS, ErrorExample
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, setup_of
from scripts.results.kinds import FEW_SHOT, IN_CORPUS
from scripts.results.runs import RunResult

AROUND = 8


def tables_of_error_examples(results: Results, corpus: Path) -> list[Table]:
    """RETURNS (list[Table]): The errors on every target with a test part, in context: see `table_error_examples`."""
    tested = [name for name in results.corpus_names if next(_runs(results, name), None)]
    return [
        table_error_examples(results, corpus, name) for name in tested if (corpus / name / "test.spacy").is_file()
    ]


def table_error_examples(results: Results, corpus: Path, target: str) -> Table:
    """Show errors of a target's runs in context. The texts may be private, so this is for the screen, and for reports
    of experiments that ask for it.

    results (Results): The experiment.
    corpus (Path): Folder of the converted corpora.
    target (str): The corpus whose test part is shown.
    RETURNS (Table): Up to five of each kind and type, from in-corpus runs and few-shot runs at the largest size.
    """
    documents = {doc.user_data["id"]: doc for doc in read_documents(corpus / target / "test.spacy")}
    rows = [
        (kind, _shown(results, run), entity_type, *_cells(example, documents))
        for run in _runs(results, target)
        for entity_type, errors in run.errors.items()
        for kind in KINDS
        if kind != CORRECT
        for example in errors.examples.get(kind, ())
    ]
    caption = "Gold in [square], prediction in <angle> brackets. Up to five errors of each kind."
    columns = ("kind", "run", "type", "document", "in its sentence")
    return Table(f"error_examples_{target}", f"Errors on {target}", caption, columns, tuple(sorted(rows)))


def _runs(results: Results, target: str) -> Iterator[RunResult]:
    """YIELDS (RunResult): The run with the first seed of each setup."""
    for kind in (IN_CORPUS, FEW_SHOT):
        found = results.of(kind, target=target)
        largest = max((run.coordinates.size or 0 for run in found), default=0)
        chosen = [run for run in found if kind == IN_CORPUS or run.coordinates.size == largest]
        first = min((run.coordinates.seed for run in chosen), default=0)
        yield from (run for run in chosen if run.coordinates.seed == first)


def _shown(results: Results, run: RunResult) -> str:
    at = run.coordinates
    return f"{at.kind}, {at.model}" if at.size is None else f"{results.label(setup_of(at))}, {at.size}"


def _cells(example: ErrorExample, documents: Mapping[str, Doc]) -> tuple[Cell, ...]:
    doc = documents[example.document]
    return example.document, in_its_sentence(doc, example)


def in_its_sentence(doc: Doc, example: ErrorExample) -> str:
    """RETURNS (str): The words around an error on one line, with gold and prediction in brackets."""
    gold, found = _span(example.start, example.end), _span(example.predicted_start, example.predicted_end)
    spans = [span for span in (gold, found) if span]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    words = []
    for token in doc[max(0, first - AROUND) : min(len(doc), last + AROUND)]:
        opening = ("[" if gold and token.i == gold[0] else "") + ("<" if found and token.i == found[0] else "")
        closing = (">" if found and token.i == found[1] - 1 else "") + ("]" if gold and token.i == gold[1] - 1 else "")
        words.append(f"{opening}{token.text}{closing}{token.whitespace_}")
    return " ".join("".join(words).split())


def _span(start: Optional[int], end: Optional[int]) -> Optional[tuple[int, int]]:
    return (start, end) if start is not None and end is not None else None
