"""Find the sentences of raw text that are worth annotating next."""
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.tokens import Span

from scripts.annotation.methods import RANDOM, Budget, find_method, in_order_of_choice, within
from scripts.annotation.observe import observe
from scripts.annotation.pool import Pool
from scripts.annotation.texts import Place, TextFiles
from scripts.base.errors import ProjectError
from scripts.corpora.duplicates import Gathered, find_duplicates, normal_form
from scripts.corpora.sentences import split_sentences


@dataclass(frozen=True)
class Candidate:
    """A sentence that may be annotated.

    document (str): Id of its text.
    start (int): Where it begins in the text, in characters; white space around it is left out.
    text (str): The sentence.
    mentions (tuple): (start, end, type) of what the pipeline finds in it, in characters of the sentence.
    tokens (numpy.ndarray): (tokens, 2): where each begins and ends in the sentence.
    """

    document: str
    start: int
    text: str
    mentions: tuple[tuple[int, int, str], ...]
    tokens: numpy.ndarray

    @property
    def end(self) -> int:
        """RETURNS (int): Where it ends in its text."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Observed:
    """The sentences of some texts.

    candidates (tuple[Candidate, ...]): Those that hold a word, in the order of the texts.
    pool (Pool): A row for each.
    """

    candidates: tuple[Candidate, ...]
    pool: Pool


@dataclass(frozen=True)
class Chosen:
    """A sentence that was chosen.

    row (int): Its place among the candidates.
    method (str): By which method; `random` for one of the share that is drawn at random.
    """

    row: int
    method: str


class Observer:
    """Sees what a pipeline says of the sentences of raw texts.

    nlp (Language): The pipeline.
    files (TextFiles): The texts.
    method (str): By which they will be chosen, which decides what is asked for.
    """

    def __init__(self, nlp: Language, files: TextFiles, method: str) -> None:
        self._nlp, self._files, self._method = nlp, files, find_method(method)

    def do(self, number: int, places: Sequence[Place], on_texts: Callable[[int], Any]) -> Observed:
        """Observe a portion of the texts.

        number (int): Its number.
        places (Sequence[Place]): Where its texts stand.
        on_texts (Callable): Told of each text that is done.
        RETURNS (Observed): Its sentences.
        """
        # The words of one portion are forgotten before the next one.
        with self._nlp.memory_zone():
            placed: list[tuple[str, Span]] = []
            # Split while the encoder asks for sentences, so that the bar moves along.
            sentences = self._sentences(places, placed, on_texts)
            method = self._method
            pool, found = observe(self._nlp, sentences, method.needs_vectors, method.needs_probabilities)
            pairs = zip(placed, found, strict=True)
            return Observed(tuple(_candidate(name, span, mentions) for (name, span), mentions in pairs), pool)

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
        raise ProjectError("no sentence in these texts", remedy="check that they are not empty")
    vectors = [pool.vectors for pool in pools if pool.vectors is not None]
    measures = ("words", "expected_mentions", "entropy", "least_confident")
    joined = {name: numpy.concatenate([getattr(pool, name) for pool in pools]) for name in measures}
    return Observed(
        tuple(candidate for part in parts for candidate in part.candidates),
        Pool(**joined, vectors=numpy.concatenate(vectors) if vectors else None),
    )


def choose_sentences(
    observed: Observed, annotated: Sequence[str], method: str, budget: Budget, random_share: float, seed: int
) -> list[Chosen]:
    """Choose the sentences to annotate next.

    A share is drawn at random before the method chooses among the others: what is measured on it holds for the texts as
    they are. No sentence is chosen that is annotated already, or nearly the same as one that is, or as a chosen one.

    observed (Observed): The sentences.
    annotated (Sequence[str]): Texts of annotated sentences.
    method (str): A name out of `METHODS`.
    budget (Budget): How much to choose.
    random_share (float): From 0 to 1.
    seed (int): The same seed chooses the same sentences.
    RETURNS (list[Chosen]): In the order of the texts.
    RAISES (ProjectError): If there is no such method, or no sentence is left to choose.
    """
    if not 0 <= random_share <= 1:
        raise ProjectError(f"got {random_share}", where="--random-share", remedy="give 0 to 1, such as 0.1")
    texts = [candidate.text for candidate in observed.candidates]
    known = find_annotated(texts, annotated)
    pool, gathered = observed.pool, Gathered()

    def take(way: str, part: Optional[Budget], taken: Sequence[int]) -> list[int]:
        if part is None:
            return []
        order = in_order_of_choice(way, pool, seed, [*known, *taken])
        return list(within(part, pool.words, (row for row in order if gathered.add(texts[row]))))

    at_random, rest = split_budget(budget, random_share)
    drawn = take(RANDOM, at_random, [])
    chosen = take(method, rest, drawn)
    if not drawn and not chosen:
        raise ProjectError(
            f"none of the {len(texts):,} sentences is left to annotate: all are annotated already, or nearly so",
            where="--texts",
            remedy="give other texts",
        )
    return sorted(
        [*(Chosen(row, RANDOM) for row in drawn), *(Chosen(row, method) for row in chosen)], key=lambda one: one.row
    )


def find_annotated(texts: Sequence[str], annotated: Sequence[str]) -> list[int]:
    """RETURNS (list[int]): Which texts are annotated already, word for word or nearly so."""
    forms = {normal_form(text) for text in annotated}
    matches = find_duplicates(texts, annotated).matches
    return [
        row
        for row, (text, match) in enumerate(zip(texts, matches, strict=True))
        if match.kind is not None or normal_form(text) in forms
    ]


def split_budget(budget: Budget, random_share: float) -> tuple[Optional[Budget], Optional[Budget]]:
    """RETURNS (tuple): What is drawn at random, and what a method chooses; None for nothing."""
    whole = budget.sentences or budget.words or 0
    at_random = round(random_share * whole)

    def part(amount: int) -> Optional[Budget]:
        if not amount:
            return None
        return Budget(sentences=amount) if budget.sentences else Budget(words=amount)

    return part(at_random), part(whole - at_random)
