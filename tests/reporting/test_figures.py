"""Test Figure 1: panels, lines and colors, and identical bytes for identical runs."""
import math
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from scripts.reporting.figures import (
    COLORS,
    PAPER,
    PAPER_SOURCES,
    colors_of,
    figure1_learning_curves,
    markers_of,
    spread_apart,
    to_png,
    to_svg,
)
from tests.project import ROOT
from tests.reporting.made_up import SIZES, beside_paper, make_run

PAIR = ("en_ugt", "ru_ehr")
HTML = ROOT / "scripts" / "reporting" / "html"


def lines_of(panel, color):
    """Means of the line of a color: the one that joins several sizes."""
    return [
        list(line.get_ydata())
        for line in panel.lines
        if to_hex(line.get_color()) == color.lower() and len(set(line.get_xdata())) > 2
    ]


def test_one_panel_per_target_and_type(figure):
    panels = figure.axes
    titles = [panel.get_title(loc="left").partition(" (")[0] for panel in panels]
    assert titles == ["ru_ugt · Drug", "ru_ugt · Disease", "ru_ehr · Drug", "ru_ehr · Disease"]
    assert [text.get_text() for text in panels[0].texts] == ["no pretrain", "en_ugt", "en_ehr", "ru_ehr", "full 86.1"]


def test_lines_are_the_means_of_the_curves(results, figure):
    panel = figure.axes[0]
    for setup in results.setups("few-shot", target="ru_ugt"):
        means = [point.mean for _, point in results.curve("ru_ugt", setup, "Drug").points]
        assert lines_of(panel, COLORS[setup.sources]) == [pytest.approx(means)]


def test_zero_shot_stands_at_zero_and_full_f1_is_dashed(results, figure):
    panel = figure.axes[0]
    zero_shot = {line.get_ydata()[0] for line in panel.lines if list(line.get_xdata()) == [0]}
    expected = {
        results.zero_shot("ru_ugt", setup, "Drug").mean for setup in results.setups("zero-shot", target="ru_ugt")
    }
    assert zero_shot == expected
    full = results.full("ru_ugt", "softmax", "Drug").mean
    levels = [line.get_ydata()[0] for line in panel.lines if list(line.get_xdata()) == [0, 1]]
    assert levels == pytest.approx([full, 0.99 * full])


def test_the_papers_curves_and_full_f1_lie_behind_ours(results):
    figure = figure1_learning_curves(beside_paper(results, {"ru_ugt": "RU UGT"}))
    panel, other = figure.axes[0], figure.axes[2]
    behind = [line for line in panel.lines if to_hex(line.get_color()) in (PAPER.lower(), PAPER_SOURCES.lower())]
    levels = [line.get_ydata()[0] for line in behind if list(line.get_xdata()) == [0, 1]]
    assert levels == [60.45]
    curves = {tuple(line.get_ydata()) for line in behind if list(line.get_xdata()) != [0, 1]}
    # Its sizes up to our largest one, 150: of no pretrain, and of EN EHR.
    assert len(curves) == 5
    assert {(26.8, 47.48, 38.09), (26.51, 35.39, 36.2)} < curves
    assert max(line.get_zorder() for line in behind) < 2
    assert "paper: full 60.5" in [text.get_text() for text in panel.texts]
    assert not any(to_hex(line.get_color()) == PAPER.lower() for line in other.lines)
    assert "Thin gray: the paper's curves" in figure.get_supxlabel()


def test_sizes_at_which_the_paper_trained_nothing_are_not_points_of_its_curves(read_made_up):
    results = beside_paper(read_made_up([make_run("few-shot", "ru_ugt", 50, (), 500)]), {"ru_ugt": "RU UGT"})
    panel = figure1_learning_curves(results).axes[0]
    line = next(line for line in panel.lines if to_hex(line.get_color()) == PAPER.lower())
    assert list(line.get_xdata()) == [50, 100, 150, 200, 250, 300, 350, 450, 500]


def test_without_the_papers_numbers_the_legend_does_not_name_them(figure):
    assert "paper" not in figure.get_supxlabel()


def test_controls_and_sequences_have_lines_of_their_own(read_made_up):
    made = [((), {}), ((), {"extra_updates": 300}), (PAIR, {"in_sequence": True}), (PAIR, {})]
    runs = [make_run("few-shot", "ru_ugt", 50, sources, size, **how) for sources, how in made for size in SIZES]
    panel = figure1_learning_curves(read_made_up(runs)).axes[0]
    lines = [line for line in panel.lines if len(line.get_xdata()) == len(SIZES)]
    assert len({(line.get_color(), str(line._dash_pattern)) for line in lines}) == 4


def test_same_runs_same_bytes(results, figure):
    again = figure1_learning_curves(results)
    assert to_svg(figure) == to_svg(again)
    assert to_png(figure) == to_png(again)


def test_svg_is_well_formed_and_bears_no_date(figure):
    svg = to_svg(figure)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert b"<dc:date>" not in svg


def test_colors_and_markers_tell_the_setups_apart(read_made_up):
    setups = [(), ("en_ugt",), ("en_ehr",), ("ru_ehr",), ("en_ugt", "ru_ehr"), ("nerel",)]
    results = read_made_up([make_run("few-shot", "ru_ugt", 50, sources, 25) for sources in setups])
    for chosen in (colors_of(results), markers_of(results)):
        assert len({chosen[sources] for sources in setups}) == len(setups)
    assert colors_of(results)["en_ugt",] == COLORS["en_ugt",]


def test_no_two_of_many_sources_share_color_and_marker(read_made_up):
    setups = [(f"notes_{number:02}",) for number in range(30)]
    results = read_made_up([make_run("few-shot", "ru_ugt", 50, sources, 25) for sources in setups])
    colors, markers = colors_of(results), markers_of(results)
    assert len({(colors[sources], markers[sources]) for sources in (*COLORS, *setups)}) == len(COLORS) + len(setups)


def test_the_page_repeats_no_color_with_its_symbol_before_all_pairs_are_used():
    colors = set(re.findall(r"--series-\d+", (HTML / "page.css").read_text("utf8")))
    drawing = (HTML / "charts.js").read_text("utf8")
    symbols = re.search(r"SYMBOLS = \[(.*)\]", drawing).group(1).split(", ")
    assert f"series.color % {len(colors)}" in drawing and math.gcd(len(colors), len(symbols)) == 1


def test_without_curves_the_figure_says_so(read_made_up):
    figure = figure1_learning_curves(read_made_up([make_run("in-corpus", "ru_ugt", 50)]))
    assert [text.get_text() for text in figure.texts] == ["No few-shot run is finished."]
    assert to_svg(figure)


@given(st.lists(st.floats(0, 1), max_size=10))
def test_labels_keep_their_distance_and_their_order(positions):
    placed = spread_apart(positions, 0.08, 0.02, 0.97)
    assert all(0.02 - 1e-9 <= place <= 0.97 + 1e-9 for place in placed)
    ranked = sorted(placed)
    assert all(after - before >= 0.08 - 1e-9 for before, after in pairwise(ranked))
    for one, other in zip(positions, placed, strict=True):
        assert all((one < position) <= (other < place) for position, place in zip(positions, placed, strict=True))


def test_labels_with_room_stay_where_they_are():
    assert spread_apart([0.9, 0.1, 0.5], 0.08, 0.0, 1.0) == [0.9, 0.1, 0.5]
