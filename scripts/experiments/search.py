"""A search for settings that opens no test part: candidates learn from some training documents, others score them."""
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

import srsly
from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, hash_data, read_json, write_json
from scripts.base.progress import progress
from scripts.corpora.docbin import pack_docs
from scripts.corpora.parts import read_documents, read_sentences
from scripts.corpora.split import split_documents
from scripts.evaluation.scores import MICRO
from scripts.evaluation.search import BASE, SearchResult, compare_candidates
from scripts.experiments.config import SAMPLE_SEED_OFFSET, TrainingJob, resolve_config, training_length
from scripts.experiments.device import use_device
from scripts.experiments.execute import TEST_COST
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.run import versions
from scripts.experiments.score import Outcome, take_test
from scripts.experiments.settings import Frozen, Search, Training
from scripts.experiments.train import train_pipeline
from scripts.experiments.workspace import Workspace
from scripts.results.runs import Ledger

TRAIN, DEVELOPMENT = "train", "development"
SCORED_ON = "development documents of the training part; no test part was opened"


@dataclass(frozen=True)
class Candidate:
    """Settings that are tried.

    name (str): `base`, or the one setting that differs from it, such as `learn_rate: 0.0004`.
    training (Training): How long and how fast it is trained.
    frozen (str): What of the encoder stays as it is.
    """

    name: str
    training: Training
    frozen: Frozen


@dataclass(frozen=True)
class SearchRun:
    """One training of a candidate.

    candidate (Candidate): Its settings.
    corpus (str): The corpus whose training part it is trained and scored on.
    size (int): Sample size; None for all sentences that are not held out.
    seed (int): Seed of the sample and of the training.
    """

    candidate: Candidate
    corpus: str
    size: Optional[int]
    seed: int

    @property
    def id(self) -> str:
        """RETURNS (str): Its name, which is that of its file too."""
        size = "whole" if self.size is None else self.size
        return f"{self.candidate.name.replace(': ', '-')}.{self.corpus}.size-{size}.seed-{self.seed}"


def search_settings(workspace: Workspace, seed: int = 0) -> Search:
    """Find what an experiment wants to be searched.

    workspace (Workspace): The experiment and its surroundings.
    seed (int): Added to every seed of the search.
    RETURNS (Search): The settings.
    RAISES (ProjectError): If the experiment file has no search.
    """
    search = workspace.experiment.search
    if search is None:
        remedy = "add it, or take an experiment that has it, such as `--vars.experiment search_sample`"
        raise ProjectError("missing key 'search'", where=f"experiment {workspace.name}", remedy=remedy)
    return search.model_copy(update={"seeds": [seed + number for number in search.seeds]})


def list_candidates(search: Search, frozen: Frozen) -> list[Candidate]:
    """Change one setting of the base at a time.

    search (Search): Base and values.
    frozen (str): What the base leaves as it is.
    RETURNS (list[Candidate]): The base first.
    """
    base = {**search.base.model_dump(), "frozen": frozen}
    changed = [(key, value) for key, values in search.values for value in values if value != base[key]]
    candidates = [Candidate(BASE, search.base, frozen)]
    for key, value in changed:
        settings = {**base, key: value}
        name = f"{key}: {str(value).removesuffix('.0')}"
        candidates.append(Candidate(name, frozen=settings.pop("frozen"), training=Training(**settings)))
    return candidates


def search_runs(search: Search, frozen: Frozen) -> list[SearchRun]:
    """RETURNS (list[SearchRun]): Every candidate on every corpus, at every size, by every seed."""
    return [
        SearchRun(candidate, corpus, size, seed)
        for candidate in list_candidates(search, frozen)
        for size in search.sizes
        for corpus in search.corpora
        for seed in search.seeds
    ]


def search_part(workspace: Workspace, corpus: str, part: str) -> Path:
    """RETURNS (Path): The DocBin file of the documents of a training part that are for `train` or `development`."""
    return workspace.training / workspace.name / "search" / corpus / f"{part}.spacy"


def split_training_part(workspace: Workspace, search: Search, corpus: str) -> None:
    """Deal the documents of a training part to two files.

    workspace (Workspace): The experiment and its surroundings.
    search (Search): Share and seed.
    corpus (str): The corpus.
    RAISES (ProjectError): If there are fewer than two documents.
    """
    documents = read_documents(workspace.part(corpus, "train"))
    ids = [document.user_data["id"] for document in documents]
    dealt = split_documents(ids, 1 - search.development, search.split_seed)
    files = {search_part(workspace, corpus, TRAIN): dealt["train"]}
    files[search_part(workspace, corpus, DEVELOPMENT)] = dealt["test"]
    with atomic_folder(search_part(workspace, corpus, TRAIN).parent) as partial:
        for path, names in files.items():
            wanted = set(names)
            kept = [document for document in documents if document.user_data["id"] in wanted]
            pack_docs(kept).to_disk(partial / path.name)


def search_job(workspace: Workspace, run: SearchRun) -> TrainingJob:
    """RETURNS (TrainingJob): How a run is trained: at a size as few-shot without a source, else as in-corpus."""
    train, is_sample = search_part(workspace, run.corpus, TRAIN), run.size is not None
    return TrainingJob(
        template=workspace.template,
        encoder=workspace.encoder.path,
        tokenizer=workspace.tokenizer,
        train=(train,),
        n_sentences=run.size if is_sample else len(read_sentences([str(train)])),
        entity_types=workspace.entity_types,
        training=run.candidate.training,
        seed=run.seed + SAMPLE_SEED_OFFSET if is_sample else run.seed,
        frozen=run.candidate.frozen,
        lower_case=workspace.experiment.lower_case,
        precision=workspace.precision,
        limit=run.size,
        sample_seed=run.seed,
    )


def search_fingerprint(workspace: Workspace, search: Search, run: SearchRun) -> str:
    """RETURNS (str): Hash of all that decides a run's score: settings, config, encoder, data, held-out documents."""
    decides = {
        **workspace.decides(),
        "frozen": run.candidate.frozen,
        "training": run.candidate.training.model_dump(),
        "size": run.size,
        "seed": run.seed,
        "entity_types": workspace.entity_types,
        "train": workspace.data_hash(run.corpus, "train"),
        "development": search.development,
        "split_seed": search.split_seed,
    }
    return hash_data(decides)


def check_sizes(workspace: Workspace, search: Search) -> None:
    """RAISES (ProjectError): If a sample is to have more sentences than the documents that are not held out."""
    largest = max((size for size in search.sizes if size), default=0)
    for corpus in search.corpora:
        available = len(read_sentences([str(search_part(workspace, corpus, TRAIN))]))
        if largest > available:
            raise ProjectError(
                f"sample size {largest}, but {corpus} has {available} training sentences that are not held out",
                where=f"experiment {workspace.name}, key search.sizes",
                remedy="take a smaller size",
            )


def carry_out_search(workspace: Workspace, search: Search) -> list[SearchResult]:
    """Bring every run of a search on record.

    workspace (Workspace): The experiment and its surroundings.
    search (Search): What to try.
    RETURNS (list[SearchResult]): Their results, the base's first. Runs that were on record are read, not repeated.
    """
    print(srsly.yaml_dumps(search.model_dump(mode="json")))
    for corpus in search.corpora:
        split_training_part(workspace, search, corpus)
    check_sizes(workspace, search)
    runs = search_runs(search, workspace.experiment.frozen)
    fingerprints = {run: search_fingerprint(workspace, search, run) for run in runs}
    ledger = Ledger(workspace.metrics / workspace.name / "search")
    pending = [run for run in runs if not ledger.is_finished(run.id, fingerprints[run])]
    msg.info(f"{len(runs)} runs, {len(runs) - len(pending)} finished before, {len(pending)} to do")
    _carry_out_all(workspace, {run: fingerprints[run] for run in pending}, ledger.folder)
    return [SearchResult(**read_json(ledger.folder / f"{run.id}.json")["result"]) for run in runs]


def _carry_out_all(workspace: Workspace, fingerprints: Mapping[SearchRun, str], folder: Path) -> None:
    device, cache = use_device(workspace.threads, workspace.gpu_id), PipelineCache()
    costs = [TEST_COST + _passes(search_job(workspace, run)) for run in fingerprints]
    with progress(sum(costs), "sentence", disable=not fingerprints, smoothing=0.05) as bar:
        for run, fingerprint in fingerprints.items():
            bar.set_description(run.id, refresh=False)
            batch = run.candidate.training.batch_size
            record = carry_out(workspace, run, cache, lambda: bar.update(batch))
            write_json(folder / f"{run.id}.json", {"fingerprint": fingerprint, "device": device, **record})
            bar.update(TEST_COST)


def _passes(job: TrainingJob) -> int:
    """RETURNS (int): What a training costs, in sentences passed through the model."""
    return training_length(job.n_sentences, job.training).updates * job.training.batch_size


def carry_out(
    workspace: Workspace, run: SearchRun, cache: PipelineCache, on_update: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Train, and score on the development documents.

    workspace (Workspace): The experiment and its surroundings.
    run (SearchRun): What to do.
    cache (PipelineCache): Makes the pipeline that is trained.
    on_update (Callable): Called after every update, to show progress.
    RETURNS (dict): What goes on record.
    """
    job, started = search_job(workspace, run), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        resolve_config(job).to_disk(Path(folder) / "config.cfg")
        trained = train_pipeline(Path(folder) / "config.cfg", job.template, workspace.gpu_id, cache, on_update)
    outcome = take_test(trained.nlp, search_part(workspace, run.corpus, DEVELOPMENT), workspace.entity_types)
    return {"seconds": round(time.monotonic() - started, 2), **_record(workspace, run, job, outcome)}


def _record(workspace: Workspace, run: SearchRun, job: TrainingJob, outcome: Outcome) -> dict[str, Any]:
    scores = outcome.scores.tokens
    return {
        "result": asdict(SearchResult(run.candidate.name, run.corpus, run.size, run.seed, scores[MICRO].f1)),
        "settings": {**job.training.model_dump(), "frozen": job.frozen, "training_seed": job.seed},
        "threads": workspace.threads,
        "versions": versions(),
        "updates": training_length(job.n_sentences, job.training).updates,
        "sentences": {TRAIN: job.n_sentences, DEVELOPMENT: outcome.sentences},
        "scores": {name: score.to_dict() for name, score in scores.items()},
    }


def write_search(workspace: Workspace, search: Search, results: Sequence[SearchResult]) -> Path:
    """Write what a search found.

    workspace (Workspace): The experiment and its surroundings.
    search (Search): What was tried.
    results (Sequence[SearchResult]): What it scored.
    RETURNS (Path): `search.json` of the experiment.
    """
    comparisons = compare_candidates(results)
    path = workspace.metrics / workspace.name / "search.json"
    documents = {
        corpus: {part: len(read_documents(search_part(workspace, corpus, part))) for part in (TRAIN, DEVELOPMENT)}
        for corpus in search.corpora
    }
    data = {
        "scored_on": SCORED_ON,
        "model": workspace.experiment.model,
        "frozen": workspace.experiment.frozen,
        "encoder": workspace.encoder.name,
        "search": search.model_dump(mode="json"),
        "documents": documents,
        "winners": [{"size": one.size, "candidate": one.candidate} for one in comparisons if one.is_winner],
        "comparisons": [asdict(one) for one in comparisons],
    }
    write_json(path, data)
    return path
