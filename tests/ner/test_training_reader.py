"""Test the sentence reader: nested samples, several corpora, excluded sentences, entity types, lengths and batches."""
import math
import random
from collections import Counter
from itertools import pairwise

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from scripts.corpora.docbin import pack_docs
from scripts.corpora.parts import sample
from scripts.ner.training import LENGTH, batch_by_like_length, sentence_reader

SENTENCES_PER_DOCUMENT = 4


@pytest.fixture(scope="module")
def nlp():
    """RETURNS (Language): A blank pipeline."""
    return spacy.blank("xx")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory, nlp):
    """RETURNS (dict): Paths of two corpora, a large one of 160 and a small one of 8 sentences."""
    folder = tmp_path_factory.mktemp("corpora")
    return {name: write_corpus(folder / f"{name}.spacy", nlp, name, n) for name, n in (("large", 40), ("small", 2))}


def write_corpus(path, nlp, name, documents):
    """Write documents of four sentences, each with a drug and every second with a disease."""
    docs = [make_document(nlp, name, number) for number in range(documents)]
    pack_docs(docs).to_disk(path)
    return str(path)


def make_document(nlp, name, number):
    """One document."""
    words, starts, ents = [], [], []
    for sentence in range(SENTENCES_PER_DOCUMENT):
        start = len(words)
        words += [name, f"document{number}", f"sentence{sentence}", "takes", "aspirin"]
        words += [*["rash"] * (sentence % 2), "\n"]
        starts += [True] + [False] * (len(words) - start - 1)
        ents += [(start + 4, start + 5, "Drug")] + [(start + 5, start + 6, "Disease")] * (sentence % 2)
    doc = Doc(nlp.vocab, words=words, sent_starts=starts)
    doc.set_ents([Span(doc, *ent) for ent in ents])
    return doc


def read(nlp, path, **settings):
    """The texts that the reader gives."""
    return [example.text.strip() for example in sentence_reader(path, **settings)(nlp)]


class TestReader:
    def test_every_sentence_comes_once_and_in_order(self, nlp, corpora):
        expected = [f"large document{d} sentence{s}" for d in range(40) for s in range(4)]
        assert [" ".join(text.split()[:3]) for text in read(nlp, corpora["large"])] == expected

    def test_the_reference_has_the_mentions_and_the_predicted_doc_nothing(self, nlp, corpora):
        examples = list(sentence_reader(corpora["small"])(nlp))
        assert [len(example.reference.ents) for example in examples] == [1, 2, 1, 2] * 2
        assert [ent.text for ent in examples[1].reference.ents] == ["aspirin", "rash"]
        assert [ent.label_ for ent in examples[1].reference.ents] == ["Drug", "Disease"]
        for example in examples:
            assert [token.text for token in example.predicted] == [token.text for token in example.reference]
            assert not example.predicted.ents and not example.predicted.has_annotation("ENT_IOB")
            assert not example.predicted.has_annotation("SENT_START") and example.predicted.text == example.text

    def test_a_sample_of_50_is_inside_the_sample_of_100(self, nlp, corpora):
        smaller, larger = (read(nlp, corpora["large"], limit=size, seed=3) for size in (50, 100))
        assert len(set(smaller)) == 50 and len(set(larger)) == 100
        assert smaller == larger[:50]

    def test_seeds_draw_other_samples(self, nlp, corpora):
        samples = [frozenset(read(nlp, corpora["large"], limit=50, seed=seed)) for seed in range(4)]
        assert len(set(samples)) == 4
        assert read(nlp, corpora["large"], limit=50, seed=1) == read(nlp, corpora["large"], limit=50, seed=1)

    def test_sentences_by_number_come_in_the_order_asked_for(self, nlp, corpora):
        whole = read(nlp, corpora["large"])
        drawn = read(nlp, corpora["large"], limit=2, seed=1, numbers=[7, 0, 159])
        assert drawn == [whole[7], whole[0], whole[159]]
        assert read(nlp, corpora["large"], numbers=[]) == []

    def test_a_limit_of_all_takes_all(self, nlp, corpora):
        assert sorted(read(nlp, corpora["small"], limit=100)) == sorted(read(nlp, corpora["small"]))

    def test_several_corpora_are_read_together(self, nlp, corpora):
        both = [corpora["small"], corpora["large"]]
        assert read(nlp, both) == read(nlp, both[0]) + read(nlp, both[1])
        origins = Counter(text.split()[0] for text in read(nlp, both, limit=100))
        assert set(origins) == {"small", "large"}

    def test_no_path_gives_no_examples(self, nlp):
        assert read(nlp, []) == []

    def test_sentences_of_other_files_are_left_out(self, nlp, corpora, tmp_path):
        texts = ["LARGE Document0: sentence0 takes aspirin!", "large document0 sentence2 takes no aspirin"]
        docs = [Doc(nlp.vocab, words=text.split(), sent_starts=[True] + [False] * text.count(" ")) for text in texts]
        pack_docs(docs).to_disk(tmp_path / "test.spacy")
        all_of_them = read(nlp, corpora["large"])
        without = [str(tmp_path / "test.spacy")]
        assert read(nlp, corpora["large"], without=without) == all_of_them[1:]
        both = read(nlp, corpora["large"], without=without, without_kinds=["exact", "near"])
        assert both == [all_of_them[1], *all_of_them[3:]]
        assert read(nlp, corpora["large"], without=without, without_kinds=[]) == all_of_them
        assert read(nlp, corpora["large"], without=[corpora["large"]]) == []

    def test_the_sample_is_drawn_from_what_is_left(self, nlp, corpora):
        texts = read(nlp, [corpora["small"], corpora["large"]], without=[corpora["large"]], limit=5)
        assert len(texts) == 5 and {text.split()[0] for text in texts} == {"small"}

    def test_entity_types_are_filtered(self, nlp, corpora):
        examples = list(sentence_reader(corpora["small"], entity_types=["Disease"])(nlp))
        assert [ent.label_ for example in examples for ent in example.reference.ents] == ["Disease"] * 4
        # What is filtered out is no longer a mention, which is not the same as not known.
        assert all(tag is not None for example in examples for tag in example.get_aligned_ner())
        assert not any(example.reference.ents for example in sentence_reader(corpora["small"], entity_types=[])(nlp))

    def test_a_mention_that_a_sentence_boundary_cuts_is_not_known(self, nlp, tmp_path):
        # Only test parts have such mentions; they may be named as a development set.
        doc = Doc(nlp.vocab, words=["back", "pain", "rash"], sent_starts=[True, True, False])
        doc.set_ents([Span(doc, 0, 2, label="Disease"), Span(doc, 2, 3, label="Disease")])
        pack_docs([doc]).to_disk(tmp_path / "x.spacy")
        examples = list(sentence_reader(str(tmp_path / "x.spacy"))(nlp))
        assert [example.get_aligned_ner() for example in examples] == [[None], [None, "U-Disease"]]

    def test_sentences_that_nobody_annotated_do_not_come_and_unknown_tokens_have_no_tag(self, nlp, tmp_path):
        doc = Doc(nlp.vocab, words="no rash took aspirin today".split(), sent_starts=[True, False, True, False, False])
        doc.set_ents([Span(doc, 3, 4, label="Drug")], outside=[doc[2:3]], default="missing")
        pack_docs([doc, Doc(nlp.vocab, words=["rash"])]).to_disk(tmp_path / "x.spacy")
        (only,) = sentence_reader(str(tmp_path / "x.spacy"), limit=2, seed=1)(nlp)
        assert (only.text.split(), only.get_aligned_ner()) == (["took", "aspirin", "today"], ["O", "U-Drug", None])

    @given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
    def test_samples_nest_and_do_not_repeat(self, n_sentences, one, other, seed):
        smaller, larger = sorted([one, other])
        assert sample(n_sentences, smaller, seed) == sample(n_sentences, larger, seed)[:smaller]
        assert len(set(sample(n_sentences, one, seed))) == min(one, n_sentences)
        assert set(sample(n_sentences, one, seed)) <= set(range(n_sentences))


class TestBatches:
    def examples(self, nlp, lengths):
        """One example for each length."""
        docs = [Doc(nlp.vocab, words=["rash"] * length) for length in lengths]
        return [Example(doc, doc.copy()) for doc in docs]

    @given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 7), st.integers(0, 3))
    def test_every_example_comes_once_in_as_many_batches_as_the_schedule_counts(self, nlp, lengths, size, seed):
        examples = self.examples(nlp, lengths)
        random.seed(seed)
        batches = list(batch_by_like_length(size)(examples))
        assert len(batches) == math.ceil(len(examples) / size)
        assert sorted(id(example) for batch in batches for example in batch) == sorted(map(id, examples))
        # Of like length: between two batches no lengths cross.
        spans = sorted((len(batch[0]), len(batch[-1])) for batch in batches)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))

    def test_order_follows_the_seed(self, nlp):
        examples = self.examples(nlp, range(1, 41))
        orders = []
        for seed in (0, 0, 1):
            random.seed(seed)
            orders.append([id(batch[0]) for batch in batch_by_like_length(4)(iter(examples))])
        assert orders[0] == orders[1] != orders[2]


class TestLengths:
    # Letters that stand together in no word of the tiny encoder's texts are a sub-word each.
    SENTENCES = ("xqxqxqxqxqxqxqxqxqxqxqxq", "a b c d e xqxqxqxqxqxqxqxqxqxq", "rash rash", "a b c d e f g h i")

    def examples(self, nlp, folder):
        """What the reader gives of these sentences."""
        sentences = [text.split() for text in self.SENTENCES]
        starts = [number == 0 for words in sentences for number in range(len(words))]
        doc = Doc(nlp.vocab, words=sum(sentences, []), sent_starts=starts, ents=["O"] * len(starts))
        pack_docs([doc]).to_disk(folder / "sentences.spacy")
        return list(sentence_reader(str(folder / "sentences.spacy"))(nlp))

    def batches(self, examples):
        """Batches of two sentences, by the numbers of these and without their order."""
        batches = batch_by_like_length(2)(examples)
        return sorted(sorted(self.SENTENCES.index(example.text.strip()) for example in batch) for batch in batches)

    def test_an_initialized_encoder_counts_subwords(self, untrained, tmp_path):
        examples = self.examples(untrained, tmp_path)
        tokenizer = untrained.get_pipe("transformer").model.tokenizer
        # The special ones that open and close the sentence included.
        expected = [len(tokenizer(text)["input_ids"]) for text in self.SENTENCES]
        assert [example.predicted.user_data[LENGTH] for example in examples] == expected
        assert self.batches(examples) == [[0, 1], [2, 3]]

    @pytest.mark.parametrize("with_encoder", [False, True])
    def test_without_an_initialized_encoder_tokens_are_counted(self, tiny_encoder, tmp_path, with_encoder):
        nlp = spacy.blank("xx")
        if with_encoder:
            architecture = {"@architectures": "interlingual.SentenceTransformer.v3", "name": str(tiny_encoder)}
            nlp.add_pipe("transformer", config={"model": architecture})
        examples = self.examples(nlp, tmp_path)
        assert [example.predicted.user_data[LENGTH] for example in examples] == [None] * 4
        assert self.batches(examples) == [[0, 2], [1, 3]]
