"""Score the shipped pipeline of an experiment on the test part of every corpus."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.files import write_json, write_text
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
from scripts.experiments.execute import execute_kind
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.experiments.folders import lock_experiment
from scripts.experiments.other_seeds import scores_of_other_seeds
from scripts.experiments.workspace import open_workspace
from scripts.reporting.formats import to_csv, to_markdown
from scripts.reporting.screen import print_table
from scripts.reporting.tables.shipped import table_shipped
from scripts.results.kinds import SHIPPED
from scripts.shipping.meta import spacy_scores


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
    """Score the pipeline that the experiment ships (`ship`) on the test part of every corpus, also in capitals.

    The pipeline is trained first if needed. Each corpus gets a JSON file with the same keys as `spacy evaluate`. Use
    --seed to train with other seeds: the table has the mean of all seeds that were scored, without failed trainings.
    """
    chosen = choose_executor(executor, workers, address, threads, gpu_id, gpus_per_run)
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        results = execute_kind(workspace, SHIPPED, chosen, verbose)
        sound = [result for result in results if not result.problem]
        table = table_shipped([*sound, *sum(scores_of_other_seeds(workspace).values(), [])])
        print_table(table)
        folder = workspace.results / "evaluation"
        for result in results:
            write_json(folder / f"{result.coordinates.target}.json", spacy_scores(result.scores.tokens))
        write_text(folder / "scores.csv", to_csv(table))
        write_text(folder / "scores.md", to_markdown(table))
        msg.good("Scores are in", folder)


if __name__ == "__main__":
    command.run(main)
