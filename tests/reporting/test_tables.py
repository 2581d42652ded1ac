"""Tables 1 to 5 and the points of Figure 1: their rows, their gaps, and the 99 % rule in words."""
import pytest

from scripts.evaluation.curves import Spread
from scripts.reporting.tables import few_shot, make_tables, table2_in_corpus, table3_zero_shot, table5_sentences_needed
from tests.reporting.conftest import make_run, make_runs

# Of 200 mentions of each type, this many found with nothing wrong: F1 is 2 tp / (tp + 200).
GOLD = 200


def exact_run(kind, tp, sources=(), size=None, seed=0):
    """A run on ru_ugt that finds `tp` of 200 mentions of either type, and nothing else."""
    run = make_run(kind, "ru_ugt", 0, sources, size, seed)
    one = {"tp": tp, "fp": 0, "fn": GOLD - tp}
    scores = {"micro": {"tp": 2 * tp, "fp": 0, "fn": 2 * (GOLD - tp)}, "Drug": one, "Disease": one}
    run["scores"] = {"tokens": scores, "characters": scores}
    return run


def column(table, name):
    return [row[table.columns.index(name)] for row in table.rows]


def test_table2_gives_each_types_scores_and_each_seed(read_made_up):
    table = table2_in_corpus(read_made_up([exact_run("in-corpus", 120, seed=0), exact_run("in-corpus", 200, seed=1)]))
    row = dict(zip(table.columns, next(row for row in table.rows if row[0] == "ru_ugt")))
    assert row["Drug F1"] == Spread(((0, 75.0), (1, 100.0)))
    assert row["Disease R"] == Spread(((0, 60.0), (1, 100.0)))
    assert row["micro F1"].mean == 87.5
    assert row["seeds: F1 of Drug / Disease / micro"] == "0: 75.00 / 75.00 / 75.00; 1: 100.00 / 100.00 / 100.00"


def test_table2_names_the_corpora_that_were_not_run(read_made_up):
    table = table2_in_corpus(read_made_up([exact_run("in-corpus", 120)]))
    assert "3 runs missing (in-corpus: en_ugt, seed 0; en_ehr, seed 0; ru_ehr, seed 0)" in table.caption


def test_table3_has_a_row_for_every_pair(results):
    table = table3_zero_shot(results)
    pairs = list(zip(column(table, "source"), column(table, "target")))
    assert len(pairs) == len(set(pairs)) == 12
    assert all(source != target for source, target in pairs)


def test_table5_first_sustained_never_and_denominator(read_made_up):
    runs = [exact_run("in-corpus", 160)]
    found = {(): (60, 100, 130, 150), ("en_ugt",): (159, 100, 160, 170), ("en_ehr",): (60, 100, 130, 160)}
    for sources, counts in found.items():
        runs += [exact_run("few-shot", tp, sources, size) for size, tp in zip((25, 50, 100, 150), counts)]
    table = table5_sentences_needed(read_made_up(runs))
    rows = {row[3]: row[4:] for row in table.rows if row[1] == "Drug"}
    # 100 * F1(150) / F1(160) = 100 * (300 / 350) / (320 / 360) = 96.4
    assert rows == {
        "no pretrain": ("never (max 96 % at 150)", "never", None, ""),
        "en_ugt": (25, 100, "6.1 % of 412", "best"),
        "en_ehr": (150, 150, "36.4 % of 412", "worst"),
    }
    assert "ru_ugt: 412 sentences" in table.caption


@pytest.mark.parametrize(
    ("english", "records", "verdicts"),
    [(160, 160, ["tie", "tie"]), (160, 10, ["best and worst", "never reached"]), (10, 10, ["never reached"] * 2)],
)
def test_table5_verdicts(read_made_up, english, records, verdicts):
    runs = [exact_run("in-corpus", 160), exact_run("few-shot", 10, (), 25)]
    runs += [exact_run("few-shot", english, ("en_ugt",), 25), exact_run("few-shot", records, ("en_ehr",), 25)]
    table = table5_sentences_needed(read_made_up(runs))
    assert [row[-1] for row in table.rows if row[1] == "Drug"] == ["", *verdicts]


def test_table5_without_the_full_f1_says_so(read_made_up):
    table = table5_sentences_needed(read_made_up([exact_run("few-shot", 10, (), 25)]))
    assert column(table, "sentences needed") == ["unknown (in-corpus run missing)"] * 2
    assert "No in-corpus run is finished" in table.caption


def test_table5_where_the_full_f1_is_zero(read_made_up):
    table = table5_sentences_needed(read_made_up([exact_run("in-corpus", 0), exact_run("few-shot", 0, (), 25)]))
    assert column(table, "sentences needed") == ["not defined (full F1 is 0)"] * 2


def test_few_shot_has_every_point_with_each_seed(read_made_up):
    runs = [exact_run("few-shot", tp, ("en_ugt",), 25, seed) for seed, tp in enumerate((120, 200))]
    table = few_shot(read_made_up(runs))
    row = dict(zip(table.columns, table.rows[0]))
    assert [row[key] for key in ("target", "source", "type", "size")] == ["ru_ugt", "en_ugt", "Drug", 25]
    assert (row["mean F1"], row["seeds"], row["F1 by seed"]) == (87.5, 2, "0: 75.00; 1: 100.00")
    assert row["sd"] == pytest.approx(12.5 * 2**0.5)
    assert column(table, "type") == ["Drug", "Disease", "micro"]


def test_gaps_of_the_curves_are_named_in_the_captions(read_made_up):
    runs = [run for run in make_runs() if run["coordinates"]["size"] != 100 or run["coordinates"]["seed"] != 1]
    results = read_made_up(runs + [make_run("few-shot", "ru_ugt", 50, (), 100, 1)])
    for make_table in (few_shot, table5_sentences_needed):
        caption = make_table(results).caption
        assert "7 runs missing (few-shot: ru_ugt from en_ugt at 100 sentences, seed 1;" in caption
        assert "and 1 more)" in caption


def test_tables_can_be_made_from_a_single_run(read_made_up):
    for table in make_tables(read_made_up([exact_run("zero-shot", 10, ("en_ugt",), 0)])):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert table.caption
