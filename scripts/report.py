"""Write the tables, the figures and the HTML report of an experiment, and print the short answer."""
from pathlib import Path
from typing import Annotated, Optional

import typer
from matplotlib.figure import Figure
from wasabi import msg

from scripts.base.command import run
from scripts.base.files import atomic_file, write_text
from scripts.base.locks import locked
from scripts.base.options import Configs, Corpus, Experiment, Metrics, Training
from scripts.experiments.folders import corpora_of
from scripts.experiments.today import plan_today
from scripts.reporting.answer import failures, metric, short_answer, unfinished
from scripts.reporting.calibration_figures import figure_reliability
from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.figures import figure1_learning_curves, to_png, to_svg
from scripts.reporting.forecast_figures import figure_forecast
from scripts.reporting.formats import Table, to_csv, to_markdown
from scripts.reporting.page import render_page
from scripts.reporting.research_questions import research_questions
from scripts.reporting.results import Results, read_results
from scripts.reporting.screen import print_table
from scripts.reporting.selection_figures import figure_selection
from scripts.reporting.tables.calibration import table_calibration
from scripts.results.calibration import Calibration, find_todays_calibration

Paper = Annotated[Path, typer.Option(help="Folder of the paper's own numbers; nothing is held against it if absent.")]
ON_SCREEN = ("table2_in_corpus", "table3_zero_shot", "table5_sentences_needed")


def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    metrics: Metrics = Path("metrics"),
    paper: Paper = Path("assets/paper"),
) -> None:
    """Write tables, figure and report of an experiment, and print the short answer."""
    with locked(read=corpora_of(experiment, configs, corpus)):
        today = plan_today(experiment, configs, corpus, training, metrics)
        results = read_results(metrics, experiment, paper, today)
        calibration = find_todays_calibration(metrics / experiment, today)
        tables, further = paper_tables(results), further_tables(results)
        further += [table_calibration(calibration)] if calibration else []
        page = write_report(results, tables, further, metrics / experiment, calibration)
        print_answer(results)
        for table in tables + further:
            if table.name in ON_SCREEN:
                print_table(table)
        msg.good(f"Report: {page}")


def write_report(
    results: Results,
    tables: list[Table],
    further: list[Table],
    folder: Path,
    calibration: Optional[Calibration] = None,
) -> Path:
    """Write every table, the figures and the page.

    results (Results): The experiment.
    tables (list[Table]): The paper's.
    further (list[Table]): Those beyond the paper.
    folder (Path): The experiment's folder of results.
    calibration (Optional[Calibration]): That of the shipped pipeline, if there is one.
    RETURNS (Path): The HTML page.
    """
    for table in tables + further:
        write_text(folder / "tables" / f"{table.name}.csv", to_csv(table))
        write_text(folder / "tables" / f"{table.name}.md", to_markdown(table))
    figure = write_figure(figure1_learning_curves(results), folder / "figures" / "figure1_learning_curves")
    forecast = write_figure(figure_forecast(results), folder / "figures" / "forecast")
    reliability = folder / "figures" / "reliability"
    drawn = write_figure(figure_reliability(calibration), reliability) if calibration else b""
    selection = folder / "figures" / "selection"
    chosen = write_figure(figure_selection(results), selection) if results.chosen else b""
    page = folder / "report.html"
    write_text(page, render_page(results, tables, further, figure, forecast, drawn, chosen))
    return page


def write_figure(figure: Figure, stem: Path) -> bytes:
    """RETURNS (bytes): The figure as SVG, as it is written to STEM.svg, with STEM.png beside it."""
    svg = to_svg(figure)
    for suffix, image in (("svg", svg), ("png", to_png(figure))):
        with atomic_file(stem.with_name(f"{stem.name}.{suffix}")) as partial:
            partial.write_bytes(image)
    return svg


def print_answer(results: Results) -> None:
    """Print the short answer for every target."""
    msg.divider("Answer")
    for answer in short_answer(results):
        print("\n".join(answer.sentences), end="\n\n")
    for question in research_questions(results):
        print("\n".join([question.question, *question.answers, question.paper]), end="\n\n")
    for warning in (failures(results), unfinished(results)):
        if warning:
            msg.warn(warning)
    print(metric(results))


if __name__ == "__main__":
    run(main)
