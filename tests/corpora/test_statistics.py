"""The figures of the paper's Tables 1 and 4, by hand on sentences that one can count."""
import pytest

from scripts.corpora.docbin import align
from scripts.corpora.schema import Document, Mention
from scripts.corpora.statistics import (
    corpus_statistics,
    normalise_sentence,
    shared_sentences,
    strip_accents,
    vocabulary_overlap,
)
from scripts.corpora.tokens import blank_pipeline

NLP = blank_pipeline()


def make(text: str, *mentions: tuple[int, int, str], starts=(0,)):
    return align(Document("d", text, tuple(Mention(*mention) for mention in mentions)), starts, NLP).doc


def test_table_1():
    first = make("Took St. John's wort. Head ache.", (5, 20, "Drug"), (22, 31, "Disease"), starts=(0, 22))
    second = make("Well, 5-HTP and pain...", (6, 11, "Drug"), (16, 20, "Disease"))
    assert corpus_statistics([first, second]) == {
        "documents": 2,
        "sentences": 3,
        "Drug": 2,
        "Disease": 2,
        "sentences_per_document": 1.5,
        # Took St John s wort | Head ache | Well 5 HTP and pain
        "tokens_per_sentence": pytest.approx((5 + 2 + 5) / 3),
        "Drug_length": pytest.approx((4 + 2) / 2),
        "Disease_length": pytest.approx((2 + 1) / 2),
    }


def test_a_corpus_without_mentions_has_figures_too():
    figures = corpus_statistics([make("Nothing here.")])
    assert (figures["Drug"], figures["Drug_length"], figures["sentences"]) == (0, 0.0, 1)
    assert corpus_statistics([])["sentences_per_document"] == 0.0


def test_sentences_are_shared_whatever_their_case_and_punctuation():
    train = [make("It gave me a head ache! It helped.", starts=(0, 24)), make("Only here, and nowhere else.")]
    test = [make("it gave me a (head) ache... It helped.", starts=(0, 28))]
    assert shared_sentences(train, test) == {"it gave me a head ache"}
    assert normalise_sentence(" It  gave,\r\nme ") == "it gave me"


def test_short_sentences_are_not_counted_as_shared():
    assert shared_sentences([make("It did help me.")], [make("It did help me.")]) == set()
    assert shared_sentences([make("It did help me much.")], [make("It did help me much.")]) != set()


def test_table_4_counts_unique_lower_cased_pieces_without_accents():
    def halves(text: str) -> list[str]:
        return [text[:3], text[3:]]

    overlap = vocabulary_overlap(["Aspirin", "ASPIRÍN", "asthma"], ["asphalt", "Йодопирин"], halves)
    # asp irin ast hma | asp halt иод опирин
    assert overlap == {"unique_a": 4, "unique_b": 4, "shared": 1, "percent_a": 25.0, "percent_b": 25.0}


def test_table_4_of_no_mentions_is_zero():
    overlap = vocabulary_overlap([], ["a"], list)
    assert (overlap["shared"], overlap["percent_a"], overlap["percent_b"]) == (0, 0.0, 0.0)


def test_accents_are_stripped_as_bert_does():
    assert strip_accents("йод, ёж, café") == "иод, еж, cafe"
