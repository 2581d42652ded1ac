"""Find the rounds of a learning curve: which run selects sentences for which, and the sentences it selected."""
from dataclasses import dataclass, replace
from typing import Iterable, Optional, Sequence

from scripts.annotation.methods import METHODS, methods_for_any_pipeline
from scripts.base.errors import ProjectError
from scripts.corpora.parts import Sentence, sample
from scripts.experiments.config import leaves_types_out
from scripts.experiments.plan import Run
from scripts.experiments.run import RunJob, run_job
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT
from scripts.results.rounds import Round, read_round, round_file
from scripts.results.runs import Ledger

REPEAT = "start the command again to repeat that run and those that depend on it"


@dataclass(frozen=True)
class Place:
    """A run's position among the rounds of its curve.

    before (Optional[Run]): The previous round, with the model that selects the sentences to add. None for the first.
    after (Optional[int]): Sample size of the next round. None for the last.
    chosen (Optional[Run]): For a random sample with as many words as a selected one, the run with the selected one.
    """

    before: Optional[Run]
    after: Optional[int]
    chosen: Optional[Run] = None

    @property
    def needs(self) -> list[Run]:
        """RETURNS (list[Run]): The runs that this one depends on."""
        return [run for run in (self.before, self.chosen) if run]


@dataclass(frozen=True)
class Sample:
    """The training sentences of a run, and the edits to annotate them.

    numbers (tuple[int, ...]): Their numbers in the training part, in order.
    edits (int): Edits of all rounds so far.
    """

    numbers: tuple[int, ...]
    edits: int


def place_of(workspace: Workspace, run: Run) -> Optional[Place]:
    """RETURNS (Optional[Place]): A run's position among the rounds of its curve. None if all samples of the experiment
    are random, or the run isn't part of such a curve."""
    few_shot = workspace.experiment.few_shot
    if run.kind != FEW_SHOT or run.extra_updates or few_shot is None or not few_shot.methods:
        return None
    sizes = [size for size in few_shot.sizes if size <= workspace.count(run.target, "train")]
    at = sizes.index(run.size or 0)
    return Place(
        before=replace(run, size=sizes[at - 1]) if at else None,
        after=sizes[at + 1] if at + 1 < len(sizes) else None,
        chosen=replace(run, selection=run.words_of, words_of="") if run.words_of else None,
    )


def check_choosable(workspace: Workspace) -> None:
    """RAISES (ProjectError): If a selection needs probabilities that the experiment's model doesn't have."""
    few_shot, template = workspace.experiment.few_shot, workspace.recipe.template
    wanted = [name for name in few_shot.methods if METHODS[name].needs_probabilities] if few_shot else []
    # The heads that can leave types out are the ones with probabilities.
    if wanted and not leaves_types_out(template.path):
        raise ProjectError(
            f"few_shot.selection: {', '.join(wanted)} needs probabilities, but model '{workspace.experiment.model}' "
            "has none",
            where=f"experiment {workspace.name}",
            remedy=f"use a model with a `bio_ner`, such as softmax, or select by {methods_for_any_pipeline()}",
        )


def is_finished(workspace: Workspace, run: Run, job: RunJob) -> bool:
    """RETURNS (bool): Whether a run is saved, up to date, and has the sentences for the next round."""
    if not Ledger(workspace.runs).is_finished(run.id, job.fingerprint):
        return False
    place = place_of(workspace, run)
    return place is None or _is_left(workspace, run, job, place)


def _is_left(workspace: Workspace, run: Run, job: RunJob, place: Place) -> bool:
    found, before = _read(workspace, run), training_fingerprint(workspace, place.before)
    if found is None or (found.fingerprint, found.before) != (job.training.fingerprint, before):
        return False
    earlier = _read(workspace, place.before) if place.before else None
    # The previous round may have been repeated on other hardware, where its model selected other sentences.
    is_of_another = earlier and earlier.next and earlier.numbers + earlier.next.numbers != found.numbers
    return not is_of_another and place.after == (found.next.size if found.next else None)


def _read(workspace: Workspace, run: Run) -> Optional[Round]:
    return read_round(round_file(workspace.results, run.id))


def training_fingerprint(workspace: Workspace, run: Optional[Run]) -> str:
    """RETURNS (str): The fingerprint of a run's training. Empty without a run."""
    return run_job(workspace, run).training.fingerprint if run else ""


def with_sentences(job: RunJob, numbers: Sequence[int]) -> RunJob:
    """RETURNS (RunJob): A run with the sentences of its sample. Plain random samples don't change."""
    if job.training.selection is None:
        return job
    return replace(job, training=replace(job.training, numbers=tuple(numbers)))


def as_executed(workspace: Workspace, run: Run, job: RunJob) -> RunJob:
    """RETURNS (RunJob): A finished run with its training sentences."""
    if job.training.selection is None:
        return job
    return with_sentences(job, find_round(workspace, run).numbers)


def find_round(workspace: Workspace, run: Run) -> Round:
    """Find the saved round of a run.

    workspace (Workspace): The experiment and its environment.
    run (Run): The run.
    RETURNS (Round): Its sentences, and those it selected.
    RAISES (ProjectError): If there is none, or it was made with other settings or data.
    """
    found = _read(workspace, run)
    if found is None or found.fingerprint != training_fingerprint(workspace, run):
        what = f"the sentences of {run.id}, or those that it selected, are missing or out of date"
        raise ProjectError(what, where=round_file(workspace.results, run.id), remedy=REPEAT)
    return found


def sample_after(workspace: Workspace, before: Run, size: int) -> Sample:
    """Read the sample of a round from the previous one.

    workspace (Workspace): The experiment and its environment.
    before (Run): The previous round.
    size (int): Sample size of the round.
    RETURNS (Sample): The sentences of the previous round, followed by those that were added.
    RAISES (ProjectError): If the previous round didn't select sentences for this size, or its training failed.
    """
    found, file = find_round(workspace, before), round_file(workspace.results, before.id)
    if found.next is None or found.next.size != size:
        raise ProjectError(f"{before.id} didn't select any sentences for size {size}", where=file, remedy=REPEAT)
    if found.next.problem:
        what = f"{before.id} can't select the sentences for size {size}: {found.next.problem}"
        raise ProjectError(what, where=file, remedy="change the settings of `few_shot.training`")
    return Sample(found.numbers + found.next.numbers, found.edits + found.next.edits)


def chosen_numbers(workspace: Workspace, chosen: Run, size: int) -> tuple[int, ...]:
    """RETURNS (tuple[int, ...]): The sentences selected for a size: that of a finished run, or of its next round."""
    if size == chosen.size:
        return find_round(workspace, chosen).numbers
    return sample_after(workspace, chosen, size).numbers


def count_words(sentences: Iterable[Sentence]) -> int:
    """RETURNS (int): Number of tokens that are not whitespace."""
    return sum(not word.isspace() for sentence in sentences for word in sentence.words)


def random_with_words(sentences: Sequence[Sentence], words: int, seed: int) -> list[int]:
    """Draw a random sample with a given number of words.

    sentences (Sequence[Sentence]): All sentences.
    words (int): The minimum number of words, if the sentences have as many.
    seed (int): Seed of the permutation, which is the same as for plain random samples.
    RETURNS (list[int]): The shortest prefix of the permutation with that many words.
    """
    drawn: list[int] = []
    for number in sample(len(sentences), len(sentences), seed):
        if words <= 0:
            break
        drawn.append(number)
        words -= count_words([sentences[number]])
    return drawn


def observed_sentences(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): Number of sentences that models observe to select the run's sentences or the next round's."""
    place = place_of(workspace, run)
    if place is None or run.is_at_random or run.words_of:
        return 0
    times = (place.before is None and run.source is not None) + (place.after is not None)
    return times * workspace.count(run.target, "train")
