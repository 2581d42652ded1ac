"""Command: the runs of an experiment in, its tables, Figure 1 and the HTML report out."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import run
from scripts.base.files import atomic_file, write_text
from scripts.base.options import Experiment, Metrics
from scripts.reporting.answer import METRIC, short_answer, unfinished
from scripts.reporting.figures import figure1_learning_curves, to_png, to_svg
from scripts.reporting.formats import Table, format_cell, is_number_column, to_csv, to_markdown
from scripts.reporting.page import render_page
from scripts.reporting.results import Results, read_results
from scripts.reporting.tables import TABLES

ON_SCREEN = ("table2_in_corpus", "table3_zero_shot", "table5_sentences_needed")


def main(
    experiment: Experiment = "sample",
    metrics: Metrics = Path("metrics"),
) -> None:
    """Write tables, figure and report of an experiment, and print the short answer."""
    results = read_results(metrics, experiment)
    tables = [make_table(results) for make_table in TABLES]
    page = write_report(results, tables, metrics / experiment)
    print_answer(results)
    for table in tables:
        if table.name in ON_SCREEN:
            print_table(table)
    msg.good(f"Report: {page}")


def write_report(results: Results, tables: list[Table], folder: Path) -> Path:
    """Write every table, the figure and the page.

    results (Results): The experiment.
    tables (list[Table]): Tables 1 to 5, then every point of Figure 1.
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


def print_table(table: Table) -> None:
    """Print a table without its column of single seeds, which is too wide for a screen."""
    shown = [position for position, name in enumerate(table.columns) if not name.startswith("seeds")]
    rows = [[format_cell(row[position]) for position in shown] for row in table.rows]
    aligns = ["r" if is_number_column(table, position) else "l" for position in shown]
    msg.divider(table.title)
    if rows:
        msg.table(rows, header=[table.columns[position] for position in shown], aligns=aligns, divider=True)
    print(table.caption)


if __name__ == "__main__":
    run(main)
