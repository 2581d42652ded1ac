"""Test that no head learns anything from tokens that nobody annotated."""
import random
from pathlib import Path

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Model

from scripts.corpora.docbin import align, pack_docs
from scripts.corpora.schema import Document, Mention
from scripts.corpora.tokens import blank_pipeline
from scripts.ner.bio_ner import CRF, SOFTMAX, BioNer, Decoder, allowed_transitions
from scripts.ner.optimizer import make_adam
from scripts.ner.training import sentence_reader
from tests.ner.pipelines import LABELS, SOFTMAX_HEAD, make_pipeline

CRF_HEAD = "interlingual.CrfTagger.v2"
INSIDE = [2, 4]
NLP = blank_pipeline()


def component(decoder: Decoder) -> BioNer:
    """RETURNS (BioNer): A component whose loss is asked for scores that a test gives."""
    made = BioNer(NLP.vocab, Model("scores", lambda model, docs, is_train: None, attrs={"decoder": decoder}))
    made.cfg["labels"] = list(LABELS)
    return made


def partly_annotated(text: str, *mentions: tuple[int, int, str], annotated: tuple[tuple[int, int], ...]) -> Example:
    """RETURNS (Example): A text as `convert` leaves it."""
    document = Document("d", text, tuple(Mention(*mention) for mention in mentions), annotated=annotated)
    reference = align(document, [0], NLP).doc
    return Example(NLP.make_doc(text), reference)


def random_scores(decoder: Decoder, n_tokens: int, seed: int) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Scores of which no tag depends on another: without I- nothing is forbidden."""
    scores = numpy.random.default_rng(seed).normal(scale=2.0, size=(n_tokens, 1 + 2 * len(LABELS)))
    if decoder is SOFTMAX:
        return scores
    scores[:, INSIDE] = -numpy.inf
    return numpy.where(allowed_transitions(len(LABELS)), scores[:, None, :], -numpy.inf)


@pytest.mark.parametrize("decoder", [SOFTMAX, CRF], ids=["softmax", "CRF"])
@given(known=st.lists(st.booleans(), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_unknown_tokens_have_no_gradient_and_no_part_in_the_loss(decoder, known, seed):
    stretches = tuple((5 * number, 5 * number + 4) for number, is_known in enumerate(known) if is_known)
    drugs = [(start, end, "Drug") for start, end in stretches[::2]]
    sentence = partly_annotated(" ".join(["rash"] * len(known)), *drugs, annotated=stretches)
    scores = random_scores(decoder, len(known), seed)
    loss, (gradient,) = component(decoder).get_loss([sentence], [scores])
    # A field has scores for each pair of tags: those of the tag before it a token has not to answer for.
    gradient = gradient.sum(axis=tuple(range(1, gradient.ndim - 1)))
    assert numpy.allclose(gradient[~numpy.array(known)], 0.0, atol=1e-6)
    if stretches:
        alone = partly_annotated(" ".join(["rash"] * len(stretches)), *_moved(stretches), annotated=((0, 99),))
        expected, (own,) = component(decoder).get_loss([alone], [scores[numpy.array(known)]])
        assert loss == pytest.approx(expected, abs=1e-6)
        assert numpy.allclose(gradient[numpy.array(known)], own.sum(axis=tuple(range(1, own.ndim - 1))), atol=1e-6)
    else:
        assert loss == pytest.approx(0.0, abs=1e-6)


def _moved(stretches) -> list[tuple[int, int, str]]:
    """Every second of the known words is a drug, wherever the unknown ones between them have gone."""
    return [(5 * number, 5 * number + 4, "Drug") for number in range(0, len(stretches), 2)]


# A drug that is annotated in some documents, and stands in what nobody annotated of others.
WHEN = ("today", "again", "for rash")
KNOWN = [f"{who} took aspirin {when}." for who in ("She", "Dora", "They") for when in WHEN]
UNKNOWN = [f"{who} took aspirin {when}." for who in ("He", "My son", "Anna") for when in WHEN]


def write_part(path: Path, is_unknown: bool, times: int) -> str:
    """Write a part in which annotators have not come to `aspirin` in some documents, or ruled it out there."""
    places = {text: (text.index("aspirin"), text.index("aspirin") + len("aspirin")) for text in (*KNOWN, *UNKNOWN)}
    documents = [Document(text, text, (Mention(*places[text], "Drug"),)) for text in KNOWN]
    for text in times * UNKNOWN:
        start, end = places[text]
        documents.append(Document(text, text, annotated=((0, start), (end, len(text))) if is_unknown else None))
    pack_docs(align(document, [0], NLP).doc for document in documents).to_disk(path)
    return str(path)


def transition_pipeline() -> Language:
    """RETURNS (Language): spaCy's own `ner`, small."""
    nlp = spacy.blank("xx")
    nlp.tokenizer = NLP.tokenizer
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 32, "depth": 1, "embed_size": 200}
    tok2vec |= {"window_size": 1, "maxout_pieces": 2, "subword_features": False, "pretrained_vectors": None}
    nlp.add_pipe("ner", config={"model": {"tok2vec": tok2vec}})
    nlp.config["initialize"]["components"]["ner"] = {
        "labels": {"@readers": "interlingual.TransitionLabels.v1", "entity_types": list(LABELS)}
    }
    fix_random_seed(0)
    nlp.initialize()
    return nlp


def learn(nlp: Language, path: str, updates: int) -> list[float]:
    """RETURNS (list[float]): The losses of each update, all sentences together."""
    examples = list(sentence_reader(path)(nlp))
    optimizer = make_adam(3e-3, {"bio_ner": 3e-2})
    fix_random_seed(0)
    random.seed(0)
    losses = []
    for _ in range(updates):
        losses.append(sum(nlp.update(examples, sgd=False, losses={}).values()))
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        optimizer.step_schedules()
    return losses


def found(nlp: Language) -> int:
    """RETURNS (int): In how many of the sentences the drug is found."""
    docs = nlp.pipe(NLP.make_doc(text) for text in UNKNOWN)
    return sum(("aspirin", "Drug") in [(ent.text, ent.label_) for ent in doc.ents] for doc in docs)


# Before a known O the field leans a little to O, the one tag behind which no I- can follow: so it has no more unknown
# mentions than known ones here. spaCy's own `ner`, which sees one word to each side, has twice as many.
@pytest.mark.parametrize("head, times", [(SOFTMAX_HEAD, 1), (CRF_HEAD, 1), ("transition", 2)])
def test_a_drug_that_annotators_have_not_come_to_is_found_and_one_that_they_ruled_out_is_not(
    head, times, tiny_encoder, tmp_path
):
    counts = []
    for is_unknown in (True, False):
        nlp = transition_pipeline() if head == "transition" else make_pipeline(tiny_encoder, tagger=head)
        losses = learn(nlp, write_part(tmp_path / "train.spacy", is_unknown, times), 30)
        assert numpy.isfinite(losses).all() and losses[-1] < losses[0]
        counts.append(found(nlp))
    assert counts == [len(UNKNOWN), 0]

