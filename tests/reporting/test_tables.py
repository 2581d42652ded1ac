"""Tables 1 to 5 and the points of Figure 1: their rows, their gaps, and the 99 % rule in words."""
import pytest

from scripts.evaluation.curves import Spread
from scripts.reporting.contents import further_tables, paper_tables
from scripts.reporting.tables import few_shot, table2_in_corpus, table3_zero_shot, table5_sentences_needed
from tests.reporting.conftest import make_run, make_runs
from tests.reporting.test_paper_tables import beside_paper

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


def test_table2_holds_f1_against_the_papers(read_made_up):
    runs = [exact_run("in-corpus", 120, seed=0), exact_run("in-corpus", 200, seed=1)]
    table = table2_in_corpus(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR"}))
    row = dict(zip(table.columns, table.rows[0]))
    assert (row["Drug paper F1"], row["Drug deviation"]) == (60.45, pytest.approx(27.05))
    assert (row["Disease paper F1"], row["Disease deviation"]) == (49.35, pytest.approx(38.15))
    assert "micro paper F1" not in row
    assert "(ru_ugt: RU UGT, ru_ehr: RU EHR)" in table.caption
    assert "precision and recall are exchanged in print" in table.caption


def test_table2_leaves_the_paper_out_where_it_has_no_such_row(read_made_up):
    results = read_made_up([exact_run("in-corpus", 120)])
    other = table2_in_corpus(beside_paper(results, {"en_ehr": "EN EHR"}))
    assert column(other, "Drug paper F1") == column(other, "Drug deviation") == [None]
    for without in (beside_paper(results, {}), results):
        table = table2_in_corpus(without)
        assert not any("paper" in name or "deviation" in name for name in table.columns)
        assert "paper" not in table.caption


def test_table3_holds_f1_against_the_papers_corrected_row(results):
    table = table3_zero_shot(beside_paper(results, {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR", "en_ugt": "EN UGT"}))
    rows = {row[:2]: dict(zip(table.columns, row)) for row in table.rows}
    row = rows["ru_ugt", "ru_ehr"]
    assert (row["Drug paper F1"], row["Disease paper F1"]) == (17.95, 30.86)
    assert row["Drug deviation"] == pytest.approx(row["Drug F1"].mean - 17.95)
    assert row["paper's row"] == "printed as RU EHR to RU UGT"
    assert (rows["en_ugt", "ru_ugt"]["Disease paper F1"], rows["en_ugt", "ru_ugt"]["paper's row"]) == (24.12, None)
    assert rows["en_ehr", "ru_ugt"]["Drug paper F1"] is rows["en_ehr", "ru_ugt"]["Drug deviation"] is None
    assert "they stand here the right way round" in table.caption


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


def test_table5_has_the_papers_rows_and_our_deviation_from_them(read_made_up):
    runs = [exact_run("in-corpus", 160), exact_run("few-shot", 170, (), 150)]
    for source, size in (("en_ugt", 50), ("en_ehr", 100)):
        runs += [exact_run("few-shot", 10, (source,), 25), exact_run("few-shot", 170, (source,), size)]
    table = table5_sentences_needed(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT"}))
    rows = [row for row in table.rows if row[1] == "Drug"]
    assert [(row[3], row[4], row[7], row[8]) for row in rows if row[0] == "ru_ugt"] == [
        ("no pretrain", 150, "", -850),
        ("en_ugt", 50, "best", -650),
        ("en_ehr", 100, "worst", -550),
    ]
    assert [row[1:] for row in rows if row[0] == "paper: RU UGT"] == [
        ("Drug", 60.45, "no pretrain", 1000, None, None, "", None),
        ("Drug", 60.45, "best source", 700, None, None, "", None),
        ("Drug", 60.45, "worst source", 650, None, None, "", None),
    ]
    assert "its Table 5 as printed" in table.caption


def test_table5_holds_nothing_against_the_paper_that_never_gets_there(read_made_up):
    runs = [exact_run("in-corpus", 160), exact_run("few-shot", 10, (), 25), exact_run("few-shot", 10, ("en_ugt",), 25)]
    table = table5_sentences_needed(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT"}))
    assert set(column(table, "deviation")) == {None}


def test_table5_compares_the_papers_model_only(read_made_up):
    runs = [make_run("in-corpus", "ru_ugt", 50, model="lstm_crf")]
    runs.append(make_run("few-shot", "ru_ugt", 90, (), 25, model="lstm_crf"))
    table = table5_sentences_needed(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT"}))
    assert [row[4] for row in table.rows if row[:2] == ("ru_ugt", "Drug")] == [25]
    assert set(column(table, "deviation")) == {None}


def test_a_control_is_neither_no_pretrain_nor_a_source(read_made_up):
    runs = [exact_run("in-corpus", 160), exact_run("few-shot", 170, (), 150)]
    control = make_run("few-shot", "ru_ugt", 0, (), 25, extra_updates=300)
    control["scores"] = exact_run("few-shot", 170)["scores"]
    results = beside_paper(read_made_up([*runs, control]), {"ru_ugt": "RU UGT"})
    table = table5_sentences_needed(results)
    assert [row[3:5] + row[7:] for row in table.rows if row[:2] == ("ru_ugt", "Drug")] == [
        ("no pretrain", 150, "", -850),
        ("no pretrain, 300 updates more", 25, "", None),
    ]
    assert column(few_shot(results), "source")[::3] == ["none", "none, 300 updates more"]


def test_sources_in_sequence_are_told_from_sources_together(read_made_up):
    runs = [
        make_run("few-shot", "ru_ugt", 50, ("en_ugt", "ru_ehr"), 25, in_sequence=in_sequence)
        for in_sequence in (False, True)
    ]
    table = few_shot(read_made_up(runs))
    assert column(table, "source")[::3] == ["en_ugt + ru_ehr", "en_ugt then ru_ehr"]


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
    results = read_made_up([exact_run("zero-shot", 10, ("en_ugt",), 0)])
    for table in paper_tables(results) + further_tables(results):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert table.caption
