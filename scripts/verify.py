"""Train a few finished runs again and compare their predictions with those on record."""
from pathlib import Path
from typing import Sequence

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.files import write_json
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.base.progress import progress
from scripts.encoders.record import AS_NAMED
from scripts.experiments.folders import lock_experiment
from scripts.experiments.verify import Verified, choose_runs, passes_to_verify, to_record, verify
from scripts.experiments.workspace import open_workspace


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    runs: int = option(3, "How many finished runs to train again."),
    draw: int = option(0, "Seed of drawing them; another one draws others."),
    # fmt: on
) -> None:
    """Train a few finished runs again and compare their predictions with those on record.

    Runs are drawn at random from all that are finished. What is on record stays as it is. Few-shot runs start from
    their source model as it is kept; all others train their model anew.
    """
    if runs < 1:
        raise ProjectError(f"{runs} runs", where="--runs", remedy="give 1 or more")
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        chosen = choose_runs(workspace, runs, draw)
        if not chosen:
            what = "no run is finished with the settings and data of today"
            raise ProjectError(what, where=f"experiment {experiment}", remedy="run `weasel run in-corpus` first")
        verified = []
        with progress(sum(passes_to_verify(workspace, run) for run in chosen), "sentence", smoothing=0.05) as bar:
            for run in chosen:
                bar.set_description(run.id)
                verified.append(verify(workspace, run, bar.update))
    path = workspace.results / "verified.json"
    write_json(path, to_record(verified))
    show(verified)
    msg.good(f"All {len(verified)} predict what is on record", path)


def show(verified: Sequence[Verified]) -> None:
    """Print what came of each run.

    verified (Sequence[Verified]): What came of verifying.
    RAISES (ProjectError): If a run predicts something else than is on record.
    """
    for one in verified:
        changed = "; ".join(f"{name} was {before} and is {now}" for name, (before, now) in one.changed.items())
        if one.is_equal:
            msg.info(f"{one.run}: equal in all {one.documents} documents")
        else:
            msg.warn(f"{one.run}: differs in {one.different} of {one.documents} documents", changed)
    different = [one for one in verified if not one.is_equal]
    if different:
        is_elsewhere = any(one.changed for one in different)
        remedy = (
            "with other libraries or hardware the last digits differ: compare the F1 scores in verified.json"
            if is_elsewhere
            else "libraries and hardware are the same: was a file of the runs changed by hand?"
        )
        raise ProjectError(f"{len(different)} of {len(verified)} runs predict something else", remedy=remedy)


if __name__ == "__main__":
    command.run(main)
