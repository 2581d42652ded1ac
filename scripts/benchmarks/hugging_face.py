"""Measure Hugging Face's Trainer and token-classification pipeline."""
from tempfile import TemporaryDirectory
from typing import Any

from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
    pipeline,
)

from scripts.benchmarks.labels import encode_sentences
from scripts.benchmarks.material import Material
from scripts.benchmarks.measure import Measurement, measured, stopwatch

# Number of sub-words that consecutive windows of a long document have in common.
STRIDE = 64


def train_by_defaults(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Trainer with its defaults: random batches, and AdamW for one parameter at a time."""
    return [_train(material)]


def train_tuned(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Trainer with batches of similar length and the fused optimizer."""
    return [_train(material, group_by_length=True, optim="adamw_torch_fused")]


def predict_by_defaults(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): The token-classification pipeline on one text at a time."""
    return _predict(material, 1)


def predict_in_batches(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): The token-classification pipeline with the batch size of the training."""
    return _predict(material, material.benchmark.training.batch_size)


def _train(material: Material, **changes: Any) -> Measurement:
    settings = material.benchmark.training
    tokenizer = AutoTokenizer.from_pretrained(material.encoder, trust_remote_code=False)
    model = AutoModelForTokenClassification.from_pretrained(
        material.encoder, num_labels=len(material.tags), trust_remote_code=False
    )
    sentences = encode_sentences(tokenizer, material.sentences(), material.tags)
    rows = [{"input_ids": sentence.ids, "labels": sentence.labels} for sentence in sentences]
    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=settings.batch_size,
            num_train_epochs=settings.epochs,
            learning_rate=settings.learn_rate,
            seed=material.benchmark.seed,
            use_cpu=material.gpu_id < 0,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            **changes,
        )
        collator = DataCollatorForTokenClassification(tokenizer)
        trainer = Trainer(model, arguments, data_collator=collator, train_dataset=rows, processing_class=tokenizer)
        with stopwatch() as watch:
            trainer.train()
    return measured("training", len(rows) * settings.epochs, "sentence passes", watch)


def _predict(material: Material, batch_size: int) -> list[Measurement]:
    with stopwatch() as loading:
        classify = pipeline(
            "token-classification",
            model=str(material.checkpoint),
            aggregation_strategy="first",
            stride=STRIDE,
            device=material.gpu_id,
            batch_size=batch_size,
        )
    results = [measured("load", 1, "pipelines", loading)]
    for task in ("sentences", "documents"):
        texts = material.texts(task)
        classify(texts[:16])
        with stopwatch() as watch:
            classify(texts)
        results.append(measured(task, material.words(task), "words", watch))
    return results
