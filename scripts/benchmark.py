"""Compare this project's speed and memory with named peers, and write tables, JSON and a plot."""
import importlib.util
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from wasabi import msg

from scripts.base import command
from scripts.base.errors import ProjectError
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.base.settings import read_settings
from scripts.benchmarks.material import prepare_material
from scripts.benchmarks.peers import COMPARISONS, PEERS
from scripts.benchmarks.plot import ratio_figure
from scripts.benchmarks.ratios import compare
from scripts.benchmarks.record import about, benchmark_file, write_record
from scripts.benchmarks.settings import BenchmarkSettings
from scripts.benchmarks.tables import benchmark_tables, paper_estimate
from scripts.benchmarks.turns import measure_in_turn
from scripts.encoders.record import AS_NAMED
from scripts.experiments.device import use_device
from scripts.experiments.folders import lock_experiment
from scripts.experiments.settings import shift_seeds
from scripts.experiments.workspace import open_workspace
from scripts.reporting.screen import print_table


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
    """Measure training, prediction, a few-shot grid, conversion and imports, and compare them with named peers.

    Every peer runs in its own process, with the same sentences, encoder, batch size, epochs and threads. The peers take
    turns, several times. The settings are in CONFIGS/benchmark.yml.
    """
    check_requirements()
    settings = read_settings(benchmark_file(configs), BenchmarkSettings)
    settings = shift_seeds(settings, seed)
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, 0, threads, gpu_id, encoder)
        device = use_device(threads, gpu_id)
        with TemporaryDirectory() as folder:
            msg.info("Drawing sentences and training a model for predictions")
            prepare_material(workspace, configs, settings, Path(folder))
            results = measure_in_turn(PEERS, settings.turns, Path(folder), threads)
        facts, tables = about(workspace, device), benchmark_tables(results)
        figure = ratio_figure(compare(results, COMPARISONS), facts["title"])
        measurements = [asdict(result) for result in results]
        stem = metrics / experiment / "benchmark"
        told = {"about": facts, "settings": settings.model_dump(), "estimate": paper_estimate(results)}
        data = {**told, "measurements": measurements}
        write_record(stem, data, tables, figure)
        for table in tables:
            print_table(table)
        print(f"\n{data['estimate']}")
        msg.good(f"Results are in {stem}.json, .md and .png")


def check_requirements() -> None:
    """Check that all peers are installed.

    RAISES (ProjectError): If one is not.
    """
    if importlib.util.find_spec("accelerate") is None:
        remedy = "run `python -m pip install -r requirements-benchmark.txt`"
        raise ProjectError("accelerate, which Hugging Face's Trainer needs, is not installed", remedy=remedy)


if __name__ == "__main__":
    command.run(main)
