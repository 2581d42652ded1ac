"""Test Table 1: every corpus, with the paper's figures below."""
from scripts.reporting.results import without_paper
from scripts.reporting.tables.table1_corpora import table1_corpora
from scripts.results.corpora import Corpora
from tests.reporting.made_up import dicts


def test_table1_has_every_corpus_and_the_papers_figures_below(described):
    rows = dicts(table1_corpora(described))
    assert [row["corpus"] for row in rows] == ["en_ugt", "en_ehr", "ru_ugt", "paper: RU UGT", "ru_ehr"]
    ours, printed = rows[2], rows[3]
    assert (ours["Drug"], ours["Disease"], ours["documents"], ours["sentences"]) == (500, 900, 60, 590)
    assert (ours["training sentences"], ours["test sentences"], ours["Disease length"]) == (412, 178, 2.25)
    # The paper's sentences are Punkt's, and belong beside ours by Punkt.
    assert (ours["Punkt sentences"], printed["Punkt sentences"], printed["sentences"]) == (611, 4230, None)
    assert (printed["Drug"], printed["documents"]) == (1195, 400)


def test_table1_only_speaks_of_the_papers_figures_where_they_are(described):
    with_paper, without = (dict(table1_corpora(one).terms) for one in (described, without_paper(described)))
    assert "the paper's figures" in with_paper["tokens per sentence"] and "tokens per sentence" not in without
    assert without["Punkt sentences"] == "Sentences by the paper's splitter."
    assert all(term for term, _ in table1_corpora(Corpora()).terms)
