"""Write the results of a benchmark: JSON with all measurements and their conditions, tables and a figure."""
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Sequence

from matplotlib.figure import Figure

from scripts.base.files import atomic_file, write_json, write_text
from scripts.base.machine import processor
from scripts.experiments.workspace import Workspace
from scripts.reporting.figures import to_png, to_svg
from scripts.reporting.formats import Table, to_csv, to_markdown

LIBRARIES = ("spacy", "spacy-transformers", "thinc", "torch", "transformers", "accelerate")


def benchmark_file(configs: Path) -> Path:
    """RETURNS (Path): The benchmark's settings, from the given folder or the project's own."""
    own = configs / "benchmark.yml"
    return own if own.is_file() else Path("configs") / "benchmark.yml"


def about(workspace: Workspace, device: str) -> dict[str, Any]:
    """RETURNS (dict): The conditions of the measurements."""
    encoder = workspace.recipe.encoder.name if workspace.recipe.encoder else "no encoder"
    threads = f"{workspace.threads} thread{'s' if workspace.threads > 1 else ''}"
    return {
        "title": f"{workspace.name}, {encoder}, {processor() if device == 'cpu' else device}, {threads}",
        "experiment": workspace.name,
        "encoder": encoder,
        "precision": workspace.started_with.precision,
        "device": device,
        "processor": processor(),
        "threads": workspace.threads,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}},
    }


def write_record(stem: Path, data: dict[str, Any], tables: Sequence[Table], figure: Figure) -> None:
    """Write measurements, tables and a figure.

    stem (Path): Path of the files without suffix.
    data (dict): Contents of the JSON file.
    tables (Sequence[Table]): The tables, for one Markdown file together and a CSV file each.
    figure (Figure): The figure, written as PNG and SVG.
    """
    write_json(stem.with_suffix(".json"), data)
    write_text(stem.with_suffix(".md"), "\n".join(map(to_markdown, tables)))
    for table in tables:
        write_text(stem.with_name(f"{stem.name}_{table.name}.csv"), to_csv(table))
    for suffix, image in ((".png", to_png(figure)), (".svg", to_svg(figure))):
        with atomic_file(stem.with_suffix(suffix)) as partial:
            partial.write_bytes(image)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
