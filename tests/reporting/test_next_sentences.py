"""Test what the next sentences are expected to bring, with curves of a known law."""
import random
import re

import pytest

from scripts.reporting.next_sentences import next_sentences
from scripts.reporting.tables.stopping import table_stopping
from tests.reporting.made_up import f1_run, law_run

SIZES = (50, 100, 200, 400, 800)
# So many runs that agree leave no noise to speak of.
SEEDS = range(20)


def law(sizes=SIZES):
    return [law_run(size, seed=seed) for size in sizes for seed in SEEDS]


def test_the_next_hundred_of_a_known_law(read_made_up):
    (line,) = next_sentences(read_made_up(law()))
    # 80 - 800 / 800 now, 80 - 800 / 900 with a hundred more; 99 % of 80 are reached at 1000.
    said = re.match(r"ru_ugt \(no pretrain\): F1 is 79\.0 with 800 sentences; with 100 more .* to be ([\d.]+) \(", line)
    assert said and float(said[1]) == pytest.approx(79.1, abs=0.1)
    needed = re.search(r"99 % of the plateau is not reached: that takes about (\d+) sentences", line)
    assert needed and int(needed[1]) == pytest.approx(1000, rel=0.1)


def test_it_is_time_to_stop_where_the_plateau_is_reached(read_made_up):
    (line,) = next_sentences(read_made_up(law((100, 200, 400, 800, 1600, 3200))))
    assert line.endswith("99 % of the plateau is reached: it is time to stop.")


def test_a_short_curve_does_not_tell_where_it_levels_off(read_made_up):
    points = {25: (69, 71), 50: (75, 77), 100: (81, 84), 150: (81, 83)}
    runs = [f1_run(f1, (), size, seed) for size, f1s in points.items() for seed, f1 in enumerate(f1s)]
    (line,) = next_sentences(read_made_up(runs))
    # The last step of the curve fell, so it is not called rising.
    assert line.endswith("The fitted curve hasn't leveled off; how many sentences that takes can't be told yet.")


def test_the_setup_that_is_best_now_is_spoken_of(read_made_up):
    (line,) = next_sentences(read_made_up([*law(), *(f1_run(85, ("en_ugt",), size) for size in SIZES)]))
    assert line.startswith("ru_ugt (en_ugt): F1 is 85.0 with 800 sentences")
    assert "is unknown (flat" in line


def test_a_better_setup_with_too_few_sizes_to_forecast_is_passed_over(read_made_up):
    # Such as a control, or a source that is not finished.
    control = f1_run(85, (), 800)
    control = {**control, "run": "control", "coordinates": {**control["coordinates"], "extra_updates": 300}}
    expected = next_sentences(read_made_up(law()))
    assert next_sentences(read_made_up([*law(), control, f1_run(85, ("en_ugt",), 800)])) == expected != []


def test_nothing_is_said_of_other_targets(read_made_up):
    results = read_made_up(law())
    assert next_sentences(results, ["ru_ehr"]) == [] and len(next_sentences(results, ["ru_ugt"])) == 1


def test_nothing_is_said_of_too_few_sizes(read_made_up):
    assert next_sentences(read_made_up(law(SIZES[:3]))) == []


@pytest.mark.parametrize(
    "largest, verdict, words",
    [
        (800, "no", "is not reached: that takes about"),
        (1200, "maybe", "may be reached: that takes about"),
        (2400, "probably", "is probably reached"),
    ],
)
def test_the_screen_and_the_table_say_the_same(read_made_up, largest, verdict, words):
    noise = random.Random(1)
    sizes = (50, 100, 200, 400, largest)
    runs = [f1_run(80 - 800 / size + noise.gauss(0, 0.5), (), size, seed) for size in sizes for seed in range(3)]
    results = read_made_up(runs)
    (line,) = next_sentences(results)
    assert table_stopping(results).rows[-1][-1] == verdict and f"99 % of the plateau {words}" in line
