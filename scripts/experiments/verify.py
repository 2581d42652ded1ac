"""Repeat finished runs and compare the predictions with the saved ones."""
import json
import random
from dataclasses import asdict, dataclass, replace
from typing import Any, Mapping, Optional, Sequence

from scripts.base.leftovers import temporary_folder
from scripts.base.progress import OnPasses, ignore_passes
from scripts.evaluation.scores import MICRO
from scripts.experiments.execute import jobs_of
from scripts.experiments.execute_run import RunWorker
from scripts.experiments.job import distinct
from scripts.experiments.plan import Run
from scripts.experiments.rounds import as_executed, find_round, is_finished, place_of
from scripts.experiments.run import FinishedRun, run_job
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT
from scripts.results.rounds import round_file, write_round
from scripts.results.runs import Ledger, RunResult, read_plans


@dataclass(frozen=True)
class Verified:
    """The outcome of repeating a run.

    run (str): Id of the run.
    documents (int): Number of documents in its test part.
    different (int): Number of documents with other mentions or confidences than before.
    f1 (tuple[Optional[float], Optional[float]]): Micro F1 on tokens, before and now. None if there is no score.
    changed (Mapping[str, tuple[str, str]]): Libraries and hardware that differ: before, and now.
    """

    run: str
    documents: int
    different: int
    f1: tuple[Optional[float], Optional[float]]
    changed: Mapping[str, tuple[str, str]]

    @property
    def is_equal(self) -> bool:
        """RETURNS (bool): Whether every prediction is the same as before."""
        return not self.different


def choose_runs(workspace: Workspace, number: int, seed: int) -> list[Run]:
    """Draw a random sample of the current experiment's finished runs.

    workspace (Workspace): The experiment and its environment.
    number (int): How many runs to draw. If there are fewer, all of them are used.
    seed (int): Seed of the random sample.
    RETURNS (list[Run]): The runs, in the order of the plan.
    """
    finished = [
        run
        for kind in read_plans(workspace.results)
        for run, job in jobs_of(workspace, kind).items()
        if is_finished(workspace, run, job)
    ]
    drawn = random.Random(seed).sample(range(len(finished)), min(number, len(finished)))
    return [finished[place] for place in sorted(drawn)]


def passes_to_verify(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): Sentence passes needed to repeat a run."""
    training = as_executed(workspace, run, run_job(workspace, run)).training
    return training.passes if run.kind == FEW_SHOT else sum(one.passes for one in distinct([training]))


def verify(workspace: Workspace, run: Run, on_passes: OnPasses = ignore_passes) -> Verified:
    """Repeat a run in a separate folder and compare it with the saved result.

    A few-shot run starts from the saved source model, with the sentences that the previous round selected. All other
    runs train their model again.

    workspace (Workspace): The experiment and its environment.
    run (Run): A finished run.
    on_passes (Callable): Called after every update with the number of sentences passed, to show progress.
    RETURNS (Verified): The outcome.
    """
    ledger = Ledger(workspace.runs)
    with temporary_folder(workspace.training / "verified") as folder:
        training = workspace.training if run.kind == FEW_SHOT else folder / "training"
        apart = replace(workspace, metrics=folder / "metrics", training=training)
        place = place_of(workspace, run)
        for other in place.needs if place else []:
            write_round(round_file(apart.results, other.id), find_round(workspace, other))
        done = RunWorker(apart).do(run, on_passes)
    assert isinstance(done, FinishedRun)
    now, result, recorded = done.result, ledger.read(run.id), ledger.predictions(run.id)
    found = json.loads(json.dumps([asdict(prediction) for prediction in done.predictions]))
    assert recorded is not None
    pairs = zip(recorded, found, strict=True)
    return Verified(
        run.id,
        documents=len(found),
        different=sum(one != other for one, other in pairs),
        f1=(_f1(result), _f1(now)),
        changed=changed_surroundings(result, now),
    )


def _f1(result: RunResult) -> Optional[float]:
    score = result.scores.tokens.get(MICRO)
    return score.f1 if score else None


def changed_surroundings(recorded: RunResult, now: RunResult) -> dict[str, tuple[str, str]]:
    """RETURNS (dict): Libraries and hardware that differ between two results of a run, with both values."""
    pairs = {name: (recorded.versions.get(name, "not known"), version) for name, version in now.versions.items()}
    pairs["device"] = recorded.device, now.device
    pairs["hardware"] = recorded.hardware or "not known", now.hardware
    return {name: (before, current) for name, (before, current) in pairs.items() if before != current}


def to_record(verified: Sequence[Verified]) -> list[dict[str, Any]]:
    """RETURNS (list[dict]): The outcomes, as stored in their file."""
    return [
        {
            "run": one.run,
            "equal": one.is_equal,
            "documents": one.documents,
            "different": one.different,
            "f1": list(one.f1),
            "changed": {name: list(pair) for name, pair in one.changed.items()},
        }
        for one in verified
    ]
