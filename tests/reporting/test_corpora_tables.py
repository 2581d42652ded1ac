"""Tables 1 and 4: every corpus, its own labels, and the paper's figures in rows of their own."""
from scripts.reporting.corpora_tables import (
    CORPORA_TABLES,
    shared_sentences,
    table1_corpora,
    table1_subtypes,
    table4_vocabulary_overlap,
)
from scripts.results.corpora import Corpora


def rows_of(table):
    return [dict(zip(table.columns, row)) for row in table.rows]


def test_table1_has_every_corpus_and_the_papers_figures_below(results):
    rows = rows_of(table1_corpora(results.corpora))
    assert [row["corpus"] for row in rows] == ["en_ugt", "en_ehr", "ru_ugt", "paper: RU UGT", "ru_ehr"]
    ours, printed = rows[2], rows[3]
    assert (ours["Drug"], ours["Disease"], ours["documents"], ours["sentences"]) == (500, 900, 60, 590)
    assert (ours["training sentences"], ours["test sentences"], ours["Disease length"]) == (412, 178, 2.25)
    # The paper's sentences are Punkt's, and belong beside ours by Punkt.
    assert (ours["Punkt sentences"], printed["Punkt sentences"], printed["sentences"]) == (611, 4230, None)
    assert (printed["Drug"], printed["documents"]) == (1195, 400)


def test_subtypes_are_listed_under_what_they_become(results):
    rows = [tuple(row.values())[1:] for row in rows_of(table1_subtypes(results.corpora)) if row["corpus"] == "en_ugt"]
    assert rows == [("Drug", "Medication", 500), ("Disease", "ADR", 650), ("Disease", "Symptom", 250)]


def test_table4_has_the_papers_pair_below_ours(results):
    first, printed, second = rows_of(table4_vocabulary_overlap(results.corpora))
    assert (first["corpus a"], first["corpus b"], first["type"]) == ("en_ugt", "en_ehr", "Drug")
    assert (first["unique a"], first["unique b"], first["shared"]) == (528, 2401, 410)
    assert (printed["corpus a"], printed["corpus b"], printed["% of a"]) == ("paper: EN UGT", "paper: EN EHR", 77.65)
    assert second["type"] == "Disease"
    assert "a tokenizer" in table4_vocabulary_overlap(results.corpora).caption


def test_shared_sentences_are_counted_by_kind(results):
    (row,) = rows_of(shared_sentences(results.corpora))
    assert (row["training sentences"], row["exact"], row["near"]) == (412, 3, 2)


def test_without_a_description_the_tables_say_so():
    for make_table in CORPORA_TABLES:
        table = make_table(Corpora())
        assert table.rows == () and "Nothing to show" in table.caption
