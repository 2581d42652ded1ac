"""Command: this project's speed and memory against named peers, in turn, as tables, JSON and a plot."""
import importlib.util
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wasabi import msg

from scripts.base import command
from scripts.base.errors import ProjectError
from scripts.base.files import atomic_file, write_json, write_text
from scripts.base.options import Configs, Corpus, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.base.settings import read_settings
from scripts.benchmarks.material import prepare_material
from scripts.benchmarks.peers import COMPARISONS, PEERS
from scripts.benchmarks.plot import ratio_figure
from scripts.benchmarks.ratios import compare
from scripts.benchmarks.settings import BenchmarkSettings
from scripts.benchmarks.tables import benchmark_tables
from scripts.benchmarks.turns import Result, measure_in_turn
from scripts.experiments.device import use_device
from scripts.experiments.workspace import Workspace, open_workspace
from scripts.reporting.figures import to_png, to_svg
from scripts.reporting.formats import to_csv, to_markdown
from scripts.reporting.screen import print_table

LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers", "accelerate")


def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    metrics: Metrics = Path("metrics"),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
) -> None:
    """Measure training, prediction, a few-shot grid, conversion and imports, against named peers.

    Every peer runs in a process of its own, on the same sentences, encoder, batch size, epochs and threads, all of them
    in turn, several times. Settings stand in CONFIGS/benchmark.yml.
    """
    check_requirements()
    settings = read_settings(benchmark_file(configs), BenchmarkSettings)
    settings = settings.model_copy(update={"seed": settings.seed + seed})
    workspace = open_workspace(experiment, configs, corpus, training, metrics, 0, threads, gpu_id)
    device = use_device(threads, gpu_id)
    with TemporaryDirectory() as folder:
        msg.info("Drawing sentences and training the weights to predict with")
        prepare_material(workspace, configs, settings, Path(folder))
        results = measure_in_turn(PEERS, settings.turns, Path(folder), threads)
    stem = metrics / experiment / "benchmark"
    write_results(results, settings, about(workspace, device), stem)
    for table in benchmark_tables(results):
        print_table(table)
    msg.good(f"Results are in {stem}.json, .md and .png")


def check_requirements() -> None:
    """RAISES (ProjectError): If a peer is not installed."""
    if importlib.util.find_spec("accelerate") is None:
        remedy = "run `python -m pip install -r requirements-benchmark.txt`"
        raise ProjectError("accelerate, which Hugging Face's Trainer needs, is not installed", remedy=remedy)


def benchmark_file(configs: Path) -> Path:
    """RETURNS (Path): The benchmark's settings, from the folder given or else from the project's own."""
    own = configs / "benchmark.yml"
    return own if own.is_file() else Path("configs") / "benchmark.yml"


def about(workspace: Workspace, device: str) -> dict[str, Any]:
    """RETURNS (dict): What the figures were measured with."""
    return {
        "experiment": workspace.name,
        "encoder": workspace.encoder.name,
        "precision": workspace.precision,
        "device": device,
        "processor": processor(),
        "threads": workspace.threads,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def processor() -> str:
    """RETURNS (str): The processor's name, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write_results(results: list[Result], settings: BenchmarkSettings, about: dict[str, Any], stem: Path) -> None:
    """Write everything that was measured, the tables, and the picture.

    results (list[Result]): All measurements.
    settings (BenchmarkSettings): What they were made with.
    about (dict): See `about`.
    stem (Path): Path of the files without their suffix.
    """
    measurements = [asdict(result) for result in results]
    write_json(
        stem.with_suffix(".json"), {"about": about, "settings": settings.model_dump(), "measurements": measurements}
    )
    tables = benchmark_tables(results)
    write_text(stem.with_suffix(".md"), "\n".join(map(to_markdown, tables)))
    for table in tables:
        write_text(stem.with_name(f"{stem.name}_{table.name}.csv"), to_csv(table))
    title = f"{about['experiment']}, {about['encoder']}, {about['processor']}, {about['threads']} thread(s)"
    figure = ratio_figure(compare(results, COMPARISONS), title)
    for suffix, image in ((".png", to_png(figure)), (".svg", to_svg(figure))):
        with atomic_file(stem.with_suffix(suffix)) as partial:
            partial.write_bytes(image)


if __name__ == "__main__":
    command.run(main)
