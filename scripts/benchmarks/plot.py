"""Plot the ratios of a benchmark, and how cost grows with size."""
from typing import Mapping, Sequence

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.ratios import Ratio
from scripts.reporting.figures import STYLE

OURS, AIM = "#0072B2", "#D55E00"
LINEAR = "#999999"
RATIO_LEGEND = "speed relative to the peer (dot: median of the turns; line: lowest to highest; bar: the aim)"


def ratio_figure(ratios: Sequence[Ratio], title: str) -> Figure:
    """Plot the speed of this project relative to each peer.

    ratios (Sequence[Ratio]): The comparisons.
    title (str): Title of the figure.
    RETURNS (Figure): A figure with one row per comparison: a dot, and a line from the lowest to the highest turn.
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
        figure.supxlabel(RATIO_LEGEND, fontsize=9)
        figure.suptitle(title, fontsize=10)
    return figure


def growth_figure(curves: Mapping[str, Sequence[Measurement]], title: str) -> Figure:
    """Plot time and memory against size. Time has logarithmic axes, where linear growth is a line with slope 1.

    curves (Mapping[str, Sequence[Measurement]]): Measurements in ascending order of size, by the name of the size.
    title (str): Title of the figure.
    RETURNS (Figure): A figure with time in the upper row, memory in the lower row, and one column per curve.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3 * len(curves), 5), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, len(curves), squeeze=False)
        for column, (name, points) in enumerate(curves.items()):
            sizes, seconds = [point.amount for point in points], [point.cpu for point in points]
            memory = [point.memory for point in points]
            above, below = panels[0][column], panels[1][column]
            above.loglog(sizes, [seconds[-1] * size / sizes[-1] for size in sizes], "--", color=LINEAR)
            above.loglog(sizes, seconds, "o-", color=OURS)
            above.set_ylim(min(seconds) / 1.5, max(seconds) * 1.5)
            below.semilogx(sizes, memory, "o-", color=OURS)
            below.set_ylim(0, 1.15 * max(memory))
            below.set_xlabel(name)
            for axes in (above, below):
                axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
                axes.minorticks_off()
        panels[0][0].set_ylabel("CPU seconds (dashed: linear)")
        panels[1][0].set_ylabel("MB, the whole process")
        figure.suptitle(title, fontsize=10)
    return figure


def _name(ratio: Ratio) -> str:
    comparison = ratio.comparison
    return f"{comparison.task}: {comparison.subject.removeprefix('this project, ')} / {comparison.peer}"
