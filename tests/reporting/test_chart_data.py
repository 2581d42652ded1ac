"""Test that the charts have the data of the runs: points, seeds, laws and the paper's curves."""
import json

from scripts.evaluation.forecast import predict
from scripts.evaluation.scores import MICRO
from scripts.reporting.chart_data import ALL_TYPES, charts_of
from tests.reporting.chosen import plain_run
from tests.reporting.made_up import SIZES, f1_run, make_run


def panel_of(results, title, entity_type):
    """One panel of the learning curves."""
    panels = charts_of(results, None).curves.panels
    (panel,) = (panel for panel in panels if (panel.title, panel.type) == (title, entity_type))
    return panel


def test_every_point_of_every_curve_is_there(results):
    for target, setup, entity_type in results.learning_curves():
        panel = panel_of(results, target, ALL_TYPES if entity_type == MICRO else entity_type)
        (line,) = (line for line in panel.lines if line.series == results.label(setup))
        curve = results.curve(target, setup, entity_type)
        assert [point.at["sentences"] for point in line.points] == list(curve.sizes)
        for point, (_, f1) in zip(line.points, curve.points, strict=True):
            assert abs(point.f1 - f1.mean) < 0.006 and len(point.seeds) == len(f1.values)
            assert point.low <= point.f1 <= point.high
        zero_shot = results.zero_shot(target, setup, entity_type) if setup.sources else None
        assert (line.zero_shot is None) == (zero_shot is None)


def test_the_goal_is_99_percent_of_the_full_f1(read_made_up):
    panel = panel_of(read_made_up([f1_run(80, kind="in-corpus"), f1_run(50, (), 25)]), "ru_ugt", "Drug")
    assert (panel.full, panel.goal) == (80.0, 79.2)


def test_without_an_in_corpus_run_there_is_no_goal(read_made_up):
    panel = panel_of(read_made_up([f1_run(50, (), 25)]), "ru_ugt", "Drug")
    assert panel.full is None and panel.goal is None


def test_the_law_goes_on_to_twice_the_largest_sample(results):
    for panel in charts_of(results, None).curves.panels:
        for line in panel.lines:
            assert line.law[-1][0] == 2 * SIZES[-1] and SIZES[-1] in [size for size, *_ in line.law]
    setup = results.setups("few-shot", target="ru_ugt")[0]
    (prediction,) = predict(results.curve("ru_ugt", setup, "Drug"), [2 * SIZES[-1]])
    (line,) = (one for one in panel_of(results, "ru_ugt", "Drug").lines if one.series == setup.name)
    assert abs(line.law[-1][1] - prediction.f1.value) < 0.006


def test_of_too_few_sizes_there_is_no_law(read_made_up, results):
    assert not charts_of(read_made_up([f1_run(50, (), 25)]), None).curves.has_laws
    assert charts_of(results, None).curves.has_laws


def test_words_are_an_axis_where_all_runs_tell_them(read_made_up, results):
    runs = [plain_run(60.0, 50, words=500), plain_run(70.0, 100, words=1000)]
    assert charts_of(read_made_up(runs), None).curves.axes == ("sentences", "words")
    assert charts_of(results, None).curves.axes == ("sentences",)
    del runs[0]["cost"]
    assert charts_of(read_made_up(runs), None).curves.axes == ("sentences",)


def test_the_papers_curves_stand_where_the_report_compares_with_them(results, compared):
    assert not any(panel.paper or panel.paper_full for panel in charts_of(results, None).curves.panels)
    panel = panel_of(compared, "ru_ugt", "Drug")
    assert panel.paper_full == 60.45 and len(panel.paper) == 5
    assert all(line.name.startswith("paper: ") and line.points for line in panel.paper)


def test_a_source_without_a_curve_is_shown_by_what_it_does_unchanged(read_made_up):
    runs = [make_run("few-shot", "ru_ugt", 50, (), 25), make_run("zero-shot", "ru_ugt", 40, ("nerel",), 0)]
    results = read_made_up(runs)
    lines = {line.series: line for line in panel_of(results, "ru_ugt", ALL_TYPES).lines}
    assert lines["nerel"].points == () and lines["nerel"].zero_shot is not None
    assert [one.name for one in charts_of(results, None).curves.series] == ["no pretrain", "nerel"]


def test_a_curve_from_the_encoder_alone_is_not_hidden_by_its_sources_zero_shot_run(read_made_up):
    # The page finds lines by their series, so that a second one of the same name would replace the curve.
    zero_shot = make_run("zero-shot", "ru_ugt", 40, ("en_ugt",), 0)
    results = read_made_up([make_run("few-shot", "ru_ugt", 50, ("en_ugt",), 25, transfer="encoder"), zero_shot])
    assert [one.name for one in charts_of(results, None).curves.series] == ["en_ugt"]
    (line,) = panel_of(results, "ru_ugt", ALL_TYPES).lines
    assert len(line.points) == 1 and line.zero_shot is not None


def test_series_that_look_alike_are_told_apart_by_their_dashes(read_made_up):
    pair = ("en_ugt", "ru_ehr")
    made = [((), {}), ((), {"extra_updates": 300}), (pair, {"in_sequence": True}), (pair, {})]
    runs = [make_run("few-shot", "ru_ugt", 50, sources, 25, **how) for sources, how in made]
    series = charts_of(read_made_up(runs), None).curves.series
    assert len({(one.color, one.dash) for one in series}) == 4


def test_without_curves_there_is_no_chart(read_made_up):
    charts = charts_of(read_made_up([make_run("in-corpus", "ru_ugt", 50)]), None)
    assert charts.curves is None and charts.selection is None and charts.reliability == ()
    assert json.loads(json.dumps(charts.to_dict()))["curves"] is None
