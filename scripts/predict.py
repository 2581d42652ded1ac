"""Find entities in raw texts with a trained pipeline, and write them for annotation tools or for spaCy."""
from pathlib import Path

from wasabi import msg

from scripts.annotation.predict import CHARACTERS, Unfinished, output_path
from scripts.annotation.texts import TextFiles, portions, show_unread
from scripts.annotation.writing import FORMATS, check_format, check_texts
from scripts.base import command
from scripts.base.command import option
from scripts.base.locks import locked
from scripts.base.options import (
    Configs,
    Corpus,
    Encoder,
    Experiment,
    GpuId,
    Metrics,
    Pipeline,
    Seed,
    Texts,
    Threads,
    Training,
    Workers,
)
from scripts.encoders.record import AS_NAMED
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.shipping.raw_text import OF_EXPERIMENT, PredictWork, do_portions, find_source, folders_of


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    workers: Workers = AUTO,
    pipeline: Pipeline = OF_EXPERIMENT,
    texts: Texts = Path("texts"),
    format: str = option("jsonl", f"Output format: {', '.join(FORMATS)}."),
    output: str = option(
        "",
        "Output file, or folder for brat files and DocBins. If empty, predictions/TEXTS.FORMAT, with .jsonl or .json "
        "added for a file.",
    ),
    # fmt: on
) -> None:
    """Find entities in raw texts with a trained pipeline, and write them for annotation tools or for spaCy.

    If the command is stopped and started again, it continues where it stopped. Texts are processed in portions, so that
    many texts don't need more memory than a few.
    """
    chosen = choose_executor(LOCAL, workers, "", threads, gpu_id)
    unfinished = Unfinished(output_path(output, texts, check_format(format)), format)
    files = TextFiles(texts)
    show_unread(files)
    check_texts(files, format)
    source = find_source(
        pipeline, experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder
    )
    with locked(write=[unfinished.folder], read=folders_of(pipeline, training, experiment)):
        todo = list(portions(files, CHARACTERS))
        left = unfinished.begin(todo, source.fingerprint)
        if len(left) < len(todo):
            msg.info(f"Skipped {len(todo) - len(left)} of {len(todo)} portions (already done)")
        work = PredictWork(source, texts, threads, unfinished)
        found = do_portions(work, chosen, {number: todo[number] for number in left})
        unfinished.finish(len(todo))
    if len(left) == len(todo):
        msg.info(f"{sum(portion.texts for portion in todo):,} texts, {sum(found.values()):,} entities")
    msg.good("The entities are in", unfinished.output)


if __name__ == "__main__":
    command.run(main)
