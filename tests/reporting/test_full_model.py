"""Test the warnings about the full F1: fewer updates than a few-shot run, or a lower score."""
from scripts.reporting.full_model import careful, doubts_of_full
from scripts.reporting.tables.table5_sentences_needed import table5_sentences_needed
from tests.reporting.made_up import found_run, make_run


def test_each_type_is_held_against_its_own_curve(read_made_up):
    full, sample = found_run("in-corpus", 160), found_run("few-shot", 160, (), 25)
    full["scores"]["tokens"]["Drug"] = {"tp": 100, "fp": 0, "fn": 100}
    results = read_made_up([full, sample])
    doubts = doubts_of_full(results, "ru_ugt", "softmax", ["Drug", "Disease"])
    # 200 / 300 and 320 / 360.
    assert doubts == [
        "the model trained on all of ru_ugt scores 66.7 F1 for Drug, but only 25 sentences of ru_ugt "
        "give 88.9 with no pretrain"
    ]
    assert careful(doubts) in table5_sentences_needed(results).caption


def test_the_shortest_in_corpus_training_counts_beside_the_longest_on_a_sample(read_made_up):
    runs = [make_run("in-corpus", "ru_ugt", 80, seed=seed) for seed in (0, 1)]
    runs += [make_run("few-shot", "ru_ugt", 50, (), size) for size in (25, 50)]
    runs += [make_run("in-corpus", "ru_ehr", 80), make_run("few-shot", "ru_ehr", 50, (), 25, model="lstm_crf")]
    for run, updates in zip(runs, (39, 41, 38, 40, 10, 20), strict=True):
        run["updates"] = updates
    results = read_made_up(runs)
    assert doubts_of_full(results, "ru_ugt", "softmax", []) == [
        "the model trained on all of ru_ugt had 39 updates, and no pretrain with 50 sentences had 40"
    ]
    assert doubts_of_full(results, "ru_ehr", "softmax", []) == []


def test_figures_that_are_printed_alike_are_no_doubt(read_made_up):
    # 88.94 and 88.89.
    full, sample = found_run("in-corpus", 160), found_run("few-shot", 160, (), 25)
    sample["scores"]["tokens"]["micro"] = {"tp": 1601, "fp": 0, "fn": 398}
    assert doubts_of_full(read_made_up([full, sample]), "ru_ugt", "softmax", ["micro"]) == []


def test_a_source_that_scores_higher_is_a_doubt_too(read_made_up):
    full, sample = found_run("in-corpus", 100), found_run("few-shot", 160, ("en_ugt",), 25)
    assert doubts_of_full(read_made_up([full, sample]), "ru_ugt", "softmax", ["micro"]) == [
        "the model trained on all of ru_ugt scores 66.7 F1 for all types, but only 25 sentences of "
        "ru_ugt give 88.9 with en_ugt"
    ]


def test_without_doubts_nothing_is_said(results):
    assert careful([]) == ""
    assert doubts_of_full(results, "nowhere", "softmax", ["micro"]) == []
