"""Detect trainings that have failed: weights that aren't numbers, or a model that learned nothing."""
from itertools import islice

import numpy
from spacy.language import Language

from scripts.corpora.parts import Sentence
from scripts.evaluation.scores import MICRO, MentionKey
from scripts.experiments.job import TrainingJob
from scripts.experiments.pipeline_cache import weights_of
from scripts.experiments.score import Outcome, predict_sentences, score_tokens
from scripts.results.runs import Prediction

# Micro F1 in percent. Below this, a model is checked on its own training sentences; if it is below this there too, it
# has learned nothing.
LEAST_F1 = 10.0
OWN_SENTENCES = 100
NOT_FINITE = "its weights are not finite numbers: try a lower learn_rate"
COLLAPSED = (
    "it has collapsed, with F1 {f1:.1f} on its own training sentences: try a lower learn_rate, or more "
    "updates"
)
NOTHING_FOUND = (
    "it has collapsed: it predicts only the tag O, even for its own training sentences: try a lower "
    "learn_rate, or more updates"
)


def find_problem(nlp: Language, job: TrainingJob, outcome: Outcome) -> str:
    """Find a reason not to compare a model with others.

    nlp (Language): The trained pipeline.
    job (TrainingJob): Its training.
    outcome (Outcome): Its predictions and scores on its test part.
    RETURNS (str): The problem, for people to read. Empty if there is none.
    """
    if not all(numpy.isfinite(array).all() for array in weights_of(nlp)):
        return NOT_FINITE
    # A low score may be genuine, as in zero-shot. The model then still knows its own sentences.
    if outcome.scores.tokens[MICRO].f1 >= LEAST_F1:
        return ""
    own = list(islice((sentence for sentence in job.sentences() if sentence.mentions), OWN_SENTENCES))
    gold, predictions = predict_sentences(nlp, own)
    found = [_judged(prediction, sentence) for prediction, sentence in zip(predictions, own, strict=True)]
    f1 = score_tokens(gold, found, job.entity_types)[MICRO].f1
    if not gold or f1 >= LEAST_F1:
        return ""
    finds_something = any(prediction.tokens for prediction in predictions)
    return COLLAPSED.format(f1=f1) if finds_something else NOTHING_FOUND


def _judged(prediction: Prediction, sentence: Sentence) -> list[MentionKey]:
    """RETURNS (list[MentionKey]): The predicted mentions, in tokens, of types that the sentence's corpus annotates."""
    types = sentence.annotated
    return [mention for mention in prediction.tokens if types is None or mention[2] in types]
