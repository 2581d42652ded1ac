"""Train on each corpus's training part and test on its own test part (paper, Table 2)."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.options import (
    Address,
    Configs,
    Corpus,
    Encoder,
    Executor,
    Experiment,
    GpuId,
    GpusPerRun,
    Metrics,
    Seed,
    Threads,
    Training,
    Verbose,
    Workers,
)
from scripts.encoders.record import AS_NAMED
from scripts.experiments.execute import execute_kind, show
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.experiments.folders import lock_experiment
from scripts.experiments.workspace import open_workspace
from scripts.results.kinds import IN_CORPUS


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
    executor: Executor = LOCAL,
    workers: Workers = AUTO,
    address: Address = "",
    gpus_per_run: GpusPerRun = 1.0,
    verbose: Verbose = False,
) -> None:
    """Train on each corpus's training part and test on its own test part (paper, Table 2).

    These models are also the sources for `zero-shot` and `few-shot`. Finished runs are not repeated.
    """
    chosen = choose_executor(executor, workers, address, threads, gpu_id, gpus_per_run)
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        show(execute_kind(workspace, IN_CORPUS, chosen, verbose))
        msg.good("Results are in", workspace.runs)


if __name__ == "__main__":
    command.run(main)
