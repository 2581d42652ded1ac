"""Install the package in a clean environment, and score it there as its users will call it."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.files import hash_file, write_json
from scripts.base.options import Configs, Corpus, Encoder, Experiment, GpuId, Metrics, Seed, Threads, Training
from scripts.corpora.parts import read_documents
from scripts.encoders.record import AS_NAMED
from scripts.experiments.workspace import open_workspace
from scripts.shipping.environment import clean_environment, install_wheel
from scripts.shipping.evaluation import check_same_scores, evaluate_installed, shipped_results, to_json
from scripts.shipping.examples import read_examples
from scripts.shipping.naming import package_name
from scripts.shipping.showing import example_lines, score_table
from scripts.shipping.wheel import check_wheel


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    packages: Path = option(Path("packages"), "Folder of the wheel; the clean environment is made there for a while."),
    name: str = option("drug_disease", "Name of the package, without xx_."),
    version: str = option("0.1.0", "Version of the package."),
    requirements: Path = option(Path("requirements.txt"), "Fixes the versions of what is installed."),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    # fmt: on
) -> None:
    """Install the package in a clean environment, and score it there as its users will call it.

    With tokens and sentences given, it has to score exactly as the model did; with raw text, its own splitter works.
    What is installed runs on the CPU; a model that was scored on a GPU is not compared: its last digits are others.
    """
    package = package_name(name, version)
    wheel = packages / package.wheel
    check_wheel(wheel, package)
    workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
    results = shipped_results(workspace)
    examples = read_examples(workspace.experiment.ship.examples)
    corpora = {corpus: read_documents(workspace.part(corpus, "test").path) for corpus in workspace.experiment.corpora}
    msg.info("Installing the package in a clean environment takes minutes")
    with clean_environment(packages) as python:
        install_wheel(python, wheel, requirements)
        evaluation = evaluate_installed(
            python, package.distribution, corpora, examples, workspace.entity_types, threads
        )
    header, *rows = score_table(evaluation)
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * (len(header) - 2))
    for language, texts in examples.items():
        msg.divider(language)
        print(*example_lines(texts, evaluation.example_answers[language]), sep="\n")
    check_same_scores(evaluation, results)
    about = {"package": package.distribution, "version": version, "wheel": wheel.name, "sha256": hash_file(wheel)}
    megabytes = round(wheel.stat().st_size / 1e6, 1)
    path = workspace.metrics / experiment / "package.json"
    write_json(path, {**about, "megabytes": megabytes, **to_json(evaluation)})
    msg.good("Scores of the installed package", path)


if __name__ == "__main__":
    command.run(main)
