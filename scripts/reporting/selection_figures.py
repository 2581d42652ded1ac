"""Draw the learning curves by selection: F1 by sentences, by words and by edits."""
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scripts.evaluation.scores import MICRO
from scripts.reporting.figures import CONTROL_STYLE, MORE_COLORS, MORE_MARKERS, REFERENCE, draw_grid
from scripts.reporting.results import SHARE, Results, Setup
from scripts.reporting.selections import COSTS, Choice, SelectionCurve, selection_curves

RANDOM_COLOR, RANDOM_MARKER = "#333333", "o"
LEGEND = (
    "All entity types together. Line: mean over seeds of F1 and of the samples' cost; faint dots: single seeds; "
    "dotted lines: random samples with as many words as the method of that color.\n"
    f"Dashed: full F1 (whole training part, no pretraining); dotted: {100 * SHARE:.0f} % of it."
)
LABELS = {"sentences": "annotated sentences", "words": "words in them", "edits": "edits of the pre-annotation"}

Group = tuple[str, Setup]


def figure_selection(results: Results) -> Figure:
    """Draw the learning curves by selection.

    results (Results): The experiment.
    RETURNS (Figure): A row of panels for each target and setup: by sentences, by words and by edits.
    """
    curves = selection_curves(results)
    methods = sorted({curve.choice.selection for curve in curves if curve.choice.is_method})
    groups: list[Group] = list(dict.fromkeys((curve.target, curve.setup) for curve in curves))

    def draw(panel: Axes, group: Group, what: str) -> None:
        for curve in curves:
            if (curve.target, curve.setup) == group:
                _draw_curve(panel, curve, what, methods)
        _finish(panel, results, group, what)

    return draw_grid(groups, COSTS, draw, LEGEND)


def _draw_curve(panel: Axes, curve: SelectionCurve, what: str, methods: list[str]) -> None:
    points = [(curve.cost(size, what), f1, curve.at(size)) for size, f1 in curve.f1(MICRO).points]
    known = [(cost, f1) for cost, f1, _ in points if cost is not None]
    if not known:
        return
    color, marker = _look(curve.choice, methods)
    means = [cost.mean for cost, _ in known], [f1.mean for _, f1 in known]
    style = CONTROL_STYLE if curve.choice.words_of else "-"
    settings = {"color": color, "marker": marker, "markersize": 4.5, "linewidth": 1.6, "zorder": 3}
    label = None if curve.choice.words_of else curve.choice.name
    panel.plot(*means, linestyle=style, label=label, **settings)
    for cost, f1 in known:
        by_seed = dict(cost.values)
        pairs = [(by_seed[seed], value) for seed, value in f1.values if seed in by_seed]
        if len(pairs) > 1:
            panel.plot(*zip(*pairs, strict=True), ".", color=color, alpha=0.4, markersize=4)


def _look(choice: Choice, methods: list[str]) -> tuple[str, str]:
    """RETURNS (tuple[str, str]): Color and marker of a curve. A control has those of its method."""
    method = choice.words_of or choice.selection
    if method not in methods:
        return RANDOM_COLOR, RANDOM_MARKER
    position = methods.index(method)
    return MORE_COLORS[position % len(MORE_COLORS)], MORE_MARKERS[position % len(MORE_MARKERS)]


def _finish(panel: Axes, results: Results, group: Group, what: str) -> None:
    target, setup = group
    full = results.full(target, setup.model, MICRO)
    if full is not None:
        panel.axhline(full.mean, color=REFERENCE, linestyle=(0, (5, 3)), linewidth=1.1, zorder=2)
        panel.axhline(SHARE * full.mean, color=REFERENCE, linestyle=":", linewidth=0.9, zorder=2)
    panel.set_title(f"{target} from {results.label(setup)}", loc="left", fontsize=10.5, fontweight="bold")
    panel.set_xlim(left=0)
    panel.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.set_xlabel(LABELS[what])
    panel.set_ylabel("F1")
    if panel.get_legend_handles_labels()[1]:
        panel.legend(loc="lower right", fontsize=7.5, frameon=False)
