"""Find out which results match the current data, settings and encoder, so that the report shows no others."""
from collections import Counter
from pathlib import Path
from typing import Mapping, Optional, Sequence

from wasabi import msg

from scripts.corpora.manifest import identify, read_manifest
from scripts.encoders.record import AS_NAMED
from scripts.experiments.analysis import analyze_all
from scripts.experiments.calibration import calibration_job, can_calibrate
from scripts.experiments.device import choose_precision
from scripts.experiments.execute import Jobs, jobs_of, planned_run
from scripts.experiments.rounds import is_finished
from scripts.experiments.settings import Experiment, read_experiment
from scripts.experiments.workspace import Workspace, open_workspace
from scripts.results.kinds import COMPARED, SHIPPED, Kind
from scripts.results.runs import CurrentState, Ledger, Plan, PlannedRun, RunResult, StartedWith, read_plans, read_runs


def read_current_state(
    experiment: str, configs: Path, corpus: Path, training: Path, metrics: Path
) -> Optional[CurrentState]:
    """Plan the started kinds of runs again, with the current data, settings and encoder.

    experiment (str): The experiment's name.
    configs (Path): Folder with `experiments/` and `corpora/`.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder of the encoders' records.
    metrics (Path): Folder of the results.
    RETURNS (Optional[CurrentState]): The current runs. None if the corpora are missing, for instance because only the
        results were copied here.
    RAISES (ProjectError): If the experiment can't be opened, for instance after a change to a corpus file, or runs are
        in an older layout.
    """
    settings = read_experiment(configs, experiment)
    if not any((corpus / name).is_dir() for name in settings.corpora):
        msg.warn("Not checking whether the results match the current data: the corpora are missing")
        return None
    folder = metrics / experiment
    # Check this first: plans in an older layout can't be read.
    Ledger(folder / "runs").check_layout()
    plans, runs = read_plans(folder), read_runs(folder / "runs")
    opened: dict[StartedWith, Workspace] = {}
    planned: dict[str, PlannedRun] = {}
    calibration = ""
    for kind, key in _begun(runs, plans, settings).items():
        if key not in opened:
            places = (configs, corpus, training, metrics)
            opened[key] = open_workspace(
                experiment, *places, key.seed, key.threads, gpu_id=-1, encoder=key.encoder, precision=key.precision
            )
        jobs = jobs_of(opened[key], kind)
        planned |= {run.id: planned_run(opened[key], run, job) for run, job in jobs.items()}
        _mend_analyses(opened[key], jobs)
        if kind == SHIPPED and can_calibrate(opened[key]):
            calibration = calibration_job(opened[key]).fingerprint
    manifests = {name: read_manifest(corpus, name) for name in settings.corpora}
    compared = [run for run in runs if _is_compared(run, planned)]
    remarks = (*_remarks(plans), *_remarks_on_machines(compared))
    return CurrentState(planned, identify(manifests), remarks, calibration)


def _begun(
    runs: Sequence[RunResult], plans: Mapping[Kind, Plan], settings: Experiment
) -> dict[Kind, StartedWith]:
    """RETURNS (dict): The options that each kind of runs was started with. If a plan is lost, those of another kind."""
    known = {kind: plan.started_with for kind, plan in plans.items()}
    plain = StartedWith(0, 1, choose_precision(settings.precision, -1), AS_NAMED)
    found = {run.coordinates.kind for run in runs} - set(known)
    return {**known, **{kind: next(iter(known.values()), plain) for kind in found}}


def _remarks(plans: Mapping[Kind, Plan]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): Remarks on kinds of runs that differ in their encoder, precision or threads."""
    started = {kind: plan.started_with for kind, plan in plans.items() if kind in COMPARED}
    remarks = []
    for name in ("encoder", "precision", "threads"):
        values = {kind: getattr(one, name) for kind, one in started.items()}
        if len(set(values.values())) > 1:
            told = ", ".join(f"{kind}: {value}" for kind, value in values.items())
            remarks.append(f"Not comparable with each other: the runs differ in {name} ({told}).")
    return tuple(remarks)


def _is_compared(run: RunResult, planned: Mapping[str, PlannedRun]) -> bool:
    is_current = run.run in planned and planned[run.run].fingerprint == run.fingerprint
    return is_current and run.coordinates.kind in COMPARED


def _remarks_on_machines(runs: Sequence[RunResult]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): Remarks on runs that differ in their device or in versions of libraries."""
    values = {"device": Counter(run.device for run in runs)}
    for name in sorted({name for run in runs for name in run.versions}):
        values[f"version of {name}"] = Counter(run.versions.get(name, "unknown") for run in runs)
    remarks = []
    for name, counts in values.items():
        if len(counts) > 1:
            told = ", ".join(f"{value}: {count}" for value, count in counts.most_common())
            remarks.append(f"Compare with care: the runs differ in their {name} ({told}).")
    return tuple(remarks)


def _mend_analyses(workspace: Workspace, jobs: Jobs) -> None:
    """Repeat missing or damaged analyses of finished runs, based on the saved predictions."""
    finished = {run: job for run, job in jobs.items() if is_finished(workspace, run, job)}
    analyze_all(workspace, finished)
