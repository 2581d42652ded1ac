"""What is known of the corpora in; the paper's Tables 1 and 4, with its own figures beside ours, out."""
from typing import Callable, Iterable, Sequence

from scripts.corpora.schema import in_order
from scripts.reporting.formats import Cell, Table
from scripts.results.corpora import Corpora, Corpus, PaperCorpus, VocabularyOverlap

PAPER = "paper: "


def table1_corpora(corpora: Corpora) -> Table:
    """RETURNS (Table): Table 1 of the paper: what the corpora are made of, and how they were split."""
    types = in_order(kind for corpus in corpora.corpora.values() for kind in corpus.mentions)
    columns = ("corpus", "language", "domain", *types, "documents", "sentences", "Punkt sentences")
    columns += ("sentences per document", "tokens per sentence", *(f"{kind} length" for kind in types))
    columns += ("training sentences", "test sentences")
    rows: list[tuple[Cell, ...]] = []
    for name, corpus in corpora.corpora.items():
        rows.append(_corpus_row(name, corpus, types))
        if corpus.paper:
            rows.append(_paper_row(corpus.paper, types))
    caption = (
        "Documents with text and sentences of all parts; mentions as read, before overlapping ones are dropped. The "
        "lengths of mentions are means in tokens, which are here runs of letters and digits. Punkt sentences: by the "
        "paper's splitter, to be compared with its count; its tokens per sentence cannot be reproduced by any counting "
        "that was tried. ehr: electronic health records; ugt: user-generated texts."
    )
    return Table("table1_corpora", "Table 1. Corpora", caption + _none("corpora.json", rows), columns, tuple(rows))


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


def table1_subtypes(corpora: Corpora) -> Table:
    """RETURNS (Table): The left half of Table 1: the corpora's own labels, and what each became."""
    rows = [
        (name, entity_type, label, corpus.subtypes[label])
        for name, corpus in corpora.corpora.items()
        for entity_type in in_order(corpus.labels.values())
        for label in corpus.subtypes
        if corpus.labels[label] == entity_type
    ]
    caption = "Mentions as read, of the labels that are taken." + _none("corpora.json", rows)
    columns = ("corpus", "type", "subtype", "mentions")
    title = "Table 1, by subtype. Mentions by the corpora's own labels"
    return Table("table1_subtypes", title, caption, columns, tuple(rows))


def table4_vocabulary_overlap(corpora: Corpora) -> Table:
    """RETURNS (Table): Table 4 of the paper: word pieces that the mentions of two corpora share."""
    rows: list[tuple[Cell, ...]] = []
    for pair in corpora.vocabulary_overlap:
        rows.append((pair.corpus_a, pair.corpus_b, pair.type, *_overlap_cells(pair)))
        if pair.paper:
            names = f"{PAPER}{pair.paper.corpus_a}", f"{PAPER}{pair.paper.corpus_b}"
            rows.append((*names, pair.type, *_overlap_cells(pair.paper)))
    caption = (
        f"Different word pieces (of {corpora.tokenizer or 'the encoder'}) in all mentions of a type as read, lower-"
        "cased and without accents as the paper's counts show, and how many of them both corpora have."
    )
    columns = ("corpus a", "corpus b", "type", "unique a", "unique b", "shared", "% of a", "% of b")
    caption += _none("vocabulary overlap in corpora.json", rows)
    title = "Table 4. Vocabulary overlap of the mentions"
    return Table("table4_vocabulary_overlap", title, caption, columns, tuple(rows))


def _overlap_cells(pair: VocabularyOverlap) -> tuple[Cell, ...]:
    return pair.unique_a, pair.unique_b, pair.shared, pair.percent_a, pair.percent_b


def shared_sentences(corpora: Corpora) -> Table:
    """RETURNS (Table): Sentences of a training part that stand in a test part: what could be learned by heart."""
    rows = tuple((pair.source, pair.target, pair.sentences, pair.exact, pair.near) for pair in corpora.shared_sentences)
    caption = (
        "Exact: the same words. Near: at least 80 % of the words of both are shared. Sentences of fewer than five "
        "words are not counted. `drop_shared_sentences` in the experiment file keeps those of other corpora out of the "
        "sources."
    )
    columns = ("training part of", "test part of", "training sentences", "exact", "near")
    title = "Sentences of a training part that stand in a test part"
    return Table("shared_sentences", title, caption + _none("shared sentences", rows), columns, rows)


CORPORA_TABLES: tuple[Callable[[Corpora], Table], ...] = (
    table1_corpora,
    table1_subtypes,
    table4_vocabulary_overlap,
    shared_sentences,
)


def _none(what: str, rows: Iterable) -> str:
    return "" if rows else f" Nothing to show: no {what}."
