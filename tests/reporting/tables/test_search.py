"""Test the table of a search: a row per candidate and size, with the winners marked and named."""
import pytest

from scripts.evaluation.search import SearchResult, compare_candidates
from scripts.reporting.formats import to_csv, to_markdown
from scripts.reporting.tables.search import name_winners, table_search

SCORES = {
    ("base", 50): (60.0, 64.0),
    ("base", None): (90.0, 91.0),
    ("learn_rate: 0.0004", 50): (66.0, 62.0),
    ("learn_rate: 0.0004", None): (89.0, 91.0),
}


@pytest.fixture()
def comparisons():
    """RETURNS (list[Comparison]): Two candidates, two sizes, two seeds, one corpus."""
    return compare_candidates(
        [
            SearchResult(candidate, "en_ugt", size, seed, f1)
            for (candidate, size), values in SCORES.items()
            for seed, f1 in enumerate(values)
        ]
    )


def test_every_candidate_has_a_row_at_every_size(comparisons):
    lines = to_csv(table_search(comparisons)).splitlines()
    assert lines == [
        "sentences,candidate,en_ugt F1,en_ugt F1 sd,mean F1,difference,better,winner",
        "50,base,62.0,2.8284,62.0,,,",
        "50,learn_rate: 0.0004,64.0,2.8284,64.0,2.0,1 of 2,yes",
        "whole,base,90.5,0.7071,90.5,,,yes",
        "whole,learn_rate: 0.0004,90.0,1.4142,90.0,-0.5,0 of 2,",
    ]


def test_it_says_what_was_scored(comparisons):
    written = to_markdown(table_search(comparisons))
    assert "development documents of the training part; no test part was opened" in written
    assert "| 50 | learn_rate: 0.0004 | 64.00 ± 2.83 | 64.00 | 2.00 | 1 of 2 | yes |" in written


def test_winners_are_named_for_each_size(comparisons):
    assert name_winners(comparisons) == [
        "50 sentences: learn_rate: 0.0004 wins, F1 64.00, base 62.00",
        "All sentences: the base wins, F1 90.50",
    ]
