"""Save the evaluation of an installed package with everything that determines it, so that it isn't repeated."""
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
# The code that gets the predictions, scores them and audits the wheel.
CODE = tuple(Path(module.__file__) for module in (environment, evaluation, installed, audit, contents, traces))


@dataclass(frozen=True)
class Conditions:
    """Everything that determines the evaluation of a package. If a field has changed, its name is reported.

    wheel (str): Hash of the wheel.
    model (str): Hash of the model's own scores, which the package is compared with.
    tests (Mapping[str, str]): Hash of each corpus's test part and the types to score on it.
    corpora (str): Hash of all parts of all corpora, which must leave no traces in the wheel.
    examples (Mapping[str, str]): Hash of each file of annotated texts.
    entity_types (str): The types to score on these, separated by commas.
    requirements (str): Hash of the requirements file with the pinned versions.
    threads (int): CPU threads.
    python (str): The version of Python.
    code (str): Hash of the evaluation code.
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
    """A saved evaluation.

    conditions (Conditions): Everything that determined it.
    audit (Audit): The audit of the wheel.
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
    """Collect everything that determines an evaluation.

    wheel (Path): The wheel.
    requirements (Path): The requirements file with pinned versions.
    workspace (Workspace): The experiment and its environment.
    tests (Sequence[ScoredPart]): The test parts.
    results (Sequence[RunResult]): The shipped model's result on each.
    RETURNS (Conditions): The conditions, mostly as hashes.
    RAISES (ProjectError): If the requirements file is missing, or the experiment's folder of examples has no files.
    """
    if not requirements.is_file():
        raise ProjectError("no such file", where=requirements, remedy="use the project's requirements.txt")
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
    """RETURNS (Optional[RecordedEvaluation]): The saved evaluation. None if it is missing or damaged."""
    try:
        return read_shape(path, RecordedEvaluation, "")
    except ProjectError:
        return None


def reason_to_evaluate(recorded: Optional[RecordedEvaluation], conditions: Conditions) -> Optional[str]:
    """Find the reason to evaluate a package.

    recorded (Optional[RecordedEvaluation]): The saved evaluation, if any.
    conditions (Conditions): The current conditions.
    RETURNS (Optional[str]): The reason. None if the saved evaluation is up to date.
    """
    if recorded is None:
        return "its saved scores are missing or damaged"
    names = [field.name for field in fields(Conditions)]
    changed = [name for name in names if getattr(recorded.conditions, name) != getattr(conditions, name)]
    return f"changed since the last evaluation: {', '.join(changed)}" if changed else None


def to_record(
    package: PackageName, wheel: Path, conditions: Conditions, audited: Audit, found: Evaluation
) -> dict[str, Any]:
    """RETURNS (dict): An evaluation and an audit with their conditions, ready for JSON."""
    megabytes = round(wheel.stat().st_size / 1e6, 1)
    about = {"package": package.distribution, "version": package.version, "wheel": wheel.name, "megabytes": megabytes}
    return {**about, "conditions": asdict(conditions), "audit": asdict(audited), **to_json(found)}
