"""Make a trained pipeline ready to ship: give it a splitter, and remove the traces of its training."""
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

# At which a few sentences teach a trained encoder something new and leave it what it knows; spaCy's own default is a
# rate for networks that are trained from nothing.
LEARN_RATE = 2e-5
# What `[components]` calls the components that they register.
FACTORIES = (
    sentences.NAME,
    bio_ner.FACTORY_V1,
    bio_ner.FACTORY,
    bio_ner.MERGING_FACTORY,
    sentence_transformer.FACTORY,
    sentence_transformer.CLEANER,
)
# These go into the package, and import nothing from the project.
BUNDLED = tuple(Path(module.__file__) for module in (sentences, sentence_transformer, lstm, bio_ner))


def shipped_pipeline(
    folder: Path, encoder: str, meta: Mapping[str, Any], calibration: Mapping[str, tuple[float, float, float]]
) -> Language:
    """Load a trained pipeline and make it ready for others.

    folder (Path): What training left: a head, and the encoder if the model has one.
    encoder (str): What the encoder is called where paths stood.
    meta (Mapping): What its meta.json is to say beside what spaCy knows itself.
    calibration (Mapping): Three numbers by entity type; see `BioNer.calibrate`.
    RETURNS (Language): The pipeline: splits sentences by itself, and keeps no tensors of the texts it has read. Its
        encoder is rounded, as it was when it was scored.
    """
    with loading(folder):
        config = load_config(folder / "config.cfg")
    has_encoder = ENCODER in config["components"]
    # What its training was fast in says nothing of the hardware of those who go on training it.
    model = {"name": encoder, "training_precision": "float32"}
    component = {"factory": sentence_transformer.FACTORY, "model": model}
    changes = {**({ENCODER: component} if has_encoder else {}), **listed_thresholds(config)}
    # The vocabulary on disk lists every word of the training texts; tokenizer and labels need none of it.
    with loading(folder):
        nlp = load_model_from_config(config.merge({"components": changes}), auto_fill=True)
        nlp.from_disk(folder, exclude=["vocab"])
        # Word vectors come from elsewhere, and go by hashes of their words.
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
    # Paths, corpora and training settings give way to spaCy's defaults; components are written as they are.
    nlp.config = Config({**spacy.blank(nlp.lang).config, "nlp": nlp.config["nlp"]})
    if has_encoder:
        # What `nlp.resume_training()` takes.
        nlp.config["training"]["optimizer"]["learn_rate"] = LEARN_RATE
    nlp.meta.update(meta)
    # Where a config has no path to the weights, as for `spacy assemble`, they come from the package, not from a hub.
    weights = {"@callbacks": bio_ner.LOAD_PACKAGE, "package": f"{nlp.lang}_{nlp.meta['name']}"}
    nlp.config["initialize"]["before_init"] = weights
    return nlp


def listed_thresholds(trained: Config) -> dict[str, Any]:
    """List a threshold for each entity type in the config of the head: `spacy find-threshold` finds no others.

    trained (Config): The config of a trained pipeline.
    RETURNS (dict): Settings by component: thresholds that leave nothing out, but where the config has others.
    """
    head = head_of(trained)
    if trained["components"][head]["factory"] != bio_ner.FACTORY:
        return {}
    labels = trained["initialize"]["components"][head]["labels"]
    return {head: {"threshold": {**dict.fromkeys(labels, 0.0), **trained["components"][head].get("threshold", {})}}}


def encoder_name(encoder: Optional[EncoderRecord]) -> str:
    """RETURNS (str): What an encoder may be called in public: a folder by its last part, others by their name; empty
    without one."""
    if encoder is None:
        return ""
    return encoder.name if encoder.revision else Path(encoder.name).name


def _rename_encoder(nlp: Language, name: str) -> None:
    """spaCy and Hugging Face keep the folder that encoder and tokenizer were read from with both."""
    model = nlp.get_pipe(ENCODER).model
    model.attrs["name"] = name
    model.transformer.config._name_or_path = name
    model.tokenizer.name_or_path = name
    # Such as special_tokens_map_file, which is a path on the machine where the encoder was made.
    files = [key for key in model.tokenizer.init_kwargs if key.endswith("_file")]
    for key in files:
        del model.tokenizer.init_kwargs[key]
