"""Write a package's model card: README.md in the wheel, and card.md in the results."""
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any, Iterable, Mapping, Optional, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.base.machine import processor
from scripts.base.settings import read_yaml
from scripts.corpora.manifest import PartAccount, read_manifest
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO, defined_score, f1_text
from scripts.experiments.other_seeds import scores_of_other_seeds
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import Workspace
from scripts.ner.training import NOTHING
from scripts.results.calibration import Calibration, describe_calibration
from scripts.results.runs import RunResult
from scripts.shipping.evaluation import CorpusScores, Evaluation
from scripts.shipping.meta import PYTHON, describe_package, how_trained, languages, listed, requirements
from scripts.shipping.naming import PackageName
from scripts.shipping.sources import corpus_source, encoder_source, licenses_of_sources
from scripts.shipping.wheel import CARD, LICENSES

TEMPLATE = Path(__file__).with_name("card.md.jinja")
CITATION = Path(__file__).parents[2] / "CITATION.cff"
USE = (
    "Pre-annotate texts, count mentions in collections of texts similar to the training data, or train the pipeline "
    "further on your own texts."
)


@dataclass(frozen=True)
class CorpusRow:
    """A corpus in the card's table.

    name (str): Its name in the experiment, also used for its scores in meta.json.
    linked (str): Its title, as a link if it has a page.
    kind (str): The kind of text.
    language (str): The language, such as `en`.
    train (str): Documents, sentences and mentions of the training part; `-` if it wasn't trained on.
    test (str): Documents, sentences and mentions of the test part.
    license (str): Its license.
    """

    name: str
    linked: str
    kind: str
    language: str
    train: str
    test: str
    license: str


@dataclass(frozen=True)
class ScoreRow:
    """Scores of one type on one test part, in percent, or dashes if the part has no mention of it.

    corpus (str): The corpus's name.
    type (str): An entity type, or `micro`.
    precision (str): Precision.
    recall (str): Recall.
    f1 (str): F1.
    capitals (str): F1 on the same texts in capitals.
    spread (str): F1 with other training seeds. Empty if there are no results.
    """

    corpus: str
    type: str
    precision: str
    recall: str
    f1: str
    capitals: str
    spread: str = ""


@dataclass(frozen=True)
class Measured:
    """The measured speed of the installed package on one machine.

    load (str): Duration of `spacy.load` in seconds.
    words (str): Words per second.
    processor (str): The processor.
    threads (str): Number of threads, such as `1 thread`.
    python (str): Version of Python.
    """

    load: str
    words: str
    processor: str
    threads: str
    python: str


@dataclass(frozen=True)
class Card:
    """The contents of a model card.

    package (str): The name for `spacy.load`.
    version (str): Version of the package.
    wheel (str): File name of the wheel.
    finds (str): The entity types.
    trained (str): How the pipeline was trained.
    invented (str): Titles of the corpora with invented texts. Empty if there are none.
    all_invented (bool): Whether the texts of all corpora are invented.
    python (str): Supported versions of Python.
    requirements (tuple[str, ...]): The required libraries.
    corpora (tuple[CorpusRow, ...]): The corpora used for training or testing.
    encoder (str): The encoder with its license. Empty without one.
    languages (str): Languages of the training data.
    scores (tuple[ScoreRow, ...]): Scores on each test part, micro and by type.
    seeds (str): The number of training seeds with results, in one sentence.
    spread (bool): Whether there are results of other seeds.
    intended_use (str): The intended use.
    license (str): The package's license, in one sentence.
    embeddings_trained (bool): Whether its word embeddings differ from the encoder's.
    citations (tuple[str, ...]): What to cite.
    megabytes (str): Size of the pipeline on disk.
    calibration (tuple[str, ...]): Sentences about the calibration. Empty if the confidences aren't calibrated.
    raw_text (tuple[tuple[str, str, str, str], ...]): Corpus, type, and F1 of the installed package on raw text, as it
        is and in capitals.
    measured (Optional[Measured]): Load time and speed. Not in the wheel, which must have the same bytes every time.
    """

    package: str
    version: str
    wheel: str
    finds: str
    trained: str
    invented: str
    all_invented: bool
    python: str
    requirements: tuple[str, ...]
    corpora: tuple[CorpusRow, ...]
    encoder: str
    languages: str
    scores: tuple[ScoreRow, ...]
    seeds: str
    spread: bool
    intended_use: str
    license: str
    embeddings_trained: bool
    citations: tuple[str, ...]
    megabytes: str = ""
    calibration: tuple[str, ...] = ()
    raw_text: tuple[tuple[str, str, str, str], ...] = ()
    measured: Optional[Measured] = None


@dataclass(frozen=True)
class Described:
    """Metadata, card and licenses of a package.

    meta (Mapping[str, Any]): Entries of meta.json.
    card (Card): The card, without the size of the pipeline.
    licenses (str): Contents of LICENSES_SOURCES.
    """

    meta: Mapping[str, Any]
    card: Card
    licenses: str

    def documents(self, size: int) -> dict[str, str]:
        """RETURNS (dict[str, str]): The documents for a pipeline of this size in bytes, by file name."""
        return {CARD: render_card(with_size(self.card, size)), LICENSES: self.licenses}


def describe(
    workspace: Workspace, package: PackageName, results: Sequence[RunResult], calibration: Optional[Calibration]
) -> Described:
    """Describe a package.

    workspace (Workspace): The experiment and its environment.
    package (PackageName): The name of the package.
    results (Sequence[RunResult]): The shipped model's result on each corpus.
    calibration (Optional[Calibration]): The calibration of its confidences, if any.
    RETURNS (Described): Metadata, card and licenses.
    """
    card = make_card(workspace, package, results, calibration)
    return Described(describe_package(workspace, package, results), card, licenses_of_sources(workspace))


def make_card(
    workspace: Workspace,
    package: PackageName,
    results: Sequence[RunResult],
    calibration: Optional[Calibration],
) -> Card:
    """Create the card of a wheel, without the size of the pipeline.

    workspace (Workspace): The experiment and its environment.
    package (PackageName): The name of the package.
    results (Sequence[RunResult]): The shipped model's result on each corpus.
    calibration (Optional[Calibration]): The calibration of its confidences, if any.
    RETURNS (Card): The card.
    """
    ship, others = workspace.experiment.ship, scores_of_other_seeds(workspace)
    invented = [name for name in workspace.corpora if _is_invented(workspace, name)]
    license = f"The package's license is {ship.license}." if ship.license else "The package has no stated license."
    return Card(
        package=package.distribution,
        version=package.version,
        wheel=package.wheel,
        finds=listed(workspace.entity_types),
        trained=how_trained(workspace),
        invented=listed([corpus_source(workspace, name).name for name in invented]),
        all_invented=len(invented) == len(workspace.corpora),
        python=PYTHON,
        requirements=tuple(requirements()),
        corpora=tuple(_corpus_row(workspace, name) for name in workspace.corpora),
        encoder=_encoder(workspace),
        languages=", ".join(languages(workspace)),
        scores=tuple(row for result in results for row in _score_rows(result, others)),
        seeds=_seeds(others),
        spread=bool(others),
        intended_use=ship.intended_use or USE,
        license=license,
        embeddings_trained=trains_embeddings(workspace),
        citations=tuple(citations()),
        calibration=describe_calibration(calibration) if calibration else (),
    )


def render_card(card: Card) -> str:
    """RETURNS (str): The card as Markdown."""
    folder = FileSystemLoader(TEMPLATE.parent)
    environment = Environment(loader=folder, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(TEMPLATE.name).render(card=card).rstrip() + "\n"


def with_size(card: Card, size: int) -> Card:
    """RETURNS (Card): The card with the size of the pipeline, which is given in bytes."""
    return replace(card, megabytes=f"{size / 1e6:.0f}" if size > 1e7 else f"{size / 1e6:.1f}")


def with_measurements(card: Card, evaluation: Evaluation, threads: int) -> Card:
    """Add the scores and speed of the installed package on this machine.

    card (Card): The card in the wheel.
    evaluation (Evaluation): The evaluation of the installed package.
    threads (int): CPU threads.
    RETURNS (Card): The complete card.
    """
    raw = tuple(
        (name, kind, f1_text(scores.raw_text, kind), f1_text(scores.raw_text_in_capitals, kind))
        for name, scores in evaluation.corpora.items()
        for kind in _in_order(scores)
    )
    measured = Measured(
        load=f"{evaluation.speed.load_seconds:.1f}",
        words=f"{float(f'{evaluation.speed.words_per_second:.2g}'):,.0f}",
        processor=processor(),
        threads="1 thread" if threads == 1 else f"{threads} threads",
        python=evaluation.versions["python"],
    )
    return replace(card, raw_text=raw, measured=measured)


def _in_order(scores: CorpusScores) -> tuple[str, ...]:
    return (MICRO, *in_order(set(scores.raw_text) - {MICRO}))


def trains_embeddings(workspace: Workspace) -> bool:
    """RETURNS (bool): Whether the word embeddings are trained, which changes only the rows of words in the texts."""
    return workspace.recipe.encoder is not None and workspace.experiment.frozen == NOTHING


def citations() -> list[str]:
    """RETURNS (list[str]): Citations of the project and of the paper it reproduces, from CITATION.cff."""
    cited = read_yaml(CITATION)
    return [_citation(cited), *map(_citation, cited["references"])]


def _citation(entry: Mapping[str, Any]) -> str:
    names = [author.get("name") or f"{author['given-names']} {author['family-names']}" for author in entry["authors"]]
    where = [entry.get("collection-title"), str(entry["year"]) if "year" in entry else f"Version {entry['version']}"]
    page = f"https://doi.org/{entry['doi']}" if "doi" in entry else ""
    return ". ".join(filter(None, [", ".join(names), entry["title"], ", ".join(filter(None, where)), page]))


def _trained_on(workspace: Workspace) -> tuple[str, ...]:
    return tuple(shipped_model(workspace.experiment).sources)


def _is_invented(workspace: Workspace, name: str) -> bool:
    settings = workspace.corpora[name].settings
    return settings is not None and settings.invented


def _corpus_row(workspace: Workspace, name: str) -> CorpusRow:
    source, settings = corpus_source(workspace, name), workspace.corpora[name].settings
    manifest = read_manifest(workspace.corpus, name)
    kind = settings.description if settings and settings.description else manifest.domain
    return CorpusRow(
        name=name,
        linked=f"[{source.name}]({source.url})" if source.url else source.name,
        kind=f"{kind}; **invented**" if _is_invented(workspace, name) else kind,
        language=manifest.language,
        train=_part(manifest.splits["train"]) if name in _trained_on(workspace) else "-",
        test=_part(manifest.splits["test"]),
        license=source.license,
    )


def _part(account: PartAccount) -> str:
    mentions = ", ".join(f"{count:,} {name}" for name, count in account.mentions.kept.items())
    return f"{account.documents:,} documents, {account.sentences:,} sentences: {mentions}"


def _encoder(workspace: Workspace) -> str:
    if workspace.recipe.encoder is None:
        return ""
    source = encoder_source(workspace.recipe.encoder)
    return f"{f'[{source.name}]({source.url})' if source.url else source.name}, license: {source.license}"


def _score_rows(result: RunResult, others: Mapping[str, Sequence[RunResult]]) -> Iterable[ScoreRow]:
    corpus, scores = result.coordinates.target, result.scores.tokens
    capitals = result.capitals.tokens if result.capitals else {}
    for name in (MICRO, *in_order(set(scores) - {MICRO})):
        score = defined_score(scores, name)
        numbers = [f"{value:.1f}" for value in (score.precision, score.recall, score.f1)] if score else ["-"] * 3
        of_others = [defined_score(other.scores.tokens, name) for other in others.get(corpus, [])]
        spread = _spread([other.f1 for other in of_others if other])
        yield ScoreRow(corpus, name, *numbers, f1_text(capitals, name), spread)


def _spread(values: Sequence[float]) -> str:
    return f"mean {mean(values):.1f}, {min(values):.1f} to {max(values):.1f}" if values else ""


def _seeds(others: Mapping[str, Sequence[RunResult]]) -> str:
    count = max(map(len, others.values()), default=0)
    if not count:
        return "These are scores of one training seed. How much they vary with the seed is unknown."
    return f"The package was trained with one seed. For comparison, there are results of {count} more."
