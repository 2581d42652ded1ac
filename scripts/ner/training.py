"""What only training needs, registered with spaCy: sentence reader, batcher, optimiser, frozen embeddings.

`spacy train CONFIG --code scripts/ner/training.py` finds everything, the inference module included.
"""
import random
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy
import torch
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from spacy_transformers import Transformer
from thinc.api import Optimizer
from torch.optim.adamw import adamw

import scripts.ner.bio_ner  # noqa: F401  (registers the component)
import scripts.ner.sentence_transformer  # noqa: F401  (registers the encoder)
from scripts.corpora.duplicates import find_duplicates

LengthBatcher = Callable[[Iterable[Example]], Iterator[List[Example]]]
Rate = Union[float, List[float], Generator]
Tensors = Sequence[torch.Tensor]
# Where the reader leaves the length of a sentence for the batcher, in `predicted.user_data`.
LENGTH = "encoded_length"


@registry.readers("interlingual.Sentences.v1")
def sentence_reader(
    path: Union[str, Sequence[str]],
    limit: Optional[int] = None,
    seed: int = 0,
    entity_types: Optional[Sequence[str]] = None,
    without: Sequence[str] = (),
    without_kinds: Sequence[str] = ("exact",),
) -> Callable[[Language], Iterator[Example]]:
    """Give one Example per sentence of one corpus, or of several together.

    path (str or Sequence[str]): DocBin files of whole documents with sentence starts and entities; an empty list
        gives no examples, which is how a run goes without a development set.
    limit (int): Number of sentences: a prefix of one seeded permutation, so the sample of 50 is inside that of 100.
        Left out: all sentences.
    seed (int): Seed of the permutation.
    entity_types (Sequence[str]): Entity types to keep. Left out: all.
    without (Sequence[str]): DocBin files, such as another corpus's test part: their sentences are left out.
    without_kinds (Sequence[str]): Which duplicates of these are left out: `exact` ones, `near` ones, or both.
    RETURNS (Callable): A corpus reader for spaCy.
    """
    paths = [path] if isinstance(path, str) else list(path)

    def read(nlp: Language) -> Iterator[Example]:
        sentences = read_sentences(paths, nlp.vocab, without, without_kinds)
        drawn = [sentences[number] for number in sample(len(sentences), limit, seed)]
        for sentence, length in zip(drawn, encoded_lengths(nlp, [sentence.text for sentence in drawn])):
            reference = sentence_doc(sentence, entity_types)
            predicted = without_annotation(reference)
            predicted.user_data[LENGTH] = length
            yield Example(predicted, reference)

    return read


def encoded_lengths(nlp: Language, texts: Sequence[str]) -> List[Optional[int]]:
    """RETURNS (list): How many sub-words the pipeline's encoder makes of each text; None if it has no encoder (yet)."""
    models = (component.model for _, component in nlp.pipeline if isinstance(component, Transformer))
    for model in models:
        if model.attrs["has_transformer"]:
            return [len(subwords.ids) for subwords in model.layers[0].shims[0].kept_subwords(texts)]
    return [None] * len(texts)


def read_sentences(
    paths: Sequence[str], vocab: Vocab, without: Sequence[str] = (), without_kinds: Sequence[str] = ("exact",)
) -> List[Span]:
    """Read the sentences of whole documents.

    paths (Sequence[str]): DocBin files.
    vocab (Vocab): The shared vocabulary.
    without (Sequence[str]): DocBin files whose sentences are left out.
    without_kinds (Sequence[str]): Which duplicates of these; see `scripts.corpora.duplicates`.
    RETURNS (List[Span]): The sentences in the order of the files.
    """
    documents = [document for path in paths for document in DocBin().from_disk(path).get_docs(vocab)]
    sentences = [sentence for document in documents for sentence in document.sents]
    if not without:
        return sentences
    unwanted = [sentence.text for sentence in read_sentences(without, vocab)]
    matches = find_duplicates([sentence.text for sentence in sentences], unwanted).matches
    return [sentence for sentence, match in zip(sentences, matches) if match.kind not in without_kinds]


def sample(n_sentences: int, limit: Optional[int], seed: int) -> List[int]:
    """Draw a sample of sentences.

    n_sentences (int): How many there are.
    limit (int): How many are wanted; all of them, in their order, if left out.
    seed (int): Samples of one seed are nested: a smaller one is a prefix of a larger one.
    RETURNS (List[int]): Numbers of the sentences.
    """
    numbers = list(range(n_sentences))
    if limit is None:
        return numbers
    random.Random(seed).shuffle(numbers)
    return numbers[:limit]


def sentence_doc(sentence: Span, entity_types: Optional[Sequence[str]] = None) -> Doc:
    """RETURNS (Doc): A sentence as a Doc of its own, with its entities of the given types (all of them if left out)."""
    doc = sentence.as_doc()
    if entity_types is not None:
        doc.set_ents([ent for ent in doc.ents if ent.label_ in entity_types])
    return doc


def without_annotation(reference: Doc) -> Doc:
    """RETURNS (Doc): A Doc of the same tokens, as one sentence without entities."""
    words = [token.text for token in reference]
    spaces = [bool(token.whitespace_) for token in reference]
    return Doc(reference.vocab, words=words, spaces=spaces)


@registry.batchers("interlingual.batch_by_like_length.v1")
def batch_by_like_length(size: int) -> LengthBatcher:
    """Make batches of sentences of like length, in random order, so that little is spent on padding.

    Length is in sub-words where the reader has told it, else in tokens: sentences of as many tokens differ much.
    One epoch comes in at a time; ties are broken by the order in which it comes, which spaCy shuffles.
    size (int): Sentences per batch; the number of batches is known beforehand, `ceil(sentences / size)`.
    RETURNS (Callable): A batcher for spaCy, seeded by `training.seed`.
    """

    def batches(examples: Iterable[Example]) -> Iterator[List[Example]]:
        by_length = sorted(examples, key=_length)
        starts = list(range(0, len(by_length), size))
        random.shuffle(starts)
        for start in starts:
            yield by_length[start : start + size]

    return batches


def _length(example: Example) -> int:
    return example.predicted.user_data.get(LENGTH) or len(example)


class Moments:
    """Adam's memory of a parameter.

    parameter (torch.nn.Parameter): The parameter.
    """

    def __init__(self, parameter: torch.nn.Parameter) -> None:
        self.first, self.second = torch.zeros_like(parameter), torch.zeros_like(parameter)
        self.step = torch.tensor(0.0, device=parameter.device)

    def read(self, parameter: torch.nn.Parameter) -> Tuple[torch.Tensor, torch.Tensor]:
        """RETURNS (tuple): The weights to update and their gradient."""
        return parameter, parameter.grad

    def write(self, parameter: torch.nn.Parameter, weights: torch.Tensor) -> None:
        """Put updated weights into the parameter: nothing to do where they are its own."""


class RowMoments(Moments):
    """Adam's memory of the rows of a parameter that ever had a gradient, such as the embeddings of words seen so far.

    parameter (torch.nn.Parameter): The parameter, (rows, width), with a sparse gradient.
    """

    def __init__(self, parameter: torch.nn.Parameter) -> None:
        self.rows = torch.empty(0, dtype=torch.long, device=parameter.device)
        # For each row of the parameter its place among those seen; behind the last where it has none.
        self.places = torch.full(parameter.shape[:1], -1, dtype=torch.long, device=parameter.device)
        self.first = self.second = parameter.new_empty((0, parameter.shape[1]))
        self.step = torch.tensor(0.0, device=parameter.device)

    def read(self, parameter: torch.nn.Parameter) -> Tuple[torch.Tensor, torch.Tensor]:
        """RETURNS (tuple): Weights and gradient of all rows seen so far, those of this gradient included."""
        sparse = parameter.grad.coalesce()
        rows = sparse.indices()[0]
        self._add(rows[self.places[rows] < 0])
        gradient = torch.zeros_like(self.first)
        gradient[self.places[rows]] = sparse.values()
        return parameter[self.rows], gradient

    def write(self, parameter: torch.nn.Parameter, weights: torch.Tensor) -> None:
        """Put the updated rows into the parameter."""
        parameter[self.rows] = weights

    def _add(self, rows: torch.Tensor) -> None:
        self.places[rows] = torch.arange(len(self.rows), len(self.rows) + len(rows), device=rows.device)
        self.rows = torch.cat([self.rows, rows])
        new = self.first.new_zeros((len(rows), self.first.shape[1]))
        self.first, self.second = torch.cat([self.first, new]), torch.cat([self.second, new])


class AdamW(Optimizer):
    """Thinc's optimizer, its update computed by PyTorch's fused AdamW: the same rule in one pass over the weights.

    Weight decay is decoupled, and `grad_clip` bounds each parameter's gradient norm, as in Thinc. An encoder hands all
    its parameters over in one call of `update_parameters`. Where a gradient is sparse, rows that no sentence has
    touched yet stay as they are: Adam would only let them decay.
    """

    def __init__(self, learn_rate: Rate, **settings: float) -> None:
        super().__init__(learn_rate, use_averages=False, **settings)
        self.moments: Dict[torch.nn.Parameter, Moments] = {}

    def __call__(self, key, weights, gradient, *, lr_scale: float = 1.0):
        if not isinstance(weights, numpy.ndarray) or weights.dtype != numpy.float32:
            return super().__call__(key, weights, gradient, lr_scale=lr_scale)
        if key not in self.mom1:
            self.mom1[key], self.mom2[key] = numpy.zeros_like(weights), numpy.zeros_like(weights)
        arrays = (weights, gradient, self.mom1[key], self.mom2[key])
        step = torch.tensor(float(self.nr_update[key]))
        self._update(*([torch.from_numpy(array)] for array in arrays), [step], self.learn_rate * lr_scale)
        self.nr_update[key] += 1
        gradient.fill(0.0)
        return weights, gradient

    @torch.no_grad()
    def update_parameters(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Update parameters of a PyTorch module by their gradients, which may be changed on the way.

        parameters (Sequence[torch.nn.Parameter]): Those that have a gradient.
        """
        for parameter in parameters:
            if parameter not in self.moments:
                self.moments[parameter] = (RowMoments if parameter.grad.is_sparse else Moments)(parameter)
        moments = [self.moments[parameter] for parameter in parameters]
        weights, gradients = zip(*(own.read(parameter) for own, parameter in zip(moments, parameters)))
        first, second, steps = zip(*((own.first, own.second, own.step) for own in moments))
        self._update(weights, gradients, first, second, steps, self.learn_rate)
        for own, parameter, updated in zip(moments, parameters, weights):
            own.write(parameter, updated)

    def _update(self, weights: Tensors, gradients: Tensors, first: Tensors, second: Tensors, steps: Tensors, rate: float):
        if self.grad_clip:
            norms = torch.stack(torch._foreach_norm(gradients))
            factors = (self.grad_clip / norms.clamp(min=1e-12)).clamp(max=1.0).tolist()
            torch._foreach_mul_(gradients, factors)
        adamw(
            list(weights),
            list(gradients),
            list(first),
            list(second),
            [],
            list(steps),
            fused=True,
            lr=rate,
            beta1=self.b1,
            beta2=self.b2,
            weight_decay=self.L2,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
        )


class AdamByComponent(AdamW):
    """An optimizer that keeps rates of their own for some components.

    by_component (Dict[str, Optimizer]): Those of components with rates of their own, by name.
    """

    def __init__(self, learn_rate: Rate, *, by_component: Dict[str, Optimizer], **settings: float) -> None:
        super().__init__(learn_rate, **settings)
        self.by_component = by_component

    def step_schedules(self) -> None:
        """Go one update further in every schedule."""
        super().step_schedules()
        for optimizer in self.by_component.values():
            optimizer.step_schedules()


@registry.optimizers("interlingual.AdamByComponent.v1")
def make_adam(
    learn_rate: Rate,
    component_rates: Dict[str, Any] = {},
    weight_decay: float = 0.01,
    grad_clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> AdamByComponent:
    """Adam with decoupled weight decay (paper, section 5: Adam with warm-up and polynomial decay).

    learn_rate (float or schedule): Rate of every component that has none of its own.
    component_rates (Dict[str, float or schedule]): Rates of their own, by component name, for `bio_ner` components.
    weight_decay (float): Decoupled decay per update, times the rate.
    grad_clip (float): Bound on the norm of a parameter's gradient; 0 for none.
    beta1 (float): Decay of the first moment.
    beta2 (float): Decay of the second moment.
    eps (float): Added to the root of the second moment.
    RETURNS (AdamByComponent): The optimizer.
    """
    settings = {"L2": weight_decay, "grad_clip": grad_clip, "beta1": beta1, "beta2": beta2, "eps": eps}
    by_component = {name: AdamW(rate, **settings) for name, rate in component_rates.items()}
    return AdamByComponent(learn_rate, by_component=by_component, **settings)


@registry.callbacks("interlingual.freeze_word_embeddings.v1")
def freeze_word_embeddings(component: str = "transformer", frozen: bool = True) -> Callable[[Language], Language]:
    """Keep the encoder's word embeddings as they are; for `[initialize.after_init]`.

    component (str): The transformer component.
    frozen (bool): Whether to freeze; false trains every weight, by sparse gradients: most of the vocabulary stands in
        no sentence of a batch.
    RETURNS (Callable): A callback for spaCy.
    """

    def freeze(nlp: Language) -> Language:
        transformer = nlp.get_pipe(component).model.transformer
        embeddings = transformer.get_input_embeddings()
        embeddings.requires_grad_(not frozen)
        embeddings.sparse = not frozen
        return nlp

    return freeze
