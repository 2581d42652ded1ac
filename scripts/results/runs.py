"""Hold the coordinates of runs and what they left behind; read and write their files."""
from dataclasses import asdict, dataclass, field
from glob import escape
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.annotation.methods import RANDOM
from scripts.base.errors import ProjectError
from scripts.base.files import read_json, read_zipped_json, write_json, write_text, write_zipped_json
from scripts.evaluation.errors import ErrorCounts
from scripts.evaluation.partial import MatchScore
from scripts.evaluation.scores import MICRO, Score
from scripts.results.kinds import KINDS, Kind, Transfer
from scripts.results.shapes import read_shape

TokenMention = tuple[int, int, str]
# Of run files; raised when results of an earlier layout can't be told from today's.
LAYOUT = 2


@dataclass(frozen=True)
class Coordinates:
    """Which run of an experiment this is.

    experiment (str): Name of the experiment.
    kind (str): in-corpus, zero-shot, few-shot or shipped.
    model (str): Name of the spaCy config, such as `softmax`.
    transfer (str): What is taken over from the source model: none, full (encoder and head) or encoder.
    sources (tuple[str, ...]): Corpora that it was pretrained on, together; empty is no pretrain.
    target (str): The corpus whose test part is scored.
    size (Optional[int]): Training sentences of the target; 0 is zero-shot, None the whole training part.
    seed (int): Seed of the sample and of the training.
    threads (int): Threads of the training, which change the numbers in the last digits.
    in_sequence (bool): Whether it was pretrained on its sources one after the other, instead of on all together.
    extra_updates (int): Updates beyond those of its sample: a run without pretraining gets as many as the pretraining
        of a source had, to have as many in all (the compute-matched control).
    entity_type (Optional[str]): The one type that it was trained for; None for all of them jointly.
    selection (str): How the sentences of its sample were chosen: `random`, or by which method.
    words_of (str): The method whose sample of this size has as many words: a random sample that is held against it;
        empty for samples of `size` sentences.
    """

    experiment: str
    kind: Kind
    model: str
    transfer: Transfer
    sources: tuple[str, ...]
    target: str
    size: Optional[int]
    seed: int
    threads: int
    in_sequence: bool = False
    extra_updates: int = 0
    entity_type: Optional[str] = None
    selection: str = RANDOM
    words_of: str = ""

    @property
    def is_at_random(self) -> bool:
        """RETURNS (bool): Whether its sample is a plain random one, as that of every run without a selection."""
        return self.selection == RANDOM and not self.words_of


@dataclass(frozen=True)
class StartedWith:
    """What a command was started with beside the experiment's name: what decides results and stands in no file.

    seed (int): Added to every seed of the experiment.
    threads (int): CPU threads per run.
    precision (str): What trainings compute in: `float32` or `bfloat16`.
    encoder (str): What took the place of the experiment's encoder; `experiment` if nothing did.
    """

    seed: int
    threads: int
    precision: str
    encoder: str


@dataclass(frozen=True)
class PlannedRun:
    """A run that belongs to an experiment, finished or not.

    coordinates (Coordinates): Which run it is.
    fingerprint (str): Hash of the settings and data that it is to be made with.
    """

    coordinates: Coordinates
    fingerprint: str


@dataclass(frozen=True)
class RunScores:
    """Scores by entity type, and "micro".

    tokens (Mapping[str, Score]): On tokens, as the CoNLL script counts: the numbers of record.
    characters (Mapping[str, Score]): Against the original offsets; what alignment, truncation or the sentence
        splitter lost is missed.
    """

    tokens: Mapping[str, Score]
    characters: Mapping[str, Score]


@dataclass(frozen=True)
class RunResult:
    """What one run left behind; see `Coordinates` and `RunScores`.

    run (str): The run's id, also the name of its file.
    settings (Mapping): Its resolved settings.
    fingerprint (str): Hash of what it depends on.
    versions (Mapping[str, str]): Versions of the libraries.
    device (str): `cpu`, or the name of the GPU.
    hardware (str): The processor; empty if not known.
    predictions (str): Hash of what it predicted; empty if not known.
    seconds (Mapping[str, float]): Wall-clock time of `train` and `predict`.
    updates (int): Optimiser steps.
    sentences (Mapping[str, int]): Sentences of `train` and `test`.
    source_updates (int): Optimiser steps of the source model before; 0 without pretraining.
    training (str): Fingerprint of the training whose model was tested, which runs may share; empty if not known.
    problem (str): Why its scores mean nothing, such as `weights are not finite`; empty if they mean something.
    source_tests (Mapping[str, Mapping[str, Score]]): Scores on the test part of each source, on tokens: of a zero-shot
        run before any training on the target, of a few-shot run after it.
    first_sentences (Mapping[str, Score]): Of a zero-shot run: scores on the first sentences of the target's sample.
    cost (Mapping[str, int]): What the sample of a few-shot run takes to annotate: its `words` (tokens that are no white
        space), and in an experiment of several selections the `edits` of an annotator who in each round corrects what
        the model of the round before has marked (see `scripts.evaluation.edits`), all rounds together. Empty where that
        is not known.
    layout (int): Layout of the run file; 1 for the first version of this project.
    errors (Mapping[str, ErrorCounts]): Errors by kind, for each entity type; read from the run's analysis.
    matches (Mapping[str, Mapping[str, MatchScore]]): Scores by kind of match and type; read from the analysis too.
    """

    run: str
    coordinates: Coordinates
    settings: Mapping[str, Any]
    fingerprint: str
    versions: Mapping[str, str]
    device: str
    seconds: Mapping[str, float]
    updates: int
    sentences: Mapping[str, int]
    scores: RunScores
    source_updates: int = 0
    training: str = ""
    problem: str = ""
    source_tests: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    first_sentences: Mapping[str, Score] = field(default_factory=dict)
    layout: int = 1
    hardware: str = ""
    predictions: str = ""
    cost: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, ErrorCounts] = field(default_factory=dict)
    matches: Mapping[str, Mapping[str, MatchScore]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The runs of a kind that belong to an experiment.

    started_with (StartedWith): What the command was started with.
    runs (Mapping[str, PlannedRun]): By id.
    """

    started_with: StartedWith
    runs: Mapping[str, PlannedRun]


@dataclass(frozen=True)
class Today:
    """What would come out of an experiment today, for the report to show no results of anything else.

    planned (Mapping[str, PlannedRun]): All runs of the kinds that were begun, by id.
    corpora (str): Hash of the settings and files of the corpora.
    remarks (tuple[str, ...]): Why results are not to be compared with each other.
    calibration (str): Fingerprint of the calibration of the shipped pipeline; empty if none was begun.
    """

    planned: Mapping[str, PlannedRun]
    corpora: str
    remarks: tuple[str, ...] = ()
    calibration: str = ""


def plan_file(folder: Path, kind: Kind) -> Path:
    """RETURNS (Path): Where the plan of a kind of runs stands, in the experiment's folder of results."""
    return folder / f"{kind}.json"


def read_plans(folder: Path) -> dict[Kind, Plan]:
    """Read which runs belong to an experiment.

    folder (Path): The experiment's folder of results, with a `KIND.json` for each kind of run that was begun.
    RETURNS (dict[Kind, Plan]): The plan of each of these kinds.
    RAISES (ProjectError): If a file is damaged.
    """
    remedy = "delete the file and start the experiment again: finished runs are kept"
    files = {kind: plan_file(folder, kind) for kind in KINDS}
    return {kind: read_shape(file, Plan, remedy) for kind, file in files.items() if file.is_file()}


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def read_runs(folder: Path) -> list[RunResult]:
    """Read the finished runs of an experiment.

    folder (Path): Holds one JSON file per run.
    RETURNS (list[RunResult]): Sorted by id; empty if there is none.
    RAISES (ProjectError): If a file is damaged.
    """
    return [read_run(path) for path in sorted(folder.glob("*.json"))]


def read_run(path: Path) -> RunResult:
    """Read the result of one run.

    path (Path): Its JSON file.
    RETURNS (RunResult): The validated result.
    RAISES (ProjectError): If the file is absent or damaged.
    """
    result = read_shape(path, RunResult, "delete the file and start the experiment again: only this run is repeated")
    is_scored = MICRO in result.scores.tokens and set(result.scores.tokens) == set(result.scores.characters)
    if not is_scored and not result.problem:
        raise ProjectError(
            f"damaged run file (scores of tokens and characters need '{MICRO}' and the same entity types)",
            where=path,
            remedy="delete the file and start the experiment again",
        )
    return result


@dataclass(frozen=True)
class Prediction:
    """The entities that a pipeline finds in a document.

    document (str): Document id.
    tokens (tuple): (start, end, type) in tokens, end exclusive.
    characters (tuple): The same in characters.
    confidences (tuple[float, ...]): In the same order; empty where the model has none to give.
    """

    document: str
    tokens: tuple[TokenMention, ...]
    characters: tuple[TokenMention, ...]
    confidences: tuple[float, ...]


class Ledger:
    """The finished runs of an experiment.

    folder (Path): Holds for each run ID.json, ID.cfg and ID.predictions.json.gz.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check_layout(self) -> None:
        """RAISES (ProjectError): If runs of an earlier version are there, which would be trained over."""
        heads = [self._head(path) for path in self.folder.glob("*.json")]
        earlier = sum("fingerprint" in head and head.get("layout", 1) != LAYOUT for head in heads)
        if earlier:
            remedy = "run `weasel run clean` to delete them, or move the folder elsewhere to keep them"
            raise ProjectError(f"{_count(earlier, 'run')} of an earlier version", where=self.folder, remedy=remedy)

    def is_finished(self, run: str, fingerprint: str) -> bool:
        """RETURNS (bool): Whether the run is on record, with its predictions, made with the settings and data that the
        fingerprint stands for."""
        return self._head(self._file(run)).get("fingerprint") == fingerprint and self.predictions(run) is not None

    def is_of_others(self, run: str, fingerprint: str) -> bool:
        """RETURNS (bool): Whether the run is on record, but made with other settings, data or another encoder."""
        head = self._head(self._file(run))
        return "fingerprint" in head and head["fingerprint"] != fingerprint

    def is_damaged(self, run: str) -> bool:
        """RETURNS (bool): Whether something of the run is on record, but not all that belongs to it, or not whole."""
        left = any(self.folder.glob(f"{escape(run)}.*"))
        return left and ("fingerprint" not in self._head(self._file(run)) or self.predictions(run) is None)

    def predictions(self, run: str) -> Optional[list[dict[str, Any]]]:
        """RETURNS (Optional[list[dict]]): What the run predicted; None if that is lost."""
        try:
            found = read_zipped_json(self.folder / f"{run}.predictions.json.gz")
            return found["predictions"]
        except (ProjectError, KeyError, TypeError):
            return None

    def read(self, run: str) -> RunResult:
        """RETURNS (RunResult): A run on record."""
        return read_run(self._file(run))

    def _file(self, run: str) -> Path:
        return self.folder / f"{run}.json"

    def _head(self, path: Path) -> Mapping[str, Any]:
        """RETURNS (Mapping): What a run file holds; nothing if it is absent or damaged."""
        try:
            found = read_json(path)
        except ProjectError:
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, result: RunResult, config: str, sample: Sequence[Any], predictions: Sequence[Prediction]) -> None:
        """Put a run on record.

        result (RunResult): The run.
        config (str): The resolved config that it was trained by.
        sample (Sequence): (document id, number of the sentence) of the sample; empty if it is the whole training part.
        predictions (Sequence[Prediction]): The entities found in the target's test part.
        """
        stem = self.folder / result.run
        # Gone before the files that belong to it change: it must never stand beside those of other settings.
        stem.with_name(f"{result.run}.json").unlink(missing_ok=True)
        write_text(stem.with_name(f"{result.run}.cfg"), config)
        data = {"sample": sample, "predictions": [asdict(prediction) for prediction in predictions]}
        write_zipped_json(stem.with_name(f"{result.run}.predictions.json.gz"), data)
        write_json(stem.with_name(f"{result.run}.json"), to_json(result))


def to_json(result: RunResult) -> dict[str, Any]:
    """RETURNS (dict): A result as its file holds it; scores with their percentages."""
    data = asdict(result)
    data["scores"] = {
        unit: {name: score.to_dict() for name, score in getattr(result.scores, unit).items()}
        for unit in ("tokens", "characters")
    }
    data["coordinates"]["sources"] = list(result.coordinates.sources)
    return data
