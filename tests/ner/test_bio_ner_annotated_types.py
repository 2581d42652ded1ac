"""Test training on sentences that are annotated for some of the entity types only."""
from itertools import pairwise, product
from typing import Optional, Sequence

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, fix_random_seed

from scripts.ner.bio_ner import CRF, SOFTMAX, BioNer, Decoder, allowed_transitions, bio_tags
from scripts.ner.optimizer import make_adam
from tests.ner.pipelines import LABELS, SOFTMAX_HEAD, example, make_pipeline

CRF_HEAD = "interlingual.CrfTagger.v2"
THREE = ("Device", "Disease", "Drug")
DECODERS = {"softmax": SOFTMAX, "CRF": CRF}
NLP = spacy.blank("xx")


def component(decoder: Decoder, labels: Sequence[str] = THREE) -> BioNer:
    """RETURNS (BioNer): A component whose loss is asked for scores that a test gives."""
    found = BioNer(NLP.vocab, Model("scores", lambda model, docs, is_train: None, attrs={"decoder": decoder}))
    found.cfg["labels"] = list(labels)
    return found


def sentence(n_tokens: int, mentions: Sequence[tuple[int, int, str]], annotated: Optional[Sequence[str]]) -> Example:
    """RETURNS (Example): A sentence with mentions, and the entity types that were annotated in it; None for all."""
    made = example(NLP, ["rash"] * n_tokens, mentions)
    if annotated is not None:
        made.reference.user_data["annotated_types"] = list(annotated)
    return made


@st.composite
def sentences(draw, max_tokens: int = 3):
    """Strategy: the number of tokens of a sentence, its mentions of one token each, and the annotated types."""
    types = draw(st.lists(st.sampled_from([None, *THREE]), min_size=1, max_size=max_tokens))
    mentions = [(i, i + 1, label) for i, label in enumerate(types) if label]
    return len(types), mentions, sorted(draw(st.sets(st.sampled_from(THREE))))


def random_scores(decoder: Decoder, n_tokens: int, seed: int, n_tags: int = 7) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Scores as a head gives them."""
    shape = (n_tokens, n_tags, n_tags) if decoder is CRF else (n_tokens, n_tags)
    scores = numpy.random.default_rng(seed).normal(scale=2.0, size=shape)
    return numpy.where(allowed_transitions(n_tags // 2), scores, -numpy.inf) if decoder is CRF else scores


def tags_of(labels: Sequence[str]) -> list[int]:
    """RETURNS (list[int]): The numbers of B- and I- of some entity types."""
    return [number for number, tag in enumerate(bio_tags(THREE)) if tag[2:] in labels]


def test_softmax_by_hand():
    # The tags score the logarithms of 1 to 5: where nobody looked for drugs, O has 1 part of 1 + 2 + 3.
    scores = numpy.log([[1.0, 2.0, 3.0, 4.0, 5.0]])
    made = component(SOFTMAX, LABELS)
    loss, (gradient,) = made.get_loss([sentence(1, [], ["Disease"])], [scores])
    assert loss == pytest.approx(numpy.log(6))
    assert gradient[0, :3] == pytest.approx([1 / 6 - 1, 2 / 6, 3 / 6])
    assert gradient[0, 3:].tolist() == [0.0, 0.0]


def test_nothing_is_learnt_where_nothing_was_annotated():
    for decoder in DECODERS.values():
        loss, (gradient,) = component(decoder).get_loss([sentence(3, [], [])], [random_scores(decoder, 3, 0)])
        assert loss == 0.0 and not gradient.any()


@given(drawn=sentences(), seed=st.integers(0, 1000))
def test_the_field_is_one_over_the_sequences_without_the_other_tags(drawn, seed):
    n_tokens, mentions, annotated = drawn
    scores = random_scores(CRF, n_tokens, seed)
    tags = [0, *tags_of(annotated)]
    weights = {
        path: numpy.exp(sum(scores[i, before, tag] for i, (before, tag) in enumerate(pairwise((0, *path)))))
        for path in product(tags, repeat=n_tokens)
    }
    wanted = {i: tags_of([label])[0] for i, _, label in mentions}
    # A mention of a type that was not annotated leaves its token open.
    known = {i: wanted.get(i, 0) for i in range(n_tokens) if wanted.get(i, 0) in tags}
    agreeing = sum(weight for path, weight in weights.items() if all(path[i] == tag for i, tag in known.items()))
    loss, _ = component(CRF).get_loss([sentence(*drawn)], [scores])
    expected = -numpy.log(agreeing / sum(weights.values())) / max(1, len(known))
    assert loss == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("head", DECODERS)
@settings(max_examples=15)
@given(batch=st.lists(sentences(), min_size=1, max_size=2), seed=st.integers(0, 1000))
def test_gradients_are_the_slopes_of_the_loss(head, batch, seed):
    made, step = component(DECODERS[head]), 1e-4
    examples = [sentence(*drawn) for drawn in batch]
    scores = [random_scores(DECODERS[head], drawn[0], seed + i) for i, drawn in enumerate(batch)]
    _, gradients = made.get_loss(examples, scores)
    for number, gradient in enumerate(gradients):
        for place in zip(*numpy.nonzero(numpy.isfinite(scores[number])), strict=True):
            losses = []
            for moved in (step, -step):
                arrays = [array.copy() for array in scores]
                arrays[number][place] += moved
                losses.append(made.get_loss(examples, arrays)[0])
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-5)


@pytest.mark.parametrize("head", DECODERS)
@given(batch=st.lists(sentences(), min_size=1, max_size=3), seed=st.integers(0, 1000))
def test_tags_that_nobody_looked_for_have_no_gradient_at_all(head, batch, seed):
    scores = [random_scores(DECODERS[head], drawn[0], seed + i) for i, drawn in enumerate(batch)]
    _, gradients = component(DECODERS[head]).get_loss([sentence(*drawn) for drawn in batch], scores)
    for (_, _, annotated), gradient in zip(batch, gradients, strict=True):
        others = tags_of([label for label in THREE if label not in annotated])
        assert not gradient[..., others].any()
        if head == "CRF":
            # Neither as the tag before.
            assert not gradient[:, others].any()


@pytest.mark.parametrize("head", DECODERS)
@given(batch=st.lists(sentences(), min_size=1, max_size=3), seed=st.integers(0, 1000))
def test_where_all_types_were_annotated_nothing_changes_by_a_bit(head, batch, seed):
    decoder = DECODERS[head]
    scores = [random_scores(decoder, drawn[0], seed + i).astype("float32") for i, drawn in enumerate(batch)]
    targets = [numpy.zeros(n_tokens, dtype=int) for n_tokens, _, _ in batch]
    for target, (_, mentions, _) in zip(targets, batch, strict=True):
        for start, _, label in mentions:
            target[start] = tags_of([label])[0]
    n_tokens = sum(map(len, targets))
    total, unmasked = decoder.loss(scores, targets)
    for annotated in (None, THREE, [*THREE, "Symptom"]):
        examples = [sentence(length, mentions, annotated) for length, mentions, _ in batch]
        loss, gradients = component(decoder).get_loss(examples, scores)
        assert loss == total / n_tokens
        for gradient, expected in zip(gradients, unmasked, strict=True):
            assert numpy.array_equal(gradient, (expected / n_tokens).astype("float32"))


@pytest.mark.parametrize("head", DECODERS)
@given(batch=st.lists(sentences(), min_size=2, max_size=4), seed=st.integers(0, 1000))
def test_sentences_of_a_batch_keep_their_own_types(head, batch, seed):
    made = component(DECODERS[head])
    scores = [random_scores(DECODERS[head], drawn[0], seed + i) for i, drawn in enumerate(batch)]
    known = [
        sum(1 for i in range(n_tokens) if all(start != i or label in annotated for start, _, label in mentions))
        for n_tokens, mentions, annotated in batch
    ]
    together, gradients = made.get_loss([sentence(*drawn) for drawn in batch], scores)
    alone = [made.get_loss([sentence(*drawn)], [array]) for drawn, array in zip(batch, scores, strict=True)]
    n_known = max(1, sum(known))
    expected = sum(loss * max(1, own) for (loss, _), own in zip(alone, known, strict=True)) / n_known
    assert together == pytest.approx(expected, abs=1e-9)
    for gradient, (_, (own,)), count in zip(gradients, alone, known, strict=True):
        assert numpy.allclose(gradient, own * max(1, count) / n_known, atol=1e-6)


@pytest.mark.parametrize("head", [SOFTMAX_HEAD, CRF_HEAD])
def test_the_weights_of_these_tags_have_no_gradient_either(head, tiny_encoder):
    nlp = make_pipeline(tiny_encoder, tagger=head)
    made = example(nlp, ["Took", "aspirin", "for", "back", "pain"], [(1, 2, "Drug")])
    made.reference.user_data["annotated_types"] = ["Drug"]
    nlp.update([made], sgd=False)
    model = nlp.get_pipe("bio_ner").model
    output = model.get_ref("output")
    assert [bool(row.any()) for row in output.get_grad("W")] == [True, False, False, True, True]
    assert [bool(value) for value in output.get_grad("b")] == [True, False, False, True, True]
    if head == CRF_HEAD:
        transitions = next(layer for layer in model.walk() if layer.name == "pair_scores").get_grad("transitions")
        assert transitions.any() and not transitions[1:3].any() and not transitions[:, 1:3].any()


def test_tokens_that_the_reference_cuts_otherwise_are_masked_too():
    reference = sentence(1, [(0, 1, "Drug")], ["Disease"]).reference
    predicted = Doc(NLP.vocab, words=["ra", "sh"], spaces=[False, True])
    loss, (gradient,) = component(SOFTMAX).get_loss(
        [Example(predicted, reference)], [random_scores(SOFTMAX, 2, 0)]
    )
    assert loss == 0.0 and not gradient.any()


# Of a corpus where nobody looked for diseases, and of one where somebody did, most of it in another language.
DRUGS_ALONE = [
    ("Took aspirin for the headache .", [(1, 2, "Drug")]),
    ("The patient was given ibuprofen for headache .", [(4, 5, "Drug")]),
    ("After lisinopril I felt nausea .", [(1, 2, "Drug")]),
    ("No headache today .", []),
    ("The nausea was gone .", []),
]
BOTH = [
    ("Приняла аспирин от headache .", [(1, 2, "Drug"), (3, 4, "Disease")]),
    ("Больному назначен ибупрофен от nausea .", [(2, 3, "Drug"), (4, 5, "Disease")]),
    ("После лизиноприла появились nausea .", [(1, 2, "Drug"), (3, 4, "Disease")]),
    ("Всё прошло через час .", []),
    ("Диагноз : headache .", [(2, 3, "Disease")]),
    ("A rash and nausea and headache again .", [(1, 2, "Disease"), (3, 4, "Disease"), (5, 6, "Disease")]),
]


def found_diseases(encoder, head: str, annotated: Optional[list[str]]) -> int:
    """RETURNS (int): How many of the five diseases in the first corpus's sentences a model finds, trained on both."""
    nlp: Language = make_pipeline(encoder, tagger=head)
    examples = [example(nlp, words.split(), mentions) for words, mentions in [*DRUGS_ALONE, *BOTH]]
    if annotated:
        for made in examples[: len(DRUGS_ALONE)]:
            made.reference.user_data["annotated_types"] = annotated
    optimizer = make_adam(3e-3, {"bio_ner": 3e-2})
    fix_random_seed(0)
    for _ in range(40):
        nlp.update(examples, sgd=False, drop=0.1)
        for _, part in nlp.pipeline:
            part.finish_update(optimizer)
        optimizer.step_schedules()
    found = [(ent.text, ent.label_) for words, _ in DRUGS_ALONE for ent in nlp(words).ents]
    return sum(mention in (("headache", "Disease"), ("nausea", "Disease")) for mention in found)


@pytest.mark.parametrize("head", [SOFTMAX_HEAD, CRF_HEAD])
def test_a_source_without_a_type_no_longer_teaches_that_it_is_absent(head, tiny_encoder):
    assert found_diseases(tiny_encoder, head, None) == 0
    assert found_diseases(tiny_encoder, head, ["Drug"]) >= 3
