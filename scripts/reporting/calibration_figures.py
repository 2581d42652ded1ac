"""Draw reliability diagrams of the shipped pipeline's confidences."""
from typing import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scripts.evaluation.calibration import ReliabilityBin
from scripts.reporting.figures import PAPER, REFERENCE, STYLE
from scripts.results.calibration import Calibration, Reliability

COLOR = "#0072B2"
PANEL_SIZE, COLUMNS = (3.0, 3.1), 4
# Area of a marker, in square points, for all mentions of a test part together.
AREA = 500.0
LEGEND = (
    "Share of the mentions found with about the same confidence that are right; the larger a marker, the more "
    "mentions.\nBlue: the package's confidences; gray: the model's, before calibration. On the dotted line, they equal "
    "the share that is right."
)


def figure_reliability(calibration: Calibration) -> Figure:
    """Draw the reliability of confidences before and after calibration.

    calibration (Calibration): Calibration of the shipped pipeline.
    RETURNS (Figure): One panel per test part.
    """
    with matplotlib.rc_context(STYLE):
        tests = calibration.tests
        columns = min(COLUMNS, len(tests))
        rows = -(-len(tests) // columns)
        size = (PANEL_SIZE[0] * max(columns, 2), PANEL_SIZE[1] * rows + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, test in zip(panels, tests, strict=False):
            _draw_panel(panel, test)
        for panel in panels[len(tests) :]:
            panel.set_axis_off()
        figure.supxlabel(LEGEND, fontsize=8, color=REFERENCE)
        # Lay out once. Otherwise every save repeats the layout, and the bytes depend on earlier saves.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def _draw_panel(panel: Axes, test: Reliability) -> None:
    panel.plot([0, 1], [0, 1], color=REFERENCE, linewidth=0.9, linestyle=":", zorder=1)
    _draw_bins(panel, test.raw, PAPER, "D")
    _draw_bins(panel, test.calibrated, COLOR, "o")
    panel.set_title(f"{test.corpus} ({test.mentions} found)", loc="left", fontsize=10, fontweight="bold")
    errors = f"error {test.calibrated_error:.3f}, before {test.raw_error:.3f}"
    panel.text(0.03, 0.92, errors if test.mentions else "no mentions found", fontsize=8.5)
    panel.set_xlim(0, 1.02)
    panel.set_ylim(-0.02, 1.02)
    panel.set_aspect("equal")
    panel.set_xlabel("confidence")
    panel.set_ylabel("share that is right")


def _draw_bins(panel: Axes, bins: Sequence[ReliabilityBin], color: str, marker: str) -> None:
    total = sum(one.mentions for one in bins)
    confidences, right = [one.confidence for one in bins], [one.right for one in bins]
    areas = [max(6.0, AREA * one.mentions / total) for one in bins]
    panel.plot(confidences, right, color=color, linewidth=0.9, zorder=2)
    panel.scatter(confidences, right, s=areas, color=color, marker=marker, alpha=0.75, linewidth=0, zorder=3)
