"""The paper's numbers beside ours: which of our corpora and models have any, and its Table 5 from its Figure 1."""
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.corpora.settings import read_corpus_settings
from scripts.reporting.paper_tables import (
    named_in_paper,
    paper_curves,
    paper_full,
    paper_in_corpus,
    paper_name,
    paper_sentences,
    paper_zero_shot,
    table5_paper_recomputed,
)
from scripts.reporting.results import Setup
from scripts.results.paper import PaperZeroShot, read_paper

ROOT = Path(__file__).parents[2]
NAMES = {"ru_ugt": "RU UGT", "ru_ehr": "RU EHR", "en_ugt": "EN UGT"}


def beside_paper(results, names):
    """The same results with the paper's numbers, and corpora that stand for those of the paper."""
    figures = results.corpora.corpora["ru_ugt"].paper
    corpora = {
        name: replace(corpus, paper=replace(figures, name=names[name]) if name in names else None)
        for name, corpus in results.corpora.corpora.items()
    }
    paper = read_paper(ROOT / "assets" / "paper")
    return replace(results, paper=paper, corpora=replace(results.corpora, corpora=corpora))


@pytest.fixture(scope="module")
def compared(results):
    """The made-up experiment with three corpora that stand for the paper's."""
    return beside_paper(results, NAMES)


def test_only_corpora_that_say_so_stand_for_the_papers(compared, results):
    assert named_in_paper(compared) == {"en_ugt": "EN UGT", "ru_ugt": "RU UGT", "ru_ehr": "RU EHR"}
    assert paper_name(compared, "en_ehr") is None
    assert paper_name(compared, "no such corpus") is None
    assert named_in_paper(results) == {}


@pytest.mark.parametrize("name", ["en_ugt", "en_ehr", "ru_ugt", "ru_ehr"])
def test_the_sample_is_made_up_and_stands_for_no_corpus_of_the_paper(name):
    assert read_corpus_settings(ROOT / "configs" / "corpora" / f"{name}.yml").paper_corpus is None


@pytest.mark.parametrize(
    ("target", "model", "f1s"),
    [
        ("ru_ehr", "softmax", {"Drug": 85.0, "Disease": 77.26}),
        ("en_ugt", "biobert", {"Drug": 89.44, "Disease": 68.48}),
        ("ru_ugt", "lstm_crf", {"Drug": 38.98, "Disease": 21.43}),
        ("ru_ugt", "biobert", {}),
        ("ru_ugt", "transition", {}),
        ("en_ehr", "softmax", {}),
    ],
)
def test_in_corpus_by_corpus_and_model(compared, target, model, f1s):
    assert paper_in_corpus(compared, target, model) == f1s


def test_zero_shot_is_the_corrected_row_of_single_sources(compared):
    english = Setup(("en_ugt",), "full", "softmax")
    assert paper_zero_shot(compared, english, "ru_ehr") == {
        "Drug": PaperZeroShot(28.57, "printed as RU EHR to EN UGT"),
        "Disease": PaperZeroShot(34.24, "printed as RU EHR to EN UGT"),
    }
    assert paper_zero_shot(compared, english, "en_ehr") == {}
    assert paper_zero_shot(compared, replace(english, model="lstm_crf"), "ru_ehr") == {}
    assert paper_zero_shot(compared, Setup(("en_ugt", "ru_ehr"), "full", "softmax"), "ru_ugt") == {}


def test_the_rest_by_target_and_type(compared):
    assert paper_sentences(compared, "ru_ugt", "Drug") == {"best": 700, "worst": 650, "none": 1000}
    assert paper_sentences(compared, "en_ehr", "Drug") == {}
    assert paper_full(compared, "ru_ugt", "Disease") == 49.35
    assert paper_full(compared, "en_ehr", "Disease") is None
    assert sorted(paper_curves(compared, "ru_ehr", "Drug")) == ["EN EHR", "EN UGT", "No pretrain", "RU UGT"]
    assert paper_curves(compared, "en_ehr", "Drug") == {}


def test_without_the_papers_numbers_there_is_nothing_beside_ours(results):
    setup = Setup(("en_ugt",), "full", "softmax")
    assert paper_in_corpus(results, "ru_ugt", "softmax") == paper_zero_shot(results, setup, "ru_ugt") == {}
    assert paper_sentences(results, "ru_ugt", "Drug") == paper_curves(results, "ru_ugt", "Drug") == {}
    assert paper_full(results, "ru_ugt", "Drug") is None


def test_table5_of_the_paper_shows_every_cell_twice_and_why_six_differ(compared):
    table = table5_paper_recomputed(compared.paper)
    rows = {row[:3]: row[3:] for row in table.rows}
    assert len(rows) == 18
    assert rows["EN UGT", "Drug", "best"] == (500, 500, "EN EHR", "RU UGT", None)
    assert rows["RU UGT", "Drug", "worst"][:4] == (650, 700, "RU EHR or EN UGT+RU EHR", "EN EHR")
    assert rows["RU EHR", "Disease", "worst"] == (1850, 1850, "RU UGT", "EN EHR, EN UGT", None)
    assert rows["RU EHR", "Drug", "none"][:4] == (1500, 1350, "No pretrain", None)
    assert {key for key, row in rows.items() if row[0] != row[1]} == {key for key, row in rows.items() if row[-1]}
    assert table.caption.startswith("12 of 18 cells agree.")
    assert [row[0] for row in table.rows] == ["EN UGT"] * 6 + ["RU UGT"] * 6 + ["RU EHR"] * 6


def test_a_cell_that_no_curve_reaches_is_never(compared):
    others = {key: curve for key, curve in compared.paper.figure1.items() if key != ("RU EHR", "Disease", "RU UGT")}
    rows = {row[:3]: row[3:] for row in table5_paper_recomputed(replace(compared.paper, figure1=others)).rows}
    assert rows["RU EHR", "Disease", "best"] == (1850, "never", "", "EN EHR, EN UGT", None)
