"""Tell which results would come out of today's data, settings and encoder, for the report to show no others."""
from pathlib import Path
from typing import Optional

from wasabi import msg

from scripts.experiments.analysis import analyse_all
from scripts.experiments.execute import Jobs, jobs_of
from scripts.experiments.settings import read_experiment
from scripts.experiments.workspace import Workspace, open_workspace
from scripts.results.runs import Ledger, StartedWith, read_plans


def todays_fingerprints(
    experiment: str, configs: Path, corpus: Path, training: Path, metrics: Path
) -> Optional[dict[str, str]]:
    """Plan the kinds of runs that were begun once more, with the data, settings and encoder of today.

    experiment (str): The experiment's name.
    configs (Path): Folder with `experiments/` and `corpora/`.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder of the encoders' records.
    metrics (Path): Folder of the results.
    RETURNS (Optional[dict[str, str]]): The fingerprint of each run by its id; None where the corpora are not here, as
        where only results were copied.
    RAISES (ProjectError): If the experiment can't be opened, as after a corpus file was changed, or runs are of an
        earlier version.
    """
    names = read_experiment(configs, experiment).corpora
    if not any((corpus / name).is_dir() for name in names):
        msg.warn("The corpora are not here: that the results are of today's data is not checked")
        return None
    # Their plans, too, had another form.
    Ledger(metrics / experiment / "runs").check_layout()
    opened: dict[StartedWith, Workspace] = {}
    fingerprints: dict[str, str] = {}
    for kind, plan in read_plans(metrics / experiment).items():
        key = plan.started_with
        if key not in opened:
            places = (configs, corpus, training, metrics)
            opened[key] = open_workspace(
                experiment, *places, key.seed, key.threads, gpu_id=-1, encoder=key.encoder, precision=key.precision
            )
        jobs = jobs_of(opened[key], kind)
        fingerprints |= {run.id: job.fingerprint for run, job in jobs.items()}
        _mend_analyses(opened[key], jobs)
    return fingerprints


def _mend_analyses(workspace: Workspace, jobs: Jobs) -> None:
    """Make the analyses of finished runs anew that were lost or damaged since: they follow from the predictions."""
    ledger = Ledger(workspace.runs)
    finished = {run: job for run, job in jobs.items() if ledger.is_finished(run.id, job.fingerprint)}
    analyse_all(workspace, finished)
