"""Install the package in a clean environment, and score it there in the way that users will call it."""
from pathlib import Path
from typing import Any, Optional, Sequence

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.files import write_checked_json, write_text
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.encoders.record import AS_NAMED
from scripts.experiments.calibration import can_calibrate, find_own_calibration
from scripts.experiments.folders import lock_experiment
from scripts.experiments.workspace import Workspace, open_workspace
from scripts.results.calibration import calibration_file
from scripts.results.runs import RunResult
from scripts.shipping.audit import pass_audit, traces_for
from scripts.shipping.card import Described, describe, render_card, with_measurements, with_size
from scripts.shipping.conditions import conditions_of, find_recorded, reason_to_evaluate, to_record
from scripts.shipping.environment import NoPackageIndex, clean_environment, install_wheel
from scripts.shipping.evaluation import Evaluation, check_same_scores, evaluate_installed, shipped_tests
from scripts.shipping.examples import read_examples
from scripts.shipping.naming import PackageName, package_name
from scripts.shipping.showing import show_evaluation
from scripts.shipping.wheel import check_wheel, pipeline_size

SKIPPED = (
    "Skipped: pip can't reach a package index, so the package was not installed and scored in a clean environment. "
    "Without network, set PIP_NO_INDEX and PIP_FIND_LINKS (see docs/offline.md)"
)


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    packages: Path = option(Path("packages"), "Folder of the wheel, and of the temporary clean environment."),
    name: str = option("drug_disease", "Name of the package, without xx_."),
    version: str = option("0.1.0", "Version of the package."),
    requirements: Path = option(Path("requirements.txt"), "File with the pinned versions to install."),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    # fmt: on
) -> None:
    """Install the package in a clean environment, and score it there in the way that users will call it.

    First, the wheel is searched for traces of the corpora. Given tokens and sentences, the scores must be exactly those
    of the model, unless that was scored on a GPU. Given raw text, the package's own splitter is used. If nothing has
    changed, the recorded scores are shown.
    """
    package = package_name(name, version)
    wheel = packages / package.wheel
    check_wheel(wheel, package)
    with lock_experiment(experiment, configs, corpus, training, metrics, read=[packages / package.distribution]):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        tests, results = zip(*shipped_tests(workspace), strict=True)
        examples = read_examples(workspace.experiment.ship.examples)
        conditions = conditions_of(wheel, requirements, workspace, tests, results)
        recorded = find_recorded(path := workspace.results / "package.json")
        reason = reason_to_evaluate(recorded, conditions)
        if recorded and not reason:
            msg.info("Nothing has changed since the package was evaluated: showing the recorded scores")
            show_evaluation(recorded, examples)
        else:
            described = describe_again(workspace, package, results)
            audit = pass_audit(wheel, traces_for(workspace, described))
            msg.info(f"Installing the package in a clean environment takes minutes: {reason}")
            asked = package.distribution, tests, examples, workspace.entity_types, threads
            evaluation = evaluate_in_clean_environment(packages, wheel, requirements, *asked)
            if evaluation is None:
                return msg.warn(SKIPPED)
            show_evaluation(evaluation, examples)
            check_same_scores(evaluation, results)
            card = with_measurements(with_size(described.card, pipeline_size(wheel, package)), evaluation, threads)
            write_text(path.with_name("card.md"), render_card(card))
            write_checked_json(path, to_record(package, wheel, conditions, audit, evaluation))
        msg.good("Scores of the installed package", path)


def evaluate_in_clean_environment(
    packages: Path, wheel: Path, requirements: Path, *asked: Any
) -> Optional[Evaluation]:
    """Install a package and score it.

    packages (Path): Folder for the clean environment.
    wheel (Path): The wheel.
    requirements (Path): File with the pinned versions to install.
    *asked (Any): The arguments of `evaluate_installed` after the environment's Python.
    RETURNS (Optional[Evaluation]): Its scores, or None if pip can't reach a package index.
    """
    try:
        with clean_environment(packages) as python:
            install_wheel(python, wheel, requirements)
            return evaluate_installed(python, *asked)
    except NoPackageIndex:
        return None


def describe_again(workspace: Workspace, package: PackageName, results: Sequence[RunResult]) -> Described:
    """RETURNS (Described): The description of the package, as written when it was built.

    RAISES (ProjectError): If its calibration is missing, damaged or out of date.
    """
    calibration = find_own_calibration(workspace)
    if calibration is None and can_calibrate(workspace):
        what = "the package's calibration is missing or out of date"
        raise ProjectError(what, where=calibration_file(workspace.results), remedy="run `weasel run package` first")
    return describe(workspace, package, results, calibration)


if __name__ == "__main__":
    command.run(main)
