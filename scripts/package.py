"""Build an installable package from the shipped pipeline of an experiment."""
from pathlib import Path
from typing import Sequence

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.garbage import free_unused
from scripts.base.options import (
    Address,
    Configs,
    Corpus,
    Encoder,
    Executor,
    Experiment,
    GpuId,
    GpusPerRun,
    Metrics,
    Seed,
    Threads,
    Training,
    Workers,
)
from scripts.encoders.record import AS_NAMED
from scripts.experiments.calibration import get_calibration, second_training_tasks
from scripts.experiments.execute import execute_kind, show
from scripts.experiments.executors import task
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.experiments.folders import lock_experiment
from scripts.experiments.models import get_model
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import Workspace, open_workspace
from scripts.results.kinds import SHIPPED
from scripts.results.runs import RunResult
from scripts.shipping.audit import pass_audit, traces_for
from scripts.shipping.card import describe, trains_embeddings
from scripts.shipping.meta import how_trained
from scripts.shipping.naming import PackageName, package_name
from scripts.shipping.pipeline import encoder_name, shipped_pipeline
from scripts.shipping.record import package_fingerprint, reason_to_build, write_record
from scripts.shipping.showing import show_calibration
from scripts.shipping.wheel import build_wheel


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    output: Path = option(Path("packages"), "Output folder for the wheel."),
    name: str = option("drug_disease", "Name of the package, without the prefix xx_."),
    version: str = option("0.1.0", "Version of the package."),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    executor: Executor = LOCAL,
    workers: Workers = AUTO,
    address: Address = "",
    gpus_per_run: GpusPerRun = 1.0,
    # fmt: on
) -> None:
    """Build an installable package from the pipeline that the experiment ships (`ship`).

    The model is trained first if needed, and scored on the test part of every corpus. Its confidences are calibrated
    with a second training, unless `ship.calibrate` is false; both trainings run at the same time if there are two
    workers. If nothing has changed, the wheel is kept. A wheel with traces of the corpora is an error.
    """
    package = package_name(name, version)
    chosen = choose_executor(executor, workers, address, threads, gpu_id, gpus_per_run)
    with lock_experiment(experiment, configs, corpus, training, metrics, write=[output / package.distribution]):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        results = score_shipped(workspace, chosen)
        wheel = get_wheel(workspace, package, results, output)
    if trains_embeddings(workspace):
        what = "Word embeddings were trained, so their changed rows reveal the sub-words of the corpora"
        msg.warn(what, "If these are private, train with `frozen: word_embeddings`.")
    msg.info(f"{package.distribution} {package.version}: {wheel.stat().st_size / 1e6:.1f} MB")
    msg.good(f"The package is {wheel}", f"pip install {wheel}")


def score_shipped(workspace: Workspace, executor: task.Executor) -> list[RunResult]:
    """Score the shipped pipeline, and train again for its calibration.

    workspace (Workspace): The experiment and its environment.
    executor (Executor): The executor of the trainings and tests.
    RETURNS (list[RunResult]): Its scores on each corpus.
    RAISES (ProjectError): If its training has failed.
    """
    results = execute_kind(workspace, SHIPPED, executor, beside=second_training_tasks(workspace))
    show(results)
    failed = [result for result in results if result.problem]
    if failed:
        what = f"the model can't be packaged: {failed[0].problem}"
        raise ProjectError(what, where=f"experiment {workspace.name}, key ship.training")
    return results


def get_wheel(workspace: Workspace, package: PackageName, results: Sequence[RunResult], output: Path) -> Path:
    """Find the wheel if it is up to date, or build it.

    workspace (Workspace): The experiment's workspace.
    package (PackageName): Name of the package.
    results (Sequence[RunResult]): The shipped model's scores on each corpus.
    output (Path): Folder of the wheels.
    RETURNS (Path): The wheel.
    """
    calibration = get_calibration(workspace)
    show_calibration(calibration)
    described, wheel = describe(workspace, package, results, calibration), output / package.wheel
    fingerprint = package_fingerprint(package, described.meta, described.documents(0), results, calibration)
    reason = reason_to_build(wheel, package, fingerprint)
    if not reason:
        msg.info("Nothing has changed since the wheel was built")
        return wheel
    msg.info(f"Building the wheel takes about a minute: {reason}")
    if wheel.is_file():
        remedy = "There, install it with `pip install --force-reinstall --no-deps`, or set another --vars.version."
        msg.warn("Where this version is installed, pip would keep the earlier wheel", remedy)
    model = get_model(workspace, shipped_model(workspace.experiment))
    calibrated = calibration.numbers if calibration else {}
    # The pipelines used for scores and calibration are in reference cycles, and would stay in memory with this one.
    free_unused()
    nlp = shipped_pipeline(model.pipeline, encoder_name(workspace.recipe.encoder), described.meta, calibrated)
    traces = traces_for(workspace, described)
    build_wheel(nlp, package, output, described.documents, lambda built: pass_audit(built, traces))
    write_record(wheel, package, fingerprint, workspace.name, results[0].training, how_trained(workspace))
    return wheel


if __name__ == "__main__":
    command.run(main)
