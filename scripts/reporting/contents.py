"""List the tables of a report: those of the paper, and those that go beyond it."""
from typing import Callable

from scripts.reporting.formats import Table
from scripts.reporting.results import Results
from scripts.reporting.tables.errors import table_errors
from scripts.reporting.tables.few_shot import table_few_shot
from scripts.reporting.tables.forecast import table_forecast
from scripts.reporting.tables.forecast_back_test import table_forecast_back_test
from scripts.reporting.tables.forgetting import table_forgetting
from scripts.reporting.tables.partial_matches import table_partial_matches
from scripts.reporting.tables.ranking_validation import table_ranking_validation
from scripts.reporting.tables.selection import table_selection
from scripts.reporting.tables.selection_needed import table_selection_needed
from scripts.reporting.tables.selection_significance import table_selection_significance
from scripts.reporting.tables.shared_sentences import table_shared_sentences
from scripts.reporting.tables.shipped import table_shipped
from scripts.reporting.tables.significance import table_significance
from scripts.reporting.tables.source_ranking import table_source_ranking
from scripts.reporting.tables.stability import table_stability
from scripts.reporting.tables.stopping import table_stopping
from scripts.reporting.tables.table1_corpora import table1_corpora
from scripts.reporting.tables.table1_subtypes import table1_subtypes
from scripts.reporting.tables.table2_in_corpus import table2_in_corpus
from scripts.reporting.tables.table3_zero_shot import table3_zero_shot
from scripts.reporting.tables.table4_vocabulary_overlap import table4_vocabulary_overlap
from scripts.reporting.tables.table5_paper_recomputed import table5_paper_recomputed
from scripts.reporting.tables.table5_sentences_needed import table5_sentences_needed
from scripts.results.corpora import Corpora
from scripts.results.kinds import SHIPPED

# In the order of the paper, which doesn't have the last one.
CORPORA_TABLES: tuple[Callable[[Corpora], Table], ...] = (
    table1_corpora,
    table1_subtypes,
    table4_vocabulary_overlap,
    table_shared_sentences,
)


def paper_tables(results: Results) -> list[Table]:
    """RETURNS (list[Table]): Tables 1 to 5 of the paper, and the tables that belong to them."""
    return [
        table1_corpora(results.corpora),
        table1_subtypes(results.corpora),
        table2_in_corpus(results),
        table3_zero_shot(results),
        table4_vocabulary_overlap(results.corpora),
        table_shared_sentences(results.corpora),
        table5_sentences_needed(results),
        *([table5_paper_recomputed(results.paper)] if results.paper else []),
    ]


def further_tables(results: Results) -> list[Table]:
    """RETURNS (list[Table]): The tables that go beyond the paper; the last lists every point of Figure 1."""
    return [
        *_by_selection(results),
        table_significance(results, results.document_counts),
        table_stability(results),
        table_forecast(results),
        table_stopping(results),
        table_forecast_back_test(results),
        table_source_ranking(results),
        table_ranking_validation(results),
        table_forgetting(results),
        *([table_shipped(shipped)] if (shipped := results.of(SHIPPED)) else []),
        table_errors(results),
        table_partial_matches(results),
        table_few_shot(results),
    ]


def _by_selection(results: Results) -> list[Table]:
    """RETURNS (list[Table]): The tables on chosen sentences; none if all samples are plain random ones."""
    if not results.chosen:
        return []
    return [
        table_selection(results),
        table_selection_needed(results),
        table_selection_significance(results, results.document_counts),
    ]
