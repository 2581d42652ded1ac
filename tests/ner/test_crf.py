"""Test the conditional random field against all sequences by hand, against pytorch-crf, and as a head."""
from itertools import pairwise, product

import numpy
import pytest
import spacy
import torch
import torchcrf
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, fix_random_seed

from scripts.ner.bio_ner import (
    CRF,
    SPANS_KEY,
    BioNer,
    CrfTagger,
    best_path,
    crf_loss,
    crf_mentions,
    crf_mentions_v1,
    pair_marginals,
    tagged_mentions,
)
from scripts.ner.optimizer import make_adam
from tests.ner.pipelines import LABELS, entities, example, make_pipeline, toy_examples, update

TAGS = ["O", "B-Disease", "I-Disease", "B-Drug", "I-Drug"]
FORBIDDEN = [(before, tag) for tag in (2, 4) for before in range(5) if before not in (tag, tag - 1)]


def forbid(pair_scores: numpy.ndarray) -> numpy.ndarray:
    """The same scores, with what BIO forbids impossible."""
    for before, tag in FORBIDDEN:
        pair_scores[..., before, tag] = -numpy.inf
    return pair_scores


def sentence_scores(max_tokens: int = 4):
    """Strategy: pair scores of a sentence of up to so many tokens."""
    numbers = st.tuples(st.integers(1, max_tokens), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 5.0]))
    return numbers.map(
        lambda drawn: forbid(drawn[2] * numpy.random.default_rng(drawn[1]).standard_normal((drawn[0], 5, 5)))
    )


def all_sequences(pair_scores: numpy.ndarray) -> dict[tuple[int, ...], float]:
    """Each valid sequence of tags, and the sum of its scores."""
    sums = {
        tags: sum(pair_scores[i, before, tag] for i, (before, tag) in enumerate(pairwise((0, *tags))))
        for tags in product(range(5), repeat=len(pair_scores))
    }
    return {tags: value for tags, value in sums.items() if numpy.isfinite(value)}


def probability(pair_scores: numpy.ndarray, condition) -> float:
    """The share of all sequences for which a condition holds."""
    sums = all_sequences(pair_scores)
    highest = max(sums.values())
    weights = {tags: numpy.exp(value - highest) for tags, value in sums.items()}
    return sum(weight for tags, weight in weights.items() if condition(tags)) / sum(weights.values())


def agrees(tags, targets) -> bool:
    """Whether a sequence has the tags that are known."""
    return all(target in (-1, tag) for tag, target in zip(tags, targets, strict=True))


@st.composite
def scores_and_targets(draw, max_tokens: int = 4):
    """Strategy: pair scores of a sentence, and its tags (-1: not known), which need not be valid."""
    scores = draw(sentence_scores(max_tokens))
    return scores, numpy.array(draw(st.lists(st.integers(-1, 4), min_size=len(scores), max_size=len(scores))))


class TestAgainstAllSequences:
    @given(sentence_scores())
    def test_the_best_path_is_the_best_of_all(self, scores):
        tags = best_path(scores)
        sums = all_sequences(scores)
        assert sums[tuple(tags)] == pytest.approx(max(sums.values()))

    @given(sentence_scores())
    def test_pairs_have_the_share_of_their_sequences(self, scores):
        (total,), (marginals,) = pair_marginals(scores[None])
        assert total == pytest.approx(numpy.logaddexp.reduce(list(all_sequences(scores).values())))
        last = len(scores) - 1
        for before, tag in product(range(5), range(5)):
            expected = probability(scores, lambda tags, pair=(before, tag): (0, *tags)[last : last + 2] == pair)
            assert marginals[last, before, tag] == pytest.approx(expected, abs=1e-9)

    @given(sentence_scores())
    def test_confidence_is_the_share_of_sequences_with_the_very_mention(self, scores):
        found = crf_mentions(scores)
        assert [mention[:3] for mention in found] == list(tagged_mentions(best_path(scores)))
        for *mention, log_confidence in found:
            expected = probability(scores, lambda other, own=tuple(mention): own in tagged_mentions(other))
            assert numpy.exp(log_confidence) == pytest.approx(expected)
            assert 0.0 <= numpy.exp(log_confidence) <= 1.0

    @given(sentence_scores())
    def test_confidence_of_packages_of_version_01_leaves_the_end_out(self, scores):
        tags = best_path(scores)
        found = crf_mentions_v1(scores)
        assert [mention[:3] for mention in found] == list(tagged_mentions(tags))
        for start, end, _, log_confidence in found:
            own = slice(start, end)
            expected = probability(scores, lambda other, own=own: other[own] == tuple(tags[own]))
            assert numpy.exp(log_confidence) == pytest.approx(expected)

    @given(scores_and_targets())
    def test_loss_is_minus_the_log_share_of_sequences_with_the_known_tags(self, drawn):
        scores, targets = drawn
        share = probability(scores, lambda tags: agrees(tags, targets))
        loss, (gradient,) = crf_loss([scores], [targets])
        if share:
            assert loss == pytest.approx(-numpy.log(share), abs=1e-9)
        else:
            assert loss == 0.0 and not gradient.any()

    @given(scores_and_targets(max_tokens=3))
    def test_gradients_are_the_slopes_of_the_loss(self, drawn):
        scores, targets = drawn
        _, (gradient,) = crf_loss([scores], [targets])
        assert gradient.shape == scores.shape
        for place in zip(*numpy.nonzero(numpy.isfinite(scores)), strict=True):
            losses = []
            for step in (1e-4, -1e-4):
                moved = scores.copy()
                moved[place] += step
                losses.append(crf_loss([moved], [targets])[0])
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-4, abs=1e-6)

    @given(st.lists(scores_and_targets(), min_size=2, max_size=4))
    def test_sentences_of_other_lengths_beside_a_sentence_change_nothing(self, drawn):
        scores, targets = zip(*drawn, strict=True)
        loss, gradients = crf_loss(scores, targets)
        alone = [crf_loss([own], [known]) for own, known in drawn]
        assert loss == pytest.approx(sum(value for value, _ in alone))
        for gradient, (_, (expected,)) in zip(gradients, alone, strict=True):
            assert numpy.allclose(gradient, expected, atol=1e-12)


def test_two_tokens_by_hand():
    # Three sequences have a sum of 0 = log 1, all others none: O O, B-Disease I-Disease, B-Disease O.
    scores = numpy.full((2, 5, 5), -numpy.inf)
    scores[0, 0, [0, 1]] = 0.0
    scores[1, 0, 0] = scores[1, 1, 2] = scores[1, 1, 0] = 0.0
    assert crf_loss([scores], [numpy.array([1, 2])])[0] == pytest.approx(numpy.log(3))
    assert crf_loss([scores], [numpy.array([1, -1])])[0] == pytest.approx(numpy.log(3 / 2))
    # Of four shares two have a mention of one token: B-Disease I-Disease is another mention.
    scores[1, 1, 0] = numpy.log(2)
    ((start, end, label, log_confidence),) = crf_mentions(scores)
    assert (start, end, label) == (0, 1, 0) and numpy.exp(log_confidence) == pytest.approx(2 / 4)


def test_no_sentences_no_loss():
    assert crf_loss([], []) == (0.0, [])


@given(sentence_scores(max_tokens=12))
def test_what_is_decoded_is_valid(scores):
    tags = [TAGS[tag] for tag in best_path(scores)]
    for before, tag in pairwise(["O", *tags]):
        assert not tag.startswith("I-") or before in (tag, f"B-{tag[2:]}")


def vectors_layer(arrays: list[numpy.ndarray]) -> Model:
    """Token vectors that are given."""
    layer = Model("vectors", lambda model, docs, is_train: (arrays, lambda d_arrays: d_arrays), dims={"nO": 3})
    return layer.initialize()


class TestAgainstPytorchCrf:
    LENGTHS = (4, 1, 3)

    def material(self, seed):
        """Vectors and valid tags of three sentences, and a head with random weights."""
        generator = numpy.random.default_rng(seed)
        arrays = [generator.standard_normal((length, 3)).astype("float32") for length in self.LENGTHS]
        tags = [numpy.array(own) for own in ([0, 1, 2, 3], [1], [3, 4, 0])]
        model = CrfTagger(vectors_layer(arrays), nO=5).initialize()
        for node, name in ((model.get_ref("output"), "W"), (self.layer(model), "transitions")):
            node.set_param(name, generator.standard_normal(node.get_param(name).shape).astype("float32"))
        return arrays, tags, model

    def layer(self, model):
        """The layer that has the transitions."""
        return next(node for node in model.walk() if node.name == "pair_scores")

    def peer(self, transitions):
        """The same field, in which O before the sentence is what begins it."""
        peer = torchcrf.CRF(5, batch_first=True)
        allowed = torch.ones((5, 5), dtype=torch.bool)
        for before, tag in FORBIDDEN:
            allowed[before, tag] = False
        weights = torch.tensor(transitions, requires_grad=True)
        masked = torch.where(allowed, weights, torch.tensor(-1e4))
        for name in ("start_transitions", "end_transitions", "transitions"):
            delattr(peer, name)
        peer.transitions, peer.start_transitions, peer.end_transitions = masked, masked[0], torch.zeros(5)
        return peer, weights

    @given(st.integers(0, 1000))
    def test_loss_gradients_and_tags_are_the_same(self, seed):
        arrays, tags, model = self.material(seed)
        scores, backprop = model.begin_update([None] * 3)
        loss, gradients = crf_loss(scores, tags)
        backprop([gradient.astype("float32") for gradient in gradients])

        output, layer = model.get_ref("output"), self.layer(model)
        peer, transitions = self.peer(layer.get_param("transitions"))
        W = torch.tensor(output.get_param("W"), requires_grad=True)
        emissions = torch.nn.utils.rnn.pad_sequence([torch.tensor(array) @ W.T for array in arrays], batch_first=True)
        padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(own) for own in tags], batch_first=True)
        mask = torch.arange(4)[None] < torch.tensor(self.LENGTHS)[:, None]
        expected = -peer(emissions, padded, mask=mask)
        expected.backward()

        assert loss == pytest.approx(expected.item(), rel=1e-4)
        assert numpy.allclose(output.get_grad("W"), W.grad.numpy(), atol=1e-4)
        assert numpy.allclose(layer.get_grad("transitions"), transitions.grad.numpy(), atol=1e-4)
        assert [best_path(array).tolist() for array in scores] == peer.decode(emissions, mask=mask)


def crf_component(nlp, *mentions, labels=LABELS) -> BioNer:
    """A component under a field whose scores depend on the tag alone, those of given mentions being the highest."""

    def forward(model, docs, is_train):
        return [scores(len(doc)) for doc in docs], lambda gradients: []

    def scores(length):
        array = numpy.zeros((length, 5, 5), dtype="float32")
        array[:, :, 0] = 3.0
        for start, end, label in mentions:
            array[start:end, :, 2 + 2 * labels.index(label)] = 6.0
            array[start, :, 1 + 2 * labels.index(label)] = 9.0
        return forbid(array)

    component = BioNer(nlp.vocab, Model("scores", forward, attrs={"decoder": CRF}))
    component.cfg["labels"] = list(labels)
    return component


@pytest.fixture(scope="module")
def nlp():
    """RETURNS (Language): A blank pipeline, for its vocabulary."""
    return spacy.blank("xx")


class TestComponent:
    def test_confidences_stand_beside_the_mentions(self, nlp):
        words = "He took aspirin for back pain and rash".split()
        doc = crf_component(nlp, (2, 3, "Drug"), (4, 6, "Disease"))(Doc(nlp.vocab, words=words))
        assert entities(doc) == [(2, 3, "Drug"), (4, 6, "Disease")]
        assert all(0.5 < score < 1.0 for score in doc.spans[SPANS_KEY].attrs["scores"])

    def test_a_mention_runs_across_a_line_break(self, nlp):
        doc = Doc(nlp.vocab, words=["for", "back", "\n", "pain", "\n", "."])
        component = crf_component(nlp, (1, 2, "Disease"))
        (scores,) = component.model.predict([doc])
        scores[3, 1:3, 2] = 9.0
        assert [mention[:3] for mention in component._decode(doc, scores)] == [(1, 4, "Disease")]

    def test_white_space_has_no_part_in_the_loss(self, nlp):
        component = crf_component(nlp)
        losses = []
        for words, mention in ((["back", "pain", "."], (0, 2)), (["\n", "back", " ", "pain", "\n", "."], (1, 4))):
            sentence = example(nlp, words, [(*mention, "Disease")])
            loss, (gradient,) = component.get_loss([sentence], component.model.predict([sentence.predicted]))
            losses.append(loss)
            assert [bool(row.any()) for row in gradient] == [not word.isspace() for word in words]
        assert losses[0] == pytest.approx(losses[1])

    def test_sentences_of_a_doc_lose_what_they_lose_by_themselves(self, nlp):
        component = crf_component(nlp)
        together = example(nlp, ["no", "rash", "took", "aspirin"], [(1, 2, "Disease"), (3, 4, "Drug")])
        together.predicted[2].is_sent_start = True
        alone = [
            example(nlp, ["no", "rash"], [(1, 2, "Disease")]),
            example(nlp, ["took", "aspirin"], [(1, 2, "Drug")]),
        ]
        losses = [
            component.get_loss(batch, component.model.predict([one.predicted for one in batch]))[0]
            for batch in ([together], alone)
        ]
        assert losses[0] == pytest.approx(losses[1]) and losses[0] > 0

    def test_a_sentence_without_known_tags_has_no_gradient(self, nlp):
        component = crf_component(nlp)
        reference = Doc(nlp.vocab, words=["no", "rash"])
        sentence = Example(Doc(nlp.vocab, words=["no", "rash"]), reference)
        loss, (gradient,) = component.get_loss([sentence], component.model.predict([reference]))
        assert loss == pytest.approx(0.0) and numpy.allclose(gradient, 0.0, atol=1e-7)


@pytest.fixture(scope="module")
def trained_crf(tiny_encoder):
    """RETURNS (Language): A pipeline with this head that has learnt the toy sentences; not to be changed."""
    nlp = make_crf_pipeline(tiny_encoder)
    optimizer = make_adam(3e-3, {"bio_ner": 3e-2})
    fix_random_seed(0)
    for _ in range(40):
        update(nlp, optimizer, drop=0.1)
    return nlp


def make_crf_pipeline(encoder):
    """RETURNS (Language): An initialized pipeline with this head."""
    return make_pipeline(encoder, tagger="interlingual.CrfTagger.v2")


class TestTrained:
    def test_it_has_learnt_the_toy_sentences(self, trained_crf):
        for sentence in toy_examples(trained_crf):
            doc = trained_crf(sentence.predicted.copy())
            assert entities(doc) == [(ent.start, ent.end, ent.label_) for ent in sentence.reference.ents]
            assert all(0.5 < score <= 1.0 for score in doc.spans[SPANS_KEY].attrs["scores"])

    def test_transitions_have_learnt_too(self, trained_crf):
        layer = next(node for node in trained_crf.get_pipe("bio_ner").model.walk() if node.name == "pair_scores")
        transitions = layer.get_param("transitions")
        assert transitions.shape == (5, 5) and numpy.abs(transitions).max() > 0.01
        # No gradient reaches what is forbidden.
        assert [transitions[pair] for pair in FORBIDDEN] == [0.0] * len(FORBIDDEN)

    def test_it_survives_disk_and_bytes(self, trained_crf, tmp_path):
        trained_crf.to_disk(tmp_path / "model")
        copies = [spacy.load(tmp_path / "model"), spacy.blank("xx").from_config(trained_crf.config)]
        copies[1].from_bytes(trained_crf.to_bytes())
        doc = trained_crf("Took aspirin for the headache .")
        for copy in (own("Took aspirin for the headache .") for own in copies):
            assert entities(copy) == entities(doc) == [(1, 2, "Drug"), (4, 5, "Disease")]
            assert copy.spans[SPANS_KEY].attrs["scores"] == doc.spans[SPANS_KEY].attrs["scores"]

    def test_labels_are_those_of_the_settings_whatever_the_sample_holds(self, tiny_encoder):
        nlp = make_crf_pipeline(tiny_encoder)
        nlp.initialize(lambda: [example(nlp, ["no", "rash"], [(1, 2, "Disease")])])
        assert nlp.get_pipe("bio_ner").labels == LABELS
        assert nlp.get_pipe("bio_ner").model.predict([nlp("rash")])[0].shape == (1, 5, 5)

    def test_empty_docs_among_others_change_nothing(self, trained_crf):
        texts = ["", "Took aspirin for the headache .", "\n", "No history of diabetes ."]
        assert [entities(doc) for doc in trained_crf.pipe(texts)] == [entities(trained_crf(text)) for text in texts]
