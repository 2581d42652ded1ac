"""The encoder reads sentence by sentence: nothing is lost, and what stands beside a sentence changes nothing."""
from types import SimpleNamespace

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from thinc.types import Ragged
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast

from scripts.corpora.tokens import blank_pipeline
from scripts.ner.bio_ner import first_subword
from scripts.ner.sentence_transformer import sentence_spans
from tests.conftest import TINY_TEXTS
from tests.ner.pipelines import entities, make_pipeline

LIMIT = 12


@pytest.fixture(scope="module")
def narrow(tiny_encoder):
    """RETURNS (Language): A pipeline whose encoder reads at most 12 sub-words, with the project's tokenizer."""
    nlp = make_pipeline(tiny_encoder, max_subwords=LIMIT)
    nlp.tokenizer = blank_pipeline().tokenizer
    return nlp


def spans_of(nlp, *docs):
    """The texts that the encoder reads of each Doc."""
    return nlp.get_pipe("transformer").model.attrs["get_spans"](docs)


def count_subwords(nlp, text):
    """How many sub-words a text by itself has."""
    return len(nlp.get_pipe("transformer").model.tokenizer.tokenize(text))


def in_sentences(nlp, texts):
    """One Doc of several sentences."""
    docs = [nlp.make_doc(f"{text} ") for text in texts]
    joined = Doc.from_docs(docs, ensure_whitespace=False)
    starts = {sum(map(len, docs[:number])) for number in range(len(docs))}
    for token in joined:
        token.is_sent_start = token.i in starts
    return joined


def vectors(nlp, doc):
    """The token vectors that the head sees."""
    return nlp.get_pipe("bio_ner").model.layers[0].predict([doc])[0]


def word_piece_tokenizer(pieces):
    """A tokenizer of given word pieces."""
    tokenizer = Tokenizer(WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


def subword_vectors(data):
    """The encoder's output for each sub-word of a Doc's tokens."""
    output = data.model_output.last_hidden_state
    return output.reshape(-1, output.shape[-1])[data.align.dataXd.ravel()]


class TestSpans:
    @given(st.lists(st.sampled_from(TINY_TEXTS), min_size=1, max_size=4), st.booleans())
    def test_spans_cover_every_token_once_and_fit(self, narrow, texts, has_sentences):
        doc = in_sentences(narrow, texts) if has_sentences else narrow.make_doc(" ".join(texts))
        (spans,) = spans_of(narrow, doc)
        assert [token.i for span in spans for token in span] == list(range(len(doc)))
        assert all(count_subwords(narrow, span.text) <= LIMIT for span in spans)
        if has_sentences:
            assert {sentence.start for sentence in doc.sents} <= {span.start for span in spans}

    def test_a_short_sentence_is_one_span(self, narrow):
        doc = in_sentences(narrow, ["No rash .", "No nausea ."])
        assert [span.text for span in spans_of(narrow, doc)[0]] == ["No rash .", "No nausea ."]

    def test_subwords_are_counted_in_place(self, narrow):
        # By itself the unit is one word piece, behind its number it is two.
        pieces = ["[UNK]", "400", "mg", "##m", "##g"]
        tokenizer = word_piece_tokenizer(pieces)
        doc = narrow.make_doc("400mg " * 5)
        assert sum(len(tokenizer.tokenize(token.text)) for token in doc) == 10
        (spans,) = sentence_spans([doc], SimpleNamespace(tokenizer=tokenizer), 10)
        assert [len(tokenizer.tokenize(span.text)) for span in spans] == [7, 7]

    def test_characters_of_several_bytes_are_counted(self, narrow):
        (spans,) = spans_of(narrow, narrow.make_doc("№№№ №№№ №№№ №№№"))
        assert all(count_subwords(narrow, span.text) <= LIMIT for span in spans)

    def test_the_encoders_own_limit_holds(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, max_subwords=510)
        nlp.get_pipe("transformer").model.tokenizer.model_max_length = 10
        (spans,) = spans_of(nlp, nlp.make_doc(" ".join(TINY_TEXTS[:2])))
        # Eight sub-words and the two special ones.
        assert all(count_subwords(nlp, span.text) <= 8 for span in spans)

    @pytest.mark.parametrize("is_train", [False, True])
    def test_no_subword_is_lost(self, tiny_encoder, is_train):
        nlp = make_pipeline(tiny_encoder, max_subwords=LIMIT)
        model = nlp.get_pipe("transformer").model
        model.tokenizer.model_max_length = LIMIT + 2
        docs = [nlp.make_doc(" ".join(TINY_TEXTS[:3])), nlp.make_doc(TINY_TEXTS[5])]
        batch, _ = model(docs, is_train)
        spans = [span for doc_spans in batch.spans for span in doc_spans]
        expected = [count_subwords(nlp, span.text) + 2 for span in spans]
        assert batch.wordpieces.lengths == [sum(expected)] and len(batch.model_output.last_hidden_state) == sum(expected)
        assert (batch.align.lengths > 0).all() and len(batch.align.lengths) == sum(map(len, docs))

    def test_a_token_longer_than_a_span_keeps_its_first_subword(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, max_subwords=LIMIT)
        nlp.get_pipe("transformer").model.tokenizer.model_max_length = LIMIT + 2
        doc = nlp("xqxqxqxqxqxqxqxqxqxqxq rash")
        assert [len(span) for span in spans_of(nlp, doc)[0]] == [1, 1]
        assert vectors(nlp, doc).any(axis=1).all()


class TestBatching:
    def texts(self):
        """More sentences than go through the encoder at once, of mixed lengths."""
        generator = numpy.random.default_rng(0)
        words = [word for text in TINY_TEXTS for word in text.split()]
        lengths = generator.integers(1, 30, size=3 * 32)
        return [" ".join(generator.choice(words, size=length)) for length in lengths]

    def test_vectors_and_entities_do_not_depend_on_what_stands_beside(self, trained):
        texts = self.texts()
        alone = [trained(text) for text in texts]
        together = trained(in_sentences(trained, texts))
        parted = list(together.sents)
        assert len(parted) == len(alone)
        found = [[(e.start - s.start, e.end - s.start, e.label_) for e in s.ents] for s in parted]
        assert found == [entities(doc) for doc in alone]
        assert sum(map(len, found)) > 20
        expected = numpy.concatenate([vectors(trained, doc) for doc in alone])
        assert numpy.abs(vectors(trained, together) - expected).max() < 1e-5

    def test_predictions_do_not_depend_on_the_batch_of_documents(self, trained):
        texts = self.texts()
        docs = [in_sentences(trained, texts[start : start + 7]) for start in range(0, len(texts), 7)]
        batches = [list(trained.pipe([doc.copy() for doc in docs], batch_size=size)) for size in (1, 5)]
        for one, other in zip(*batches):
            assert entities(one) == entities(other)
            assert numpy.abs(vectors(trained, one) - vectors(trained, other)).max() < 1e-5

    def test_a_sentence_reads_the_same_in_training(self, tiny_encoder):
        dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        nlp = make_pipeline(tiny_encoder, transformer_config=dropout)
        model = nlp.get_pipe("transformer").model
        docs = [nlp.make_doc(text) for text in self.texts()[:5]]
        for one, other in zip(model.predict(docs).doc_data, model.begin_update(docs)[0].doc_data):
            assert numpy.abs(subword_vectors(one) - subword_vectors(other)).max() < 1e-5


class TestFirstSubword:
    X = Ragged(numpy.arange(12, dtype="float32").reshape(6, 2), numpy.array([2, 0, 1, 3, 0], dtype="int32"))

    def test_each_token_gets_its_first_subword_or_zeros(self):
        Y = first_subword().predict(self.X)
        assert Y.tolist() == [[0, 1], [0, 0], [4, 5], [6, 7], [0, 0]]

    def test_no_token_has_a_subword(self):
        Y = first_subword().predict(Ragged(numpy.zeros((0, 2), dtype="f"), numpy.zeros(3, dtype="int32")))
        assert Y.tolist() == [[0, 0]] * 3

    @given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(0, 1000))
    def test_the_gradient_is_that_of_a_linear_map(self, lengths, seed):
        generator = numpy.random.default_rng(seed)
        data = generator.standard_normal((sum(lengths), 3)).astype("float32")
        X = Ragged(data, numpy.array(lengths, dtype="int32"))
        Y, backprop = first_subword().begin_update(X)
        dY = generator.standard_normal(Y.shape).astype("float32")
        dX = backprop(dY)
        assert dX.lengths.tolist() == lengths
        assert (dX.dataXd * data).sum() == pytest.approx((dY * Y).sum(), abs=1e-4)
        # At most one sub-word of a token has a gradient.
        assert dX.dataXd.any(axis=1).sum() == sum(length > 0 for length in lengths)
