"""Keep what the methods of choosing know of the sentences to choose from."""
from dataclasses import dataclass
from typing import Optional

import numpy


@dataclass(frozen=True)
class Pool:
    """Sentences to choose from, a row each. The probabilities are the model's own, before any calibration.

    words (numpy.ndarray): (n,) tokens that are no white space.
    expected_mentions (numpy.ndarray): (n,) sum over tokens of the probability that a mention begins there. Like the
        next two, NaN where the pipeline was not asked for probabilities.
    entropy (numpy.ndarray): (n,) sum of the tokens' entropies over the tags, in nats.
    least_confident (numpy.ndarray): (n,) 1 - the probability of the best sequence of tags.
    vectors (Optional[numpy.ndarray]): (n, width) of float32, each of length 1: mean of the encoder's token vectors;
        zeros for a sentence without words. None where no method asked for them.
    """

    words: numpy.ndarray
    expected_mentions: numpy.ndarray
    entropy: numpy.ndarray
    least_confident: numpy.ndarray
    vectors: Optional[numpy.ndarray] = None

    def __len__(self) -> int:
        return len(self.words)
