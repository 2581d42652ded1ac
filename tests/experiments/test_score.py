"""Test the scores of a run, on tokens and original characters, by a pipeline that doesn't see the gold annotation."""
from typing import Optional

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab

from scripts.corpora.docbin import align, pack_docs
from scripts.corpora.parts import read_documents
from scripts.corpora.schema import Document, Mention
from scripts.corpora.tokens import blank_pipeline
from scripts.evaluation.scores import Score
from scripts.experiments.score import predict, score, score_characters, take_test, take_test_in_capitals
from scripts.ner.bio_ner import SPANS_KEY
from scripts.results.runs import Prediction

SEEN = []


@Language.component("test_finds_aspirin")
def finds_aspirin(doc: Doc) -> Doc:
    """Notes what it is shown, and finds the word aspirin and what follows `for`."""
    SEEN.append((doc.text, len(doc.ents), doc.has_annotation("ENT_IOB"), len(doc.spans), dict(doc.user_data)))
    found = [Span(doc, t.i, t.i + 1, label="Drug") for t in doc if t.text == "aspirin"]
    found += [Span(doc, t.i + 1, t.i + 2, label="Disease") for t in doc[:-1] if t.text == "for"]
    scores = [0.5 + 0.1 * n for n in range(len(found))]
    doc.spans[SPANS_KEY] = SpanGroup(doc, name=SPANS_KEY, spans=found, attrs={"scores": scores})
    doc.set_ents(found)
    return doc

TYPES = ("Drug", "Disease")


def gold(
    text: str,
    *mentions: tuple[int, int, str],
    starts: tuple[int, ...] = (0,),
    name: str = "one",
    annotated: Optional[tuple[tuple[int, int], ...]] = None,
) -> Doc:
    """A document as `convert` makes it."""
    document = Document(name, text, tuple(Mention(*mention) for mention in mentions), annotated=annotated)
    return align(document, starts, blank_pipeline()).doc


def found(document: Doc, *spans: tuple[int, int, str]) -> Prediction:
    """A prediction of given tokens."""
    ents = [Span(document, *span) for span in spans]
    characters = tuple((ent.start_char, ent.end_char, ent.label_) for ent in ents)
    return Prediction(document.user_data["id"], spans, characters, (1.0,) * len(ents))


class TestScore:
    def test_both_views_agree_where_mentions_are_whole_tokens(self):
        document = gold("Took aspirin for back pain", (5, 12, "Drug"), (17, 26, "Disease"))
        scores = score([document], [found(document, (1, 2, "Drug"), (3, 4, "Disease"))], TYPES)
        assert scores.tokens == scores.characters
        assert scores.tokens == {"micro": Score(1, 1, 1), "Drug": Score(1, 0, 0), "Disease": Score(0, 1, 1)}

    def test_a_mention_inside_a_token_is_found_on_tokens_and_missed_on_characters(self):
        # Annotated without the ending: the token is all that a pipeline can find.
        document = gold("Приняла аспирина", (8, 15, "Drug"))
        scores = score([document], [found(document, (1, 2, "Drug"))], TYPES)
        assert scores.tokens["Drug"] == Score(1, 0, 0)
        assert scores.characters["Drug"] == Score(0, 1, 1)

    def test_a_mention_that_alignment_dropped_is_missed_on_characters_only(self):
        # Both halves of one token: the longer takes it, the other is lost.
        document = gold("aspirinrash", (0, 7, "Drug"), (7, 11, "Disease"))
        scores = score([document], [found(document, (0, 1, "Drug"))], TYPES)
        assert scores.tokens["micro"] == Score(1, 0, 0)
        assert scores.characters["micro"] == Score(0, 1, 2)

    def test_a_mention_that_a_sentence_start_cuts_is_missed_on_both(self):
        document = gold("back\npain", (0, 9, "Disease"), starts=(0, 5))
        scores = score([document], [found(document, (0, 1, "Disease"))], TYPES)
        assert scores.tokens["Disease"] == scores.characters["Disease"] == Score(0, 1, 1)

    def test_documents_do_not_mix(self):
        one, other = gold("aspirin", (0, 7, "Drug"), name="one"), gold("aspirin", name="other")
        assert score([one, other], [found(one), found(other, (0, 1, "Drug"))], TYPES).tokens["Drug"] == Score(0, 1, 1)


class TestPartlyAnnotated:
    TEXT = "Took aspirin for rash. No aspirin today, no back pain."

    def scores(self, document, *spans):
        """Micro scores on tokens and on characters, which are the same here."""
        scores = score([document], [found(document, *spans)], TYPES)
        assert scores.tokens == scores.characters
        return scores.tokens["micro"]

    def test_what_is_found_where_nobody_annotated_is_neither_right_nor_wrong(self):
        document = gold(self.TEXT, (5, 12, "Drug"), (17, 21, "Disease"), annotated=((0, 22),))
        drug, wrong, elsewhere, across = (1, 2, "Drug"), (2, 3, "Drug"), (6, 7, "Drug"), (4, 6, "Disease")
        assert self.scores(document, drug) == Score(1, 0, 1)
        assert self.scores(document, drug, elsewhere) == Score(1, 0, 1)
        assert self.scores(document, drug, wrong, elsewhere) == Score(1, 1, 1)
        assert self.scores(document, drug, across, elsewhere) == Score(1, 0, 1)
        # Of the same text annotated throughout all of them count.
        whole = gold(self.TEXT, (5, 12, "Drug"), (17, 21, "Disease"))
        assert self.scores(whole, drug, across, elsewhere) == Score(1, 2, 1)

    def test_a_mention_of_the_gold_counts_wherever_it_stands(self):
        document = gold(self.TEXT, (44, 53, "Disease"), annotated=((0, 22),))
        assert self.scores(document) == Score(0, 0, 1)
        assert self.scores(document, (10, 12, "Disease")) == Score(1, 0, 0)
        # Inside of it all is known; what reaches beyond is not judged, and does not find it.
        assert self.scores(document, (10, 11, "Disease")) == Score(0, 1, 1)
        assert self.scores(document, (9, 12, "Disease")) == Score(0, 0, 1)

    def test_characters_of_another_tokenization_touch_what_is_unknown_too(self):
        document = gold(self.TEXT, (5, 12, "Drug"), annotated=((0, 22),))
        inside, outside, across = (18, 20, "Drug"), (27, 30, "Drug"), (20, 24, "Drug")
        assert score_characters([document], [[inside, outside, across]], TYPES)["micro"] == Score(0, 1, 1)

    def test_a_mention_across_white_space_that_nobody_annotated_is_judged(self):
        document = gold("back \n pain", (0, 4, "Disease"), annotated=((0, 4), (7, 11)))
        (packed,) = DocBin(store_user_data=True).from_bytes(pack_docs([document]).to_bytes()).get_docs(Vocab())
        for doc in (document, packed):
            assert self.scores(doc, (0, len(doc), "Disease")) == Score(0, 1, 1)

    def test_a_document_that_nobody_annotated_adds_nothing(self):
        documents = [gold("aspirin", name="one"), gold("aspirin", name="other", annotated=())]
        predictions = [found(document, (0, 1, "Drug")) for document in documents]
        assert score(documents, predictions, TYPES) == score(documents[:1], predictions[:1], TYPES)


class TestPredict:
    @pytest.fixture()
    def nlp(self):
        """RETURNS (Language): A pipeline that notes what it is shown."""
        SEEN.clear()
        nlp = spacy.blank("xx")
        nlp.add_pipe("test_finds_aspirin")
        return nlp

    @pytest.fixture()
    def documents(self, tmp_path):
        """RETURNS (list[Doc]): Two documents, read from a file."""
        texts = ["Took aspirin for rash.\nNo aspirin today.", "Aspirin  for nausea"]
        docs = [
            gold(texts[0], (5, 12, "Drug"), (17, 21, "Disease"), starts=(0, 23), name="a"),
            gold(texts[1], name="b"),
        ]
        pack_docs(docs).to_disk(tmp_path / "test.spacy")
        return read_documents(tmp_path / "test.spacy")

    def test_the_pipeline_is_shown_no_gold(self, nlp, documents):
        assert [len(document.ents) for document in documents] == [2, 0]
        list(predict(nlp, documents))
        assert SEEN == [(document.text, 0, False, 0, {}) for document in documents]

    def test_sentences_and_tokens_are_those_of_the_documents(self, documents):
        nlp = spacy.blank("xx")
        starts = []

        @Language.component("test_notes_starts")
        def notes_starts(doc):
            starts.append([(token.text, token.idx, token.is_sent_start) for token in doc])
            return finds_aspirin(doc)

        nlp.add_pipe("test_notes_starts")
        list(predict(nlp, documents))
        assert starts == [[(t.text, t.idx, bool(t.is_sent_start)) for t in document] for document in documents]
        assert [sum(is_start for _, _, is_start in doc) for doc in starts] == [2, 1]

    def test_predictions_hold_tokens_characters_and_confidences_in_order(self, nlp, documents):
        one, other = predict(nlp, documents)
        assert one.document == "a" and other.document == "b"
        assert one.tokens == ((1, 2, "Drug"), (3, 4, "Disease"), (7, 8, "Drug"))
        assert [documents[0].text[start:end] for start, end, _ in one.characters] == ["aspirin", "rash", "aspirin"]
        # Confidences stand in the order in which the component found the mentions.
        assert one.confidences == pytest.approx((0.5, 0.7, 0.6))
        assert [documents[1].text[start:end] for start, end, _ in other.characters] == ["nausea"]

    def test_what_is_found_is_scored_against_the_gold(self, nlp, documents):
        scores = score(documents, list(predict(nlp, documents)), TYPES)
        assert scores.tokens["Drug"] == Score(1, 1, 0)


@Language.component("test_finds_capitals")
def finds_capitals(doc: Doc) -> Doc:
    """Finds words that are in capitals."""
    doc.set_ents([Span(doc, token.i, token.i + 1, label="Drug") for token in doc if token.text.isupper()])
    return doc


def test_in_capitals_only_the_text_is_another(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("test_finds_capitals")
    # The upper case of the sharp s has two letters, which would shift every mention after it.
    documents = [gold("Straße: aspirin. Ibuprofen", (8, 15, "Drug"), (17, 26, "Drug"), starts=(0, 17))]
    (tmp_path / "test.spacy").write_bytes(pack_docs(documents).to_bytes())
    as_is = take_test(nlp, tmp_path / "test.spacy", ["Drug"]).scores
    assert as_is.tokens["Drug"] == as_is.characters["Drug"] == Score(0, 0, 2)
    capitals = take_test_in_capitals(nlp, tmp_path / "test.spacy", ["Drug"])
    assert capitals.tokens["Drug"] == capitals.characters["Drug"] == Score(2, 0, 0)
