"""What runs got wrong, and what they found in each document: made of their predictions, after the runs."""
from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence

from scripts.base.files import read_zipped_json, write_zipped_json
from scripts.base.progress import progress
from scripts.corpora.parts import Sentence, read_documents, read_sentences, sample
from scripts.evaluation.errors import count_errors, surface
from scripts.evaluation.partial import score_matches
from scripts.evaluation.significance import count_documents
from scripts.experiments.models import left_out_parts, types_of
from scripts.experiments.plan import Run, SourceModel, tested_model
from scripts.experiments.workspace import Workspace
from scripts.results.analysis import analysis_file
from scripts.results.kinds import FEW_SHOT

Mentions = frozenset[tuple[str, str]]


def analyse_all(workspace: Workspace, fingerprints: Mapping[Run, str]) -> None:
    """Bring the analysis of every finished run up to date.

    workspace (Workspace): The experiment and its surroundings.
    fingerprints (Mapping[Run, str]): The runs, all of them on record.
    """
    pending = {run: own for run, own in fingerprints.items() if not is_analysed(workspace.runs, run.id, own)}
    seen = SeenMentions(workspace)
    for run in progress(len(pending), "run", iterable=pending, desc="Sorting errors", disable=not pending):
        write_zipped_json(analysis_file(workspace.runs, run.id), analyse(workspace, run, pending[run], seen.of(run)))


def is_analysed(runs: Path, run: str, fingerprint: str) -> bool:
    """RETURNS (bool): Whether the analysis of a run is there and belongs to the run as it is now."""
    path = analysis_file(runs, run)
    return path.is_file() and read_zipped_json(path).get("fingerprint") == fingerprint


def analyse(workspace: Workspace, run: Run, fingerprint: str, seen: Mentions) -> dict[str, Any]:
    """Compare a run's predictions with the gold of its test part.

    workspace (Workspace): The experiment and its surroundings.
    run (Run): A run on record.
    fingerprint (str): Its fingerprint.
    seen (frozenset): The (surface, type) of the mentions that it was trained on.
    RETURNS (dict): Errors by kind, kinds of match and counts by document, ready for JSON; no text.
    """
    documents = read_documents(workspace.part(run.target, "test"))
    data = read_zipped_json(workspace.runs / f"{run.id}.predictions.json.gz")
    predicted = [[tuple(mention) for mention in found["tokens"]] for found in data["predictions"]]
    gold = [[(ent.start, ent.end, ent.label_, ent.text) for ent in document.ents] for document in documents]
    keys = [[mention[:3] for mention in mentions] for mentions in gold]
    names, types = [document.user_data["id"] for document in documents], types_of(workspace, run.entity_type)
    matches = score_matches(keys, predicted, types)
    counts = count_documents(names, keys, predicted, types)
    return {
        "fingerprint": fingerprint,
        "errors": {name: asdict(own) for name, own in count_errors(names, gold, predicted, types, seen).items()},
        "matches": {kind: {name: asdict(own) for name, own in scores.items()} for kind, scores in matches.items()},
        "documents": names,
        "counts": {name: own.tolist() for name, own in counts.counts.items()},
    }


class SeenMentions:
    """Collects the mentions that runs were trained on, those of each source model once.

    workspace (Workspace): The experiment and its surroundings.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._of_models: dict[SourceModel, Mentions] = {}

    def of(self, run: Run) -> Mentions:
        """RETURNS (frozenset): The (surface, type) of the mentions in all sentences that led to the run's model."""
        model = tested_model(self.workspace.experiment, run) or run.source
        own = self._of_sample(run) if run.kind == FEW_SHOT else frozenset()
        return own | self._of_model(model)

    def _of_sample(self, run: Run) -> Mentions:
        sentences = read_sentences([str(self.workspace.part(run.target, "train"))])
        return mentions_of(sentences[number] for number in sample(len(sentences), run.size, run.seed))

    def _of_model(self, model: Optional[SourceModel]) -> Mentions:
        if model is None:
            return frozenset()
        if model not in self._of_models:
            own = mentions_of(trained_on(self.workspace, model))
            self._of_models[model] = own | self._of_model(model.before)
        return self._of_models[model]


def trained_on(workspace: Workspace, model: SourceModel) -> Sequence[Sentence]:
    """RETURNS (Sequence[Sentence]): The sentences that a model on whole training parts, or on a sample, has seen."""
    train = [str(workspace.part(name, "train")) for name in model.corpora]
    without = [str(path) for path in left_out_parts(workspace, model)]
    sentences = read_sentences(train, without, tuple(workspace.experiment.drop_shared_sentences))
    return [sentences[number] for number in sample(len(sentences), model.max_sentences, model.seed)]


def mentions_of(sentences: Iterable[Sentence]) -> Mentions:
    """RETURNS (frozenset): The (surface, type) of all mentions of sentences."""
    return frozenset(
        (surface(words_of(sentence, start, end)), entity_type)
        for sentence in sentences
        for start, end, entity_type in sentence.mentions
    )


def words_of(sentence: Sentence, start: int, end: int) -> str:
    """RETURNS (str): The text of some tokens of a sentence."""
    pairs = zip(sentence.words[start:end], sentence.spaces[start:end])
    return "".join(word + (" " if space else "") for word, space in pairs)
