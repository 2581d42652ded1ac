"""Train a few finished runs again, and compare their predictions with the recorded ones."""
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
    runs: int = option(3, "Number of finished runs to train again."),
    draw: int = option(0, "Seed for drawing the runs."),
    # fmt: on
) -> None:
    """Train a few finished runs again, and compare their predictions with the recorded ones.

    The runs are drawn at random from all finished ones. The recorded results don't change. Few-shot runs start from
    their saved source model. All other runs train their model again.
    """
    if runs < 1:
        raise ProjectError(f"--runs must be at least 1 (got {runs})")
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        chosen = choose_runs(workspace, runs, draw)
        if not chosen:
            what = "no finished run has the current settings and data"
            raise ProjectError(what, where=f"experiment {experiment}", remedy="run `weasel run in-corpus` first")
        verified = []
        with progress(sum(passes_to_verify(workspace, run) for run in chosen), "sentence", smoothing=0.05) as bar:
            for run in chosen:
                bar.set_description(run.id)
                verified.append(verify(workspace, run, bar.update))
    path = workspace.results / "verified.json"
    write_json(path, to_record(verified))
    show(verified)
    msg.good(f"All {len(verified)} runs predict the same as the recorded ones", path)


def show(verified: Sequence[Verified]) -> None:
    """Print the result of each run.

    verified (Sequence[Verified]): The results.
    RAISES (ProjectError): If the predictions of a run differ from the recorded ones.
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
            "the last digits differ between libraries and hardware: compare the F1 scores in verified.json"
            if is_elsewhere
            else "libraries and hardware are the same: check whether a file of the runs was changed by hand"
        )
        raise ProjectError(f"{len(different)} of {len(verified)} runs predict something different", remedy=remedy)


if __name__ == "__main__":
    command.run(main)
