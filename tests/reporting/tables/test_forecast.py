"""Test forecasts of curves with a known law, and cells that can't be determined."""
import pytest

from scripts.reporting.tables.forecast import table_forecast
from tests.reporting.made_up import dicts, f1_run, law_run, value_of

SIZES = (50, 100, 200, 400, 800)
# So many runs that agree leave no noise to speak of.
SEEDS = range(20)


def test_forecast_of_a_known_law(read_made_up):
    table = table_forecast(read_made_up([law_run(size, seed=seed) for size in SIZES for seed in SEEDS]))
    row = dicts(table)[0]
    assert table.rows[0][:5] == ("ru_ugt", "no pretrain", "Drug", 5, 100)
    # 80 - 800 / 800 now, 80 - 800 / 1600 with twice as many.
    assert (row["sentences"], row["F1"].mean, row["twice the sentences"]) == (800, 79.0, 1600)
    assert value_of(row["predicted F1"]) == pytest.approx(79.5, abs=0.1)
    assert value_of(row["plateau"]) == pytest.approx(80.0, abs=0.2)
    # 95 % of 80 is 4 below it: at 200 sentences; 99 % is 0.8 below it: at 1000.
    assert value_of(row["95 % of plateau"]) == pytest.approx(200, rel=0.05)
    assert value_of(row["99 % of plateau"]) == pytest.approx(1000, rel=0.1)
    assert row["why not determined"] is None
    assert [other["type"] for other in dicts(table)] == ["Drug", "Disease", "micro"]


def test_forecast_says_what_is_not_determined(read_made_up):
    runs = [law_run(size) for size in SIZES[:3]] + [f1_run(50, ("en_ugt",), size) for size in SIZES]
    table = table_forecast(read_made_up(runs))
    rows = {row["pretrain"]: row for row in dicts(table) if row["type"] == "micro"}
    assert rows["no pretrain"]["predicted F1"] == "not determined"
    assert rows["no pretrain"]["why not determined"] == "fewer than 4 sample sizes"
    assert value_of(rows["en_ugt"]["predicted F1"]) == 50.0
    assert rows["en_ugt"]["95 % of plateau"] == rows["en_ugt"]["plateau"] == "not determined"
    assert rows["en_ugt"]["why not determined"].startswith("flat")
