"""What only training needs, registered with spaCy: sentence reader, batcher, optimiser, frozen embeddings.

`spacy train CONFIG --code scripts/ner/training.py` finds everything, the inference module included.
"""
import random
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, Optional, Sequence, Union

import numpy
import torch
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Optimizer
from torch.optim.adamw import adamw

import scripts.ner.bio_ner  # noqa: F401  (registers the component)
from scripts.corpora.duplicates import find_duplicates

LengthBatcher = Callable[[Iterable[Example]], Iterator[List[Example]]]
Rate = Union[float, List[float], Generator]


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
        for number in sample(len(sentences), limit, seed):
            reference = sentence_doc(sentences[number], entity_types)
            yield Example(without_annotation(reference), reference)

    return read


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

    One epoch comes in at a time; ties are broken by the order in which it comes, which spaCy shuffles.
    size (int): Sentences per batch; the number of batches is known beforehand, `ceil(sentences / size)`.
    RETURNS (Callable): A batcher for spaCy, seeded by `training.seed`.
    """

    def batches(examples: Iterable[Example]) -> Iterator[List[Example]]:
        by_length = sorted(examples, key=len)
        starts = list(range(0, len(by_length), size))
        random.shuffle(starts)
        for start in starts:
            yield by_length[start : start + size]

    return batches


class AdamW(Optimizer):
    """Thinc's optimizer, its update computed by PyTorch's fused AdamW: the same rule in one pass over the weights.

    Weight decay is decoupled, and `grad_clip` bounds each parameter's gradient norm, as in Thinc.
    """

    def __call__(self, key, weights, gradient, *, lr_scale: float = 1.0):
        if not isinstance(weights, numpy.ndarray) or weights.dtype != numpy.float32:
            return super().__call__(key, weights, gradient, lr_scale=lr_scale)
        if key not in self.mom1:
            self.mom1[key], self.mom2[key] = numpy.zeros_like(weights), numpy.zeros_like(weights)
        gradients = torch.from_numpy(gradient)
        if self.grad_clip:
            norm = float(torch.linalg.vector_norm(gradients))
            gradients.mul_(min(1.0, self.grad_clip / max(norm, 1e-12)))
        adamw(
            [torch.from_numpy(weights)],
            [gradients],
            [torch.from_numpy(self.mom1[key])],
            [torch.from_numpy(self.mom2[key])],
            [],
            [torch.tensor(float(self.nr_update[key]))],
            fused=True,
            lr=self.learn_rate * lr_scale,
            beta1=self.b1,
            beta2=self.b2,
            weight_decay=self.L2,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
        )
        self.nr_update[key] += 1
        gradient.fill(0.0)
        return weights, gradient


class AdamByComponent(AdamW):
    """An optimizer that keeps rates of their own for some components.

    by_component (Dict[str, Optimizer]): Those of components with rates of their own, by name.
    """

    __slots__ = ["by_component"]

    def __init__(self, learn_rate: Rate, *, by_component: Dict[str, Optimizer], **settings: float) -> None:
        super().__init__(learn_rate, use_averages=False, **settings)
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
    by_component = {name: AdamW(rate, use_averages=False, **settings) for name, rate in component_rates.items()}
    return AdamByComponent(learn_rate, by_component=by_component, **settings)


@registry.callbacks("interlingual.freeze_word_embeddings.v1")
def freeze_word_embeddings(component: str = "transformer", frozen: bool = True) -> Callable[[Language], Language]:
    """Keep the encoder's word embeddings as they are; for `[initialize.after_init]`.

    component (str): The transformer component.
    frozen (bool): Whether to freeze; false trains every weight.
    RETURNS (Callable): A callback for spaCy.
    """

    def freeze(nlp: Language) -> Language:
        transformer = nlp.get_pipe(component).model.transformer
        transformer.get_input_embeddings().requires_grad_(not frozen)
        return nlp

    return freeze
