"""Define the settings of a benchmark file."""
from typing import Literal

from pydantic import Field

from scripts.base.settings import Settings
from scripts.experiments.settings import Training


class PeerTraining(Training):
    """Training settings for all peers. Only epochs set the length, since not all peers support a minimum of updates."""

    min_updates: Literal[0] = 0


class Grid(Settings):
    """A small few-shot grid: the first target and source of the experiment.

    size (int): Sample size in sentences.
    seeds (list[int]): One run with and one without the source per seed.
    training (Training): Settings of these trainings.
    """

    size: int = Field(default=200, gt=0)
    seeds: list[int] = Field(default=[0, 1, 2], min_length=1)
    training: Training


class BenchmarkSettings(Settings):
    """What to measure, and how often.

    turns (int): Number of turns. In each turn, every peer is measured once.
    seed (int): Seed of the sampled sentences and of the trainings.
    sentences (int): Number of sentences to train on, from the training parts of all corpora of the experiment.
    predicted_sentences (int): Number of sentences to predict on, from the test parts.
    documents (int): Number of documents to predict on, from the test parts.
    training (PeerTraining): Epochs, batch size and learning rates for all peers.
    grid (Grid): The few-shot grid.
    """

    turns: int = Field(default=5, gt=0)
    seed: int = Field(default=0, ge=0)
    sentences: int = Field(default=160, gt=0)
    predicted_sentences: int = Field(default=384, gt=0)
    documents: int = Field(default=40, gt=0)
    training: PeerTraining
    grid: Grid
