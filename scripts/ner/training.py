"""Register with spaCy what only training needs: sentence reader, labels, batcher, frozen encoders, and optimisers.

`spacy train CONFIG --code scripts/ner/training.py` finds everything, the inference module included.
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
import scripts.ner.optimizer  # noqa: F401  (registers the optimisers)
from scripts.corpora.parts import read_sentences, reference_doc, sample
from scripts.ner.sentence_transformer import EncoderShim, MappedTransformer

LengthBatcher = Callable[[Iterable[Example]], Iterator[list[Example]]]
# Where the reader leaves the length of a sentence for the batcher, in `predicted.user_data`.
LENGTH = "encoded_length"
# What of an encoder stays as it is.
NOTHING, WORD_EMBEDDINGS, ENCODER = "nothing", "word_embeddings", "encoder"
# Stands in the place of spaCy's own in what is trained.
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
    """Give one Example per sentence of one corpus, or of several together.

    path (str or Sequence[str]): DocBin files of whole documents with sentence starts and entities; an empty list
        gives no examples, which is how a run goes without a development set.
    limit (int): Number of sentences: a prefix of one seeded permutation, so the sample of 50 is inside that of 100.
        Left out: all sentences.
    seed (int): Seed of the permutation.
    entity_types (Sequence[str]): Entity types to keep. Left out: all.
    without (Sequence[str]): DocBin files, such as another corpus's test part: their sentences are left out.
    without_kinds (Sequence[str]): Which duplicates of these are left out: `exact` ones, `near` ones, or both.
    numbers (Sequence[int]): Which of the sentences to give, in this order, by their numbers from 0 in the order of the
        files: those that a model has chosen, in place of the ones that `limit` and `seed` draw. Left out: these.
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
    """RETURNS (list): How many sub-words the pipeline's encoder makes of each text; None if it has no encoder (yet)."""
    for _, component in nlp.pipeline:
        if isinstance(component, Transformer) and component.model.attrs["has_transformer"]:
            shim = component.model.layers[0].shims[0]
            # spaCy's own architecture has a shim of its own, which keeps no sub-words.
            if isinstance(shim, EncoderShim):
                return [len(subwords.ids) for subwords in shim.kept_subwords(texts)]
    return [None] * len(texts)


@registry.readers("interlingual.TransitionLabels.v1")
def transition_labels(entity_types: Sequence[str]) -> dict[int, dict[str, int]]:
    """Fix the entity types of spaCy's own `ner`, whatever the sample holds; for `[initialize.components.ner.labels]`.

    entity_types (Sequence[str]): The entity types.
    RETURNS (dict): How often each action is seen with each of them, as spaCy counts it in a corpus: once.
    """
    return BiluoPushDown.get_actions(entity_types=entity_types)


@registry.batchers("interlingual.batch_by_like_length.v1")
def batch_by_like_length(size: int) -> LengthBatcher:
    """Make batches of sentences of like length, in random order, so that little is spent on padding.

    Length is in sub-words where the reader has told it, else in tokens: sentences of as many tokens differ much.
    One epoch comes in at a time; ties are broken by the order in which it comes, which spaCy shuffles.
    size (int): Sentences per batch; the number of batches is known beforehand, `ceil(sentences / size)`.
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
    """Keep the encoder, or a part of it, as it is; for `[initialize.after_init]`.

    component (str): The transformer component.
    frozen (str): `nothing` trains every weight, word embeddings by sparse gradients (most of the vocabulary stands in
        no sentence of a batch); `word_embeddings` keeps these; `encoder` trains the head alone.
    RETURNS (Callable): A callback for spaCy.
    RAISES (ValueError): If `frozen` is none of these.
    """
    if frozen not in (NOTHING, WORD_EMBEDDINGS, ENCODER):
        raise ValueError(f"Unknown part '{frozen}'; use one of {NOTHING}, {WORD_EMBEDDINGS}, {ENCODER}")

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
    """Make a component that does what `transformer` does, and whose weights are mapped into memory when it is loaded.

    RETURNS (MappedTransformer): The component for a pipeline.
    """
    return MappedTransformer(nlp.vocab, model, set_extra_annotations, name=name, max_batch_items=max_batch_items)
