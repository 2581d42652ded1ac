"""Command: the runs of an experiment in, its tables, Figure 1 and the HTML report out."""
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from scripts.base.command import run
from scripts.base.files import atomic_file, write_text
from scripts.base.options import Experiment, Metrics
from scripts.reporting.answer import METRIC, short_answer, unfinished
from scripts.reporting.figures import figure1_learning_curves, to_png, to_svg
from scripts.reporting.formats import Table, to_csv, to_markdown
from scripts.reporting.page import render_page
from scripts.reporting.results import Results, read_results
from scripts.reporting.screen import print_table
from scripts.reporting.tables import make_tables

Paper = Annotated[Path, typer.Option(help="Folder of the paper's own numbers; nothing is held against it if absent.")]
ON_SCREEN = ("table2_in_corpus", "table3_zero_shot", "table5_sentences_needed")


def main(
    experiment: Experiment = "sample",
    metrics: Metrics = Path("metrics"),
    paper: Paper = Path("assets/paper"),
) -> None:
    """Write tables, figure and report of an experiment, and print the short answer."""
    results = read_results(metrics, experiment, paper)
    tables = make_tables(results)
    page = write_report(results, tables, metrics / experiment)
    print_answer(results)
    for table in tables:
        if table.name in ON_SCREEN:
            print_table(table)
    msg.good(f"Report: {page}")


def write_report(results: Results, tables: list[Table], folder: Path) -> Path:
    """Write every table, the figure and the page.

    results (Results): The experiment.
    tables (list[Table]): See `make_tables`.
    folder (Path): The experiment's folder of results.
    RETURNS (Path): The HTML page.
    """
    for table in tables:
        write_text(folder / "tables" / f"{table.name}.csv", to_csv(table))
        write_text(folder / "tables" / f"{table.name}.md", to_markdown(table))
    figure = figure1_learning_curves(results)
    svg = to_svg(figure)
    for suffix, image in (("svg", svg), ("png", to_png(figure))):
        with atomic_file(folder / "figures" / f"figure1_learning_curves.{suffix}") as partial:
            partial.write_bytes(image)
    page = folder / "report.html"
    write_text(page, render_page(results, tables, svg))
    return page


def print_answer(results: Results) -> None:
    """Print the short answer for every target."""
    msg.divider("Answer")
    for answer in short_answer(results):
        print("\n".join(answer.sentences), end="\n\n")
    if unfinished(results):
        msg.warn(unfinished(results))
    print(METRIC)


if __name__ == "__main__":
    run(main)
