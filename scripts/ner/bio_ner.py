"""Find mentions with the `bio_ner` component, which sets `doc.ents`, and `doc.spans["bio_ner"]` with confidences.

The confidence of an entity is also available as `ent._.confidence`. Once a component is calibrated, about 80 % of the
mentions with a confidence of 0.8 are right, on texts like those it was calibrated on.

There are two heads: a softmax over the tags of each token, and a conditional random field over the tags of a sentence.

This module is bundled into packages, so it imports nothing from its project. Packages of several versions may load in
one process, where the first one to register a name keeps it. A name must therefore always mean the same: if a factory
or a registered function of a released package changes its arguments or its results, it gets a new name, and the old
one stays for the pipelines that use it. (The new name is `bio_ner_v2`, as spaCy allows no dot in a factory's name.)
"""
import json
from bisect import bisect_left
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy
from spacy.attrs import ENT_IOB, IS_SPACE, ORTH, SPACY
from spacy.errors import Errors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.pipeline.functions import merge_entities
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.util import load_config, registry
from spacy.vocab import Vocab
from thinc.api import Linear, Model, Optimizer, chain, set_dropout_rate, with_array
from thinc.types import Floats2d, Floats3d, FloatsXd, Ragged

# The component's default name, and therefore the default key of `doc.spans`.
SPANS_KEY = "bio_ner"
# Packages of version 0.1 use the first one. The second one adds `spans_key` and `threshold`.
FACTORY_V1, FACTORY = "bio_ner", "bio_ner_v2"
MERGING_FACTORY = "merge_entities_and_spans"
LOAD_PACKAGE = "interlingual.load_package.v1"
# Key of `reference.user_data`: the entity types annotated in a sentence. By default, all types of the head.
ANNOTATED_TYPES = "annotated_types"
# The most tokens to process at once: the encoder's output for them is copied twice on the way to the scores.
TOKENS_AT_ONCE = 10_000
# The Span extension with the confidence.
CONFIDENCE = "confidence"
# Settings of encoders that any weights can be used with.
FREE_SETTINGS = {"training_precision", "inference_precision", "fold_capitals"}
# Closer to 0 or 1, the digits of a probability are meaningless.
LOG_SMALLEST = -15.0
SMALLEST = numpy.exp(LOG_SMALLEST)
LOG_ALMOST_ONE = -1e-7
# spaCy's codes for `token.ent_iob`.
MISSING, INSIDE, OUTSIDE, BEGIN = range(4)
DEFAULT_MODEL = {
    "@architectures": "interlingual.BioTagger.v2",
    "tok2vec": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "interlingual.first_subword.v1"},
        "upstream": "*",
    },
}
DecodedMention = Tuple[int, int, str, float]
# (start, end, number of the entity type, logarithm of the confidence), as indices into a sentence's tagged tokens.
NumberedMention = Tuple[int, int, int, float]


# Token vectors


def first_subword() -> Model[Ragged, Floats2d]:
    """Represent each token by its first sub-word, as BERT does (section 5.3), or by zeros if it has none.

    RETURNS (Model[Ragged, Floats2d]): A pooling layer for a transformer listener.
    """
    return Model("first_subword", _first_subword_forward)


def _first_subword_forward(model: Model, X: Ragged, is_train: bool) -> Tuple[Floats2d, Callable]:
    present = X.lengths > 0
    firsts = (X.lengths.cumsum() - X.lengths)[present]
    Y = model.ops.alloc2f(len(X.lengths), X.dataXd.shape[-1])
    Y[present] = X.dataXd[firsts]

    def backprop(dY: Floats2d) -> Ragged:
        dX = model.ops.alloc2f(*X.dataXd.shape)
        dX[firsts] = dY[present]
        return Ragged(dX, X.lengths)

    return Y, backprop


# Tags


def bio_tags(labels: Sequence[str]) -> List[str]:
    """RETURNS (List[str]): The tags for the entity types: `O`, then `B-` and `I-` for each."""
    return ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


def inside_tag(label: int) -> int:
    """RETURNS (int): The number of the I- tag of an entity type, given the number of the type."""
    return 2 + 2 * label


@lru_cache(maxsize=None)
def allowed_transitions(n_labels: int) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (tags, tags) of bool: an I- tag may follow only the B- or I- tag of its own type."""
    tags = numpy.arange(1 + 2 * n_labels)
    inside = (tags > 0) & (tags % 2 == 0)
    follows = (tags[:, None] == tags[None, :]) | (tags[:, None] == tags[None, :] - 1)
    return ~inside[None, :] | follows


def best_path(pair_scores: numpy.ndarray) -> numpy.ndarray:
    """Find the sequence of tags with the highest sum of scores (Viterbi).

    pair_scores (numpy.ndarray): (tokens, tags, tags): the score of each tag after each tag of the previous token. The
        first token follows an O.
    RETURNS (numpy.ndarray): (tokens,) tag numbers.
    """
    n_tokens, n_tags = pair_scores.shape[:2]
    scores = pair_scores[0, 0]
    sources = numpy.zeros((n_tokens, n_tags), dtype=int)
    for i in range(1, n_tokens):
        paths = scores[:, None] + pair_scores[i]
        sources[i] = paths.argmax(axis=0)
        scores = paths.max(axis=0)
    tags = numpy.zeros(n_tokens, dtype=int)
    tags[-1] = scores.argmax()
    for i in range(n_tokens - 1, 0, -1):
        tags[i - 1] = sources[i, tags[i]]
    return tags


def tagged_mentions(tags: Union[Sequence[int], numpy.ndarray]) -> Iterator[Tuple[int, int, int]]:
    """YIELDS (tuple): (start, end, number of the entity type) of each mention in a valid BIO sequence."""
    start: Optional[int] = None
    for i, tag in enumerate([*tags, 0]):
        if start is not None and (tag == 0 or tag % 2 == 1):
            yield start, i, (tags[start] - 1) // 2
            start = None
        if tag % 2 == 1:
            start = i


class Decoder(NamedTuple):
    """The functions of a head, which take the scores of sentences without their whitespace tokens.

    mentions (Callable): Takes a sentence's scores and returns its mentions.
    loss (Callable): Takes the scores and tags (-1 if unknown) of sentences, and returns the summed loss and its
        gradients.
    """

    mentions: Callable[[numpy.ndarray], List[NumberedMention]]
    loss: Callable[[Sequence[numpy.ndarray], Sequence[numpy.ndarray]], Tuple[float, List[numpy.ndarray]]]


# Softmax


def log_softmax(scores: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Log-probabilities over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=-1, keepdims=True))


def decode_tags(log_probabilities: numpy.ndarray) -> numpy.ndarray:
    """Find the most probable valid BIO sequence (Viterbi with forbidden transitions).

    log_probabilities (numpy.ndarray): (tokens, tags), with independent tokens.
    RETURNS (numpy.ndarray): (tokens,) tag numbers, which are valid BIO from the first token on.
    """
    allowed = allowed_transitions(log_probabilities.shape[1] // 2)
    best = log_probabilities.argmax(axis=1)
    # If the best tags of the tokens form a valid sequence, no other sequence can be better.
    if allowed[numpy.concatenate([[0], best[:-1]]), best].all():
        return best
    return best_path(numpy.where(allowed, log_probabilities[:, None, :], -numpy.inf))


def softmax_mentions(scores: numpy.ndarray) -> List[NumberedMention]:
    """Find mentions from tags that are independent of each other, apart from the rules of BIO.

    scores (numpy.ndarray): (tokens, tags).
    RETURNS (List[tuple]): The mentions. The confidence is the product of the probabilities of the mention's tags and
        the probability that the mention doesn't continue after them.
    """
    log_probabilities = log_softmax(scores)

    def log_end(end: int, label: int) -> float:
        if end == len(scores):
            return 0.0
        return float(numpy.log1p(-numpy.exp(min(log_probabilities[end, inside_tag(label)], LOG_ALMOST_ONE))))

    mentions = _softmax_mentions(log_probabilities)
    return [(start, end, label, inside + log_end(end, label)) for start, end, label, inside in mentions]


def softmax_mentions_v1(scores: numpy.ndarray) -> List[NumberedMention]:
    """Find mentions as packages of version 0.1 do: the confidence is the product of the probabilities of the mention's
    tags only."""
    return _softmax_mentions(log_softmax(scores))


def _softmax_mentions(log_probabilities: numpy.ndarray) -> List[NumberedMention]:
    tags = decode_tags(log_probabilities)
    own = log_probabilities[numpy.arange(len(tags)), tags]
    return [(start, end, label, float(own[start:end].sum())) for start, end, label in tagged_mentions(tags)]


def softmax_loss(
    scores: Sequence[numpy.ndarray], targets: Sequence[numpy.ndarray]
) -> Tuple[float, List[numpy.ndarray]]:
    """Compute the cross-entropy of the tokens with known tags.

    scores (Sequence[numpy.ndarray]): (tokens, tags) for each sentence.
    targets (Sequence[numpy.ndarray]): Their tags, or -1 if unknown.
    RETURNS (tuple): The loss and its gradients, summed over tokens.
    """
    loss, gradients = 0.0, []
    for array, target in zip(scores, targets, strict=True):
        log_probabilities = log_softmax(array)
        known = numpy.flatnonzero(target >= 0)
        gradient = numpy.exp(log_probabilities)
        gradient[known, target[known]] -= 1.0
        gradient[target < 0] = 0.0
        loss -= float(log_probabilities[known, target[known]].sum())
        gradients.append(gradient)
    return loss, gradients


SOFTMAX = Decoder(softmax_mentions, softmax_loss)
SOFTMAX_V1 = Decoder(softmax_mentions_v1, softmax_loss)


def BioTagger(tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    """Build the softmax head of packages of version 0.1, whose confidences ignore where a mention ends."""
    return _softmax_head(tok2vec, nO, SOFTMAX_V1)


def BioTagger_v2(
    tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int] = None
) -> Model[List[Doc], List[Floats2d]]:
    """Build a linear layer over token vectors. Its outputs are the scores of the BIO tags before softmax.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any tok2vec layer or listener.
    nO (int): Number of tags: 1 + 2 * entity types. Set at initialization.
    RETURNS (Model[List[Doc], List[Floats2d]]): A model that returns an array of (tokens, tags) per Doc.
    """
    return _softmax_head(tok2vec, nO, SOFTMAX)


def _softmax_head(
    tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int], decoder: Decoder
) -> Model[List[Doc], List[Floats2d]]:
    output = Linear(nO, _width(tok2vec))
    model: Model[List[Doc], List[Floats2d]] = chain(tok2vec, with_array(output))
    model.set_ref("output", output)
    model.attrs["decoder"] = decoder
    return model


def _width(tok2vec: Model) -> Optional[int]:
    return tok2vec.get_dim("nO") if tok2vec.has_dim("nO") else None


# Conditional random field


def log_sums(pair_scores: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Sum over all sequences of tags, from the left and from the right (forward-backward algorithm).

    pair_scores (numpy.ndarray): (sentences, tokens, tags, tags), as in `best_path`.
    RETURNS (tuple): Two arrays of (sentences, tokens + 1, tags), with row 0 before the first token: the logarithms of
        the sums over all beginnings up to and including a tag, and over all endings after it.
    """
    n_sentences, n_tokens, n_tags = pair_scores.shape[:3]
    beginnings = numpy.full((n_sentences, n_tokens + 1, n_tags), -numpy.inf)
    beginnings[:, 0, 0] = 0.0
    ends = numpy.zeros((n_sentences, n_tokens + 1, n_tags))
    for i in range(n_tokens):
        beginnings[:, i + 1] = numpy.logaddexp.reduce(beginnings[:, i, :, None] + pair_scores[:, i], axis=1)
    for i in reversed(range(n_tokens)):
        ends[:, i] = numpy.logaddexp.reduce(pair_scores[:, i] + ends[:, i + 1, None, :], axis=2)
    return beginnings, ends


def pair_marginals(pair_scores: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Compute the probability of each pair of adjacent tags.

    pair_scores (numpy.ndarray): (sentences, tokens, tags, tags), as in `best_path`.
    RETURNS (tuple): (sentences,) logarithms of the sums over all sequences, and the probabilities in the shape of the
        scores, which are 0 if no sequence is possible.
    """
    beginnings, ends = log_sums(pair_scores)
    totals = ends[:, 0, 0]
    possible = numpy.where(numpy.isfinite(totals), totals, 0.0)
    joint = beginnings[:, :-1, :, None] + pair_scores + ends[:, 1:, None, :]
    return totals, numpy.exp(joint - possible[:, None, None, None])


# Sums over what may follow a mention, given the scores, the ending sums of `log_sums`, the mention's end and last tag.
Behind = Callable[[numpy.ndarray, numpy.ndarray, int, int], float]


def crf_mentions(scores: numpy.ndarray) -> List[NumberedMention]:
    """Find the mentions of the best sequence of tags.

    scores (numpy.ndarray): (tokens, tags, tags), as in `best_path`.
    RETURNS (List[tuple]): The mentions. The confidence is the total probability of all sequences with exactly this
        mention, whatever comes before and after it.
    """
    return _crf_mentions(scores, _ends_there)


def crf_mentions_v1(scores: numpy.ndarray) -> List[NumberedMention]:
    """Find mentions as packages of version 0.1 do: the confidence includes sequences in which the mention continues."""
    return _crf_mentions(scores, _whatever_follows)


def _ends_there(scores: numpy.ndarray, ends: numpy.ndarray, end: int, tag: int) -> float:
    if end == len(scores):
        return float(ends[end, tag])
    following = scores[end, tag] + ends[end + 1]
    following[inside_tag((tag - 1) // 2)] = -numpy.inf
    return float(numpy.logaddexp.reduce(following))


def _whatever_follows(scores: numpy.ndarray, ends: numpy.ndarray, end: int, tag: int) -> float:
    return float(ends[end, tag])


def _crf_mentions(scores: numpy.ndarray, behind: Behind) -> List[NumberedMention]:
    scores = scores.astype("float64")
    tags = best_path(scores)
    mentions = list(tagged_mentions(tags))
    if not mentions:
        return []
    (beginnings,), (ends,) = log_sums(scores[None])
    steps = scores[numpy.arange(len(tags)), numpy.concatenate([[0], tags[:-1]]), tags]

    def log_confidence(start: int, end: int) -> float:
        inside = beginnings[start + 1, tags[start]] + steps[start + 1 : end].sum()
        return min(0.0, float(inside + behind(scores, ends, end, tags[end - 1]) - ends[0, 0]))

    return [(start, end, label, log_confidence(start, end)) for start, end, label in mentions]


def crf_loss(scores: Sequence[numpy.ndarray], targets: Sequence[numpy.ndarray]) -> Tuple[float, List[numpy.ndarray]]:
    """Compute the negative log-probability of the known tags, summed over all values of the unknown ones.

    scores (Sequence[numpy.ndarray]): (tokens, tags, tags) for each sentence, as in `best_path`.
    targets (Sequence[numpy.ndarray]): Their tags, or -1 if unknown. A sentence with invalid tags has no loss.
    RETURNS (tuple): The loss and its gradients, summed over sentences.
    """
    if not scores:
        return 0.0, []
    pair_scores, tags = _pad(scores, targets)
    agreeing = (tags[:, :, None] < 0) | (tags[:, :, None] == numpy.arange(pair_scores.shape[-1]))
    all_sums, expected = pair_marginals(pair_scores)
    known_sums, observed = pair_marginals(numpy.where(agreeing[:, :, None, :], pair_scores, -numpy.inf))
    valid = numpy.isfinite(known_sums)
    gradients = (expected - observed) * valid[:, None, None, None]
    per_sentence = [rows[: len(own)] for rows, own in zip(gradients, scores, strict=True)]
    return float((all_sums - known_sums)[valid].sum()), per_sentence


def _pad(scores: Sequence[numpy.ndarray], targets: Sequence[numpy.ndarray]) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Pad sentences to the same length. All tags score the same after a sentence's end, so no probability changes."""
    longest, n_tags = max(map(len, scores)), scores[0].shape[-1]
    pair_scores = numpy.zeros((len(scores), longest, n_tags, n_tags))
    tags = numpy.full((len(scores), longest), -1)
    for row, (array, target) in enumerate(zip(scores, targets, strict=True)):
        pair_scores[row, : len(array)] = array
        tags[row, : len(target)] = target
    return pair_scores, tags


CRF = Decoder(crf_mentions, crf_loss)
CRF_V1 = Decoder(crf_mentions_v1, crf_loss)


def CrfTagger(tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int] = None) -> Model[List[Doc], List[Floats3d]]:
    """Build the CRF head of packages of version 0.1, whose confidences ignore where a mention ends."""
    return _crf_head(tok2vec, nO, CRF_V1)


def CrfTagger_v2(
    tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int] = None
) -> Model[List[Doc], List[Floats3d]]:
    """Build a linear-chain conditional random field over BIO tags (Lafferty et al. 2001).

    Sequences that BIO forbids are impossible. Each sentence follows an O. Its end has no score.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any tok2vec layer or listener.
    nO (int): Number of tags: 1 + 2 * entity types. Set at initialization.
    RETURNS (Model[List[Doc], List[Floats3d]]): A model that returns an array of (tokens, tags, tags) per Doc: the score
        of each tag after each tag of the previous token, or minus infinity where BIO forbids it.
    """
    return _crf_head(tok2vec, nO, CRF)


def _crf_head(
    tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int], decoder: Decoder
) -> Model[List[Doc], List[Floats3d]]:
    output = Linear(nO, _width(tok2vec))
    pair_scores: Model[Floats2d, Floats3d] = Model(
        "pair_scores",
        _pair_scores_forward,
        init=_pair_scores_init,
        layers=[output],
        dims={"nO": nO},
        params={"transitions": None},
    )
    # Thinc's types assume that a layer doesn't change an array's number of axes.
    model: Model[List[Doc], List[Floats3d]] = chain(tok2vec, with_array(pair_scores))  # type: ignore[misc]
    model.set_ref("output", output)
    model.attrs["decoder"] = decoder
    return model


def _pair_scores_forward(model: Model, X: Floats2d, is_train: bool) -> Tuple[Floats3d, Callable]:
    scores, backprop_scores = model.layers[0](X, is_train)
    transitions = model.get_param("transitions")
    # Thinc has no type for arrays of bool.
    allowed = model.ops.asarray(allowed_transitions(len(transitions) // 2))  # type: ignore[arg-type]
    Y = model.ops.xp.where(allowed, scores[:, None, :] + transitions, -numpy.inf)

    def backprop(dY: Floats3d) -> Floats2d:
        model.inc_grad("transitions", dY.sum(axis=0, keepdims=False))
        return backprop_scores(dY.sum(axis=1, keepdims=False))

    return Y, backprop


def _pair_scores_init(model: Model, X: Optional[Floats2d] = None, Y: Optional[Floats2d] = None) -> None:
    output = model.layers[0]
    output.initialize(X, Y)
    n_tags = output.get_dim("nO")
    model.set_dim("nO", n_tags)
    model.set_param("transitions", model.ops.alloc2f(n_tags, n_tags))


# Confidences


def log_right_and_wrong(log_probability: float) -> Tuple[float, float]:
    """RETURNS (Tuple[float, float]): log(p) and log(1 - p), clipped where a probability is practically 0 or 1."""
    # 1 - exp(x) loses precision near 0, and expm1 doesn't.
    wrong = numpy.log(max(-numpy.expm1(log_probability), SMALLEST))
    return float(max(log_probability, LOG_SMALLEST)), float(wrong)


def calibrated(log_probability: float, low: float, high: float, intercept: float) -> float:
    """Correct a model's probability by beta calibration (Kull et al. 2017).

    log_probability (float): Its logarithm.
    low (float): Slope of the correction toward 0, on the logit scale. Below 1 if the model is overconfident.
    high (float): Slope toward 1. If both are equal, this is Platt scaling. If both are 1, only the intercept matters.
    intercept (float): Below 0 if the model is right less often than its probability says.
    RETURNS (float): The confidence, from 0 to 1.
    """
    right, wrong = log_right_and_wrong(log_probability)
    return float(1 / (1 + numpy.exp(-(low * right - high * wrong + intercept))))


def get_confidence(span: Span) -> Optional[float]:
    """Look up the confidence of an entity, or of any other span with the boundaries and the type of a mention.

    span (Span): The span.
    RETURNS (Optional[float]): The confidence, from 0 to 1, or None if no `bio_ner` component found such a mention.
    """
    for group in filter(_has_confidences, span.doc.spans.values()):
        # After tokens were merged, spaCy can't read mentions that would end after the Doc's last token.
        with suppress(IndexError):
            number = _find(group, span)
            if number is not None:
                return float(group.attrs["scores"][number])
    return span.doc.user_data.get(_place(span), {}).get(span.label_)


def _find(group: SpanGroup, span: Span) -> Optional[int]:
    """RETURNS (Optional[int]): The number of the first mention with a span's boundaries and type in a group, if any."""
    # The mentions of a component are in the order of the text. A long text has thousands.
    number = bisect_left(group, _boundaries(span), key=_boundaries)
    if number < len(group) and _is_same(group[number], span):
        return number
    # Another one of the same boundaries, or a group that somebody has put in another order.
    return next((number for number, mention in enumerate(group) if _is_same(mention, span)), None)


def _boundaries(span: Span) -> Tuple[int, int]:
    # Token indices in a span group are those before any tokens were merged or split.
    return (span.start_char, span.end_char)


def _is_same(mention: Span, span: Span) -> bool:
    return _boundaries(mention) == _boundaries(span) and mention.label == span.label


def set_confidence(span: Span, confidences: Dict[str, float]) -> None:
    """Set the confidences of a span where spaCy's JSON support stores them.

    span (Span): The span.
    confidences (Dict[str, float]): The confidence per entity type, as `Doc.to_json` writes it.
    """
    span.doc.user_data[_place(span)] = confidences


def _place(span: Span) -> Tuple[str, str, int, int]:
    """RETURNS (tuple): The key under which spaCy stores the value of a span's extension."""
    return ("._.", CONFIDENCE, span.start_char, span.end_char)


def _has_confidences(group: SpanGroup) -> bool:
    """RETURNS (bool): Whether a component like this one made a span group. spaCy's `spancat` sets an array."""
    scores = group.attrs.get("scores")
    return isinstance(scores, list) and len(scores) == len(group)


def _keep_for_json(doc: Doc, group: SpanGroup) -> None:
    """Store confidences in `user_data`: `Doc.to_json` only writes extensions found there, not span group attributes."""
    if not _is_own_extension():
        return
    # As `get_confidence` does: if several components found a mention, the first one counts.
    first: Dict[Tuple[int, int, int], float] = {}
    for one in filter(_has_confidences, doc.spans.values()):
        for span, score in zip(one, one.attrs["scores"], strict=True):
            first.setdefault((*_boundaries(span), span.label), score)
    for span in group:
        own = {span.label_: first[(*_boundaries(span), span.label)]}
        set_confidence(span, {**doc.user_data.get(_place(span), {}), **own})
    if not len(group) and not Doc.has_extension(CONFIDENCE):
        # Without any value, `to_json(underscore=["confidence"])` reports the name as unknown.
        doc.user_data.setdefault(("._.", CONFIDENCE, None, None), None)


def _is_own_extension() -> bool:
    """RETURNS (bool): Whether `ent._.confidence` is from this module or a package's copy of it. Other libraries may
    have an extension with the same name.
    """
    getter = Span.get_extension(CONFIDENCE)[2] if Span.has_extension(CONFIDENCE) else None
    return getattr(getter, "__name__", "") == get_confidence.__name__


def _is_confidence(place: Any) -> bool:
    """RETURNS (bool): Whether this key of `user_data` is that of a span's confidence, and not of a token's or Doc's."""
    return isinstance(place, tuple) and place[:2] == ("._.", CONFIDENCE) and place[3] is not None


# The component


class BioNer(TrainablePipe):
    """Pipeline component that finds mentions by assigning a BIO tag to each token.

    Whitespace tokens have no tag, so a mention may continue across a line break.

    Confidences are the model's own probabilities until `calibrate` is called. The calibration is kept when the
    component is saved or trained further, and dropped when it is initialized, as it doesn't apply to new weights.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], List[FloatsXd]]): The model that scores the tags of each token. Its attribute `decoder` says
        how to interpret the scores. Defaults to softmax.
    name (str): The component's name in the pipeline.
    scorer (Callable): The scoring method for `nlp.evaluate`.
    spans_key (str): Key of `doc.spans` for the mentions and their confidences. Defaults to the component's name, so
        that two such components in a pipeline don't overwrite each other's mentions.
    threshold (Dict[str, float]): The lowest confidence of an entity, per entity type. Mentions below it are only in
        `doc.spans`. Defaults to 0, so that every mention is an entity.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = SPANS_KEY,
        *,
        scorer: Optional[Callable] = None,
        spans_key: Optional[str] = None,
        threshold: Optional[Dict[str, float]] = None,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.spans_key = spans_key
        # `spacy find-threshold` sets the threshold both here and in the config.
        self.cfg: Dict[str, Any] = {
            "labels": [],
            "calibration": {},
            "threshold": dict(threshold or {}),
            "threshold_in_config": dict(threshold or {}),
        }

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The entity types, in the order of their tags."""
        return tuple(self.cfg["labels"])

    @property
    def threshold(self) -> Dict[str, float]:
        """The lowest confidence of an entity, per entity type. Mentions below it are left out of `doc.ents`.

        RETURNS (Dict[str, float]): The thresholds. Types without one are not in it.
        RAISES (ValueError): If the component doesn't know a type, or a threshold is not between 0 and 1.
        """
        threshold: Dict[str, float] = self.cfg["threshold"]
        for label, value in threshold.items():
            if label not in self.labels:
                raise ValueError(
                    f"'{self.name}' has a threshold for the unknown entity type '{label}'. Known: "
                    f"{', '.join(self.labels)}"
                )
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ValueError(
                    f"The threshold of '{self.name}' for '{label}' must be between 0 and 1 (got {value!r})"
                )
        return threshold

    @property
    def calibration(self) -> Dict[str, Tuple[float, float, float]]:
        """RETURNS (Dict[str, Tuple[float, float, float]]): Low slope, high slope and intercept per entity type. Types
        without them keep the model's own probabilities. See `calibrated`."""
        return {label: (low, high, intercept) for label, (low, high, intercept) in self.cfg["calibration"].items()}

    def calibrate(self, calibration: Dict[str, Tuple[float, float, float]]) -> None:
        """Set the calibration, which turns the model's probabilities into the share of mentions that are right.

        calibration (Dict[str, Tuple[float, float, float]]): Low slope, high slope and intercept per entity type. Fit
            them on documents that the model was not trained on. See `calibrated`.
        RAISES (ValueError): If the component doesn't know an entity type.
        """
        unknown = [label for label in calibration if label not in self.labels]
        if unknown:
            raise ValueError(
                f"'{self.name}' can't be calibrated for the unknown entity type '{unknown[0]}'. Known: "
                f"{', '.join(self.labels)}"
            )
        self.cfg["calibration"] = {label: list(numbers) for label, numbers in calibration.items()}

    @property
    def decoder(self) -> Decoder:
        """RETURNS (Decoder): The functions that interpret the model's scores."""
        return self.model.attrs.get("decoder", SOFTMAX)

    @property
    def label_data(self) -> List[str]:
        """RETURNS (List[str]): The labels in the form that `[initialize.components.bio_ner.labels]` expects."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add an entity type before initialization.

        label (str): The entity type.
        RETURNS (int): 1 if it is new, otherwise 0.
        RAISES (ValueError): If it isn't a string, or if the model is already initialized.
        """
        if not isinstance(label, str):
            raise ValueError(Errors.E187)
        if label in self.labels:
            return 0
        output = self.model.get_ref("output")
        if output.has_dim("nO") and output.get_dim("nO") < len(bio_tags([*self.labels, label])):
            raise ValueError(Errors.E922.format(name=self.name, nO=output.get_dim("nO")))
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Sequence[str]] = None,
    ) -> None:
        """Set the entity types and the weights.

        Existing weights are kept if the examples have no entities, as with the empty example of `spacy assemble`.

        get_examples (Callable): Function that returns training examples. A few are used to infer dimensions.
        nlp (Language): The pipeline. Not used.
        labels (Sequence[str]): The entity types. Defaults to those in the examples.
        RAISES (TypeError): If there are no examples.
        RAISES (ValueError): If there is a threshold for a type that is not among the entity types.
        """
        validate_get_examples(get_examples, "BioNer.initialize")
        examples = list(get_examples() if labels is None else islice(get_examples(), 10))
        validate_examples(examples, "BioNer.initialize")
        found = sorted({ent.label_ for example in examples for ent in example.reference.ents})
        if labels is None and not found and self.labels and self.model.get_ref("output").has_param("W"):
            return
        for label in found if labels is None else labels:
            self.add_label(label)
        self._require_labels()
        self.cfg["calibration"] = {}
        docs = [example.predicted for example in examples[:10]]
        n_tags = len(bio_tags(self.labels))
        self.model.initialize(X=docs, Y=[self.model.ops.alloc2f(len(doc), n_tags) for doc in docs])
        _ = self.threshold

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "BioNer":
        """Load the component. A threshold that the pipeline's config has changed or removed goes before the saved one.

        bytes_data (bytes): The result of `to_bytes`.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (BioNer): The component itself.
        RAISES (ValueError): If the component doesn't know a threshold's type, or the threshold is not between 0 and 1.
        """
        in_config = self.cfg["threshold_in_config"]
        super().from_bytes(bytes_data, exclude=exclude)
        return self._with_threshold(in_config)

    def from_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> "BioNer":
        """Load the component. A threshold that the pipeline's config has changed or removed goes before the saved one.

        path (str or Path): The folder that `to_disk` wrote.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (BioNer): The component itself.
        RAISES (ValueError): If the component doesn't know a threshold's type, or the threshold is not between 0 and 1.
        """
        in_config = self.cfg["threshold_in_config"]
        super().from_disk(path, exclude=exclude)
        return self._with_threshold(in_config)

    def _with_threshold(self, in_config: Dict[str, float]) -> "BioNer":
        before, saved = self.cfg["threshold_in_config"], self.cfg["threshold"]
        changed = {label: value for label, value in in_config.items() if value != before.get(label)}
        # Removed from the config, and not set on the component either.
        removed = {label for label, value in before.items() if label not in in_config and saved.get(label) == value}
        kept = {label: value for label, value in saved.items() if label not in removed}
        self.cfg["threshold"] = {**kept, **changed}
        self.cfg["threshold_in_config"] = in_config
        _ = self.threshold
        return self

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Find the mentions in a stream of Docs. With long Docs, memory doesn't grow with the batch size.

        stream (Iterable[Doc]): The Docs.
        batch_size (int): The most Docs to process at once. Fewer are processed at once if they are long.
        YIELDS (Doc): The same Docs, in order.
        """
        for docs in batch_by_tokens(stream, batch_size):
            yield from super().pipe(docs, batch_size=batch_size)

    def predict(self, docs: Iterable[Doc]) -> List[List[DecodedMention]]:
        """Find the mentions without changing the Docs.

        docs (Iterable[Doc]): Docs that the encoder has processed.
        RETURNS (List[List[tuple]]): The mentions of each Doc as (start token, end token, entity type, confidence).
        RAISES (ValueError): If the encoder has not processed a Doc.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        self._require_vectors(docs)
        scores = [self.model.ops.to_numpy(array) for array in self.model.predict(docs)]
        return [self._decode(doc, array) for doc, array in zip(docs, scores, strict=True)]

    def _require_vectors(self, docs: List[Doc]) -> None:
        """Raise an error if no encoder has run. A listener would read zeros, and find no mentions without a warning."""
        for node in self.model.walk():
            has_vectors = LISTENERS.get(node.name)
            if has_vectors and not all(has_vectors(doc) for doc in docs if len(doc)):
                encoder = getattr(node, "upstream_name", "*")
                raise ValueError(
                    f"'{self.name}' found no token vectors in a Doc. They are set by "
                    f"{'an encoder' if encoder == '*' else repr(encoder)}, which has to run before it in the same "
                    f"pipeline, without a 'doc_cleaner' in between. Don't exclude or disable that component. Source it "
                    f"together with '{self.name}' (or give '{self.name}' its own with replace_listeners)"
                )

    def _decode(self, doc: Doc, scores: numpy.ndarray) -> List[DecodedMention]:
        return [
            (int(tokens[start]), int(tokens[end - 1]) + 1, self.labels[label], self._confidence(label, log_confidence))
            for tokens in _tagged_tokens(doc)
            for start, end, label, log_confidence in self.decoder.mentions(scores[tokens])
        ]

    def _confidence(self, label: int, log_confidence: float) -> float:
        numbers = self.cfg["calibration"].get(self.labels[label])
        return calibrated(log_confidence, *numbers) if numbers else float(numpy.exp(log_confidence))

    def set_annotations(self, docs: Iterable[Doc], predictions: List[List[DecodedMention]]) -> None:
        """Write the mentions to the Docs.

        `doc.spans[spans_key]` gets every decoded mention. Its `attrs["scores"]` lists their confidences in that order,
        and survives `to_bytes` and DocBin. They are also stored in `user_data`, where `span._.confidence` finds them
        after `Doc.to_json(underscore=["confidence"])`, `Doc.from_docs` and `as_doc(copy_user_data=True)`.
        `doc.ents` is set as spaCy's own `ner` does: existing entities and blocked tokens win. Mentions below the
        threshold are not set as entities.

        docs (Iterable[Doc]): The Docs to change.
        predictions (List[List[tuple]]): The mentions returned by `predict`.
        """
        threshold = self.threshold
        for doc, mentions in zip(docs, predictions, strict=True):
            spans = [Span(doc, start, end, label=label) for start, end, label, _ in mentions]
            scores = [confidence for *_, confidence in mentions]
            self._set_spans(doc, spans, scores)
            taken = numpy.isin(doc.to_array(ENT_IOB), (INSIDE, BEGIN))
            sure = [span for span, score in zip(spans, scores, strict=True) if score >= threshold.get(span.label_, 0.0)]
            doc.set_ents([span for span in sure if not taken[span.start : span.end].any()], default="unmodified")
            doc.set_ents([], outside=_unannotated(doc), default="unmodified")

    def _set_spans(self, doc: Doc, spans: List[Span], scores: List[float]) -> None:
        self._set_group(doc, spans, scores)
        _keep_for_json(doc, doc.spans[self.spans_key or self.name])

    def _set_group(self, doc: Doc, spans: List[Span], scores: List[float]) -> None:
        key = self.spans_key or self.name
        doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch of examples.

        examples (Iterable[Example]): The batch.
        drop (float): Dropout rate of the layers that have one.
        sgd (Optimizer): The optimizer. If left out, the weights are not updated.
        losses (dict): The losses to update, with the component's name as the key.
        RETURNS (dict): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "BioNer.update")
        if not any(len(example.predicted) for example in examples):
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update([example.predicted for example in examples])
        loss, gradients = self.get_loss(examples, scores)
        backprop(gradients)
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def get_loss(self, examples: Iterable[Example], scores: List[FloatsXd]) -> Tuple[float, List[FloatsXd]]:
        """Compute the model's loss (see `Decoder`), averaged over the tokens of the batch with known tags.

        If only some of the entity types were annotated in a sentence, the tags of the others are impossible. They get
        no gradient, and the tag O competes only with the annotated types. That way, O says nothing about a type that
        nobody annotated.

        examples (Iterable[Example]): The batch. A reference's `user_data["annotated_types"]` lists the types that were
            annotated in it. Defaults to all.
        scores (List[FloatsXd]): Tag scores, with an array for each example.
        RETURNS (tuple): The loss and its gradients, in the shape of the scores.
        RAISES (ValueError): If an example has an entity type that the component doesn't know.
        """
        examples = list(examples)
        self._require_known(examples)
        possible = [_annotated_tags(example.reference, self.labels) for example in examples]
        tags = [_target_tags(example, self.labels) for example in examples]
        targets = [numpy.where(own[target], target, -1) for own, target in zip(possible, tags, strict=True)]
        n_known = max(1, sum(int((target >= 0).sum()) for target in targets))
        arrays = [self.model.ops.to_numpy(array) for array in scores]
        gradients = [numpy.zeros_like(array) for array in arrays]
        places = [(i, tokens) for i, example in enumerate(examples) for tokens in _tagged_tokens(example.predicted)]
        # With both heads, the last axis of the scores is the token's own tag.
        inputs = [numpy.where(possible[i], arrays[i][tokens], -numpy.inf) for i, tokens in places]
        loss, found = self.decoder.loss(inputs, [targets[i][tokens] for i, tokens in places])
        for (i, tokens), gradient in zip(places, found, strict=True):
            gradients[i][tokens] = gradient / n_known
        return loss / n_known, [self.model.ops.asarray_f(gradient) for gradient in gradients]

    def _require_known(self, examples: Sequence[Example]) -> None:
        for label in sorted({ent.label_ for example in examples for ent in example.reference.ents}):
            if label not in self.labels:
                raise ValueError(
                    f"'{self.name}' can't learn the unknown entity type '{label}'. Known: {', '.join(self.labels)}. "
                    f"Leave these mentions out of the examples, or train a new '{self.name}' on the same encoder with "
                    f"'{label}' among its labels"
                )

    def finish_update(self, sgd: Optimizer) -> None:
        """Update the weights, with the component's own rate if the optimizer has one (see `AdamByComponent`)."""
        by_component = getattr(sgd, "by_component", {})
        self.model.finish_update(by_component.get(self.name, sgd))


class BioNerV1(BioNer):
    """The component of packages of version 0.1, which doesn't store anything in `user_data`."""

    def _set_spans(self, doc: Doc, spans: List[Span], scores: List[float]) -> None:
        self._set_group(doc, spans, scores)


# A copy of this function is in sentence_transformer.py, because bundled modules don't import each other.
def batch_by_tokens(stream: Iterable[Doc], batch_size: int) -> Iterator[List[Doc]]:
    """Batch Docs up to a number of Docs and of tokens. A Doc with more tokens is a batch of its own.

    stream (Iterable[Doc]): The Docs.
    batch_size (int): The most Docs in a batch.
    YIELDS (List[Doc]): The batches, in order.
    """
    batch: List[Doc] = []
    n_tokens = 0
    for doc in stream:
        if batch and (len(batch) >= batch_size or n_tokens + len(doc) > TOKENS_AT_ONCE):
            yield batch
            batch, n_tokens = [], 0
        batch.append(doc)
        n_tokens += len(doc)
    if batch:
        yield batch


def _sentences(doc: Doc) -> List[Span]:
    if not len(doc):
        return []
    return list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]


def _tagged_tokens(doc: Doc) -> List[numpy.ndarray]:
    """RETURNS (List[numpy.ndarray]): Indices of the tokens that aren't whitespace, for each sentence that has any."""
    numbers = numpy.flatnonzero(doc.to_array(IS_SPACE) == 0)
    starts = [sentence.start for sentence in _sentences(doc)[1:]]
    return [tokens for tokens in numpy.split(numbers, numpy.searchsorted(numbers, starts)) if len(tokens)]


def _unannotated(doc: Doc) -> List[Span]:
    """RETURNS (List[Span]): The stretches of tokens that are neither in an entity nor marked as outside of one."""
    missing = doc.to_array(ENT_IOB) == MISSING
    borders = numpy.flatnonzero(numpy.diff(missing, prepend=False, append=False))
    return [doc[start:end] for start, end in borders.reshape(-1, 2).tolist()]


def _target_tags(example: Example, labels: Sequence[str]) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (tokens,) tag numbers of the predicted Doc, or -1 for unknown tags and whitespace."""
    if _same_tokens(example):
        return _tags_of(example.reference, labels)
    numbers = {tag: number for number, tag in enumerate(bio_tags(labels))}
    tags = numpy.full(len(example.predicted), -1)
    begins = False
    for token, biluo in zip(example.predicted, example.get_aligned_ner(), strict=True):
        if biluo is None:
            continue
        begins = begins or biluo[0] in "BU"
        # A mention that starts with whitespace begins at its first token with a tag.
        if not token.is_space:
            tags[token.i] = numbers["O" if biluo == "O" else ("B" if begins else "I") + biluo[1:]]
            begins = False
    return tags


def _annotated_tags(reference: Doc, labels: Sequence[str]) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (tags,) of bool: True for O and for the entity types that were annotated in a Doc."""
    annotated = reference.user_data.get(ANNOTATED_TYPES, labels)
    return numpy.array([True, *(label in annotated for label in labels for _ in "BI")])


def _same_tokens(example: Example) -> bool:
    predicted, reference = (doc.to_array([ORTH, SPACY]) for doc in (example.predicted, example.reference))
    return numpy.array_equal(predicted, reference)


def _tags_of(doc: Doc, labels: Sequence[str]) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (tokens,) tag numbers of a Doc, without spaCy's slow alignment of two tokenizations."""
    iob, spaces = doc.to_array([ENT_IOB, IS_SPACE]).astype(int).T
    # Blocked tokens, marked as the beginning of no entity, are unknown too.
    tags = numpy.where(iob == OUTSIDE, 0, -1)
    for ent in doc.ents:
        inside = inside_tag(labels.index(ent.label_))
        tags[ent.start : ent.end] = inside
        # A mention that starts with whitespace begins at its first token with a tag.
        tags[ent.start + numpy.flatnonzero(spaces[ent.start : ent.end] == 0)[:1]] = inside - 1
    tags[spaces == 1] = -1
    return tags


def _has_transformer_output(doc: Doc) -> bool:
    return doc.has_extension("trf_data") and doc._.trf_data is not None


def _has_tensor(doc: Doc) -> bool:
    return bool(doc.tensor.size)


# For each layer that reads another component's output from a Doc: a function that checks whether the output is there.
LISTENERS: Dict[str, Callable[[Doc], bool]] = {
    "transformer-listener": _has_transformer_output,
    "tok2vec-listener": _has_tensor,
}


def make_bio_ner(nlp: Language, name: str, model: Model, scorer: Optional[Callable]) -> BioNer:
    """RETURNS (BioNer): The component for a pipeline, under the factory name of packages of version 0.1."""
    return BioNerV1(nlp.vocab, model, name, scorer=scorer)


def make_bio_ner_v2(
    nlp: Language,
    name: str,
    model: Model,
    scorer: Optional[Callable],
    spans_key: Optional[str],
    threshold: Dict[str, float],
) -> BioNer:
    """RETURNS (BioNer): The component for a pipeline."""
    return BioNer(nlp.vocab, model, name, scorer=scorer, spans_key=spans_key, threshold=threshold)


# Helpers


def merge_entities_and_spans(doc: Doc) -> Doc:
    """Merge each entity into one token, as spaCy's `merge_entities` does, and update the span groups.

    spaCy's own component leaves the spans as they were, so that they may end after the Doc's last token.

    doc (Doc): The Doc.
    RETURNS (Doc): The same Doc. A span that ends inside an entity is extended to include all of it.
    """
    begins = numpy.ones(len(doc), dtype=int)
    for ent in doc.ents:
        begins[ent.start + 1 : ent.end] = 0
    # The new index of each token, and of the end.
    numbers = [*(begins.cumsum() - 1).tolist(), int(begins.sum())]
    moved = {
        key: (group.name, dict(group.attrs), [_moved(span, numbers) for span in group])
        for key, group in doc.spans.items()
    }
    merge_entities(doc)
    for key, (name, attrs, places) in moved.items():
        doc.spans[key] = SpanGroup(doc, name=name, attrs=attrs, spans=[Span(doc, **place) for place in places])
    # JSON with positions inside the new tokens couldn't be read back.
    kept = [place for place in doc.user_data if _is_confidence(place)] if _is_own_extension() else []
    for place in kept:
        del doc.user_data[place]
    if kept:
        for group in filter(_has_confidences, doc.spans.values()):
            _keep_for_json(doc, group)
    return doc


def _moved(span: Span, numbers: Sequence[int]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): Arguments of `Span` for the same span with the new token indices."""
    start = numbers[span.start]
    end = numbers[span.end - 1] + 1 if len(span) else start
    return {"start": start, "end": end, "label": span.label, "kb_id": span.kb_id, "span_id": span.id}


def load_package(package: str) -> Callable[[Language], Language]:
    """Create a callback for `[initialize.before_init]` that loads the tokenizer and weights from an installed package,
    so that no model hub is needed. Components with a different model from the package's keep their own weights.

    package (str): Name of the package. It is only loaded when the callback is called.
    RETURNS (Callable): The callback. It raises a ValueError if the package is not installed.
    """

    def load(nlp: Language) -> Language:
        folder = _pipeline_folder(package)
        there, here = load_config(folder / "config.cfg")["components"], nlp.config["components"]
        other = [name for name in nlp.component_names if not _same_model(here[name], there.get(name, {}))]
        # spaCy expects the names of the files without their suffixes.
        return nlp.from_disk(folder, exclude=["config", "meta", *other])

    return load


def _pipeline_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ValueError(
            f"Can't find package '{package}', which [initialize.before_init] loads the tokenizer and weights from. "
            "Install it, or set initialize.before_init to null"
        )
    folder = Path(spec.origin).parent
    version = json.loads((folder / "meta.json").read_text(encoding="utf8"))["version"]
    return folder / f"{package}-{version}"


def _same_model(here: Dict[str, Any], there: Dict[str, Any]) -> bool:
    if "model" not in here or here["factory"] != there.get("factory"):
        return False
    return _of_weights(here["model"]) == _of_weights(there.get("model"))


def _of_weights(setting: Any) -> Any:
    """RETURNS (Any): A setting without those that are the same for any weights."""
    if not isinstance(setting, dict):
        return setting
    return {key: _of_weights(value) for key, value in setting.items() if key not in FREE_SETTINGS}


# Several packages that bundle this module and the project itself must be able to load in one process.
_FUNCTIONS: List[Tuple[Any, Dict[str, Callable]]] = [
    (registry.layers, {"interlingual.first_subword.v1": first_subword}),
    (registry.architectures, {"interlingual.BioTagger.v1": BioTagger, "interlingual.CrfTagger.v1": CrfTagger}),
    (registry.architectures, {"interlingual.BioTagger.v2": BioTagger_v2, "interlingual.CrfTagger.v2": CrfTagger_v2}),
    (registry.callbacks, {LOAD_PACKAGE: load_package}),
]
for _registered, _functions in _FUNCTIONS:
    for _name, _function in _functions.items():
        if _name not in _registered:
            _registered.register(_name, func=_function)

if not Span.has_extension(CONFIDENCE):
    Span.set_extension(CONFIDENCE, getter=get_confidence, setter=set_confidence)

_SETTINGS: Dict[str, Any] = {"model": DEFAULT_MODEL, "scorer": {"@scorers": "spacy.ner_scorer.v1"}}
_MODEL_V1 = {**DEFAULT_MODEL, "@architectures": "interlingual.BioTagger.v1"}
_FACTORIES: List[Tuple[str, Callable, Dict[str, Any]]] = [
    (FACTORY_V1, make_bio_ner, {**_SETTINGS, "model": _MODEL_V1}),
    (FACTORY, make_bio_ner_v2, {**_SETTINGS, "spans_key": None, "threshold": {}}),
]
for _name, _function, _settings in _FACTORIES:
    if not Language.has_factory(_name):
        Language.factory(
            _name,
            assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
            default_config=_settings,
            default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
            func=_function,
        )

if not Language.has_factory(MERGING_FACTORY):
    Language.component(
        MERGING_FACTORY,
        requires=["doc.ents", "token.ent_iob", "token.ent_type"],
        retokenizes=True,
        func=merge_entities_and_spans,
    )
