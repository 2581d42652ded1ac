"""Ratios of a benchmark as a picture: a dot for each comparison, a line from the lowest to the highest turn."""
from typing import Sequence

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scripts.benchmarks.ratios import Ratio
from scripts.reporting.figures import STYLE

OURS, AIM = "#0072B2", "#D55E00"


def ratio_figure(ratios: Sequence[Ratio], title: str) -> Figure:
    """Draw how many times as fast this project is as each peer.

    ratios (Sequence[Ratio]): The comparisons.
    title (str): What was measured on what.
    RETURNS (Figure): One line for each comparison.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 1.2 + 0.32 * len(ratios)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for row, ratio in enumerate(reversed(ratios)):
            axes.plot([ratio.wall.lowest, ratio.wall.highest], [row, row], color=OURS, linewidth=2)
            axes.plot(ratio.wall.median, row, "o", color=OURS)
            aim = ratio.comparison.at_least or (ratio.comparison.at_most and 1 / ratio.comparison.at_most)
            if aim:
                axes.plot(aim, row, "|", color=AIM, markersize=14, markeredgewidth=2)
        axes.axvline(1, color="#666666", linewidth=1)
        axes.set_yticks(range(len(ratios)), [_name(ratio) for ratio in reversed(ratios)])
        axes.set_xlabel("times as fast as the peer; dot: median of the turns, line: lowest to highest, bar: the aim")
        axes.set_title(title, fontsize=10)
    return figure


def _name(ratio: Ratio) -> str:
    comparison = ratio.comparison
    return f"{comparison.task}: {comparison.subject.removeprefix('this project, ')} / {comparison.peer}"
