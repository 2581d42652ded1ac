"""Score an installed package on test parts and annotated texts, and compare it with the model in the project."""
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Mapping, Sequence

from spacy.tokens import Doc

from scripts.base.errors import ProjectError
from scripts.corpora.parts import read_documents
from scripts.corpora.spelling import in_capitals
from scripts.evaluation.scores import Score, score_mentions
from scripts.experiments.execute import jobs_of
from scripts.experiments.run import ScoredPart
from scripts.experiments.score import score_characters, score_tokens
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import SHIPPED
from scripts.results.runs import Ledger, RunResult
from scripts.shipping.environment import Answer, Question, Speed, ask
from scripts.shipping.examples import AnnotatedText

GIVEN, RAW, CAPITALS = "given sentences", "raw text", "raw text in capitals"
EXAMPLES, EXAMPLES_IN_CAPITALS = "examples", "examples in capitals"
Scores = Mapping[str, Score]


@dataclass(frozen=True)
class CorpusScores:
    """Scores on the test part of a corpus, by entity type and for "micro".

    given_sentences (Mapping[str, Score]): Scores on tokens, given the gold tokens and sentences, as in the runs.
    raw_text (Mapping[str, Score]): Scores on characters, given only the text, as users call the pipeline.
    raw_text_in_capitals (Mapping[str, Score]): The same on the text in capital letters.
    """

    given_sentences: Scores
    raw_text: Scores
    raw_text_in_capitals: Scores = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """Scores and speed of an installed package.

    corpora (Mapping[str, CorpusScores]): Scores by corpus.
    examples (Mapping[str, Scores]): Scores on characters of the annotated texts, by file.
    example_answers (Mapping[str, list[Answer]]): The entities found in these texts, in their order.
    versions (Mapping[str, str]): Versions of Python and of the installed libraries.
    speed (Speed): Speed on this machine.
    examples_in_capitals (Mapping[str, Scores]): Scores on the annotated texts in capital letters. Like those of raw
        text, they are missing in evaluations by an earlier version.
    """

    corpora: Mapping[str, CorpusScores]
    examples: Mapping[str, Scores]
    example_answers: Mapping[str, list[Answer]]
    versions: Mapping[str, str]
    speed: Speed
    examples_in_capitals: Mapping[str, Scores] = field(default_factory=dict, kw_only=True)


def shipped_tests(workspace: Workspace) -> list[tuple[ScoredPart, RunResult]]:
    """Find the shipped model's result on each corpus, as saved by `package`.

    workspace (Workspace): The experiment and its environment.
    RETURNS (list): Each test part with the model's result on it.
    RAISES (ProjectError): If a result is missing, or settings or data have changed since.
    """
    ledger = Ledger(workspace.runs)
    jobs = jobs_of(workspace, SHIPPED)
    for run, job in jobs.items():
        if not ledger.is_finished(run.id, job.fingerprint):
            raise ProjectError(
                "the shipped model has no scores for these settings and data",
                where=workspace.runs / f"{run.id}.json",
                remedy="run `weasel run package` first",
            )
    return [(job.test, ledger.read(run.id)) for run, job in jobs.items()]


def evaluate_installed(
    python: Path,
    package: str,
    tests: Sequence[ScoredPart],
    examples: Mapping[str, Sequence[AnnotatedText]],
    entity_types: Sequence[str],
    threads: int,
) -> Evaluation:
    """Score an installed package.

    python (Path): The Python of its environment.
    package (str): The name for `spacy.load`.
    tests (Sequence[ScoredPart]): The test part of each corpus, with the types it annotates.
    examples (Mapping[str, Sequence[AnnotatedText]]): Texts that are not in any corpus.
    entity_types (Sequence[str]): The types to score on these texts.
    threads (int): CPU threads.
    RETURNS (Evaluation): The scores.
    """
    questions: dict[str, list[Question]] = {}
    documents = {test.corpus: read_documents(test.part.path) for test in tests}
    for corpus, there in documents.items():
        questions[f"{GIVEN}/{corpus}"] = [as_tokens(document) for document in there]
        questions[f"{RAW}/{corpus}"] = [{"text": document.text} for document in there]
        questions[f"{CAPITALS}/{corpus}"] = [{"text": in_capitals(document.text)} for document in there]
    for name, texts in examples.items():
        questions[f"{EXAMPLES}/{name}"] = [{"text": text.text} for text in texts]
        questions[f"{EXAMPLES_IN_CAPITALS}/{name}"] = [{"text": in_capitals(text.text)} for text in texts]
    answers = ask(python, package, questions, threads)
    found, capitals = (
        {name: answers.groups[f"{group}/{name}"] for name in examples} for group in (EXAMPLES, EXAMPLES_IN_CAPITALS)
    )
    return Evaluation(
        corpora={test.corpus: _score_corpus(test, documents[test.corpus], answers.groups) for test in tests},
        examples={name: score_examples(texts, found[name], entity_types) for name, texts in examples.items()},
        examples_in_capitals={
            name: score_examples(texts, capitals[name], entity_types) for name, texts in examples.items()
        },
        example_answers=found,
        versions=answers.versions,
        speed=answers.speed,
    )


def _score_corpus(
    test: ScoredPart, documents: Sequence[Doc], groups: Mapping[str, Sequence[Answer]]
) -> CorpusScores:
    given = [answer.tokens for answer in groups[f"{GIVEN}/{test.corpus}"]]
    raw, capitals = (
        [answer.characters for answer in groups[f"{input}/{test.corpus}"]] for input in (RAW, CAPITALS)
    )
    return CorpusScores(
        score_tokens(documents, given, test.entity_types),
        score_characters(documents, raw, test.entity_types),
        score_characters(documents, capitals, test.entity_types),
    )


def as_tokens(document: Doc) -> Question:
    """RETURNS (dict): A document's tokens and sentence starts, as in the runs, without entities."""
    return {
        "words": [token.text for token in document],
        "spaces": [bool(token.whitespace_) for token in document],
        "sent_starts": [bool(token.is_sent_start) for token in document],
    }


def score_examples(texts: Sequence[AnnotatedText], answers: Sequence[Answer], types: Sequence[str]) -> dict[str, Score]:
    """RETURNS (dict[str, Score]): Exact match on the characters of annotated texts."""
    gold = [[(entity.start, entity.end, entity.label) for entity in text.entities] for text in texts]
    return score_mentions(gold, [answer.characters for answer in answers], types)


def check_same_scores(evaluation: Evaluation, results: Sequence[RunResult]) -> None:
    """Check that the package has the same scores as the model in the project.

    evaluation (Evaluation): The package's scores.
    results (Sequence[RunResult]): The model's results. Those from a GPU are skipped, since their last digits differ.
    RAISES (ProjectError): If a number of mentions differs.
    """
    for result in [result for result in results if result.device == "cpu"]:
        corpus = result.coordinates.target
        for name, score in evaluation.corpora[corpus].given_sentences.items():
            before = result.scores.tokens[name]
            if score != before:
                raise ProjectError(
                    f"the package doesn't score like the model: {name} {_counts(score)}, before {_counts(before)}",
                    where=corpus,
                    remedy="delete the wheel and run `weasel run package`",
                )


def _counts(score: Score) -> str:
    return f"F1 {score.f1:.2f} ({score.tp} found, {score.fp} wrong, {score.fn} missed)"


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """RETURNS (dict): The scores, the entities found in the examples, versions and speed, ready for JSON."""
    return {
        "corpora": {
            name: {part.name: _scores(getattr(scores, part.name)) for part in fields(scores)}
            for name, scores in evaluation.corpora.items()
        },
        "examples": {name: _scores(scores) for name, scores in evaluation.examples.items()},
        "examples_in_capitals": {name: _scores(scores) for name, scores in evaluation.examples_in_capitals.items()},
        "example_answers": {
            name: [asdict(answer) for answer in answers] for name, answers in evaluation.example_answers.items()
        },
        "versions": dict(evaluation.versions),
        "speed": asdict(evaluation.speed),
    }


def _scores(scores: Scores) -> dict[str, Any]:
    return {name: score.to_dict() for name, score in scores.items()}
