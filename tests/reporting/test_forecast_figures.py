"""Test the figure of forecasts: measured points, the law to twice the largest size, intervals, identical bytes."""
import pytest
from matplotlib.colors import to_hex

from scripts.evaluation.forecast import forecast
from scripts.reporting.figures import COLORS, to_svg
from scripts.reporting.forecast_figures import figure_forecast
from scripts.reporting.tables.intervals import interval_text
from tests.reporting.made_up import make_run


@pytest.fixture(scope="module")
def drawn(results):
    """The figure of the made-up experiment."""
    return figure_forecast(results)


def lines_of(panel, color):
    return [line for line in panel.lines if to_hex(line.get_color()) == color.lower()]


def test_one_panel_per_target_and_type(drawn):
    titles = [panel.get_title(loc="left") for panel in drawn.axes]
    assert titles == ["ru_ugt · Drug", "ru_ugt · Disease", "ru_ehr · Drug", "ru_ehr · Disease"]


def test_points_are_measured_and_the_law_goes_to_twice_the_largest_size(results, drawn):
    for setup in results.setups("few-shot", target="ru_ugt"):
        curve = results.curve("ru_ugt", setup, "Drug")
        points, within, beyond = lines_of(drawn.axes[0], COLORS[setup.sources])
        assert list(points.get_xdata()) == [25, 50, 100, 150]
        assert list(points.get_ydata()) == pytest.approx([point.mean for _, point in curve.points])
        assert (within.get_xdata()[0], within.get_xdata()[-1]) == (25, 150)
        assert (beyond.get_xdata()[0], beyond.get_xdata()[-1]) == (150, 300)
        assert within.get_ydata()[-1] == beyond.get_ydata()[0]
        assert beyond.get_ydata()[-1] == forecast(curve).twice.f1.value


def test_band_and_legend_tell_the_interval(results, drawn):
    setup = results.setups("few-shot", target="ru_ugt")[0]
    predicted = forecast(results.curve("ru_ugt", setup, "Drug")).twice.f1
    legend = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    assert legend[0] == f"no pretrain: {interval_text(predicted)}"
    beyond = drawn.axes[0].collections[1].get_paths()[0].vertices
    assert sorted({y for x, y in beyond if x == 300}) == pytest.approx([predicted.low, predicted.high])


def test_too_few_sizes_are_points_without_a_law(read_made_up):
    figure = figure_forecast(read_made_up([make_run("few-shot", "ru_ugt", 50, (), size) for size in (25, 50)]))
    panel = figure.axes[0]
    assert panel.get_legend().get_texts()[0].get_text() == "no pretrain: not determined"
    assert [list(line.get_xdata()) for line in lines_of(panel, COLORS[()])] == [[25, 50], [], []]


def test_without_curves_the_figure_says_so(read_made_up):
    figure = figure_forecast(read_made_up([make_run("in-corpus", "ru_ugt", 50)]))
    assert [text.get_text() for text in figure.texts] == ["No few-shot run is finished."]


def test_same_runs_same_bytes(results, drawn):
    assert to_svg(drawn) == to_svg(figure_forecast(results))


def test_a_control_is_told_from_no_pretrain(read_made_up):
    runs = [make_run("few-shot", "ru_ugt", 50, (), 25), make_run("few-shot", "ru_ugt", 50, (), 25, extra_updates=300)]
    handles = figure_forecast(read_made_up(runs)).axes[0].get_legend().legend_handles
    assert len({to_hex(handle.get_markerfacecolor()) for handle in handles}) == 2
