"""Test curves by selection: which methods and costs they have, and that all else uses random samples only."""
import pytest

from scripts.evaluation.scores import MICRO
from scripts.reporting.best_selection import best_selection
from scripts.reporting.chart_data import charts_of
from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.figures import figure1_learning_curves, to_svg
from scripts.reporting.forecast_figures import figure_forecast
from scripts.reporting.provenance import making
from scripts.reporting.remarks import unfinished
from scripts.reporting.selection_figures import figure_selection
from scripts.reporting.selections import Choice, all_curves, random_of, selection_curves
from tests.reporting.chosen import METHOD, chosen_run, plain_run, three_curves
from tests.reporting.made_up import f1_run, make_runs

NEW = {"selection", "selection_needed", "selection_significance"}


def contents(results):
    """Every table and figure that stands without a selection too."""
    tables = [table for table in (*paper_tables(results), *further_tables(results)) if table.name not in NEW]
    return [*tables, to_svg(figure1_learning_curves(results)), to_svg(figure_forecast(results))]


def test_what_compares_sources_keeps_to_plain_random_samples(read_made_up, results, tmp_path):
    # The best of all by far, and on a sample size of their own.
    chosen = [chosen_run(99.0, size, seed) for size in (50, 75) for seed in (0, 1)]
    controls = [chosen_run(98.0, 50, seed, "random", METHOD) for seed in (0, 1)]
    both = read_made_up([*make_runs(), *chosen, *controls])
    assert len(both.chosen) == 6 and len(both.runs) == len(results.runs)
    stopping = [table.name for table in further_tables(both)].index("stopping")
    one, other = contents(both), contents(results)
    assert [table.name for table in further_tables(both)][:3] == sorted(NEW) and stopping > 3
    for own, plain in zip(one, other, strict=True):
        # That table tells of all curves; elsewhere nothing is new.
        if getattr(own, "name", "") == "stopping":
            assert set(plain.rows) <= set(own.rows)
        else:
            assert own == plain
    assert not selection_curves(results) and not {table.name for table in further_tables(results)} & NEW


def test_each_curve_has_its_own_runs_and_what_they_take(read_made_up):
    results = read_made_up(three_curves())
    curves = {curve.choice: curve for curve in selection_curves(results)}
    assert list(curves) == [Choice("random"), Choice(METHOD), Choice("random", METHOD)]
    at_random, method, control = curves.values()
    assert [point.mean for _, point in method.f1(MICRO).points] == pytest.approx([65.5, 71.5, 75.5])
    assert (at_random.cost(100, "words").mean, method.cost(100, "words").mean) == (1000, 2000)
    assert (control.cost(100, "sentences").values, control.cost(100, "words").mean) == (((0, 200), (1, 201)), 2000.5)
    assert method.cost(100, "edits").mean == 300
    assert random_of(list(curves.values()), method) == at_random
    assert random_of(list(curves.values()), method, METHOD) == control


def test_what_is_not_known_of_all_runs_is_not_told(read_made_up):
    runs = three_curves()
    del runs[0]["cost"]
    at_random, *_ = selection_curves(read_made_up(runs))
    assert at_random.cost(50, "words") is None and at_random.cost(100, "words") is not None
    assert at_random.cost(50, "sentences").mean == 50


def test_curves_of_other_setups_are_curves_too(read_made_up):
    results = read_made_up([*three_curves(), f1_run(50.0, (), 50)])
    assert len(selection_curves(results)) == 3
    assert [(curve.setup.name, curve.choice.name) for curve in all_curves(results)][-1] == ("no pretrain", "random")


def test_runs_that_are_missing_are_named_with_their_selection(read_made_up):
    *there, control = three_curves()
    results = read_made_up(there, [control])
    name = f"ru_ugt from en_ugt at 200 sentences (random, as many words as {METHOD}), seed 1"
    assert (results.missing("few-shot"), results.missing_chosen()) == ([], [name])
    assert unfinished(results) == [
        "The answer may still change: planned runs are not finished (1 few-shot on chosen sentences)."
    ]
    tables = {table.name: table for table in further_tables(results)}
    assert all(name in tables[one].caption for one in NEW) and name not in tables["few_shot"].caption


class TestBestSelection:
    def best(self, results):
        return best_selection(results, "ru_ugt", "softmax")

    def test_the_best_selection_is_told_with_what_it_costs(self, read_made_up):
        best = self.best(read_made_up(three_curves()))
        assert (best.name, best.start, best.sizes, best.seeds) == (METHOD, "en_ugt", (50, 100, 200), 2)
        # Means of 59.5, 65.5 and 69.5; of 6 more; of 2 more.
        assert (best.at_random, best.f1, best.at_random_by_words) == pytest.approx((64.83, 70.83, 66.83), abs=0.01)
        assert best.gain == 6.0 and best.more_words == pytest.approx(100)

    def test_where_none_beats_chance_the_gain_is_below_0(self, read_made_up):
        best = self.best(read_made_up([plain_run(60.0, 50, words=500), chosen_run(58.0, 50, words=400)]))
        assert (best.gain, best.more_words, best.seeds) == (pytest.approx(-2), pytest.approx(-20), 1)
        assert best.at_random_by_words is None

    def test_only_runs_of_the_same_seeds_are_compared(self, read_made_up):
        runs = [plain_run(60.0, 50, words=500), chosen_run(62.0, 50, words=600), chosen_run(90.0, 50, 1, words=900)]
        runs.append(chosen_run(95.0, 50, 1, "random", METHOD))
        best = self.best(read_made_up(runs))
        assert (best.f1, best.at_random, best.more_words, best.seeds) == (62.0, 60.0, pytest.approx(20), 1)
        assert best.at_random_by_words is None

    def test_methods_are_compared_at_the_same_sizes(self, read_made_up):
        runs = [plain_run(60.0, 50), plain_run(80.0, 100), chosen_run(66.0, 50), chosen_run(82.0, 100)]
        # Lower at 50 sentences, and the only size of the other one with as many words.
        runs += [chosen_run(65.0, 50, selection="margin"), chosen_run(61.0, 50, selection="random", words_of=METHOD)]
        runs += [chosen_run(90.0, 100, selection="random", words_of=METHOD)]
        best = self.best(read_made_up(runs))
        assert (best.name, best.sizes, best.f1, best.at_random) == (METHOD, (50,), 66.0, 60.0)
        assert best.at_random_by_words == pytest.approx(61.0)

    def test_methods_without_a_common_size_are_not_compared(self, read_made_up):
        runs = [plain_run(60.0, 50), plain_run(80.0, 100), chosen_run(66.0, 50)]
        assert self.best(read_made_up([*runs, chosen_run(82.0, 100, selection="margin")])) is None

    def test_with_plain_random_samples_alone_nothing_is_told(self, read_made_up):
        assert self.best(read_made_up([plain_run(60.0, 50), f1_run(50.0, (), 50)])) is None


class TestFigure:
    def test_there_is_a_panel_for_each_cost_and_a_line_for_each_curve(self, read_made_up):
        figure = figure_selection(read_made_up(three_curves()))
        assert [panel.get_xlabel() for panel in figure.axes] == [
            *("annotated sentences", "words in them", "edits of the pre-annotation")
        ]
        for panel, at_100 in zip(figure.axes, ([100, 100, 200.5], [1000, 2000, 2000.5], [200, 300, 400]), strict=True):
            lines = [line for line in panel.lines if len(line.get_xdata()) == 3]
            assert [line.get_xdata()[1] for line in lines] == at_100
            assert [line.get_ydata()[1] for line in lines] == pytest.approx([65.5, 71.5, 67.5])
        labels = figure.axes[0].get_legend_handles_labels()[1]
        assert labels == ["random", METHOD]

    def test_the_page_draws_the_same_points(self, read_made_up):
        results = read_made_up(three_curves())
        chart = charts_of(results, None).selection
        (panel,) = chart.panels
        assert chart.axes == ("sentences", "words", "edits")
        assert [one.name for one in chart.series] == ["random", METHOD, f"random, as many words as {METHOD}"]
        assert [line.points[1].at["words"] for line in panel.lines] == [1000, 2000, 2000.5]
        assert [line.points[1].f1 for line in panel.lines] == [65.5, 71.5, 67.5]
        assert making(results).kinds == {"few-shot": 18}

    def test_without_chosen_samples_there_is_none(self, results):
        assert charts_of(results, None).selection is None
