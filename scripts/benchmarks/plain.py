"""Measure the floor: plain PyTorch loops around the encoder, without spaCy, Trainer or pipeline."""
import random
from itertools import islice
from typing import Any, Iterator, Sequence

import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModel, AutoTokenizer

from scripts.benchmarks.labels import Encoded, encode_sentences
from scripts.benchmarks.material import Material
from scripts.benchmarks.measure import Measurement, measured, stopwatch
from scripts.experiments.job import Length, training_length

DROPOUT, CLIP, WEIGHT_DECAY = 0.1, 1.0, 0.01


def train_every_weight(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Training of all weights in float32, including word embeddings."""
    return [_train(material, frozen=False, precision="float32")]


def train_default_recipe(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Training with the project's default recipe: frozen embeddings, fast precision."""
    return [_train(material, frozen=True, precision=material.precision)]


def predict(material: Material) -> list[Measurement]:
    """RETURNS (list[Measurement]): Tokenization and forward pass of sentences. Documents are split in advance."""
    device = device_of(material)
    tokenizer = AutoTokenizer.from_pretrained(material.checkpoint, trust_remote_code=False)
    model = AutoModel.from_pretrained(material.checkpoint, trust_remote_code=False).to(device).eval()
    results = []
    for task, kind in (("sentences", "sentences"), ("documents", "of_documents")):
        texts = material.texts(kind)
        _forward(model, tokenizer, texts[:16], device)
        with stopwatch() as watch:
            _forward(model, tokenizer, texts, device)
        results.append(measured(task, material.words(task), "words", watch))
    return results


def device_of(material: Material) -> torch.device:
    """RETURNS (torch.device): The device of the material."""
    return torch.device("cpu" if material.gpu_id < 0 else f"cuda:{material.gpu_id}")


@torch.inference_mode()
def _forward(model: Any, tokenizer: Any, texts: Sequence[str], device: torch.device) -> None:
    ids = tokenizer(list(texts), truncation=True)["input_ids"]
    ids.sort(key=len)
    for start in range(0, len(ids), 16):
        batch = ids[start : start + 16]
        padded, mask = _padded(batch, tokenizer.pad_token_id)
        model(input_ids=padded.to(device), attention_mask=mask.to(device))


def _train(material: Material, frozen: bool, precision: str) -> Measurement:
    torch.manual_seed(material.benchmark.seed)
    random.seed(material.benchmark.seed)
    settings, device = material.benchmark.training, device_of(material)
    tokenizer = AutoTokenizer.from_pretrained(material.encoder, trust_remote_code=False)
    model = AutoModel.from_pretrained(material.encoder, trust_remote_code=False).to(device).train()
    model.get_input_embeddings().requires_grad_(not frozen)
    head = torch.nn.Linear(model.config.hidden_size, len(material.tags)).to(device)
    groups = [
        {"params": [weights for weights in model.parameters() if weights.requires_grad], "lr": settings.learn_rate},
        {"params": list(head.parameters()), "lr": settings.head_learn_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=True)
    length = training_length(material.benchmark.sentences, settings)
    with stopwatch() as watch:
        sentences = encode_sentences(tokenizer, material.sentences(), material.tags)
        passes = 0
        for step, batch in enumerate(islice(_batches(sentences, settings.batch_size), length.updates)):
            _set_rates(optimizer, [settings.learn_rate, settings.head_learn_rate], step, length)
            _update(model, head, optimizer, batch, tokenizer.pad_token_id, precision, device)
            passes += len(batch)
    return measured("training", passes, "sentence passes", watch)


def _batches(sentences: Sequence[Encoded], size: int) -> Iterator[list[Encoded]]:
    by_length = sorted(sentences, key=lambda sentence: len(sentence.ids))
    starts = list(range(0, len(by_length), size))
    while True:
        random.shuffle(starts)
        for start in starts:
            yield by_length[start : start + size]


def _set_rates(optimizer: torch.optim.Optimizer, rates: Sequence[float], step: int, length: Length) -> None:
    updates, warm_up = length.updates, length.warm_up
    factor = step / warm_up if step < warm_up else (updates - step) / max(1, updates - warm_up)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * factor


def _update(model: Any, head: Any, optimizer: Any, batch: Sequence[Encoded], pad: int, precision: str, device: Any):
    ids, mask = _padded([sentence.ids for sentence in batch], pad)
    labels, _ = _padded([sentence.labels for sentence in batch], -100)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16"):
        hidden = model(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state
    scores = head(torch.nn.functional.dropout(hidden.float(), DROPOUT))
    cross_entropy(scores.flatten(0, 1), labels.to(device).flatten()).backward()
    torch.nn.utils.clip_grad_norm_([weights for group in optimizer.param_groups for weights in group["params"]], CLIP)
    optimizer.step()
    optimizer.zero_grad()


def _padded(rows: Sequence[Sequence[int]], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """RETURNS (tuple): (rows, longest) of the padded numbers, and a mask that is 0 for padding."""
    width = max(map(len, rows))
    padded = torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return padded, mask
