"""Define the coordinates and results of runs, and read and write their files."""
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.annotation.methods import RANDOM
from scripts.base.errors import ProjectError
from scripts.base.files import (
    hash_data,
    hash_file,
    read_checked_json,
    read_zipped_json,
    write_checked_json,
    write_text,
    write_zipped_json,
)
from scripts.evaluation.errors import ErrorCounts
from scripts.evaluation.partial import MatchScore
from scripts.evaluation.scores import MICRO, Score
from scripts.results.kinds import KINDS, Kind, Transfer
from scripts.results.shapes import read_shape

TokenMention = tuple[int, int, str]
# Layout of run files. Increase this when results in an older layout can't be distinguished from current ones.
LAYOUT = 2
# Key of the hash of the file of predictions. Not part of the result: equal predictions can be compressed differently.
PREDICTIONS_FILE = "predictions_file"


@dataclass(frozen=True)
class Coordinates:
    """The coordinates that identify a run of an experiment.

    experiment (str): Name of the experiment.
    kind (str): `in-corpus`, `zero-shot`, `few-shot` or `shipped`.
    model (str): Name of the spaCy config, such as `softmax`.
    transfer (str): What the run starts from: `none`, `full` (the source model's encoder and head) or `encoder`.
    sources (tuple[str, ...]): Corpora that the model was pretrained on together. Empty for no pretrain.
    target (str): The corpus to test on.
    size (Optional[int]): Training sentences of the target, 0 for zero-shot, or None for the whole training part.
    seed (int): Seed of the sample and of the training.
    threads (int): Threads of the training, which affect the last digits of the scores.
    in_sequence (bool): Whether the model was pretrained on its sources one after the other instead of together.
    extra_updates (int): Updates in addition to those of the sample. A run without pretraining gets as many as the
        pretraining of a source took, so that both have the same total (the compute-matched control).
    entity_type (Optional[str]): The entity type that the model was trained for, or None for all types jointly.
    selection (str): How the sentences of the sample were selected: `random`, or the name of a method.
    words_of (str): For a random sample used as a comparison, the method whose sample has as many words. Empty for
        samples of `size` sentences.
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
        """RETURNS (bool): Whether the sample is a plain random one, as in every run without a selection."""
        return self.selection == RANDOM and not self.words_of


@dataclass(frozen=True)
class StartedWith:
    """The options of a command that affect results and are not in any file.

    seed (int): Number added to every seed of the experiment.
    threads (int): CPU threads per run.
    precision (str): Precision of trainings: `float32` or `bfloat16`.
    encoder (str): The encoder used instead of the experiment's, or `experiment`.
    """

    seed: int
    threads: int
    precision: str
    encoder: str


@dataclass(frozen=True)
class PlannedRun:
    """A run that belongs to an experiment, finished or not.

    coordinates (Coordinates): The run's coordinates.
    fingerprint (str): Hash of the settings and data to make it with.
    """

    coordinates: Coordinates
    fingerprint: str


@dataclass(frozen=True)
class RunScores:
    """Scores per entity type, and for "micro".

    tokens (Mapping[str, Score]): Scores on tokens, as in the CoNLL script. These are the ones reported.
    characters (Mapping[str, Score]): Scores against the original character offsets. Mentions lost by alignment,
        truncation or the sentence splitter count as missed.
    """

    tokens: Mapping[str, Score]
    characters: Mapping[str, Score]


@dataclass(frozen=True)
class RunResult:
    """The result of one run. See `Coordinates` and `RunScores`.

    run (str): Id of the run and name of its file.
    settings (Mapping): Resolved settings.
    fingerprint (str): Hash of everything the run depends on.
    versions (Mapping[str, str]): Versions of the libraries.
    device (str): `cpu`, or the name of the GPU.
    hardware (str): The processor. Empty if unknown.
    predictions (str): Hash of the predictions. Empty if unknown.
    seconds (Mapping[str, float]): Wall-clock time of `train` and `predict`.
    updates (int): Optimizer steps.
    sentences (Mapping[str, int]): Number of sentences in `train` and `test`.
    source_updates (int): Optimizer steps of the source model. 0 without pretraining.
    training (str): Fingerprint of the training, which several runs may share. Empty if unknown.
    problem (str): Why the scores are invalid, such as `weights are not finite`. Empty if they are valid.
    source_tests (Mapping[str, Mapping[str, Score]]): Scores on the test part of each source, on tokens. Zero-shot runs
        are tested before any training on the target, few-shot runs after it.
    first_sentences (Mapping[str, Score]): For zero-shot runs, the scores on the first sentences of the target's sample.
    cost (Mapping[str, int]): For few-shot runs, the cost of annotating the sample: its `words` (tokens other than
        whitespace) and, in experiments with several selections, the `edits` in all rounds. In each round, an annotator
        corrects the predictions of the previous round's model (see `scripts.evaluation.edits`). Empty if unknown.
    capitals (Optional[RunScores]): For shipped runs, the scores on the same test part written in capitals.
    layout (int): Layout of the run file. 1 for the first version of this project.
    errors (Mapping[str, ErrorCounts]): Errors by kind for each entity type, from the run's analysis.
    matches (Mapping[str, Mapping[str, MatchScore]]): Scores by kind of match and type, from the run's analysis.
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
    capitals: Optional[RunScores] = None
    errors: Mapping[str, ErrorCounts] = field(default_factory=dict)
    matches: Mapping[str, Mapping[str, MatchScore]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The runs of a kind that belong to an experiment.

    started_with (StartedWith): The options of the command.
    runs (Mapping[str, PlannedRun]): The runs by id.
    """

    started_with: StartedWith
    runs: Mapping[str, PlannedRun]


@dataclass(frozen=True)
class CurrentState:
    """The current state of an experiment, so that the report doesn't show outdated results.

    planned (Mapping[str, PlannedRun]): All runs of the kinds that were started, by id.
    corpora (str): Hash of the settings and files of the corpora.
    remarks (tuple[str, ...]): Reasons why results should not be compared with each other.
    calibration (str): Fingerprint of the shipped pipeline's calibration. Empty if it was not started.
    """

    planned: Mapping[str, PlannedRun]
    corpora: str
    remarks: tuple[str, ...] = ()
    calibration: str = ""


def plan_file(folder: Path, kind: Kind) -> Path:
    """RETURNS (Path): The file with the plan for a kind of runs, in the experiment's folder of results."""
    return folder / f"{kind}.json"


def read_plans(folder: Path) -> dict[Kind, Plan]:
    """Read which runs belong to an experiment.

    folder (Path): The experiment's folder of results, with a `KIND.json` for each kind of run that was started.
    RETURNS (dict[Kind, Plan]): The plan for each of these kinds.
    RAISES (ProjectError): If a file is damaged.
    """
    remedy = "delete the file and start the experiment again: finished runs are kept"
    files = {kind: plan_file(folder, kind) for kind in KINDS}
    return {kind: read_shape(file, Plan, remedy) for kind, file in files.items() if file.is_file()}


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def read_runs(folder: Path) -> list[RunResult]:
    """Read the finished runs of an experiment.

    folder (Path): Folder with a JSON file per run.
    RETURNS (list[RunResult]): The runs, sorted by id.
    RAISES (ProjectError): If a file is damaged.
    """
    return [read_run(path) for path in sorted(folder.glob("*.json"))]


def read_run(path: Path) -> RunResult:
    """Read the result of one run.

    path (Path): Its JSON file.
    RETURNS (RunResult): The validated result.
    RAISES (ProjectError): If the file is missing or damaged.
    """
    result = read_shape(path, RunResult, "delete the file and start the experiment again: only this run is repeated")
    is_scored = MICRO in result.scores.tokens and set(result.scores.tokens) == set(result.scores.characters)
    if not is_scored and not result.problem:
        raise ProjectError(
            f"damaged run file (the scores on tokens and characters need '{MICRO}' and the same entity types)",
            where=path,
            remedy="delete the file and start the experiment again",
        )
    return result


@dataclass(frozen=True)
class Prediction:
    """The entities that a pipeline found in a document.

    document (str): Document id.
    tokens (tuple): (start, end, type) in tokens, with an exclusive end.
    characters (tuple): The same in characters.
    confidences (tuple[float, ...]): Confidences in the same order. Empty if the model has none.
    """

    document: str
    tokens: tuple[TokenMention, ...]
    characters: tuple[TokenMention, ...]
    confidences: tuple[float, ...]


class Ledger:
    """The finished runs of an experiment.

    folder (Path): Folder with ID.json, ID.cfg and ID.predictions.json.gz for each run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check_layout(self) -> None:
        """Check that there are no runs of an earlier version, which would be overwritten.

        RAISES (ProjectError): If there are.
        """
        heads = [self._head(path) for path in self.folder.glob("*.json")]
        earlier = sum("fingerprint" in head and head.get("layout", 1) != LAYOUT for head in heads)
        if earlier:
            remedy = "run `weasel run clean` to delete them, or move the folder elsewhere to keep them"
            raise ProjectError(f"{_count(earlier, 'run')} of an earlier version", where=self.folder, remedy=remedy)

    def is_finished(self, run: str, fingerprint: str) -> bool:
        """RETURNS (bool): Whether the run and its predictions are complete, and have this fingerprint."""
        head = self._head(self._file(run))
        return head.get("fingerprint") == fingerprint and self._has_predictions(run, head)

    def is_of_others(self, run: str, fingerprint: str) -> bool:
        """RETURNS (bool): Whether there is a result of the run with different settings, data or encoder."""
        head = self._head(self._file(run))
        return "fingerprint" in head and head["fingerprint"] != fingerprint

    def is_damaged(self, run: str) -> bool:
        """RETURNS (bool): Whether there are files of the run, but some are missing or damaged."""
        left = any(path.exists() for path in (self._file(run), self._config_file(run), self._predictions_file(run)))
        return left and ("fingerprint" not in self._head(self._file(run)) or self.predictions(run) is None)

    def predictions(self, run: str) -> Optional[list[dict[str, Any]]]:
        """RETURNS (Optional[list[dict]]): The run's predictions, or None if they are missing or not those it made."""
        try:
            predictions = read_zipped_json(self._predictions_file(run))["predictions"]
        except (ProjectError, KeyError, TypeError):
            return None
        expected = self._head(self._file(run)).get("predictions", "")
        # Earlier versions didn't record the hash.
        is_own = hash_data(predictions) == expected if expected else isinstance(predictions, list)
        return predictions if is_own else None

    def read(self, run: str) -> RunResult:
        """RETURNS (RunResult): The result of a run."""
        return read_run(self._file(run))

    def _has_predictions(self, run: str, head: Mapping[str, Any]) -> bool:
        path, expected = self._predictions_file(run), head.get(PREDICTIONS_FILE)
        # Reading hundreds of them takes seconds. One that was compressed again has the same predictions.
        is_unchanged = bool(expected) and path.is_file() and hash_file(path) == expected
        return is_unchanged or self.predictions(run) is not None

    def _file(self, run: str) -> Path:
        return self.folder / f"{run}.json"

    def _config_file(self, run: str) -> Path:
        return self.folder / f"{run}.cfg"

    def _predictions_file(self, run: str) -> Path:
        return self.folder / f"{run}.predictions.json.gz"

    def _head(self, path: Path) -> Mapping[str, Any]:
        """RETURNS (Mapping): The contents of a run file. Empty if it is missing or damaged."""
        try:
            found = read_checked_json(path)
        except ProjectError:
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, result: RunResult, config: str, sample: Sequence[Any], predictions: Sequence[Prediction]) -> None:
        """Write the files of a finished run.

        result (RunResult): The run.
        config (str): The resolved config that it was trained with.
        sample (Sequence): (document id, sentence number) pairs of the sample. Empty for the whole training part.
        predictions (Sequence[Prediction]): The entities found in the target's test part.
        """
        # Deleted first, so that it never exists next to files from other settings.
        self._file(result.run).unlink(missing_ok=True)
        write_text(self._config_file(result.run), config)
        data = {"sample": sample, "predictions": [asdict(prediction) for prediction in predictions]}
        path = self._predictions_file(result.run)
        write_zipped_json(path, data)
        write_checked_json(self._file(result.run), {**to_json(result), PREDICTIONS_FILE: hash_file(path)})


def to_json(result: RunResult) -> dict[str, Any]:
    """RETURNS (dict): A result in the form of its file, with percentages for the scores."""
    data = asdict(result)
    data["scores"] = _scores(result.scores)
    data["capitals"] = _scores(result.capitals) if result.capitals else None
    data["coordinates"]["sources"] = list(result.coordinates.sources)
    return data


def _scores(scores: RunScores) -> dict[str, dict[str, Any]]:
    return {
        unit: {name: score.to_dict() for name, score in getattr(scores, unit).items()}
        for unit in ("tokens", "characters")
    }
