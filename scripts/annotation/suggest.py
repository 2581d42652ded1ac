"""Select sentences of raw text to annotate next."""
from dataclasses import dataclass
from itertools import chain
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span

from scripts.annotation.methods import RANDOM, Budget, find_method, in_order_of_choice, within
from scripts.annotation.observe import observe
from scripts.annotation.pipelines import entity_types
from scripts.annotation.pool import Pool
from scripts.annotation.texts import Place, TextFiles
from scripts.base.errors import ProjectError
from scripts.corpora.docbin import annotated_sentences, annotated_stretches
from scripts.corpora.duplicates import Gathered, find_duplicates, normal_form
from scripts.corpora.sentences import sentence_starts, split_sentences


@dataclass(frozen=True)
class Candidate:
    """A sentence that may be selected.

    document (str): Id of its text.
    start (int): Start in the text, in characters, after leading whitespace.
    text (str): The sentence, without surrounding whitespace.
    mentions (tuple): (start, end, type) of each predicted mention, in characters of the sentence.
    tokens (numpy.ndarray): (tokens, 2): start and end of each token, in characters of the sentence.
    """

    document: str
    start: int
    text: str
    mentions: tuple[tuple[int, int, str], ...]
    tokens: numpy.ndarray

    @property
    def end(self) -> int:
        """RETURNS (int): End in the text, in characters."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Observed:
    """The sentences of texts, with their features.

    candidates (tuple[Candidate, ...]): The sentences with at least one word, in the order of the texts.
    pool (Pool): Their features, one row per sentence.
    labels (tuple[str, ...]): All entity types that the pipeline can predict, sorted.
    """

    candidates: tuple[Candidate, ...]
    pool: Pool
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Annotated:
    """What is annotated already.

    sentences (Sequence[str]): The annotated sentences of corpora.
    raw_sentences (Sequence[str]): Other sentences of the same text, split as raw text is. A corpus may have its own
        sentences, and a mention can join two of them.
    """

    sentences: Sequence[str] = ()
    raw_sentences: Sequence[str] = ()


@dataclass(frozen=True)
class Chosen:
    """A selected sentence.

    row (int): Index of the sentence among the candidates.
    method (str): The method that selected it, or `random` for the random share.
    """

    row: int
    method: str


class Observer:
    """Compute the features of the sentences of raw texts with a pipeline.

    nlp (Language): The pipeline.
    files (TextFiles): The texts.
    method (str): The selection method, which determines the features.
    """

    def __init__(self, nlp: Language, files: TextFiles, method: str) -> None:
        self._nlp, self._files, self._method = nlp, files, find_method(method)

    def do(self, number: int, places: Sequence[Place], on_texts: Callable[[int], Any]) -> Observed:
        """Process a portion of the texts.

        number (int): Number of the portion.
        places (Sequence[Place]): Positions of its texts.
        on_texts (Callable): Called after each text, with the number 1.
        RETURNS (Observed): Its sentences.
        """
        # This frees the vocabulary of one portion before the next.
        with self._nlp.memory_zone():
            placed: list[tuple[str, Span]] = []
            # Split sentences lazily, while the encoder processes them, so that the progress bar advances steadily.
            sentences = self._sentences(places, placed, on_texts)
            method = self._method
            pool, found = observe(self._nlp, sentences, method.needs_vectors, method.needs_probabilities)
            pairs = zip(placed, found, strict=True)
            candidates = tuple(_candidate(name, span, mentions) for (name, span), mentions in pairs)
            return Observed(candidates, pool, entity_types(self._nlp))

    def _sentences(
        self, places: Sequence[Place], placed: list[tuple[str, Span]], on_texts: Callable[[int], Any]
    ) -> Iterator[Span]:
        for text in self._files.read(places):
            doc = split_sentences(self._nlp.make_doc(text.text))
            for sentence in doc.sents:
                words = [token.i for token in sentence if not token.is_space]
                if words:
                    span = doc[words[0] : words[-1] + 1]
                    placed.append((text.id, span))
                    yield span
            on_texts(1)


def _candidate(name: str, span: Span, mentions: Iterable[tuple[int, int, str]]) -> Candidate:
    first = span.start_char
    tokens = numpy.array([(token.idx - first, token.idx - first + len(token)) for token in span], dtype="int32")
    found = tuple((int(tokens[start, 0]), int(tokens[end - 1, 1]), label) for start, end, label in mentions)
    return Candidate(name, first, span.text, found, tokens)


def join_observed(parts: Sequence[Observed]) -> Observed:
    """RETURNS (Observed): The sentences of all parts, in order."""
    pools = [part.pool for part in parts if len(part.pool)]
    if not pools:
        raise ProjectError("the texts have no sentences", remedy="check that they are not empty")
    vectors = [pool.vectors for pool in pools if pool.vectors is not None]
    measures = ("words", "expected_mentions", "entropy", "least_confident")
    joined = {name: numpy.concatenate([getattr(pool, name) for pool in pools]) for name in measures}
    return Observed(
        tuple(candidate for part in parts for candidate in part.candidates),
        Pool(**joined, vectors=numpy.concatenate(vectors) if vectors else None),
        parts[0].labels,
    )


def collect_annotated(documents: Iterable[Doc]) -> Annotated:
    """Collect what is annotated in the documents of converted corpora.

    documents (Iterable[Doc]): The documents.
    RETURNS (Annotated): Their sentences with an annotated token, and the sentences of their annotated text.
    """
    own: list[str] = []
    raw: set[str] = set()
    for document in documents:
        own += (sentence.text.strip() for _, sentence in annotated_sentences(document))
        raw.update(chain.from_iterable(_split(stretch.text) for stretch in annotated_stretches(document)))
    return Annotated(own, sorted(raw.difference(own)))


def _split(text: str) -> list[str]:
    starts = sentence_starts(text)
    return [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def choose_sentences(
    observed: Observed, annotated: Annotated, method: str, budget: Budget, random_share: float, seed: int
) -> list[Chosen]:
    """Select the sentences to annotate next.

    A random share is drawn first, and the method selects from the rest. Scores on the random share are representative
    of the texts. Annotated sentences are left out, and so are near duplicates of annotated or selected ones.

    observed (Observed): The sentences.
    annotated (Annotated): What is annotated already.
    method (str): A name from `METHODS`.
    budget (Budget): How much to select.
    random_share (float): Random share of the budget, from 0 to 1.
    seed (int): Seed of the selection.
    RETURNS (list[Chosen]): The selected sentences, in the order of the texts.
    RAISES (ProjectError): If there is no such method, or no sentences are left to select.
    """
    check_share(random_share)
    texts = [candidate.text for candidate in observed.candidates]
    known = find_annotated(texts, [*annotated.sentences, *annotated.raw_sentences])
    pool, gathered = observed.pool, Gathered()

    def take(way: str, part: Optional[Budget], taken: Sequence[int]) -> list[int]:
        if part is None:
            return []
        order = in_order_of_choice(way, pool, seed, [*known, *taken], len(annotated.sentences) + len(taken))
        return list(within(part, pool.words, (row for row in order if gathered.add(texts[row]))))

    at_random, rest = split_budget(budget, random_share)
    drawn = take(RANDOM, at_random, [])
    chosen = take(method, rest, drawn)
    if not drawn and not chosen:
        raise ProjectError(
            f"no sentences left to annotate: all {len(texts):,} are duplicates or near duplicates of annotated ones",
            where="--texts",
            remedy="use other texts",
        )
    return sorted(
        [*(Chosen(row, RANDOM) for row in drawn), *(Chosen(row, method) for row in chosen)], key=lambda one: one.row
    )


def check_share(random_share: float) -> None:
    """Raise an error if the random share is not from 0 to 1."""
    if not 0 <= random_share <= 1:
        raise ProjectError(f"--random-share must be from 0 to 1 (got {random_share})")


def find_annotated(texts: Sequence[str], annotated: Sequence[str]) -> list[int]:
    """RETURNS (list[int]): Indices of the texts that are duplicates or near duplicates of annotated ones."""
    forms = {normal_form(text) for text in annotated}
    matches = find_duplicates(texts, annotated).matches
    return [
        row
        for row, (text, match) in enumerate(zip(texts, matches, strict=True))
        if match.kind is not None or normal_form(text) in forms
    ]


def split_budget(budget: Budget, random_share: float) -> tuple[Optional[Budget], Optional[Budget]]:
    """RETURNS (tuple): The budgets of the random share and of the method. None for nothing."""
    whole = budget.sentences or budget.words or 0
    at_random = round(random_share * whole)

    def part(amount: int) -> Optional[Budget]:
        if not amount:
            return None
        return Budget(sentences=amount) if budget.sentences else Budget(words=amount)

    return part(at_random), part(whole - at_random)
