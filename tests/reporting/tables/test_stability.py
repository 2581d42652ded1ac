"""Test the stability of sources compared with no pretrain, and cells that can't be compared."""
import pytest

from scripts.reporting.tables.stability import table_stability
from tests.reporting.made_up import few_shot, make_run


def rows_of(table, entity_type="Drug"):
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return [row for row in rows if row["type"] == entity_type]


class TestStability:
    def make_runs(self, sources, by_size, **changed):
        return [
            few_shot(tp, sources, size, seed, **changed)
            for size, tps in by_size.items()
            for seed, tp in enumerate(tps)
        ]

    def test_sources_beside_no_pretrain(self, read_made_up):
        # F1 of 1 to 5 of 5: 33.33, 57.14, 75, 88.89, 100.
        runs = self.make_runs((), {50: (1, 5), 100: (3, 3), 150: (1, 1)})
        runs += self.make_runs(("en_ugt",), {50: (4, 4), 100: (4, 4), 150: (4, 4)})
        runs += self.make_runs(("en_ehr",), {50: (1, 5), 100: (1, 5), 150: (1, 5)})
        rows = {row["pretrain"]: row for row in rows_of(table_stability(read_made_up(runs)))}
        # Seeds 33.33 and 100 at one of three sizes. Means 66.67, 75, 33.33: steps 8.33, -41.67. Steps of the seeds:
        # 41.67 and -41.67; -25 and -41.67.
        assert rows["no pretrain"]["sd over seeds"] == pytest.approx((200 / 3) / 2**0.5 / 3)
        assert rows["no pretrain"]["sd from size to size"] == pytest.approx(50 / 2**0.5)
        assert rows["no pretrain"]["sd from size to size, by seed"] == pytest.approx((250 / 3 + 50 / 3) / 2**0.5 / 2)
        verdicts = {name: row["steadier than no pretrain"] for name, row in rows.items()}
        assert verdicts == {"no pretrain": None, "en_ugt": "yes", "en_ehr": "from size to size only"}

    def test_the_answer_counts_micro_only_and_controls_too(self, read_made_up):
        runs = self.make_runs((), {50: (1,), 100: (3,), 150: (1,)})
        runs += self.make_runs(("en_ugt",), {50: (4,), 100: (4,), 150: (4,)})
        runs += self.make_runs((), {50: (1,), 100: (5,), 150: (1,)}, extra_updates=300)
        table = table_stability(read_made_up(runs))
        verdicts = {row["pretrain"]: row["steadier than no pretrain"] for row in rows_of(table, "micro")}
        assert verdicts == {"no pretrain": None, "no pretrain, 300 updates more": "no", "en_ugt": "yes"}
        assert "Curves that are steadier than no pretrain, by micro F1: 1 of 2." in table.caption

    def test_a_curve_as_steady_as_no_pretrain_is_not_steadier(self, read_made_up):
        curve = {50: (1, 2), 100: (3, 4), 150: (1, 3)}
        rows = rows_of(table_stability(read_made_up(self.make_runs((), curve) + self.make_runs(("en_ugt",), curve))))
        assert [row["steadier than no pretrain"] for row in rows] == [None, "no"]

    def test_curves_are_compared_at_their_common_sizes(self, read_made_up):
        runs = self.make_runs((), {50: (1,), 100: (3,), 150: (1,)})
        # Its fall at 200 has no counterpart.
        runs += self.make_runs(("en_ugt",), {50: (3,), 100: (4,), 150: (5,), 200: (1,)})
        rows = rows_of(table_stability(read_made_up(runs)))
        assert [row["steadier than no pretrain"] for row in rows] == [None, "yes"]

    def test_curves_with_too_few_common_sizes_are_not_compared(self, read_made_up):
        runs = self.make_runs((), {50: (1,), 100: (3,), 150: (1,)})
        runs += self.make_runs(("en_ugt",), {50: (4,), 100: (4,), 200: (4,)})
        table = table_stability(read_made_up(runs))
        assert {row["steadier than no pretrain"] for row in rows_of(table)} == {None}
        assert "Nothing to compare yet" in table.caption

    def test_without_learning_curves(self, read_made_up):
        table = table_stability(read_made_up([make_run("in-corpus", "ru_ugt", 80)]))
        assert table.rows == ()
