"""Write a package's model card from what was measured: README.md in the wheel, and card.md among the results."""
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any, Iterable, Mapping, Optional, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.base.machine import processor
from scripts.base.settings import read_yaml
from scripts.corpora.manifest import PartAccount, read_manifest
from scripts.corpora.schema import in_order
from scripts.evaluation.scores import MICRO
from scripts.experiments.execute import jobs_of
from scripts.experiments.plan import shipped_model
from scripts.experiments.settings import shift_seeds
from scripts.experiments.workspace import Workspace
from scripts.ner.training import NOTHING
from scripts.results.calibration import Calibration, describe_calibration
from scripts.results.kinds import SHIPPED
from scripts.results.runs import Ledger, RunResult
from scripts.shipping.evaluation import CorpusScores, Evaluation
from scripts.shipping.meta import PYTHON, describe_package, how_trained, languages, listed, requirements
from scripts.shipping.naming import PackageName
from scripts.shipping.sources import corpus_source, encoder_source, licenses_of_sources
from scripts.shipping.wheel import CARD, LICENSES

TEMPLATE = Path(__file__).with_name("card.md.jinja")
CITATION = Path(__file__).parents[2] / "CITATION.cff"
USE = (
    "To pre-annotate texts, to count mentions in collections of texts like those it was trained on, and to be trained "
    "further on texts of your own."
)


@dataclass(frozen=True)
class CorpusRow:
    """A corpus, as the card's table shows it.

    name (str): Its name in the experiment, by which meta.json calls its scores.
    linked (str): Its title, as a link if it has a page.
    kind (str): What kind of text it is.
    language (str): Such as `en`.
    train (str): What was trained on: documents, sentences and mentions; `-` if it was not.
    test (str): The test part.
    license (str): Its licence.
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
    """Scores of one type on one test part, in percent.

    corpus (str): The corpus's name.
    type (str): An entity type, or `micro`.
    precision (str): How many of the mentions found are right.
    recall (str): How many of the mentions there are were found.
    f1 (str): Their harmonic mean.
    spread (str): F1 of other training seeds; empty if none is on record.
    """

    corpus: str
    type: str
    precision: str
    recall: str
    f1: str
    spread: str = ""


@dataclass(frozen=True)
class Measured:
    """What the installed package was measured to do on one machine.

    load (str): Seconds that `spacy.load` takes.
    words (str): Words a second.
    processor (str): The processor.
    threads (str): Such as `1 thread`.
    python (str): Version of Python.
    """

    load: str
    words: str
    processor: str
    threads: str
    python: str


@dataclass(frozen=True)
class Card:
    """All that a model card tells.

    package (str): What `spacy.load` takes.
    version (str): Of the package.
    wheel (str): Its file.
    finds (str): The entity types.
    trained (str): How it was trained.
    invented (str): Titles of the corpora whose texts were made up; empty if none were.
    all_invented (bool): Whether that holds for all of them.
    python (str): The versions of Python that it takes.
    requirements (tuple[str, ...]): The libraries that it needs.
    corpora (tuple[CorpusRow, ...]): The corpora that it was trained or tested on.
    encoder (str): Its encoder with licence; empty without one.
    languages (str): Languages of what it was trained on.
    scores (tuple[ScoreRow, ...]): On each test part, micro and by type.
    seeds (str): How many seeds the scores are of, in one sentence.
    spread (bool): Whether other seeds are on record.
    intended_use (str): What it is for.
    license (str): The package's licence, in one sentence.
    embeddings_trained (bool): Whether its word embeddings differ from the encoder's.
    citations (tuple[str, ...]): What to cite.
    megabytes (str): Size of the pipeline on disk.
    calibration (tuple[str, ...]): What is known of the confidences, in sentences; nothing if they are the model's own.
    raw_text (tuple[tuple[str, str, str], ...]): Corpus, type and F1 on raw text, from the installed package.
    measured (Optional[Measured]): Load time and speed; not in the wheel, which is to be the same bytes each time.
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
    raw_text: tuple[tuple[str, str, str], ...] = ()
    measured: Optional[Measured] = None


@dataclass(frozen=True)
class Described:
    """What is written for a package.

    meta (Mapping[str, Any]): Entries of meta.json.
    card (Card): Its card, without the size of the pipeline.
    licenses (str): What LICENSES_SOURCES says.
    """

    meta: Mapping[str, Any]
    card: Card
    licenses: str

    def documents(self, size: int) -> dict[str, str]:
        """RETURNS (dict[str, str]): By file name, the documents beside a pipeline of so many bytes."""
        return {CARD: render_card(with_size(self.card, size)), LICENSES: self.licenses}


def describe(
    workspace: Workspace, package: PackageName, results: Sequence[RunResult], calibration: Optional[Calibration]
) -> Described:
    """Write down what is known of a package.

    workspace (Workspace): The experiment and its surroundings.
    package (PackageName): What the package is called.
    results (Sequence[RunResult]): The shipped model's score on each corpus.
    calibration (Optional[Calibration]): How its confidences were calibrated, if they were.
    RETURNS (Described): Meta, card and licences.
    """
    card = make_card(workspace, package, results, calibration)
    return Described(describe_package(workspace, package, results), card, licenses_of_sources(workspace))


def make_card(
    workspace: Workspace,
    package: PackageName,
    results: Sequence[RunResult],
    calibration: Optional[Calibration],
) -> Card:
    """Gather what the card in a wheel tells, its size aside.

    workspace (Workspace): The experiment and its surroundings.
    package (PackageName): What the package is called.
    results (Sequence[RunResult]): The shipped model's score on each corpus.
    calibration (Optional[Calibration]): How its confidences were calibrated, if they were.
    RETURNS (Card): The card.
    """
    ship, others = workspace.experiment.ship, scores_of_other_seeds(workspace)
    invented = [name for name in workspace.corpora if _is_invented(workspace, name)]
    license = f"The package is under the licence {ship.license}." if ship.license else "The package states no licence."
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
    """RETURNS (Card): The card with the size of the pipeline, given in bytes."""
    return replace(card, megabytes=f"{size / 1e6:.0f}" if size > 1e7 else f"{size / 1e6:.1f}")


def with_measurements(card: Card, evaluation: Evaluation, threads: int) -> Card:
    """Add what the installed package does on this machine.

    card (Card): The card that is in the wheel.
    evaluation (Evaluation): What the installed package achieves.
    threads (int): CPU threads.
    RETURNS (Card): The card in full.
    """
    raw = tuple(
        (name, kind, f"{scores.raw_text[kind].f1:.1f}")
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
    """RETURNS (bool): Whether the training changes the rows of the words that it sees, and only these."""
    return workspace.recipe.encoder is not None and workspace.experiment.frozen == NOTHING


def scores_of_other_seeds(workspace: Workspace) -> dict[str, list[RunResult]]:
    """Find what the same model scores with other training seeds: of today's settings and data, if they are on record.

    workspace (Workspace): The experiment and its surroundings.
    RETURNS (dict[str, list[RunResult]]): The other results, by corpus; empty if there are none.
    """
    ledger, own = Ledger(workspace.runs), shipped_model(workspace.experiment).seed
    heads = [path.stem for path in workspace.runs.glob(f"{SHIPPED}.*.json")]
    seeds = {int(name.rpartition("seed-")[2]) for name in heads if name.rpartition("seed-")[2].isdigit()}
    found: dict[str, list[RunResult]] = {}
    for seed in sorted(seeds - {own}):
        shifted = replace(workspace, experiment=shift_seeds(workspace.experiment, seed - own))
        for run, job in jobs_of(shifted, SHIPPED).items():
            if ledger.is_finished(run.id, job.fingerprint):
                found.setdefault(run.target, []).append(ledger.read(run.id))
    return found


def citations() -> list[str]:
    """RETURNS (list[str]): The project and the paper that it reproduces, from CITATION.cff."""
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
    return f"{f'[{source.name}]({source.url})' if source.url else source.name}, licence: {source.license}"


def _score_rows(result: RunResult, others: Mapping[str, Sequence[RunResult]]) -> Iterable[ScoreRow]:
    corpus, scores = result.coordinates.target, result.scores.tokens
    for name in (MICRO, *in_order(set(scores) - {MICRO})):
        numbers = [f"{value:.1f}" for value in (scores[name].precision, scores[name].recall, scores[name].f1)]
        spread = _spread([other.scores.tokens[name].f1 for other in others.get(corpus, [])])
        yield ScoreRow(corpus, name, *numbers, spread)


def _spread(values: Sequence[float]) -> str:
    return f"mean {mean(values):.1f}, {min(values):.1f} to {max(values):.1f}" if values else ""


def _seeds(others: Mapping[str, Sequence[RunResult]]) -> str:
    count = max(map(len, others.values()), default=0)
    if not count:
        return "One training seed: how much another one would change the scores is not known."
    return f"The package is of one training seed; {count} more {'is' if count == 1 else 'are'} on record beside it."
