"""Predict the mentions of whole documents with a pipeline, and score the predictions."""
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Collection, Iterable, Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from scripts.corpora.docbin import annotated_sentences, unknown_tokens
from scripts.corpora.parts import Sentence, read_documents, reference_doc
from scripts.corpora.spelling import in_capitals
from scripts.evaluation.scores import MentionKey, Score, check_same_length, judged, score_mentions
from scripts.ner.bio_ner import SPANS_KEY
from scripts.results.runs import Prediction, RunScores

DOCUMENTS_PER_BATCH = 16


@dataclass(frozen=True)
class Outcome:
    """A pipeline's predictions and scores on a test part.

    predictions (tuple[Prediction, ...]): The predictions for each document, annotated or not.
    scores (RunScores): The scores.
    seconds (float): Wall-clock time of the prediction.
    sentences (int): Number of sentences with at least one annotated token.
    """

    predictions: tuple[Prediction, ...]
    scores: RunScores
    seconds: float
    sentences: int


def take_test_in_capitals(nlp: Language, part: Path, entity_types: Sequence[str]) -> RunScores:
    """Score a pipeline on a test part that is written in capitals, as parts of many clinical notes are.

    nlp (Language): The pipeline.
    part (Path): DocBin file of whole documents.
    entity_types (Sequence[str]): The types to score.
    RETURNS (RunScores): The scores.
    """
    documents = read_documents(part)
    return score(documents, list(predict(nlp, map(written_in_capitals, documents))), entity_types)


def take_test(nlp: Language, part: Path, entity_types: Sequence[str]) -> Outcome:
    """Predict the entities of a test part, and score them.

    nlp (Language): The pipeline.
    part (Path): DocBin file of whole documents.
    entity_types (Sequence[str]): The types to score.
    RETURNS (Outcome): Predictions and scores.
    """
    documents, started = read_documents(part), time.monotonic()
    predictions = tuple(predict(nlp, documents))
    seconds = round(time.monotonic() - started, 2)
    n_sentences = sum(1 for document in documents for _ in annotated_sentences(document))
    return Outcome(predictions, score(documents, predictions, entity_types), seconds, n_sentences)


def predict(nlp: Language, documents: Iterable[Doc]) -> Iterator[Prediction]:
    """Predict the entities in documents, sentence by sentence.

    nlp (Language): A pipeline that sets `doc.ents`.
    documents (Iterable[Doc]): Gold documents. The pipeline only gets their tokens and sentence starts.
    YIELDS (Prediction): The predictions for each document, in order.
    """
    pairs = ((without_entities(document, nlp.vocab), document.user_data["id"]) for document in documents)
    for doc, name in nlp.pipe(pairs, as_tuples=True, batch_size=DOCUMENTS_PER_BATCH):
        yield Prediction(
            name,
            tuple((ent.start, ent.end, ent.label_) for ent in doc.ents),
            tuple((ent.start_char, ent.end_char, ent.label_) for ent in doc.ents),
            confidences(doc),
        )


def predict_sentences(nlp: Language, sentences: Iterable[Sentence]) -> tuple[list[Doc], list[Prediction]]:
    """Predict the entities in sentences, each by itself.

    nlp (Language): A pipeline that sets `doc.ents`.
    sentences (Iterable[Sentence]): The sentences.
    RETURNS (tuple): The gold documents, one per sentence, and their predictions.
    """
    gold = [reference_doc(nlp.vocab, sentence) for sentence in sentences]
    for number, doc in enumerate(gold):
        doc.user_data["id"] = str(number)
    return gold, list(predict(nlp, gold))


def confidences(doc: Doc) -> tuple[float, ...]:
    """RETURNS (tuple[float, ...]): The confidence of each entity. Empty if the model has none."""
    if SPANS_KEY not in doc.spans:
        return ()
    group = doc.spans[SPANS_KEY]
    by_span = {(span.start, span.end): score for span, score in zip(group, group.attrs["scores"], strict=True)}
    return tuple(by_span[ent.start, ent.end] for ent in doc.ents)


def written_in_capitals(document: Doc) -> Doc:
    """RETURNS (Doc): A document in capitals, with the same offsets and id, and without entities."""
    capitals = without_entities(document, document.vocab, in_capitals)
    capitals.user_data["id"] = document.user_data["id"]
    return capitals


def without_entities(document: Doc, vocab: Vocab, spell: Callable[[str], str] = str) -> Doc:
    """RETURNS (Doc): A Doc with the same tokens, spelled in some way, and the same sentences, and no entities."""
    return Doc(
        vocab,
        words=[spell(token.text) for token in document],
        spaces=[bool(token.whitespace_) for token in document],
        sent_starts=[bool(token.is_sent_start) for token in document],
    )


def score(documents: Sequence[Doc], predictions: Sequence[Prediction], entity_types: Sequence[str]) -> RunScores:
    """Score predictions by exact match.

    documents (Sequence[Doc]): Gold documents, with entities and with `user_data["mentions"]` at the original character
        offsets.
    predictions (Sequence[Prediction]): The predictions, in the same order.
    entity_types (Sequence[str]): The types to score.
    RETURNS (RunScores): Scores on tokens, and on characters. On characters, mentions lost by alignment count as missed.
    """
    return RunScores(
        tokens=score_tokens(documents, [prediction.tokens for prediction in predictions], entity_types),
        characters=score_characters(documents, [prediction.characters for prediction in predictions], entity_types),
    )


def score_tokens(
    documents: Sequence[Doc], found: Sequence[Collection[MentionKey]], entity_types: Sequence[str]
) -> dict[str, Score]:
    """Score by exact match on tokens. Predictions that touch unannotated tokens are ignored.

    documents (Sequence[Doc]): Gold documents.
    found (Sequence[Collection]): The (start, end, type) mentions of each document, in tokens.
    entity_types (Sequence[str]): The types to score.
    RETURNS (dict[str, Score]): Scores by type, and for all types together as "micro".
    """
    gold = [[(ent.start, ent.end, ent.label_) for ent in document.ents] for document in documents]
    return score_mentions(gold, _judged(judged_tokens, documents, found), entity_types)


def score_characters(
    documents: Sequence[Doc], found: Sequence[Collection[MentionKey]], entity_types: Sequence[str]
) -> dict[str, Score]:
    """Score by exact match with the original annotations. Mentions lost by alignment or cut by the splitter are missed.

    documents (Sequence[Doc]): Gold documents.
    found (Sequence[Collection]): The (start, end, type) mentions of each document, in characters, of any tokenization.
    entity_types (Sequence[str]): The types to score.
    RETURNS (dict[str, Score]): Scores as in `score_tokens`.
    """
    gold = [[tuple(mention) for mention in document.user_data["mentions"]] for document in documents]
    return score_mentions(gold, _judged(judged_characters, documents, found), entity_types)


def judged_tokens(document: Doc, found: Collection[MentionKey]) -> list[MentionKey]:
    """RETURNS (list[MentionKey]): The mentions, in tokens, that don't touch an unannotated token."""
    return judged(found, [(token.i, token.i + 1) for token in unknown_tokens(document)])


def judged_characters(document: Doc, found: Collection[MentionKey]) -> list[MentionKey]:
    """RETURNS (list[MentionKey]): The mentions, in characters, that don't touch an unannotated token."""
    return judged(found, [(token.idx, token.idx + len(token)) for token in unknown_tokens(document)])


def _judged(
    judge: Callable[[Doc, Collection[MentionKey]], list[MentionKey]],
    documents: Sequence[Doc],
    found: Sequence[Collection[MentionKey]],
) -> list[list[MentionKey]]:
    check_same_length(documents, found, "documents")
    return [judge(document, mentions) for document, mentions in zip(documents, found, strict=True)]
