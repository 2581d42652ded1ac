"""Test the layers without an encoder: separate sentences, characters, word vectors, learning and saving."""
import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import fix_random_seed

from scripts.ner.bio_ner import SPANS_KEY
from scripts.ner.lstm import CHARACTERS, CHARACTERS_PER_WORD, CharacterWordLSTM, character_rows
from scripts.ner.optimizer import make_nadam
from tests.ner.pipelines import LABELS, TOY_SENTENCES, entities, example, toy_examples, update

SMALL = {
    "character_width": 8,
    "character_lstm_width": 16,
    "word_width": 12,
    "word_rows": 200,
    "vector_width": 10,
    "lstm_width": 20,
    "depth": 2,
}
TEXT = "Took aspirin for the headache ."


def make_lstm_crf(seed: int = 0, vectors: bool = False) -> Language:
    """RETURNS (Language): An initialized LSTM-CRF of small widths; with vectors, there are those of two words."""
    fix_random_seed(seed)
    nlp = spacy.blank("xx")
    if vectors:
        nlp.vocab.reset_vectors(width=4)
        nlp.vocab.set_vector("aspirin", numpy.ones(4, dtype="f"))
        nlp.vocab.set_vector("headache", -numpy.ones(4, dtype="f"))
    tok2vec = {"@architectures": "interlingual.CharacterWordLSTM.v1", **SMALL}
    nlp.add_pipe("bio_ner", config={"model": {"@architectures": "interlingual.CrfTagger.v2", "tok2vec": tok2vec}})
    nlp.config["initialize"]["components"]["bio_ner"] = {"labels": list(LABELS)}
    nlp.initialize(lambda: toy_examples(nlp))
    return nlp


@pytest.fixture(scope="module")
def nlp():
    """RETURNS (Language): A pipeline with random weights; not to be changed."""
    return make_lstm_crf()


@pytest.fixture(scope="module", params=[False, True], ids=["no vectors", "vectors"])
def trained(request):
    """RETURNS (Language): A pipeline that has learnt the toy sentences in 60 updates; not to be changed."""
    nlp = make_lstm_crf(vectors=request.param)
    optimizer = make_nadam(1e-2)
    for _ in range(60):
        update(nlp, optimizer, drop=0.1)
    return nlp


def vectors_of(nlp: Language, docs: list[Doc]) -> list[numpy.ndarray]:
    """What the layers give for Docs."""
    return nlp.get_pipe("bio_ner").model.layers[0].predict(docs)


def words():
    """Strategy: words of several alphabets, white space, a word longer than what is read."""
    return st.sampled_from(["rash", "Rash", "сыпь", "400", " ", "\n", "a" * (CHARACTERS_PER_WORD + 5), "\u4e00", "."])


def sentence_lists():
    """Strategy: Docs, each of some sentences."""
    sentence = st.lists(words(), min_size=1, max_size=5)
    return st.lists(st.lists(sentence, max_size=3), min_size=1, max_size=3)


class TestSentences:
    @given(sentence_lists())
    def test_a_sentence_is_read_as_if_it_stood_alone(self, nlp, docs):
        together = [self.doc(nlp, sentences) for sentences in docs]
        found = vectors_of(nlp, together)
        for doc, sentences, vectors in zip(together, docs, found, strict=True):
            assert vectors.shape == (len(doc), SMALL["lstm_width"])
            alone = [vectors_of(nlp, [self.doc(nlp, [sentence])])[0] for sentence in sentences]
            if alone:
                assert numpy.allclose(vectors, numpy.concatenate(alone), atol=1e-6)

    def doc(self, nlp, sentences):
        """Sentences as one Doc."""
        starts = [number == 0 for sentence in sentences for number in range(len(sentence))]
        return Doc(nlp.vocab, words=[word for sentence in sentences for word in sentence], sent_starts=starts or None)

    def test_the_whole_sentence_is_read_in_both_directions(self, nlp):
        doc, first, last = (Doc(nlp.vocab, words=[*letters]) for letters in ("abc", "xbc", "abx"))
        vectors = vectors_of(nlp, [doc, first, last])
        assert numpy.abs(vectors[0][2] - vectors[1][2]).max() > 1e-6
        assert numpy.abs(vectors[0][0] - vectors[2][0]).max() > 1e-6

    def test_mentions_of_a_text_are_those_of_its_sentences(self, trained):
        sentences = [words.split() for words, _ in TOY_SENTENCES]
        doc = trained(self.doc(trained, sentences))
        confidences = doc.spans[SPANS_KEY].attrs["scores"]
        for sentence, words in zip(doc.sents, sentences, strict=True):
            alone = trained(Doc(trained.vocab, words=words))
            moved = [(ent.start - sentence.start, ent.end - sentence.start, ent.label_) for ent in sentence.ents]
            assert moved == entities(alone)
            scores = alone.spans[SPANS_KEY].attrs["scores"]
            assert confidences[: len(scores)] == pytest.approx(scores, abs=1e-5)
            confidences = confidences[len(scores) :]
        assert not confidences

    def test_docs_without_tokens_have_no_vectors(self, nlp):
        assert [array.shape for array in vectors_of(nlp, [Doc(nlp.vocab)])] == [(0, SMALL["lstm_width"])]


class TestCharacters:
    def test_letters_of_latin_greek_and_cyrillic_have_embeddings_of_their_own(self):
        letters = [chr(number) for number in range(1, CHARACTERS)]
        rows = [character_rows(letter)[0] for letter in letters]
        assert len(set(rows)) == len(letters) and max(rows) < CHARACTERS

    @given(st.text(min_size=1))
    def test_any_character_has_an_embedding(self, word):
        rows = character_rows(word)
        assert len(rows) == min(len(word), CHARACTERS_PER_WORD)
        assert rows.min() >= 0 and rows.max() < CHARACTERS

    def test_words_that_differ_in_case_alone_differ(self, nlp):
        one, other = vectors_of(nlp, [Doc(nlp.vocab, words=["rash"]), Doc(nlp.vocab, words=["Rash"])])
        assert numpy.abs(one - other).max() > 1e-6


class TestWordVectors:
    def layer(self, nlp):
        """The layer that maps them."""
        return next(node for node in nlp.get_pipe("bio_ner").model.walk() if node.name == "static_vectors")

    def test_without_any_there_is_nothing_to_map(self, nlp):
        assert self.layer(nlp).has_param("W") is None

    def test_they_are_mapped_to_the_width(self):
        assert self.layer(make_lstm_crf(vectors=True)).get_param("W").shape == (SMALL["vector_width"], 4)

    def test_a_word_counts_by_its_vector(self):
        nlp = make_lstm_crf(vectors=True)
        known, unknown = (Doc(nlp.vocab, words=[word]) for word in ("aspirin", "rash"))
        before = vectors_of(nlp, [known, unknown])
        nlp.vocab.set_vector("aspirin", numpy.full(4, 3.0, dtype="f"))
        after = vectors_of(nlp, [known, unknown])
        assert numpy.abs(before[0] - after[0]).max() > 1e-4
        assert numpy.array_equal(before[1], after[1])

    def test_the_map_learns_and_the_vectors_stay(self):
        nlp = make_lstm_crf(vectors=True)
        before = self.layer(nlp).get_param("W").copy(), nlp.vocab.vectors.data.copy()
        update(nlp, make_nadam(1e-2))
        assert numpy.abs(self.layer(nlp).get_param("W") - before[0]).max() > 1e-4
        assert numpy.array_equal(nlp.vocab.vectors.data, before[1])


def weights_of(nlp: Language) -> dict[str, numpy.ndarray]:
    """All weights, by layer and name."""
    weights = {}
    for node in nlp.get_pipe("bio_ner").model.walk():
        for name in node.param_names:
            if node.has_param(name):
                weights[f"{node.name} {name}"] = node.get_param(name).copy()
        for shim in node.shims:
            for name, parameter in shim._model.named_parameters():
                weights[f"{node.id} {name}"] = parameter.detach().numpy().copy()
    return weights


class TestLearning:
    def test_it_learns_the_toy_sentences(self, trained):
        for sentence in toy_examples(trained):
            doc = trained(sentence.predicted.copy())
            assert entities(doc) == [(ent.start, ent.end, ent.label_) for ent in sentence.reference.ents]

    def test_every_weight_learns(self):
        nlp = make_lstm_crf(vectors=True)
        before = weights_of(nlp)
        update(nlp, make_nadam(1e-2))
        after = weights_of(nlp)
        assert len(before) == 1 + 8 + 1 + 1 + 8 + 8 + 2 + 1
        assert [name for name in before if numpy.array_equal(before[name], after[name])] == []

    def test_runs_of_one_seed_are_one_run(self):
        losses = []
        for seed in (0, 0, 1):
            nlp = make_lstm_crf(seed)
            optimizer = make_nadam(1e-2)
            losses.append([update(nlp, optimizer, drop=0.3) for _ in range(3)])
        assert losses[0] == losses[1] != losses[2]

    def test_dropout_is_that_of_the_training(self):
        losses = []
        for drop in (0.0, 0.0, 0.5):
            nlp = make_lstm_crf()
            losses.append(nlp.update(toy_examples(nlp), sgd=False, drop=drop)["bio_ner"])
        assert losses[0] == losses[1] != losses[2]

    def test_labels_are_those_of_the_settings_whatever_the_sample_holds(self):
        nlp = make_lstm_crf()
        nlp.initialize(lambda: [example(nlp, ["no", "rash"], [(1, 2, "Disease")])])
        assert nlp.get_pipe("bio_ner").labels == LABELS
        assert nlp.get_pipe("bio_ner").model.predict([nlp("rash")])[0].shape == (1, 5, 5)


class TestSaving:
    def test_pipeline_survives_disk_and_bytes(self, trained, tmp_path):
        trained.to_disk(tmp_path / "model")
        copies = [spacy.load(tmp_path / "model"), spacy.blank("xx").from_config(trained.config)]
        copies[1].from_bytes(trained.to_bytes())
        doc = trained(TEXT)
        for copy in (own(TEXT) for own in copies):
            assert entities(copy) == entities(doc) == [(1, 2, "Drug"), (4, 5, "Disease")]
            assert copy.spans[SPANS_KEY].attrs["scores"] == doc.spans[SPANS_KEY].attrs["scores"]

    def test_the_component_holds_no_word_of_its_training(self, trained, tmp_path):
        trained.get_pipe("bio_ner").to_disk(tmp_path, exclude=["vocab"])
        stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"Disease" in stored
        for word in ("aspirin", "ibuprofen", "patient", "ибупрофен", "Больному"):
            assert word.encode() not in stored


def test_widths_are_those_of_the_settings():
    model = CharacterWordLSTM(lstm_width=40, depth=3)
    lstms = [shim._model.lstm for node in model.walk(order="dfs_pre") for shim in node.shims]
    # The published baseline's characters, then its words: 200 over both directions is 100 each.
    assert [(lstm.input_size, lstm.hidden_size) for lstm in lstms] == [(30, 100), (500, 20), (40, 20), (40, 20)]
    assert model.get_dim("nO") == 40
