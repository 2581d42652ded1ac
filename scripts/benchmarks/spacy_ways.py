"""Measure this project's recipe and spaCy's stock components, both with `spacy.training`."""
import io
import os
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

import scripts.ner.training  # noqa: F401  (registers what the configs name)
from scripts.benchmarks.material import Material, training_job
from scripts.benchmarks.measure import Measurement, measured, stopwatch
from scripts.experiments.config import resolve_config
from scripts.experiments.device import has_bfloat16
from scripts.experiments.job import training_length
from scripts.experiments.pipeline_cache import NoCache


def train_every_weight(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): This project's recipe in float32, with all weights trained."""
    job = training_job(material, frozen="nothing", precision="float32")
    return [_train(material, NoCache().get(resolve_config(job), material.gpu_id))]


def train_default_recipe(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): This project's default recipe: frozen embeddings, bfloat16 where it is fast."""
    return [_train(material, NoCache().get(resolve_config(training_job(material)), material.gpu_id))]


def train_stock(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): spaCy's own transformer, reader, batcher and optimizer with the same head."""
    return [_train(material, init_nlp(stock_config(material), use_gpu=material.gpu_id))]


def stock_config(material: Material) -> Config:
    """RETURNS (Config): The template with spaCy's own components instead of the project's."""
    config = resolve_config(training_job(material, frozen="nothing", precision="float32"))
    config["components"]["transformer"]["model"] = stock_transformer(material)
    config["corpora"] = {"train": _corpus(material.train), "dev": config["corpora"]["dev"]}
    settings = config["training"]
    settings["batcher"] = {"@batchers": "spacy.batch_by_sequence.v1", "size": material.benchmark.training.batch_size}
    settings["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": settings["optimizer"]["learn_rate"]}
    config["initialize"]["after_init"] = None
    return config


def stock_transformer(material: Material) -> dict[str, Any]:
    """RETURNS (dict): spaCy's own transformer around the material's encoder."""
    return {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": material.encoder,
        "tokenizer_config": {"use_fast": True},
        "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
    }


def predict(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): The packaged pipeline with `nlp.pipe`."""
    with stopwatch() as loading:
        nlp = spacy.load(material.pipeline)
    return [measured("load", 1, "pipelines", loading, disk=_size(material.pipeline)), *_predict(material, nlp)]


def predict_fast(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): The packaged pipeline in bfloat16, if the hardware has it."""
    return _predict(material, _load(material, "bfloat16")) if has_bfloat16(material.gpu_id) else []


def predict_int8(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): The packaged pipeline in 8-bit integers, if it runs on the CPU."""
    return _predict(material, _load(material, "int8")) if material.gpu_id < 0 else []


def _load(material: Material, precision: str) -> Language:
    changes = {"components": {"transformer": {"model": {"inference_precision": precision}}}}
    return spacy.load(material.pipeline, config=changes)


def predict_stock(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): spaCy's own transformer with the same weights, splitter and head, and `nlp.pipe`."""
    nlp = spacy.load(material.pipeline)
    stock = init_nlp(stock_config(material), use_gpu=material.gpu_id)
    own, other = (pipeline.get_pipe("transformer").model for pipeline in (nlp, stock))
    other.transformer.load_state_dict(own.transformer.state_dict())
    for name in ("W", "b"):
        output = stock.get_pipe("bio_ner").model.get_ref("output")
        output.set_param(name, nlp.get_pipe("bio_ner").model.get_ref("output").get_param(name))
    stock.add_pipe("sentence_splitter", first=True)
    return _predict(material, stock)


def _train(material: Material, nlp: Language) -> Measurement:
    with stopwatch() as watch:
        train(nlp, None, use_gpu=material.gpu_id, stdout=io.StringIO(), stderr=io.StringIO())
    settings = material.benchmark.training
    length = training_length(material.benchmark.sentences, settings)
    passes = min(length.updates * settings.batch_size, length.epochs * material.benchmark.sentences)
    return measured("training", passes, "sentence passes", watch)


def _predict(material: Material, nlp: Language) -> list[Measurement]:
    results = []
    for task in ("sentences", "documents"):
        texts = material.texts(task)
        list(nlp.pipe(texts[:16]))
        with stopwatch() as watch:
            found = sum(len(doc.ents) for doc in nlp.pipe(texts))
        results.append(measured(task, material.words(task), "words", watch, entities=found))
    return results


def _corpus(path: Path) -> dict[str, Any]:
    return {"@readers": "spacy.Corpus.v1", "path": str(path), "gold_preproc": False, "max_length": 0, "limit": 0}


def _size(folder: Path) -> float:
    """RETURNS (float): Size on disk in MB."""
    return sum(os.path.getsize(path) for path in folder.rglob("*") if path.is_file()) / 1e6
