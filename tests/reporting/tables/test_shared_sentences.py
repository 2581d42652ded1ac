"""Test the counts of shared sentences by kind."""
from scripts.reporting.tables.shared_sentences import table_shared_sentences
from tests.reporting.made_up import dicts


def test_shared_sentences_are_counted_by_kind(results):
    (row,) = dicts(table_shared_sentences(results.corpora))
    assert (row["training sentences"], row["exact"], row["near"]) == (412, 3, 2)
