"""Test the reliability diagrams: every bin in its place, the errors in words, and identical bytes."""
from dataclasses import asdict

import numpy
import pytest
from matplotlib.colors import to_hex

from scripts.base.files import write_json
from scripts.evaluation.calibration import BetaCalibration, JudgedMention, calibration_error, reliability_bins
from scripts.experiments.calibration import measure
from scripts.report import write_report
from scripts.reporting.calibration_figures import COLOR, figure_reliability
from scripts.reporting.chart_data import charts_of
from scripts.reporting.figures import to_svg
from scripts.reporting.tables.calibration import table_calibration
from scripts.results.calibration import (
    ELSEWHERE,
    Calibration,
    calibration_file,
    describe_calibration,
    find_calibration,
)
from scripts.shipping.showing import show_calibration

PAIRS = ((0.95, True), (0.97, False), (0.99, False), (0.3, False), (0.35, True))
RAW = [JudgedMention("Drug", *pair) for pair in PAIRS]


@pytest.fixture(scope="module")
def calibration():
    """RETURNS (Calibration): That of a made-up pipeline, with a test part in which nothing was found."""
    fitted = {"Drug": BetaCalibration(0.5, 0.5, -0.5, 40)}
    tests = tuple(measure(name, found, fitted) for name, found in (("one", RAW), ("two", RAW[:3]), ("none", [])))
    return Calibration("f", fitted, {"one": 3}, 50, 1.5, tests)


def test_every_bin_stands_where_it_belongs(calibration):
    figure = figure_reliability(calibration)
    one, _, none, *empty = figure.axes
    before, after = one.collections
    bins = reliability_bins(RAW)
    assert numpy.allclose(before.get_offsets(), [(part.confidence, part.right) for part in bins])
    assert to_hex(after.get_facecolor()[0]) == COLOR.lower()
    expected = [(part.confidence, part.right) for part in calibration.tests[0].calibrated]
    assert numpy.allclose(after.get_offsets(), expected)
    areas = after.get_sizes()
    assert areas.argmax() == numpy.argmax([part.mentions for part in calibration.tests[0].calibrated])
    assert none.get_title(loc="left") == "none (0 found)" and not empty
    assert to_svg(figure) == to_svg(figure_reliability(calibration))


def test_the_table_tells_the_errors_and_warns(calibration):
    table = table_calibration(calibration)
    assert [row[0] for row in table.rows] == ["one", "two", "none"]
    assert table.rows[0][3] == f"{calibration_error(reliability_bins(RAW)):.3f}"
    assert float(table.rows[1][4]) == pytest.approx((0.95 + 0.97 + 0.99 - 1) / 3, abs=5e-4)
    assert ELSEWHERE in table.caption


def test_where_nothing_was_found_there_is_no_error(calibration, capsys):
    text = " ".join(describe_calibration(calibration))
    assert "none undefined (no mentions found)" in text and "0.000" not in text
    assert [text.get_text() for text in figure_reliability(calibration).axes[2].texts] == ["no mentions found"]
    assert table_calibration(calibration).rows[2] == ("none", 0, None, None, None, None, None)
    show_calibration(calibration)
    assert capsys.readouterr().out.splitlines()[-2].split() == ["none", "0", "-", "-"]


def test_the_report_has_it_where_there_is_one(results, calibration, tmp_path):
    without = write_report(results, tmp_path / "without").read_text("utf8")
    text = write_report(results, tmp_path / "it", calibration).read_text("utf8")
    assert ELSEWHERE not in without and ELSEWHERE in text
    assert text.count("<svg") == without.count("<svg") + 1
    assert (tmp_path / "it" / "figures" / "reliability.svg").is_file()
    assert not (tmp_path / "without" / "figures" / "reliability.svg").exists()


def test_the_page_draws_the_same_bins(results, calibration):
    panels = charts_of(results, calibration).reliability
    assert [panel.title for panel in panels] == ["one", "two", "none"]
    bins = reliability_bins(RAW)
    assert panels[0].before == tuple((part.confidence, part.right, part.mentions) for part in bins)
    assert panels[2].before == panels[2].after == ()
    assert charts_of(results, None).reliability == ()


def test_what_is_written_is_read(calibration, tmp_path):
    write_json(calibration_file(tmp_path), asdict(calibration))
    assert find_calibration(tmp_path) == calibration
