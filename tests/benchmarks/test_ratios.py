"""Test that ratios are computed per turn, and that targets are compared with their medians."""
import pytest

from scripts.benchmarks.measure import Measurement
from scripts.benchmarks.peers import Comparison
from scripts.benchmarks.plot import growth_figure, ratio_figure
from scripts.benchmarks.ratios import Spread, compare, grid_shares
from scripts.benchmarks.tables import aim_of, benchmark_tables, exponent, growth_table, paper_estimate
from scripts.benchmarks.turns import Result
from scripts.reporting.figures import to_png


def result(peer, turn, wall, cpu=None, task="training", amount=100.0, **details):
    return Result(peer, turn, Measurement(task, amount, "passes", wall, cpu or wall, 500.0, details))


# The machine is half as fast in the second turn.
RESULTS = [
    result("ours", 0, 1.0, 0.5),
    result("peer", 0, 3.0, 2.0),
    result("ours", 1, 2.0, 0.5),
    result("peer", 1, 4.0, 2.0),
    result("ours", 2, 1.0, 0.5),
    result("peer", 2, 5.0, 1.0),
]


def test_ratios_are_those_of_each_turn():
    (ratio,) = compare(RESULTS, [Comparison("training", "ours", "peer")])
    assert ratio.wall == Spread(3.0, 2.0, 5.0) and ratio.cpu == Spread(4.0, 2.0, 4.0)


def test_amounts_count_and_not_only_seconds():
    results = [result("ours", 0, 1.0, amount=50.0), result("peer", 0, 1.0, amount=100.0)]
    assert compare(results, [Comparison("training", "ours", "peer")])[0].wall.median == 0.5


@pytest.mark.parametrize(
    "aim, expected",
    [
        ({"at_least": 3.0}, True),
        ({"at_least": 3.1}, False),
        ({"at_most": 0.34}, True),
        ({"at_most": 0.33}, False),
        ({}, None),
    ],
)
def test_an_aim_is_held_against_the_median(aim, expected):
    (ratio,) = compare(RESULTS, [Comparison("training", "ours", "peer", **aim)])
    assert ratio.is_reached is expected


def test_who_was_not_measured_is_left_out():
    assert compare(RESULTS, [Comparison("training", "ours", "gone"), Comparison("sentences", "ours", "peer")]) == []


def test_a_turn_without_its_pair_is_left_out():
    results = [*RESULTS, result("ours", 3, 0.001)]
    assert compare(results, [Comparison("training", "ours", "peer")])[0].wall == Spread(3.0, 2.0, 5.0)


def test_shares_of_the_grid():
    results = [
        result("few-shot grid", turn, 1.0, task="grid", share=share) for turn, share in enumerate([0.1, 0.3, 0.2])
    ]
    assert grid_shares(results, "share") == Spread(0.2, 0.1, 0.3)
    assert grid_shares(RESULTS, "share") is None


def test_the_papers_learning_curves_are_estimated_from_the_median_speed():
    results = [
        result("this project, every weight", turn, wall, amount=100.0) for turn, wall in enumerate((1.0, 2.0, 4.0))
    ]
    # 17 setups x (50 + 100 + ... + 2000) sentences x 40 epochs at 50 a second.
    assert "27.9 million" in paper_estimate(results) and f"{17 * 41_000 * 40 / 50 / 3600:.0f} hours" in paper_estimate(
        results
    )
    assert paper_estimate(RESULTS) is None


def test_aims_in_words():
    assert aim_of(Comparison("training", "a", "b", at_least=2.7)) == "at least 2.70"
    assert aim_of(Comparison("training", "a", "b", at_most=1.25)) == "at least 0.80 (1.25 of its time)"
    assert aim_of(Comparison("training", "a", "b")) is None


class TestTables:
    NAMES = ("this project, every weight", "Hugging Face Trainer")

    def results(self):
        walls = ((1.0, 4.0), (1.0, 2.0), (2.0, 2.0))
        trainings = [
            result(name, turn, wall)
            for turn, pair in enumerate(walls)
            for name, wall in zip(self.NAMES, pair, strict=True)
        ]
        shares = {"share": 0.12, "share_without_tests": 0.2}
        return [*trainings, result("few-shot grid", 0, 1.0, task="grid", **shares)]

    def test_every_peer_has_a_row_with_its_settings(self):
        speeds, _ = benchmark_tables(self.results())
        rows = {row[0]: row for row in speeds.rows}
        assert rows[self.NAMES[0]][2] == "100.00 [50.00, 100.00]" and "fused AdamW" in rows[self.NAMES[0]][-1]
        assert rows[self.NAMES[1]][2] == "50.00 [25.00, 50.00]"

    def test_an_aim_that_is_missed_is_called_so(self):
        _, ratios = benchmark_tables(self.results())
        (trainer, share, rest) = ratios.rows
        assert trainer[3] == "2.00 [1.00, 4.00]" and trainer[-2:] == ("at least 2.70", "no")
        assert share[3].startswith("0.12") and share[-1] == "no" and rest[-1] is None

    def test_a_picture_is_drawn(self):
        ratios = compare(self.results(), [Comparison("training", *self.NAMES, at_least=2.7)])
        assert to_png(ratio_figure(ratios, "title")).startswith(b"\x89PNG")


class TestGrowth:
    POINTS = [
        # Waiting takes as long at each size.
        Measurement("sentences", size, "sentences", 9.0, cpu, 100.0)
        for size, cpu in ((10, 1.0), (20, 2.0), (40, 8.0))
    ]

    def test_exponents_are_those_of_a_power(self):
        assert exponent(self.POINTS[0], self.POINTS[1]) == pytest.approx(1.0)
        assert exponent(self.POINTS[1], self.POINTS[2]) == pytest.approx(2.0)

    def test_each_size_has_a_row(self):
        table = growth_table({"sentences": self.POINTS})
        assert [row[1] for row in table.rows] == [10, 20, 40]
        assert table.rows[0][-1] is None and table.rows[2][-1] == pytest.approx(2.0)

    def test_a_picture_is_drawn(self):
        assert to_png(growth_figure({"sentences": self.POINTS}, "title")).startswith(b"\x89PNG")
