"""What stands in a report: the tables that the paper has too, and those that go beyond it."""
from scripts.reporting.corpora_tables import (
    shared_sentences,
    table1_corpora,
    table1_subtypes,
    table4_vocabulary_overlap,
)
from scripts.reporting.forecast_tables import (
    table_forecast,
    table_forecast_back_test,
    table_forgetting,
    table_ranking_validation,
    table_source_ranking,
)
from scripts.reporting.formats import Table
from scripts.reporting.matches_table import table_matches
from scripts.reporting.paper_tables import table5_paper_recomputed
from scripts.reporting.results import Results
from scripts.reporting.significance_tables import table_errors, table_significance, table_stability
from scripts.reporting.tables import few_shot, table2_in_corpus, table3_zero_shot, table5_sentences_needed


def paper_tables(results: Results) -> list[Table]:
    """RETURNS (list[Table]): Tables 1 to 5 of the paper and what belongs to them."""
    return [
        table1_corpora(results.corpora),
        table1_subtypes(results.corpora),
        table2_in_corpus(results),
        table3_zero_shot(results),
        table4_vocabulary_overlap(results.corpora),
        shared_sentences(results.corpora),
        table5_sentences_needed(results),
        *([table5_paper_recomputed(results.paper)] if results.paper else []),
    ]


def further_tables(results: Results) -> list[Table]:
    """RETURNS (list[Table]): What goes beyond the paper, and every point of Figure 1 last."""
    return [
        table_significance(results, results.document_counts),
        table_stability(results),
        table_forecast(results),
        table_forecast_back_test(results),
        table_source_ranking(results),
        table_ranking_validation(results),
        table_forgetting(results),
        table_errors(results),
        table_matches(results),
        few_shot(results),
    ]
