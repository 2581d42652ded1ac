"""Analyze the errors of finished runs, based on the saved predictions."""
from dataclasses import asdict
from typing import Any, Collection, Iterable, Mapping, Optional, Sequence

from spacy.tokens import Doc

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, read_zipped_json, write_zipped_json
from scripts.base.progress import progress
from scripts.corpora.docbin import annotated_sentences
from scripts.corpora.parts import Sentence, read_documents
from scripts.evaluation.errors import count_errors, surface
from scripts.evaluation.partial import score_matches
from scripts.evaluation.scores import MentionKey, check_same_length
from scripts.evaluation.significance import count_documents
from scripts.experiments.job import TrainingJob
from scripts.experiments.plan import Run
from scripts.experiments.rounds import as_executed
from scripts.experiments.run import RunJob
from scripts.experiments.score import judged_tokens
from scripts.experiments.workspace import Workspace
from scripts.results.analysis import analysis_file, is_analysis_of
from scripts.results.runs import Ledger

Mentions = frozenset[tuple[str, str]]


def analyze_all(workspace: Workspace, jobs: Mapping[Run, RunJob]) -> None:
    """Bring the analysis of every finished run up to date.

    workspace (Workspace): The experiment and its environment.
    jobs (Mapping[Run, RunJob]): The runs, all of them finished.
    """
    ledger, seen = Ledger(workspace.runs), SeenMentions()
    pending = {run: job for run, job in jobs.items() if not is_analyzed(ledger, run.id)}
    for run in progress(len(pending), "run", iterable=pending, desc="Analyzing errors", disable=not pending):
        job = as_executed(workspace, run, pending[run])
        found = analyze(job, ledger.predictions(run.id) or [], seen.of(job.training))
        write_zipped_json(analysis_file(ledger.folder, run.id), found)


def is_analyzed(ledger: Ledger, run: str) -> bool:
    """RETURNS (bool): Whether a finished run has an undamaged analysis of its own predictions."""
    try:
        analysis, result = read_zipped_json(analysis_file(ledger.folder, run)), ledger.read(run)
        # An analysis by an earlier version doesn't say of which predictions it is.
        return "predictions" in analysis and is_analysis_of(analysis, result)
    except (ProjectError, AttributeError, TypeError):
        return False


def analyze(job: RunJob, predictions: Sequence[Mapping[str, Any]], seen: Mentions) -> dict[str, Any]:
    """Compare a run's predictions with the gold annotations of its test part.

    job (RunJob): The run.
    predictions (Sequence[Mapping]): The predictions for each document, as stored in their file.
    seen (frozenset): The (surface, type) of the mentions in the training data.
    RETURNS (dict): Errors by kind, kinds of match and counts by document, ready for JSON, without text. Documents
        without annotations are left out.
    """
    types = job.test.entity_types
    found = [[tuple(mention) for mention in one["tokens"] if mention[2] in types] for one in predictions]
    documents, predicted = _judged(read_documents(job.test.part.path), found)
    gold = [[(ent.start, ent.end, ent.label_, ent.text) for ent in document.ents] for document in documents]
    keys = [[mention[:3] for mention in mentions] for mentions in gold]
    names = [document.user_data["id"] for document in documents]
    matches = score_matches(keys, predicted, types)
    counts = count_documents(names, keys, predicted, types)
    return {
        "fingerprint": job.fingerprint,
        "predictions": hash_data(predictions),
        "errors": {name: asdict(own) for name, own in count_errors(names, gold, predicted, types, seen).items()},
        "matches": {kind: {name: asdict(own) for name, own in scores.items()} for kind, scores in matches.items()},
        "documents": names,
        "counts": {name: own.tolist() for name, own in counts.counts.items()},
    }


def _judged(
    documents: Sequence[Doc], found: Sequence[Collection[MentionKey]]
) -> tuple[list[Doc], list[list[MentionKey]]]:
    """RETURNS (tuple): The annotated documents, and the mentions found in annotated text."""
    check_same_length(documents, found, "documents")
    pairs = [pair for pair in zip(documents, found, strict=True) if any(annotated_sentences(pair[0]))]
    return [document for document, _ in pairs], [judged_tokens(*pair) for pair in pairs]


class SeenMentions:
    """Collect the mentions in the training data of runs, and cache those of the sources."""

    def __init__(self) -> None:
        self._of_sources: dict[str, Mentions] = {}

    def of(self, job: TrainingJob) -> Mentions:
        """RETURNS (frozenset): The (surface, type) of the mentions in the training data of a model and its sources."""
        return mentions_of(job.sentences()) | self._of_source(job.source)

    def _of_source(self, job: Optional[TrainingJob]) -> Mentions:
        if job is None:
            return frozenset()
        if job.fingerprint not in self._of_sources:
            self._of_sources[job.fingerprint] = self.of(job)
        return self._of_sources[job.fingerprint]


def mentions_of(sentences: Iterable[Sentence]) -> Mentions:
    """RETURNS (frozenset): The (surface, type) of all mentions of sentences."""
    return frozenset(
        (surface(words_of(sentence, start, end)), entity_type)
        for sentence in sentences
        for start, end, entity_type in sentence.mentions
    )


def words_of(sentence: Sentence, start: int, end: int) -> str:
    """RETURNS (str): The text of a span of tokens in a sentence."""
    pairs = zip(sentence.words[start:end], sentence.spaces[start:end], strict=True)
    return "".join(word + (" " if space else "") for word, space in pairs)
