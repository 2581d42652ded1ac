"""Round a trained encoder to half precision, as packages store it."""
from typing import cast

from spacy.language import Language
from spacy_transformers import Transformer

from scripts.ner.sentence_transformer import EncoderShim


def round_encoder(nlp: Language) -> None:
    """Round the encoder of a pipeline, if it has one. Predictions are then the same as those of its package.

    nlp (Language): The pipeline.
    """
    for _, component in nlp.pipeline:
        if isinstance(component, Transformer):
            cast(EncoderShim, component.model.layers[0].shims[0]).round_weights()
