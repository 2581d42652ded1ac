"""The shipped model's record and scores in, what the package's meta.json says of it out."""
from importlib.metadata import version
from typing import Any, Sequence

from spacy.util import get_minor_version_range

from scripts.evaluation.scores import MICRO, Score
from scripts.experiments.config import has_encoder
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import Workspace
from scripts.results.runs import RunResult
from scripts.shipping.naming import PackageName
from scripts.shipping.pipeline import encoder_name

# What the bundled modules import; spaCy adds by itself only what the config names.
REQUIRED = ("spacy", "spacy-transformers", "pysbd", "razdel")


def describe_package(workspace: Workspace, package: PackageName, results: Sequence[RunResult]) -> dict[str, Any]:
    """Fill in what is known of a package; author, license and web address are not.

    workspace (Workspace): The experiment and its surroundings.
    package (PackageName): What the package is called.
    results (Sequence[RunResult]): The shipped model's score on each corpus.
    RETURNS (dict): Entries of meta.json.
    """
    return {
        "name": package.name,
        "version": package.version,
        "description": description(workspace, results),
        "sources": sources(workspace),
        "requirements": requirements(),
        "performance": performance(results),
    }


def sources(workspace: Workspace) -> list[str]:
    """RETURNS (list[str]): The training corpora, and the encoder if the model has one."""
    corpora = shipped_model(workspace.experiment).corpora
    return [*corpora, *([encoder_name(workspace.encoder)] if has_encoder(workspace.template) else [])]


def description(workspace: Workspace, results: Sequence[RunResult]) -> str:
    """RETURNS (str): Entity types, languages, training corpora and the encoder, if there is one, in one line."""
    corpora = shipped_model(workspace.experiment).corpora
    languages = sorted({workspace.manifest(name).language for name in corpora})
    types = [name for name in results[0].scores.tokens if name != MICRO]
    revision = f" ({workspace.encoder.revision})" if workspace.encoder.revision else ""
    encoder = f" Encoder: {encoder_name(workspace.encoder)}{revision}." if has_encoder(workspace.template) else ""
    return (
        f"Finds {' and '.join(types)} mentions; languages: {', '.join(languages)}. "
        f"Trained on {', '.join(corpora)}.{encoder}"
    )


def requirements() -> list[str]:
    """RETURNS (list[str]): The libraries that the package needs, from the version here to below the next minor one."""
    return [f"{name}{get_minor_version_range(version(name))}" for name in REQUIRED]


def performance(results: Sequence[RunResult]) -> dict[str, Any]:
    """Scores on the test parts, as spaCy writes them: fractions, exact match on tokens.

    results (Sequence[RunResult]): One for each corpus.
    RETURNS (dict): `ents_f` and so on over all corpora, and the same for each corpus with its name before it.
    """
    scores = _spacy_scores(_together(results))
    for result in results:
        own = _spacy_scores(result.scores.tokens)
        scores.update({f"{result.coordinates.target}_{name}": value for name, value in own.items()})
    return scores


def _together(results: Sequence[RunResult]) -> dict[str, Score]:
    names = results[0].scores.tokens
    return {name: sum((result.scores.tokens[name] for result in results), Score(0, 0, 0)) for name in names}


def _spacy_scores(scores: dict[str, Score]) -> dict[str, Any]:
    per_type = {name: _fractions(score) for name, score in scores.items() if name != MICRO}
    return {**{f"ents_{key}": value for key, value in _fractions(scores[MICRO]).items()}, "ents_per_type": per_type}


def _fractions(score: Score) -> dict[str, float]:
    return {"f": score.f1 / 100, "p": score.precision / 100, "r": score.recall / 100}
