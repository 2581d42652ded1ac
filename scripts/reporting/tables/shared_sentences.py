"""Count the sentences of a training part that are also in a test part."""
from scripts.reporting.formats import Table
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.corpora import Corpora


def table_shared_sentences(corpora: Corpora) -> Table:
    """RETURNS (Table): Sentences of a training part that are also in a test part, so a model could memorise them."""
    rows = tuple((pair.source, pair.target, pair.sentences, pair.exact, pair.near) for pair in corpora.shared_sentences)
    caption = "Sentences of at least five words in a training part that are also in a test part."
    terms = (
        ("exact", "The same words."),
        ("near", "They share at least 80 % of their words."),
        ("drop_shared_sentences", "In the experiment file, this removes those of other corpora from the sources."),
    )
    columns = ("training part of", "test part of", "training sentences", "exact", "near")
    title = "Sentences of a training part that are also in a test part"
    return Table("shared_sentences", title, caption + nothing_to_show("shared sentences", rows), columns, rows, terms)
