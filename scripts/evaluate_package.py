"""Install the package in a clean environment, and score it there as its users will call it."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.files import hash_file, write_json
from scripts.experiments.score import read_documents
from scripts.experiments.workspace import open_workspace
from scripts.shipping.environment import clean_environment, install_wheel
from scripts.shipping.evaluation import check_same_scores, evaluate_installed, shipped_results, to_json
from scripts.shipping.examples import read_examples
from scripts.shipping.naming import package_name
from scripts.shipping.showing import HEADER, example_lines, score_rows
from scripts.shipping.wheel import check_wheel


def main(
    # fmt: off
    experiment: str = option("sample", "Name of the experiment: its file is CONFIGS/experiments/NAME.yml."),
    configs: Path = option(Path("configs"), "Folder with experiments/ and corpora/."),
    corpus: Path = option(Path("corpus"), "Folder of the converted corpora."),
    training: Path = option(Path("training"), "Folder of encoder.json."),
    metrics: Path = option(Path("metrics"), "Folder for results."),
    packages: Path = option(Path("packages"), "Folder of the wheel; the clean environment is made there for a while."),
    name: str = option("drug_disease", "Name of the package, without xx_."),
    version: str = option("0.1.0", "Version of the package."),
    requirements: Path = option(Path("requirements.txt"), "Fixes the versions of what is installed."),
    seed: int = option(0, "Added to every seed of the experiment."),
    threads: int = option(1, "CPU threads."),
    gpu_id: int = option(-1, "The GPU that the model was scored on; what is installed runs on the CPU."),
    # fmt: on
) -> None:
    """Install the package in a clean environment, and score it there as its users will call it.

    With tokens and sentences given, it has to score exactly as the model did; with raw text, its own splitter works.
    """
    package = package_name(name, version)
    wheel = packages / package.wheel
    check_wheel(wheel, package)
    workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id)
    results = shipped_results(workspace)
    examples = read_examples(workspace.experiment.ship.examples)
    corpora = {corpus: read_documents(workspace.part(corpus, "test")) for corpus in workspace.experiment.corpora}
    msg.info("Installing the package in a clean environment takes minutes")
    with clean_environment(packages) as python:
        install_wheel(python, wheel, requirements)
        evaluation = evaluate_installed(python, package.distribution, corpora, examples, threads)
    msg.table(score_rows(evaluation), header=HEADER, divider=True, aligns=("l", "l", "r", "r", "r"))
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
