"""Test the features of sentences, and compare them with sums over all sequences of tags."""
from itertools import product

import numpy
import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span

from scripts.annotation.observe import certainty, observe
from scripts.base.errors import ProjectError
from scripts.ner.bio_ner import allowed_transitions
from tests.ner.pipelines import TOY_SENTENCES, entities, make_pipeline
from tests.ner.test_bio_ner_partly_annotated import transition_pipeline

N_TAGS = 5


@pytest.fixture(params=["interlingual.BioTagger.v2", "interlingual.CrfTagger.v2"])
def nlp(request, tiny_encoder) -> Language:
    """RETURNS (Language): An untrained pipeline with either head."""
    return make_pipeline(tiny_encoder, tagger=request.param)


def toy_docs(nlp: Language) -> list[Doc]:
    return [Doc(nlp.vocab, words=words.split()) for words, _ in TOY_SENTENCES]


def sequences(scores: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """RETURNS (tuple): All sequences of tags, and their probabilities, by summing over all of them."""
    tags = numpy.array(list(product(range(N_TAGS), repeat=len(scores))))
    if scores.ndim == 2:
        sums = scores[numpy.arange(len(scores)), tags].sum(axis=1)
    else:
        before = numpy.concatenate([numpy.zeros((len(tags), 1), dtype=int), tags[:, :-1]], axis=1)
        sums = scores[numpy.arange(len(scores)), before, tags].sum(axis=1)
    weights = numpy.exp(sums)
    return tags, weights / weights.sum()


def random_scores(kind: str, n_tokens: int) -> numpy.ndarray:
    random = numpy.random.default_rng(n_tokens)
    if kind == "softmax":
        return random.normal(size=(n_tokens, N_TAGS), scale=2.0)
    scores = random.normal(size=(n_tokens, N_TAGS, N_TAGS), scale=2.0)
    return numpy.where(allowed_transitions(N_TAGS // 2), scores, -numpy.inf)


@pytest.mark.parametrize("kind", ["softmax", "crf"])
@pytest.mark.parametrize("n_tokens", [1, 2, 5])
def test_certainty_is_what_summing_over_all_sequences_gives(kind, n_tokens):
    scores = random_scores(kind, n_tokens)
    tags, probabilities = sequences(scores)
    own = numpy.array([[probabilities[tags[:, i] == tag].sum() for tag in range(N_TAGS)] for i in range(n_tokens)])
    found = certainty(scores)
    assert found.expected_mentions == pytest.approx((probabilities[:, None] * (tags % 2 == 1)).sum())
    assert found.entropy == pytest.approx(-sum(p * numpy.log(p) for p in own.ravel() if p > 0))
    assert numpy.exp(found.log_best) == pytest.approx(probabilities.max())


def test_nothing_is_expected_where_there_is_no_word():
    assert certainty(numpy.zeros((0, N_TAGS))) == (0.0, 0.0, 0.0)


class TestObserve:
    def test_the_mentions_are_those_of_the_pipeline(self, trained):
        _, found = observe(trained, toy_docs(trained))
        assert any(found)
        assert found == [entities(doc) for doc in trained.pipe(toy_docs(trained))]

    def test_each_sentence_has_what_it_has_alone(self, nlp):
        together, _ = observe(nlp, toy_docs(nlp), with_vectors=True)
        for row, doc in enumerate(toy_docs(nlp)):
            alone, _ = observe(nlp, [doc], with_vectors=True)
            for name in ("words", "expected_mentions", "entropy", "least_confident", "vectors"):
                assert getattr(together, name)[row] == pytest.approx(getattr(alone, name)[0], abs=1e-4)

    def test_a_learnt_pipeline_expects_the_mentions_that_there_are(self, trained):
        pool, _ = observe(trained, toy_docs(trained))
        assert pool.expected_mentions == pytest.approx([len(mentions) for _, mentions in TOY_SENTENCES], abs=0.3)
        assert pool.words.tolist() == [len(words.split()) for words, _ in TOY_SENTENCES]

    def test_vectors_are_of_length_one_and_the_mean_of_the_words(self, nlp):
        pool, _ = observe(nlp, toy_docs(nlp), with_vectors=True)
        assert numpy.linalg.norm(pool.vectors, axis=1) == pytest.approx(numpy.ones(len(pool)), abs=1e-5)
        doc = nlp.get_pipe("transformer")(toy_docs(nlp)[0])
        mean = nlp.get_pipe("bio_ner").model.layers[0].predict([doc])[0].mean(axis=0)
        assert pool.vectors[0] == pytest.approx(mean / numpy.linalg.norm(mean), abs=1e-4)

    def test_vectors_are_left_out_unless_asked_for(self, nlp):
        assert observe(nlp, toy_docs(nlp))[0].vectors is None

    def test_what_was_annotated_is_not_shown(self, trained):
        doc = Doc(trained.vocab, words=["No", "history", "."])
        doc.set_ents([Span(doc, 1, 2, label="Drug")])
        _, found = observe(trained, [doc])
        assert found == [entities(trained(Doc(trained.vocab, words=["No", "history", "."])))]

    def test_white_space_counts_for_nothing(self, nlp):
        plain, spaced = (Doc(nlp.vocab, words=words) for words in (["took", "aspirin"], ["took", "\n", "aspirin"]))
        pool, _ = observe(nlp, [plain, spaced, Doc(nlp.vocab, words=["\n"]), Doc(nlp.vocab)], with_vectors=True)
        assert pool.words.tolist() == [2, 2, 0, 0]
        assert pool.expected_mentions[2:].tolist() == [0.0, 0.0] and not pool.vectors[2:].any()

    def test_calibration_changes_nothing(self, trained):
        before, _ = observe(trained, toy_docs(trained))
        trained.get_pipe("bio_ner").calibrate({"Drug": (0.5, 0.5, -3.0)})
        try:
            after, _ = observe(trained, toy_docs(trained))
        finally:
            trained.get_pipe("bio_ner").calibrate({})
        assert after.entropy.tolist() == before.entropy.tolist()

    def test_a_component_that_drops_the_encoders_output_comes_too_late_to_matter(self, nlp):
        before, _ = observe(nlp, toy_docs(nlp), with_vectors=True)
        nlp.add_pipe("trf_data_cleaner")
        after, _ = observe(nlp, toy_docs(nlp), with_vectors=True)
        assert numpy.array_equal(before.vectors, after.vectors) and numpy.array_equal(before.entropy, after.entropy)

    def test_no_sentences_are_an_empty_pool(self, nlp):
        pool, found = observe(nlp, [], with_vectors=True)
        assert len(pool) == 0 and found == []


class TestWithoutProbabilities:
    def test_a_pipeline_that_has_none_is_refused(self):
        with pytest.raises(ProjectError, match="no probabilities.*`random` or `diversity`"):
            observe(transition_pipeline(), [])

    def test_its_words_vectors_and_mentions_are_kept(self):
        nlp = transition_pipeline()
        pool, found = observe(nlp, toy_docs(nlp), with_vectors=True, with_probabilities=False)
        assert pool.words.tolist() == [len(words.split()) for words, _ in TOY_SENTENCES]
        assert numpy.isnan(pool.entropy).all() and pool.vectors.any(axis=1).all()
        assert found == [entities(doc) for doc in nlp.pipe(toy_docs(nlp))]
