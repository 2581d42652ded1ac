"""Test the comparison of rankings with gains, by hand."""
import pytest

from scripts.reporting.tables.ranking_validation import table_ranking_validation
from tests.reporting.made_up import dicts, f1_run, with_first_sentences


def test_ranking_validation_counts_only_sizes_with_every_source(read_made_up):
    runs = [f1_run(40, (), size) for size in (50, 100)] + [f1_run(60, ("en_ugt",), size) for size in (50, 100)]
    runs += [f1_run(50, ("ru_ehr",), 50), f1_run(55, ("en_ehr",), 50), f1_run(58, ("en_ehr",), 100)]
    runs += [with_first_sentences(source, f1) for source, f1 in (("en_ugt", 30), ("en_ehr", 20), ("ru_ehr", 10))]
    rows = {row["feature"]: row for row in dicts(table_ranking_validation(read_made_up(runs)))}
    zero_shot = rows["zero-shot F1 (training)"]
    assert (zero_shot["groups"], zero_shot["sources in groups"]) == (1, 3)
    assert zero_shot["rank correlation"] == pytest.approx(1.0)
    # Of six orders of three sources two correlate as much.
    assert zero_shot["p"].value == pytest.approx(1 / 3, abs=0.05)
    # Ranks by language: ru_ehr 1, the others 2.5; by gain 3, 1 and 2: -1.5 / sqrt(1.5 * 2).
    assert rows["same language"]["rank correlation"] == pytest.approx(-1.5 / 3**0.5)
    assert rows["sentences"]["rank correlation"] is None
    assert list(rows)[-1] == "all together"
