"""Create Table 4 of the paper: word pieces that the mentions of two corpora share."""
from scripts.encoders.wordpieces import OWN_TOKENIZER
from scripts.reporting.formats import Cell, Table
from scripts.reporting.paper_counterparts import PAPER
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.corpora import Corpora, VocabularyOverlap


def table4_vocabulary_overlap(corpora: Corpora) -> Table:
    """RETURNS (Table): Table 4 of the paper: word pieces that the mentions of two corpora share."""
    rows: list[tuple[Cell, ...]] = []
    for pair in corpora.vocabulary_overlap:
        rows.append((pair.corpus_a, pair.corpus_b, pair.type, *_overlap_cells(pair)))
        if pair.paper:
            names = f"{PAPER}{pair.paper.corpus_a}", f"{PAPER}{pair.paper.corpus_b}"
            rows.append((*names, pair.type, *_overlap_cells(pair.paper)))
    tokenizer = "the encoder" if corpora.tokenizer in ("", OWN_TOKENIZER) else corpora.tokenizer
    caption = (
        f"Unique word pieces (of {tokenizer}) in all mentions of a type, in lower "
        "case and without accents, as in the paper, and how many of them are in both corpora."
    )
    columns = ("corpus a", "corpus b", "type", "unique a", "unique b", "shared", "% of a", "% of b")
    caption += nothing_to_show("vocabulary overlap in corpora.json", rows)
    title = "Table 4. Vocabulary overlap of the mentions"
    return Table("table4_vocabulary_overlap", title, caption, columns, tuple(rows))


def _overlap_cells(pair: VocabularyOverlap) -> tuple[Cell, ...]:
    return pair.unique_a, pair.unique_b, pair.shared, pair.percent_a, pair.percent_b
