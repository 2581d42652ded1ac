"""Create the left half of Table 1 of the paper: mentions by the corpora's own labels."""
from scripts.corpora.schema import in_order
from scripts.reporting.formats import Table
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.corpora import Corpora


def table1_subtypes(corpora: Corpora) -> Table:
    """RETURNS (Table): The left half of Table 1: the corpora's own labels, and the type each is mapped to."""
    rows = [
        (name, entity_type, label, corpus.subtypes[label])
        for name, corpus in corpora.corpora.items()
        for entity_type in in_order(corpus.labels.values())
        for label in corpus.subtypes
        if corpus.labels[label] == entity_type
    ]
    caption = "Mentions in the corpus files, for the labels that are used." + nothing_to_show("corpora.json", rows)
    columns = ("corpus", "type", "subtype", "mentions")
    title = "Table 1, by subtype. Mentions by the corpora's own labels"
    return Table("table1_subtypes", title, caption, columns, tuple(rows))
