"""Make an installable package of the pipeline that the experiment names for shipping."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.encoders.record import AS_NAMED
from scripts.experiments.execute import carry_out_kind, show
from scripts.experiments.folders import lock_experiment
from scripts.experiments.models import get_model
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import open_workspace
from scripts.results.kinds import SHIPPED
from scripts.shipping.meta import describe_package
from scripts.shipping.naming import package_name
from scripts.shipping.pipeline import encoder_name, shipped_pipeline
from scripts.shipping.record import package_fingerprint, reason_to_build, write_record
from scripts.shipping.wheel import build_wheel


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    output: Path = option(Path("packages"), "Folder that gets the wheel."),
    name: str = option("drug_disease", "Name of the package; spaCy puts xx_ before it."),
    version: str = option("0.1.0", "Version of the package."),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    # fmt: on
) -> None:
    """Make an installable package of the pipeline that the experiment names for shipping.

    The model is trained if it has not been, and scored on the test part of every corpus. A wheel that is what would be
    built now is left as it is.
    """
    package = package_name(name, version)
    with lock_experiment(experiment, configs, corpus, training, metrics, write=[output / package.distribution]):
        workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
        results = carry_out_kind(workspace, SHIPPED)
        show(results)
        failed = [result for result in results if result.problem]
        if failed:
            what = f"the model is not packaged: {failed[0].problem}"
            raise ProjectError(what, where=f"experiment {experiment}, key ship.training")
        meta = describe_package(workspace, package, results)
        fingerprint, wheel = package_fingerprint(package, meta, results), output / package.wheel
        reason = reason_to_build(wheel, package, fingerprint)
        if reason:
            msg.info(f"Building the wheel takes about a minute: {reason}")
            model = get_model(workspace, shipped_model(workspace.experiment))
            build_wheel(shipped_pipeline(model.pipeline, encoder_name(workspace.recipe.encoder), meta), package, output)
            write_record(wheel, package, fingerprint)
        else:
            msg.info("The wheel is unchanged, and so is what it was built of")
        msg.info(f"{package.distribution} {package.version}: {wheel.stat().st_size / 1e6:.1f} MB")
        msg.good(f"The package is {wheel}", f"pip install {wheel}")


if __name__ == "__main__":
    command.run(main)
