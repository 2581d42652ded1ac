"""What a benchmark file may say."""
from typing import Literal

from pydantic import Field

from scripts.base.settings import Settings
from scripts.experiments.settings import Training


class PeerTraining(Training):
    """Settings of a training that all peers repeat: epochs alone say how long, since not every peer knows a floor."""

    min_updates: Literal[0] = 0


class Grid(Settings):
    """A small few-shot grid: the first target and source of the experiment.

    size (int): Sample size, in sentences.
    seeds (list[int]): One run without and one with the source for each.
    training (Training): Settings of these runs.
    """

    size: int = Field(default=200, gt=0)
    seeds: list[int] = Field(default=[0, 1, 2], min_length=1)
    training: Training


class BenchmarkSettings(Settings):
    """What is measured, and how often.

    turns (int): How often every peer is measured, each turn all of them one after the other.
    seed (int): Draws the sentences, and starts the trainings.
    sentences (int): Sentences to train on, from the training parts of all corpora of the experiment together.
    predicted_sentences (int): Sentences to predict on, from the test parts.
    documents (int): Documents to predict on.
    training (PeerTraining): Epochs, batch size and rates of all peers.
    grid (Grid): The few-shot grid.
    """

    turns: int = Field(default=5, gt=0)
    seed: int = Field(default=0, ge=0)
    sentences: int = Field(default=160, gt=0)
    predicted_sentences: int = Field(default=384, gt=0)
    documents: int = Field(default=40, gt=0)
    training: PeerTraining
    grid: Grid
