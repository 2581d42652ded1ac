"""The `bio_ner` component: token vectors in, `doc.ents` and `doc.spans["bio_ner"]` with confidences out.

This module is bundled into packages, so it imports nothing from its project.
"""
from functools import lru_cache
from itertools import islice
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy
from spacy.attrs import ENT_IOB, IS_SPACE, ORTH, SPACY
from spacy.errors import Errors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Linear, Model, Optimizer, chain, set_dropout_rate, with_array
from thinc.types import Floats2d, Ints1d, Ragged

SPANS_KEY = "bio_ner"
# spaCy's codes of `token.ent_iob`.
MISSING, INSIDE, OUTSIDE, BEGIN = range(4)
DEFAULT_MODEL = {
    "@architectures": "interlingual.BioTagger.v1",
    "tok2vec": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "interlingual.first_subword.v1"},
        "upstream": "*",
    },
}
DecodedMention = Tuple[int, int, str, float]


# Token vectors


@registry.layers("interlingual.first_subword.v1")
def first_subword() -> Model[Ragged, Floats2d]:
    """Pooling that gives each token its first sub-word, as BERT does (section 5.3); zeros where it has none.

    RETURNS (Model[Ragged, Floats2d]): A pooling layer for a transformer listener.
    """
    return Model("first_subword", _first_subword_forward)


def _first_subword_forward(model: Model, X: Ragged, is_train: bool) -> Tuple[Floats2d, Callable]:
    present = X.lengths > 0
    firsts = (X.lengths.cumsum() - X.lengths)[present]
    Y = model.ops.alloc2f(len(X.lengths), X.dataXd.shape[1])
    Y[present] = X.dataXd[firsts]

    def backprop(dY: Floats2d) -> Ragged:
        dX = model.ops.alloc2f(*X.dataXd.shape)
        dX[firsts] = dY[present]
        return Ragged(dX, X.lengths)

    return Y, backprop


# The head


@registry.architectures("interlingual.BioTagger.v1")
def BioTagger(tok2vec: Model[List[Doc], List[Floats2d]], nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    """A linear layer over token vectors; its outputs are the scores of the BIO tags before softmax.

    tok2vec (Model[List[Doc], List[Floats2d]]): Token vectors, from any tok2vec layer or listener.
    nO (int): Number of tags: 1 + 2 * entity types. Set at initialization.
    RETURNS (Model[List[Doc], List[Floats2d]]): Per Doc an array of (tokens, tags).
    """
    width = tok2vec.get_dim("nO") if tok2vec.has_dim("nO") else None
    output = Linear(nO, width)
    with_linear = with_array(output)
    model = chain(tok2vec, with_linear)
    model.set_ref("output", output)
    return model


def bio_tags(labels: Sequence[str]) -> List[str]:
    """RETURNS (List[str]): The tags of the entity types: `O`, then `B-` and `I-` of each."""
    return ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


@lru_cache(maxsize=None)
def allowed_transitions(n_labels: int) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): (tags, tags) of bool: an I- tag may follow only the B- or I- tag of its own type."""
    tags = numpy.arange(1 + 2 * n_labels)
    inside = (tags > 0) & (tags % 2 == 0)
    follows = (tags[:, None] == tags[None, :]) | (tags[:, None] == tags[None, :] - 1)
    return ~inside[None, :] | follows


def decode_tags(log_probabilities: numpy.ndarray) -> numpy.ndarray:
    """The most probable valid BIO sequence (Viterbi with forbidden transitions).

    log_probabilities (numpy.ndarray): (tokens, tags), tokens independent of each other.
    RETURNS (numpy.ndarray): (tokens,) tag numbers, valid BIO from the first token on.
    """
    n_tokens, n_tags = log_probabilities.shape
    allowed = allowed_transitions(n_tags // 2)
    best = log_probabilities.argmax(axis=1)
    # Where the best tag of each token makes a valid sequence, no other sequence can be better.
    if allowed[numpy.concatenate([[0], best[:-1]]), best].all():
        return best
    forbidden = numpy.where(allowed, 0.0, -numpy.inf)
    scores = log_probabilities[0] + forbidden[0]
    sources = numpy.zeros((n_tokens, n_tags), dtype=int)
    for i in range(1, n_tokens):
        paths = scores[:, None] + forbidden
        sources[i] = paths.argmax(axis=0)
        scores = paths.max(axis=0) + log_probabilities[i]
    tags = numpy.zeros(n_tokens, dtype=int)
    tags[-1] = scores.argmax()
    for i in range(n_tokens - 1, 0, -1):
        tags[i - 1] = sources[i, tags[i]]
    return tags


def tagged_mentions(tags: Sequence[int]) -> Iterator[Tuple[int, int, int]]:
    """YIELDS (tuple): (start, end, number of the entity type) of each mention in a valid BIO sequence."""
    start: Optional[int] = None
    for i, tag in enumerate([*tags, 0]):
        if start is not None and (tag == 0 or tag % 2 == 1):
            yield start, i, (tags[start] - 1) // 2
            start = None
        if tag % 2 == 1:
            start = i


def log_softmax(scores: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Log-probabilities over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=-1, keepdims=True))


class BioNer(TrainablePipe):
    """Finds mentions by a BIO tag for each token.

    White-space tokens have no tag: a mention may run across a line break.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], List[Floats2d]]): Gives tag scores for each token.
    name (str): The component's name in the pipeline.
    scorer (Callable): How `nlp.evaluate` scores the entities.
    """

    def __init__(self, vocab: Vocab, model: Model, name: str = "bio_ner", *, scorer: Optional[Callable] = None) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: Dict[str, Any] = {"labels": []}

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The entity types, in the order of their tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """RETURNS (List[str]): What `[initialize.components.bio_ner.labels]` takes."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add an entity type, before initialization.

        label (str): The entity type.
        RETURNS (int): 1 if it is new, else 0.
        RAISES (ValueError): If the model has its tags already.
        """
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

        get_examples (Callable): Gives training examples; a few are used to infer dimensions.
        nlp (Language): The pipeline; not used.
        labels (Sequence[str]): The entity types. Left out: those of the examples.
        """
        examples = list(get_examples() if labels is None else islice(get_examples(), 10))
        validate_examples(examples, "BioNer.initialize")
        found = sorted({ent.label_ for example in examples for ent in example.reference.ents})
        for label in found if labels is None else labels:
            self.add_label(label)
        self._require_labels()
        docs = [example.predicted for example in examples[:10]]
        n_tags = len(bio_tags(self.labels))
        self.model.initialize(X=docs, Y=[self.model.ops.alloc2f(len(doc), n_tags) for doc in docs])

    def predict(self, docs: Iterable[Doc]) -> List[List[DecodedMention]]:
        """Find the mentions, without changing the Docs.

        docs (Iterable[Doc]): Docs that have gone through the encoder.
        RETURNS (List[List[tuple]]): For each Doc (start token, end token, entity type, confidence).
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        scores = [self.model.ops.to_numpy(array) for array in self.model.predict(docs)]
        return [self._decode(doc, array) for doc, array in zip(docs, scores)]

    def _decode(self, doc: Doc, scores: numpy.ndarray) -> List[DecodedMention]:
        mentions = []
        for sentence in _sentences(doc):
            tokens = [token.i for token in sentence if not token.is_space]
            if not tokens:
                continue
            log_probabilities = log_softmax(scores[tokens])
            tags = decode_tags(log_probabilities)
            for start, end, label in tagged_mentions(tags):
                log_confidence = log_probabilities[numpy.arange(start, end), tags[start:end]].sum()
                mention = (tokens[start], tokens[end - 1] + 1, self.labels[label], float(numpy.exp(log_confidence)))
                mentions.append(mention)
        return mentions

    def set_annotations(self, docs: Iterable[Doc], predictions: List[List[DecodedMention]]) -> None:
        """Write the mentions to the Docs.

        `doc.spans["bio_ner"]` gets every decoded mention, and its `attrs["scores"]` the probability, under the model,
        that all tags of the mention are right, in the order of the spans. The scores survive `to_bytes` and DocBin, not
        `Doc.from_docs`, `as_doc` or `to_json`. `doc.ents` is set as spaCy's own `ner` sets it: entities that stand
        there already, and blocked tokens, win.

        docs (Iterable[Doc]): The Docs to change.
        predictions (List[List[tuple]]): What `predict` gave for them.
        """
        for doc, mentions in zip(docs, predictions):
            spans = [Span(doc, start, end, label=label) for start, end, label, _ in mentions]
            scores = [confidence for *_, confidence in mentions]
            doc.spans[SPANS_KEY] = SpanGroup(doc, name=SPANS_KEY, spans=spans, attrs={"scores": scores})
            taken = numpy.isin(doc.to_array(ENT_IOB), (INSIDE, BEGIN))
            doc.set_ents([span for span in spans if not taken[span.start : span.end].any()], default="unmodified")
            doc.set_ents([], outside=_unannotated(doc), default="unmodified")

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch.

        examples (Iterable[Example]): The batch.
        drop (float): Dropout rate of the layers that have one.
        sgd (Optimizer): Updates the weights if given.
        losses (dict): The loss is added under the component's name.
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

    def get_loss(self, examples: Iterable[Example], scores: List[Floats2d]) -> Tuple[float, List[Floats2d]]:
        """Cross-entropy, averaged over the batch's tokens that have a known tag.

        examples (Iterable[Example]): The batch.
        scores (List[Floats2d]): Tag scores, (tokens, tags) for each example.
        RETURNS (tuple): The loss and its gradients, shaped as the scores.
        """
        targets = [_target_tags(example, self.labels) for example in examples]
        n_known = max(1, sum(int((target >= 0).sum()) for target in targets))
        loss, gradients = 0.0, []
        for target, array in zip(targets, scores):
            log_probabilities = log_softmax(self.model.ops.to_numpy(array))
            gradient = numpy.exp(log_probabilities)
            known = numpy.flatnonzero(target >= 0)
            gradient[known, target[known]] -= 1.0
            gradient[target < 0] = 0.0
            loss -= float(log_probabilities[known, target[known]].sum())
            gradients.append(self.model.ops.asarray2f(gradient / n_known))
        return loss / n_known, gradients

    def finish_update(self, sgd: Optimizer) -> None:
        """Update the weights, at this component's own rate where the optimizer has one (see `AdamByComponent`)."""
        by_component = getattr(sgd, "by_component", {})
        self.model.finish_update(by_component.get(self.name, sgd))


def _sentences(doc: Doc) -> List[Span]:
    if not len(doc):
        return []
    return list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]


def _unannotated(doc: Doc) -> List[Span]:
    """RETURNS (List[Span]): The stretches of tokens that are neither in an entity nor marked as outside of any."""
    missing = doc.to_array(ENT_IOB) == MISSING
    borders = numpy.flatnonzero(numpy.diff(missing, prepend=False, append=False))
    return [doc[start:end] for start, end in borders.reshape(-1, 2).tolist()]


def _target_tags(example: Example, labels: Sequence[str]) -> Ints1d:
    """Tag numbers of the predicted Doc's tokens; -1 where the tag is not known and for white space."""
    if _same_tokens(example):
        return _tags_of(example.reference, labels)
    numbers = {tag: number for number, tag in enumerate(bio_tags(labels))}
    tags = numpy.full(len(example.predicted), -1)
    begins = False
    for token, biluo in zip(example.predicted, example.get_aligned_ner()):
        if biluo is None:
            continue
        begins = begins or biluo[0] in "BU"
        # A mention that opens with white space begins at its first token that has a tag.
        if not token.is_space:
            tags[token.i] = numbers["O" if biluo == "O" else ("B" if begins else "I") + biluo[1:]]
            begins = False
    return tags


def _same_tokens(example: Example) -> bool:
    predicted, reference = (doc.to_array([ORTH, SPACY]) for doc in (example.predicted, example.reference))
    return numpy.array_equal(predicted, reference)


def _tags_of(doc: Doc, labels: Sequence[str]) -> Ints1d:
    """Tag numbers of a Doc's own tokens, without spaCy's alignment of one tokenization to another, which takes long."""
    iob, spaces = doc.to_array([ENT_IOB, IS_SPACE]).astype(int).T
    # Blocked tokens, which are marked as the beginning of nothing, are not known either.
    tags = numpy.where(iob == OUTSIDE, 0, -1)
    for ent in doc.ents:
        inside = 2 + 2 * labels.index(ent.label_)
        tags[ent.start : ent.end] = inside
        # A mention that opens with white space begins at its first token that has a tag.
        tags[ent.start + numpy.flatnonzero(spaces[ent.start : ent.end] == 0)[:1]] = inside - 1
    tags[spaces == 1] = -1
    return tags


def make_bio_ner(nlp: Language, name: str, model: Model, scorer: Optional[Callable]) -> BioNer:
    """RETURNS (BioNer): The component for a pipeline."""
    return BioNer(nlp.vocab, model, name, scorer=scorer)


# Several packages that bundle this module, and the project itself, have to load in one process.
if not Language.has_factory("bio_ner"):
    Language.factory(
        "bio_ner",
        assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
        default_config={"model": DEFAULT_MODEL, "scorer": {"@scorers": "spacy.ner_scorer.v1"}},
        default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
        func=make_bio_ner,
    )
