"""Draw the learning curves extrapolated to twice the largest sample size."""
from typing import Any, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scripts.evaluation.curves import Curve
from scripts.evaluation.forecast import LEVEL, Prediction, predict
from scripts.reporting.figures import REFERENCE, colors_of, draw_panels, markers_of
from scripts.reporting.results import Results
from scripts.reporting.tables.intervals import interval_text
from scripts.results.kinds import FEW_SHOT

# Points of a drawn line, close enough to look smooth.
STEPS = 60
LEGEND = (
    "Markers: mean over seeds; line: most probable inverse power law, dashed beyond the data; band: "
    f"{100 * LEVEL:.0f} % interval of one run.\n"
    "In the legends: predicted F1 at twice the largest sample, with that interval."
)


def figure_forecast(results: Results) -> Figure:
    """Draw the learning curves with the law fitted to them, extrapolated to twice the largest sample size.

    results (Results): The experiment.
    RETURNS (Figure): One row of panels per target, one column per entity type; only a note if there are no curves.
    """
    return draw_panels(results, _draw_panel, LEGEND)


def _draw_panel(panel: Axes, results: Results, target: str, entity_type: str) -> None:
    colors, markers = colors_of(results), markers_of(results)
    for setup in results.setups(FEW_SHOT, target=target):
        curve = results.curve(target, setup, entity_type)
        if curve.points:
            color, marker = colors[setup.sources], markers[setup.sources]
            # A control has the color and the marker of no pretrain.
            face = "white" if setup.is_control else color
            _draw_forecast(panel, curve, results.label(setup), color, {"marker": marker, "markerfacecolor": face})
    largest = max(run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target))
    panel.axvline(largest, color=REFERENCE, linestyle=":", linewidth=0.9, zorder=1)
    panel.set_title(f"{target} · {entity_type}", loc="left", fontsize=10.5, fontweight="bold")
    panel.set_xlim(0, 2.02 * largest)
    low, high = panel.get_ylim()
    panel.set_ylim(max(low, -2), min(high, 102))
    panel.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.set_xlabel(f"annotated sentences of {target}")
    panel.set_ylabel("F1")
    if panel.lines[1:]:
        panel.legend(loc="lower right", fontsize=7.5, frameon=False)


def _draw_forecast(panel: Axes, curve: Curve, name: str, color: str, marker: dict[str, Any]) -> None:
    largest = curve.sizes[-1]
    predictions = predict(curve, forecast_steps(curve.sizes[0], largest, STEPS))
    label = f"{name}: {interval_text(predictions[-1].f1) if predictions else 'not determined'}"
    means = [point.mean for _, point in curve.points]
    panel.plot(curve.sizes, means, linestyle="", color=color, markersize=4, zorder=3, label=label, **marker)
    _draw_law(panel, [step for step in predictions if step.size <= largest], color, "-")
    _draw_law(panel, [step for step in predictions if step.size >= largest], color, (0, (4, 1.5)))


def _draw_law(panel: Axes, predictions: Sequence[Prediction], color: str, style: object) -> None:
    sizes = [step.size for step in predictions]
    panel.plot(sizes, [step.f1.value for step in predictions], linestyle=style, color=color, linewidth=1.5, zorder=2)
    lows, highs = [step.f1.low for step in predictions], [step.f1.high for step in predictions]
    panel.fill_between(sizes, lows, highs, color=color, alpha=0.1, linewidth=0)


def forecast_steps(smallest: int, largest: int, steps: int) -> list[int]:
    """RETURNS (list[int]): Sizes from the smallest sample to twice the largest, close enough for a smooth line."""
    # The largest sample is a step itself, so that both parts of the line meet there.
    return sorted({largest, *(round(size) for size in np.geomspace(smallest, 2 * largest, steps))})
