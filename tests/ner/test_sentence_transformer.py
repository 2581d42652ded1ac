"""Test that the encoder reads each sentence separately, loses nothing, and ignores neighboring sentences.

Sub-words, alignment and gradients against those of spaCy and PyTorch themselves; precisions; what survives saving.
"""
import json
import pickle
import shutil
import sys
from dataclasses import replace
from types import SimpleNamespace
from unicodedata import normalize

import numpy
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab
from spacy_transformers.align import get_alignment_via_offset_mapping
from thinc.api import Adam, fix_random_seed
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Metaspace, WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from torch.profiler import ProfilerActivity, profile
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast, XLMRobertaTokenizerFast
from transformers.file_utils import ModelOutput

from scripts.corpora.tokens import blank_pipeline
from scripts.ner import bio_ner, sentence_transformer
from scripts.ner.optimizer import make_adam
from scripts.ner.rounding import round_encoder
from scripts.ner.sentence_transformer import (
    OneDnnMode,
    SentenceTransformer,
    align_subwords,
    has_fast_onednn,
    like_lengths,
    sentence_spans,
    split_into_subwords,
)
from scripts.ner.training import freeze_encoder
from tests.conftest import TINY_TEXTS
from tests.ner.pipelines import NO_DROPOUT, entities, make_pipeline, toy_examples, update

LIMIT = 12
# Several characters to one sub-word and several sub-words to one character, marks that normalization moves or merges.
PIECES = [
    *"abcDEF",
    *"абвЖёй",
    *"0123",
    *".,-/()%№«»…½",
    *" \n\t\u00a0",
    *["  ", "   ", "\n\n", " \n "],
    *["400mg", "400", "aspirin", "аспирин"],
    *["😀", "👩\u200d⚕\ufe0f", "ﬁ"],
    *["e\u0301", "и\u0306", "\u0301", "\u0302\u0323"],
]


@pytest.fixture(scope="module")
def narrow(tiny_encoder):
    """RETURNS (Language): A pipeline whose encoder reads at most 12 sub-words, with the project's tokenizer."""
    nlp = make_pipeline(tiny_encoder, max_subwords=LIMIT)
    nlp.tokenizer = blank_pipeline().tokenizer
    return nlp


def encoder_of(nlp):
    """The model of the transformer component."""
    return nlp.get_pipe("transformer").model


def spans_of(nlp, *docs):
    """The texts that the encoder reads of each Doc."""
    return encoder_of(nlp).attrs["get_spans"](docs)


def count_subwords(nlp, text):
    """How many sub-words a text by itself has."""
    return len(encoder_of(nlp).tokenizer.tokenize(text))


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
        shim = SimpleNamespace(count_subwords=lambda span: len(tokenizer.tokenize(span.text)))
        model = SimpleNamespace(tokenizer=tokenizer, layers=[SimpleNamespace(shims=[shim])])
        (spans,) = sentence_spans([doc], model, 10)
        assert [len(tokenizer.tokenize(span.text)) for span in spans] == [7, 7]

    def test_characters_of_several_bytes_are_counted(self, narrow):
        (spans,) = spans_of(narrow, narrow.make_doc("№№№ №№№ №№№ №№№"))
        assert all(count_subwords(narrow, span.text) <= LIMIT for span in spans)

    @pytest.mark.parametrize("character", ["\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}", "½", "각", "Ａ", "𝐀"])
    def test_characters_that_a_tokenizer_takes_apart_are_counted(self, character):
        # Each is one character of up to three bytes, and more once it is normalized.
        text = " ".join([character] * 20)

        def size(text: str) -> int:
            # At worst, each byte is a sub-word.
            return max(len(form.encode()) for form in (text, normalize("NFKD", text)))

        shim = SimpleNamespace(count_subwords=lambda span: size(span.text))
        tokenizer = SimpleNamespace(max_len_single_sentence=512)
        model = SimpleNamespace(tokenizer=tokenizer, layers=[SimpleNamespace(shims=[shim])])
        for limit in (size(text) // 2, size(text)):
            (spans,) = sentence_spans([spacy.blank("xx").make_doc(text)], model, limit)
            assert all(size(span.text) <= limit for span in spans)

    def test_the_encoders_own_limit_holds(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, max_subwords=510)
        encoder_of(nlp).tokenizer.model_max_length = 10
        (spans,) = spans_of(nlp, nlp.make_doc(" ".join(TINY_TEXTS[:2])))
        # Eight sub-words and the two special ones.
        assert all(count_subwords(nlp, span.text) <= 8 for span in spans)

    @pytest.mark.parametrize("is_train", [False, True])
    def test_no_subword_is_lost(self, tiny_encoder, is_train):
        nlp = make_pipeline(tiny_encoder, max_subwords=LIMIT)
        model = encoder_of(nlp)
        model.tokenizer.model_max_length = LIMIT + 2
        docs = [nlp.make_doc(" ".join(TINY_TEXTS[:3])), nlp.make_doc(TINY_TEXTS[5])]
        batch, _ = model(docs, is_train)
        spans = [span for doc_spans in batch.spans for span in doc_spans]
        expected = sum(count_subwords(nlp, span.text) + 2 for span in spans)
        assert batch.wordpieces.lengths == [expected] and len(batch.model_output.last_hidden_state) == expected
        assert (batch.align.lengths > 0).all() and len(batch.align.lengths) == sum(map(len, docs))

    def test_a_token_longer_than_a_span_keeps_its_first_subword(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, max_subwords=LIMIT)
        encoder_of(nlp).tokenizer.model_max_length = LIMIT + 2
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
        for one, other in zip(*batches, strict=True):
            assert entities(one) == entities(other)
            assert numpy.abs(vectors(trained, one) - vectors(trained, other)).max() < 1e-5

    def test_only_training_has_dropout(self, untrained):
        docs = [untrained.make_doc(text) for text in self.texts()[:5]]
        model = encoder_of(untrained)
        before, *training, after = (model(docs, is_train)[0].model_output[0] for is_train in (False, True, True, False))
        assert torch.equal(before, after) and not torch.equal(*training)

    def test_a_sentence_reads_the_same_in_training(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        model = encoder_of(nlp)
        docs = [nlp.make_doc(text) for text in self.texts()[:5]]
        for one, other in zip(model.predict(docs).doc_data, model.begin_update(docs)[0].doc_data, strict=True):
            assert numpy.abs(subword_vectors(one) - subword_vectors(other)).max() < 1e-5


class TestLikeLengths:
    @given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 100))
    def test_every_sequence_comes_once_and_the_longest_first(self, lengths, budget):
        batches = [batch.tolist() for batch in like_lengths(numpy.array(lengths, dtype=int), budget)]
        numbers = [number for batch in batches for number in batch]
        assert sorted(numbers) == list(range(len(lengths)))
        assert [lengths[number] for number in numbers] == sorted(lengths, reverse=True)

    @given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 100))
    def test_no_batch_but_a_single_sequence_is_above_the_budget(self, lengths, budget):
        batches = [batch.tolist() for batch in like_lengths(numpy.array(lengths, dtype=int), budget)]
        sizes = [len(batch) * max(lengths[number] for number in batch) for batch in batches]
        assert all(size <= budget or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))
        # Nor could a batch have taken one sequence more.
        assert all((len(batch) + 1) * lengths[batch[0]] > budget for batch in batches[:-1])

    def test_nothing_gives_no_batch(self):
        assert list(like_lengths(numpy.array([], dtype=int), 384)) == []


def texts():
    """Strategy: texts of both alphabets, digits, punctuation, white space, emoji and combining characters."""
    return st.lists(st.sampled_from(PIECES), min_size=1, max_size=25).map("".join)


@pytest.fixture(scope="module", params=["unigram", "unigram over spaces", "word pieces"])
def tokenizer(request, tiny_encoder):
    """RETURNS (PreTrainedTokenizerFast): The tiny encoder's, the same with spaces in sub-words, or word pieces."""
    if request.param != "word pieces":
        made = AutoTokenizer.from_pretrained(tiny_encoder)
        if request.param == "unigram over spaces":
            # Here the space in front belongs to the sub-word.
            made.backend_tokenizer.pre_tokenizer = Metaspace()
        return made
    special = ["[CLS]", "[SEP]"]
    characters = sorted(set("".join(PIECES)) - set(" \n\t\u00a0½"))
    marked = [f"##{character}" for character in characters]
    made = word_piece_tokenizer([*special, "[UNK]", *characters, *marked, "400", "mg", "##spirin", "##спирин"])
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, number) for number, token in enumerate(special)]
    )
    return made


@pytest.fixture(scope="module", params=[blank_pipeline, lambda: spacy.blank("xx")], ids=["fine", "coarse"])
def blank(request):
    """RETURNS (Language): A pipeline that only makes tokens, the project's small ones or spaCy's."""
    return request.param()


def subwords_of_tokens(align):
    """Numbers of the sub-words of each token."""
    return [part.tolist() for part in numpy.split(align.dataXd, align.lengths.cumsum()[:-1])]


def expected_subwords_of_tokens(tokenizer, spans):
    """The same by spacy-transformers, span after span, so that no row is padded."""
    expected, before = [], 0
    for span in spans:
        offsets = numpy.array(tokenizer(span.text, return_offsets_mapping=True)["offset_mapping"])
        numbers = subwords_of_tokens(get_alignment_via_offset_mapping([span], [offsets]))
        expected += [[before + number for number in numbers[token.i]] for token in span]
        before += len(offsets)
    return expected


class TestAlignment:
    @given(texts(), st.sets(st.integers(1, 25), max_size=5))
    def test_subwords_of_tokens_are_those_of_spacy_transformers(self, tokenizer, blank, text, starts):
        doc = blank.make_doc(text)
        for token in doc:
            token.is_sent_start = token.i in {0, *starts}
        spans = list(doc.sents)
        align = align_subwords(doc, spans, split_into_subwords(tokenizer, [span.text for span in spans]))
        assert subwords_of_tokens(align) == expected_subwords_of_tokens(tokenizer, spans)

    def test_a_subword_that_two_tokens_share_belongs_to_both(self, tokenizer):
        doc = Doc(spacy.blank("xx").vocab, words=["4", "00", "mg"], spaces=[False, False, False])
        first, second, _ = subwords_of_tokens(align_subwords(doc, [doc[:]], split_into_subwords(tokenizer, [doc.text])))
        assert set(first) & set(second)


def plain(subwords):
    """Sub-words of several texts, as what can be compared."""
    return [(piece.ids.tolist(), piece.offsets.tolist(), piece.strings) for piece in subwords]


class TestSubwords:
    @given(st.lists(texts(), max_size=4))
    def test_they_are_those_of_the_tokenizer(self, tokenizer, texts):
        expected = [tokenizer(text, return_offsets_mapping=True) for text in texts]
        found = split_into_subwords(tokenizer, texts)
        assert [piece.ids.tolist() for piece in found] == [one["input_ids"] for one in expected]
        assert [piece.offsets.tolist() for piece in found] == [[*map(list, one["offset_mapping"])] for one in expected]
        assert [piece.strings for piece in found] == [one.tokens() for one in expected]

    def test_a_text_is_cut_where_the_encoder_ends(self, tiny_encoder):
        whole = AutoTokenizer.from_pretrained(tiny_encoder)
        short = AutoTokenizer.from_pretrained(tiny_encoder, model_max_length=7)
        (expected,) = plain(split_into_subwords(whole, TINY_TEXTS[:1]))
        assert len(expected[0]) > 7
        assert plain(split_into_subwords(short, TINY_TEXTS[:1])) == [tuple(part[:7] for part in expected)]

    def test_a_slow_tokenizer_is_refused(self, tmp_path):
        (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\nrash\n")
        with pytest.raises(ValueError, match="BertTokenizer provides no offsets. Use an encoder with a fast tokenizer"):
            split_into_subwords(BertTokenizer(str(tmp_path / "vocab.txt")), ["rash"])


class TestKeptSubwords:
    @given(st.lists(st.lists(texts(), max_size=4), max_size=4))
    def test_they_are_those_of_a_fresh_cut(self, narrow, batches):
        encoder = encoder_of(narrow)
        for batch in batches:
            repeated = batch + batch[::-1]
            found = encoder.layers[0].shims[0].kept_subwords(repeated)
            assert plain(found) == plain(split_into_subwords(encoder.tokenizer, repeated))

    def test_a_text_is_cut_once(self, untrained):
        shim = encoder_of(untrained).layers[0].shims[0]
        (first,) = shim.kept_subwords(["rash"])
        assert all(piece is first for piece in shim.kept_subwords(["rash", "nausea", "rash"])[::2])

    @given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=8))
    def test_no_more_are_kept_than_allowed(self, narrow, batches):
        self.assert_bounded(narrow, batches)

    def test_no_more_are_kept_than_allowed_of_a_single_call(self, narrow):
        self.assert_bounded(narrow, [list("abcdefgh")])

    @staticmethod
    def assert_bounded(nlp, batches):
        encoder = encoder_of(nlp)
        shim = encoder.layers[0].shims[0]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sentence_transformer, "KEPT_SENTENCES", 4)
            patch.setattr(shim, "_kept", {})
            for batch in batches:
                found = shim.kept_subwords(batch)
                assert plain(found) == plain(split_into_subwords(encoder.tokenizer, batch))
                assert len(shim._kept) <= 4


def trained_vectors(nlp):
    """The vectors of all sub-words of the toy sentences, as training sees them."""
    docs = [example.predicted for example in toy_examples(nlp)]
    return encoder_of(nlp).begin_update(docs)[0].model_output.last_hidden_state


def predicted_vectors(nlp):
    """The vectors of all sub-words of the toy sentences."""
    docs = [example.predicted for example in toy_examples(nlp)]
    return encoder_of(nlp).predict(docs).model_output.last_hidden_state


class TestPrecision:
    @pytest.mark.parametrize(
        ("setting", "known"),
        [("training_precision", "float32, bfloat16$"), ("inference_precision", "float32, bfloat16, int8$")],
    )
    def test_an_unknown_precision_is_refused(self, setting, known):
        with pytest.raises(ValueError, match=f"Unknown {setting} 'float16'. Use one of {known}"):
            SentenceTransformer("encoder", **{setting: "float16"})

    def test_training_in_bfloat16_is_near_to_float32(self, tiny_encoder):
        exact = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        rough = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT, training_precision="bfloat16")
        difference = (trained_vectors(rough) - trained_vectors(exact)).abs().max()
        assert 0.0 < difference < 0.1
        assert torch.equal(predicted_vectors(rough), predicted_vectors(exact))

    def test_predictions_in_bfloat16_are_near_to_float32(self, tiny_encoder):
        exact = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        rough = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT, inference_precision="bfloat16")
        difference = (predicted_vectors(rough) - predicted_vectors(exact)).abs().max()
        assert 0.0 < difference < 0.1
        assert torch.equal(trained_vectors(rough), trained_vectors(exact))

    def test_what_the_host_program_sets_changes_nothing(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        expected, trained = predicted_vectors(nlp), trained_vectors(nlp)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(predicted_vectors(nlp), expected) and torch.equal(trained_vectors(nlp), trained)
        try:
            torch.set_default_dtype(torch.float64)
            assert torch.equal(predicted_vectors(nlp), expected) and torch.equal(trained_vectors(nlp), trained)
        finally:
            torch.set_default_dtype(torch.float32)

    def test_weights_gradients_and_vectors_stay_in_float32(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, training_precision="bfloat16", inference_precision="bfloat16")
        nlp.update(toy_examples(nlp), sgd=False)
        parameters = list(encoder_of(nlp).transformer.parameters())
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        assert len(gradients) > 30
        tensors = [*parameters, *gradients, trained_vectors(nlp), predicted_vectors(nlp)]
        assert {tensor.dtype for tensor in tensors} == {torch.float32}


def linear_layers_by_onednn(nlp, encode):
    """How many linear layers of an encoder oneDNN computes."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        encode(nlp)
    return sum(event.name == "mkldnn::_linear_pointwise" for event in profiled.events())


class TestOneDnn:
    @pytest.mark.parametrize("change", [torch.clone, lambda bias: bias.repeat_interleave(2)[::2]])
    def test_vectors_are_those_of_pytorch(self, tiny_encoder, monkeypatch, change):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        for layer in encoder_of(nlp).transformer.modules():
            if type(layer) is torch.nn.Linear:
                # A new encoder has none.
                layer.bias.data = change(torch.randn_like(layer.bias))
        fast = predicted_vectors(nlp)
        monkeypatch.setattr(sentence_transformer, "has_fast_onednn", lambda: False)
        assert torch.allclose(fast, predicted_vectors(nlp), atol=1e-5)

    @pytest.mark.parametrize(
        ("inputs", "weight", "bias"),
        [
            (torch.randn(3, 4), torch.randn(5, 4), torch.arange(10.0)[::2]),
            (torch.randn(3, 4), torch.randn(5, 4), torch.ones(1).expand(5)),
            (torch.randn(3, 4), torch.randn(5, 4), torch.ones(1)),
            (torch.randn(3, 4), torch.randn(5, 4), None),
            (torch.randn(3, 4), torch.randn(4), None),
            (torch.randn(3, 0), torch.randn(5, 0), torch.ones(5)),
            (torch.randn(0, 4), torch.randn(5, 4), torch.ones(5)),
            (torch.randn(4), torch.randn(5, 4), torch.ones(5)),
            (torch.randn(4, 3).T, torch.randn(4, 5).T, torch.ones(5)),
            (torch.randn(3, 4).double(), torch.randn(5, 4).double(), torch.ones(5).double()),
        ],
    )
    def test_any_layer_has_the_outputs_of_pytorch(self, inputs, weight, bias):
        expected = torch.nn.functional.linear(inputs, weight, bias)
        with torch.inference_mode(), OneDnnMode():
            assert torch.allclose(torch.nn.functional.linear(inputs, weight, bias), expected, atol=1e-5)
            assert torch.allclose(torch.nn.functional.linear(inputs, weight, bias=bias), expected, atol=1e-5)

    @pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() != "AVX512", reason="this processor has no AVX-512")
    def test_only_predictions_in_float32_are_by_onednn(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        linear = [layer for layer in encoder_of(nlp).transformer.modules() if type(layer) is torch.nn.Linear]
        assert linear_layers_by_onednn(nlp, predicted_vectors) == len(linear)
        assert linear_layers_by_onednn(nlp, trained_vectors) == 0
        for precision in ("bfloat16", "int8"):
            rough = make_pipeline(tiny_encoder, inference_precision=precision)
            assert linear_layers_by_onednn(rough, predicted_vectors) == 0

    @pytest.mark.parametrize("error", [AttributeError, RuntimeError])
    def test_a_pytorch_without_these_layers_uses_its_own(self, tiny_encoder, monkeypatch, error):
        def refuse(*_):
            raise error("unknown")

        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        expected = predicted_vectors(nlp)
        monkeypatch.setattr(sentence_transformer, "_linear_by_onednn", refuse)
        has_fast_onednn.cache_clear()
        try:
            assert torch.allclose(predicted_vectors(nlp), expected, atol=1e-5) and not has_fast_onednn()
        finally:
            has_fast_onednn.cache_clear()


def gradients_of(nlp):
    """The encoder's gradients by name, which are taken away."""
    named = list(encoder_of(nlp).transformer.named_parameters())
    gradients = {name: weights.grad.to_dense() for name, weights in named if weights.grad is not None}
    encoder_of(nlp).transformer.zero_grad(set_to_none=True)
    return gradients


class TestGradients:
    @pytest.mark.parametrize("sparse", [False, True])
    def test_vectors_and_gradients_are_those_of_plain_pytorch(self, tiny_encoder, sparse):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        freeze_encoder(frozen="nothing")(nlp)
        encoder_of(nlp).transformer.get_input_embeddings().sparse = sparse
        docs = [in_sentences(nlp, TINY_TEXTS[:3]), nlp.make_doc(""), in_sentences(nlp, ["rash .", *TINY_TEXTS[5:9]])]
        batch, backprop = encoder_of(nlp).begin_update(docs)
        vectors = batch.model_output.last_hidden_state
        gradients = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(0))
        # As the listeners hand them over: an array for each Doc that is not empty.
        lengths = [len(data.tensors[0]) for data in batch.doc_data if data.tensors]
        assert len(lengths) == 2
        backprop(batch.unsplit_by_doc([[array.numpy()] for array in gradients.split(lengths)]))
        found = gradients_of(nlp)

        expected = torch.cat([self.run(nlp, sentence.text) for doc in docs if len(doc) for sentence in doc.sents])
        expected.backward(gradients)

        assert torch.allclose(vectors, expected, atol=1e-5)
        expected_gradients = gradients_of(nlp)
        assert found.keys() == expected_gradients.keys() and "embeddings.word_embeddings.weight" in found
        for name, gradient in found.items():
            largest = float(expected_gradients[name].abs().max())
            assert torch.allclose(gradient, expected_gradients[name], rtol=0.0, atol=1e-5 * max(1.0, largest)), name

    @staticmethod
    def run(nlp, text):
        """The vectors of a sentence that goes through the encoder by itself."""
        inputs = encoder_of(nlp).tokenizer(text, return_tensors="pt")
        return encoder_of(nlp).transformer(**inputs).last_hidden_state[0]

    def test_an_empty_doc_among_others_has_no_vectors(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        docs = [nlp.make_doc(text) for text in (TINY_TEXTS[0], "", TINY_TEXTS[5])]
        for batch in (encoder_of(nlp).predict(docs), encoder_of(nlp).begin_update(docs)[0]):
            first, empty, last = batch.doc_data
            assert not empty.tensors and len(empty.align.lengths) == 0
            together = numpy.concatenate([first.tensors[0], last.tensors[0]])
            assert numpy.array_equal(together, batch.model_output.last_hidden_state.numpy())


@pytest.fixture(scope="module")
def encoder_with_vocabulary_file(tiny_encoder, tmp_path_factory):
    """RETURNS (Path): The tiny encoder with a tokenizer of XLM-R's kind, which carries a vocabulary file along."""
    folder = shutil.copytree(tiny_encoder, tmp_path_factory.mktemp("encoder") / "with vocabulary file")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "tokenizer_class": "XLMRobertaTokenizer"}))
    (folder / "sentencepiece.bpe.model").write_bytes(b"pieces")
    return folder


def copy_of(nlp: Language) -> Language:
    """RETURNS (Language): The pipeline, by bytes."""
    return spacy.blank("xx").from_config(nlp.config).from_bytes(nlp.to_bytes())


class TestBytes:
    def test_predictions_are_the_same(self, trained):
        copy = copy_of(trained)
        for text in TINY_TEXTS:
            assert numpy.array_equal(vectors(copy, copy(text)), vectors(trained, trained(text)))
            assert entities(copy(text)) == entities(trained(text))

    def test_the_settings_of_the_tokenizer_survive(self, tiny_encoder):
        settings = {"model_max_length": 9, "truncation_side": "left", "additional_special_tokens": ["<drug>"]}
        nlp = make_pipeline(tiny_encoder, tokenizer_config=settings)
        tokenizer = encoder_of(copy_of(nlp)).tokenizer
        assert {name: getattr(tokenizer, name) for name in settings} == settings
        assert "<drug>" in tokenizer.tokenize("took <drug> twice")
        assert len(spans_of(copy_of(nlp), nlp.make_doc(TINY_TEXTS[0]))[0]) > 1

    def test_a_tokenizer_with_a_vocabulary_file_survives_twice(self, encoder_with_vocabulary_file):
        nlp = make_pipeline(encoder_with_vocabulary_file)
        assert isinstance(encoder_of(nlp).tokenizer, XLMRobertaTokenizerFast)
        copy = copy_of(copy_of(nlp))
        assert isinstance(encoder_of(copy).tokenizer, XLMRobertaTokenizerFast)
        assert encoder_of(copy).layers[0].shims[0]._hfmodel.vocab_file_contents == b"pieces"
        assert numpy.array_equal(vectors(copy, copy(TINY_TEXTS[0])), vectors(nlp, nlp(TINY_TEXTS[0])))

    def test_a_pickled_pipeline_has_no_sentence_of_its_training(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        nlp.update(toy_examples(nlp), sgd=False)
        (text, *_) = encoder_of(nlp).layers[0].shims[0]._kept
        assert text.encode("utf8") not in pickle.dumps(nlp)

    def test_what_was_kept_by_another_tokenizer_is_forgotten(self, tiny_encoder):
        short = make_pipeline(tiny_encoder, tokenizer_config={"model_max_length": 7})
        nlp = make_pipeline(tiny_encoder)
        shim = encoder_of(nlp).layers[0].shims[0]
        assert len(shim.kept_subwords(TINY_TEXTS[:1])[0].ids) > 7
        nlp.from_bytes(short.to_bytes())
        assert len(shim.kept_subwords(TINY_TEXTS[:1])[0].ids) == 7

    def test_a_loaded_pipeline_learns_as_the_first_does(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        copy = copy_of(nlp)
        losses = [[update(one, optimizer) for _ in range(3)] for one, optimizer in self.with_optimizers(nlp, copy)]
        assert losses[0] == losses[1] and losses[0][2] < losses[0][0]

    @staticmethod
    def with_optimizers(*pipelines):
        """Each pipeline with an optimizer of its own."""
        return [(nlp, make_adam(1e-3)) for nlp in pipelines]

    def test_no_random_weights_are_drawn(self, trained):
        copy, weights = spacy.blank("xx").from_config(trained.config), trained.to_bytes()
        before = torch.get_rng_state()
        copy.from_bytes(weights)
        assert torch.equal(torch.get_rng_state(), before)

    def test_a_pipeline_without_weights_yet_keeps_its_settings(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        bare = spacy.blank("xx").from_config(nlp.config)
        settings = {"tokenizer_config": {"model_max_length": 9}, "transformer_config": NO_DROPOUT}
        bare.get_pipe("transformer").model = SentenceTransformer(str(tiny_encoder), **settings)
        copy = spacy.blank("xx").from_config(nlp.config).from_bytes(bare.to_bytes())
        assert not encoder_of(copy).attrs["has_transformer"]
        copy.get_pipe("transformer").initialize(lambda: [], nlp=copy)
        assert encoder_of(copy).tokenizer.model_max_length == 9
        assert encoder_of(copy).transformer.config.hidden_dropout_prob == 0.0


@pytest.fixture()
def saved(trained, tmp_path):
    """RETURNS (Path): The trained pipeline as the component for large weights saves it."""
    trained.to_disk(tmp_path / "by spaCy's own component")
    load_as_shipped(tmp_path / "by spaCy's own component").to_disk(tmp_path / "saved")
    return tmp_path / "saved"


def load_as_shipped(folder):
    """A saved pipeline, its encoder in the component that packages have."""
    return spacy.load(folder, config={"components": {"transformer": {"factory": sentence_transformer.FACTORY}}})


def assert_same_predictions(one, other):
    """Both see the same vectors and find the same entities."""
    for text in TINY_TEXTS:
        docs = one(text), other(text)
        assert numpy.array_equal(vectors(one, docs[0]), vectors(other, docs[1]))
        assert entities(docs[0]) == entities(docs[1])


class TestDisk:
    """The weights lie in a file of their own."""

    def test_predictions_are_the_same_by_whichever_component_it_was_saved(self, trained, saved, tmp_path):
        assert any(trained(text).ents for text in TINY_TEXTS)
        assert_same_predictions(spacy.load(saved), trained)
        assert_same_predictions(load_as_shipped(tmp_path / "by spaCy's own component"), trained)
        assert_same_predictions(copy_of(spacy.load(saved)), trained)

    @pytest.mark.parametrize("exclude", [[], ["model"]])
    def test_an_encoder_by_another_architecture_is_saved_as_spacy_does(self, tiny_encoder, tmp_path, exclude):
        nlp = spacy.blank("xx")
        model = {
            "@architectures": "spacy-transformers.TransformerModel.v3",
            "name": str(tiny_encoder),
            "get_spans": {"@span_getters": "spacy-transformers.doc_spans.v1"},
        }
        component = nlp.add_pipe(sentence_transformer.FACTORY, name="transformer", config={"model": model})
        component.initialize(lambda: [], nlp=nlp)
        component.to_disk(tmp_path / "transformer", exclude=exclude)
        assert not (tmp_path / "transformer" / "weights.pt").exists()
        if not exclude:
            nlp.to_disk(tmp_path / "saved")
            loaded = spacy.load(tmp_path / "saved")
            for text in TINY_TEXTS:
                hidden, expected = (pipeline(text)._.trf_data.model_output[0] for pipeline in (loaded, nlp))
                assert numpy.array_equal(hidden, expected)

    def test_the_weights_are_in_a_file_of_their_own_alone(self, trained, saved):
        folder = saved / "transformer"
        assert sorted(path.name for path in folder.iterdir()) == ["cfg", "model", "weights.pt"]
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        for name, tensor in encoder_of(trained).transformer.state_dict().items():
            weights = tensor.numpy().tobytes()
            assert weights in files["weights.pt"] and weights not in files["model"], name

    @pytest.mark.skipif(sys.platform != "linux", reason="reads how Linux describes a process")
    def test_the_weights_are_read_from_their_file_and_not_copied(self, saved):
        nlp = spacy.load(saved)
        lines = [line.split() for line in open("/proc/self/maps") if str(saved) in line]
        ranges = [tuple(int(end, 16) for end in line[0].split("-")) for line in lines]
        for parameter in encoder_of(nlp).transformer.parameters():
            assert any(start <= parameter.data_ptr() < end for start, end in ranges)
            # As PyTorch itself would put them: sums of another alignment may differ in their last digits.
            assert parameter.data_ptr() % 64 == 0

    def test_a_rounded_encoder_takes_half_the_space_and_predicts_the_same(self, trained, saved, tmp_path):
        nlp = spacy.load(saved)
        round_encoder(nlp)
        nlp.to_disk(tmp_path / "rounded")
        sizes = [(folder / "transformer" / "weights.pt").stat().st_size for folder in (saved, tmp_path / "rounded")]
        numbers = sum(weight.numel() for weight in encoder_of(nlp).transformer.state_dict().values())
        assert sizes[0] - sizes[1] > 1.9 * numbers
        for loaded in (spacy.load(tmp_path / "rounded"), copy_of(spacy.load(tmp_path / "rounded"))):
            assert_same_predictions(loaded, nlp)
        changed = encoder_of(nlp).transformer.state_dict(), encoder_of(trained).transformer.state_dict()
        for name, weights in changed[1].items():
            assert torch.equal(changed[0][name], weights.half().float())
        assert not all(torch.equal(changed[0][name], weights) for name, weights in changed[1].items())

    def test_a_rounded_encoder_that_is_trained_is_saved_as_it_has_become(self, saved, tmp_path):
        nlp = spacy.load(saved)
        round_encoder(nlp)
        nlp.to_disk(tmp_path / "rounded")
        loaded = spacy.load(tmp_path / "rounded")
        for one in (nlp, loaded):
            fix_random_seed(0)
            for _ in range(3):
                update(one, make_adam(1e-6))
        assert_same_predictions(loaded, nlp)
        loaded.to_disk(tmp_path / "trained")
        again = spacy.load(tmp_path / "trained")
        assert_same_predictions(again, nlp)
        changed = [encoder_of(one).transformer.get_input_embeddings().weight for one in (again, nlp)]
        assert torch.equal(*changed) and not torch.equal(changed[0].half().float(), changed[0])

    def test_the_file_of_weights_fills_an_encoder_that_is_there(self, trained, saved, tiny_encoder, tmp_path):
        rounded = spacy.load(saved)
        round_encoder(rounded)
        rounded.to_disk(tmp_path / "rounded")
        for folder, expected in ((saved, trained), (tmp_path / "rounded", rounded)):
            nlp = make_pipeline(tiny_encoder)
            encoder_of(nlp).from_bytes((folder / "transformer" / "weights.pt").read_bytes())
            for text in TINY_TEXTS:
                assert numpy.array_equal(vectors(nlp, nlp(text)), vectors(expected, expected(text)))

    def test_the_file_without_weights_says_where_they_are(self, saved, tiny_encoder):
        with pytest.raises(ValueError, match="in the file weights.pt beside it"):
            encoder_of(make_pipeline(tiny_encoder)).from_bytes((saved / "transformer" / "model").read_bytes())

    def test_a_pipeline_that_cannot_be_saved_goes_on(self, trained, saved, tmp_path):
        nlp = spacy.load(saved)
        (tmp_path / "full" / "transformer" / "model").mkdir(parents=True)
        with pytest.raises(OSError):
            nlp.to_disk(tmp_path / "full")
        assert_same_predictions(nlp, trained)

    def test_a_pipeline_that_is_saved_where_it_was_loaded_from_goes_on(self, trained, saved):
        nlp, other = spacy.load(saved), spacy.load(saved)
        nlp.to_disk(saved)
        assert_same_predictions(nlp, trained)
        for _ in range(3):
            update(nlp, make_adam(1e-2))
        nlp.to_disk(saved)
        assert_same_predictions(other, trained)
        assert_same_predictions(spacy.load(saved), nlp)
        changed = encoder_of(nlp).transformer.state_dict(), encoder_of(trained).transformer.state_dict()
        assert not all(torch.equal(changed[0][name], weights) for name, weights in changed[1].items())

    def test_what_is_excluded_is_neither_written_nor_read(self, saved, tmp_path):
        nlp = spacy.load(saved)
        component = nlp.get_pipe("transformer")
        component.to_disk(tmp_path / "rest", exclude=["model", "vocab"])
        assert [path.name for path in (tmp_path / "rest").iterdir()] == ["cfg"]
        before = encoder_of(nlp).transformer
        component.from_disk(saved / "transformer", exclude=["model", "vocab"])
        assert encoder_of(nlp).transformer is before

    def test_a_component_without_weights_yet_keeps_its_settings(self, saved, tiny_encoder, tmp_path):
        nlp = spacy.load(saved)
        component = nlp.get_pipe("transformer")
        component.model = SentenceTransformer(str(tiny_encoder), tokenizer_config={"model_max_length": 9})
        component.to_disk(tmp_path / "bare")
        copy = spacy.load(saved).get_pipe("transformer")
        copy.model = SentenceTransformer(str(tiny_encoder))
        copy.from_disk(tmp_path / "bare")
        copy.initialize(lambda: [], nlp=nlp)
        assert copy.model.tokenizer.model_max_length == 9

    def test_few_documents_wait_encoded_whatever_the_batch_size(self, trained, saved, monkeypatch):
        nlp = spacy.load(saved)
        nlp.add_pipe("doc_cleaner")
        given = [" ".join(TINY_TEXTS[: 1 + number % 4]) for number in range(40)]
        expected = [entities(trained(text)) for text in given]
        monkeypatch.setattr(sentence_transformer, "TOKENS_AT_ONCE", 60)
        monkeypatch.setattr(bio_ner, "TOKENS_AT_ONCE", 60)
        taken, ahead, found = [], [], []

        def stream():
            for text in given:
                taken.append(text)
                yield text

        for doc in nlp.pipe(stream(), batch_size=40):
            found.append(entities(doc))
            ahead.append(len(taken) - len(found))
        assert found == expected
        # Both components hold a batch, and look at one more: Docs of 12 tokens and more.
        assert max(ahead) <= 2 * (60 // 12 + 1)


class TestBatchByTokens:
    @given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20))
    def test_every_doc_comes_once_in_order_and_batches_are_as_large_as_allowed(self, lengths, batch_size):
        vocab = Vocab()
        for module in (sentence_transformer, bio_ner):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "TOKENS_AT_ONCE", 25)
                docs = [Doc(vocab, words=["rash"] * length) for length in lengths]
                batches = list(module.batch_by_tokens(docs, batch_size))
            sizes = [sum(map(len, batch)) for batch in batches]
            assert [len(doc) for batch in batches for doc in batch] == lengths
            assert all(len(batch) <= batch_size for batch in batches)
            assert all(size <= 25 or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))
            for number, following in enumerate(batches[1:]):
                assert len(batches[number]) == batch_size or sizes[number] + len(following[0]) > 25


class TestOtherOptimizers:
    """Thinc's own Adam takes one array at a time."""

    EMBEDDINGS = "embeddings.word_embeddings.weight"

    def learn(self, encoder, *callbacks):
        """The encoder's weights before and after three updates."""
        nlp = make_pipeline(encoder, transformer_config=NO_DROPOUT)
        for callback in callbacks:
            callback(nlp)
        before = {name: weights.detach().clone() for name, weights in encoder_of(nlp).transformer.named_parameters()}
        optimizer = Adam(1e-3)
        for _ in range(3):
            update(nlp, optimizer)
        return before, dict(encoder_of(nlp).transformer.named_parameters())

    def test_frozen_embeddings_stay_and_the_rest_moves(self, tiny_encoder):
        before, after = self.learn(tiny_encoder, freeze_encoder())
        still = {name for name in before if torch.equal(before[name], after[name])}
        assert self.EMBEDDINGS in still
        assert all(name == self.EMBEDDINGS or name.startswith("pooler.") for name in still)

    def test_sparse_gradients_do_what_dense_ones_do(self, tiny_encoder):
        before, dense = self.learn(tiny_encoder)
        _, sparse = self.learn(tiny_encoder, freeze_encoder(frozen="nothing"))
        assert not torch.equal(sparse[self.EMBEDDINGS], before[self.EMBEDDINGS])
        for name, weights in dense.items():
            assert torch.allclose(weights, sparse[name], atol=1e-6), name


class TestLongSentences:
    @staticmethod
    def gradients(encoder, monkeypatch, at_once):
        """The gradient of every weight on the toy texts, so many attention scores at a time; and how many passes."""
        monkeypatch.setattr(sentence_transformer, "SCORES_AT_ONCE", at_once)
        model = make_pipeline(encoder, transformer_config=NO_DROPOUT).get_pipe("transformer").model
        passes = []
        model.transformer.register_forward_hook(lambda *arguments: passes.append(1))
        docs = [Doc(Vocab(), words=text.split()) for text in TINY_TEXTS]
        batch, backprop = model.begin_update(docs)
        hidden = batch.model_output.last_hidden_state
        gradient = torch.from_numpy(numpy.random.default_rng(0).standard_normal(hidden.shape).astype("float32"))
        backprop(replace(batch, model_output=ModelOutput(last_hidden_state=gradient)))
        return {name: weights.grad for name, weights in model.transformer.named_parameters()}, len(passes)

    def test_a_few_rows_at_a_time_give_the_same_gradients(self, tiny_encoder, monkeypatch):
        whole, passes = self.gradients(tiny_encoder, monkeypatch, 10**9)
        parts, more_passes = self.gradients(tiny_encoder, monkeypatch, 10**4)
        assert passes == 1 and more_passes > 4
        for name, gradient in whole.items():
            assert (gradient is None) == (parts[name] is None)
            assert gradient is None or torch.allclose(gradient, parts[name], atol=1e-5)
