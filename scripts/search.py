"""Search for settings on held-out documents of training parts, and name the winners."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.files import write_text
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
    Workers,
)
from scripts.encoders.record import AS_NAMED
from scripts.evaluation.search import compare_candidates
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.experiments.folders import lock_experiment
from scripts.experiments.search import execute_search, search_settings, write_search
from scripts.experiments.workspace import open_workspace
from scripts.reporting.formats import to_csv, to_markdown
from scripts.reporting.screen import print_table
from scripts.reporting.tables.search import name_winners, table_search


def main(
    experiment: Experiment = "search_sample",
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
) -> None:
    """Search for settings on held-out documents of training parts, and name the winners.

    The candidates are under `search` in the experiment file: a base, and values that replace one of its settings at a
    time. They are scored on held-out documents of each training part. No test part is read. Finished runs are not
    repeated. Tables are written to METRICS/EXPERIMENT/tables/search.csv and .md.
    """
    chosen = choose_executor(executor, workers, address, threads, gpu_id, gpus_per_run)
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        search = search_settings(workspace)
        results = execute_search(workspace, search, chosen)
        comparisons = compare_candidates(results)
        path, table = write_search(workspace, search, results), table_search(comparisons)
        write_text(path.parent / "tables" / "search.csv", to_csv(table))
        write_text(path.parent / "tables" / "search.md", to_markdown(table))
        print_table(table)
        for line in name_winners(comparisons):
            msg.info(line)
        msg.good("Results are in", path)


if __name__ == "__main__":
    command.run(main)
