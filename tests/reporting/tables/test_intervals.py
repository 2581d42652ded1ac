"""Test how intervals are written."""
import math

from scripts.evaluation.forecast import Interval
from scripts.reporting.tables.intervals import interval_text, sentences_text


def test_texts_of_intervals():
    assert interval_text(Interval(74.06, 70.24, 78.0)) == "74.1 (70.2 to 78.0)"
    assert sentences_text(Interval(1176.2, 873.5, 1725.0), 7800) == "1177 (874 to 1725)"
    assert sentences_text(Interval(1176.2, 873.5, math.inf), 7800) == "1177 (874 to beyond 7800)"
    assert sentences_text(Interval(math.inf, math.inf, math.inf), 7800) == "beyond 7800"
