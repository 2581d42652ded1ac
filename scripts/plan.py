"""Tell what an experiment would cost, without training it: its runs, sentence passes and time (a dry run)."""
from pathlib import Path
from typing import Callable, Optional

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.files import read_json
from scripts.base.options import Configs, Corpus, Experiment, GpuId, Threads, Training
from scripts.corpora.manifest import read_manifest
from scripts.corpora.settings import read_corpus_settings
from scripts.encoders.record import read_encoder
from scripts.experiments.config import TrainingJob
from scripts.experiments.device import choose_precision, use_device
from scripts.experiments.estimate import Speed, estimate, measure_speed
from scripts.experiments.settings import Experiment as Settings
from scripts.experiments.settings import corpus_file, read_experiment
from scripts.experiments.workspace import find_template
from scripts.reporting.screen import print_table
from scripts.reporting.tables.plan import table_plan


def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    paper: Path = option(Path("assets/paper/tables.json"), "The paper's own figures, for corpora not converted yet."),
) -> None:
    """Tell what an experiment would cost, without training it: its runs, sentence passes and time.

    The time follows from a few updates and predictions that are timed with the encoder and a converted corpus, where
    both are there. Of a corpus that is not converted yet the paper's count is taken, 70 % of it for training.
    """
    settings = read_experiment(configs, experiment)
    costs = estimate(settings, configs, sentence_counter(configs, corpus, paper))
    speed = time_here(settings, configs, corpus, training, threads, gpu_id)
    print_table(table_plan(experiment, costs, speed))
    if speed is None:
        msg.warn("Time not known: it is measured once `weasel run encoder` and `weasel run convert` have been run")
    msg.good("This was a dry run: nothing was trained and nothing was written")


def sentence_counter(configs: Path, corpus: Path, paper: Path) -> Callable[[str, str], int]:
    """RETURNS (Callable): Number of sentences of a corpus's part: as converted, else as the paper has it."""
    of_paper = read_json(paper)["table1"]

    def count(name: str, part: str) -> int:
        if is_converted(corpus, name):
            return read_manifest(corpus, name)["splits"][part]["sentences"]
        file = corpus_file(configs, name)
        known = of_paper.get(read_corpus_settings(file).paper_corpus)
        if known is None:
            raise ProjectError(f"{name} is not converted", where=file, remedy="run `weasel run convert` first")
        return round(known["sentences"] * (0.7 if part == "train" else 0.3))

    return count


def is_converted(corpus: Path, name: str) -> bool:
    """RETURNS (bool): Whether `convert` has made a corpus."""
    return (corpus / name / "manifest.json").is_file()


def time_here(
    settings: Settings, configs: Path, corpus: Path, training: Path, threads: int, gpu_id: int
) -> Optional[Speed]:
    """RETURNS (Optional[Speed]): How fast this machine is; None without an encoder or any converted corpus."""
    converted = [name for name in settings.corpora if is_converted(corpus, name)]
    others = sorted(path.parent.name for path in corpus.glob("*/manifest.json"))
    record = training / "encoder.json"
    if not converted + others or not record.is_file():
        return None
    use_device(threads, gpu_id)
    name = (converted + others)[0]
    few = settings.few_shot.training if settings.few_shot else settings.in_corpus.training
    job = TrainingJob(
        template=find_template(configs, settings.model),
        encoder=read_encoder(record).path,
        tokenizer=corpus / "tokenizer",
        train=(corpus / name / "train.spacy",),
        entity_types=tuple(read_manifest(corpus, name)["entity_types"]),
        n_sentences=read_manifest(corpus, name)["splits"]["train"]["sentences"],
        training=few,
        seed=0,
        frozen=settings.frozen,
        lower_case=settings.lower_case,
        precision=choose_precision(settings.precision, gpu_id),
    )
    msg.info(f"Timing a few updates of {read_encoder(record).name} on {name}")
    return measure_speed(job, gpu_id)


if __name__ == "__main__":
    command.run(main)
