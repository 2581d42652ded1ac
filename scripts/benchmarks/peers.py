"""Define the benchmark's peers, their settings and the speed-ups to reach."""
from dataclasses import dataclass
from typing import Optional

OURS, OURS_DEFAULT = "this project, every weight", "this project, default recipe"
PACKAGE, PACKAGE_FAST = "this project, package", "this project, package in bfloat16"
PACKAGE_INT8 = "this project, package in int8"
PLAIN, PLAIN_DEFAULT = "plain PyTorch loop, every weight", "plain PyTorch loop, default recipe"
TRAINER, TRAINER_TUNED = "Hugging Face Trainer", "Hugging Face Trainer, tuned"
SPACY, SPACY_PIPE = "spacy train", "spaCy, stock transformer"
PIPELINE, PIPELINE_BATCHED = "Hugging Face pipeline", "Hugging Face pipeline, batched"
FORWARD = "encoder forward pass"
GRID, CONVERSION, LOSSES = "few-shot grid", "conversion", "losses, two ways"
IMPORT, IMPORT_SPACY, IMPORT_HUGGING_FACE = "import, commands", "import, package", "import, Hugging Face"


@dataclass(frozen=True)
class Peer:
    """Something to measure in a process of its own.

    name (str): Its name in the tables.
    function (str): `module.function` in this package, followed by a colon and a number to measure it at several sizes.
        The function takes the material and the number, and returns measurements.
    settings (str): A description of its settings.
    """

    name: str
    function: str
    settings: str


@dataclass(frozen=True)
class Comparison:
    """A comparison of two peers.

    task (str): The task to compare them at.
    subject (str): The peer of this project.
    peer (str): The other peer.
    at_least (float): The speed-up to reach. None if the other peer is a floor.
    at_most (float): The maximum time relative to the floor. None if the other peer isn't a floor.
    """

    task: str
    subject: str
    peer: str
    at_least: Optional[float] = None
    at_most: Optional[float] = None


PEERS = (
    Peer(OURS, "spacy_ways.train_every_weight", "float32, batches of similar length, fused AdamW, clip 1.0"),
    Peer(PLAIN, "plain.train_every_weight", "the same in plain PyTorch: the floor"),
    Peer(TRAINER, "hugging_face.train_by_defaults", "defaults: float32, random batches, AdamW, clip 1.0"),
    Peer(TRAINER_TUNED, "hugging_face.train_tuned", "group_by_length, optim=adamw_torch_fused"),
    Peer(SPACY, "spacy_ways.train_stock", "float32, TransformerModel.v3, batch_by_sequence.v1, Adam.v1, same head"),
    Peer(OURS_DEFAULT, "spacy_ways.train_default_recipe", "word embeddings frozen, bfloat16 where it is fast"),
    Peer(PLAIN_DEFAULT, "plain.train_default_recipe", "the same in plain PyTorch: the floor"),
    Peer(PACKAGE, "spacy_ways.predict", "nlp.pipe of the package: tokens, sentences, entities, confidences"),
    Peer(PACKAGE_FAST, "spacy_ways.predict_fast", "the same, loaded with inference_precision=bfloat16"),
    Peer(PACKAGE_INT8, "spacy_ways.predict_int8", "the same, loaded with inference_precision=int8"),
    Peer(FORWARD, "plain.predict", "sub-words and forward pass, similar lengths, sentences given: the floor"),
    Peer(PIPELINE, "hugging_face.predict_by_defaults", "defaults: batch size 1; aggregation_strategy=first, stride 64"),
    Peer(PIPELINE_BATCHED, "hugging_face.predict_in_batches", "batch size 16"),
    Peer(SPACY_PIPE, "spacy_ways.predict_stock", "TransformerModel.v3, strided_spans.v1, same head"),
    Peer(GRID, "grid.execute_grid", "runs of the grid, one after the other in one process"),
    Peer(CONVERSION, "conversion.convert", "all corpora of the experiment"),
    Peer(LOSSES, "losses.compare_losses", "float32, every weight, no dropout; against spaCy's transformer and Adam.v1"),
    Peer(IMPORT, "imports.import_project", "scripts.experiments.execute"),
    Peer(IMPORT_SPACY, "imports.import_spacy", "spacy_transformers"),
    Peer(IMPORT_HUGGING_FACE, "imports.import_hugging_face", "transformers.pipelines"),
)

GROWTH = {
    "growth.sentences": (50, 100, 200, 400, 800),
    "growth.words": (10, 20, 40, 80, 160, 320),
    "growth.document": (50, 100, 200, 400, 800),
    "growth.types": (2, 8, 32, 128),
    "growth.runs": (1, 2, 4, 8),
}

COMPARISONS = (
    Comparison("training", OURS, TRAINER, at_least=2.7),
    Comparison("training", OURS, TRAINER_TUNED),
    Comparison("training", OURS, SPACY, at_least=2.0),
    Comparison("training", OURS, PLAIN, at_most=1.15),
    Comparison("training", OURS_DEFAULT, TRAINER, at_least=4.5),
    Comparison("training", OURS_DEFAULT, PLAIN_DEFAULT, at_most=1.15),
    Comparison("sentences", PACKAGE, PIPELINE, at_least=3.4),
    Comparison("sentences", PACKAGE, PIPELINE_BATCHED),
    Comparison("sentences", PACKAGE, SPACY_PIPE),
    Comparison("sentences", PACKAGE, FORWARD, at_most=1.25),
    Comparison("sentences", PACKAGE_FAST, PIPELINE),
    Comparison("sentences", PACKAGE_FAST, PACKAGE),
    Comparison("sentences", PACKAGE_INT8, PACKAGE, at_least=2.5),
    Comparison("documents", PACKAGE, PIPELINE, at_least=3.4),
    Comparison("documents", PACKAGE, PIPELINE_BATCHED),
    Comparison("documents", PACKAGE, SPACY_PIPE),
    Comparison("documents", PACKAGE, FORWARD, at_most=1.25),
    Comparison("documents", PACKAGE_FAST, PIPELINE),
    Comparison("documents", PACKAGE_FAST, PACKAGE),
    Comparison("documents", PACKAGE_INT8, PACKAGE, at_least=2.5),
)
# Maximum share of a grid's time that isn't spent in the network's passes and updates.
GRID_OVERHEAD = 0.10
# Maximum difference between the losses of this project and of spaCy in the first updates.
LOSS_DIFFERENCE = 1e-4
