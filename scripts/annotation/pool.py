"""Define the features of sentences that selection methods use."""
from dataclasses import dataclass
from typing import Optional

import numpy


@dataclass(frozen=True)
class Pool:
    """Sentences to select from, one per row. Probabilities are the model's own, before any calibration.

    words (numpy.ndarray): (n,) number of tokens that are not whitespace.
    expected_mentions (numpy.ndarray): (n,) sum of the tokens' probabilities to begin a mention. Like the next two
        fields, NaN if the pipeline wasn't asked for probabilities.
    entropy (numpy.ndarray): (n,) sum of the tokens' entropies over the tags, in nats.
    least_confident (numpy.ndarray): (n,) 1 - the probability of the best tag sequence.
    vectors (Optional[numpy.ndarray]): (n, width) of float32, normalized to length 1: the mean of the encoder's token
        vectors, or zeros for a sentence without words. None if the method doesn't need them.
    """

    words: numpy.ndarray
    expected_mentions: numpy.ndarray
    entropy: numpy.ndarray
    least_confident: numpy.ndarray
    vectors: Optional[numpy.ndarray] = None

    def __len__(self) -> int:
        return len(self.words)
