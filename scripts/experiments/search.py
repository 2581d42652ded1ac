"""Search for settings on training parts: train candidates on some documents and score them on the others."""
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import srsly
from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, read_checked_json, write_checked_json, write_json
from scripts.corpora.docbin import pack_docs
from scripts.corpora.holding_out import hold_out
from scripts.corpora.parts import part_of, read_documents
from scripts.evaluation.search import BASE, SearchResult, compare_candidates
from scripts.experiments.config import has_encoder, has_head_rate, own_start
from scripts.experiments.execute import check_failed, do_tasks, print_outdated
from scripts.experiments.executors.task import Ended, Executor, Task
from scripts.experiments.job import SAMPLE_SEED_OFFSET
from scripts.experiments.journal import Journal
from scripts.experiments.run import RunJob, ScoredPart
from scripts.experiments.settings import SEARCH, Frozen, Search, SearchValues, Training
from scripts.experiments.work import TEST_COST, WorkerWork, shared_files
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import NO_TRANSFER

TRAIN, DEVELOPMENT = "train", "development"
SCORED_ON = "development documents of the training part; no test part was opened"


@dataclass(frozen=True)
class Candidate:
    """Settings to try.

    name (str): `base`, or the one setting that differs from it, such as `learn_rate: 0.0004`.
    training (Training): The length and learning rates of the training.
    frozen (str): The part of the encoder that isn't trained.
    model (str): The spaCy config or the baseline. None for the experiment's own model.
    """

    name: str
    training: Training
    frozen: Frozen
    model: Optional[str] = None


@dataclass(frozen=True)
class SearchRun:
    """One training of a candidate.

    candidate (Candidate): The candidate.
    corpus (str): The corpus. Its training part is used for both training and scoring.
    size (int): Sample size. None for all sentences that are not held out.
    seed (int): Seed of the sample and of the training.
    """

    candidate: Candidate
    corpus: str
    size: Optional[int]
    seed: int

    @property
    def id(self) -> str:
        """RETURNS (str): The run's name, also used for its file."""
        size = "whole" if self.size is None else self.size
        return f"{self.candidate.name.replace(': ', '-')}.{self.corpus}.size-{size}.seed-{self.seed}"


def search_settings(workspace: Workspace) -> Search:
    """Find the search settings of an experiment.

    workspace (Workspace): The experiment and its environment.
    RETURNS (Search): The settings.
    RAISES (ProjectError): If the experiment file has no search, or tries values that the model doesn't use.
    """
    if workspace.experiment.search is None:
        remedy = "add it, or choose an experiment that has it, such as `--vars.experiment search_sample`"
        raise ProjectError("missing key 'search'", where=f"experiment {workspace.name}", remedy=remedy)
    check_values(workspace, workspace.experiment.search.values)
    return workspace.experiment.search


def check_values(workspace: Workspace, values: SearchValues) -> None:
    """RAISES (ProjectError): If the model doesn't use a setting to try: its candidates would all be the base."""
    template, model = workspace.recipe.template.path, workspace.experiment.model
    unused = {
        "head_learn_rate": "" if has_head_rate(template) else f"model '{model}' has a single rate, `learn_rate`",
        "frozen": "" if has_encoder(template) else f"model '{model}' has no encoder",
    }
    for key, reason in unused.items():
        if reason and getattr(values, key):
            where = f"experiment {workspace.name}, key search.values.{key}"
            raise ProjectError(reason, where=where, remedy="remove the key")


def list_candidates(search: Search, frozen: Frozen, model: str) -> list[Candidate]:
    """List the candidates. Each changes one setting of the base.

    search (Search): The base and the values to try.
    frozen (str): The part of the encoder that the base doesn't train.
    model (str): The model of the base.
    RETURNS (list[Candidate]): The candidates, with the base first.
    """
    base = {**search.base.model_dump(), "frozen": frozen, "model": model}
    changed = [(key, value) for key, values in search.values for value in values if value != base[key]]
    own = Candidate(BASE, search.base, frozen)
    return [own, *(_with_change(own, key, value) for key, value in changed)]


def _with_change(base: Candidate, key: str, value: Any) -> Candidate:
    name = f"{key}: {str(value).removesuffix('.0')}"
    if key in Training.model_fields:
        return replace(base, name=name, training=Training(**{**base.training.model_dump(), key: value}))
    return replace(base, name=name, **{key: value})


def search_runs(search: Search, frozen: Frozen, model: str) -> list[SearchRun]:
    """RETURNS (list[SearchRun]): Every candidate on every corpus, at every size, with every seed."""
    return [
        SearchRun(candidate, corpus, size, seed)
        for candidate in list_candidates(search, frozen, model)
        for size in search.sizes
        for corpus in search.corpora
        for seed in search.seeds
    ]


def search_part(workspace: Workspace, corpus: str, part: str) -> Path:
    """RETURNS (Path): The DocBin file of a corpus's training documents for `train` or `development`."""
    return workspace.training / workspace.name / SEARCH / corpus / f"{part}.spacy"


def split_training_part(workspace: Workspace, search: Search, corpus: str) -> None:
    """Split the documents of a training part into two files, as `hold_out` does.

    workspace (Workspace): The experiment and its environment.
    search (Search): The share and the seed.
    corpus (str): The corpus.
    RAISES (ProjectError): If there are fewer than two documents, or all are copies of one text.
    """
    documents = read_documents(workspace.part(corpus, "train").path)
    held_out = hold_out(documents, search.development, search.split_seed)
    with atomic_folder(search_part(workspace, corpus, TRAIN).parent) as partial:
        for part, is_held_out in ((TRAIN, False), (DEVELOPMENT, True)):
            wanted = [document for document in documents if (document.user_data["id"] in held_out) == is_held_out]
            pack_docs(wanted).to_disk(partial / search_part(workspace, corpus, part).name)


def search_job(workspace: Workspace, run: SearchRun) -> RunJob:
    """RETURNS (RunJob): The training of a run, as in few-shot without a source, or in in-corpus if it has no size, and
    its test on the held-out documents."""
    model = run.candidate.model
    training = workspace.job(
        (run.corpus,),
        model,
        train=(part_of(search_part(workspace, run.corpus, TRAIN)),),
        training=run.candidate.training,
        seed=run.seed if run.size is None else run.seed + SAMPLE_SEED_OFFSET,
        frozen=run.candidate.frozen,
        limit=run.size,
        sample_seed=run.seed,
        own_start=own_start(workspace.recipe_of(model).template.path, NO_TRANSFER),
    )
    held_out = part_of(search_part(workspace, run.corpus, DEVELOPMENT))
    return RunJob(training, ScoredPart(run.corpus, held_out, workspace.corpora[run.corpus].entity_types))


def check_sizes(workspace: Workspace, search: Search) -> None:
    """RAISES (ProjectError): If a sample size exceeds the sentences that are not held out."""
    largest = max((size for size in search.sizes if size), default=0)
    for corpus in search.corpora:
        available = part_of(search_part(workspace, corpus, TRAIN)).sentences
        if largest > available:
            raise ProjectError(
                f"sample size {largest}, but {corpus} has only {available} training sentences that are not held out",
                where=f"experiment {workspace.name}, key search.sizes",
                remedy="use a smaller size",
            )


def execute_search(
    workspace: Workspace, search: Search, executor: Optional[Executor] = None
) -> list[SearchResult]:
    """Run and save all runs of a search.

    workspace (Workspace): The experiment and its environment.
    search (Search): The settings to try.
    executor (Optional[Executor]): The executor of the runs. None for this process.
    RETURNS (list[SearchResult]): The results, with the base's first. Those of finished runs are read from their files.
    RAISES (ProjectError): If runs failed. The results of the others are saved.
    """
    print(srsly.yaml_dumps(search.model_dump(mode="json")))
    for corpus in search.corpora:
        split_training_part(workspace, search, corpus)
    check_sizes(workspace, search)
    runs = search_runs(search, workspace.experiment.frozen, workspace.experiment.model)
    jobs = {run: search_job(workspace, run) for run in runs}
    folder = workspace.results / "search"
    known = {run: _fingerprint_on_record(folder, run) for run in jobs}
    pending = {run: job for run, job in jobs.items() if known[run] != job.fingerprint}
    print_outdated(sum(known[run] is not None for run in pending))
    msg.info(f"{len(jobs)} runs: {len(jobs) - len(pending)} already finished, {len(pending)} to do")
    check_failed(workspace, _execute_all(workspace, pending, executor))
    return [SearchResult(**read_checked_json(_file(folder, run))["result"]) for run in jobs]


def _file(folder: Path, run: SearchRun) -> Path:
    return folder / f"{run.id}.json"


def _fingerprint_on_record(folder: Path, run: SearchRun) -> Optional[str]:
    """RETURNS (Optional[str]): The fingerprint of a saved run. None if it isn't saved."""
    try:
        return read_checked_json(_file(folder, run)).get("fingerprint")
    except (ProjectError, AttributeError):
        return None


class SearchWork(WorkerWork):
    """Train and score candidates."""

    module = "scripts.experiments.candidates"

    def make_worker(self, workspace: Workspace) -> Any:
        """RETURNS (SearchWorker): The worker that trains and scores candidates."""
        from scripts.experiments.candidates import SearchWorker

        return SearchWorker(workspace)


def search_tasks(workspace: Workspace, jobs: Mapping[SearchRun, RunJob]) -> list[Task]:
    """RETURNS (list[Task]): The tasks for an executor, one per run, with the run's job."""
    shared = shared_files(workspace)
    return [
        Task(
            id=f"search.{run.id}",
            payload=(run, job),
            cost=TEST_COST + job.training.passes,
            start=f"{run.candidate.model} {run.candidate.frozen}",
            reads=(*shared, *(part.path for part in job.training.train), job.test.part.path),
        )
        for run, job in jobs.items()
    ]


def _execute_all(
    workspace: Workspace, jobs: Mapping[SearchRun, RunJob], executor: Optional[Executor]
) -> dict[str, str]:
    """RETURNS (dict[str, str]): The reasons for failures, by id."""

    def put_on_record(ended: Ended, journal: Journal) -> str:
        if ended.failure:
            return journal.note(ended)
        run, job = ended.task.payload
        write_checked_json(_file(workspace.results / "search", run), {"fingerprint": job.fingerprint, **ended.value})
        return journal.note(ended, ended.value["result"]["f1"])

    return do_tasks(workspace, SearchWork(workspace), search_tasks(workspace, jobs), executor, put_on_record)


def write_search(workspace: Workspace, search: Search, results: Sequence[SearchResult]) -> Path:
    """Write the outcome of a search.

    workspace (Workspace): The experiment and its environment.
    search (Search): The settings of the search.
    results (Sequence[SearchResult]): The results of its runs.
    RETURNS (Path): The experiment's `search.json`.
    """
    comparisons = compare_candidates(results)
    path = workspace.results / "search.json"
    documents = {
        corpus: {part: len(read_documents(search_part(workspace, corpus, part))) for part in (TRAIN, DEVELOPMENT)}
        for corpus in search.corpora
    }
    data = {
        "scored_on": SCORED_ON,
        "model": workspace.experiment.model,
        "frozen": workspace.experiment.frozen,
        "encoder": workspace.recipe.encoder.name if workspace.recipe.encoder else None,
        "search": search.model_dump(mode="json"),
        "documents": documents,
        "winners": [{"size": one.size, "candidate": one.candidate} for one in comparisons if one.is_winner],
        "comparisons": [asdict(one) for one in comparisons],
    }
    write_json(path, data)
    return path
