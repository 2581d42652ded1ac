"""Train and save the shipped pipeline of an experiment."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.base.progress import progress
from scripts.encoders.record import AS_NAMED
from scripts.experiments.folders import lock_experiment
from scripts.experiments.models import find_model, get_model, passes_to_train
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import open_workspace


def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
) -> None:
    """Train and save the pipeline that the experiment ships (`ship`).

    If data and settings have not changed, the pipeline is not trained again. `evaluate` scores it, and `package` builds
    a wheel from it.
    """
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        wanted = shipped_model(workspace.experiment)
        kept = find_model(workspace, wanted)
        if kept:
            msg.info("Nothing has changed since the pipeline was trained")
        else:
            with progress(passes_to_train(workspace, wanted), "sentence", smoothing=0.05) as bar:
                kept = get_model(workspace, wanted, bar.update)
        msg.good("The pipeline is", kept.pipeline)


if __name__ == "__main__":
    command.run(main)
