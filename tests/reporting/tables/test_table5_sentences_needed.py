"""Test Table 5: the 99 % rule, its verdicts, and the paper's rows."""
import pytest

from scripts.reporting.needed import find_needed
from scripts.reporting.tables.few_shot import table_few_shot
from scripts.reporting.tables.table5_sentences_needed import table5_sentences_needed
from tests.reporting.made_up import beside_paper, column, found_run, make_run, make_runs


def test_table5_first_sustained_never_and_denominator(read_made_up):
    runs = [found_run("in-corpus", 160)]
    found = {(): (60, 100, 130, 150), ("en_ugt",): (159, 100, 160, 170), ("en_ehr",): (60, 100, 130, 160)}
    for sources, counts in found.items():
        runs += [found_run("few-shot", tp, sources, size) for size, tp in zip((25, 50, 100, 150), counts, strict=True)]
    table = table5_sentences_needed(read_made_up(runs))
    rows = {row[3]: row[4:] for row in table.rows if row[1] == "Drug"}
    # 100 * F1(150) / F1(160) = 100 * (300 / 350) / (320 / 360) = 96.4
    assert rows == {
        "no pretrain": ("not reached (max 96 % at 150)", "no", None, ""),
        "en_ugt": (25, 100, "6.1 % of 412", "best"),
        "en_ehr": (150, 150, "36.4 % of 412", "worst"),
    }
    assert "ru_ugt: 412 sentences" in table.caption


def test_table5_has_the_same_number_for_all_types_as_the_answer(read_made_up):
    runs = [found_run("in-corpus", 160), found_run("few-shot", 159, ("en_ugt",), 25)]
    results = read_made_up(runs)
    (row,) = (row for row in table5_sentences_needed(results).rows if row[1] == "micro")
    needed = find_needed(results, "ru_ugt", "softmax")
    assert (row[2].mean, *row[3:5]) == (needed.full, *needed.sources, needed.sentences) and needed.sentences == 25


@pytest.mark.parametrize(
    ("english", "records", "verdicts"),
    [(160, 160, ["tie", "tie"]), (160, 10, ["best and worst", "not reached"]), (10, 10, ["not reached"] * 2)],
)
def test_table5_verdicts(read_made_up, english, records, verdicts):
    runs = [found_run("in-corpus", 160), found_run("few-shot", 10, (), 25)]
    runs += [found_run("few-shot", english, ("en_ugt",), 25), found_run("few-shot", records, ("en_ehr",), 25)]
    table = table5_sentences_needed(read_made_up(runs))
    assert [row[-1] for row in table.rows if row[1] == "Drug"] == ["", *verdicts]


def test_table5_has_the_papers_rows_and_our_deviation_from_them(read_made_up):
    runs = [found_run("in-corpus", 160), found_run("few-shot", 170, (), 150)]
    for source, size in (("en_ugt", 50), ("en_ehr", 100)):
        runs += [found_run("few-shot", 10, (source,), 25), found_run("few-shot", 170, (source,), size)]
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
    runs = [found_run("in-corpus", 160), found_run("few-shot", 10, (), 25), found_run("few-shot", 10, ("en_ugt",), 25)]
    table = table5_sentences_needed(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT"}))
    assert set(column(table, "deviation")) == {None}


def test_table5_compares_the_papers_model_only(read_made_up):
    runs = [make_run("in-corpus", "ru_ugt", 50, model="lstm_crf")]
    runs.append(make_run("few-shot", "ru_ugt", 90, (), 25, model="lstm_crf"))
    table = table5_sentences_needed(beside_paper(read_made_up(runs), {"ru_ugt": "RU UGT"}))
    assert [row[4] for row in table.rows if row[:2] == ("ru_ugt", "Drug")] == [25]
    assert set(column(table, "deviation")) == {None}


def test_a_control_is_neither_no_pretrain_nor_a_source(read_made_up):
    runs = [found_run("in-corpus", 160), found_run("few-shot", 170, (), 150)]
    control = make_run("few-shot", "ru_ugt", 0, (), 25, extra_updates=300)
    control["scores"] = found_run("few-shot", 170)["scores"]
    results = beside_paper(read_made_up([*runs, control]), {"ru_ugt": "RU UGT"})
    table = table5_sentences_needed(results)
    assert [row[3:5] + row[7:] for row in table.rows if row[:2] == ("ru_ugt", "Drug")] == [
        ("no pretrain", 150, "", -850),
        ("no pretrain, 300 updates more", 25, "", None),
    ]
    assert column(table_few_shot(results), "source")[::3] == ["no pretrain", "no pretrain, 300 updates more"]


def test_table5_without_the_full_f1_says_so(read_made_up):
    table = table5_sentences_needed(read_made_up([found_run("few-shot", 10, (), 25)]))
    assert column(table, "sentences needed") == ["unknown (in-corpus run missing)"] * 2
    assert "No in-corpus run is finished" in table.caption


def test_table5_where_the_full_f1_is_zero(read_made_up):
    table = table5_sentences_needed(read_made_up([found_run("in-corpus", 0), found_run("few-shot", 0, (), 25)]))
    assert column(table, "sentences needed") == ["not defined (full F1 is 0)"] * 3


@pytest.mark.parametrize(("count", "more"), [(6, False), (7, True)])
def test_gaps_of_the_curves_are_named_in_the_captions(read_made_up, count, more):
    gaps = [make_run("few-shot", "ru_ugt", 0, ("en_ugt",), 200 + size, 1) for size in range(count)]
    results = read_made_up(make_runs(), gaps)
    for make_table in (table_few_shot, table5_sentences_needed):
        caption = make_table(results).caption
        assert f"{count} runs missing (few-shot: ru_ugt from en_ugt at 200 sentences, seed 1;" in caption
        assert ("and 1 more)" in caption) == more
