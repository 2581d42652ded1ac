"""Test the tables by selection: every point with its cost, the full F1, and comparisons with random samples."""
import numpy
import pytest

from scripts.evaluation.significance import DocumentCounts
from scripts.reporting.formats import PValue, to_csv, to_markdown
from scripts.reporting.tables.selection import table_selection
from scripts.reporting.tables.selection_needed import table_selection_needed
from scripts.reporting.tables.selection_significance import table_selection_significance
from tests.reporting.chosen import METHOD, chosen_run, plain_run, three_curves
from tests.reporting.made_up import dicts, f1_run

CONTROL = f"random, as many words as {METHOD}"


def counts(run):
    """As many documents as it takes, all alike."""
    score = run.scores.tokens
    return DocumentCounts(
        tuple(f"d{number}" for number in range(20)),
        {name: numpy.tile([own.tp // 20, own.fp // 20, own.fn // 20], (20, 1)) for name, own in score.items()},
    )


def test_every_point_stands_with_what_it_takes(read_made_up):
    table = table_selection(read_made_up(three_curves()))
    rows = {(row["selection"], row["size"]): row for row in dicts(table) if row["type"] == "micro"}
    assert set(rows) == {(name, size) for name in ("random", METHOD, CONTROL) for size in (50, 100, 200)}
    row = rows[METHOD, 100]
    assert [row[name].mean for name in ("sentences", "words", "edits", "F1")] == pytest.approx([100, 2000, 300, 71.5])
    assert (row["seeds"], row["F1 by seed"]) == (2, "0: 72.00; 1: 71.00")
    assert "random, as many words as uncertainty,micro,100,200.5," in to_csv(table).replace('"', "")
    assert "| 71.50 ± 0.71 |" in to_markdown(table)


def test_what_comes_near_the_full_f1_is_told_in_sentences_words_and_edits(read_made_up):
    # 95 % of 72 are 68.4, 97 % are 69.8 and 99 % are 71.3.
    results = read_made_up([*three_curves(), f1_run(72.0, (), None, kind="in-corpus")])
    found = {}
    for row in dicts(table_selection_needed(results)):
        if row["type"] == "micro":
            costs = [row[name].mean if row[name] else None for name in ("sentences", "words", "edits")]
            found[row["share"], row["selection"]] = [row["size"], *costs]
    # Means over the seeds: random 59.5, 65.5, 69.5; chosen 65.5, 71.5, 75.5; with as many words 61.5, 67.5, 71.5.
    assert found["95 %", "random"] == [200, 200, 2000, 400]
    assert found["95 %", METHOD] == [100, 100, 2000, 300]
    assert found["97 %", "random"] == ["not reached (max 96 % at 200)", None, None, None]
    assert found["99 %", METHOD] == [100, 100, 2000, 300]
    assert found["99 %", CONTROL] == [200, 400.5, 4000.5, 800]


def test_without_an_in_corpus_run_the_full_f1_is_not_known(read_made_up):
    table = table_selection_needed(read_made_up(three_curves()))
    assert {row["size"] for row in dicts(table)} == {"unknown (in-corpus run missing)"}


class TestSignificance:
    def rows(self, results):
        return [row for row in dicts(table_selection_significance(results, counts)) if row["type"] == "micro"]

    def test_a_method_is_held_against_as_many_sentences_and_as_many_words(self, read_made_up):
        rows = self.rows(read_made_up(three_curves()))
        found = {(row["comparison"], row["size"]): row for row in rows}
        assert len(rows) == len(found) == 6
        plain = found[f"{METHOD} against random (en_ugt)", 100]
        by_words = found[f"{METHOD} against {CONTROL} (en_ugt)", 100]
        assert plain["difference in F1"] == pytest.approx(6) and by_words["difference in F1"] == pytest.approx(4)
        assert (plain["number of seeds"], plain["number of documents"]) == (2, 20)
        assert plain["p over documents"] == PValue(1 / 10_001) and plain["verdict"] == "better over documents"

    def test_a_first_sample_that_nothing_has_chosen_is_not_tested(self, read_made_up):
        plain, chosen = plain_run(60.0, 50), chosen_run(60.0, 50)
        rows = self.rows(read_made_up([plain, {**chosen, "training": plain["training"]}]))
        assert rows == []

    def test_a_seed_without_a_partner_is_left_out(self, read_made_up):
        runs = [plain_run(60.0, 50, 0), chosen_run(66.0, 50, 0), chosen_run(20.0, 50, 1)]
        (row,) = self.rows(read_made_up(runs))
        assert (row["number of seeds"], row["difference in F1"]) == (1, pytest.approx(6))
