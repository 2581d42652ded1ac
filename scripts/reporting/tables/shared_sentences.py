"""Count the sentences of a training part that stand in a test part."""
from scripts.reporting.formats import Table
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.corpora import Corpora


def table_shared_sentences(corpora: Corpora) -> Table:
    """RETURNS (Table): Sentences of a training part that stand in a test part: what could be learned by heart."""
    rows = tuple((pair.source, pair.target, pair.sentences, pair.exact, pair.near) for pair in corpora.shared_sentences)
    caption = "Sentences of a training part that a test part holds too, those of five words and more."
    terms = (
        ("exact", "The same words."),
        ("near", "At least 80 % of the words of both are shared."),
        ("drop_shared_sentences", "In the experiment file, keeps those of other corpora out of the sources."),
    )
    columns = ("training part of", "test part of", "training sentences", "exact", "near")
    title = "Sentences of a training part that stand in a test part"
    return Table("shared_sentences", title, caption + nothing_to_show("shared sentences", rows), columns, rows, terms)
