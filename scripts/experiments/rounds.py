"""Tell the rounds of a learning curve apart: which run chooses sentences for which, and what each left for the next."""
from dataclasses import dataclass, replace
from typing import Iterable, Optional, Sequence

from scripts.annotation.methods import METHODS
from scripts.base.errors import ProjectError
from scripts.corpora.parts import Sentence, sample
from scripts.experiments.config import leaves_types_out
from scripts.experiments.plan import Run
from scripts.experiments.run import RunJob, run_job
from scripts.experiments.workspace import Workspace
from scripts.results.kinds import FEW_SHOT
from scripts.results.rounds import Round, read_round, round_file
from scripts.results.runs import Ledger

REPEAT = "start the command again: that run is repeated, and what follows from it"


@dataclass(frozen=True)
class Place:
    """Where a run stands among the rounds of its curve.

    before (Optional[Run]): The round before, whose model chooses, and marks, what is added; None for the first.
    after (Optional[int]): Sample size of the next round; None for the last.
    chosen (Optional[Run]): Of a random sample with as many words as another: the run that has that one.
    """

    before: Optional[Run]
    after: Optional[int]
    chosen: Optional[Run] = None

    @property
    def needs(self) -> list[Run]:
        """RETURNS (list[Run]): The runs that have to be carried out before."""
        return [run for run in (self.before, self.chosen) if run]


@dataclass(frozen=True)
class Sample:
    """The sentences that a run is trained on, and what it takes to annotate them.

    numbers (tuple[int, ...]): Their numbers in the training part, in order.
    edits (int): Edits of all rounds up to here.
    """

    numbers: tuple[int, ...]
    edits: int


def place_of(workspace: Workspace, run: Run) -> Optional[Place]:
    """RETURNS (Optional[Place]): Where a run stands among the rounds of its curve; None if the experiment has none, for
    all of its samples are random ones, or the run is no point of such a curve."""
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
    """RAISES (ProjectError): If a selection goes by probabilities, and the experiment's model has none to give."""
    few_shot, template = workspace.experiment.few_shot, workspace.recipe.template
    wanted = [name for name in few_shot.methods if METHODS[name].needs_probabilities] if few_shot else []
    # The heads that leave types out are those that give probabilities.
    if wanted and not leaves_types_out(template.path):
        raise ProjectError(
            f"few_shot.selection: {', '.join(wanted)} can't choose by model '{workspace.experiment.model}', which "
            "gives no probabilities",
            where=f"experiment {workspace.name}",
            remedy="take the model softmax or softmax_crf, or choose at random or by diversity",
        )


def is_finished(workspace: Workspace, run: Run, job: RunJob) -> bool:
    """RETURNS (bool): Whether a run is on record as it would be carried out today, with what the next round needs."""
    if not Ledger(workspace.runs).is_finished(run.id, job.fingerprint):
        return False
    place = place_of(workspace, run)
    return place is None or _is_left(workspace, run, job, place)


def _is_left(workspace: Workspace, run: Run, job: RunJob, place: Place) -> bool:
    found, before = _read(workspace, run), training_fingerprint(workspace, place.before)
    if found is None or (found.fingerprint, found.before) != (job.training.fingerprint, before):
        return False
    earlier = _read(workspace, place.before) if place.before else None
    # That of the round before may have been made anew, on hardware on which its model chose others.
    is_of_another = earlier and earlier.next and earlier.numbers + earlier.next.numbers != found.numbers
    return not is_of_another and place.after == (found.next.size if found.next else None)


def _read(workspace: Workspace, run: Run) -> Optional[Round]:
    return read_round(round_file(workspace.results, run.id))


def training_fingerprint(workspace: Workspace, run: Optional[Run]) -> str:
    """RETURNS (str): The fingerprint of a run's training; empty for none."""
    return run_job(workspace, run).training.fingerprint if run else ""


def with_sentences(job: RunJob, numbers: Sequence[int]) -> RunJob:
    """RETURNS (RunJob): A run with the sentences of its sample, once they are known; a plain random one as it is."""
    if job.training.selection is None:
        return job
    return replace(job, training=replace(job.training, numbers=tuple(numbers)))


def as_carried_out(workspace: Workspace, run: Run, job: RunJob) -> RunJob:
    """RETURNS (RunJob): A finished run with the sentences that it was trained on."""
    if job.training.selection is None:
        return job
    return with_sentences(job, find_round(workspace, run).numbers)


def find_round(workspace: Workspace, run: Run) -> Round:
    """Find what a run has left as a round.

    workspace (Workspace): The experiment and its surroundings.
    run (Run): The run.
    RETURNS (Round): Its sentences, and those that it has chosen.
    RAISES (ProjectError): If it was not carried out, or with other settings or data, or the file is gone.
    """
    found = _read(workspace, run)
    if found is None or found.fingerprint != training_fingerprint(workspace, run):
        what = f"the sentences of {run.id}, or those that it has chosen, are not there"
        raise ProjectError(what, where=round_file(workspace.results, run.id), remedy=REPEAT)
    return found


def sample_after(workspace: Workspace, before: Run, size: int) -> Sample:
    """Read the sample of a round off what the round before has left.

    workspace (Workspace): The experiment and its surroundings.
    before (Run): The round before.
    size (int): Sample size of the round.
    RETURNS (Sample): The sentences of the round before, and behind them those that were added.
    RAISES (ProjectError): If that was not carried out for this size, or its model could not choose.
    """
    found, file = find_round(workspace, before), round_file(workspace.results, before.id)
    if found.next is None or found.next.size != size:
        raise ProjectError(f"{before.id} has chosen nothing for size {size}", where=file, remedy=REPEAT)
    if found.next.problem:
        what = f"{before.id} can't choose the sentences of size {size}: {found.next.problem}"
        raise ProjectError(what, where=file, remedy="change the settings of `few_shot.training`")
    return Sample(found.numbers + found.next.numbers, found.edits + found.next.edits)


def chosen_numbers(workspace: Workspace, chosen: Run, size: int) -> tuple[int, ...]:
    """RETURNS (tuple[int, ...]): The sentences that were chosen for a size, that of a finished run or the next one."""
    if size == chosen.size:
        return find_round(workspace, chosen).numbers
    return sample_after(workspace, chosen, size).numbers


def count_words(sentences: Iterable[Sentence]) -> int:
    """RETURNS (int): Tokens that are no white space."""
    return sum(not word.isspace() for sentence in sentences for word in sentence.words)


def random_with_words(sentences: Sequence[Sentence], words: int, seed: int) -> list[int]:
    """Draw a random sample by words.

    sentences (Sequence[Sentence]): All sentences.
    words (int): So many words at least, if there are.
    seed (int): Of the permutation: that of plain random samples.
    RETURNS (list[int]): The shortest prefix of the permutation that has as many words.
    """
    drawn: list[int] = []
    for number in sample(len(sentences), len(sentences), seed):
        if words <= 0:
            break
        drawn.append(number)
        words -= count_words([sentences[number]])
    return drawn


def observed_sentences(workspace: Workspace, run: Run) -> int:
    """RETURNS (int): How many sentences models look at for a run, to choose for it or for the next round."""
    place = place_of(workspace, run)
    if place is None or run.is_at_random or run.words_of:
        return 0
    times = (place.before is None and run.source is not None) + (place.after is not None)
    return times * workspace.count(run.target, "train")
