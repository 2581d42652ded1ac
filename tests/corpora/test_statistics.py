"""Test the statistics of the paper's Tables 1 and 4, on sentences that can be counted by hand."""
from collections import Counter

import pytest

from scripts.corpora.docbin import align
from scripts.corpora.manifest import Statistics
from scripts.corpora.schema import Document, Mention
from scripts.corpora.statistics import corpus_statistics, count_document, strip_accents, vocabulary_overlap
from scripts.corpora.tokens import blank_pipeline

NLP = blank_pipeline()
LABELS = {"Medicine": "Drug", "ADR": "Disease", "Symptom": "Disease"}


def count(text: str, *mentions: tuple[int, int, str], starts=(0,)) -> Counter:
    document = Document("d", text, tuple(Mention(*mention) for mention in mentions))
    return count_document(document, align(Document("d", text), starts, NLP).doc, LABELS)


def test_table_1():
    first = count(
        "Took St. John's wort. Head ache.",
        (5, 20, "Medicine"),
        (22, 31, "ADR"),
        (22, 26, "Symptom"),
        (0, 4, "Dose"),
        starts=(0, 22),
    )
    second = count("Well, 5-HTP and pain...", (6, 11, "Medicine"), (16, 20, "ADR"))
    assert corpus_statistics(first + second, LABELS) == Statistics(
        documents=2,
        sentences=3,
        # Untrained Punkt takes the full stop of "St." for the end of a sentence.
        sentences_by_punkt=4,
        # As read: that "Head" lies inside of "Head ache" does not matter here.
        mentions={"Drug": 2, "Disease": 3},
        subtypes={"Medicine": 2, "ADR": 2, "Symptom": 1},
        sentences_per_document=1.5,
        # Took St John s wort | Head ache | Well 5 HTP and pain
        tokens_per_sentence=pytest.approx((5 + 2 + 5) / 3),
        mention_length={"Drug": pytest.approx((4 + 2) / 2), "Disease": pytest.approx((2 + 1 + 1) / 3)},
    )


def test_a_corpus_without_mentions_has_figures_too():
    figures = corpus_statistics(count("Nothing here."), LABELS)
    assert (figures.mentions["Drug"], figures.mention_length["Drug"], figures.sentences) == (0, 0.0, 1)
    assert corpus_statistics(Counter(), LABELS).sentences_per_document == 0.0


def test_a_mention_in_fragments_is_as_long_as_these_and_one_outside_of_the_text_has_no_words():
    pieces = Mention(0, 14, "ADR", fragments=((0, 4), (10, 14)))
    document = Document("d", "pain in my knee", (pieces, Mention(-5, -2, "ADR"), Mention(90, 99, "ADR")))
    counts = count_document(document, align(Document("d", document.text), (0,), NLP).doc, LABELS)
    assert (counts["mentions", "Disease"], counts["mention_words", "Disease"]) == (3, 2)


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
