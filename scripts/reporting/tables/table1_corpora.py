"""Create Table 1 of the paper: statistics of the corpora, with the paper's figures next to ours."""
from typing import Sequence

from scripts.corpora.schema import in_order
from scripts.reporting.formats import Cell, Table
from scripts.reporting.paper_counterparts import PAPER
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.corpora import Corpora, Corpus, PaperCorpus


def table1_corpora(corpora: Corpora) -> Table:
    """RETURNS (Table): Table 1 of the paper: statistics of the corpora, and how they were split."""
    types = in_order(kind for corpus in corpora.corpora.values() for kind in corpus.mentions)
    columns = ("corpus", "language", "domain", *types, "documents", "sentences", "Punkt sentences")
    columns += ("sentences per document", "tokens per sentence", *(f"{kind} length" for kind in types))
    columns += ("training sentences", "test sentences")
    rows: list[tuple[Cell, ...]] = []
    for name, corpus in corpora.corpora.items():
        rows.append(_corpus_row(name, corpus, types))
        if corpus.paper:
            rows.append(_paper_row(corpus.paper, types))
    caption = "Documents with text, sentences of all parts, and all mentions in the files, overlapping ones included."
    caption += nothing_to_show("corpora.json", rows)
    return Table("table1_corpora", "Table 1. Corpora", caption, columns, tuple(rows), _terms(corpora, types))


def _terms(corpora: Corpora, types: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """RETURNS (tuple): The terms to explain; the paper's figures only where they are shown."""
    names = ", ".join(f"{kind} length" for kind in types)
    lengths = ((names, "Mean length of a mention in tokens, here runs of letters and digits."),) if types else ()
    domains = ("ehr, ugt", "Electronic health records, user-generated texts.")
    if not any(corpus.paper for corpus in corpora.corpora.values()):
        return *lengths, ("Punkt sentences", "Sentences by the paper's splitter."), domains
    return (
        *lengths,
        ("Punkt sentences", "Sentences by the paper's splitter, for comparison with its count."),
        ("tokens per sentence", "None of the ways of counting that were tried reproduces the paper's figures."),
        domains,
    )


def _corpus_row(name: str, corpus: Corpus, types: Sequence[str]) -> tuple[Cell, ...]:
    parts = tuple(corpus.splits.get(part, {}).get("sentences") for part in ("train", "test"))
    return (
        *(name, corpus.language, corpus.domain),
        *(corpus.mentions.get(kind) for kind in types),
        *(corpus.documents, corpus.sentences, corpus.sentences_by_punkt),
        *(corpus.sentences_per_document, corpus.tokens_per_sentence),
        *(corpus.mention_length.get(kind) for kind in types),
        *parts,
    )


def _paper_row(paper: PaperCorpus, types: Sequence[str]) -> tuple[Cell, ...]:
    return (
        *(f"{PAPER}{paper.name}", None, None),
        *(paper.mentions.get(kind) for kind in types),
        *(paper.documents, None, paper.sentences),
        *(paper.sentences_per_document, paper.tokens_per_sentence),
        *(paper.mention_length.get(kind) for kind in types),
        *(None, None),
    )
