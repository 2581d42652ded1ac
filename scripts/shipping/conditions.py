"""Put what an installed package achieves on record with all that decides it, so that it is not measured twice."""
import platform
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, hash_file, hash_files
from scripts.experiments.run import ScoredPart
from scripts.experiments.workspace import Workspace
from scripts.results.runs import RunResult
from scripts.results.shapes import read_shape
from scripts.shipping import audit, contents, environment, evaluation, installed, traces
from scripts.shipping.audit import Audit
from scripts.shipping.evaluation import Evaluation, to_json
from scripts.shipping.examples import find_examples
from scripts.shipping.naming import PackageName

SHIPPING = Path(__file__).parent
# What asks and what scores the answers, and what audits.
CODE = tuple(Path(module.__file__) for module in (environment, evaluation, installed, audit, contents, traces))


@dataclass(frozen=True)
class Conditions:
    """All that decides what the evaluation of a package tells, by the names under which its change is told.

    wheel (str): Hash of the wheel.
    model (str): Hash of the model's own scores, which the package is held against.
    tests (Mapping[str, str]): Hash of each corpus's test part and of the types that are scored on it.
    corpora (str): Hash of all parts of all corpora, of which no trace may be in the wheel.
    examples (Mapping[str, str]): Hash of each file of annotated texts.
    entity_types (str): What is scored on these, with commas.
    requirements (str): Hash of the file that fixes the versions of what is installed.
    threads (int): CPU threads.
    python (str): The version of Python.
    code (str): Hash of the code that evaluates.
    """

    wheel: str
    model: str
    tests: Mapping[str, str]
    corpora: str
    examples: Mapping[str, str]
    entity_types: str
    requirements: str
    threads: int
    python: str
    code: str


@dataclass(frozen=True)
class RecordedEvaluation(Evaluation):
    """An evaluation on record.

    conditions (Conditions): What decided it.
    audit (Audit): What the wheel was looked through for.
    """

    conditions: Conditions
    audit: Audit


def conditions_of(
    wheel: Path,
    requirements: Path,
    workspace: Workspace,
    tests: Sequence[ScoredPart],
    results: Sequence[RunResult],
) -> Conditions:
    """Gather what decides an evaluation.

    wheel (Path): The wheel.
    requirements (Path): Fixes the versions of what is installed.
    workspace (Workspace): The experiment and its surroundings.
    tests (Sequence[ScoredPart]): The test parts.
    results (Sequence[RunResult]): The shipped model's result on each.
    RETURNS (Conditions): Their hashes.
    RAISES (ProjectError): If there is no such requirements file, or no example where the experiment names some.
    """
    if not requirements.is_file():
        raise ProjectError("no such file", where=requirements, remedy="name the project's requirements.txt")
    model = [[result.fingerprint, result.device, scores_of(result)] for result in results]
    return Conditions(
        wheel=hash_file(wheel),
        model=hash_data(model),
        tests={test.corpus: hash_data([test.part.sha256, test.entity_types]) for test in tests},
        corpora=hash_data(
            [
                [name, key, part.sha256]
                for name, corpus in workspace.corpora.items()
                for key, part in corpus.parts.items()
            ]
        ),
        examples={path.name: hash_file(path) for path in find_examples(workspace.experiment.ship.examples)},
        entity_types=", ".join(workspace.entity_types),
        requirements=hash_file(requirements),
        threads=workspace.threads,
        python=platform.python_version(),
        code=hash_files(CODE, SHIPPING),
    )


def scores_of(result: RunResult) -> dict[str, dict[str, float]]:
    """RETURNS (dict): A model's scores on tokens, as plain data."""
    return {name: score.to_dict() for name, score in result.scores.tokens.items()}


def find_recorded(path: Path) -> Optional[RecordedEvaluation]:
    """RETURNS (Optional[RecordedEvaluation]): The evaluation on record; None if it is lost or damaged."""
    try:
        return read_shape(path, RecordedEvaluation, "")
    except ProjectError:
        return None


def reason_to_evaluate(recorded: Optional[RecordedEvaluation], conditions: Conditions) -> Optional[str]:
    """Tell why a package has to be evaluated.

    recorded (Optional[RecordedEvaluation]): What is on record; None if nothing is.
    conditions (Conditions): What decides an evaluation now.
    RETURNS (Optional[str]): The reason; None if it would tell what is on record.
    """
    if recorded is None:
        return "there are no scores on record, or they are damaged"
    names = [field.name for field in fields(Conditions)]
    changed = [name for name in names if getattr(recorded.conditions, name) != getattr(conditions, name)]
    return f"changed since the last time: {', '.join(changed)}" if changed else None


def to_record(
    package: PackageName, wheel: Path, conditions: Conditions, audited: Audit, found: Evaluation
) -> dict[str, Any]:
    """RETURNS (dict): An evaluation and an audit with what decided them, ready for JSON."""
    megabytes = round(wheel.stat().st_size / 1e6, 1)
    about = {"package": package.distribution, "version": package.version, "wheel": wheel.name, "megabytes": megabytes}
    return {**about, "conditions": asdict(conditions), "audit": asdict(audited), **to_json(found)}
