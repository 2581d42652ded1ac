"""Test which of our corpora and models have figures in the paper."""
from dataclasses import replace

import pytest

from scripts.corpora.settings import read_corpus_settings
from scripts.reporting.paper_counterparts import (
    named_in_paper,
    paper_curves,
    paper_full,
    paper_in_corpus,
    paper_name,
    paper_sentences,
    paper_zero_shot,
)
from scripts.reporting.results import Setup
from scripts.results.paper import PaperZeroShot
from tests.reporting.made_up import (
    ROOT,
)


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
