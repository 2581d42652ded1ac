"""Write the tables, the figures and the HTML report of an experiment, and print the answer."""
from pathlib import Path, PurePath
from typing import Annotated, Any, Collection, Optional, Sequence

import srsly
import typer
from matplotlib.figure import Figure
from wasabi import msg

from scripts.base.command import run
from scripts.base.files import atomic_file, write_text
from scripts.base.locks import locked
from scripts.base.options import Configs, Corpus, Experiment, Metrics, Training
from scripts.experiments.current import read_current_state
from scripts.experiments.folders import corpora_of
from scripts.experiments.settings import read_experiment
from scripts.reporting.calibration_figures import figure_reliability
from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.decision import decide
from scripts.reporting.figures import figure1_learning_curves, to_png, to_svg
from scripts.reporting.forecast_figures import figure_forecast
from scripts.reporting.formats import to_csv, to_markdown
from scripts.reporting.page import NO_EXTRAS, PageContent, PageExtras, render_page
from scripts.reporting.remarks import failures, unfinished
from scripts.reporting.results import Results, read_results
from scripts.reporting.screen import decision_lines
from scripts.reporting.selection_figures import figure_selection
from scripts.reporting.tables.calibration import table_calibration
from scripts.reporting.tables.error_examples import tables_of_error_examples
from scripts.results.calibration import Calibration, find_current_calibration
from scripts.results.kinds import SHIPPED
from scripts.shipping.built import find_wheel, read_record
from scripts.shipping.naming import package_name

Paper = Annotated[Path, typer.Option(help="Folder of the paper's values, shown if the experiment file asks for them.")]
Packages = Annotated[Path, typer.Option(help="Folder that holds the wheel.")]
Name = Annotated[str, typer.Option(help="Name of the package, without xx_.")]
Version = Annotated[str, typer.Option(help="Version of the package.")]
# Tables and figures that depend on what was run and on the settings.
NOT_ALWAYS_MADE = (
    *("table5_paper_recomputed", "shipped", "calibration", "reliability"),
    *("selection", "selection_needed", "selection_significance"),
)
# The answer should fit on the last screen, whatever was printed before.
LINES = 10


def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    metrics: Metrics = Path("metrics"),
    paper: Paper = Path("assets/paper"),
    packages: Packages = Path("packages"),
    name: Name = "drug_disease",
    version: Version = "0.1.0",
) -> None:
    """Write the tables, figures and report of an experiment, and print the answer."""
    settings, package = read_experiment(configs, experiment), package_name(name, version)
    with locked(read=corpora_of(experiment, configs, corpus)):
        current = read_current_state(experiment, configs, corpus, training, metrics)
        results = read_results(metrics, experiment, paper if settings.report.paper else None, current)
        calibration = find_current_calibration(metrics / experiment, current)
        wheel = find_wheel(packages, package, metrics / experiment) if results.of(SHIPPED) else None
        record = read_record(wheel, package) if wheel else None
        extras = PageExtras(
            settings=srsly.yaml_dumps(without_folders(settings.model_dump(mode="json", exclude_unset=True))),
            wheel=without_folders(str(wheel or "")),
            how_trained=record.how_trained if record else "",
            training=record.training if record else "",
            error_examples=tables_of_error_examples(results, corpus) if settings.report.error_examples else (),
        )
        page = write_report(results, metrics / experiment, calibration, extras)
    print_answer(results, page, wheel)


def without_folders(settings: Any) -> Any:
    """RETURNS (Any): The settings without this machine's folders: absolute paths are cut to their last part."""
    if isinstance(settings, dict):
        return {key: without_folders(value) for key, value in settings.items()}
    if isinstance(settings, list):
        return [without_folders(value) for value in settings]
    return PurePath(settings).name if isinstance(settings, str) and PurePath(settings).is_absolute() else settings


def write_report(
    results: Results, folder: Path, calibration: Optional[Calibration] = None, extras: PageExtras = NO_EXTRAS
) -> Path:
    """Write every table, the figures and the page.

    results (Results): The experiment.
    folder (Path): Its folder of results.
    calibration (Optional[Calibration]): Calibration of the shipped pipeline, if there is one.
    extras (PageExtras): Content that appears only on the page.
    RETURNS (Path): The HTML page.
    """
    tables, further = paper_tables(results), further_tables(results)
    further += [table_calibration(calibration)] if calibration else []
    remove_stale(folder / "tables", {table.name for table in (*tables, *further)})
    for table in (*tables, *further):
        write_text(folder / "tables" / f"{table.name}.csv", to_csv(table))
        write_text(folder / "tables" / f"{table.name}.md", to_markdown(table))
    figures = write_figures(results, calibration, folder / "figures")
    page = folder / "report.html"
    write_text(page, render_page(results, PageContent(tables, further, figures, calibration, extras)))
    return page


def remove_stale(folder: Path, made: Collection[str]) -> None:
    """Delete files of an earlier report that this one doesn't write: they would look like current results.

    folder (Path): The folder of the tables, or of the figures.
    made (Collection[str]): The stems of the files that are written now. Files that no report writes are kept.
    """
    for path in folder.glob("*"):
        if path.stem in NOT_ALWAYS_MADE and path.stem not in made:
            path.unlink()


def write_figures(results: Results, calibration: Optional[Calibration], folder: Path) -> dict[str, bytes]:
    """Draw the figures and write each as SVG and PNG.

    results (Results): The experiment.
    calibration (Optional[Calibration]): Calibration of the shipped pipeline, if there is one.
    folder (Path): The folder of the figures.
    RETURNS (dict[str, bytes]): The SVG of each, by the stem of its files.
    """
    figures = {"figure1_learning_curves": figure1_learning_curves(results), "forecast": figure_forecast(results)}
    if calibration:
        figures["reliability"] = figure_reliability(calibration)
    if results.chosen:
        figures["selection"] = figure_selection(results)
    remove_stale(folder, figures)
    return {name: write_figure(figure, folder / name) for name, figure in figures.items()}


def write_figure(figure: Figure, stem: Path) -> bytes:
    """RETURNS (bytes): The figure as SVG, which is also written to STEM.svg, next to STEM.png."""
    svg = to_svg(figure)
    for suffix, image in (("svg", svg), ("png", to_png(figure))):
        with atomic_file(stem.with_name(f"{stem.name}.{suffix}")) as partial:
            partial.write_bytes(image)
    return svg


def print_answer(results: Results, page: Path, wheel: Optional[Path]) -> None:
    """Print the answer for every target and the paths of the report and the wheel, in ten lines."""
    msg.divider("Answer")
    lines = decision_lines(decide(results, results.document_counts))
    places = [f"Report: {page}", *([f"Wheel: {wheel}"] if wheel else [])]
    warnings = [*unfinished(results), *failures(results)]
    room = max(1, LINES - 1 - len(lines) - len(places))
    # Not with wasabi, which wraps lines and would break the paths.
    print("\n".join([*lines, *_fitting(warnings, room), *places]))


def _fitting(warnings: Sequence[str], room: int) -> list[str]:
    if len(warnings) <= room:
        return [f"Warning: {warning}" for warning in warnings]
    *first, last = warnings[:room]
    return [*(f"Warning: {one}" for one in first), f"Warning: {last} ({len(warnings) - room} more in the report)"]


if __name__ == "__main__":
    run(main)
