"""Test when to stop: what the next sentences bring, as known at each size, and whether the plateau is reached."""
import re

import pytest

from scripts.evaluation.forecast import forecast, predict
from scripts.reporting.selections import selection_curves
from scripts.reporting.tables.stopping import table_stopping
from tests.reporting.chosen import METHOD, chosen_run, plain_run
from tests.reporting.made_up import dicts, f1_run, value_of

SIZES = (50, 100, 200, 400, 800, 1600)


def law(size, drop=800.0, plateau=80.0):
    """The curve plateau - drop / size, by which made-up runs go."""
    return plateau - drop / size


@pytest.fixture()
def found(read_made_up):
    """RETURNS (dict): The rows by selection and sentences."""
    runs = [plain_run(law(size), size, seed) for size in SIZES for seed in (0, 1, 2)]
    runs += [chosen_run(law(size, 400), size, seed) for size in SIZES for seed in (0, 1, 2)]
    runs += [chosen_run(law(size, 700), size, seed, "random", METHOD) for size in SIZES for seed in (0, 1, 2)]
    return {(row["selection"], row["sentences"]): row for row in dicts(table_stopping(read_made_up(runs)))}


def test_each_size_from_the_fourth_on_has_its_row_for_each_selection(found):
    assert list(found) == [(name, size) for name in ("random", METHOD) for size in SIZES[3:]]


def test_the_next_sentences_bring_what_the_law_says(found):
    for (name, size), row in found.items():
        drop = 800 if name == "random" else 400
        assert row["F1"].mean == pytest.approx(law(size, drop), abs=0.01)
        assert value_of(row["F1 with 100 more"]) == pytest.approx(law(size + 100, drop), abs=0.3)
        assert row["gain"] == pytest.approx(law(size + 100, drop) - law(size, drop), abs=0.2)


def test_a_row_knows_nothing_of_larger_sizes(read_made_up):
    runs = [plain_run(law(size), size, seed) for size in SIZES[:5] for seed in (0, 1, 2)]
    before = dicts(table_stopping(read_made_up(runs)))
    more = [plain_run(30.0, 1600, seed) for seed in (0, 1, 2)]
    assert dicts(table_stopping(read_made_up([*runs, *more])))[:2] == before


def test_the_plateau_is_reached_where_the_sample_is_beyond_the_interval(found):
    # 99 % of a plateau of 80 are reached at 800 / 0.8 = 1,000 sentences at random, and at 500 where they are chosen.
    assert [found["random", size]["reached"] for size in (400, 1600)] == ["no", "probably"]
    for (_, size), row in found.items():
        ends = re.sub("beyond [0-9]+", "inf", row["99 % of plateau"])
        value, low, high = map(float, re.findall("[0-9]+|inf", ends))
        expected = [name for name, end in (("yes", high), ("probably", value), ("maybe", low)) if size >= end]
        assert row["reached"] == [*expected, "no"][0]


def test_a_flat_end_says_yes(read_made_up):
    # 99 % of the plateau at 50 / 0.8 = 63 sentences.
    runs = [plain_run(law(size, 50.0), size, seed) for size in SIZES for seed in (0, 1, 2)]
    *_, row = dicts(table_stopping(read_made_up(runs)))
    assert row["reached"] == "yes"


def test_it_is_there_without_a_selection_and_says_what_it_lacks(read_made_up):
    runs = [f1_run(law(size), ("en_ugt",), size) for size in SIZES[:3]]
    table = table_stopping(read_made_up(runs))
    assert table.rows == () and "Nothing to show: no curve of 4 sizes" in table.caption
    results = read_made_up([f1_run(law(size), ("en_ugt",), size) for size in SIZES[:4]])
    (row,) = dicts(table_stopping(results))
    assert (row["selection"], row["pretrain"]) == ("random", "en_ugt") and not selection_curves(results)


def test_the_intervals_are_those_of_the_forecast(read_made_up):
    results = read_made_up([plain_run(law(size) + seed, size, seed) for size in SIZES[:4] for seed in (0, 1)])
    (row,) = dicts(table_stopping(results))
    curve = results.curve("ru_ugt", results.setups("few-shot")[0], "micro")
    (later,) = predict(curve, (500,))
    assert row["F1 with 100 more"] == f"{later.f1.value:.1f} ({later.f1.low:.1f} to {later.f1.high:.1f})"
    assert (row["99 % of plateau"] == "not determined") == (not forecast(curve).needed)
