"""Register what only training needs with spaCy: sentence reader, labels, batcher, frozen encoders and optimizers.

`spacy train CONFIG --code scripts/ner/training.py` finds everything, including the modules for inference.
"""
import random
from typing import Callable, Iterable, Iterator, Optional, Sequence, Union, cast

from spacy.language import Language
from spacy.pipeline._parser_internals.ner import BiluoPushDown
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy_transformers import Transformer
from spacy_transformers.layers.transformer_model import TransformerModel
from thinc.api import Model

import scripts.ner.bio_ner  # noqa: F401  (registers the component)
import scripts.ner.lstm  # noqa: F401  (registers the layers of the LSTM-CRF)
import scripts.ner.optimizer  # noqa: F401  (registers the optimizers)
from scripts.corpora.parts import read_sentences, reference_doc, sample
from scripts.ner.sentence_transformer import EncoderShim, MappedTransformer

LengthBatcher = Callable[[Iterable[Example]], Iterator[list[Example]]]
# Key of `predicted.user_data` under which the reader stores the length of a sentence for the batcher.
LENGTH = "encoded_length"
# The parts of an encoder that can be frozen.
NOTHING, WORD_EMBEDDINGS, ENCODER = "nothing", "word_embeddings", "encoder"
# Replaces spaCy's own factory in trained pipelines.
MAPPED_TRANSFORMER = "mapped_transformer"


@registry.readers("interlingual.Sentences.v1")
def sentence_reader(
    path: Union[str, Sequence[str]],
    limit: Optional[int] = None,
    seed: int = 0,
    entity_types: Optional[Sequence[str]] = None,
    without: Sequence[str] = (),
    without_kinds: Sequence[str] = ("exact",),
    numbers: Optional[Sequence[int]] = None,
) -> Callable[[Language], Iterator[Example]]:
    """Create a reader that yields one Example per sentence of one or more corpora.

    path (str or Sequence[str]): DocBin files of whole documents with sentence starts and entities. An empty list
        yields no examples, for runs without a development set.
    limit (int): Number of sentences, as a prefix of one seeded permutation: the sample of 50 is part of that of 100.
        Defaults to all sentences.
    seed (int): Seed of the permutation.
    entity_types (Sequence[str]): Entity types to keep. Defaults to all.
    without (Sequence[str]): DocBin files with sentences to leave out, such as another corpus's test part.
    without_kinds (Sequence[str]): Kinds of duplicates of these sentences to leave out: `exact`, `near`, or both.
    numbers (Sequence[int]): Numbers of the sentences to read, in this order, counted from 0 in the order of the files.
        Used for sentences that a model has selected. Defaults to those drawn by `limit` and `seed`.
    RETURNS (Callable): A corpus reader for spaCy.
    """
    paths = [path] if isinstance(path, str) else list(path)

    def read(nlp: Language) -> Iterator[Example]:
        sentences = read_sentences(paths, without, without_kinds)
        wanted = sample(len(sentences), limit, seed) if numbers is None else numbers
        drawn = [sentences[number] for number in wanted]
        for sentence, length in zip(drawn, encoded_lengths(nlp, [sentence.text for sentence in drawn]), strict=True):
            predicted = Doc(nlp.vocab, words=sentence.words, spaces=sentence.spaces)
            predicted.user_data[LENGTH] = length
            yield Example(predicted, reference_doc(nlp.vocab, sentence, entity_types))

    return read


def encoded_lengths(nlp: Language, texts: Sequence[str]) -> list[Optional[int]]:
    """RETURNS (list): Number of sub-words of each text, or None if the pipeline has no encoder (yet)."""
    for _, component in nlp.pipeline:
        if isinstance(component, Transformer) and component.model.attrs["has_transformer"]:
            shim = component.model.layers[0].shims[0]
            # The shim of spaCy's own architecture doesn't keep sub-words.
            if isinstance(shim, EncoderShim):
                return [len(subwords.ids) for subwords in shim.kept_subwords(texts)]
    return [None] * len(texts)


@registry.readers("interlingual.TransitionLabels.v1")
def transition_labels(entity_types: Sequence[str]) -> dict[int, dict[str, int]]:
    """Set the entity types of spaCy's own `ner` in `[initialize.components.ner.labels]`, whatever the sample contains.

    entity_types (Sequence[str]): The entity types.
    RETURNS (dict): A count of one for each action and entity type, in the form in which spaCy counts them in a corpus.
    """
    return BiluoPushDown.get_actions(entity_types=entity_types)


@registry.batchers("interlingual.batch_by_like_length.v1")
def batch_by_like_length(size: int) -> LengthBatcher:
    """Create batches of sentences of similar length, in random order, to reduce padding.

    Length is in sub-words if the reader has set it, otherwise in tokens, which is less accurate. The batcher gets one
    epoch at a time. Ties are broken by the order of the sentences, which spaCy shuffles.

    size (int): Sentences per batch. An epoch has `ceil(sentences / size)` batches.
    RETURNS (Callable): A batcher for spaCy, seeded by `training.seed`.
    """

    def batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
        by_length = sorted(examples, key=_length)
        starts = list(range(0, len(by_length), size))
        random.shuffle(starts)
        for start in starts:
            yield by_length[start : start + size]

    return batches


def _length(example: Example) -> int:
    return example.predicted.user_data.get(LENGTH) or len(example)


@registry.callbacks("interlingual.freeze_encoder.v1")
def freeze_encoder(component: str = "transformer", frozen: str = WORD_EMBEDDINGS) -> Callable[[Language], Language]:
    """Create a callback for `[initialize.after_init]` that freezes the encoder or a part of it.

    component (str): Name of the transformer component.
    frozen (str): `nothing` trains all weights, with sparse gradients for the word embeddings, since a batch uses only a
        small part of the vocabulary. `word_embeddings` freezes these. `encoder` trains only the head.
    RETURNS (Callable): The callback.
    RAISES (ValueError): If `frozen` is none of these.
    """
    if frozen not in (NOTHING, WORD_EMBEDDINGS, ENCODER):
        raise ValueError(f"Unknown value of 'frozen': '{frozen}'. Use one of {NOTHING}, {WORD_EMBEDDINGS}, {ENCODER}")

    def freeze(nlp: Language) -> Language:
        model = cast(TransformerModel, cast(Transformer, nlp.get_pipe(component)).model)
        model.transformer.requires_grad_(frozen != ENCODER)
        embeddings = model.transformer.get_input_embeddings()
        embeddings.requires_grad_(frozen == NOTHING)
        embeddings.sparse = frozen == NOTHING and isinstance(model.layers[0].shims[0], EncoderShim)
        return nlp

    return freeze


@Language.factory(
    MAPPED_TRANSFORMER,
    assigns=["doc._.trf_data"],
    default_config={
        "max_batch_items": 4096,
        "set_extra_annotations": {"@annotation_setters": "spacy-transformers.null_annotation_setter.v1"},
    },
)
def make_mapped_transformer(
    nlp: Language, name: str, model: Model, set_extra_annotations: Callable, max_batch_items: int
) -> MappedTransformer:
    """Make a component that works like `transformer`, and maps its weights into memory when it is loaded.

    RETURNS (MappedTransformer): The component for a pipeline.
    """
    return MappedTransformer(nlp.vocab, model, set_extra_annotations, name=name, max_batch_items=max_batch_items)
