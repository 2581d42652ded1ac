"""Fill in a package's meta.json: what it predicts, how it was trained, and its scores."""
from typing import Any, Mapping, Optional, Sequence

from scripts.corpora.manifest import read_manifest
from scripts.evaluation.scores import MICRO, Score, defined_score
from scripts.experiments.models import model_job
from scripts.experiments.plan import SourceModel, shipped_model
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import ENCODER_ONLY
from scripts.results.runs import RunResult
from scripts.shipping.naming import PackageName
from scripts.shipping.pipeline import encoder_name
from scripts.shipping.sources import as_meta, sources

# Versions of Python, and of the bundled modules' dependencies, with which an installed package has found the same
# entities with the same confidences. By itself, spaCy lists only the dependencies of the config, from this version up.
PYTHON = ">=3.11"
SPACY = ">=3.8.7,<3.9.0"
REQUIRED = {
    "spacy": SPACY,
    # 1.4.0 allows transformers up to 4.53.2, which pip takes care of.
    "spacy-transformers": ">=1.3.9,<1.5.0",
    "transformers": ">=4.49.0,<4.58.0",
    "pysbd": ">=0.3.4,<0.4.0",
    "razdel": ">=0.5.0,<0.6.0",
}


def describe_package(workspace: Workspace, package: PackageName, results: Sequence[RunResult]) -> dict[str, Any]:
    """Create the metadata of a package.

    workspace (Workspace): The experiment and its environment.
    package (PackageName): The name of the package.
    results (Sequence[RunResult]): The shipped model's result on each corpus.
    RETURNS (dict): Entries of meta.json.
    """
    ship = workspace.experiment.ship
    return {
        "name": package.name,
        "version": package.version,
        "description": description(workspace),
        "license": ship.license,
        "author": ship.author,
        "email": ship.email,
        "url": ship.url,
        "spacy_version": SPACY,
        "sources": [as_meta(source) for source in sources(workspace)],
        "requirements": requirements(),
        "performance": performance(results),
    }


def description(workspace: Workspace) -> str:
    """RETURNS (str): A one-line description: entity types, languages, training data and encoder."""
    found, spoken = listed(workspace.entity_types), ", ".join(languages(workspace))
    return f"Finds {found} mentions; languages: {spoken}. {how_trained(workspace)}"


def languages(workspace: Workspace) -> list[str]:
    """RETURNS (list[str]): The languages of the training data, such as `en`."""
    model = shipped_model(workspace.experiment)
    return sorted({read_manifest(workspace.corpus, name).language for name in model.sources})


def how_trained(workspace: Workspace) -> str:
    """RETURNS (str): The model's training data and encoder, in sentences."""
    steps = training_steps(workspace, shipped_model(workspace.experiment))
    record = workspace.recipe.encoder
    revision = f" ({record.revision})" if record and record.revision else ""
    encoder = f" Encoder: {encoder_name(record)}{revision}." if record else ""
    return f"Trained {', then '.join(steps)}.{encoder}"


def training_steps(workspace: Workspace, model: Optional[SourceModel]) -> list[str]:
    """RETURNS (list[str]): A model's training data, in order of training, such as `on 150 sentences of ru_ehr`. Empty
    without a model."""
    if model is None:
        return []
    whole = sum(workspace.count(name, "train") for name in model.corpora)
    # Sentences that are also in test parts may be left out of a whole training part. That doesn't make it a sample.
    sample = model.max_sentences is not None and model.max_sentences < whole
    amount = f"{model_job(workspace, model).n_sentences} sentences of " if sample else ""
    together = " together" if len(model.corpora) > 1 else ""
    transfer = " (encoder-only transfer)" if model.before and model.transfer == ENCODER_ONLY else ""
    return [*training_steps(workspace, model.before), f"on {amount}{listed(_with_repeats(model))}{together}{transfer}"]


def _with_repeats(model: SourceModel) -> list[str]:
    times = {name: model.repeated_corpora.count(name) for name in model.corpora}
    return [name if times[name] == 1 else f"{name} ({times[name]} times per epoch)" for name in times]


def listed(names: Sequence[str]) -> str:
    """RETURNS (str): A list of names for a sentence, such as `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def requirements() -> list[str]:
    """RETURNS (list[str]): The libraries that the package needs, with the versions it was tested with."""
    return [f"{name}{versions}" for name, versions in REQUIRED.items()]


def performance(results: Sequence[RunResult]) -> dict[str, Any]:
    """Format scores on the test parts in spaCy's form: as fractions, by exact match on tokens.

    results (Sequence[RunResult]): One result per corpus.
    RETURNS (dict): `ents_f` and so on for all corpora together, and for each corpus with its name as a prefix.
    """
    scores = spacy_scores(_together(results))
    for result in results:
        own = spacy_scores(result.scores.tokens)
        scores.update({f"{result.coordinates.target}_{name}": value for name, value in own.items()})
    return scores


def _together(results: Sequence[RunResult]) -> dict[str, Score]:
    # A corpus has no score for a type that it doesn't annotate.
    scores: dict[str, Score] = {}
    for result in results:
        for name, score in result.scores.tokens.items():
            scores[name] = scores.get(name, Score(0, 0, 0)) + score
    return scores


def spacy_scores(scores: Mapping[str, Score]) -> dict[str, Any]:
    """Format scores in spaCy's form.

    scores (Mapping[str, Score]): Scores by entity type and for "micro".
    RETURNS (dict): `ents_f`, `ents_p` and `ents_r` as fractions, and `ents_per_type` with `f`, `p` and `r` per type.
        As in spaCy, they are None if there are no gold mentions. A type without any is left out.
    """
    per_type = {name: _fractions(scores, name) for name in scores if name != MICRO and defined_score(scores, name)}
    return {**{f"ents_{key}": value for key, value in _fractions(scores, MICRO).items()}, "ents_per_type": per_type}


def _fractions(scores: Mapping[str, Score], name: str) -> dict[str, Optional[float]]:
    score = defined_score(scores, name)
    if score is None:
        return dict.fromkeys("fpr")
    return {"f": score.f1 / 100, "p": score.precision / 100, "r": score.recall / 100}
