"""Measure how time and memory grow with sentences, sentence length, document length, entity types and runs."""
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from wasabi import msg

from scripts.base import command
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.base.progress import progress
from scripts.base.settings import read_settings
from scripts.benchmarks.material import prepare_material
from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import GROWTH, Peer
from scripts.benchmarks.plot import growth_figure
from scripts.benchmarks.record import about, benchmark_file, write_record
from scripts.benchmarks.settings import BenchmarkSettings
from scripts.benchmarks.tables import growth_table
from scripts.benchmarks.turns import measure
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
    """Measure how time and memory grow with one quantity at a time, with a separate process for each size."""
    settings = read_settings(benchmark_file(configs), BenchmarkSettings)
    settings = shift_seeds(settings, seed)
    with lock_experiment(experiment, configs, corpus, training, metrics):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, 0, threads, gpu_id, encoder)
        device = use_device(threads, gpu_id)
        with TemporaryDirectory() as folder:
            prepare_material(workspace, configs, settings, Path(folder))
            curves = measure_growth(Path(folder), threads)
        facts = about(workspace, device)
        table, figure = growth_table(curves), growth_figure(curves, facts["title"])
        found = {name: [asdict(point) for point in points] for name, points in curves.items()}
        stem = metrics / experiment / "benchmark_growth"
        write_record(stem, {"about": facts, "measurements": found}, [table], figure)
        print_table(table)
        msg.good(f"Results are in {stem}.json, .md and .png")


def measure_growth(folder: Path, threads: int) -> dict[str, list[Measurement]]:
    """Measure every size of every quantity that grows.

    folder (Path): Folder with the material.
    threads (int): CPU threads of every worker.
    RETURNS (dict[str, list[Measurement]]): The measurements for each quantity, with ascending sizes.
    """
    curves: dict[str, list[Measurement]] = {}
    with progress(sum(map(len, GROWTH.values())), "size") as bar:
        for function, sizes in GROWTH.items():
            for size in sizes:
                bar.set_description(f"{function} {size}")
                (found,) = measure(Peer(function, f"{function}:{size}", ""), folder, threads)
                curves.setdefault(found.task, []).append(found)
                bar.update()
    return curves


if __name__ == "__main__":
    command.run(main)
