"""Prepare a trained pipeline for packaging: add a sentence splitter, and remove traces of its training."""
from pathlib import Path
from typing import Any, Mapping, Optional

import spacy
from spacy.language import Language
from spacy.util import load_config, load_model_from_config
from thinc.api import Config

from scripts.corpora import sentences
from scripts.encoders.record import EncoderRecord
from scripts.experiments.config import ENCODER, head_of
from scripts.experiments.loading import loading
from scripts.ner import bio_ner, lstm, sentence_transformer
from scripts.ner.rounding import round_encoder

# With this rate, a few sentences can teach a trained encoder something new without making it forget. spaCy's default
# is for networks trained from scratch.
LEARN_RATE = 2e-5
# Factories that the bundled modules register.
FACTORIES = (
    sentences.NAME,
    bio_ner.FACTORY_V1,
    bio_ner.FACTORY,
    bio_ner.MERGING_FACTORY,
    sentence_transformer.FACTORY,
    sentence_transformer.CLEANER,
)
# Modules that go into the package. They import nothing from the project.
BUNDLED = tuple(Path(module.__file__) for module in (sentences, sentence_transformer, lstm, bio_ner))


def shipped_pipeline(
    folder: Path, encoder: str, meta: Mapping[str, Any], calibration: Mapping[str, tuple[float, float, float]]
) -> Language:
    """Load a trained pipeline and prepare it for packaging.

    folder (Path): The trained pipeline: a head, and the encoder if the model has one.
    encoder (str): The encoder's name, to replace paths with.
    meta (Mapping): Entries for meta.json, in addition to spaCy's own.
    calibration (Mapping): Three numbers per entity type; see `BioNer.calibrate`.
    RETURNS (Language): The pipeline. It splits sentences itself, and doesn't keep tensors of the texts it processes.
        Its encoder is rounded, as it was when it was scored.
    """
    with loading(folder):
        config = load_config(folder / "config.cfg")
    has_encoder = ENCODER in config["components"]
    # The precision of its training may be slow on the hardware of those who continue the training.
    model = {"name": encoder, "training_precision": "float32"}
    component = {"factory": sentence_transformer.FACTORY, "model": model}
    changes = {**({ENCODER: component} if has_encoder else {}), **listed_thresholds(config)}
    # The vocabulary on disk lists every word of the training texts. The tokenizer and the labels don't need it.
    with loading(folder):
        nlp = load_model_from_config(config.merge({"components": changes}), auto_fill=True)
        nlp.from_disk(folder, exclude=["vocab"])
        # Word vectors don't come from the training texts, and have hashes of words as keys.
        nlp.vocab.vectors.from_disk(folder / "vocab", exclude=["strings"])
    head = nlp.get_pipe(nlp.pipe_names[-1])
    for label in head.labels:
        nlp.vocab.strings.add(label)
    if calibration:
        head.calibrate(dict(calibration))
    if has_encoder:
        round_encoder(nlp)
        _rename_encoder(nlp, encoder)
        nlp.add_pipe(sentence_transformer.CLEANER, name="doc_cleaner")
    nlp.add_pipe(sentences.NAME, first=True)
    # Replace paths, corpora and training settings with spaCy's defaults. Components are written as they are.
    nlp.config = Config({**spacy.blank(nlp.lang).config, "nlp": nlp.config["nlp"]})
    if has_encoder:
        # For `nlp.resume_training()`.
        nlp.config["training"]["optimizer"]["learn_rate"] = LEARN_RATE
    nlp.meta.update(meta)
    # If a config has no path to the weights, as with `spacy assemble`, load them from the package, not from a hub.
    weights = {"@callbacks": bio_ner.LOAD_PACKAGE, "package": f"{nlp.lang}_{nlp.meta['name']}"}
    nlp.config["initialize"]["before_init"] = weights
    return nlp


def listed_thresholds(trained: Config) -> dict[str, Any]:
    """List a threshold for each entity type in the head's config, because `spacy find-threshold` needs them there.

    trained (Config): The config of a trained pipeline.
    RETURNS (dict): Settings by component. Thresholds that the config doesn't set are 0, which leaves nothing out.
    """
    head = head_of(trained)
    if trained["components"][head]["factory"] != bio_ner.FACTORY:
        return {}
    labels = trained["initialize"]["components"][head]["labels"]
    return {head: {"threshold": {**dict.fromkeys(labels, 0.0), **trained["components"][head].get("threshold", {})}}}


def encoder_name(encoder: Optional[EncoderRecord]) -> str:
    """RETURNS (str): The public name of an encoder: the last part of a folder, or the name itself. Empty without an
    encoder."""
    if encoder is None:
        return ""
    return encoder.name if encoder.revision else Path(encoder.name).name


def _rename_encoder(nlp: Language, name: str) -> None:
    """Replace the folder that spaCy and Hugging Face store with the encoder and its tokenizer."""
    model = nlp.get_pipe(ENCODER).model
    model.attrs["name"] = name
    model.transformer.config._name_or_path = name
    model.tokenizer.name_or_path = name
    # For instance special_tokens_map_file, a path on the machine where the encoder was made.
    files = [key for key in model.tokenizer.init_kwargs if key.endswith("_file")]
    for key in files:
        del model.tokenizer.init_kwargs[key]
