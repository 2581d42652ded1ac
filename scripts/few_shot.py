"""Train on growing samples of each target, with and without a source (paper, Figure 1)."""
from pathlib import Path

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.experiments.execute import carry_out_kind, show
from scripts.experiments.plan import FEW_SHOT
from scripts.experiments.workspace import open_workspace


def main(
    # fmt: off
    experiment: str = option("sample", "Name of the experiment: its file is CONFIGS/experiments/NAME.yml."),
    configs: Path = option(Path("configs"), "Folder with experiments/ and corpora/."),
    corpus: Path = option(Path("corpus"), "Folder of the converted corpora."),
    training: Path = option(Path("training"), "Folder of encoder.json and of the models that are kept."),
    metrics: Path = option(Path("metrics"), "Folder for results."),
    seed: int = option(0, "Added to every seed of the experiment."),
    threads: int = option(1, "CPU threads."),
    gpu_id: int = option(-1, "The GPU to use; -1 for the CPU."),
    # fmt: on
) -> None:
    """Train on growing samples of each target, with and without a source (paper, Figure 1).

    Every run starts from the source again, and the sample of 50 sentences is inside the sample of
    100. What is finished is not repeated.
    """
    workspace = open_workspace(experiment, configs, corpus, training, metrics, seed, threads, gpu_id)
    show(carry_out_kind(workspace, FEW_SHOT))
    msg.good("Results are in", workspace.runs)


if __name__ == "__main__":
    command.run(main)
