"""Select the sentences of the next round with a model, and count the edits needed to correct its predictions."""
from typing import Callable, Optional, Sequence

from spacy.language import Language

from scripts.annotation.methods import METHODS, Budget, choose
from scripts.annotation.observe import observe
from scripts.corpora.parts import Sentence, read_sentences, reference_doc, sample
from scripts.evaluation.edits import count_edits
from scripts.evaluation.scores import judged
from scripts.experiments.plan import Run
from scripts.experiments.rounds import (
    Place,
    Sample,
    chosen_numbers,
    count_words,
    random_with_words,
    sample_after,
    training_fingerprint,
)
from scripts.experiments.run import RunJob
from scripts.experiments.score import predict_sentences
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FULL
from scripts.results.rounds import NextSentences, Round

LoadSource = Callable[[], Language]


class Chooser:
    """Select the sentences of one run, and of the next round, from the target's training part.

    workspace (Workspace): The experiment and its environment.
    run (Run): The run.
    job (RunJob): Everything that determines its result.
    place (Place): The run's position among the rounds of its curve.
    """

    def __init__(self, workspace: Workspace, run: Run, job: RunJob, place: Place) -> None:
        self._workspace, self._run, self._job, self._place = workspace, run, job, place
        self._sentences = read_sentences([str(part.path) for part in job.training.train])

    def sample(self, load_source: LoadSource) -> Sample:
        """Find the sentences of the run.

        load_source (Callable): Loads the pipeline to start from, which selects the sentences of the first round.
        RETURNS (Sample): The sentences, and the edits so far.
        RAISES (ProjectError): If the previous round didn't select any.
        """
        run, size = self._run, self._run.size or 0
        if self._place.before:
            return sample_after(self._workspace, self._place.before, size)
        # Without the source's head, there is no model yet that could select or annotate sentences.
        nlp = load_source() if run.source and run.transfer == FULL else None
        numbers = self._added(nlp, (), size)
        return Sample(numbers, self._edits(nlp, numbers))

    def leave(self, nlp: Language, drawn: Sample, problem: str) -> Round:
        """Select sentences for the next round, if there is one.

        nlp (Language): The trained pipeline.
        drawn (Sample): The sentences it was trained on.
        problem (str): What went wrong in its training. Empty if nothing did.
        RETURNS (Round): The round, with the sentences for the next one.
        """
        return Round(
            fingerprint=self._job.training.fingerprint,
            before=training_fingerprint(self._workspace, self._place.before),
            numbers=drawn.numbers,
            words=count_words(self._sentences[number] for number in drawn.numbers),
            edits=drawn.edits,
            next=None if self._place.after is None else self._next(nlp, drawn, self._place.after, problem),
        )

    def _next(self, nlp: Language, drawn: Sample, size: int, problem: str) -> NextSentences:
        # A random selection doesn't depend on whether the model has learned anything.
        if problem and not self._is_random:
            return NextSentences(size, (), 0, problem)
        added = self._added(nlp, drawn.numbers, size)
        return NextSentences(size, added, self._edits(nlp, added))

    @property
    def _is_random(self) -> bool:
        return self._run.is_at_random or bool(self._run.words_of)

    def _added(self, nlp: Optional[Language], there: Sequence[int], size: int) -> tuple[int, ...]:
        """RETURNS (tuple[int, ...]): The sentences to add to the current ones for a sample of the given size."""
        seed = self._job.training.sample_seed
        if self._place.chosen:
            chosen = chosen_numbers(self._workspace, self._place.chosen, size)
            words = count_words(self._sentences[number] for number in chosen)
            return tuple(random_with_words(self._sentences, words, seed)[len(there) :])
        if self._run.is_at_random or nlp is None:
            return tuple(sample(len(self._sentences), size, seed)[len(there) :])
        method = METHODS[self._run.selection]
        docs = (reference_doc(nlp.vocab, sentence) for sentence in self._sentences)
        pool, _ = observe(nlp, docs, method.needs_vectors, method.needs_probabilities)
        return tuple(choose(method.name, pool, Budget(sentences=size - len(there)), seed, there))

    def _edits(self, nlp: Optional[Language], numbers: Sequence[int]) -> int:
        """RETURNS (int): Edits needed to correct a pipeline's predictions in sentences. None predicts nothing."""
        types, sentences = self._job.test.entity_types, [self._sentences[number] for number in numbers]
        marked = [one.tokens for one in predict_sentences(nlp, sentences)[1]] if nlp else [()] * len(sentences)
        return sum(
            count_edits(_of_types(sentence.mentions, types), judged(_of_types(found, types), _unknown(sentence)))
            for sentence, found in zip(sentences, marked, strict=True)
        )


def _of_types(mentions: Sequence[tuple[int, int, str]], types: Sequence[str]) -> list[tuple[int, int, str]]:
    return [mention for mention in mentions if mention[2] in types]


def _unknown(sentence: Sentence) -> list[tuple[int, int]]:
    return [(token, token + 1) for token in sentence.unknown if not sentence.words[token].isspace()]
