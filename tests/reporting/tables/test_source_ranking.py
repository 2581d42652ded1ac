"""Test the ranking of sources by features known before any run: features, ranks and gains by hand."""
from dataclasses import replace

import pytest

from scripts.reporting.tables.source_ranking import table_source_ranking
from scripts.results.corpora import VocabularyOverlap
from tests.reporting.made_up import (
    dicts,
    f1_run,
    with_first_sentences,
)


def test_ranking_shows_features_ranks_and_gains(read_made_up):
    runs = [f1_run(40, (), 50), f1_run(60, ("en_ugt",), 50), f1_run(55, ("ru_ehr",), 50)]
    runs += [f1_run(70, (), 100), f1_run(65, ("en_ugt",), 100)]
    runs += [with_first_sentences("en_ugt", 30), with_first_sentences("ru_ehr", 20)]
    results = read_made_up(runs)
    pairs = (
        VocabularyOverlap("en_ugt", "ru_ugt", "Drug", 100, 200, 30, 30.0, 15.0),
        VocabularyOverlap("en_ugt", "ru_ugt", "Disease", 100, 300, 70, 70.0, 70 / 3),
        VocabularyOverlap("ru_ugt", "ru_ehr", "Drug", 200, 100, 80, 40.0, 80.0),
    )
    table = table_source_ranking(replace(results, corpora=replace(results.corpora, training_overlap=pairs)))
    best, second = dicts(table)
    assert (best["source"], second["source"]) == ("en_ugt", "ru_ehr")
    # (30 + 70) of ru_ugt's 200 + 300; 80 of its 200.
    assert (best["vocabulary overlap"], second["vocabulary overlap"]) == ("20.00 (2)", "40.00 (1)")
    assert (best["zero-shot F1 (training)"], second["zero-shot F1 (training)"]) == ("30.00 (1)", "20.00 (2)")
    # As many sentences and mentions in either corpus: no rank.
    assert (best["sentences"], best["mentions"]) == ("412", "950")
    assert (best["same language"], best["same domain"]) == ("no (2)", "yes (1)")
    assert (best["mean of ranks"], best["rank"], second["rank"]) == (1.5, "1.5", "1.5")
    assert [row["gain at 50"] for row in (best, second)] == pytest.approx([20.0, 15.0])
    assert best["gain at 100"] == pytest.approx(-5.0)
    assert second["gain at 100"] is None


def test_gains_are_between_runs_of_the_same_seeds(read_made_up):
    runs = [f1_run(40, (), 50), f1_run(60, ("en_ugt",), 50), f1_run(90, ("en_ugt",), 50, 1)]
    runs += [f1_run(70, (), 100), f1_run(65, ("en_ugt",), 100, 1)]
    (row,) = dicts(table_source_ranking(read_made_up(runs)))
    assert row["gain at 50"] == pytest.approx(20.0) and row["gain at 100"] is None


def test_nothing_is_ranked_by_test_parts(read_made_up):
    """As in a file of an earlier version, which has no overlap of the training parts and may have no mentions of it."""
    results = read_made_up([f1_run(40, (), 50), f1_run(60, ("en_ugt",), 50)])
    known = results.corpora.corpora
    bare = {name: replace(corpus, splits={"train": {"sentences": 412}}) for name, corpus in known.items()}
    overlap = VocabularyOverlap("en_ugt", "ru_ugt", "Drug", 100, 200, 30, 30.0, 15.0)
    corpora = replace(results.corpora, corpora=bare, vocabulary_overlap=(overlap,))
    table = table_source_ranking(replace(results, corpora=corpora))
    (row,) = dicts(table)
    assert row["sentences"] == "412" and row["mentions"] is row["vocabulary overlap"] is None
    assert "run `weasel run describe` again" in table.caption


def test_sources_together_take_the_sum_or_the_best(read_made_up):
    together = ("en_ugt", "ru_ehr")
    table = table_source_ranking(read_made_up([f1_run(40, ("en_ehr",), 50), f1_run(40, together, 50)]))
    row = next(row for row in dicts(table) if row["source"] == "en_ugt + ru_ehr")
    assert (row["sentences"], row["mentions"]) == ("824 (1)", "1900 (1)")
    assert (row["same language"], row["same domain"]) == ("yes (1)", "yes (1)")
    assert row["zero-shot F1 (training)"] is row["gain at 50"] is None
