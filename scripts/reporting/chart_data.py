"""Collect the data of the report's interactive charts, as plain values that JSON can hold."""
from dataclasses import asdict, dataclass
from typing import Any, Mapping, Optional, Sequence

from scripts.evaluation.curves import Curve
from scripts.evaluation.forecast import predict
from scripts.evaluation.scores import MICRO
from scripts.reporting.figures import colors_of
from scripts.reporting.forecast_figures import forecast_steps
from scripts.reporting.paper_counterparts import paper_curves, paper_full
from scripts.reporting.results import ALL_TYPES, SHARE, Results, Setup, type_label
from scripts.reporting.selections import COSTS, SENTENCES, WORDS, Choice, SelectionCurve, selection_curves
from scripts.results.calibration import Calibration
from scripts.results.kinds import ENCODER_ONLY, FEW_SHOT, ZERO_SHOT

# Points of a law, which the page joins with a smooth line.
LAW_STEPS = 16
SOLID, DASHED, DOTTED = "solid", "dashed", "dotted"


@dataclass(frozen=True)
class Point:
    """F1 over seeds at one sample size, in percent.

    at (Mapping[str, float]): What the sample costs, by axis: mean `sentences`, `words` and so on. Unknown costs
        are left out.
    f1 (float): Mean over the seeds.
    low (float): F1 of the lowest seed.
    high (float): F1 of the highest seed.
    seeds (tuple): (seed, F1) pairs.
    """

    at: Mapping[str, float]
    f1: float
    low: float
    high: float
    seeds: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Line:
    """One learning curve.

    series (str): Name of its series.
    points (tuple[Point, ...]): By ascending size.
    zero_shot (Optional[float]): F1 without any sentence of the target; None if that was not run.
    law (tuple): (sentences, F1, low, high) of the law fitted to it, up to twice the largest size; empty without one.
    """

    series: str
    points: tuple[Point, ...]
    zero_shot: Optional[float] = None
    law: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True)
class PaperLine:
    """A curve of the paper: its name, and (sentences, F1) pairs."""

    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    title (str): Its title.
    type (str): Entity type, or `all types`.
    full (Optional[float]): F1 of the in-corpus model; None if that was not run.
    goal (Optional[float]): 99 % of it.
    lines (tuple[Line, ...]): The curves.
    paper (tuple[PaperLine, ...]): The paper's curves; empty unless they are shown.
    paper_full (Optional[float]): The paper's F1 on the whole training part.
    """

    title: str
    type: str
    full: Optional[float]
    goal: Optional[float]
    lines: tuple[Line, ...]
    paper: tuple[PaperLine, ...] = ()
    paper_full: Optional[float] = None


@dataclass(frozen=True)
class Series:
    """The meaning and the look of a line.

    name (str): Such as `en_ugt`.
    color (int): Number of its color in the style sheet.
    dash (str): `solid`, `dashed` or `dotted`.
    """

    name: str
    color: int
    dash: str = SOLID


@dataclass(frozen=True)
class Chart:
    """A row of panels with a legend.

    legend (str): What the series are, such as `Sources`.
    axes (tuple[str, ...]): Choices for the horizontal axis; the first is the default.
    types (tuple[str, ...]): Entity types, in order.
    series (tuple[Series, ...]): In the order of the legend.
    panels (tuple[Panel, ...]): The panels.
    """

    legend: str
    axes: tuple[str, ...]
    types: tuple[str, ...]
    series: tuple[Series, ...]
    panels: tuple[Panel, ...]

    @property
    def has_laws(self) -> bool:
        """RETURNS (bool): Whether a law was fitted to any curve."""
        return any(line.law for panel in self.panels for line in panel.lines)


@dataclass(frozen=True)
class ReliabilityPanel:
    """Reliability on a test part: (confidence, share right, mentions) of each bin, before and after calibration."""

    title: str
    before: tuple[tuple[float, float, int], ...]
    after: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True)
class Charts:
    """All charts of a report; None if there is nothing to draw."""

    curves: Optional[Chart] = None
    selection: Optional[Chart] = None
    reliability: tuple[ReliabilityPanel, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): Plain values only."""
        return asdict(self)


def charts_of(results: Results, calibration: Optional[Calibration]) -> Charts:
    """RETURNS (Charts): The charts of an experiment and, if there is one, of its calibration."""
    return Charts(
        curves=_learning_curves(results) if results.targets else None,
        selection=_selection(results) if results.chosen else None,
        reliability=_reliability(calibration) if calibration else (),
    )


def _learning_curves(results: Results) -> Chart:
    setups = results.setups(FEW_SHOT)
    setups += [setup for setup in _only_tested(results, setups) if _is_shown(results, setup)]
    colors = list(colors_of(results))
    series = tuple(Series(results.label(setup), colors.index(setup.sources), _dash(setup)) for setup in setups)
    types = (*results.types, *([MICRO] if len(results.types) > 1 else []))
    panels = [_panel(results, target, name) for target in results.targets for name in types]
    shown = tuple(panel for panel in panels if panel.lines)
    axes = (SENTENCES, WORDS) if _has_words(shown) else (SENTENCES,)
    return Chart("Sources", axes, tuple(map(type_label, types)), series, shown)


def _only_tested(results: Results, trained: Sequence[Setup], **wanted: object) -> list[Setup]:
    """RETURNS (list[Setup]): Setups of the matching zero-shot runs, without those that a curve has the name of."""
    # By name, since a zero-shot run transfers the whole model, even if the curves only transfer the encoder.
    named = set(map(results.label, trained))
    return [setup for setup in results.setups(ZERO_SHOT, **wanted) if results.label(setup) not in named]


def _is_shown(results: Results, setup: Setup) -> bool:
    """RETURNS (bool): Whether a source without a learning curve was tested on a target that has one."""
    return any(results.zero_shot(target, setup, name) for target in results.targets for name in results.types)


def _has_words(panels: Sequence[Panel]) -> bool:
    points = [point for panel in panels for line in panel.lines for point in line.points]
    return bool(points) and all(WORDS in point.at for point in points)


def _dash(setup: Setup) -> str:
    if setup.is_control:
        return DOTTED
    return DASHED if setup.in_sequence or setup.transfer == ENCODER_ONLY else SOLID


def _panel(results: Results, target: str, entity_type: str) -> Panel:
    setups = results.setups(FEW_SHOT, target=target)
    models = sorted({setup.model for setup in setups})
    fulls = [full for model in models if (full := results.full(target, model, entity_type))]
    # With several models, a panel couldn't say whose goal it shows; the tables do.
    full = fulls[0].mean if len(models) == 1 and fulls else None
    lines = [_line(results, target, setup, entity_type) for setup in setups]
    lines += [
        Line(results.label(setup), (), _zero_shot(results, target, setup, entity_type))
        for setup in _only_tested(results, setups, target=target)
    ]
    return Panel(
        *(target, type_label(entity_type), _if_known(full), _rounded(SHARE * full) if full else None),
        lines=tuple(line for line in lines if line.points or line.zero_shot is not None),
        paper=_paper(results, target, entity_type),
        paper_full=paper_full(results, target, entity_type),
    )


def _line(results: Results, target: str, setup: Setup, entity_type: str) -> Line:
    curve = results.curve(target, setup, entity_type)
    runs = tuple(results.of(FEW_SHOT, target=target, **vars(setup)))
    points = _points(SelectionCurve(target, setup, Choice(), runs), entity_type)
    zero_shot = _zero_shot(results, target, setup, entity_type) if setup.sources else None
    return Line(results.label(setup), points, zero_shot, _law(curve))


def _zero_shot(results: Results, target: str, setup: Setup, entity_type: str) -> Optional[float]:
    score = results.zero_shot(target, setup, entity_type)
    return _rounded(score.mean) if score else None


def _points(curve: SelectionCurve, entity_type: str) -> tuple[Point, ...]:
    points = []
    for size, f1 in curve.f1(entity_type).points:
        costs = {what: curve.cost(size, what) for what in COSTS}
        at = {what: round(cost.mean, 1) for what, cost in costs.items() if cost}
        seeds = tuple((seed, _rounded(value)) for seed, value in f1.values)
        points.append(Point(at, _rounded(f1.mean), _rounded(f1.low), _rounded(f1.high), seeds))
    return tuple(points)


def _law(curve: Curve) -> tuple[tuple[float, float, float, float], ...]:
    if not curve.points:
        return ()
    predictions = predict(curve, forecast_steps(curve.sizes[0], curve.sizes[-1], LAW_STEPS))
    return tuple(
        (one.size, _rounded(one.f1.value), _rounded(one.f1.low), _rounded(one.f1.high)) for one in predictions
    )


def _paper(results: Results, target: str, entity_type: str) -> tuple[PaperLine, ...]:
    return tuple(
        PaperLine(f"paper: {pretrain}", tuple((size, _rounded(f1.mean)) for size, f1 in curve.trained.points))
        for pretrain, curve in paper_curves(results, target, entity_type).items()
    )


def _selection(results: Results) -> Chart:
    curves = selection_curves(results)
    methods = list(dict.fromkeys(curve.choice.selection for curve in curves if curve.choice.is_method))
    choices = list(dict.fromkeys(curve.choice for curve in curves))
    series = tuple(Series(one.name, _color(one, methods), DOTTED if one.words_of else SOLID) for one in choices)
    groups = dict.fromkeys((curve.target, curve.setup) for curve in curves)
    panels = tuple(_selection_panel(results, curves, *group) for group in groups)
    points = [point for panel in panels for line in panel.lines for point in line.points]
    axes = tuple(what for what in COSTS if all(what in point.at for point in points))
    return Chart("Ways to choose sentences", axes, (ALL_TYPES,), series, panels)


def _color(choice: Choice, methods: list[str]) -> int:
    method = choice.words_of or choice.selection
    return 1 + methods.index(method) if method in methods else 0


def _selection_panel(results: Results, curves: list[SelectionCurve], target: str, setup: Setup) -> Panel:
    own = [curve for curve in curves if (curve.target, curve.setup) == (target, setup)]
    full = results.full(target, setup.model, MICRO)
    mean = full.mean if full else None
    return Panel(
        *(f"{target} from {results.label(setup)}", ALL_TYPES, _if_known(mean)),
        goal=_rounded(SHARE * mean) if mean else None,
        lines=tuple(Line(curve.choice.name, _points(curve, MICRO)) for curve in own),
    )


def _reliability(calibration: Calibration) -> tuple[ReliabilityPanel, ...]:
    return tuple(
        ReliabilityPanel(
            test.corpus,
            *(tuple((one.confidence, one.right, one.mentions) for one in bins) for bins in (test.raw, test.calibrated)),
        )
        for test in calibration.tests
    )


def _rounded(value: float) -> float:
    return round(value, 2)


def _if_known(value: Optional[float]) -> Optional[float]:
    return None if value is None else _rounded(value)
