"""Draw Figure 1 of the paper (learning curves), with identical bytes for identical runs."""
import io
from itertools import pairwise
from typing import Any, Callable, Optional, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scripts.reporting.paper_counterparts import named_in_paper, paper_curves, paper_full
from scripts.reporting.results import SHARE, Results, Setup
from scripts.results.kinds import ENCODER_ONLY, FEW_SHOT, FULL, NO_TRANSFER, ZERO_SHOT
from scripts.results.paper import NO_PRETRAIN

# Okabe and Ito's colors, which color-blind readers can distinguish: English blue, Russian orange, no pretrain black.
COLORS = {
    (): "#333333",
    ("en_ugt",): "#0072B2",
    ("en_ehr",): "#56B4E9",
    ("ru_ugt",): "#D55E00",
    ("ru_ehr",): "#E69F00",
}
MORE_COLORS = ("#009E73", "#CC79A7", "#8C6D1F", "#6A3D9A", "#999999")
MARKERS = {(): "o", ("en_ugt",): "s", ("en_ehr",): "^", ("ru_ugt",): "D", ("ru_ehr",): "v"}
# Not as many as colors: they are dealt in turn, so every pair comes up before one is repeated.
MORE_MARKERS = ("P", "X", "*", "h", "p", "<")
STYLES = {NO_TRANSFER: "-", FULL: "-", ENCODER_ONLY: (0, (4, 1.5))}
CONTROL_STYLE = (0, (1, 1.2))
SEQUENCE_STYLE = (0, (6, 1.5, 1, 1.5))
REFERENCE = "#666666"
PAPER = "#AAAAAA"
PAPER_SOURCES = "#DDDDDD"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "svg.hashsalt": "figure1",
    # Text stays text that can be searched, read aloud and edited; a name with a dollar sign is not a formula.
    "svg.fonttype": "none",
    "text.parse_math": False,
    "path.simplify": False,
}
PANEL_SIZE = (4.8, 3.2)
LABEL_GAP = 0.08
LEGEND = (
    "Line: mean over seeds; band: lowest to highest seed; faint dots: single seeds; open markers: zero-shot.\n"
    f"Dashed: full F1 (whole training part, no pretraining); dotted: {100 * SHARE:.0f} % of it."
)
PAPER_LEGEND = "\nThin gray: the paper's curves, the darker one without pretraining; dash-dotted: its full F1."
DOTS_PER_INCH = 150
# As a share of the largest sample size. Labels of closer sizes would overlap.
TICK_GAP = 0.13
# From this many sizes on, markers would hide the lines.
MANY_SIZES = 12

Label = tuple[float, str, str]


def figure1_learning_curves(results: Results) -> Figure:
    """Draw Figure 1 of the paper: F1 against annotated sentences of the target, one line per source.

    results (Results): The experiment.
    RETURNS (Figure): One row of panels per target, one column per entity type; only a note if there are no curves.
    """
    legend = LEGEND + (PAPER_LEGEND if set(results.targets) & set(named_in_paper(results)) else "")
    return draw_panels(results, _draw_panel, legend)


def draw_panels(results: Results, draw: Callable[[Axes, Results, str, str], None], legend: str) -> Figure:
    """Draw a panel for each target and entity type.

    results (Results): The experiment.
    draw (Callable): Draws one panel, given the results, a target and an entity type.
    legend (str): How to read it, below the panels.
    RETURNS (Figure): One row of panels per target, one column per entity type; only a note if there are no curves.
    """
    return draw_grid(
        results.targets,
        results.types,
        lambda panel, target, entity_type: draw(panel, results, target, entity_type),
        legend,
    )


def draw_grid(
    row_keys: Sequence[Any], column_keys: Sequence[Any], draw: Callable[[Axes, Any, Any], None], legend: str
) -> Figure:
    """Draw a grid with a panel for each pair of a row key and a column key.

    row_keys (Sequence): One per row.
    column_keys (Sequence): One per column.
    draw (Callable): Draws one panel, given its row key and column key.
    legend (str): How to read it, below the panels.
    RETURNS (Figure): The panels; only a note if there are no rows.
    """
    with matplotlib.rc_context(STYLE):
        rows, columns = len(row_keys), len(column_keys)
        figure = Figure(figsize=(PANEL_SIZE[0] * max(columns, 1), PANEL_SIZE[1] * max(rows, 1)), layout="constrained")
        FigureCanvasAgg(figure)
        if not rows:
            figure.text(0.5, 0.5, "No few-shot run is finished.", ha="center", va="center")
            return figure
        grid = figure.subplots(rows, columns, squeeze=False)
        for panels, row in zip(grid, row_keys, strict=True):
            for panel, column in zip(panels, column_keys, strict=True):
                draw(panel, row, column)
        figure.supxlabel(legend, fontsize=9, color=REFERENCE)
        figure.get_layout_engine().set(h_pad=0.1, w_pad=0.08)
        # Lay out once. Otherwise every save repeats the layout, and the bytes depend on earlier saves.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def to_svg(figure: Figure) -> bytes:
    """RETURNS (bytes): The figure as SVG, with its text as text and without a date."""
    return _saved(figure, "svg", {"Date": None, "Creator": None, "Format": None, "Type": None})


def to_png(figure: Figure) -> bytes:
    """RETURNS (bytes): The figure as PNG, readable at the width of a README."""
    return _saved(figure, "png", {"Software": None})


def colors_of(results: Results) -> dict[tuple[str, ...], str]:
    """RETURNS (dict): A color for every set of sources, fixed for the corpora of the paper."""
    return _assign(results, COLORS, MORE_COLORS)


def markers_of(results: Results) -> dict[tuple[str, ...], str]:
    """RETURNS (dict): A marker for every set of sources, fixed for the corpora of the paper."""
    return _assign(results, MARKERS, MORE_MARKERS)


def spread_apart(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart so that they don't overlap: downwards if there is room, keeping their order.

    positions (Sequence[float]): The labels' preferred positions, in any order.
    gap (float): The smallest distance between two labels.
    low (float): The lowest position allowed.
    high (float): The highest position allowed; exceeded if the labels don't fit.
    RETURNS (list[float]): New positions, in the order given.
    """
    order = sorted(range(len(positions)), key=lambda label: positions[label])
    placed = [0.0] * len(positions)
    ceiling = high
    for rank, label in reversed(list(enumerate(order))):
        placed[label] = max(min(positions[label], ceiling), low + rank * gap)
        ceiling = placed[label] - gap
    return placed


def _draw_panel(panel: Axes, results: Results, target: str, entity_type: str) -> None:
    colors, markers = colors_of(results), markers_of(results)
    labels = _draw_paper(panel, results, target, entity_type)
    for setup in results.setups(FEW_SHOT, target=target):
        labels += _draw_curve(
            panel, results, target, setup, entity_type, colors[setup.sources], markers[setup.sources]
        )
    for setup in results.setups(ZERO_SHOT, target=target):
        score = results.zero_shot(target, setup, entity_type)
        if score is not None:
            style = {"markerfacecolor": "white", "markeredgecolor": colors[setup.sources], "markeredgewidth": 1.6}
            panel.plot([0], [score.mean], markers[setup.sources], markersize=6.5, clip_on=False, zorder=4, **style)
    labels += _draw_full(panel, results, target, entity_type)
    _finish_axes(panel, results, target, entity_type)
    _write_labels(panel, labels)


def _draw_curve(
    panel: Axes, results: Results, target: str, setup: Setup, entity_type: str, color: str, marker: str
) -> list[Label]:
    points = results.curve(target, setup, entity_type).points
    if not points:
        return []
    sizes = [size for size, _ in points]
    means = [point.mean for _, point in points]
    marker_size = 4.5 if len(sizes) < MANY_SIZES else 2.5
    lowest, highest = [point.low for _, point in points], [point.high for _, point in points]
    panel.fill_between(sizes, lowest, highest, color=color, alpha=0.13, lw=0)
    panel.plot(
        sizes,
        means,
        linestyle=_line_style(setup),
        color=color,
        marker=marker,
        markersize=marker_size,
        lw=1.7,
        zorder=3,
    )
    for size, point in points:
        if len(point.values) > 1:
            panel.plot(
                [size] * len(point.values), [value for _, value in point.values], ".", color=color, alpha=0.4, ms=4
            )
    return [(means[-1], results.label(setup), color)]


def _line_style(setup: Setup) -> object:
    if setup.is_control:
        return CONTROL_STYLE
    return SEQUENCE_STYLE if setup.in_sequence else STYLES[setup.transfer]


def _draw_paper(panel: Axes, results: Results, target: str, entity_type: str) -> list[Label]:
    largest = max(run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target))
    for pretrain, curve in paper_curves(results, target, entity_type).items():
        # Beyond our own sizes, they would stretch the F1 axis without being visible.
        points = [(size, point.mean) for size, point in curve.trained.points if size <= largest]
        color, layer = (PAPER, 1.6) if pretrain == NO_PRETRAIN else (PAPER_SOURCES, 1.5)
        panel.plot([size for size, _ in points], [f1 for _, f1 in points], color=color, linewidth=0.8, zorder=layer)
    full = paper_full(results, target, entity_type)
    if full is None:
        return []
    panel.axhline(full, color=PAPER, linestyle="-.", linewidth=0.9, zorder=1.6)
    return [(full, f"paper: full {full:.1f}", PAPER)]


def _draw_full(panel: Axes, results: Results, target: str, entity_type: str) -> list[Label]:
    labels = []
    for model in sorted({setup.model for setup in results.setups(FEW_SHOT, target=target)}):
        full = results.full(target, model, entity_type)
        if full is not None:
            panel.axhline(full.mean, color=REFERENCE, linestyle=(0, (5, 3)), linewidth=1.1, zorder=2)
            panel.axhline(SHARE * full.mean, color=REFERENCE, linestyle=":", linewidth=0.9, zorder=2)
            labels.append((full.mean, f"full {full.mean:.1f}", REFERENCE))
    return labels


def _finish_axes(panel: Axes, results: Results, target: str, entity_type: str) -> None:
    sizes = sorted({run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target)})
    panel.set_title(
        f"{target} · {entity_type}{_gold(results, target, entity_type)}", loc="left", fontsize=10.5, fontweight="bold"
    )
    panel.set_xlim(0, sizes[-1] * 1.02)
    low, high = panel.get_ylim()
    panel.set_ylim(max(low, -2), min(high, 102))
    panel.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    if min(after - before for before, after in pairwise([0, *sizes])) >= TICK_GAP * sizes[-1]:
        panel.set_xticks([0, *sizes], ["zero-\nshot" if size == 0 else str(size) for size in (0, *sizes)])
    panel.set_xlabel(f"annotated sentences of {target}")
    panel.set_ylabel("F1")


def _gold(results: Results, target: str, entity_type: str) -> str:
    runs = results.of(FEW_SHOT, target=target)
    counts = {run.scores.characters[entity_type].gold for run in runs if entity_type in run.scores.characters}
    return f" ({max(counts)} test mentions)" if counts else ""


def _write_labels(panel: Axes, labels: Sequence[Label]) -> None:
    low, high = panel.get_ylim()
    heights = [(value - low) / (high - low) for value, _, _ in labels]
    places = spread_apart(heights, LABEL_GAP, 0.02, 0.97)
    for (_, text, color), height, place in zip(labels, heights, places, strict=True):
        panel.annotate(
            text,
            xy=(1.0, height),
            xytext=(1.07, place),
            xycoords="axes fraction",
            va="center",
            color=_darker(color),
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": color, "lw": 0.8, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)},
        )


def _darker(color: str) -> tuple[float, ...]:
    return tuple(0.62 * part for part in to_rgb(color))


def _assign(results: Results, fixed: dict, more: Sequence[str]) -> dict[tuple[str, ...], str]:
    setups = results.setups(FEW_SHOT) + results.setups(ZERO_SHOT)
    found = dict.fromkeys(setup.sources for setup in setups)
    others = [sources for sources in found if sources not in fixed]
    return {**fixed, **{sources: more[position % len(more)] for position, sources in enumerate(others)}}


def _saved(figure: Figure, file_format: str, metadata: dict[str, Optional[str]]) -> bytes:
    stream = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(stream, format=file_format, dpi=DOTS_PER_INCH, metadata=metadata, facecolor="white")
    return stream.getvalue()
