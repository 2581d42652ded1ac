"""Compute the features of sentences that selection methods use, with a pipeline."""
from typing import Any, Iterable, Iterator, NamedTuple, Optional, Union

import numpy
from spacy.attrs import IS_SPACE
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab
from thinc.api import Model

from scripts.annotation.methods import methods_for_any_pipeline
from scripts.annotation.pool import Pool
from scripts.base.errors import ProjectError
from scripts.ner.bio_ner import FACTORY, FACTORY_V1, batch_by_tokens, best_path, log_softmax, pair_marginals

SENTENCES_PER_BATCH = 128
# (start, end, entity type), in tokens of the sentence.
FoundMention = tuple[int, int, str]


class Certainty(NamedTuple):
    """A head's features for a sentence.

    expected_mentions (float): As in `Pool`.
    entropy (float): As in `Pool`.
    log_best (float): Logarithm of the probability of the best tag sequence.
    """

    expected_mentions: float
    entropy: float
    log_best: float


def observe(
    nlp: Language, sentences: Iterable[Union[Doc, Span]], with_vectors: bool = False, with_probabilities: bool = True
) -> tuple[Pool, list[list[FoundMention]]]:
    """Run a pipeline over sentences, and collect their features and its predictions.

    The encoder processes each sentence once. The pipeline gets only the tokens of a sentence. If it has several
    `bio_ner` components, their features are summed up.

    nlp (Language): A pipeline.
    sentences (Iterable[Doc or Span]): The sentences, with any vocabulary. All tokens of each form one sentence.
    with_vectors (bool): Whether to compute sentence vectors.
    with_probabilities (bool): Whether to compute probabilities, which spaCy's own `ner` doesn't have.
    RETURNS (tuple[Pool, list]): A row per sentence, and its entities as (start token, end token, type).
    RAISES (ProjectError): If the pipeline has no probabilities or vectors, but they are required.
    """
    heads = {name: nlp.get_pipe(name) for name in nlp.pipe_names if is_bio_ner(nlp, name)}
    if with_probabilities and not heads:
        raise ProjectError(
            f"the pipeline has no probabilities, because none of its components is a `bio_ner` "
            f"({', '.join(nlp.pipe_names) or 'none'})",
            where="pipeline",
            remedy=f"use the method {methods_for_any_pipeline()}, or a pipeline with a `bio_ner`",
        )
    seen = _Seen({name: [] for name in heads if with_probabilities}, [])
    encoder = _encoder_of(nlp) if with_vectors else None
    words: list[int] = []
    found: list[list[FoundMention]] = []
    for doc in _run(nlp, (as_sentence(sentence, nlp.vocab) for sentence in sentences), seen, encoder):
        words.append(len(_words(doc)))
        found.append([(ent.start, ent.end, ent.label_) for ent in doc.ents])
    return _pool(words, seen, with_vectors), found


class _Seen(NamedTuple):
    """Features of the sentences so far.

    certainties (dict[str, list[Certainty]]): Features by the name of the `bio_ner` component.
    vectors (list[numpy.ndarray]): The sentence vectors.
    """

    certainties: dict[str, list[Certainty]]
    vectors: list[numpy.ndarray]


def is_bio_ner(nlp: Language, name: str) -> bool:
    """RETURNS (bool): Whether a component is a `bio_ner`. Checks its factory, since packages have their own class."""
    return nlp.get_pipe_meta(name).factory in (FACTORY, FACTORY_V1)


def as_sentence(sentence: Union[Doc, Span], vocab: Vocab) -> Doc:
    """RETURNS (Doc): A Doc with the same tokens as one sentence, without annotations."""
    return Doc(
        vocab,
        words=[token.text for token in sentence],
        spaces=[bool(token.whitespace_) for token in sentence],
        sent_starts=[number == 0 for number in range(len(sentence))],
    )


def _run(nlp: Language, docs: Iterator[Doc], seen: _Seen, encoder: Optional[str]) -> Iterator[Doc]:
    """YIELDS (Doc): The Docs as from `nlp.pipe`. Features are collected right before each component that provides them.

    After it, another component may have dropped the encoder's output.
    """
    stream: Iterable[Doc] = docs
    names = nlp.pipe_names
    for name in names:
        if name in seen.certainties or name == encoder:
            stream = _ask(stream, name, nlp.get_pipe(name), seen, name == encoder)
        others = [other for other in names if other != name]
        stream = nlp.pipe(stream, disable=others, batch_size=SENTENCES_PER_BATCH)
    yield from stream


def _ask(docs: Iterable[Doc], name: str, component: Any, seen: _Seen, keep_vectors: bool) -> Iterator[Doc]:
    """YIELDS (Doc): The same Docs. The features from a component are added to `seen`."""
    to_numpy = component.model.ops.to_numpy
    for batch in batch_by_tokens(docs, SENTENCES_PER_BATCH):
        encoder, *head = _layers(component.model, asks_head=name in seen.certainties)
        vectors = encoder.predict(batch)
        if keep_vectors:
            # Each vector has its own memory. A slice would keep the whole batch in memory.
            pairs = zip(batch, vectors, strict=True)
            seen.vectors.extend(_sentence_vector(to_numpy(array)[_words(doc)]) for doc, array in pairs)
        for layer in head:
            scores = layer.predict(vectors)
            pairs = zip(batch, scores, strict=True)
            seen.certainties[name].extend(certainty(to_numpy(array)[_words(doc)]) for doc, array in pairs)
        yield from batch


def _layers(model: Model, asks_head: bool) -> list[Model]:
    """RETURNS (list[Model]): The layer for token vectors, followed by the layer that computes tag scores from them."""
    return list(model.layers) if asks_head else [_token_vectors(model)]


def _token_vectors(model: Model) -> Model:
    """RETURNS (Model): The layer that returns one array per Doc."""
    if not model.has_ref("tok2vec"):
        return model.layers[0]
    layer = model.get_ref("tok2vec")
    # spaCy's parser concatenates the arrays right after it, and reduces their width.
    return layer.layers[0] if any(inner.name == "list2array" for inner in layer.layers) else layer


def _encoder_of(nlp: Language) -> str:
    """RETURNS (str): The first component with a model that starts from token vectors."""
    for name in nlp.pipe_names:
        model = getattr(nlp.get_pipe(name), "model", None)
        if is_bio_ner(nlp, name) or (isinstance(model, Model) and model.has_ref("tok2vec")):
            return name
    raise ProjectError(
        f"no component of the pipeline has vectors ({', '.join(nlp.pipe_names) or 'there are none'})",
        where="pipeline",
        remedy="use the method random, or a pipeline with an encoder",
    )


def _words(doc: Doc) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Indices of the tokens that are not whitespace."""
    return numpy.flatnonzero(doc.to_array(IS_SPACE) == 0)


def certainty(scores: numpy.ndarray) -> Certainty:
    """Compute the features of a sentence from its scores.

    scores (numpy.ndarray): (tokens, tags) of a softmax, or (tokens, tags, tags) of a conditional random field, without
        whitespace.
    RETURNS (Certainty): The features.
    """
    if not len(scores):
        return Certainty(0.0, 0.0, 0.0)
    if scores.ndim == 2:
        log_probabilities = log_softmax(scores.astype("float64"))
        probabilities = numpy.exp(log_probabilities)
        log_best = float(log_probabilities.max(axis=1).sum())
    else:
        probabilities, log_best = _field(scores.astype("float64"))
    logarithms = numpy.log(probabilities, where=probabilities > 0, out=numpy.zeros_like(probabilities))
    # O, then B- and I- of each entity type.
    return Certainty(
        float(probabilities[:, 1::2].sum()), float(-(probabilities * logarithms).sum()), min(0.0, log_best)
    )


def _field(scores: numpy.ndarray) -> tuple[numpy.ndarray, float]:
    """RETURNS (tuple): (tokens, tags) probabilities of a conditional random field, and the log-probability of its best
    tag sequence."""
    (total,), (pairs,) = pair_marginals(scores[None])
    tags = best_path(scores)
    best = scores[numpy.arange(len(tags)), numpy.concatenate([[0], tags[:-1]]), tags].sum()
    return pairs.sum(axis=1), float(best - total)


def _sentence_vector(vectors: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): The normalized mean. Empty without vectors, since their width is then unknown."""
    if not len(vectors):
        return numpy.zeros(0, dtype="float32")
    mean = vectors.mean(axis=0)
    return (mean / max(float(numpy.linalg.norm(mean)), numpy.finfo("float32").tiny)).astype("float32")


def _pool(words: list[int], seen: _Seen, with_vectors: bool) -> Pool:
    unknown = numpy.full((len(words), 3), numpy.nan)
    by_head = [numpy.array(rows, dtype=float).reshape(-1, 3) for rows in seen.certainties.values()]
    expected, entropy, log_best = numpy.sum(by_head or [unknown], axis=0).T
    return Pool(
        words=numpy.array(words, dtype=int),
        expected_mentions=expected,
        entropy=entropy,
        least_confident=-numpy.expm1(log_best),
        vectors=_table(seen.vectors) if with_vectors else None,
    )


def _table(vectors: list[numpy.ndarray]) -> numpy.ndarray:
    table = numpy.zeros((len(vectors), max(map(len, vectors), default=0)), dtype="float32")
    for row, vector in enumerate(vectors):
        table[row, : len(vector)] = vector
    return table
